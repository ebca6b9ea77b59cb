/* keys - verification keys of tokens, read from a PEM file or a JWK set (RFC 7517). Of a JWK only the members of the bare
 * public key are taken, so that nothing in it can lead elsewhere (x5u, jku). Threads: one at a time for each struct. */
#ifndef RUNSPOOL_AUTH_KEYS_H
#define RUNSPOOL_AUTH_KEYS_H

#include "auth/public_key.h"

#define KEYS_MAX 32                  /* of one file or address; further ones of an address are left out */
#define KEYS_TEXT_MAX (256 * 1024)   /* bytes of a file or an answer */
#define KEYS_KID_MAX 255             /* bytes of a key's name; a key with a longer one is not good */

struct keys {
    struct key {
        struct public_key *key;
        char *kid; /* NULL: it has no name, and is tried for tokens of any */
    } at[KEYS_MAX];
    int n;
};

/* keys_parse - the keys of a PEM text (public keys and certificates, one or several) or of a JWK set or a single JWK.
 * lenient: leave out what we cannot use (an address may list keys for others); else that is an error.
 * Returns: RS_OK with at least one key; RS_INVALID with what is wrong; RS_NOMEM. */
enum rs_err keys_parse(const char *text, size_t len, bool lenient, struct keys *ret, struct fault *fault) RS_MUST_CHECK;
void keys_release(struct keys *keys); /* zeroed is fine */

#endif
