#include "runner/node.h"
#include "base/clock.h"
#include "base/utf8.h"
#include "runner/execution.h"
#include "runner/output.h"
#include "runner/retry.h"
#include "runner/template.h"
#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

static bool is_tool(const struct node *node)
{
    return strcmp(node->def->kind->group, "tool") == 0;
}

static struct json_object *error_record(const struct node *node)
{
    if (!node->error_code)
        return NULL;
    struct json_object *error = json_object_new_object();
    json_set_string(error, "code", node->error_code);
    json_set_string(error, "message", node->error);
    json_set_string(error, "nodeId", node->def->id);
    return error;
}

struct json_object *node_record(const struct node *node)
{
    struct json_object *record = json_object_new_object();
    int64_t took = clock_mono_ms() - node->begun_mono_ms;

    json_set_string(record, "status", node_status_name(node->status));
    if (node->attempt > 0) {
        json_set_time(record, "startedAt", node->begun_wall_ms);
        json_set_int(record, "attempt", node->attempt);
        if (node_status_ended(node->status)) {
            json_set_time(record, "finishedAt", node->begun_wall_ms + took);
            json_set_int(record, "durationMs", took);
        }
    }
    json_set(record, "output", json_object_get(node->output));
    json_set(record, "error", error_record(node));
    return record;
}

/* Write a move. */
static void move(struct node *node, const struct node_change *change)
{
    struct execution *x = node->x;
    struct fault fault;
    int64_t since = clock_mono_ms();
    enum rs_err err;

    do
        err = node_move(&x->store, x->claim.id, x->claim.fence, change, &fault);
    while (execution_again(err, since));
    execution_must(x, err, &fault, "node");
    node->status = change->status;
}

/* What the workflow can read of the node from now on. */
static void publish(struct node *node)
{
    json_set(json_get(node->x->context, "nodes"), node->def->id, node_record(node));
    jqworker_node_changed(node->x->jq, node->def->id);
}

/* What the node is called with, for tool.started. */
static struct json_object *params(const struct node *node)
{
    struct json_object *out = NULL;
    size_t len;

    if (!is_tool(node) || !node->data || json_object_deep_copy(node->data, &out, NULL) != 0)
        return NULL;
    for (const struct kind_setting *s = kind_common_settings; s->name; s++)
        json_object_object_del(out, s->name);
    (void)json_text(out, &len);
    if (len > NODE_PARAMS_MAX) {
        json_object_put(out);
        out = NULL;
    }
    return out;
}

/* The first attempt's templates are evaluated, or failed to be: now it runs. */
static void record_running(struct node *node)
{
    struct node_change change = {.node_id = node->def->id, .status = NODE_RUNNING, .attempt = 1};

    if (node->status != NODE_PENDING)
        return;
    change.params = params(node);
    move(node, &change);
    json_object_put(change.params);
}

/* --- an attempt --- */

static void finish(struct node *node)
{
    uv_timer_stop(&node->timer);
    node->phase = NODE_PHASE_DONE;
    execution_turn(node->x);
}

void node_done(struct node *node, struct json_object *output)
{
    assert(node->phase == NODE_PHASE_WORK);
    node->output = output;
    node->error_code = NULL;
    finish(node);
}

static void set_error(struct node *node, const char *code, const char *fmt, ...) RS_PRINTF(3, 4);
static void set_error(struct node *node, const char *code, const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    vsnprintf(node->error, sizeof node->error, fmt, args);
    va_end(args);
    utf8_repair(node->error); /* it may have been cut anywhere */
    node->error_code = code;
    node->final = strcmp(code, "input") == 0 || strcmp(code, "expression") == 0 || strcmp(code, "limit") == 0;
}

