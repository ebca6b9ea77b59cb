#include "http/caller.h"

#include <sodium.h>
#include <stdio.h>
#include <string.h>

/* The value of our cookie in a Cookie header (RFC 6265, section 4.2); false: none that could be ours. */
static bool find_cookie(const char *header, char value[ID_MAX + 1])
{
    static const char name[] = CALLER_COOKIE "=";
    for (const char *p = header; p && *p; p = strchr(p, ';')) {
        p += strspn(p, "; \t");
        if (strncmp(p, name, sizeof name - 1) != 0)
            continue;
        p += sizeof name - 1;
        size_t len = strcspn(p, "; \t");
        if (!id_valid_n(p, len))
            return false;
        memcpy(value, p, len);
        value[len] = '\0';
        return true;
    }
    return false;
}

/* Each kind of mark for itself: a client that calls itself like another's cookie is another. */
static void name_by(struct caller *ret, const char *kind, const char *mark, const char *client)
{
    unsigned char hash[CALLER_MAX / 2];
    crypto_generichash_state state;
    crypto_generichash_init(&state, NULL, 0, sizeof hash);
    crypto_generichash_update(&state, (const unsigned char *)kind, strlen(kind) + 1);
    crypto_generichash_update(&state, (const unsigned char *)mark, strlen(mark) + 1);
    if (client)
        crypto_generichash_update(&state, (const unsigned char *)client, strlen(client) + 1);
    crypto_generichash_final(&state, hash, sizeof hash);
    sodium_bin2hex(ret->name, sizeof ret->name, hash, sizeof hash);
}

enum rs_err caller_identify(const struct caller_request *request, bool fresh, struct caller *ret, struct fault *fault)
{
    char value[ID_MAX + 1];
    const char *client = request->client;
    if (client && !id_valid(client))
        return fault_set(fault, RS_INVALID, "client must be 1 to %d of the characters A-Z a-z 0-9 . _ -", ID_MAX);
    ret->set_cookie[0] = '\0';
    if (request->access->by_token && request->access->sub[0] != '\0') {
        name_by(ret, "sub", request->access->sub, client);
    } else if (request->token) {
        name_by(ret, "token", request->token, client);
    } else if (client) {
        name_by(ret, "client", client, NULL);
    } else if (find_cookie(request->cookie, value)) {
        name_by(ret, "cookie", value, NULL);
    } else if (!fresh) {
        name_by(ret, "anybody", "", NULL);
    } else {
        name_by(ret, "cookie", id_new("c_", value), NULL);
        snprintf(ret->set_cookie, sizeof ret->set_cookie, CALLER_COOKIE "=%s; Path=/; HttpOnly; SameSite=Lax", value);
    }
    return RS_OK;
}
