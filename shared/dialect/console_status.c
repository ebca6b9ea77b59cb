/* Workflow console, /workflows/{runId}: the status of a run and of its nodes. */
#include "base/clock.h"
#include "base/json.h"
#include "dialect/one_run.h"
#include "dialect/put.h"
#include "dialect/rows.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FOLD_CHUNK 500 /* events read at once */

/* What an event says of a run or a node, in the words of records and of this dialect. */
struct status_row {
    const char *type;
    const char *record; /* status in the run's or node's record; NULL: as data.status says, else `shown` */
    const char *shown;  /* status in workflow_status or node_status */
};
static const struct status_row run_rows[] = {
    {"run.queued", "queued", "queued"}, {"run.started", "running", "running"},
    {"run.paused", "paused", "paused"}, {"run.resumed", NULL, "running"},
    {"run.retried", NULL, "queued"},    {"run.finished", "success", "success"},
    {"run.failed", "error", "error"},   {"run.cancelled", "cancelled", "cancelled"},
};
static const struct status_row node_rows[] = {
    {"node.started", "running", "running"},  {"node.progress", "running", "running"},
    {"node.waiting", "waiting", "running"},  {"node.retried", "running", "running"},
    {"node.finished", "success", "success"}, {"node.failed", "error", "error"},
    {"node.skipped", "skipped", "skipped"},  {"node.cancelled", "cancelled", "error"},
};
#define N_ROWS(rows) (sizeof(rows) / sizeof((rows)[0]))

static const struct status_row *row_find(const struct status_row *rows, size_t n, const char *type)
{
    for (size_t i = 0; i < n; i++)
        if (strcmp(rows[i].type, type) == 0)
            return &rows[i];
    return NULL;
}

static const char *run_status(const struct status_row *row, struct json_object *data)
{
    if (row->record)
        return row->shown;
    const char *status = json_get_string(data, "status", "");
    for (size_t i = 0; i < N_ROWS(run_rows); i++)
        if (run_rows[i].record && strcmp(run_rows[i].record, status) == 0)
            return run_rows[i].record;
    return row->shown;
}

/* The text of an error that this event reports; NULL when it reports none. */
static const char *row_error(const struct status_row *row, struct json_object *data)
{
    if (strcmp(row->type, "node.cancelled") == 0)
        return "cancelled";
    if (strcmp(row->shown, "error") == 0)
        return error_text(json_get(data, "error"), "failed");
    return error_text(json_get(data, "error"), NULL);
}

static enum rs_err put_run(const struct feed *feed, const struct event *ev, const struct status_row *row,
                           struct json_object *data, struct dialect_out *out)
{
    const char *error = row_error(row, data);
    struct buf *text = put_begin(out, "workflow_status");
    put_text(text, "runId", feed->param);
    put_text(text, "status", run_status(row, data));
    put_time(text, "timestamp", ev->time_ms);
    if (error)
        put_text(text, "error", error);
    return put_end(out);
}

static enum rs_err put_node(const struct feed *feed, const struct event *ev, const struct status_row *row,
                            struct json_object *data, struct dialect_out *out)
{
    const char *node_id = json_get_string(data, "nodeId", NULL);
    if (!node_id)
        return RS_OK; /* emitted from outside, about no node */
    const char *error = row_error(row, data);
    struct json_object *output = json_get(data, "output");
    struct json_object *message = json_get(data, "message");
    int64_t duration_ms = json_get_int(data, "durationMs", -1);
    struct buf *text = put_begin(out, "node_status");
    put_text(text, "runId", feed->param);
    put_text(text, "nodeId", node_id);
    put_text(text, "status", row->shown);
    put_time(text, "timestamp", ev->time_ms);
    if (output)
        put_value(text, "output", output);
    if (error)
        put_text(text, "error", error);
    if (duration_ms >= 0)
        put_int(text, "durationMs", duration_ms);
    if (message)
        put_value(text, "message", message);
    return put_end(out);
}

