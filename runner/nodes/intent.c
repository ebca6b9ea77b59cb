/* intent - what somebody wants: a model says, and when none is configured, or it gives no usable verdict in time,
 * weighted keywords do. */
#include "runner/assist/intent.h"
#include "runner/jsonschema.h"
#include "runner/nodes/agent.h"
#include "runner/nodes/model_ask.h"
#include "runner/nodes/nodes.h"
#include <string.h>

#define MODEL_TIMEOUT_MS 15000 /* default of modelTimeoutMs */

static void decide_by_rules(struct node *node, const char *reason)
{
    struct json_object *intents = json_get(node->data, "intents");
    struct json_object *out = json_object_is_type(intents, json_type_object)
                                  ? intent_by_rules(json_get_string(node->data, "text", ""), intents)
                                  : NULL;

    if (!out) {
        node_fail(node, "input", NULL, "`intents` names no intent");
        return;
    }
    json_set_string(out, "method", "rules");
    json_set_string(out, "reason", reason);
    node_done(node, out);
}

static void on_answer(void *ctx, struct chat_answer *answer)
{
    struct node *node = ctx;
    struct json_object *schema = intent_schema(json_get(node->data, "intents")), *verdict = NULL;
    struct fault fault = {0};
    char reason[FAULT_MESSAGE_MAX + 64];

    node->state = NULL;
    enum rs_err err = answer->err;
    if (err)
        fault_set(&fault, err, "%s", answer->message);
    if (!err)
        err = chat_parts_json(answer->parts, &verdict, &fault);
    if (!err)
        err = jsonschema_check(schema, verdict, &fault);
    json_object_put(schema);
    if (err) {
        json_object_put(verdict);
        snprintf(reason, sizeof reason, "the model gave no verdict: %s", fault.message);
        node_log(node, "warning", "agent", reason, strlen(reason));
        decide_by_rules(node, reason);
        return;
    }
    json_set_string(verdict, "method", "model");
    node_done(node, verdict);
}

void intent_start(struct node *node)
{
    struct json_object *intents = json_get(node->data, "intents"), *body = json_object_new_object(),
                       *messages = json_object_new_array(), *told;
    struct model_ask *ask = NULL;
    struct fault fault = {0};

    if (!json_object_is_type(intents, json_type_object) || json_object_object_length(intents) == 0) {
        json_object_put(body);
        json_object_put(messages);
        node_fail(node, "input", NULL, "`intents` names no intent");
        return;
    }
    told = intent_instructions(intents);
    json_object_array_add(messages, agent_message("system", json_object_get_string(told)));
    json_object_array_add(messages, agent_message("user", json_get_string(node->data, "text", "")));
    json_object_put(told);
    json_set(body, "messages", messages);
    json_set_int(body, "temperature", 0);
    json_set(body, "response_format", agent_response_format(intent_schema(intents), "intent"));
    enum rs_err err = json_get_bool(node->data, "useModel", true)
                          ? model_ask_start(node, json_get_string(node->data, "model", NULL), body,
                                            json_get_int(node->data, "modelTimeoutMs", MODEL_TIMEOUT_MS), on_answer,
                                            node, &ask, &fault)
                          : fault_set(&fault, RS_NOT_FOUND, "the model is not asked");
    json_object_put(body);
    node->state = ask;
    if (err)
        decide_by_rules(node, fault.message);
}

void intent_stop(struct node *node)
{
    if (!node->state)
        return;
    model_ask_abort(node->state);
    node->state = NULL;
    node_fail(node, "cancelled", NULL, "cancelled");
}
