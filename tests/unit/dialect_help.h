/* dialect_help - what the tests of shared/dialect share: an instance in a temporary folder with a real event log and
 * database, appending to the log, and a sink that keeps the messages it takes. */
#ifndef RUNSPOOL_TESTS_DIALECT_HELP_H
#define RUNSPOOL_TESTS_DIALECT_HELP_H

#include "base/json.h"
#include "dialect/dialect.h"
#include "model/run.h"
#include "tests/unit/unit.h"
#include <sqlite3.h>

static struct {
    char root[PATH_MAX];
    struct datadir dd;
    struct eventlog *log;
    struct store store;
} instance;

static inline void instance_setup(void)
{
    struct fault fault = {0};
    unit_tmpdir(instance.root);
    ck_assert_msg(datadir_open(&instance.dd, instance.root, true, NULL, &fault) == RS_OK, "%s", fault.message);
    ck_assert_msg(eventlog_open(&instance.dd, EVENTLOG_WRITE, store_owner, &instance.dd, &instance.log, &fault) ==
                      RS_OK,
                  "%s", fault.message);
    ck_assert_msg(store_open(&instance.store, &instance.dd, "test", &fault) == RS_OK, "%s", fault.message);
}

static inline void instance_teardown(void)
{
    store_release(&instance.store);
    store_owner_release();
    eventlog_close(instance.log);
    datadir_release(&instance.dd);
    unit_rmdir(instance.root);
}

/* append_event - straight to the log; returns its id. */
static inline int64_t append_event(const char *stream, const char *type, const char *data)
{
    struct fault fault = {0};
    struct eventlog_entry entry = {.stream = stream,
                                   .type = type,
                                   .data = data,
                                   .data_len = strlen(data),
                                   .time_ms = 1795359845123}; /* 2026-11-22T15:04:05.123Z */
    ck_assert_msg(eventlog_append(instance.log, &entry, 1, &fault) == RS_OK, "%s", fault.message);
    ck_assert_int_eq(entry.status, RS_OK);
    int64_t id = entry.event->id;
    event_unref(entry.event);
    return id;
}

/* trim_log - what retention leaves: the stream's events up to id are gone, and the log says so. */
static inline void trim_log(const char *stream, int64_t to)
{
    char path[PATH_MAX], sql[1024];
    sqlite3 *db;
    char *message = NULL;
    ck_assert_int_eq(sqlite3_open(datadir_path(&instance.dd, path, DATADIR_EVENTLOG), &db), SQLITE_OK);
    snprintf(sql, sizeof(sql),
             "BEGIN IMMEDIATE;"
             "INSERT INTO trims SELECT s.id, min(e.id), max(e.id) FROM events e JOIN streams s ON s.id = e.stream"
             " WHERE s.name = '%s' AND e.id <= %lld;"
             "DELETE FROM settled WHERE id <= %lld AND stream = (SELECT id FROM streams WHERE name = '%s');COMMIT;",
             stream, (long long)to, (long long)to, stream);
    ck_assert_msg(sqlite3_exec(db, sql, NULL, NULL, &message) == SQLITE_OK, "%s", message);
    ck_assert_int_eq(sqlite3_close(db), SQLITE_OK);
}

#define TAKEN_MAX 4096
struct taken {
    struct {
        char id[CURSOR_TEXT_MAX];
        char *json;
    } at[TAKEN_MAX]; /* id "": a control message */
    int n;
    int room; /* refuses when this many were taken; 0: never */
};

/* Messages lie back to back: json is not NUL-terminated. */
static inline bool take(void *ctx, const char *id, const char *json, size_t len)
{
    struct taken *t = ctx;
    if (t->room > 0 && t->n >= t->room)
        return false;
    ck_assert_int_lt(t->n, TAKEN_MAX);
    snprintf(t->at[t->n].id, CURSOR_TEXT_MAX, "%s", id ? id : "");
    t->at[t->n++].json = strndup(json, len);
    return true;
}

static inline void taken_clear(struct taken *t)
{
    for (int i = 0; i < t->n; i++)
        free(t->at[i].json);
    t->n = 0;
    t->room = 0;
}

