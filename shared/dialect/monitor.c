/* Execution monitor, /workflow/{workflowId}: how the workflow's current run and each later one goes. */
#include "base/json.h"
#include "dialect/one_run.h"
#include "dialect/put.h"
#include "dialect/rows.h"
#include "model/run.h"
#include <stdio.h>
#include <string.h>

enum rs_err monitor_open(struct feed *feed, struct store *store, const struct path_params *params, struct fault *fault)
{
    (void)store; /* a workflow may appear later */
    char stream[STREAM_MAX];
    enum rs_err err = feed_take_param(feed, params, "workflowId", fault);
    if (err)
        return err;
    snprintf(stream, sizeof(stream), "workflow:%s", feed->param);
    err = feed_add_stream(feed, stream);
    return err ? fault_set(fault, err, "workflow %s cannot be followed", feed->param) : RS_OK;
}

/* Of the runs that go on, the first event of any in its present attempt. 0: the log knows of none. */
static enum rs_err find_current(const struct feed *feed, struct store *store, struct eventlog *log, int64_t *ret_id,
                                struct fault *fault)
{
    struct run_current runs[RUN_CURRENT_MAX];
    char stream[STREAM_MAX];
    int n = 0;
    int64_t first = 0;
    enum rs_err err = run_list_current(store, feed->org, feed->param, runs, &n, fault);
    for (int i = 0; !err && i < n; i++) {
        int64_t id = 0;
        snprintf(stream, sizeof(stream), "run:%.*s", ID_MAX, runs[i].id);
        err = one_run_attempt(log, stream, runs[i].attempt, &id, fault);
        if (id > 0 && (first == 0 || id < first))
            first = id;
    }
    *ret_id = first;
    return err;
}

/* The event with which the last run ended: its id, or, where retention has taken it, itself. Neither: there was no run. */
static enum rs_err find_last_end(const struct feed *feed, struct store *store, struct eventlog *log, int64_t *ret_id,
                                 struct event **ret_lost, struct fault *fault)
{
    char id[ID_MAX + 1], stream[STREAM_MAX];
    struct eventlog_stream last;
    *ret_id = 0;
    enum rs_err err = run_last_ended(store, feed->org, feed->param, id, fault);
    if (!err)
        err = one_run_lost_end(feed->org, id, store, log, ret_lost, fault);
    if (!err) {
        snprintf(stream, sizeof(stream), "run:%s", id);
        err = eventlog_stream(log, stream, &last, fault);
    }
    if (err)
        return err == RS_NOT_FOUND ? RS_OK : err;
    *ret_id = last.end_id;
    return RS_OK;
}

enum rs_err monitor_opening(struct feed *feed, struct store *store, struct eventlog *log, struct dialect_out *out,
                            struct fault *fault)
{
    struct event *lost = NULL;
    int64_t head, id = 0;
    /* The head first: what is appended after this comes live. */
    enum rs_err err = eventlog_head(log, &head, fault);
    if (!err)
        err = find_current(feed, store, log, &id, fault);
    if (!err && id == 0)
        err = find_last_end(feed, store, log, &id, &lost, fault);
    if (!err && lost)
        return one_run_give_end(feed, lost, out, fault);
    event_unref(lost);
    /* No message of its own: it stands where the first one of interest is next. */
    if (!err)
        feed_passed(feed, id > 0 ? id - 1 : head, 0);
    return err;
}

/* What a message says; members that are NULL or negative are left out. */
struct said {
    const char *type, *status, *message, *step, *error;
    int64_t progress;
    struct json_object *text; /* the message, where it may hold a NUL */
};

static enum rs_err put_said(const struct event *ev, const struct said *said, struct dialect_out *out)
{
    struct buf *text = put_begin(out, said->type);
    put_time(text, "timestamp", ev->time_ms);
    (void)buf_puts(text, ",\"data\":{\"runId\":");
    (void)buf_put_json(text, stream_id(ev->home->name), strlen(stream_id(ev->home->name)));
    put_text(text, "status", said->status);
    if (said->text)
        put_value(text, "message", said->text);
    else
        put_text(text, "message", said->message);
    if (said->progress >= 0)
        put_int(text, "progress", said->progress);
    if (said->step)
        put_text(text, "step", said->step);
    if (said->error)
        put_text(text, "error", said->error);
    (void)buf_putc(text, '}');
    return put_end(out);
}

