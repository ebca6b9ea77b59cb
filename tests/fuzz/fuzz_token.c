/* fuzz_token - what a request brings to say who asks. The first byte says as what the rest is read: a token, the claims of a
 * token whose signature is right, a ticket of ours, the headers that carry credentials, keys of an address. Whoever gets in
 * has an org that is an id, and a scope; a token is good with its own signature only. */
#include "auth/claims.h"
#include "auth/credential.h"
#include "auth/keys.h"
#include "auth/ticket.h"
#include "auth/token.h"
#include <assert.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define NOW_MS INT64_C(1790000000000)
#define SECRET "a secret"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

static const struct config *settings(void)
{
    static struct config *config;
    static const char *const set[] = {"auth=jwt", "auth.secret=" SECRET, "public_url=https://runs.example/base", NULL};
    if (!config)
        assert(config_load("/nonexistent", set, &config, NULL) == RS_OK);
    return config;
}

static void check_access(struct access *who)
{
    assert(id_valid(who->org) && who->by_token && who->scope <= SCOPE_ADMIN);
    assert(who->expires_ms == 0 || who->expires_ms > NOW_MS);
    assert(!who->crews || strlen(who->crews) <= TOKEN_MAX);
    (void)access_has_crew(who, "a");
    (void)access_has_stream(who, "runs");
    access_release(who);
}

static void read_token(const char *text, size_t len)
{
    struct token token;
    struct json_object *claims = NULL;
    struct access who;
    if (token_parse(text, len, &token, NULL) != RS_OK)
        return;
    assert(token.alg == TOKEN_HS256 || token.alg == TOKEN_RS256 || token.alg == TOKEN_ES256);
    assert(token.payload_at <= token.signed_len && token.signed_len < len && len <= TOKEN_MAX);
    bool good = token_verify_secret(&token, SECRET);
    if (good && token_claims(&token, &claims, NULL) == RS_OK && claims_read(claims, settings(), NOW_MS, &who, NULL) == RS_OK)
        check_access(&who);
    json_object_put(claims);
    assert(!good || !token_verify_secret(&token, SECRET "x"));
}

static void read_claims(const char *text, size_t len)
{
    struct json_object *claims = NULL;
    struct access who;
    struct buf token;
    struct token parsed;
    buf_init(&token, TOKEN_MAX);
    if (json_parse(text, len, TOKEN_MAX, &claims, NULL) == RS_OK && json_object_is_type(claims, json_type_object)) {
        if (claims_read(claims, settings(), NOW_MS, &who, NULL) == RS_OK)
            check_access(&who);
        if (token_make(SECRET, claims, &token) == RS_OK) {
            assert(token_parse(token.data, token.len, &parsed, NULL) == RS_OK && token_verify_secret(&parsed, SECRET));
            token.data[0] ^= 1;
            assert(token_parse(token.data, token.len, &parsed, NULL) != RS_OK || !token_verify_secret(&parsed, SECRET));
        }
    }
    json_object_put(claims);
    buf_release(&token);
}

/* As it comes, and as if we had signed it. */
static void read_ticket(const char *text, size_t len)
{
    static const unsigned char key[TICKET_KEY_BYTES] = {1};
    unsigned char mac[TOKEN_MAC_BYTES];
    struct access who;
    struct buf ticket;
    if (ticket_check(key, text, "/sse", NOW_MS, &who, NULL) == RS_OK)
        check_access(&who);
    buf_init(&ticket, 2 * TICKET_MAX);
    buf_puts(&ticket, "t1.");
    token_encode(text, len, &ticket);
    if (!ticket.err) {
        token_mac(key, sizeof key, ticket.data, ticket.len, mac);
        buf_putc(&ticket, '.');
        token_encode(mac, sizeof mac, &ticket);
        if (ticket_check(key, ticket.data, "/sse", NOW_MS, &who, NULL) == RS_OK) {
            assert(who.scope == SCOPE_VIEWER && who.expires_ms > NOW_MS);
            access_release(&who);
        }
    }
    buf_release(&ticket);
}

/* Lines: Authorization, Cookie, Sec-WebSocket-Protocol, Origin, the query. */
static void read_headers(char *text)
{
    char *line[5] = {0};
    struct query query = {0};
    struct credential found;
    for (int i = 0; i < 5; i++)
        line[i] = strsep(&text, "\n");
    bool has_query = query_parse(line[4], &query, NULL) == RS_OK;
    const struct access_request request = {.method = "GET", .authorization = line[0], .cookie = line[1], .protocols = line[2],
                                           .origin = line[3], .host = "runs.example", .path = "/sse",
                                           .query = has_query ? &query : NULL};
    if (credential_find(settings(), &request, &found, NULL) == RS_OK && found.kind != CREDENTIAL_NONE)
        assert(found.text && strlen(found.text) >= found.len);
    query_release(&query);
}

static void read_keys(const char *text, size_t len)
{
    struct keys keys;
    for (int lenient = 0; lenient < 2; lenient++)
        if (keys_parse(text, len, lenient, &keys, NULL) == RS_OK) {
            assert(keys.n > 0 && keys.n <= KEYS_MAX);
            for (int i = 0; i < keys.n; i++)
                assert(public_key_alg(keys.at[i].key) == TOKEN_RS256 || public_key_alg(keys.at[i].key) == TOKEN_ES256);
            keys_release(&keys);
        }
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
    char *text = malloc(len + 1);
    assert(text);
    memcpy(text, bytes, len);
    text[len] = '\0';
    if (len > 0 && text[0] == 't')
        read_token(text + 1, len - 1);
    else if (len > 0 && text[0] == 'c')
        read_claims(text + 1, len - 1);
    else if (len > 0 && text[0] == 'k')
        read_ticket(text + 1, len - 1);
    else if (len > 0 && text[0] == 'h')
        read_headers(text + 1);
    else if (len > 0 && text[0] == 'j')
        read_keys(text + 1, len - 1);
    free(text);
    return 0;
}
