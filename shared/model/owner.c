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

/* This thread's connection to the instance; NULL: none to be had. */
static struct db *owner_get(const struct datadir *dd)
{
    struct owner_db *owner;

    pthread_once(&key_once, key_make);
    if (!key_made)
        return NULL;
    owner = pthread_getspecific(key);
    if (owner != NULL && strcmp(owner->root, dd->root) == 0)
        return owner->db;
    store_owner_release();
    owner = calloc(1, sizeof(*owner));
    if (owner == NULL)
        return NULL;
    memcpy(owner->root, dd->root, sizeof(owner->root));
    if (db_open(dd, &owner->db, NULL) != RS_OK || pthread_setspecific(key, owner) != 0) {
        owner_free(owner);
        return NULL;
    }
    return owner->db;
}

void store_owner_release(void)
{
    pthread_once(&key_once, key_make);
    if (!key_made)
        return;
    owner_free(pthread_getspecific(key));
    pthread_setspecific(key, NULL);
}

static void tags_read(const char *text, struct eventlog_owner *owner)
{
    struct json_object *tags = NULL;
    size_t i, n;
    char *tag;

    if (text == NULL || json_parse(text, strlen(text), TAGS_TEXT_MAX, &tags, NULL) != RS_OK)
        return;
    n = json_object_is_type(tags, json_type_array) ? json_object_array_length(tags) : 0;
    for (i = 0; i < n && owner->n_tags < HOME_TAGS_MAX; i++) {
        tag = strdup(json_object_get_string(json_object_array_get_idx(tags, i)));
        if (tag != NULL)
            owner->tags[owner->n_tags++] = tag;
    }
    json_object_put(tags);
}

static void document_owner(struct db *db, const char *sql, const char *id, struct eventlog_owner *owner)
{
    struct db_rows *rows = NULL;

    if (db_query(db, &rows, NULL, sql, "t", id) == RS_OK && db_next(rows, NULL) == RS_OK)
        owner->org = strdup(db_text(rows, 0));
    db_done(rows);
}

/* Of "mission:HOME", "crew:HOME": whose crew it is. Tagged with the crew, so that either shows in views of the other. */
static void crew_owner(struct db *db, const char *home, struct eventlog_owner *owner)
{
    struct db_rows *rows = NULL;
    char tag[STREAM_MAX];
    bool known = db_query(db, &rows, NULL, "SELECT org, id FROM crew WHERE home = $1", "t", home) == RS_OK &&
                 db_next(rows, NULL) == RS_OK;

    snprintf(tag, sizeof(tag), "crew:%s", known ? db_text(rows, 1) : home);
    if (known)
        owner->org = strdup(db_text(rows, 0));
    db_done(rows);
    owner->tags[0] = strdup(tag);
    owner->n_tags = owner->tags[0] != NULL;
}

void store_owner(void *ctx, const char *stream, struct eventlog_owner *ret_owner)
{
    static const struct {
        const char *kind, *sql;
    } documents[] = {
        {"session", "SELECT org FROM session WHERE id = $1 UNION ALL SELECT org FROM session_gone WHERE id = $1"},
        {"adw", "SELECT org FROM adw WHERE id = $1"},
    };
    const struct datadir *dd = ctx;
    struct db_rows *rows = NULL;
    struct db *db;
    size_t i;

    *ret_owner = (struct eventlog_owner){0};
    for (i = 0; i < sizeof(documents) / sizeof(documents[0]); i++) {
        if (!stream_has_kind(stream, documents[i].kind))
            continue;
        if ((db = owner_get(dd)) != NULL)
            document_owner(db, documents[i].sql, stream_id(stream), ret_owner);
        return;
    }
    if (stream_has_kind(stream, "mission") || stream_has_kind(stream, "crew")) {
        if ((db = owner_get(dd)) != NULL)
            crew_owner(db, stream_id(stream), ret_owner);
        return;
    }
    if (!stream_has_kind(stream, "run") || (db = owner_get(dd)) == NULL)
        return;
    if (db_query(db, &rows, NULL, "SELECT org, tags FROM run WHERE id = $1", "t", stream_id(stream)) == RS_OK &&
        db_next(rows, NULL) == RS_OK) {
        ret_owner->org = strdup(db_text(rows, 0));
        tags_read(db_text(rows, 1), ret_owner);
    }
    db_done(rows);
}
