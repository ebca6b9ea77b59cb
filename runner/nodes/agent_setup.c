/* What an agent is asked, of whom, at which price: its settings, the session's and the instance's. */
#include "model/session.h"
#include "runner/nodes/agent.h"
#include <stdlib.h>
#include <string.h>

#define RUN_MEMBER "runId" /* of a message that is remembered: the run it was said in */

struct json_object *agent_message(const char *role, const char *text)
{
    struct json_object *out = json_object_new_object();
    json_set_string(out, "role", role);
    json_set(out, "content", json_object_new_string(text));
    return out;
}

/* Without what is ours: endpoints refuse members they do not know. */
static struct json_object *as_asked(struct json_object *message)
{
    struct json_object *copy = NULL;
    if (!json_get(message, RUN_MEMBER) || json_object_deep_copy(message, &copy, NULL) != 0)
        return json_object_get(message);
    json_object_object_del(copy, RUN_MEMBER);
    return copy;
}

static enum rs_err add_earlier(struct agent *agent, struct json_object *earlier, struct fault *fault)
{
    if (!earlier)
        return RS_OK;
    if (!json_object_is_type(earlier, json_type_array))
        return fault_set(fault, RS_INVALID, "`messages` is no list");
    for (size_t i = 0; i < json_object_array_length(earlier); i++) {
        struct json_object *one = json_object_array_get_idx(earlier, i);
        if (!json_get_string(one, "role", NULL))
            return fault_set(fault, RS_INVALID, "message %zu of `messages` has no `role`", i);
        json_object_array_add(agent->messages, as_asked(one));
    }
    return RS_OK;
}

enum rs_err agent_setup_messages(struct agent *agent, struct json_object *session, struct fault *fault)
{
    struct json_object *data = agent->node->data, *prompt = json_get(data, "prompt");
    const char *system = json_get_string(data, "system", NULL);
    enum rs_err err = RS_OK;

    agent->messages = json_object_new_array();
    if (system && *system)
        json_object_array_add(agent->messages, agent_message("system", system));
    if (json_get_bool(data, "remember", false))
        err = add_earlier(agent, json_get(session, "messages"), fault);
    if (!err)
        err = add_earlier(agent, json_get(data, "messages"), fault);
    if (!prompt)
        return err ? err : fault_set(fault, RS_INVALID, "the prompt is empty");
    json_object_array_add(agent->messages, agent_message("user", json_object_is_type(prompt, json_type_string)
                                                                     ? json_object_get_string(prompt)
                                                                     : json_text(prompt, NULL)));
    return err;
}

static char *copy(const char *text)
{
    return text && *text ? strdup(text) : NULL;
}

/* The instance's key goes to the instance's endpoint only, whatever address a workflow names. */
static void take_endpoint(struct agent *agent, struct json_object *session)
{
    const struct config *config = agent->node->x->dd->config;
    struct json_object *data = agent->node->data;
    const char *own = json_get_string(data, "url", NULL), *ours = config_text(config, "model.url");
    const char *key = json_get_string(data, "key", NULL), *model = json_get_string(data, "model", NULL);
    bool is_ours = ours && (!own || !*own || strcmp(own, ours) == 0);

    agent->url = copy(is_ours ? ours : own);
    agent->key = copy(key && *key ? key : is_ours ? config_text(config, "model.key") : NULL);
    agent->allow_private = is_ours || config_is(config, "runner.http_private", "allow");
    if (!model || !*model)
        model = json_get_string(session, "model", NULL);
    agent->model = copy(model && *model ? model : config_text(config, "model.default"));
}

static enum rs_err take_price(struct agent *agent, struct fault *fault)
{
    struct json_object *data = agent->node->data;
    enum rs_err err = RS_OK;

    agent->price = price_of_json(json_get(data, "prices"));
    if (!agent->price.known)
        err =
            price_of_table(config_text(agent->node->x->dd->config, "model.prices"), agent->model, &agent->price, fault);
    if (!err && !agent->price.known && json_get(data, "maxCostUsd"))
        err = fault_set(fault, RS_INVALID,
                        "maxCostUsd needs the price of %.64s: set `prices`, or model.prices in the configuration",
                        agent->model);
    return err;
}

static enum rs_err read_session(struct agent *agent, struct json_object **ret, struct fault *fault)
{
    struct execution *x = agent->node->x;
    if (!x->claim.session_id[0])
        return RS_OK;
    enum rs_err err = session_get(&x->store, x->claim.org, x->claim.session_id, ret, fault);
    return err == RS_NOT_FOUND ? RS_OK : err;
}

/* What cannot be kept is said in the log; the answer counts. */
void agent_remember(struct agent *agent, const char *text)
{
    struct execution *x = agent->node->x;
    struct json_object *session = NULL;
    struct fault fault;

    if (!x->claim.session_id[0] || !json_get_bool(agent->node->data, "remember", false))
        return;
    struct json_object *say = json_object_new_array();
    json_object_array_add(say, agent_message("user", json_get_string(agent->node->data, "prompt", "")));
    json_object_array_add(say, agent_message("assistant", text));
    for (size_t i = 0; i < json_object_array_length(say); i++)
        json_set_string(json_object_array_get_idx(say, i), RUN_MEMBER, x->claim.id);
    say = mask_copy(x->mask, say);
    struct session_change change = {.say = say};
    enum rs_err err = session_save(&x->store, x->claim.org, x->claim.session_id, &change, NULL, NULL, &session, &fault);
    if (err)
        node_log(agent->node, "warning", "agent", fault.message, strlen(fault.message));
    json_object_put(say);
    json_object_put(session);
}

enum rs_err agent_setup(struct agent *agent, struct json_object **ret_session, struct fault *fault)
{
    enum rs_err err = read_session(agent, ret_session, fault);

    if (err)
        return err;
    take_endpoint(agent, *ret_session);
    if (agent->url && agent->model)
        err = take_price(agent, fault);
    return err ? err : agent_tools_init(&agent->tools, agent->node, fault);
}
