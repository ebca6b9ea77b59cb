#include "model/secret.h"

#include "base/clock.h"
#include "base/utf8.h"
#include "model/secret_key.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define OPEN_TRIES 5 /* a rotation may be between the keys that were read and the rows */

bool secret_name_valid(const char *name, size_t len)
{
    size_t i;

    if (name == NULL || len == 0 || len > SECRET_NAME_MAX || (name[0] >= '0' && name[0] <= '9'))
        return false;
    for (i = 0; i < len; i++)
        if (!(name[i] >= '0' && name[i] <= '9') && !((name[i] | 0x20) >= 'a' && (name[i] | 0x20) <= 'z') && name[i] != '_')
            return false;
    return true;
}

/* ---- boxes ---- */

static enum rs_err seal(const struct secret_key *key, const char *org, const char *name, const char *value, size_t len,
                        char **ret, struct fault *fault)
{
    size_t n_org = strlen(org) + 1, n_name = strlen(name) + 1, n = n_org + n_name + len, n_box = n + crypto_box_SEALBYTES;
    size_t size = sodium_base64_ENCODED_LEN(n_box, sodium_base64_VARIANT_ORIGINAL);
    unsigned char *plain = malloc(n + 1), *box = malloc(n_box);
    char *text = malloc(size);
    enum rs_err err = RS_OK;

    if (plain == NULL || box == NULL || text == NULL) {
        err = fault_set(fault, RS_NOMEM, "no memory to seal a secret");
        goto out;
    }
    memcpy(plain, org, n_org);
    memcpy(plain + n_org, name, n_name);
    memcpy(plain + n_org + n_name, value, len);
    if (crypto_box_seal(box, plain, n, key->pub) != 0)
        err = fault_set(fault, RS_IO, "the public key of secrets is not a usable one");
    else
        sodium_bin2base64(text, size, box, n_box, sodium_base64_VARIANT_ORIGINAL);
out:
    if (plain != NULL)
        sodium_memzero(plain, n);
    free(plain);
    free(box);
    if (err == RS_OK)
        *ret = text;
    else
        free(text);
    return err;
}

/* *ret_plain: of sodium_malloc, org NUL name NUL value NUL; *ret_value points into it. */
static enum rs_err unseal(const struct secret_key *key, const char *org, const char *name, const char *text,
                          char **ret_plain, char **ret_value, size_t *ret_len, struct fault *fault)
{
    size_t n_org = strlen(org) + 1, n_name = strlen(name) + 1, max = strlen(text), n_box = 0, n;
    unsigned char *box = malloc(max + 1);
    char *plain = NULL;
    enum rs_err err = fault_set(fault, RS_IO, "the secret %s cannot be opened: its row was damaged or moved", name);

    if (box == NULL ||
        sodium_base642bin(box, max, text, max, NULL, &n_box, NULL, sodium_base64_VARIANT_ORIGINAL) != 0 ||
        n_box < crypto_box_SEALBYTES + n_org + n_name)
        goto out;
    n = n_box - crypto_box_SEALBYTES;
    if ((plain = sodium_malloc(n + 1)) == NULL) {
        err = fault_set(fault, RS_NOMEM, "no memory for secrets");
        goto out;
    }
    if (crypto_box_seal_open((unsigned char *)plain, box, n_box, key->pub, key->priv) != 0 ||
        memcmp(plain, org, n_org) != 0 || memcmp(plain + n_org, name, n_name) != 0)
        goto out;
    plain[n] = '\0';
    *ret_value = plain + n_org + n_name;
    *ret_len = n - n_org - n_name;
    *ret_plain = plain;
    plain = NULL;
    err = RS_OK;
out:
    sodium_free(plain);
    free(box);
    return err;
}

static const struct secret_key *find_key(const struct secret_keys *keys, const char *id)
{
    int i;

    for (i = 0; i < keys->n; i++)
        if (strcmp(keys->at[i].id, id) == 0)
            return &keys->at[i];
    return NULL;
}

/* ---- rows ---- */

static enum rs_err count_rows(struct db *db, const char *org, int64_t *ret, struct fault *fault)
{
    struct db_rows *rows = NULL;
    enum rs_err err = db_query(db, &rows, fault, "SELECT COUNT(*) FROM secret WHERE org = $1", "t", org);

