/* One tool called by a model: a node of the tool's kind, in no graph, whose life is told by tool.* events. */
#include "base/clock.h"
#include "runner/nodes/agent.h"
#include <stdlib.h>
#include <string.h>

struct agent_call {
    struct node node; /* executes it; first, so that its functions find the call */
    struct graph_node def;
    struct node *parent;
    const struct agent_tool *tool;
    char *id;
    agent_call_fn *fn;
    void *ctx;
    uv_timer_t conclude;
};

static void put_tool(const struct agent_call *call, struct json_object *data)
{
    bool is_agent = strcmp(call->parent->def->kind->group, "agent") == 0;
    json_set(data, "agentId", is_agent ? json_object_new_string(call->parent->def->id) : NULL);
    json_set_string(data, "tool", call->tool->id);
    json_set_string(data, "callId", call->id);
}

/* A value whose JSON is short enough for an event, or its beginning as text. */
static void put_short(const struct node *node, struct json_object *data, const char *key, struct json_object *value)
{
    size_t len;
    const char *text = json_text(value, &len);
    if (len <= AGENT_CALL_KEEP_MAX)
        json_set(data, key, json_object_get(value));
    else
        agent_put_text(node, data, key, text, AGENT_CALL_KEEP_MAX);
}

static void begun(struct node *node)
{
    struct agent_call *call = (struct agent_call *)node;
    struct json_object *data = agent_event_data(call->parent);

    put_tool(call, data);
    put_short(node, data, "params", node->def->data);
    agent_emit(call->parent, "tool.started", data);
    node->status = NODE_RUNNING;
}

static void retried(struct node *node)
{
    (void)node; /* its log says so */
}

static void waits(struct node *node, const char *message, int64_t deadline_ms)
{
    (void)node; /* the agent's node is what has a status */
    (void)message;
    (void)deadline_ms;
}

static void on_conclude_closed(uv_handle_t *handle)
{
    struct agent_call *call = handle->data;

    json_object_put(call->def.data);
    free(call->id);
    free(call);
}

static void closed(struct node *node)
{
    struct agent_call *call = (struct agent_call *)node;
    uv_close((uv_handle_t *)&call->conclude, on_conclude_closed);
}

static void ended(struct node *node)
{
    struct agent_call *call = (struct agent_call *)node;
    struct json_object *data = agent_event_data(call->parent), *exit_code = json_get(node->output, "exitCode");
    struct agent_call_result result = {.error_code = node->error_code,
                                       .error = node->error,
                                       .output = node->output,
                                       .duration_ms = clock_mono_ms() - node->begun_mono_ms};

    put_tool(call, data);
    agent_put_seconds(data, "durationS", result.duration_ms);
    json_set(data, "exitCode", json_object_is_type(exit_code, json_type_int) ? json_object_get(exit_code) : NULL);
    json_set_string(data, "status", node->error_code ? "error" : "success");
    if (node->output)
        put_short(node, data, "output", node->output);
    if (node->error_code)
        json_set_string(data, "error", node->error);
    agent_emit(call->parent, "tool.finished", data);
    call->fn(call->ctx, &result);
    node_release(node);
}

static void on_conclude(uv_timer_t *timer)
{
    struct agent_call *call = timer->data;
    if (call->node.phase == NODE_PHASE_DONE)
        node_conclude(&call->node);
}

static void concludable(struct node *node)
{
    struct agent_call *call = (struct agent_call *)node;
    uv_timer_start(&call->conclude, on_conclude, 0, 0);
}

static void log_line(struct node *node, const char *level, const char *source, const char *text, size_t len)
{
    struct agent_call *call = (struct agent_call *)node;
    node_log(call->parent, level, source, text, len);
}

static enum rs_err set_group(struct node *node, pid_t pgid, struct fault *fault)
{
    struct agent_call *call = (struct agent_call *)node;
    return node_set_group(call->parent, pgid, fault);
}

/* An agent that was interrupted begins anew: what its tools keep would be of no use. */
static void save(struct node *node, struct json_object *state)
{
    (void)node;
    (void)state;
}

static struct json_object *saved(struct node *node)
{
    (void)node;
    return NULL;
}

static const struct node_home home = {
    .begun = begun,
    .retried = retried,
    .waits = waits,
    .ended = ended,
    .concludable = concludable,
    .log = log_line,
    .set_group = set_group,
    .save = save,
    .saved = saved,
    .closed = closed,
    .output_max = RUN_OUTPUT_MAX,
};

struct agent_call *agent_call_start(struct node *parent, const struct agent_tool *tool, struct json_object *settings,
                                    const char *call_id, agent_call_fn *fn, void *ctx)
{
    struct agent_call *call = calloc(1, sizeof *call);

    if (!call)
        execution_give_up();
    call->parent = parent;
    call->tool = tool;
    call->id = strdup(call_id);
    call->fn = fn;
    call->ctx = ctx;
    call->def = (struct graph_node){.id = parent->def->id, .kind = tool->kind, .data = json_object_get(settings)};
    uv_timer_init(&parent->x->loop, &call->conclude);
    call->conclude.data = call;
    node_init(&call->node, parent->x, &call->def, &home, 0);
    call->node.literal = true;
    node_begin(&call->node);
    return call;
}

void agent_call_stop(struct agent_call *call, const char *code)
{
    node_stop(&call->node, code);
}
