/* Crew monitor, /runs/{run_id}: a run as the work of its agents. Only nodes that are agents are shown. */
#include "base/json.h"
#include "dialect/one_run.h"
#include "dialect/put.h"
#include "dialect/rows.h"
#include "model/run.h"
#include <stdio.h>
#include <string.h>

/* Is it a run of somebody else's, of which the log has been told? */
static enum rs_err is_told_of(struct feed *feed, struct store *store, const char *stream, struct fault *fault)
{
    struct eventlog *log = NULL;
    struct eventlog_stream told;
    enum rs_err err = eventlog_open(store->dd, EVENTLOG_READ, NULL, NULL, &log, fault);
    if (!err)
        err = eventlog_stream(log, stream, &told, fault);
    if (!err && strcmp(told.org, feed->org) != 0)
        err = RS_NOT_FOUND;
    eventlog_close(log);
    return err == RS_NOT_FOUND ? fault_set(fault, err, "there is no run %s", feed->param) : err;
}

enum rs_err crew_run_open(struct feed *feed, struct store *store, const struct path_params *params, struct fault *fault)
{
    char stream[STREAM_MAX];
    enum rs_err err = one_run_open(feed, store, params, fault);
    if (err != RS_NOT_FOUND || run_exists(store, NULL, feed->param, NULL) != RS_NOT_FOUND)
        return err;
    snprintf(stream, sizeof(stream), "run:%s", feed->param);
    err = is_told_of(feed, store, stream, fault);
    if (!err)
        err = feed_add_stream(feed, stream);
    return err;
}

enum rs_err crew_run_opening(struct feed *feed, struct store *store, struct eventlog *log, struct dialect_out *out,
                             struct fault *fault)
{
    struct event *end = NULL;
    struct json_object *record = NULL;
    int64_t id = 0;
    enum rs_err err = one_run_lost_end(feed->org[0] ? feed->org : NULL, feed->param, store, log, &end, fault);
    if (!err && end)
        return one_run_give_end(feed, end, out, fault);
    if (!err)
        err = one_run_record(feed, store, &record, fault);
    if (err == RS_NOT_FOUND) /* told of from outside */
        err = RS_OK;
    if (!err)
        err = one_run_attempt(log, feed->streams[0], json_get_int(record, "attempt", 0), &id, fault);
    json_object_put(record);
    /* No message of its own: all of the present attempt follows. */
    if (!err)
        feed_passed(feed, id > 0 ? id - 1 : 0, 0);
    return err;
}

/* The message up to its payload's members, each of which then begins with a comma but the first. */
static struct buf *begin(const struct feed *feed, const struct event *ev, const char *type, struct dialect_out *out)
{
    struct buf *text = put_begin(out, type);
    put_time(text, "timestamp", ev->time_ms);
    put_text(text, "run_id", feed->param);
    (void)buf_puts(text, ",\"payload\":");
    return text;
}

static enum rs_err end(struct dialect_out *out)
{
    (void)buf_putc(&out->text, '}');
    return put_end(out);
}

/* `{"NAME":VALUE`: the payload's first member. */
static void put_first(struct buf *text, const char *name, const char *value)
{
    (void)buf_printf(text, "{\"%s\":", name);
    if (value)
        (void)buf_put_json(text, value, strlen(value));
    else
        (void)buf_puts(text, "null");
}

static void put_optional(struct buf *text, const char *name, struct json_object *value)
{
    if (value)
        put_value(text, name, value);
}

static enum rs_err on_started(const struct feed *feed, const struct event *ev, struct json_object *data,
                              struct dialect_out *out)
{
    struct buf *text = begin(feed, ev, "boot", out);
    put_first(text, "workflow_id", json_get_string(data, "workflowId", NULL));
    put_text(text, "name", json_get_string(data, "name", NULL));
    put_int(text, "attempt", json_get_int(data, "attempt", 1));
    return end(out);
}

static enum rs_err put_agent(const struct feed *feed, const struct event *ev, const char *type, struct json_object *data,
                             struct dialect_out *out)
{
    const char *agent_id = json_get_string(data, "nodeId", NULL);
    struct buf *text = begin(feed, ev, type, out);
    put_first(text, "agent_id", agent_id);
    put_text(text, "name", json_get_string(data, "name", agent_id));
    put_optional(text, "status", json_get(data, "status"));
    put_optional(text, "duration_s", json_get(data, "durationS"));
    put_optional(text, "model", json_get(data, "model"));
    put_optional(text, "usage", json_get(data, "usage"));
    return end(out);
}

