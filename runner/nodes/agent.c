/* agent - asks a model, executes the tools it calls, and asks again with their results, until it answers. Settings and
 * output: model/kind_agent.c. Errors of the endpoint have code model, budgets code limit; both keep what there was as
 * output. A failed tool is no error of the agent: the model is told, and may try something else. */
#include "runner/nodes/agent.h"
#include "base/clock.h"
#include "runner/jsonschema.h"
#include "runner/nodes/model_ask.h"
#include "runner/nodes/nodes.h"
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct chat_watch watch;

/* --- its end --- */

static void on_closed(uv_handle_t *handle)
{
    struct agent_deltas *deltas = handle->data;
    free((char *)deltas - offsetof(struct agent, deltas));
}

static void agent_free(struct agent *agent)
{
    agent_tools_release(&agent->tools);
    json_object_put(agent->messages);
    json_object_put(agent->asked);
    json_object_put(agent->called);
    free(agent->url);
    free(agent->key);
    free(agent->model);
    agent->node->state = NULL;
    agent_deltas_close(&agent->deltas, on_closed);
}

static const char *title(const struct agent *agent)
{
    return json_get_string(agent->node->def->data, "label", agent->node->def->id);
}

/* agent.finished and task.finished. */
static void tell_end(struct agent *agent, const char *status, const char *text)
{
    int64_t took = clock_mono_ms() - agent->begun_ms;
    struct json_object *data = agent_event_data(agent->node);

    json_set_string(data, "taskId", agent->node->def->id);
    agent_put_text(agent->node, data, "name", json_get_string(agent->node->data, "prompt", ""), AGENT_TITLE_MAX);
    json_set_string(data, "status", status);
    agent_put_seconds(data, "durationS", took);
    if (text)
        agent_put_text(agent->node, data, "output", text, AGENT_CALL_KEEP_MAX);
    agent_emit(agent->node, "task.finished", data);
    data = agent_event_data(agent->node);
    json_set_string(data, "name", title(agent));
    json_set_string(data, "status", status);
    agent_put_seconds(data, "durationS", took);
    json_set(data, "usage", model_usage_json(&agent->usage));
    agent_emit(agent->node, "agent.finished", data);
}

static struct json_object *output_of(const struct agent *agent, const struct chat_parts *parts)
{
    struct json_object *out = json_object_new_object();

    json_set(out, "text", json_object_new_string(parts && parts->text.data ? parts->text.data : ""));
    json_set(out, "toolCalls", json_object_get(agent->called));
    json_set(out, "usage", model_usage_json(&agent->usage));
    json_set(out, "model", agent->model ? json_object_new_string(agent->model) : NULL);
    if (parts && parts->finish[0])
        json_set_string(out, "finishReason", parts->finish);
    return out;
}

void agent_fail(struct agent *agent, const char *code, const struct chat_parts *parts, const char *fmt, ...)
{
    struct node *node = agent->node;
    struct json_object *out = output_of(agent, parts);
    char message[FAULT_MESSAGE_MAX];
    va_list args;

    va_start(args, fmt);
    vsnprintf(message, sizeof message, fmt, args);
    va_end(args);
    agent_deltas_flush(&agent->deltas);
    tell_end(agent, strcmp(code, "cancelled") == 0 ? "cancelled" : "error", NULL);
    agent_free(agent);
    node_fail(node, code, out, "%s", message);
}

static void succeed(struct agent *agent, const struct chat_parts *parts, struct json_object *json)
{
    struct node *node = agent->node;
    struct json_object *out = output_of(agent, parts);

    if (json_get(node->data, "outputSchema"))
        json_set(out, "json", json);
    agent_remember(agent, json_get_string(out, "text", ""));
    tell_end(agent, "success", json_get_string(out, "text", ""));
    agent_free(agent);
    node_done(node, out);
}

static void tell_begin(struct agent *agent)
{
    struct json_object *data = agent_event_data(agent->node);

    json_set_string(data, "name", title(agent));
    json_set(data, "model", agent->model ? json_object_new_string(agent->model) : NULL);
    agent_emit(agent->node, "agent.started", data);
    data = agent_event_data(agent->node);
    json_set_string(data, "taskId", agent->node->def->id);
    agent_put_text(agent->node, data, "name", json_get_string(agent->node->data, "prompt", ""), AGENT_TITLE_MAX);
    agent_emit(agent->node, "task.started", data);
}

