/* Assistant console, /api/workflow/stream?runId=ID: the steps of one run, as {"event","id","step","node","message","latency","data"}. */
#include "base/json.h"
#include "base/utf8.h"
#include "dialect/one_run.h"
#include "dialect/put.h"
#include "dialect/rows.h"
#include "model/assistant.h"
#include <stdio.h>
#include <string.h>

#define MESSAGE_MAX 256 /* of those made here */

enum rs_err assistant_open(struct feed *feed, struct store *store, const struct path_params *params, struct fault *fault)
{
    if (!path_param(params, "runId"))
        return fault_set(fault, RS_INVALID, "say which run: ?runId=ID");
    enum rs_err err = one_run_open(feed, store, params, fault);
    return err ? err : assistant_wants_deltas(store, feed->param, &feed->deltas, fault);
}

/* There is no opening state: without a cursor the run is shown from its beginning. */
enum rs_err assistant_opening(struct feed *feed, struct store *store, struct eventlog *log, struct dialect_out *out,
                              struct fault *fault)
{
    (void)store, (void)log, (void)out, (void)fault;
    feed_passed(feed, 0, 0);
    return RS_OK;
}

static const char *step_name(const char *node_id)
{
    return strcmp(node_id, "input") == 0 ? "input_reception" : node_id;
}

/* Begin a message: all but `data`, whose members the caller puts, and which finish() closes. latency_ms < 0: null. */
static struct buf *begin(struct dialect_out *out, const char *event, const char *step, const char *node,
                         const char *message, int64_t latency_ms)
{
    struct buf *text = dialect_message(out);
    char id[CURSOR_TEXT_MAX];
    (void)buf_printf(text, "{\"event\":\"%s\",\"id\":\"%s\"", event, dialect_id(out, id));
    put_text(text, "step", step);
    put_text(text, "node", node);
    put_text(text, "message", message);
    if (latency_ms >= 0)
        put_int(text, "latency", latency_ms);
    else
        (void)buf_puts(text, ",\"latency\":null");
    (void)buf_puts(text, ",\"data\":{");
    return text;
}

/* The first member of `data` begins without the comma of the others. */
static void first_text(struct buf *text, const char *name, const char *value)
{
    (void)buf_printf(text, "\"%s\":", name);
    (void)buf_put_json(text, value, strlen(value));
}

static enum rs_err finish(struct dialect_out *out)
{
    (void)buf_puts(&out->text, "}}");
    return dialect_end(out);
}

static const char *say(char message[MESSAGE_MAX], const char *name, const char *verb)
{
    snprintf(message, MESSAGE_MAX, "%.200s %s", name, verb);
    utf8_repair(message); /* a name may have been cut within a character */
    return message;
}

/* --- the run --- */

static enum rs_err run_started(const struct feed *feed, struct json_object *data, struct dialect_out *out)
{
    char message[MESSAGE_MAX];
    const char *name = json_get_string(data, "name", "workflow");
    struct buf *text = begin(out, "workflow_start", NULL, NULL, say(message, name, "started"), -1);
    first_text(text, "runId", feed->param);
    put_text(text, "workflowId", json_get_string(data, "workflowId", NULL));
    put_int(text, "attempt", json_get_int(data, "attempt", 1));
    return finish(out);
}

static enum rs_err run_finished(const struct feed *feed, struct json_object *data, struct dialect_out *out)
{
    char message[MESSAGE_MAX];
    const char *name = json_get_string(data, "name", "workflow");
    struct buf *text = begin(out, "workflow_complete", NULL, NULL, say(message, name, "finished"),
                             json_get_int(data, "durationMs", -1));
    first_text(text, "runId", feed->param);
    put_text(text, "status", "success");
    put_value(text, "output", json_get(data, "output"));
    return finish(out);
}

static enum rs_err run_failed(const struct feed *feed, struct json_object *data, struct dialect_out *out)
{
    const char *message = error_text(json_get(data, "error"), "failed");
    struct buf *text = begin(out, "workflow_error", NULL, NULL, message, json_get_int(data, "durationMs", -1));
    first_text(text, "runId", feed->param);
    put_text(text, "status", "error");
    put_value(text, "error", json_get(data, "error"));
    return finish(out);
}

static enum rs_err run_cancelled(const struct feed *feed, struct json_object *data, struct dialect_out *out)
{
    struct buf *text = begin(out, "workflow_error", NULL, NULL, "cancelled", json_get_int(data, "durationMs", -1));
    first_text(text, "runId", feed->param);
    put_text(text, "status", "cancelled");
    return finish(out);
}

/* --- its steps; node: the node's id --- */

static enum rs_err step_started(const char *node, struct json_object *data, struct dialect_out *out)
{
    char message[MESSAGE_MAX];
    struct buf *text = begin(out, "step_start", step_name(node), node, say(message, step_name(node), "started"), -1);
    first_text(text, "kind", json_get_string(data, "kind", ""));
    return finish(out);
}