enum rs_err console_status_project(const struct feed *feed, const struct event *ev, struct dialect_out *out)
{
    const struct status_row *run = row_find(run_rows, N_ROWS(run_rows), ev->type);
    const struct status_row *node = run ? NULL : row_find(node_rows, N_ROWS(node_rows), ev->type);
    if (!run && !node)
        return RS_OK;
    struct json_object *data = event_data(ev);
    if (!data)
        return RS_NOMEM;
    enum rs_err err = run ? put_run(feed, ev, run, data, out) : put_node(feed, ev, node, data, out);
    json_object_put(data);
    return err;
}

/* The opening state: the run as its events up to `id` have made it. */
struct fold {
    char status[32];
    char *error;               /* of the run; owned or NULL */
    struct json_object *nodes; /* {nodeId: {status,startedAt?,finishedAt?,error?}} */
    int64_t id, time_ms;       /* of the last event folded; 0: none */
};

static void fold_release(struct fold *fold)
{
    free(fold->error);
    json_object_put(fold->nodes);
}

static enum rs_err fold_set_error(struct fold *fold, const char *error)
{
    free(fold->error);
    fold->error = error ? strdup(error) : NULL;
    return error && !fold->error ? RS_NOMEM : RS_OK;
}

static struct json_object *fold_add_node(struct fold *fold, const char *node_id, const char *status)
{
    struct json_object *node = json_object_new_object();
    json_set_string(node, "status", status);
    json_set(fold->nodes, node_id, node);
    return node;
}

/* Where the fold begins: the nodes the database knows, as they were before the first event; or, when the log no
 * longer has the beginning, as the record says. */
static enum rs_err fold_begin(struct fold *fold, struct json_object *record, bool from_record)
{
    fold->nodes = json_object_new_object();
    snprintf(fold->status, sizeof(fold->status), "%s",
             from_record ? json_get_string(record, "status", "queued") : "queued");
    json_object_object_foreach(json_get(record, "nodes"), node_id, known)
    {
        struct json_object *node =
            fold_add_node(fold, node_id, from_record ? json_get_string(known, "status", "pending") : "pending");
        if (!from_record)
            continue;
        json_set_string(node, "startedAt", json_get_string(known, "startedAt", NULL));
        json_set_string(node, "finishedAt", json_get_string(known, "finishedAt", NULL));
        json_set_string(node, "error", error_text(json_get(known, "error"), NULL));
    }
    return from_record ? fold_set_error(fold, error_text(json_get(record, "error"), NULL)) : RS_OK;
}

static bool array_has(struct json_object *array, const char *text)
{
    for (size_t i = 0; i < json_object_array_length(array); i++) {
        const char *member = json_object_get_string(json_object_array_get_idx(array, i));
        if (member && strcmp(member, text) == 0)
            return true;
    }
    return false;
}

/* A retry starts every node again; a resume those it names, or, where it names none, those that did not succeed. */
static void fold_restart_nodes(struct fold *fold, bool all, struct json_object *named)
{
    json_object_object_foreach(fold->nodes, node_id, node)
    {
        if (!all && (named ? !array_has(named, node_id) : strcmp(json_get_string(node, "status", ""), "success") == 0))
            continue;
        json_object_object_del(node, "startedAt");
        json_object_object_del(node, "finishedAt");
        json_object_object_del(node, "error");
        json_set_string(node, "status", "pending");
    }
}

static enum rs_err fold_run(struct fold *fold, const struct status_row *row, struct json_object *data)
{
    if (event_type_reopens(row->type) && strcmp(fold->status, "paused") != 0)
        fold_restart_nodes(fold, strcmp(row->type, "run.retried") == 0, json_get_array(data, "nodes"));
    snprintf(fold->status, sizeof(fold->status), "%s", run_status(row, data));
    return fold_set_error(fold, row_error(row, data));
}

