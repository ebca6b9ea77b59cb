/* The tool calls of a model's answer, one after the other; then it is asked again. */
#include "base/utf8.h"
#include "runner/nodes/agent.h"
#include <stdio.h>
#include <string.h>

/* What a call gave, for the model. text: cut here. */
static void answer_call(struct agent *agent, struct json_object *call, const char *text)
{
    struct json_object *result = json_object_new_object();

    json_set_string(result, "role", "tool");
    json_set_string(result, "tool_call_id", json_get_string(call, "id", ""));
    agent_put_text(agent->node, result, "content", text, AGENT_RESULT_MAX);
    json_object_array_add(agent->messages, result);
}

static void answer_error(struct agent *agent, struct json_object *call, const char *error)
{
    struct json_object *result = json_object_new_object();

    json_set_string(result, "error", error);
    answer_call(agent, call, json_text(result, NULL));
    json_object_put(result);
}

static void on_called(void *ctx, const struct agent_call_result *result)
{
    struct agent *agent = ctx;
    struct json_object *call = json_object_array_get_idx(agent->asked, agent->next_call - 1), *both;

    agent->call = NULL;
    json_set_string(agent->current, "status", result->error_code ? "error" : "success");
    json_set_int(agent->current, "durationMs", result->duration_ms);
    if (result->error_code)
        json_set_string(agent->current, "error", result->error);
    if (agent->node->stopping) {
        agent_fail(agent, "cancelled", NULL, "cancelled");
        return;
    }
    if (!result->error_code) {
        answer_call(agent, call, json_text(result->output, NULL));
    } else {
        both = json_object_new_object();
        json_set_string(both, "error", result->error);
        if (result->output)
            json_set(both, "output", json_object_get(result->output));
        answer_call(agent, call, json_text(both, NULL));
        json_object_put(both);
    }
    agent_next_call(agent);
}

/* A call that is not made: said to the model, in the log and in the output. */
static void refuse(struct agent *agent, struct json_object *call, const char *reason)
{
    char text[FAULT_MESSAGE_MAX + 128];

    snprintf(text, sizeof text, "a call of %.64s is not made: %s",
             json_get_string(json_get(call, "function"), "name", "?"), reason);
    utf8_repair(text);
    node_log(agent->node, "warning", "agent", text, strlen(text));
    json_set_string(agent->current, "status", "refused");
    json_set_string(agent->current, "error", reason);
    answer_error(agent, call, reason);
}

/* The next call's place in the output. */
static void note(struct agent *agent, struct json_object *call, const struct agent_tool *tool)
{
    struct json_object *function = json_get(call, "function");
    const char *arguments = json_get_string(function, "arguments", "{}");

    agent->current = json_object_new_object();
    json_set_string(agent->current, "id", json_get_string(call, "id", ""));
    json_set_string(agent->current, "tool", tool ? tool->id : json_get_string(function, "name", ""));
    agent_put_text(agent->node, agent->current, "arguments", arguments, AGENT_CALL_KEEP_MAX);
    json_object_array_add(agent->called, agent->current);
}

void agent_next_call(struct agent *agent)
{
    struct json_object *settings = NULL;
    struct fault fault = {0};
    bool on = false;

    while (agent->next_call < json_object_array_length(agent->asked)) {
        struct json_object *call = json_object_array_get_idx(agent->asked, agent->next_call++);
        struct json_object *function = json_get(call, "function");
        const struct agent_tool *tool = agent_tools_find(&agent->tools, json_get_string(function, "name", ""));
        note(agent, call, tool);
        enum rs_err err = tool ? agent_tool_enabled(tool, agent->node, &on, &fault)
                               : fault_set(&fault, RS_NOT_FOUND, "there is no such tool");
        if (!err && !on)
            err = fault_set(&fault, RS_DENIED, "the tool %s is not enabled in this session", tool->id);
        if (!err)
            err = agent_tool_settings(tool, json_get_string(function, "arguments", "{}"), &settings, &fault);
        if (!err) {
            agent->call =
                agent_call_start(agent->node, tool, settings, json_get_string(call, "id", ""), on_called, agent);
            json_object_put(settings);
            return;
        }
        refuse(agent, call, fault.message);
    }
    json_object_put(agent->asked);
    agent->asked = NULL;
    agent_ask(agent);
}