/* No model is configured: the answer the workflow has for that. */
static void answer_without(struct agent *agent, const char *text)
{
    struct chat_parts parts;

    chat_parts_init(&parts);
    free(agent->model);
    agent->model = NULL;
    if (buf_puts(&parts.text, text)) {
        agent_fail(agent, "limit", NULL, "withoutModel is longer than %d bytes", CHAT_TEXT_MAX);
    } else {
        agent_deltas_add(&agent->deltas, text, strlen(text));
        agent_deltas_flush(&agent->deltas);
        succeed(agent, &parts, NULL);
    }
    chat_parts_release(&parts);
}

void agent_start(struct node *node)
{
    struct agent *agent = calloc(1, sizeof *agent);
    struct json_object *session = NULL;
    struct fault fault = {0};

    if (!agent)
        execution_give_up();
    node->state = agent;
    agent->node = node;
    agent->called = json_object_new_array();
    agent->begun_ms = clock_mono_ms();
    agent_deltas_init(&agent->deltas, node);
    enum rs_err err = agent_setup(agent, &session, &fault);
    tell_begin(agent);
    if (!err)
        err = agent_setup_messages(agent, session, &fault);
    const char *without = json_get_string(node->data, "withoutModel", NULL);
    bool has_model = agent->url && agent->model;
    json_object_put(session);
    if (err)
        agent_fail(agent, "input", NULL, "%s", fault.message);
    else if (!has_model && without)
        answer_without(agent, without);
    else if (!agent->url)
        agent_fail(agent, "input", NULL, "no model endpoint is configured: set model.url, or the node's `url`");
    else if (!agent->model)
        agent_fail(agent, "input", NULL, "no model is named: set the node's `model`, the session's, or model.default");
    else
        agent_ask(agent);
}

void agent_stop(struct node *node)
{
    struct agent *agent = node->state;

    if (!agent)
        return;
    if (agent->call) {
        agent_call_stop(agent->call, node->stopping);
        return;
    }
    chat_abort(agent->chat);
    agent->chat = NULL;
    agent_fail(agent, "cancelled", NULL, "cancelled");
}

/* --- asking --- */

struct json_object *agent_response_format(struct json_object *schema, const char *name)
{
    struct json_object *format = json_object_new_object(), *json_schema = json_object_new_object();

    json_set_string(json_schema, "name", name);
    json_set(json_schema, "schema", schema);
    json_set_bool(json_schema, "strict", true);
    json_set_string(format, "type", "json_schema");
    json_set(format, "json_schema", json_schema);
    return format;
}

static struct json_object *request_body(struct agent *agent, struct json_object *tools)
{
    static const char *const as_they_are[][2] = {{"temperature", "temperature"}, {"maxTokens", "max_tokens"}};
    struct json_object *body = json_object_new_object(), *data = agent->node->data, *value;

    json_set_string(body, "model", agent->model);
    json_set(body, "messages", json_object_get(agent->messages));
    if (tools)
        json_set(body, "tools", json_object_get(tools));
    for (size_t i = 0; i < sizeof as_they_are / sizeof *as_they_are; i++)
        if ((value = json_get(data, as_they_are[i][0])))
            json_set(body, as_they_are[i][1], json_object_get(value));
    if ((value = json_get(data, "outputSchema")))
        json_set(body, "response_format", agent_response_format(json_object_get(value), "answer"));
    return body;
}

void agent_ask(struct agent *agent)
{
    struct node *node = agent->node;
    int64_t most = json_get_int(node->data, "maxIterations", AGENT_ITERATIONS);
    struct json_object *tools = NULL, *body = NULL;
    struct fault fault = {0};

    if (agent->iterations >= most) {
        agent_fail(agent, "limit", NULL,
                   "the model was asked %d times and still calls tools; maxIterations allows no more",
                   agent->iterations);
        return;
    }
    agent->iterations++;
    enum rs_err err = agent_tools_json(&agent->tools, node, &tools, &fault);
    if (!err) {
        body = request_body(agent, tools);
        struct chat_request request = {.url = agent->url,
                                       .key = agent->key,
                                       .allow_private = agent->allow_private,
                                       .body = body,
                                       .retries = (int)json_get_int(node->data, "requestRetries", CHAT_RETRIES),
                                       .silence_ms = json_get_int(node->data, "silenceMs", 0)};
        err = chat_start(&node->x->loop, node->x->http, &request, &watch, agent, &agent->chat, &fault);
    }
    json_object_put(tools);
    json_object_put(body);
    if (err)
        agent_fail(agent, err == RS_LIMIT ? "limit" : "input", NULL, "%s", fault.message);
}

