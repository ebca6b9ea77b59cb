#include "auth/credential.h"
#include <string.h>
#include <strings.h>

static bool is_blank(char c)
{
    return c == ' ' || c == '\t';
}

const char *credential_offered(const char *protocols, size_t *ret_len)
{
    bool next = false; /* the one after "token" */
    *ret_len = 0;
    for (const char *p = protocols ? protocols : ""; *p;) {
        while (is_blank(*p) || *p == ',')
            p++;
        size_t len = strcspn(p, ", \t");
        if (next && len > 0) {
            *ret_len = len;
            return p;
        }
        next = len == 5 && strncasecmp(p, "token", 5) == 0;
        p += len;
    }
    return NULL;
}

/* "Bearer TOKEN" (RFC 6750); other schemes are for the web server in front of us. */
static bool find_bearer(const char *authorization, struct credential *ret)
{
    if (!authorization || strncasecmp(authorization, "Bearer", 6) != 0 || !is_blank(authorization[6]))
        return false;
    const char *from = authorization + 6;
    while (is_blank(*from))
        from++;
    size_t len = strlen(from);
    while (len > 0 && is_blank(from[len - 1]))
        len--;
    *ret = (struct credential){CREDENTIAL_TOKEN, from, len, NULL};
    return true;
}

/* The next session cookie's value in "a=1; b=2". */
static bool find_cookie(const char *cookies, struct credential *ret)
{
    static const char name[] = CREDENTIAL_COOKIE "=";
    for (const char *p = cookies; p && *p;) {
        while (is_blank(*p) || *p == ';')
            p++;
        size_t len = strcspn(p, ";");
        if (strncmp(p, name, sizeof name - 1) == 0) {
            *ret = (struct credential){CREDENTIAL_TOKEN, p + sizeof name - 1, len - (sizeof name - 1), p + len};
            while (ret->len > 0 && is_blank(ret->text[ret->len - 1]))
                ret->len--;
            return true;
        }
        p += len;
    }
    return false;
}

bool credential_next_cookie(struct credential *credential)
{
    return find_cookie(credential->cookies, credential);
}

enum rs_err credential_find(const struct config *config, const struct access_request *request, struct credential *ret,
                            struct fault *fault)
{
    *ret = (struct credential){.kind = CREDENTIAL_NONE};
    const char *ticket = request->query ? query_get(request->query, "ticket") : NULL;
    if (request->query && query_get(request->query, "token"))
        return fault_set(fault, RS_UNAUTHENTICATED,
                         "a token in an address ends up in logs: send Authorization: Bearer, or take a ticket");
    if (find_bearer(request->authorization, ret))
        return RS_OK;
    ret->text = credential_offered(request->protocols, &ret->len);
    if (ret->text) {
        ret->kind = CREDENTIAL_TOKEN;
        return RS_OK;
    }
    if (ticket) {
        *ret = (struct credential){CREDENTIAL_TICKET, ticket, strlen(ticket), NULL};
        return RS_OK;
    }
    if (access_same_origin(config, request))
        (void)find_cookie(request->cookie, ret);
    return RS_OK;
}