void node_fail(struct node *node, const char *code, struct json_object *output, const char *fmt, ...)
{
    char message[FAULT_MESSAGE_MAX];
    va_list args;

    assert(node->phase == NODE_PHASE_WORK || node->phase == NODE_PHASE_RENDER);
    va_start(args, fmt);
    vsnprintf(message, sizeof message, fmt, args);
    va_end(args);
    node->output = output;
    set_error(node, code, "%s", message);
    finish(node);
}

void node_log(struct node *node, const char *level, const char *source, const char *text, size_t len)
{
    execution_log(node->x, node->def->id, level, source, text, len);
}

enum rs_err node_set_group(struct node *node, pid_t pgid, struct fault *fault)
{
    int64_t since = clock_mono_ms();
    enum rs_err err;

    do
        err = node_set_pgid(&node->x->store, node->x->claim.id, node->x->claim.fence, node->def->id, pgid, fault);
    while (execution_again(err, since));
    return err;
}

static void on_timeout(uv_timer_t *timer)
{
    node_stop(timer->data, "timeout");
}

static int64_t timeout_ms(const struct node *node)
{
    return json_get_int(node->def->data, "timeoutMs", config_number(node->x->dd->config, "runner.node_timeout"));
}

static void work(struct node *node)
{
    node->phase = NODE_PHASE_WORK;
    record_running(node);
    uv_timer_start(&node->timer, on_timeout, (uint64_t)timeout_ms(node), 0);
    node->type->start(node);
}

static void on_rendered(void *ctx, struct json_object *value, const struct fault *fault)
{
    struct node *node = ctx;

    if (fault->code != RS_OK || node->stopping) {
        json_object_put(value);
        node_fail(node, fault->code == RS_LIMIT ? "limit" : "expression", NULL, "%s", fault->message);
        return;
    }
    for (const struct kind_setting *s = node->def->kind->settings; s->name; s++) {
        /* jq program text is no template; it comes back from the definition. */
        if (s->type == SETTING_JQ)
            json_set(value, s->name, json_object_get(json_get(node->def->data, s->name)));
        if (!graph_word_fits(s, json_get(value, s->name))) {
            json_object_put(value);
            node_fail(node, "input", NULL, "the setting `%s` must be one of %s", s->name, s->choices);
            return;
        }
    }
    node->data = value;
    work(node);
}

/* The settings without jq texts and what people only read: what templates may stand in. */
static struct json_object *renderable(const struct node *node)
{
    struct json_object *out = json_object_new_object();
    for (const struct kind_setting *s = node->def->kind->settings; s->name; s++) {
        struct json_object *value = json_get(node->def->data, s->name);
        if (value && s->type != SETTING_JQ)
            json_set(out, s->name, json_object_get(value));
    }
    return out;
}

static void attempt(struct node *node)
{
    node->stopping = NULL;
    struct json_object *settings = renderable(node);
    if (template_has_json(settings)) {
        node->phase = NODE_PHASE_RENDER;
        jqworker_render(node->x->jq, settings, on_rendered, node);
    } else {
        node->data = json_object_get(node->def->data);
        work(node);
    }
    json_object_put(settings);
}

void node_begin(struct node *node)
{
    node->attempt = 1;
    node->begun_wall_ms = clock_wall_ms();
    node->begun_mono_ms = clock_mono_ms();
    node->x->n_active++;
    attempt(node);
}

void node_stop(struct node *node, const char *code)
{
    if (node->stopping)
        return;
    switch (node->phase) {
    case NODE_PHASE_RENDER:
        node->stopping = code;
        break;
    case NODE_PHASE_WORK:
        node->stopping = code;
        uv_timer_stop(&node->timer);
        if (node->type->stop)
            node->type->stop(node);
        break;
    case NODE_PHASE_PAUSE:
        node->stopping = code;
        finish(node);
        break;
    case NODE_PHASE_IDLE:
    case NODE_PHASE_DONE:
    case NODE_PHASE_SETTLED:
        break;
    }
}

/* --- its end --- */

