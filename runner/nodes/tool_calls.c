/* tool_calls - executes calls of tools, [{tool, arguments}], one after the other, those only that are enabled. A call
 * that fails is a result, too: the node succeeds. */
#include "runner/nodes/agent.h"
#include "runner/nodes/nodes.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CALLS_MAX 8
#define RESULT_MAX (24 * 1024) /* bytes of one result; all together must fit an output */

struct calls {
    struct node *node;
    struct agent_tools tools;
    struct agent_call *call; /* under way */
    struct json_object *results, *current;
    size_t next;
};

static void next_call(struct calls *c);

static void calls_free(struct calls *c)
{
    c->node->state = NULL;
    agent_tools_release(&c->tools);
    json_object_put(c->results);
    free(c);
}

static void put_output(const struct node *node, struct json_object *result, struct json_object *output)
{
    size_t len;
    const char *text = json_text(output, &len);
    if (len <= RESULT_MAX)
        json_set(result, "output", json_object_get(output));
    else
        agent_put_text(node, result, "output", text, RESULT_MAX);
    json_set_bool(result, "truncated", len > RESULT_MAX);
}

static void on_called(void *ctx, const struct agent_call_result *called)
{
    struct calls *c = ctx;
    struct node *node = c->node;

    c->call = NULL;
    json_set_bool(c->current, "success", !called->error_code);
    json_set_int(c->current, "durationMs", called->duration_ms);
    if (called->output)
        put_output(node, c->current, called->output);
    if (called->error_code)
        json_set_string(c->current, "error", called->error);
    if (node->stopping) {
        calls_free(c);
        node_fail(node, "cancelled", NULL, "cancelled");
        return;
    }
    next_call(c);
}

static const struct agent_tool *tool_by_id(const struct calls *c, const char *id)
{
    for (int i = 0; i < c->tools.n; i++)
        if (strcmp(c->tools.all[i].id, id) == 0)
            return &c->tools.all[i];
    return NULL;
}

/* Begin one call: RS_OK, it runs; else it is not made, with the reason. */
static enum rs_err begin(struct calls *c, struct json_object *call, struct fault *fault)
{
    const char *id = json_get_string(call, "tool", "");
    const struct agent_tool *tool = tool_by_id(c, id);
    struct json_object *settings = NULL;
    char call_id[32];
    bool on = false;

    if (!tool)
        return fault_set(fault, RS_NOT_FOUND, "there is no tool \"%.64s\" here", id);
    enum rs_err err = agent_tool_enabled(tool, c->node, &on, fault);
    if (!err && !on)
        err = fault_set(fault, RS_DENIED, "the tool %s is not enabled in this session", tool->id);
    if (!err)
        err = agent_tool_settings(tool, json_text(json_get(call, "arguments"), NULL), &settings, fault);
    if (err)
        return err;
    snprintf(call_id, sizeof call_id, "call_%zu", c->next);
    c->call = agent_call_start(c->node, tool, settings, call_id, on_called, c);
    json_object_put(settings);
    return RS_OK;
}

static void next_call(struct calls *c)
{
    struct node *node = c->node;
    struct json_object *calls = json_get(node->data, "calls"), *out;
    struct fault fault;
    int64_t n_good = 0;

    while (c->next < json_object_array_length(calls)) {
        struct json_object *call = json_object_array_get_idx(calls, c->next++);
        c->current = json_object_new_object();
        json_set_string(c->current, "tool", json_get_string(call, "tool", ""));
        json_set(c->current, "arguments", json_object_get(json_get(call, "arguments")));
        json_object_array_add(c->results, c->current);
        if (begin(c, call, &fault) == RS_OK)
            return;
        json_set_bool(c->current, "success", false);
        json_set_string(c->current, "error", fault.message);
        node_log(node, "warning", "runner", fault.message, strlen(fault.message));
    }
    for (size_t i = 0; i < json_object_array_length(c->results); i++)
        n_good += json_get_bool(json_object_array_get_idx(c->results, i), "success", false);
    out = json_object_new_object();
    json_set(out, "results", json_object_get(c->results));
    json_set_int(out, "succeeded", n_good);
    json_set_int(out, "failed", (int64_t)json_object_array_length(c->results) - n_good);
    calls_free(c);
    node_done(node, out);
}

void tool_calls_start(struct node *node)
{
    struct json_object *calls = json_get(node->data, "calls");
    struct calls *c;
    struct fault fault = {0};

    if (!json_object_is_type(calls, json_type_array) || json_object_array_length(calls) > CALLS_MAX) {
        node_fail(node, "input", NULL, "`calls` is no list of at most %d calls", CALLS_MAX);
        return;
    }
    if (!(c = calloc(1, sizeof *c)))
        execution_give_up();
    node->state = c;
    c->node = node;
    c->results = json_object_new_array();
    enum rs_err err = agent_tools_init(&c->tools, node, &fault);
    if (err) {
        calls_free(c);
        node_fail(node, err == RS_LIMIT ? "limit" : "input", NULL, "%s", fault.message);
        return;
    }
    next_call(c);
}

void tool_calls_stop(struct node *node)
{
    struct calls *c = node->state;
    if (c && c->call)
        agent_call_stop(c->call, node->stopping);
}
