/* token - JSON Web Tokens in compact form (RFC 7515, 7519): taken apart, verified, made. HS256 is computed by libsodium,
 * whose comparison takes the same time whatever differs; RS256 and ES256 are librhonabwy's. Pure functions; any thread. */
#ifndef RUNSPOOL_AUTH_TOKEN_H
#define RUNSPOOL_AUTH_TOKEN_H

#include "auth/keys.h"
#include "base/buf.h"
#include "base/json.h"

#define TOKEN_MAX 3584 /* bytes: what fits a cookie, and every buffer on the way */

/* A token whose head we understand. The slices lie in its text. */
struct token {
    const char *text;
    size_t len;
    size_t signed_len;   /* bytes of "head.payload" */
    size_t payload_at;   /* where the payload begins */
    enum token_alg alg;  /* one of those understood */
    bool has_kid;
    char kid[KEYS_KID_MAX + 1];
};

/* token_parse - text: borrowed by *ret. RS_UNAUTHENTICATED: too long, not three parts of base64url, another algorithm,
 * or a head that asks for more than we do (crit, zip, b64). */
enum rs_err token_parse(const char *text, size_t len, struct token *ret, struct fault *fault) RS_MUST_CHECK;
/* token_names_key - could this key have signed it, as far as its algorithm and name say? */
bool token_names_key(const struct token *token, const struct key *key);
/* token_verify_secret, token_verify_key - is the signature right? The algorithm is the caller's check. */
bool token_verify_secret(const struct token *token, const char *secret);
bool token_verify_key(const struct token *token, const struct key *key);
/* token_claims - the payload, after the signature was found right. *ret: owned. RS_UNAUTHENTICATED: no JSON object. */
enum rs_err token_claims(const struct token *token, struct json_object **ret, struct fault *fault) RS_MUST_CHECK;

/* token_make - append an HS256 token of these claims. Returns out->err. */
enum rs_err token_make(const char *secret, struct json_object *claims, struct buf *out) RS_MUST_CHECK;

/* base64url without padding (RFC 4648, section 5); token_decode: -1 when it is none, or over max bytes. */
void token_encode(const void *data, size_t len, struct buf *out);
long token_decode(const char *text, size_t len, void *out, size_t max);
/* token_mac - HMAC-SHA256, 32 bytes. token_mac_is - in constant time. */
#define TOKEN_MAC_BYTES 32
void token_mac(const void *key, size_t key_len, const void *data, size_t len, unsigned char ret[TOKEN_MAC_BYTES]);
bool token_mac_is(const unsigned char *a, const unsigned char *b);

#endif