static enum rs_err on_agent_started(const struct feed *feed, const struct event *ev, struct json_object *data,
                                    struct dialect_out *out)
{
    return put_agent(feed, ev, "agent_start", data, out);
}

static enum rs_err on_agent_finished(const struct feed *feed, const struct event *ev, struct json_object *data,
                                     struct dialect_out *out)
{
    return put_agent(feed, ev, "agent_end", data, out);
}

static enum rs_err put_task(const struct feed *feed, const struct event *ev, const char *type, struct json_object *data,
                            struct dialect_out *out)
{
    const char *agent_id = json_get_string(data, "nodeId", NULL);
    struct buf *text = begin(feed, ev, type, out);
    put_first(text, "task_id", json_get_string(data, "taskId", agent_id));
    put_text(text, "agent_id", agent_id);
    put_text(text, "description", json_get_string(data, "name", ""));
    put_optional(text, "output", json_get(data, "output"));
    put_optional(text, "status", json_get(data, "status"));
    put_optional(text, "duration_s", json_get(data, "durationS"));
    return end(out);
}

static enum rs_err on_task_started(const struct feed *feed, const struct event *ev, struct json_object *data,
                                   struct dialect_out *out)
{
    return put_task(feed, ev, "task_start", data, out);
}

static enum rs_err on_task_finished(const struct feed *feed, const struct event *ev, struct json_object *data,
                                    struct dialect_out *out)
{
    return put_task(feed, ev, "task_end", data, out);
}

static enum rs_err put_done(const struct feed *feed, const struct event *ev, const char *status, struct json_object *data,
                            struct dialect_out *out)
{
    int64_t took_ms = json_get_int(data, "durationMs", 0); /* none: it never began */
    struct buf *text = begin(feed, ev, "done", out);
    put_first(text, "status", status);
    put_seconds(text, "duration_s", took_ms);
    return end(out);
}

static enum rs_err on_finished(const struct feed *feed, const struct event *ev, struct json_object *data,
                               struct dialect_out *out)
{
    return put_done(feed, ev, "success", data, out);
}

/* A bad end: what went wrong, then that it is over. */
static enum rs_err put_bad_end(const struct feed *feed, const struct event *ev, const char *status, const char *fallback,
                               struct json_object *data, struct dialect_out *out)
{
    struct json_object *error = json_get(data, "error");
    if (!error && json_get(data, "via")) /* what went wrong was told before */
        return put_done(feed, ev, status, data, out);
    struct buf *text = begin(feed, ev, "error", out);
    put_first(text, "message", error_text(error, fallback));
    put_optional(text, "agent_id", json_get(error, "agentId"));
    enum rs_err err = end(out);
    return err ? err : put_done(feed, ev, status, data, out);
}

/* Told from outside, in the midst of a run or before its end. */
static enum rs_err on_error(const struct feed *feed, const struct event *ev, struct json_object *data,
                            struct dialect_out *out)
{
    struct buf *text = begin(feed, ev, "error", out);
    put_first(text, "message", json_get_string(data, "message", ""));
    put_optional(text, "agent_id", json_get(data, "agentId"));
    return end(out);
}

static enum rs_err on_failed(const struct feed *feed, const struct event *ev, struct json_object *data,
                             struct dialect_out *out)
{
    return put_bad_end(feed, ev, "error", "failed", data, out);
}

static enum rs_err on_cancelled(const struct feed *feed, const struct event *ev, struct json_object *data,
                                struct dialect_out *out)
{
    return put_bad_end(feed, ev, "cancelled", "cancelled", data, out);
}

enum rs_err crew_run_project(const struct feed *feed, const struct event *ev, struct dialect_out *out)
{
    static const struct {
        const char *type;
        enum rs_err (*put)(const struct feed *feed, const struct event *ev, struct json_object *data,
                           struct dialect_out *out);
    } rows[] = {
        {"run.started", on_started},
        {"agent.started", on_agent_started},
        {"agent.finished", on_agent_finished},
        {"task.started", on_task_started},
        {"task.finished", on_task_finished},
        {"crew.error", on_error},
        {"run.finished", on_finished},
        {"run.failed", on_failed},
        {"run.cancelled", on_cancelled},
    };
    for (unsigned i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        if (strcmp(ev->type, rows[i].type) != 0)
            continue;
        struct json_object *data = event_data(ev);
        enum rs_err err = data ? rows[i].put(feed, ev, data, out) : RS_NOMEM;
        json_object_put(data);
        return err;
    }
    return RS_OK;
}
