/* secret - values that workflows use by name and nobody reads: kept as libsodium sealed boxes (crypto_box_seal), which who
 * has the public key can make and only who has the private one can open.
 *
 * DIR/keys/secrets.pub, mode 0640, for every program: one line. DIR/keys/secrets.key, mode 0600, for the runner: a line a key, the
 * newest first; more than one only while secret_rotate is at work. DIR/keys/secrets.lock: flock while they are changed.
 * In the box: org NUL name NUL value, so that a row moved to another name or org does not open.
 * Threads: as the store. Calls block on disk and database. */
#ifndef RUNSPOOL_MODEL_SECRET_H
#define RUNSPOOL_MODEL_SECRET_H

#include "model/store.h"

#define SECRET_NAME_MAX 64     /* letters, digits, underscores, no digit first: what jq takes behind `$secrets.` */
#define SECRET_VALUE_MAX 65536 /* bytes; UTF-8 without NUL, not empty */
#define SECRETS_MAX 1000       /* of an org */

#define SECRET_PRIVATE_FILE "keys/secrets.key"
#define SECRET_PUBLIC_FILE "keys/secrets.pub"
#define SECRET_LOCK_FILE "keys/secrets.lock"

bool secret_name_valid(const char *name, size_t len);

/* secret_keys_make - make the key pair unless there is one. Run as root the files belong to the data directory's owner. */
enum rs_err secret_keys_make(const struct datadir *dd, struct fault *fault) RS_MUST_CHECK;

/* secret_put - seal and store, new or in place of what the name had. *ret: {name,createdAt,updatedAt}, owned; may be NULL.
 * RS_UNPROCESSABLE (name or value cannot be one), RS_LIMIT (too many, too long), RS_CONFLICT (there is no public key). */
enum rs_err secret_put(struct store *store, const char *org, const char *name, const char *value, size_t len,
                       bool *ret_created, struct json_object **ret, struct fault *fault) RS_MUST_CHECK;
enum rs_err secret_delete(struct store *store, const char *org, const char *name, struct fault *fault) RS_MUST_CHECK;
/* secret_list - by name. *ret: {"items":[{name,createdAt,updatedAt}],"next":null}, owned. Values are never given. */
enum rs_err secret_list(struct store *store, const char *org, struct json_object **ret, struct fault *fault) RS_MUST_CHECK;
/* secret_rotate - a new key pair; every secret is sealed anew, the old private key is forgotten. *ret_n: how many. What
 * api.fcgi seals meanwhile is not lost. Runs that begin meanwhile are not disturbed. */
enum rs_err secret_rotate(struct store *store, int64_t *ret_n, struct fault *fault) RS_MUST_CHECK;

/* Opened secrets, in memory that is locked where the system allows it, and wiped. */
struct secret {
    struct secret *next;
    char name[SECRET_NAME_MAX + 1];
    char *value; /* NUL-terminated */
    size_t len;
};
/* secret_open_all - the org's secrets whose name is in `names` (an object; its members' values do not matter); those that do
 * not exist are left out. *ret: owned (secret_free_all), NULL when there is none.
 * RS_CONFLICT: there are, but this process has no private key for them. */
enum rs_err secret_open_all(struct store *store, const char *org, struct json_object *names, struct secret **ret,
                            struct fault *fault) RS_MUST_CHECK;
void secret_free_all(struct secret *first); /* NULL is fine */
const struct secret *secret_find(const struct secret *first, const char *name); /* NULL: it is not there */

#endif
