#include "model/secret_key.h"

#include "base/buf.h"
#include "base/file.h"
#include "model/secret.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#define FILE_TEXT_MAX 4096
#define PRIVATE_WORD "runspool-secret-key-1"
#define PUBLIC_WORD "runspool-secret-public-1"
#define KEY_TEXT_MAX 64 /* base64 of 32 bytes, with NUL */

static void set_id(struct secret_key *key)
{
    unsigned char hash[crypto_generichash_BYTES_MIN];

    crypto_generichash(hash, sizeof(hash), key->pub, sizeof(key->pub), NULL, 0);
    sodium_bin2hex(key->id, sizeof(key->id), hash, SECRET_KEY_ID_MAX / 2);
}

void secret_key_new(struct secret_key *ret)
{
    crypto_box_keypair(ret->pub, ret->priv);
    set_id(ret);
}

enum rs_err secret_keys_lock(const struct datadir *dd, int *ret_fd, struct fault *fault)
{
    char path[PATH_MAX];
    int fd = open(datadir_path(dd, path, SECRET_LOCK_FILE), O_RDWR | O_CREAT | O_CLOEXEC, 0660);

    if (fd < 0)
        return fault_set(fault, RS_IO, "cannot open %.300s: %s", path, strerror(errno));
    while (flock(fd, LOCK_EX) != 0) {
        if (errno != EINTR) {
            close(fd);
            return fault_set(fault, RS_IO, "cannot lock %.300s: %s", path, strerror(errno));
        }
    }
    *ret_fd = fd;
    return RS_OK;
}

/* One line "WORD ID BASE64"; ret_key gets 32 bytes. Returns the rest of the text, NULL: it is no such line. */
static const char *read_line(const char *text, const char *word, char id[SECRET_KEY_ID_MAX + 1], unsigned char *ret_key)
{
    char encoded[KEY_TEXT_MAX];
    int used = 0;
    size_t len;

    if (strncmp(text, word, strlen(word)) != 0)
        return NULL;
    text += strlen(word);
    if (sscanf(text, " %16[0-9a-f] %63[A-Za-z0-9+/=]%n", id, encoded, &used) != 2 || text[used] != '\n')
        return NULL;
    if (sodium_base642bin(ret_key, 32, encoded, strlen(encoded), NULL, &len, NULL, sodium_base64_VARIANT_ORIGINAL) != 0 ||
        len != 32)
        return NULL;
    return text + used + 1;
}

enum rs_err secret_public_load(const struct datadir *dd, struct secret_key *ret, struct fault *fault)
{
    char path[PATH_MAX], *text = NULL;
    enum rs_err err = sodium_init() < 0 ? fault_set(fault, RS_IO, "libsodium does not work here") : RS_OK;

    if (err == RS_OK)
        err = file_read(datadir_path(dd, path, SECRET_PUBLIC_FILE), FILE_TEXT_MAX, &text, NULL, fault);
    if (err == RS_NOT_FOUND)
        return fault_set(fault, RS_CONFLICT, "there is no key for secrets yet: the runner makes it when it starts, and so "
                                             "does `runspool secret set`");
    if (err == RS_OK && read_line(text, PUBLIC_WORD, ret->id, ret->pub) == NULL)
        err = fault_set(fault, RS_IO, "%.300s does not hold a public key", path);
    free(text);
    return err;
}

enum rs_err secret_keys_load(const struct datadir *dd, struct secret_keys *ret, struct fault *fault)
{
    char path[PATH_MAX], *text = NULL, id[SECRET_KEY_ID_MAX + 1];
    const char *at;
    size_t len = 0;
    enum rs_err err;

