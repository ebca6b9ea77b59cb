#include "auth/token.h"
#include <sodium.h>
#include <string.h>

#define HEAD_MAX 1024 /* decoded bytes of a token's head */
#define ENCODED_MAX 512 /* bytes encoded at once; a multiple of 3 */

static enum rs_err bad(struct fault *fault, const char *why)
{
    return fault_set(fault, RS_UNAUTHENTICATED, "the token is not good: %s", why);
}

long token_decode(const char *text, size_t len, void *out, size_t max)
{
    size_t n = 0;
    if (sodium_base642bin(out, max, text, len, NULL, &n, NULL, sodium_base64_VARIANT_URLSAFE_NO_PADDING) != 0)
        return -1;
    return (long)n;
}

void token_encode(const void *data, size_t len, struct buf *out)
{
    char text[(ENCODED_MAX / 3 + 1) * 4 + 1];
    for (size_t at = 0; at < len; at += ENCODED_MAX - 2) { /* 510 = 3 * 170: no padding inside */
        size_t n = len - at < ENCODED_MAX - 2 ? len - at : ENCODED_MAX - 2;
        sodium_bin2base64(text, sizeof text, (const unsigned char *)data + at, n, sodium_base64_VARIANT_URLSAFE_NO_PADDING);
        buf_puts(out, text);
    }
}

void token_mac(const void *key, size_t key_len, const void *data, size_t len, unsigned char ret[TOKEN_MAC_BYTES])
{
    crypto_auth_hmacsha256_state state;
    crypto_auth_hmacsha256_init(&state, key, key_len);
    crypto_auth_hmacsha256_update(&state, data, len);
    crypto_auth_hmacsha256_final(&state, ret);
    sodium_memzero(&state, sizeof state);
}

bool token_mac_is(const unsigned char *a, const unsigned char *b)
{
    return sodium_memcmp(a, b, TOKEN_MAC_BYTES) == 0;
}

static enum token_alg find_alg(const char *name)
{
    return strcmp(name, "HS256") == 0   ? TOKEN_HS256
           : strcmp(name, "RS256") == 0 ? TOKEN_RS256
           : strcmp(name, "ES256") == 0 ? TOKEN_ES256
                                        : TOKEN_ALG_OTHER;
}

static enum rs_err read_head(struct token *token, struct json_object *head, struct fault *fault)
{
    static const char *const beyond_us[] = {"crit", "zip", "b64"};
    token->alg = find_alg(json_get_string(head, "alg", ""));
    if (token->alg == TOKEN_ALG_OTHER)
        return bad(fault, "its algorithm is not HS256, RS256 or ES256");
    for (size_t i = 0; i < sizeof beyond_us / sizeof *beyond_us; i++)
        if (json_object_object_get_ex(head, beyond_us[i], NULL))
            return bad(fault, "its head asks for more than is understood here");
    const char *kid = json_get_string(head, "kid", NULL);
    if (kid && strlen(kid) > KEYS_KID_MAX)
        return bad(fault, "the name of its key is too long");
    token->has_kid = kid != NULL;
    if (kid)
        memcpy(token->kid, kid, strlen(kid) + 1);
    return RS_OK;
}

enum rs_err token_parse(const char *text, size_t len, struct token *ret, struct fault *fault)
{
    char head_text[HEAD_MAX];
    struct token token = {.text = text, .len = len};
    struct json_object *head = NULL;
    if (len > TOKEN_MAX)
        return fault_set(fault, RS_UNAUTHENTICATED, "the token is over %d bytes", TOKEN_MAX);
    const char *first = memchr(text, '.', len);
    const char *second = first ? memchr(first + 1, '.', len - (size_t)(first + 1 - text)) : NULL;
    if (!second || memchr(second + 1, '.', len - (size_t)(second + 1 - text)))
        return bad(fault, "it is not a JWT of three parts");
    token.payload_at = (size_t)(first + 1 - text);
    token.signed_len = (size_t)(second - text);
    long head_len = token_decode(text, (size_t)(first - text), head_text, sizeof head_text);
    if (head_len < 0 || json_parse(head_text, (size_t)head_len, sizeof head_text, &head, NULL) != RS_OK ||
        !json_object_is_type(head, json_type_object)) {
        json_object_put(head);
        return bad(fault, "its head cannot be read");
    }
    enum rs_err err = read_head(&token, head, fault);
    json_object_put(head);
    if (!err)
        *ret = token;
    return err;
}

bool token_names_key(const struct token *token, const struct key *key)
{
    return public_key_alg(key->key) == token->alg && (!token->has_kid || !key->kid || strcmp(key->kid, token->kid) == 0);
}

bool token_verify_secret(const struct token *token, const char *secret)
{
    unsigned char mac[TOKEN_MAC_BYTES], given[TOKEN_MAC_BYTES];
    if (token_decode(token->text + token->signed_len + 1, token->len - token->signed_len - 1, given, sizeof given) !=
        sizeof given)
        return false;
    token_mac(secret, strlen(secret), token->text, token->signed_len, mac);
    return token_mac_is(mac, given);
}

bool token_verify_key(const struct token *token, const struct key *key)
{
    return public_key_verify(key->key, token->text, token->len);
}

enum rs_err token_claims(const struct token *token, struct json_object **ret, struct fault *fault)
{
    char payload[TOKEN_MAX];
    struct json_object *claims = NULL;
    long len = token_decode(token->text + token->payload_at, token->signed_len - token->payload_at, payload, sizeof payload);
    if (len < 0 || json_parse(payload, (size_t)len, sizeof payload, &claims, NULL) != RS_OK ||
        !json_object_is_type(claims, json_type_object)) {
        json_object_put(claims);
        return bad(fault, "its claims are not a JSON object");
    }
    *ret = claims;
    return RS_OK;
}

enum rs_err token_make(const char *secret, struct json_object *claims, struct buf *out)
{
    static const char head[] = "{\"alg\":\"HS256\",\"typ\":\"JWT\"}";
    unsigned char mac[TOKEN_MAC_BYTES];
    size_t len, start = out->len;
    const char *text = json_text(claims, &len);
    token_encode(head, sizeof head - 1, out);
    buf_putc(out, '.');
    token_encode(text, len, out);
    if (out->err)
        return out->err;
    token_mac(secret, strlen(secret), out->data + start, out->len - start, mac);
    buf_putc(out, '.');
    token_encode(mac, sizeof mac, out);
    return out->err;
}