static void on_text(void *ctx, const char *text, size_t len)
{
    struct agent *agent = ctx;
    agent_deltas_add(&agent->deltas, text, len);
}

static void on_retry(void *ctx, const char *text)
{
    struct agent *agent = ctx;
    node_log(agent->node, "warning", "agent", text, strlen(text));
}

/* --- the answer --- */

/* Is a budget used up? Then the node has failed. */
static bool over_budget(struct agent *agent, const struct chat_parts *parts)
{
    struct json_object *data = agent->node->data, *max_cost = json_get(data, "maxCostUsd");
    int64_t most = json_get_int(data, "maxTotalTokens", 0);
    int64_t total = agent->usage.prompt_tokens + agent->usage.completion_tokens;

    if (most > 0 && total > most) {
        agent_fail(agent, "limit", parts, "the model used %lld tokens in %d requests; maxTotalTokens allows %lld",
                   (long long)total, agent->iterations, (long long)most);
        return true;
    }
    if (max_cost && (double)agent->usage.cost > json_object_get_double(max_cost) * 1000000) {
        agent_fail(agent, "limit", parts, "the model cost %.6f US dollars in %d requests; maxCostUsd allows %g",
                   (double)agent->usage.cost / 1000000, agent->iterations, json_object_get_double(max_cost));
        return true;
    }
    return false;
}

static void finish(struct agent *agent, struct chat_parts *parts)
{
    struct json_object *schema = json_get(agent->node->data, "outputSchema"), *json = NULL;
    char text[FAULT_MESSAGE_MAX + 128];
    struct fault fault = {0};

    if (!schema) {
        succeed(agent, parts, NULL);
        return;
    }
    enum rs_err err = chat_parts_json(parts, &json, &fault);
    if (!err)
        err = jsonschema_check(schema, json, &fault);
    if (!err) {
        succeed(agent, parts, json);
        return;
    }
    json_object_put(json);
    if (err == RS_UNPROCESSABLE || err == RS_LIMIT) {
        agent_fail(agent, "input", parts, "outputSchema: %s", fault.message);
    } else if (agent->schema_retried) {
        agent_fail(agent, "model", parts, "the answer of %s does not fit outputSchema, asked twice: %s", agent->model,
                   fault.message);
    } else {
        agent->schema_retried = true;
        snprintf(text, sizeof text,
                 "Your answer does not fit the JSON Schema: %s. Answer again, with nothing but the JSON.",
                 fault.message);
        node_log(agent->node, "warning", "agent", text, strlen(text));
        json_object_array_add(agent->messages, chat_parts_message(parts));
        json_object_array_add(agent->messages, agent_message("user", text));
        agent_ask(agent);
    }
}

static void on_done(void *ctx, struct chat_answer *answer)
{
    struct agent *agent = ctx;
    struct chat_parts *parts = answer->parts;

    agent->chat = NULL;
    agent_deltas_flush(&agent->deltas);
    if (answer->err) {
        const char *code = answer->err == RS_LIMIT ? "limit" : "model";
        agent_fail(agent, code, parts, "%s", answer->message);
        return;
    }
    model_count(agent->node, &agent->price, agent->messages, parts, &agent->usage);
    if (over_budget(agent, parts))
        return;
    if (parts->n_calls == 0) {
        finish(agent, parts);
        return;
    }
    struct json_object *said = chat_parts_message(parts);
    json_object_array_add(agent->messages, said);
    agent->asked = json_object_get(json_get(said, "tool_calls"));
    agent->next_call = 0;
    agent_next_call(agent);
}

static const struct chat_watch watch = {.on_text = on_text, .on_retry = on_retry, .on_done = on_done};