static int64_t percent(struct json_object *data)
{
    int64_t progress = json_get_int(data, "progress", 0);
    return progress < 0 ? 0 : progress > 100 ? 100 : progress;
}

static enum rs_err on_started(const struct event *ev, struct json_object *data, struct dialect_out *out)
{
    struct said said = {.type = "status", .status = "running", .message = "started", .progress = percent(data)};
    return put_said(ev, &said, out);
}

static enum rs_err on_paused(const struct event *ev, struct json_object *data, struct dialect_out *out)
{
    struct said said = {.type = "status", .status = "running", .message = "paused", .progress = percent(data)};
    return put_said(ev, &said, out);
}

static enum rs_err on_progress(const struct event *ev, struct json_object *data, struct dialect_out *out)
{
    char message[ID_MAX + 32];
    struct said said = {.type = "progress", .status = "running", .message = message, .progress = percent(data)};
    said.step = json_get_string(data, "step", NULL);
    if (said.step)
        snprintf(message, sizeof(message), "%.*s has ended", ID_MAX, said.step);
    else
        snprintf(message, sizeof(message), "%lld %% done", (long long)said.progress);
    return put_said(ev, &said, out);
}

static enum rs_err on_finished(const struct event *ev, struct json_object *data, struct dialect_out *out)
{
    (void)data;
    struct said all = {.type = "progress", .status = "running", .message = "100 % done", .progress = 100};
    struct said end = {.type = "complete", .status = "completed", .message = "completed", .progress = 100};
    enum rs_err err = put_said(ev, &all, out);
    return err ? err : put_said(ev, &end, out);
}

static enum rs_err on_failed(const struct event *ev, struct json_object *data, struct dialect_out *out)
{
    struct json_object *error = json_get(data, "error");
    struct said said = {.type = "error", .status = "failed", .progress = percent(data)};
    said.message = said.error = error_text(error, "failed");
    said.step = json_get_string(error, "nodeId", NULL);
    return put_said(ev, &said, out);
}

static enum rs_err on_cancelled(const struct event *ev, struct json_object *data, struct dialect_out *out)
{
    struct said said = {.type = "status", .status = "cancelled", .progress = percent(data)};
    said.message = error_text(json_get(data, "error"), "cancelled");
    return put_said(ev, &said, out);
}

static enum rs_err on_log(const struct event *ev, struct json_object *data, struct dialect_out *out)
{
    struct said said = {.type = "log", .status = "running", .message = "", .progress = -1};
    struct json_object *message = json_get(data, "message");
    if (json_object_is_type(message, json_type_string))
        said.text = message;
    else if (message)
        said.message = json_text(message, NULL);
    said.step = json_get_string(data, "nodeId", NULL);
    return put_said(ev, &said, out);
}

static enum rs_err on_dropped(const struct event *ev, struct json_object *data, struct dialect_out *out)
{
    char message[64];
    struct said said = {.type = "log", .status = "running", .message = message, .progress = -1};
    snprintf(message, sizeof(message), "%lld log lines were dropped", (long long)json_get_int(data, "count", 0));
    return put_said(ev, &said, out);
}

static enum rs_err on_node_failed(const struct event *ev, struct json_object *data, struct dialect_out *out)
{
    struct said said = {.type = "log", .status = "running", .progress = -1};
    said.message = said.error = error_text(json_get(data, "error"), "failed");
    said.step = json_get_string(data, "nodeId", NULL);
    return put_said(ev, &said, out);
}

enum rs_err monitor_project(const struct feed *feed, const struct event *ev, struct dialect_out *out)
{
    (void)feed;
    static const struct {
        const char *type;
        enum rs_err (*put)(const struct event *ev, struct json_object *data, struct dialect_out *out);
    } rows[] = {
        {"run.started", on_started},
        {"run.paused", on_paused},
        {"run.progress", on_progress},
        {"run.finished", on_finished},
        {"run.failed", on_failed},
        {"run.cancelled", on_cancelled},
        {"log", on_log},
        {"log.dropped", on_dropped},
        {"node.failed", on_node_failed},
    };
    for (unsigned i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        if (strcmp(ev->type, rows[i].type) != 0)
            continue;
        struct json_object *data = event_data(ev);
        enum rs_err err = data ? rows[i].put(ev, data, out) : RS_NOMEM;
        json_object_put(data);
        return err;
    }
    return RS_OK;
}
