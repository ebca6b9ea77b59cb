/* public_key - RSA and P-256 keys, and the signatures of tokens by them, by librhonabwy. That is loaded with the first key:
 * with what it needs itself it is some thirty libraries, for which a CGI program of an instance without such keys should
 * not pay. Its header and that of json-c exclude each other, so it is seen in public_key.c only.
 * Threads: a key belongs to one at a time. */
#ifndef RUNSPOOL_AUTH_PUBLIC_KEY_H
#define RUNSPOOL_AUTH_PUBLIC_KEY_H

#include "base/err.h"
#include <stdbool.h>
#include <stddef.h>

#define PUBLIC_KEY_RSA_BITS_MIN 2048 /* RFC 7518, section 3.3 */

/* Algorithms of tokens (RFC 7518, section 3.1): those understood here. A key has exactly one, which follows from what it
 * is: RSA means RS256, P-256 means ES256 (RFC 8725, section 3.1). */
enum token_alg { TOKEN_ALG_OTHER, TOKEN_HS256, TOKEN_RS256, TOKEN_ES256 };

struct public_key;
/* public_key_from_jwk - json: a JWK of nothing but kty, n, e, crv, x, y. public_key_from_pem - one block, whole.
 * Returns: RS_OK; RS_INVALID with what is wrong with it; RS_NOMEM; RS_IO: no librhonabwy. *ret: public_key_free. */
enum rs_err public_key_from_jwk(const char *json, struct public_key **ret, struct fault *fault) RS_MUST_CHECK;
enum rs_err public_key_from_pem(const char *block, size_t len, bool is_certificate, struct public_key **ret,
                                struct fault *fault) RS_MUST_CHECK;
void public_key_free(struct public_key *key); /* NULL is fine */
enum token_alg public_key_alg(const struct public_key *key);
/* public_key_verify - is this compact JWS signed with the key, by the key's algorithm? */
bool public_key_verify(const struct public_key *key, const char *token, size_t len);

#endif