    if (err == RS_OK && (err = db_next(rows, fault)) == RS_OK)
        *ret = db_int(rows, 0);
    db_done(rows);
    return err;
}

static struct json_object *record_of(const char *name, int64_t created, int64_t updated)
{
    struct json_object *record = json_object_new_object();

    json_set_string(record, "name", name);
    json_set_time(record, "createdAt", created);
    json_set_time(record, "updatedAt", updated);
    return record;
}

/* In a transaction. *ret_created: 0, there was no such row. */
static enum rs_err find_created(struct db *db, const char *org, const char *name, int64_t *ret_created,
                                struct fault *fault)
{
    struct db_rows *rows = NULL;
    enum rs_err err = db_query(db, &rows, fault, "SELECT created FROM secret WHERE org = $1 AND name = $2", "tt", org, name);

    *ret_created = 0;
    if (err == RS_OK && (err = db_next(rows, fault)) == RS_OK)
        *ret_created = db_int(rows, 0);
    db_done(rows);
    return err == RS_NOT_FOUND ? RS_OK : err;
}

/* In a transaction: the public key is read inside, so that a rotation sees this row or this row sees its key. */
static enum rs_err write_row(struct store *store, const char *org, const char *name, const char *value, size_t len,
                             int64_t now, int64_t *ret_created, struct fault *fault)
{
    struct secret_key key = {0};
    char *sealed = NULL;
    int64_t n = 0;
    enum rs_err err = secret_public_load(store->dd, &key, fault);

    if (err == RS_OK)
        err = seal(&key, org, name, value, len, &sealed, fault);
    if (err == RS_OK)
        err = find_created(store->db, org, name, ret_created, fault);
    if (err == RS_OK && *ret_created == 0 && (err = count_rows(store->db, org, &n, fault)) == RS_OK && n >= SECRETS_MAX)
        err = fault_set(fault, RS_LIMIT, "there are %d secrets already; no more are kept", SECRETS_MAX);
    if (err == RS_OK && *ret_created == 0)
        err = db_run(store->db, NULL, fault,
                     "INSERT INTO secret (org, name, key_id, sealed, created, updated) VALUES ($1, $2, $3, $4, $5, $5)",
                     "tttti", org, name, key.id, sealed, now);
    else if (err == RS_OK)
        err = db_run(store->db, NULL, fault,
                     "UPDATE secret SET key_id = $3, sealed = $4, updated = $5 WHERE org = $1 AND name = $2", "tttti", org,
                     name, key.id, sealed, now);
    free(sealed);
    return err;
}

enum rs_err secret_put(struct store *store, const char *org, const char *name, const char *value, size_t len,
                       bool *ret_created, struct json_object **ret, struct fault *fault)
{
    int64_t now = clock_wall_ms(), created = 0;
    enum rs_err err;

    if (!secret_name_valid(name, strlen(name)))
        return fault_set(fault, RS_UNPROCESSABLE, "a secret's name is 1 to %d letters, digits and underscores, no digit first",
                         SECRET_NAME_MAX);
    if (len == 0 || memchr(value, '\0', len) != NULL || !utf8_valid(value, len))
        return fault_set(fault, RS_UNPROCESSABLE, "a secret's value is UTF-8 text without NUL, and not empty");
    if (len > SECRET_VALUE_MAX)
        return fault_set(fault, RS_LIMIT, "a secret's value has at most %d bytes", SECRET_VALUE_MAX);
    if ((err = db_begin(store->db, fault)) != RS_OK)
        return err;
    err = write_row(store, org, name, value, len, now, &created, fault);
    if (err == RS_OK)
        err = db_commit(store->db, fault);
    else
        db_rollback(store->db);
    if (err != RS_OK)
        return err;
    *ret_created = created == 0;
    if (ret != NULL)
        *ret = record_of(name, created != 0 ? created : now, now);
    return RS_OK;
}

enum rs_err secret_delete(struct store *store, const char *org, const char *name, struct fault *fault)
{
    int64_t n = 0;
    enum rs_err err = db_run(store->db, &n, fault, "DELETE FROM secret WHERE org = $1 AND name = $2", "tt", org, name);