static void end_attempt(struct node *node)
{
    if (node->type->release)
        node->type->release(node);
    node->state = NULL;
    json_object_put(node->data);
    node->data = NULL;
}

static void on_pause_over(uv_timer_t *timer)
{
    struct node *node = timer->data;
    json_object_put(node->output);
    node->output = NULL;
    node->error_code = NULL;
    node->final = false;
    attempt(node);
}

static double random_unit(void)
{
    uint32_t random = 0;
    if (getrandom(&random, sizeof random, GRND_NONBLOCK) != sizeof random)
        return 0.5; /* no jitter then */
    return random / 4294967296.0;
}

/* Another attempt, if there is one left. */
static bool retry(struct node *node)
{
    struct json_object *retry = json_get(node->def->data, "retry");
    struct retry_failure failure = {node->attempt, node->error_code, node->output, node->final};
    char message[FAULT_MESSAGE_MAX + 64];

    if (node->x->stop || !retry_wanted(retry, &failure))
        return false;
    double pause = retry_pause_ms(retry, node->attempt, random_unit());
    int n = snprintf(message, sizeof message, "attempt %d failed, the next one begins in %.0f ms: %s", node->attempt,
                     pause, node->error);
    node_log(node, "warning", "runner", message, (size_t)n < sizeof message ? (size_t)n : sizeof message - 1);
    struct json_object *error = error_record(node);
    struct node_change change = {.node_id = node->def->id,
                                 .status = NODE_RUNNING,
                                 .attempt = node->attempt + 1,
                                 .error = error,
                                 .message = node->error,
                                 .retried = true};
    move(node, &change);
    json_object_put(error);
    node->attempt++;
    node->phase = NODE_PHASE_PAUSE;
    uv_timer_start(&node->timer, on_pause_over, (uint64_t)pause, 0);
    return true;
}

void node_conclude(struct node *node)
{
    struct execution *x = node->x;
    struct fault fault;

    record_running(node);
    end_attempt(node);
    if (node->stopping && strcmp(node->stopping, "timeout") == 0 && x->stop)
        set_error(node, "timeout", "the workflow ran longer than its timeoutMs allows");
    else if (node->stopping && strcmp(node->stopping, "timeout") == 0)
        set_error(node, "timeout", "not done after %lld ms", (long long)timeout_ms(node));
    else if (node->stopping)
        set_error(node, "cancelled", "cancelled");
    if (output_fit(node->output, RUN_OUTPUT_MAX, &fault) != RS_OK) {
        json_object_put(node->output);
        node->output = NULL;
        if (!node->error_code)
            set_error(node, "limit", "%s", fault.message);
    }
    if (node->error_code && retry(node))
        return;

    bool cancelled = node->error_code && strcmp(node->error_code, "cancelled") == 0;
    struct json_object *error = error_record(node);
    struct node_change change = {
        .node_id = node->def->id,
        .status = cancelled          ? NODE_CANCELLED
                  : node->error_code ? NODE_ERROR
                                     : NODE_SUCCESS,
        .attempt = node->attempt,
        .output = node->output,
        .error = error,
    };
    move(node, &change);
    json_object_put(error);
    node->phase = NODE_PHASE_SETTLED;
    x->n_active--;
    publish(node);
    if (node->status == NODE_ERROR && !json_get_bool(node->def->data, "continueOnError", false))
        execution_error(x, node->error_code, node->error, node->def->id);
    execution_settle(x, node);
}

void node_skip(struct node *node)
{
    struct node_change change = {.node_id = node->def->id, .status = NODE_SKIPPED};
    move(node, &change);
    node->phase = NODE_PHASE_SETTLED;
    publish(node);
}

static void on_timer_closed(uv_handle_t *handle)
{
    (void)handle; /* part of the node, which the execution frees after its loop is empty */
}

void node_release(struct node *node)
{
    uv_close((uv_handle_t *)&node->timer, on_timer_closed);
    json_object_put(node->output);
    json_object_put(node->data);
}