static inline struct json_object *parse(const char *text)
{
    struct json_object *value = NULL;
    struct fault fault = {0};
    ck_assert_msg(json_parse(text, strlen(text), DIALECT_TEXT_MAX, &value, &fault) == RS_OK, "%s: %s", fault.message,
                  text);
    return value;
}

/* same_json - do two texts hold the same value? */
static inline bool same_json(const char *a, const char *b)
{
    struct json_object *va = parse(a), *vb = parse(b);
    bool same = json_object_equal(va, vb);
    json_object_put(va);
    json_object_put(vb);
    return same;
}

/* "": no cursor */
static inline struct cursor cursor_of(const char *text)
{
    struct cursor cursor;
    ck_assert_ok(cursor_parse(*text ? text : NULL, &cursor));
    return cursor;
}

/* open_feed - by path ("/workflows/r_1"), or native with one stream. */
static inline struct feed *open_path(const char *path)
{
    struct path_params params;
    struct fault fault = {0};
    struct feed *feed = NULL;
    const struct endpoint *endpoint = endpoint_find(path, &params);
    ck_assert_ptr_nonnull(endpoint);
    ck_assert_msg(feed_open(endpoint, &params, NULL, 0, &instance.store, "default", &feed, &fault) == RS_OK, "%s",
                  fault.message);
    return feed;
}

static inline struct feed *open_native(const char *const *streams, int n)
{
    struct path_params params;
    struct fault fault = {0};
    struct feed *feed = NULL;
    const struct endpoint *endpoint = endpoint_find("", &params);
    ck_assert_msg(feed_open(endpoint, &params, streams, n, &instance.store, "default", &feed, &fault) == RS_OK, "%s",
                  fault.message);
    return feed;
}

/* open_triple - a feed of an endpoint that gives up to three messages an event, as the later dialects do. */
static inline enum rs_err triple_open(struct feed *feed, struct store *store, const struct path_params *params,
                                      struct fault *fault)
{
    (void)store, (void)params, (void)fault;
    return feed_add_stream(feed, "run:a");
}

/* log: N, N.1, N.2; node.*: one; others: none. */
static inline enum rs_err triple_project(const struct feed *feed, const struct event *ev, struct dialect_out *out)
{
    (void)feed;
    int n = strcmp(ev->type, "log") == 0 ? 3 : strncmp(ev->type, "node.", 5) == 0 ? 1 : 0;
    enum rs_err err = RS_OK;
    for (int i = 0; !err && i < n; i++) {
        char id[CURSOR_TEXT_MAX];
        (void)buf_printf(dialect_message(out), "{\"id\":\"%s\",\"data\":%.*s}", dialect_id(out, id), (int)ev->data_len,
                         ev->data);
        err = dialect_end(out);
    }
    return err;
}

static inline struct feed *open_triple(void)
{
    static const struct endpoint triple = {
        .path = "/triple", .description = "for tests", .open = triple_open, .project = triple_project, .several = true};
    struct path_params params = {.n = 0};
    struct feed *feed = NULL;
    ck_assert_ok(feed_open(&triple, &params, NULL, 0, &instance.store, "default", &feed, NULL));
    return feed;
}

static inline void start_feed(struct feed *feed, const char *since, struct taken *into)
{
    struct fault fault = {0};
    struct message_sink sink = {take, into};
    ck_assert_msg(feed_start(feed, cursor_of(since), &instance.store, instance.log, &sink, &fault) == RS_OK, "%s",
                  fault.message);
}

/* read_feed - all there is, max_events at a time; stops when the sink has no more room. */
static inline void read_feed(struct feed *feed, int max_events, struct taken *into)
{
    struct fault fault = {0};
    struct message_sink sink = {take, into};
    bool more = true;
    while (more && !(into->room > 0 && into->n >= into->room))
        ck_assert_msg(feed_read(feed, instance.log, max_events, &sink, &more, &fault) == RS_OK, "%s", fault.message);
}

static inline bool ended(const struct feed *feed)
{
    struct fault fault = {0};
    bool yes = false;
    ck_assert_msg(feed_ended(feed, instance.log, &yes, &fault) == RS_OK, "%s", fault.message);
    return yes;
}

#endif
