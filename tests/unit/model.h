/* model - what the tests of the model share: a store in a folder of its own, a small workflow, the log's events. */
#ifndef RUNSPOOL_TESTS_MODEL_H
#define RUNSPOOL_TESTS_MODEL_H

#include "unit.h"

#include "event/eventlog.h"
#include "model/run.h"

static char root[PATH_MAX];
static struct datadir dd;
static struct store store;
static struct fault fault;

#define must(expr) ck_assert_msg((expr) == RS_OK, #expr ": %s", fault.message)

static inline void model_setup(void)
{
    unit_tmpdir(root);
    must(datadir_open(&dd, root, true, NULL, &fault));
    must(store_open(&store, &dd, "test", &fault));
}

static inline void model_teardown(void)
{
    store_release(&store);
    store_owner_release();
    datadir_release(&dd);
    unit_rmdir(root);
}

static inline struct json_object *json_of(const char *text)
{
    struct json_object *value = NULL;

    ck_assert_msg(json_parse(text, strlen(text), JSON_BODY_MAX, &value, &fault) == RS_OK, "%s: %s", text, fault.message);
    return value;
}

/* Types of all events of a stream, in order, each with what its data says of a node: "run.queued node.started(a) ..." */
static inline char *events_of(const char *stream, char *out, size_t size)
{
    const char *streams[] = {stream};
    struct eventlog_query query = {.streams = streams, .n_streams = 1};
    struct eventlog *log = NULL;
    struct event **events = NULL;
    struct json_object *data;
    const char *node_id;
    int64_t examined = 0;
    size_t len = 0;
    int i, n = 0;

    must(outbox_wait(&store, 10000, &fault));
    must(eventlog_open(&dd, EVENTLOG_READ, NULL, NULL, &log, &fault));
    must(eventlog_read(log, &query, 1000, &events, &n, &examined, &fault));
    out[0] = '\0';
    for (i = 0; i < n && len < size; i++) {
        data = event_data(events[i]);
        node_id = json_get_string(data, "nodeId", NULL);
        len += (size_t)snprintf(out + len, size - len, "%s%s", len > 0 ? " " : "", events[i]->type);
        if (node_id != NULL && len < size)
            len += (size_t)snprintf(out + len, size - len, "(%s)", node_id);
        json_object_put(data);
        ck_assert_int_eq(events[i]->seq, i + 1);
    }
    eventlog_events_free(events, n);
    eventlog_close(log);
    return out;
}

/* The data of the newest event of that type in the stream, owned. */
static inline struct json_object *event_of(const char *stream, const char *type)
{
    const char *types[] = {type, NULL};
    struct eventlog *log = NULL;
    struct event **events = NULL;
    struct json_object *data;
    int n = 0;

    must(outbox_wait(&store, 10000, &fault));
    must(eventlog_open(&dd, EVENTLOG_READ, NULL, NULL, &log, &fault));
    must(eventlog_read_newest(log, stream, types, 0, 1, &events, &n, &fault));
    ck_assert_msg(n == 1, "%s has no %s", stream, type);
    data = event_data(events[0]);
    eventlog_events_free(events, n);
    eventlog_close(log);
    return data;
}

static inline int64_t count_rows(const char *sql)
{
    struct db_rows *rows = NULL;
    int64_t n;

    must(db_query(store.db, &rows, &fault, sql, ""));
    must(db_next(rows, &fault));
    n = db_int(rows, 0);
    db_done(rows);
    return n;
}

#define DEF_START "{\"id\":\"start\",\"type\":\"trigger\",\"data\":{\"kind\":\"manual\"}}"
#define DEF_SHELL(id, more) "{\"id\":\"" id "\",\"type\":\"tool\",\"data\":{\"kind\":\"shell\",\"command\":[\"true\"]" more "}}"
#define DEF_RESULT "{\"id\":\"done\",\"type\":\"output\",\"data\":{\"kind\":\"result\",\"value\":1}}"
/* start -> a -> done; a is a tool node. */
#define DEF_SMALL                                                                                                      \
    "{\"name\":\"Small\",\"crewId\":\"quality\",\"nodes\":[" DEF_START "," DEF_SHELL("a", "") "," DEF_RESULT           \
    "],\"edges\":[{\"source\":\"start\",\"target\":\"a\"},{\"source\":\"a\",\"target\":\"done\"}]}"

static inline void create_run(const char *workflow_id, const char *definition_text, int priority, char id[ID_MAX + 1])
{
    struct json_object *definition = json_of(definition_text);
    struct run_new run = {
        .org = "default", .workflow_id = workflow_id, .definition = definition, .priority = &priority, .session_id = "s1"};

    must(run_create(&store, &run, id, &fault));
    json_object_put(definition);
}

#endif
