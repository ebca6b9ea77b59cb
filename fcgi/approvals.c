/* Decisions of persons: what waits for one, approving, rejecting. */
#include "api.h"
#include "gateway.h"
#include "model/approval.h"

enum { LIST_DEFAULT = 50, LIST_MAX = 500 };

/* A text of the body; another type is an error. */
static enum rs_err take_text(struct call *call, const char *name, const char **ret, struct fault *fault)
{
    *ret = json_get_string(call->body, name, NULL);
    if (!json_get(call->body, name) || *ret)
        return RS_OK;
    call_error(call, "param", name, "type", "it must be a text");
    return fault_set(fault, RS_UNPROCESSABLE, "`%s` must be a text", name);
}

static enum rs_err answer_decision(struct call *call, const char *run_id, const char *node_id,
                                   struct json_object *decision)
{
    json_set_string(decision, "runId", run_id);
    json_set_string(decision, "nodeId", node_id);
    return response_json(call->response, 200, decision);
}

static enum rs_err ids_of(struct call *call, const char **ret_run, const char **ret_node, struct fault *fault)
{
    enum rs_err err = call_id(call, "id", "run", ret_run, fault);
    return err ? err : call_id(call, "node", "node", ret_node, fault);
}

static enum rs_err decide(struct call *call, bool approved, struct fault *fault)
{
    struct approval_answer answer = {.approved = approved, .data = json_get(call->body, "data")};
    struct json_object *decision = NULL;
    struct store *store = NULL;
    const char *run = NULL, *node = NULL;
    enum rs_err err = ids_of(call, &run, &node, fault);
    if (!err)
        err = take_text(call, "by", &answer.by, fault);
    if (call->access.by_token) /* whoever says so, it is the one who asks */
        answer.by = call->access.sub;
    if (!err)
        err = take_text(call, "comment", &answer.comment, fault);
    if (!err)
        err = worker_store(call->worker, &store, fault);
    if (!err)
        err = approval_decide(store, call->access.org, run, node, &answer, &decision, fault);
    if (!err) {
        worker_caused_events(call->worker);
        err = answer_decision(call, run, node, decision);
    }
    json_object_put(decision);
    return err;
}

enum rs_err approve_post(struct call *call, struct fault *fault)
{
    return decide(call, true, fault);
}

enum rs_err reject_post(struct call *call, struct fault *fault)
{
    return decide(call, false, fault);
}

enum rs_err decision_done(struct call *call, const char *stream, struct fault *fault)
{
    struct json_object *decision = NULL;
    struct store *store = NULL;
    const char *run = NULL, *node = NULL;
    enum rs_err err = ids_of(call, &run, &node, fault);
    (void)stream;
    if (!err)
        err = worker_store(call->worker, &store, fault);
    if (!err)
        err = approval_look(store, run, node, &decision, fault);
    if (!err && !decision)
        err = fault_set(fault, RS_CONFLICT, "this was done already, and its run has started over since");
    if (!err)
        err = answer_decision(call, run, node, decision);
    json_object_put(decision);
    return err;
}

enum rs_err approvals_list(struct call *call, struct fault *fault)
{
    struct store *store = NULL;
    struct json_object *list = NULL;
    int limit = 0;
    enum rs_err err = request_limit(call->request, LIST_DEFAULT, LIST_MAX, &limit, fault);
    if (!err)
        err = worker_store(call->worker, &store, fault);
    if (!err)
        err = approval_list(store, call->access.org, limit, query_get(&call->request->query, "cursor"), &list, fault);
    if (!err)
        err = response_json(call->response, 200, list);
    json_object_put(list);
    return err;
}