static enum rs_err step_finished(const char *node, struct json_object *data, struct dialect_out *out)
{
    char message[MESSAGE_MAX];
    struct buf *text = begin(out, "step_complete", step_name(node), node, say(message, step_name(node), "finished"),
                             json_get_int(data, "durationMs", -1));
    first_text(text, "kind", json_get_string(data, "kind", ""));
    put_value(text, "output", json_get(data, "output"));
    return finish(out);
}

static enum rs_err put_step_error(const char *node, const char *status, const char *message, struct json_object *data,
                                  struct dialect_out *out)
{
    struct buf *text = begin(out, "step_error", step_name(node), node, message, json_get_int(data, "durationMs", -1));
    first_text(text, "status", status);
    put_value(text, "error", json_get(data, "error"));
    return finish(out);
}

static enum rs_err step_failed(const char *node, struct json_object *data, struct dialect_out *out)
{
    return put_step_error(node, "error", error_text(json_get(data, "error"), "failed"), data, out);
}

static enum rs_err step_cancelled(const char *node, struct json_object *data, struct dialect_out *out)
{
    return put_step_error(node, "cancelled", "cancelled", data, out);
}

static enum rs_err step_delta(const char *node, struct json_object *data, struct dialect_out *out)
{
    struct buf *text = begin(out, "step_progress", step_name(node), node, "", -1);
    first_text(text, "delta", json_get_string(data, "delta", ""));
    return finish(out);
}

/* A call that a step makes. What a step that is a tool itself says of its own work (no callId) is no call. */
static enum rs_err tool_called(const char *node, struct json_object *data, struct dialect_out *out)
{
    const char *tool = json_get_string(data, "tool", ""), *call = json_get_string(data, "callId", NULL);
    if (!call)
        return RS_OK;
    struct buf *text = begin(out, "tool_call", step_name(node), tool, tool, -1);
    first_text(text, "callId", call);
    put_value(text, "params", json_get(data, "params"));
    return finish(out);
}

static enum rs_err tool_finished(const char *node, struct json_object *data, struct dialect_out *out)
{
    const char *tool = json_get_string(data, "tool", ""), *call = json_get_string(data, "callId", NULL);
    const char *error = error_text(json_get(data, "error"), NULL);
    bool success = strcmp(json_get_string(data, "status", "success"), "success") == 0;
    if (!call)
        return RS_OK;
    if (!success && !error)
        error = "failed";
    struct buf *text = begin(out, "tool_result", step_name(node), tool, error ? error : tool, -1);
    first_text(text, "callId", call);
    (void)buf_printf(text, ",\"success\":%s", success ? "true" : "false");
    put_value(text, "output", json_get(data, "output"));
    put_text(text, "error", error);
    return finish(out);
}

static const struct {
    const char *type;
    enum rs_err (*run)(const struct feed *feed, struct json_object *data, struct dialect_out *out);
    enum rs_err (*step)(const char *node, struct json_object *data, struct dialect_out *out);
} rows[] = {
    {"run.started", run_started, NULL},       {"run.finished", run_finished, NULL},
    {"run.failed", run_failed, NULL},         {"run.cancelled", run_cancelled, NULL},
    {"node.started", NULL, step_started},     {"node.finished", NULL, step_finished},
    {"node.failed", NULL, step_failed},       {"node.cancelled", NULL, step_cancelled},
    {"tool.started", NULL, tool_called},      {"tool.finished", NULL, tool_finished},
    {"agent.delta", NULL, step_delta},
};

enum rs_err assistant_project(const struct feed *feed, const struct event *ev, struct dialect_out *out)
{
    unsigned i = 0;
    while (i < sizeof rows / sizeof *rows && strcmp(rows[i].type, ev->type) != 0)
        i++;
    if (i == sizeof rows / sizeof *rows || (rows[i].step == step_delta && !feed->deltas))
        return RS_OK;
    struct json_object *data = event_data(ev);
    if (!data)
        return RS_NOMEM;
    const char *node = json_get_string(data, "nodeId", NULL);
    enum rs_err err = RS_OK;
    if (rows[i].run)
        err = rows[i].run(feed, data, out);
    else if (node) /* else it was emitted from outside, about no node */
        err = rows[i].step(node, data, out);
    json_object_put(data);
    return err;
}

enum rs_err assistant_put_error(struct buf *out, const char *code, const char *message)
{
    (void)buf_puts(out, "{\"event\":\"error\",\"step\":null,\"node\":null,\"message\":");
    (void)buf_put_json(out, message, strlen(message));
    return buf_printf(out, ",\"latency\":null,\"data\":{\"code\":\"%s\"}}", code);
}