    return err == RS_OK && n == 0 ? fault_set(fault, RS_NOT_FOUND, "there is no secret %.64s", name) : err;
}

enum rs_err secret_list(struct store *store, const char *org, struct json_object **ret, struct fault *fault)
{
    struct json_object *list = json_object_new_object(), *items = json_object_new_array();
    struct db_rows *rows = NULL;
    enum rs_err err;

    json_set(list, "items", items);
    json_set(list, "next", NULL);
    err = db_query(store->db, &rows, fault, "SELECT name, created, updated FROM secret WHERE org = $1 ORDER BY name", "t",
                   org);
    while (err == RS_OK && (err = db_next(rows, fault)) == RS_OK)
        json_object_array_add(items, record_of(db_text(rows, 0), db_int(rows, 1), db_int(rows, 2)));
    db_done(rows);
    if (err != RS_NOT_FOUND) {
        json_object_put(list);
        return err;
    }
    *ret = list;
    return RS_OK;
}

/* ---- opening ---- */

static enum rs_err open_row(const struct secret_keys *keys, const char *org, struct db_rows *rows, struct secret **list,
                            struct fault *fault)
{
    const char *name = db_text(rows, 0);
    const struct secret_key *key = find_key(keys, db_text(rows, 1));
    struct secret *secret = calloc(1, sizeof(*secret));
    char *plain = NULL, *value = NULL;
    enum rs_err err = RS_OK;

    if (secret == NULL)
        err = fault_set(fault, RS_NOMEM, "no memory for secrets");
    else if (key == NULL)
        err = fault_set(fault, RS_CONFLICT, "the secret %s is sealed for a key that is not in " SECRET_PRIVATE_FILE, name);
    else
        err = unseal(key, org, name, db_text(rows, 2), &plain, &value, &secret->len, fault);
    if (err == RS_OK && (secret->value = sodium_malloc(secret->len + 1)) == NULL)
        err = fault_set(fault, RS_NOMEM, "no memory for secrets");
    if (err == RS_OK) {
        memcpy(secret->value, value, secret->len + 1);
        memcpy(secret->name, name, strlen(name) + 1);
        secret->next = *list;
        *list = secret;
        secret = NULL;
    }
    sodium_free(plain);
    free(secret);
    return err;
}

static enum rs_err open_once(struct store *store, const char *org, struct json_object *names, struct secret **ret,
                             struct fault *fault)
{
    struct secret_keys keys = {0};
    struct db_rows *rows = NULL;
    struct secret *list = NULL;
    struct fault why = {0};
    enum rs_err keys_err = secret_keys_load(store->dd, &keys, &why), err;

    err = db_query(store->db, &rows, fault, "SELECT name, key_id, sealed FROM secret WHERE org = $1", "t", org);
    while (err == RS_OK && (err = db_next(rows, fault)) == RS_OK) {
        if (!json_object_object_get_ex(names, db_text(rows, 0), NULL))
            continue;
        if (keys_err != RS_OK)
            err = fault_set(fault, keys_err, "%s", why.message);
        else
            err = open_row(&keys, org, rows, &list, fault);
    }
    db_done(rows);
    sodium_memzero(&keys, sizeof(keys));
    if (err != RS_NOT_FOUND) {
        secret_free_all(list);
        return err;
    }
    *ret = list;
    return RS_OK;
}

enum rs_err secret_open_all(struct store *store, const char *org, struct json_object *names, struct secret **ret,
                            struct fault *fault)
{
    enum rs_err err = RS_CONFLICT;
    int i;

    for (i = 0; i < OPEN_TRIES && err == RS_CONFLICT; i++)
        err = open_once(store, org, names, ret, fault);
    return err;
}

void secret_free_all(struct secret *first)
{
    struct secret *next;

    for (; first != NULL; first = next) {
        next = first->next;
        sodium_free(first->value);
        free(first);
    }
}

const struct secret *secret_find(const struct secret *first, const char *name)
{
    while (first != NULL && strcmp(first->name, name) != 0)
        first = first->next;
    return first;
}

/* ---- rotation ---- */

struct row {
    char *org, *name, *sealed;
};

