/* Who owns a stream, for the event log: asked on threads that are not ours, so each has a connection of its own. */
#include "model/store.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TAGS_TEXT_MAX (HOME_TAGS_MAX * (STREAM_MAX + 8))

struct owner_db {
    struct db *db;
    char root[PATH_MAX];
};

static pthread_key_t key;
static pthread_once_t key_once = PTHREAD_ONCE_INIT;
static bool key_made;

static void owner_free(void *ctx)
{
    struct owner_db *owner = ctx;

    if (owner == NULL)
        return;
    db_close(owner->db);
    free(owner);
}

static void key_make(void)
{
    key_made = pthread_key_create(&key, owner_free) == 0; /* a thread that ends closes its own */
}

/* This thread's connection to the instance. */
static enum rs_err owner_get(const struct datadir *dd, struct db **ret, struct fault *fault)
{
    struct owner_db *owner;
    enum rs_err err;

    pthread_once(&key_once, key_make);
    if (!key_made)
        return fault_set(fault, RS_NOMEM, "no memory for a thread's connection");
    owner = pthread_getspecific(key);
    if (owner != NULL && strcmp(owner->root, dd->root) == 0) {
        *ret = owner->db;
        return RS_OK;
    }
    store_owner_release();
    owner = calloc(1, sizeof(*owner));
    if (owner == NULL)
        return fault_set(fault, RS_NOMEM, "out of memory");
    memcpy(owner->root, dd->root, sizeof(owner->root));
    err = db_open(dd, &owner->db, fault);
    if (err == RS_OK && pthread_setspecific(key, owner) != 0)
        err = fault_set(fault, RS_NOMEM, "out of memory");
    if (err == RS_OK)
        *ret = owner->db;
    else
        owner_free(owner);
    return err;
}

void store_owner_open(const struct datadir *dd)
{
    struct db *db = NULL;
    enum rs_err err = owner_get(dd, &db, NULL);

    (void)err;
}

void store_owner_release(void)
{
    pthread_once(&key_once, key_make);
    if (!key_made)
        return;
    owner_free(pthread_getspecific(key));
    pthread_setspecific(key, NULL);
}

static enum rs_err add_tag(struct eventlog_owner *owner, const char *text, struct fault *fault)
{
    char *tag = strdup(text);

    if (tag == NULL)
        return fault_set(fault, RS_NOMEM, "out of memory");
    owner->tags[owner->n_tags++] = tag;
    return RS_OK;
}

/* Of a row (org, tags as a JSON array of strings, or NULL). */
static enum rs_err run_found(struct db_rows *row, const char *id, struct eventlog_owner *owner, struct fault *fault)
{
    const char *text = row != NULL ? db_text(row, 1) : NULL;
    struct json_object *tags = NULL;
    size_t i, n;
    enum rs_err err = RS_OK;

    (void)id;
    if (text != NULL && json_parse(text, strlen(text), TAGS_TEXT_MAX, &tags, fault) == RS_NOMEM)
        return RS_NOMEM;
    n = json_object_is_type(tags, json_type_array) ? json_object_array_length(tags) : 0;
    for (i = 0; err == RS_OK && i < n && owner->n_tags < HOME_TAGS_MAX; i++)
        err = add_tag(owner, json_object_get_string(json_object_array_get_idx(tags, i)), fault);
    json_object_put(tags);
    return err;
}

/* Of a row (org, id of the crew whose home it is). Tagged with the crew, so that either shows in views of the other. */
static enum rs_err crew_found(struct db_rows *row, const char *id, struct eventlog_owner *owner, struct fault *fault)
{
    char tag[STREAM_MAX];

    snprintf(tag, sizeof(tag), "crew:%s", row != NULL ? db_text(row, 1) : id);
    return add_tag(owner, tag, fault);
}

static const struct asked {
    const char *kind, *sql;
    /* What more is known of it; row: NULL when there is none. */
    enum rs_err (*found)(struct db_rows *row, const char *id, struct eventlog_owner *owner, struct fault *fault);
} asked[] = {
    {"run", "SELECT org, tags FROM run WHERE id = $1", run_found},
    {"session", "SELECT org FROM session WHERE id = $1 UNION ALL SELECT org FROM session_gone WHERE id = $1", NULL},
    {"adw", "SELECT org FROM adw WHERE id = $1", NULL},
    {"mission", "SELECT org, id FROM crew WHERE home = $1", crew_found},
    {"crew", "SELECT org, id FROM crew WHERE home = $1", crew_found},
};

static enum rs_err ask(struct db *db, const struct asked *what, const char *id, struct eventlog_owner *owner,
                       struct fault *fault)
{
    struct db_rows *rows = NULL;
    enum rs_err err = db_query(db, &rows, fault, what->sql, "t", id);
    bool is = err == RS_OK && (err = db_next(rows, fault)) == RS_OK;

    if (is && (owner->org = strdup(db_text(rows, 0))) == NULL)
        err = fault_set(fault, RS_NOMEM, "out of memory");
    if (err == RS_NOT_FOUND)
        err = RS_OK;
    if (err == RS_OK && what->found != NULL)
        err = what->found(is ? rows : NULL, id, owner, fault);
    db_done(rows);
    return err;
}

static enum rs_err ask_by(struct db *db, const struct asked *what, const char *stream, struct eventlog_owner *ret_owner,
                          struct fault *fault)
{
    struct eventlog_owner owner = {.org = NULL};
    enum rs_err err = ask(db, what, stream_id(stream), &owner, fault);

    if (err == RS_OK)
        *ret_owner = owner;
    else
        eventlog_owner_release(&owner);
    return err;
}

/* NULL: streams of its kind are nobody's. */
static const struct asked *asked_of(const char *stream)
{
    size_t i;

    for (i = 0; i < sizeof(asked) / sizeof(asked[0]); i++)
        if (stream_has_kind(stream, asked[i].kind))
            return &asked[i];
    return NULL;
}

enum rs_err store_owner(void *ctx, const char *stream, struct eventlog_owner *ret_owner, struct fault *fault)
{
    const struct asked *what = asked_of(stream);
    struct db *db = NULL;
    enum rs_err err;

    *ret_owner = (struct eventlog_owner){.org = NULL};
    if (what == NULL)
        return RS_OK;
    if ((err = owner_get(ctx, &db, fault)) != RS_OK)
        return err;
    err = ask_by(db, what, stream, ret_owner, fault);
    if (err != RS_OK && err != RS_BUSY)
        store_owner_release(); /* another connection may do better */
    return err;
}

enum rs_err store_owner_now(void *ctx, const char *stream, struct eventlog_owner *ret_owner, struct fault *fault)
{
    const struct asked *what = asked_of(stream);
    const struct datadir *dd = ctx;
    struct owner_db *owner;

    *ret_owner = (struct eventlog_owner){.org = NULL};
    if (what == NULL)
        return RS_OK;
    pthread_once(&key_once, key_make);
    owner = key_made ? pthread_getspecific(key) : NULL;
    if (owner == NULL || strcmp(owner->root, dd->root) != 0)
        return fault_set(fault, RS_NOT_FOUND, "no connection to ask by");
    db_wait(owner->db, 0);
    return ask_by(owner->db, what, stream, ret_owner, fault);
}
