/* tool_select - which tools help, and with which arguments: a model chooses among those enabled, and when none is
 * given, or it cannot, rules do: an intent, weighted keywords, an address in the text. Nothing is called here. */
#include "runner/assist/text.h"
#include "runner/nodes/agent.h"
#include "runner/nodes/model_ask.h"
#include "runner/nodes/nodes.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MODEL_TIMEOUT_MS 30000 /* default of modelTimeoutMs */
#define SCORE_INTENT 2.0       /* the intent is one of the rule's */
#define SCORE_URL 3.0          /* the text holds an address, and the rule wants one */
#define SCORE_ENOUGH 1.0

struct choice {
    struct node *node;
    struct agent_tools tools;
    struct model_ask *ask;
    struct json_object *calls, *rejected;
};

static void choice_free(struct choice *c)
{
    c->node->state = NULL;
    agent_tools_release(&c->tools);
    json_object_put(c->calls);
    json_object_put(c->rejected);
    free(c);
}

static void finish(struct choice *c, const char *method, const char *reason)
{
    struct node *node = c->node;
    struct json_object *out = json_object_new_object();

    json_set_string(out, "method", method);
    json_set_string(out, "reason", reason);
    json_set(out, "calls", json_object_get(c->calls));
    json_set(out, "rejected", json_object_get(c->rejected));
    choice_free(c);
    node_done(node, out);
}

static void reject(struct choice *c, const char *tool, const char *reason)
{
    struct json_object *item = json_object_new_object();
    json_set_string(item, "tool", tool);
    json_set_string(item, "reason", reason);
    json_object_array_add(c->rejected, item);
}

/* Take a call whose arguments the tool can be called with; arguments: JSON text. */
static void take(struct choice *c, const struct agent_tool *tool, const char *arguments, double score)
{
    struct json_object *settings = NULL, *given = NULL, *item;
    struct fault fault = {0};

    if (agent_tool_settings(tool, arguments, &settings, &fault) != RS_OK ||
        (*arguments && json_parse(arguments, strlen(arguments), CHAT_ARGUMENTS_MAX, &given, &fault) != RS_OK)) {
        json_object_put(settings);
        reject(c, tool->id, fault.message);
        return;
    }
    item = json_object_new_object();
    json_set_string(item, "tool", tool->id);
    json_set(item, "arguments", given ? given : json_object_new_object());
    if (score > 0)
        json_set(item, "score", json_object_new_double(score));
    json_object_array_add(c->calls, item);
    json_object_put(settings);
}

/* --- by rules --- */

static bool names_intent(struct json_object *rule, const char *intent)
{
    struct json_object *intents = json_get_array(rule, "intents");
    for (size_t i = 0; intents && intent && i < json_object_array_length(intents); i++) {
        const char *one = json_object_get_string(json_object_array_get_idx(intents, i));
        if (one && strcmp(one, intent) == 0)
            return true;
    }
    return false;
}

static void choose_by_rules(struct choice *c, const char *reason)
{
    struct json_object *data = c->node->data, *rules = json_get(data, "rules");
    const char *text = json_get_string(data, "text", ""), *intent = json_get_string(data, "intent", NULL);
    struct json_object *urls = text_urls(text);
    bool has_url = json_object_array_length(urls) > 0, on;
    struct fault fault;

    for (int i = 0; i < c->tools.n; i++) {
        const struct agent_tool *tool = &c->tools.all[i];
        struct json_object *rule = json_object_is_type(rules, json_type_object) ? json_get(rules, tool->id) : NULL;
        bool wants_url = json_get_bool(rule, "url", false);
        double score = (names_intent(rule, intent) ? SCORE_INTENT : 0) + text_score(text, json_get(rule, "keywords")) +
                       (wants_url && has_url ? SCORE_URL : 0);
        if (agent_tool_enabled(tool, c->node, &on, &fault) != RS_OK || !on)
            reject(c, tool->id, "not enabled in this session");
        else if (!rule)
            reject(c, tool->id, "no rule says when");
        else if (wants_url && !has_url)
            reject(c, tool->id, "there is no address in the text");
        else if (score < SCORE_ENOUGH)
            reject(c, tool->id, "nothing in the text asks for it");
        else
            take(c, tool, json_text(json_get(rule, "arguments"), NULL), score);
    }
    json_object_put(urls);
    finish(c, "rules", reason);
}

/* --- by the model --- */

static void on_answer(void *ctx, struct chat_answer *answer)
{
    struct choice *c = ctx;
    char reason[FAULT_MESSAGE_MAX + 64];
    struct fault fault;
    bool on;

    c->ask = NULL;
    if (answer->err) {
        snprintf(reason, sizeof reason, "the model did not choose: %s", answer->message);
        node_log(c->node, "warning", "agent", reason, strlen(reason));
        choose_by_rules(c, reason);
        return;
    }
    for (int i = 0; i < answer->parts->n_calls; i++) {
        const struct chat_call *call = &answer->parts->calls[i];
        const char *name = call->name ? call->name : "";
        const struct agent_tool *tool = agent_tools_find(&c->tools, name);
        if (!tool)
            reject(c, name, "there is no such tool");
        else if (agent_tool_enabled(tool, c->node, &on, &fault) != RS_OK || !on)
            reject(c, tool->id, "not enabled in this session");
        else
            take(c, tool, call->arguments.len > 0 ? call->arguments.data : "", 0);
    }
    finish(c, "model", NULL);
}

static struct json_object *question(const struct choice *c, struct json_object *tools)
{
    static const char instructions[] = "Call the tools whose results are needed to answer the user's message, and none "
                                       "when it can be answered without. "
                                       "Do not answer the message itself.";
    struct json_object *body = json_object_new_object(), *messages = json_object_new_array();

    json_object_array_add(messages, agent_message("system", instructions));
    json_object_array_add(messages, agent_message("user", json_get_string(c->node->data, "text", "")));
    json_set(body, "messages", messages);
    json_set(body, "tools", json_object_get(tools));
    json_set_int(body, "temperature", 0);
    return body;
}

void tool_select_start(struct node *node)
{
    const char *model = json_get_string(node->data, "model", NULL);
    struct choice *c = calloc(1, sizeof *c);
    struct json_object *tools = NULL, *body;
    struct fault fault = {0};

    if (!c)
        execution_give_up();
    node->state = c;
    c->node = node;
    c->calls = json_object_new_array();
    c->rejected = json_object_new_array();
    enum rs_err err = agent_tools_init(&c->tools, node, &fault);
    if (!err)
        err = agent_tools_json(&c->tools, node, &tools, &fault);
    if (err) {
        choice_free(c);
        node_fail(node, err == RS_LIMIT ? "limit" : "input", NULL, "%s", fault.message);
        return;
    }
    if (!model || !tools) {
        json_object_put(tools);
        choose_by_rules(c, model ? "no tool is enabled" : "no model was given");
        return;
    }
    body = question(c, tools);
    err = model_ask_start(node, model, body, json_get_int(node->data, "modelTimeoutMs", MODEL_TIMEOUT_MS), on_answer, c,
                          &c->ask, &fault);
    json_object_put(tools);
    json_object_put(body);
    if (err)
        choose_by_rules(c, fault.message);
}

void tool_select_stop(struct node *node)
{
    struct choice *c = node->state;
    if (!c)
        return;
    model_ask_abort(c->ask);
    choice_free(c);
    node_fail(node, "cancelled", NULL, "cancelled");
}
