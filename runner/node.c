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

struct json_object *node_error(const struct node *node)
{
    if (!node->error_code)
        return NULL;
    struct json_object *error = json_object_new_object();
    json_set_string(error, "code", node->error_code);
    json_set_string(error, "message", node->error);
    json_set_string(error, "nodeId", node->def->id);
    return error;
}

/* The first attempt's templates are evaluated, or failed to be: now it runs. */
static void record_running(struct node *node)
{
    if (node->status == NODE_PENDING)
        node->home->begun(node);
}

/* --- an attempt --- */

static void finish(struct node *node)
{
    uv_timer_stop(&node->timer);
    node->phase = NODE_PHASE_DONE;
    node->waits = false;
    node->nudged = NULL;
    node->child_run_id = NULL;
    node->home->concludable(node);
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
    mask_string(node->x->mask, node->error, sizeof node->error, true);
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

const char *node_code(const char *code)
{
    static const char *const codes[] = {"timeout", "exit", "expression", "model", "limit", "input", "orphaned"};
    for (size_t i = 0; i < sizeof codes / sizeof *codes; i++)
        if (strcmp(codes[i], code) == 0)
            return codes[i];
    return "exit";
}

void node_log(struct node *node, const char *level, const char *source, const char *text, size_t len)
{
    node->home->log(node, level, source, text, len);
}

void node_fail_jq(struct node *node, const char *setting, const struct fault *fault)
{
    node_fail(node, fault->code == RS_LIMIT ? "limit" : "expression", NULL, "node %s%s%s%s: %s", node->def->id,
              setting ? ", `" : "", setting ? setting : "", setting ? "`" : "", fault->message);
}

void node_eval(struct node *node, const char *program, jqworker_fn *fn, void *ctx)
{
    jqworker_eval(node->x->jq, program, node->with, fn, ctx);
}

void node_wait(struct node *node, const char *message, int64_t deadline_ms)
{
    assert(node->phase == NODE_PHASE_WORK);
    node->home->waits(node, message, deadline_ms);
    node_waits(node);
}

void node_waits(struct node *node)
{
    node->status = NODE_WAITING;
    node->waits = true;
    node->home->concludable(node); /* its place is free for another node */
}

char *node_tag(const struct node *node, char out[NODE_TAG_MAX])
{
    if (node->home == &node_home_graph)
        snprintf(out, NODE_TAG_MAX, "%s", node->def->id);
    else
        snprintf(out, NODE_TAG_MAX, "%.*s.%u", ID_MAX, node->def->id, node->serial);
    return out;
}

void node_save(struct node *node, struct json_object *state)
{
    struct json_object *shown = mask_copy(node->x->mask, json_object_get(state));

    node->home->save(node, shown);
    json_object_put(shown);
}

struct json_object *node_saved(struct node *node)
{
    return node->home->saved(node);
}

enum rs_err node_set_group(struct node *node, pid_t pgid, struct fault *fault)
{
    return node->home->set_group(node, pgid, fault);
}

static void on_timeout(uv_timer_t *timer)
{
    node_stop(timer->data, "timeout");
}

int64_t node_timeout_ms(const struct node *node)
{
    return json_get_int(node->def->data, "timeoutMs",
                        node_type_patient(node->type) ? 0 : config_number(node->x->dd->config, "runner.node_timeout"));
}

void node_start(struct node *node)
{
    node->phase = NODE_PHASE_WORK;
    if (node_timeout_ms(node) > 0)
        uv_timer_start(&node->timer, on_timeout, (uint64_t)node_timeout_ms(node), 0);
    node->type->start(node);
}

static void work(struct node *node)
{
    node->phase = NODE_PHASE_WORK;
    record_running(node);
    if (node->phase == NODE_PHASE_WORK)
        node_start(node);
}

/* What templates are not evaluated in, now: program text, jq, what has jq in it, the settings of items. */
static bool is_program(const struct kind_setting *setting)
{
    bool program = setting->type == SETTING_JQ || setting->type == SETTING_NODE || setting->widget == WIDGET_CODE;
    for (const struct kind_setting *m = setting->members; m && m->name && !program; m++)
        program = m->type == SETTING_JQ;
    return program;
}

static void on_rendered(void *ctx, struct json_object *value, const struct fault *fault)
{
    struct node *node = ctx;

    if (fault->code != RS_OK || node->stopping) {
        json_object_put(value);
        node_fail_jq(node, NULL, fault);
        return;
    }
    for (const struct kind_setting *s = node->def->kind->settings; s->name; s++) {
        /* Program text is no template; it comes back from the definition. */
        if (is_program(s))
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
        if (value && !is_program(s))
            json_set(out, s->name, json_object_get(value));
    }
    return out;
}

static void attempt(struct node *node)
{
    node->stopping = NULL;
    struct json_object *settings = renderable(node);
    if (!node->literal && template_has_json(settings)) {
        node->phase = NODE_PHASE_RENDER;
        jqworker_render(node->x->jq, settings, node->with, on_rendered, node);
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
    case NODE_PHASE_BEGINS:
    case NODE_PHASE_DONE:
    case NODE_PHASE_SETTLED:
        break;
    }
}

bool node_may_suspend(const struct node *node)
{
    const char *kind = node->def->kind->name;
    return node->waits && node->phase == NODE_PHASE_WORK && !node->stopping &&
           (strcmp(kind, "delay") == 0 || strcmp(kind, "approval") == 0 || strcmp(kind, "foreach") == 0);
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

void node_suspend(struct node *node)
{
    uv_timer_stop(&node->timer);
    end_attempt(node);
    node->waits = false;
    node->nudged = NULL;
    node->status = NODE_PENDING;
    node->phase = NODE_PHASE_IDLE;
    node->attempt = 0;
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
    node->home->retried(node);
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
        set_error(node, "timeout", "not done after %lld ms", (long long)node_timeout_ms(node));
    else if (node->stopping)
        set_error(node, "cancelled", "cancelled");
    node->output = mask_copy(x->mask, node->output);
    if (output_fit(node->output, node->home->output_max, &fault) != RS_OK) {
        json_object_put(node->output);
        node->output = NULL;
        if (!node->error_code)
            set_error(node, "limit", "%s", fault.message);
    }
    if (node->error_code && retry(node))
        return;

    bool cancelled = node->error_code && strcmp(node->error_code, "cancelled") == 0;
    node->status = cancelled ? NODE_CANCELLED : node->error_code ? NODE_ERROR : NODE_SUCCESS;
    node->phase = NODE_PHASE_SETTLED;
    node->home->ended(node);
}

void node_skip(struct node *node)
{
    node->status = NODE_SKIPPED;
    node->phase = NODE_PHASE_SETTLED;
    node->home->ended(node);
}

static unsigned next_serial(void)
{
    static unsigned serial; /* one run a process, one thread */
    return ++serial;
}

void node_init(struct node *node, struct execution *x, const struct graph_node *def, const struct node_home *home,
               int index)
{
    *node = (struct node){.x = x, .def = def, .home = home, .index = index, .serial = next_serial(),
                           .status = NODE_PENDING};
    node->type = node_type_find(def->kind->name);
    uv_timer_init(&x->loop, &node->timer);
    node->timer.data = node;
}

void node_reset(struct node *node, int index, struct json_object *with)
{
    json_object_put(node->output);
    json_object_put(node->with);
    node->index = index;
    node->serial = next_serial();
    node->with = with;
    node->phase = NODE_PHASE_IDLE;
    node->status = NODE_PENDING;
    node->attempt = 0;
    node->output = NULL;
    node->stopping = node->error_code = node->handle = NULL;
    node->final = false;
}

static void on_timer_closed(uv_handle_t *handle)
{
    struct node *node = handle->data;
    if (node->home->closed)
        node->home->closed(node);
}

void node_release(struct node *node)
{
    uv_close((uv_handle_t *)&node->timer, on_timer_closed);
    json_object_put(node->output);
    json_object_put(node->data);
    json_object_put(node->with);
    node->output = node->data = node->with = NULL;
}