static void rows_free(struct row *rows, int64_t n)
{
    int64_t i;

    for (i = 0; i < n; i++) {
        free(rows[i].org);
        free(rows[i].name);
        free(rows[i].sealed);
    }
    free(rows);
}

/* What is not sealed for the newest key, sealed for it. *ret_n: how many rows are left to seal, at most max at once. */
static enum rs_err old_rows(struct db *db, const struct secret_keys *keys, struct row **ret, int64_t *ret_n,
                            struct fault *fault)
{
    struct db_rows *rows = NULL;
    struct row *all = NULL, *grown;
    int64_t n = 0;
    enum rs_err err = db_query(db, &rows, fault, "SELECT org, name, key_id, sealed FROM secret WHERE key_id <> $1", "t",
                               keys->at[0].id);

    while (err == RS_OK && (err = db_next(rows, fault)) == RS_OK) {
        const struct secret_key *key = find_key(keys, db_text(rows, 2));
        char *plain = NULL, *value = NULL;
        size_t len = 0;

        if (key == NULL) {
            err = fault_set(fault, RS_CONFLICT, "the secret %s is sealed for a key that is not in " SECRET_PRIVATE_FILE
                            "; set or remove it first", db_text(rows, 1));
            break;
        }
        if ((grown = realloc(all, (size_t)(n + 1) * sizeof(*all))) == NULL) {
            err = fault_set(fault, RS_NOMEM, "no memory for secrets");
            break;
        }
        all = grown;
        all[n] = (struct row){strdup(db_text(rows, 0)), strdup(db_text(rows, 1)), NULL};
        err = unseal(key, all[n].org, all[n].name, db_text(rows, 3), &plain, &value, &len, fault);
        if (err == RS_OK)
            err = seal(&keys->at[0], all[n].org, all[n].name, value, len, &all[n].sealed, fault);
        n++;
        sodium_free(plain);
    }
    db_done(rows);
    if (err == RS_NOT_FOUND) {
        *ret = all;
        *ret_n = n;
        return RS_OK;
    }
    rows_free(all, n);
    return err;
}

static enum rs_err seal_anew(struct db *db, const struct secret_keys *keys, int64_t *ret_n, struct fault *fault)
{
    struct row *rows = NULL;
    int64_t n = 0, i;
    enum rs_err err = db_begin(db, fault);

    if (err != RS_OK)
        return err;
    err = old_rows(db, keys, &rows, &n, fault);
    for (i = 0; i < n && err == RS_OK; i++)
        err = db_run(db, NULL, fault, "UPDATE secret SET key_id = $3, sealed = $4 WHERE org = $1 AND name = $2", "tttt",
                     rows[i].org, rows[i].name, keys->at[0].id, rows[i].sealed);
    rows_free(rows, n);
    if (err == RS_OK)
        err = db_commit(db, fault);
    else
        db_rollback(db);
    *ret_n = n;
    return err;
}

enum rs_err secret_rotate(struct store *store, int64_t *ret_n, struct fault *fault)
{
    struct secret_keys keys = {0};
    int lock = -1;
    enum rs_err err = secret_keys_make(store->dd, fault);

    if (err == RS_OK)
        err = secret_keys_lock(store->dd, &lock, fault);
    if (err == RS_OK)
        err = secret_keys_load(store->dd, &keys, fault);
    if (err != RS_OK)
        goto out;
    if (keys.n == SECRET_KEYS_MAX) {
        err = fault_set(fault, RS_CONFLICT, SECRET_PRIVATE_FILE " holds %d keys of rotations that did not end", keys.n);
        goto out;
    }
    /* Both keys, then the rows, then the new key alone: whatever ends this, each row has its key. */
    memmove(&keys.at[1], &keys.at[0], (size_t)keys.n * sizeof(keys.at[0]));
    secret_key_new(&keys.at[0]);
    keys.n++;
    if ((err = secret_keys_save(store->dd, &keys, fault)) == RS_OK &&
        (err = seal_anew(store->db, &keys, ret_n, fault)) == RS_OK) {
        keys.n = 1;
        err = secret_keys_save(store->dd, &keys, fault);
    }
out:
    sodium_memzero(&keys, sizeof(keys));
    if (lock >= 0)
        close(lock);
    return err;
}