    ret->n = 0;
    if (sodium_init() < 0)
        return fault_set(fault, RS_IO, "libsodium does not work here");
    datadir_path(dd, path, SECRET_PRIVATE_FILE);
    if (access(path, R_OK) != 0)
        return fault_set(fault, RS_CONFLICT, "cannot read the private key of secrets, %.300s: %s", path, strerror(errno));
    if ((err = file_read(path, FILE_TEXT_MAX, &text, &len, fault)) != RS_OK)
        return err;
    for (at = text; *at != '\0' && ret->n < SECRET_KEYS_MAX; ret->n++) {
        struct secret_key *key = &ret->at[ret->n];

        if ((at = read_line(at, PRIVATE_WORD, id, key->priv)) == NULL) {
            err = fault_set(fault, RS_IO, "%.300s does not hold private keys", path);
            break;
        }
        crypto_scalarmult_base(key->pub, key->priv);
        set_id(key);
    }
    if (err == RS_OK && ret->n == 0)
        err = fault_set(fault, RS_IO, "%.300s is empty", path);
    sodium_memzero(text, len);
    free(text);
    return err;
}

static void put_line(struct buf *out, const char *word, const struct secret_key *key, const unsigned char *bytes)
{
    char encoded[KEY_TEXT_MAX];

    sodium_bin2base64(encoded, sizeof(encoded), bytes, 32, sodium_base64_VARIANT_ORIGINAL);
    buf_printf(out, "%s %s %s\n", word, key->id, encoded);
    sodium_memzero(encoded, sizeof(encoded));
}

/* What root makes belongs to whom the data directory does. */
static enum rs_err save(const struct datadir *dd, const char *name, const struct buf *text, mode_t mode,
                        struct fault *fault)
{
    char path[PATH_MAX];
    struct stat owner;
    enum rs_err err = text->err != RS_OK ? fault_set(fault, text->err, "no memory for keys")
                                         : file_write(datadir_path(dd, path, "%s", name), text->data, text->len, mode, fault);

    if (err == RS_OK && geteuid() == 0 && stat(dd->root, &owner) == 0 && owner.st_uid != 0 &&
        chown(path, owner.st_uid, owner.st_gid) != 0)
        err = fault_set(fault, RS_IO, "cannot give %.300s to the data directory's owner: %s", path, strerror(errno));
    return err;
}

enum rs_err secret_keys_save(const struct datadir *dd, const struct secret_keys *keys, struct fault *fault)
{
    struct buf text;
    enum rs_err err;
    int i;

    buf_init(&text, FILE_TEXT_MAX);
    for (i = 0; i < keys->n; i++)
        put_line(&text, PRIVATE_WORD, &keys->at[i], keys->at[i].priv);
    err = save(dd, SECRET_PRIVATE_FILE, &text, 0600, fault);
    if (text.data != NULL)
        sodium_memzero(text.data, text.len);
    buf_clear(&text);
    if (err == RS_OK) {
        put_line(&text, PUBLIC_WORD, &keys->at[0], keys->at[0].pub);
        err = save(dd, SECRET_PUBLIC_FILE, &text, 0640, fault);
    }
    buf_release(&text);
    return err;
}

enum rs_err secret_keys_make(const struct datadir *dd, struct fault *fault)
{
    struct secret_keys keys = {0};
    struct secret_key public_key;
    char path[PATH_MAX];
    int lock = -1;
    enum rs_err err;

    if (secret_public_load(dd, &public_key, NULL) == RS_OK &&
        access(datadir_path(dd, path, SECRET_PRIVATE_FILE), F_OK) == 0)
        return RS_OK;
    err = file_mkdir(datadir_path(dd, path, "keys"), 02770, fault);
    if (err == RS_OK)
        err = secret_keys_lock(dd, &lock, fault);
    /* Another may have been faster, or have died before it wrote the public one. */
    if (err == RS_OK && access(datadir_path(dd, path, SECRET_PRIVATE_FILE), F_OK) == 0)
        err = secret_keys_load(dd, &keys, fault);
    else
        secret_key_new(&keys.at[keys.n++]);
    if (err == RS_OK)
        err = secret_keys_save(dd, &keys, fault);
    sodium_memzero(&keys, sizeof(keys));
    if (lock >= 0)
        close(lock);
    return err;
}
