/* secret_key - the key files of secret.h, read and written. Threads: any. Calls block on the disk. */
#ifndef RUNSPOOL_MODEL_SECRET_KEY_H
#define RUNSPOOL_MODEL_SECRET_KEY_H

#include "conf/datadir.h"
#include <sodium.h>

#define SECRET_KEY_ID_MAX 16 /* letters; the beginning of the public key's hash */
#define SECRET_KEYS_MAX 4

struct secret_key {
    char id[SECRET_KEY_ID_MAX + 1];
    unsigned char pub[crypto_box_PUBLICKEYBYTES], priv[crypto_box_SECRETKEYBYTES];
};
/* The private keys, newest first. */
struct secret_keys {
    struct secret_key at[SECRET_KEYS_MAX];
    int n;
};

/* secret_public_load - *ret without `priv`. RS_CONFLICT: there is none yet. */
enum rs_err secret_public_load(const struct datadir *dd, struct secret_key *ret, struct fault *fault) RS_MUST_CHECK;
/* secret_keys_load - RS_CONFLICT: there is none, or it may not be read by this process. Wipe *ret after use. */
enum rs_err secret_keys_load(const struct datadir *dd, struct secret_keys *ret, struct fault *fault) RS_MUST_CHECK;
/* secret_keys_save - private keys first, then the public one of the newest. Under the lock. */
enum rs_err secret_keys_save(const struct datadir *dd, const struct secret_keys *keys, struct fault *fault) RS_MUST_CHECK;
void secret_key_new(struct secret_key *ret);
/* secret_keys_lock - *ret_fd: close it to unlock. Waits for others. */
enum rs_err secret_keys_lock(const struct datadir *dd, int *ret_fd, struct fault *fault) RS_MUST_CHECK;

#endif