static void fold_node(struct fold *fold, const struct event *ev, const struct status_row *row, struct json_object *data)
{
    const char *node_id = json_get_string(data, "nodeId", NULL);
    if (!node_id)
        return;
    struct json_object *node = json_get(fold->nodes, node_id);
    if (!node)
        node = fold_add_node(fold, node_id, row->record);
    json_set_string(node, "status", row->record);
    if (strcmp(row->shown, "running") != 0) {
        json_set_time(node, "finishedAt", ev->time_ms);
        json_set_string(node, "error", row_error(row, data));
        return;
    }
    json_object_object_del(node, "finishedAt");
    json_object_object_del(node, "error");
    if (strcmp(row->type, "node.started") == 0)
        json_set_time(node, "startedAt", ev->time_ms);
}

static enum rs_err fold_event(struct fold *fold, const struct event *ev)
{
    fold->id = ev->id;
    fold->time_ms = ev->time_ms;
    const struct status_row *run = row_find(run_rows, N_ROWS(run_rows), ev->type);
    const struct status_row *node = run ? NULL : row_find(node_rows, N_ROWS(node_rows), ev->type);
    if (!run && !node)
        return RS_OK;
    struct json_object *data = event_data(ev);
    if (!data)
        return RS_NOMEM;
    enum rs_err err = RS_OK;
    if (run)
        err = fold_run(fold, run, data);
    else
        fold_node(fold, ev, node, data);
    json_object_put(data);
    return err;
}

static enum rs_err fold_log(struct fold *fold, const struct feed *feed, struct eventlog *log, int64_t head,
                            struct fault *fault)
{
    struct eventlog_query query = {.streams = (const char *const *)feed->streams,
                                   .n_streams = feed->n_streams,
                                   .until = head,
                                   .without_bulk = true};
    while (query.after < head) {
        struct event **events;
        int n;
        int64_t before = query.after;
        enum rs_err err = eventlog_read(log, &query, FOLD_CHUNK, &events, &n, &query.after, fault);
        if (err)
            return err;
        for (int i = 0; !err && i < n; i++)
            err = fold_event(fold, events[i]);
        eventlog_events_free(events, n);
        if (err)
            return fault_set(fault, err, "no memory for the state of run %s", feed->param);
        if (query.after <= before)
            break; /* the log has been replaced by a shorter one */
    }
    return RS_OK;
}

static enum rs_err put_opening(const struct feed *feed, struct json_object *record, const struct fold *fold,
                               struct dialect_out *out)
{
    struct buf *text = put_begin(out, "connected");
    put_text(text, "runId", feed->param);
    put_text(text, "workflowId", json_get_string(record, "workflowId", NULL));
    put_text(text, "status", fold->status);
    if (fold->time_ms)
        put_time(text, "timestamp", fold->time_ms);
    else
        put_text(text, "timestamp", json_get_string(record, "createdAt", NULL));
    if (fold->error)
        put_text(text, "error", fold->error);
    put_value(text, "nodes", fold->nodes);
    return put_end(out);
}

enum rs_err console_status_opening(struct feed *feed, struct store *store, struct eventlog *log,
                                   struct dialect_out *out, struct fault *fault)
{
    struct fold fold = {.id = 0};
    struct json_object *record = NULL;
    int64_t head;
    bool trimmed;
    /* Before the head is asked for: what the record does not know yet is folded. */
    enum rs_err err = one_run_record(feed, store, &record, fault);
    if (!err)
        err = eventlog_head(log, &head, fault);
    if (!err)
        err = one_run_trimmed(feed, record, log, &trimmed, fault);
    if (err)
        goto out;
    err = fold_begin(&fold, record, trimmed);
    if (!err)
        err = fold_log(&fold, feed, log, head, fault);
    if (err)
        goto out;
    /* Nothing folded: it stands where the log does, which holds nothing of the run up to there. */
    dialect_out_reset(out, fold.id ? fold.id : head);
    err = put_opening(feed, record, &fold, out);
    if (err) {
        fault_set(fault, err, "the state of run %s cannot be shown", feed->param);
        goto out;
    }
    feed_passed(feed, head, 1);
out:
    json_object_put(record);
    fold_release(&fold);
    return err;
}
