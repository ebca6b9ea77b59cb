/* Runs: starting one, the list, one record, cancelling. */
#include "runs.h"

#include "api.h"
#include "definition.h"
#include "event/stream.h"
#include "gateway.h"
#include "model/launch.h"
#include "model/run.h"
#include "model/workflow.h"
#include <stdio.h>

enum { LIST_DEFAULT = 50, LIST_MAX = 500 };

enum rs_err run_answer(struct call *call, const char *run_id, const char *workflow_id, const char *status,
                       const char *waits_because)
{
    const char *prefix = call->request->prefix;
    char url[2 * REQUEST_PATH_MAX];
    struct json_object *answer = json_object_new_object();
    json_set_string(answer, "runId", run_id);
    json_set_string(answer, "workflowId", workflow_id);
    json_set_string(answer, "status", status);
    if (waits_because)
        json_set_string(answer, "queuedBecause", waits_because);
    snprintf(url, sizeof url, "%s/ws/workflows/%s", prefix, run_id);
    json_set_string(answer, "wsUrl", url);
    snprintf(url, sizeof url, "%s/api/poll/workflows/%s", prefix, run_id);
    json_set_string(answer, "pollUrl", url);
    snprintf(url, sizeof url, "%s/api/runs/%s", prefix, run_id);
    response_header(call->response, "Location", url);
    enum rs_err err = response_json(call->response, 202, answer);
    json_object_put(answer);
    return err;
}

enum rs_err run_answer_queued(struct call *call, const char *run_id, const char *workflow_id, const char *status)
{
    struct fault why = {0};
    if (launch_queued(call->worker->dd, &why) == RS_OK)
        return run_answer(call, run_id, workflow_id, status, NULL);
    return run_answer(call, run_id, workflow_id, status, why.message);
}

enum rs_err run_answer_now(struct call *call, struct store *store, const char *run_id, struct fault *fault)
{
    struct json_object *record = NULL;
    worker_caused_events(call->worker);
    enum rs_err err = run_record(store, call->access.org, run_id, &record, fault);
    if (!err)
        err = run_answer_queued(call, run_id, json_get_string(record, "workflowId", ""),
                                json_get_string(record, "status", ""));
    json_object_put(record);
    return err;
}

enum rs_err run_done(struct call *call, const char *stream, struct fault *fault)
{
    struct store *store = NULL;
    enum rs_err err = worker_store(call->worker, &store, fault);
    return err ? err : run_answer_now(call, store, stream_id(stream), fault);
}

/* The definition to run: the nodes and edges given, else the saved workflow. *ret: owned. */
static enum rs_err find_definition(struct call *call, struct store *store, const char *id, struct json_object **ret,
                                   int *ret_version, struct fault *fault)
{
    struct json_object *record = NULL;
    if (json_get(call->body, "nodes")) {
        struct json_object *definition = definition_strip(call->body);
        json_object_object_del(definition, "input");
        json_object_object_del(definition, "sessionId");
        json_set_string(definition, "id", id);
        if (!json_get(definition, "edges"))
            json_set(definition, "edges", json_object_new_array());
        enum rs_err err = definition_check(call, definition, fault);
        if (err) {
            json_object_put(definition);
            return err;
        }
        *ret_version = 0;
        *ret = definition;
        return RS_OK;
    }
    enum rs_err err = workflow_get(store, call->access.org, id, &record, fault);
    if (err == RS_NOT_FOUND)
        return fault_set(fault, err, "no workflow \"%s\" is saved: save it first, or send its nodes and edges", id);
    if (err)
        return err;
    *ret_version = (int)json_get_int(record, "version", 0);
    *ret = definition_strip(record);
    json_object_put(record);
    return RS_OK;
}

static enum rs_err check_session(struct call *call, const char **ret, struct fault *fault)
{
    struct json_object *session = json_get(call->body, "sessionId");
    *ret = json_get_string(call->body, "sessionId", NULL);
    if (!session || id_valid(*ret))
        return RS_OK;
    call_error(call, "param", "sessionId", "id", "sessionId must be a text of 1 to 128 of A-Z a-z 0-9 . _ -");
    return fault_set(fault, RS_UNPROCESSABLE, "sessionId is not an id");
}

enum rs_err workflow_run(struct call *call, struct fault *fault)
{
    struct store *store = NULL;
    struct run_new run = {.org = call->access.org};
    struct json_object *definition = NULL, *input = NULL;
    char run_id[ID_MAX + 1];
    enum rs_err err = call_id(call, "id", "workflow", &run.workflow_id, fault);
    if (!err)
        err = worker_store(call->worker, &store, fault);
    if (!err)
        err = find_definition(call, store, run.workflow_id, &definition, &run.workflow_version, fault);
    if (!err)
        err = check_session(call, &run.session_id, fault);
    if (!err)
        err = graph_check_input(definition, json_get(call->body, "input"), call->errors, &input, fault);
    run.definition = definition;
    run.input = input;
    if (!err)
        err = run_create(store, &run, run_id, fault);
    if (!err) {
        worker_caused_events(call->worker);
        err = run_answer_queued(call, run_id, run.workflow_id, run_status_name(RUN_QUEUED));
    }
    json_object_put(definition);
    json_object_put(input);
    return err;
}

enum rs_err runs_list(struct call *call, struct fault *fault)
{
    const struct query *query = &call->request->query;
    struct run_filter filter = {
        .org = call->access.org, .workflow_id = query_get(query, "workflow"), .status = query_get(query, "status")};
    struct store *store = NULL;
    struct json_object *list = NULL;
    int limit = 0;
    enum rs_err err = request_limit(call->request, LIST_DEFAULT, LIST_MAX, &limit, fault);
    if (!err)
        err = worker_store(call->worker, &store, fault);
    if (!err)
        err = run_list(store, &filter, limit, query_get(query, "cursor"), &list, fault);
    if (!err)
        err = response_json(call->response, 200, list);
    json_object_put(list);
    return err;
}

enum rs_err run_get(struct call *call, struct fault *fault)
{
    struct store *store = NULL;
    struct json_object *record = NULL;
    const char *id = NULL;
    enum rs_err err = call_id(call, "id", "run", &id, fault);
    if (!err)
        err = worker_store(call->worker, &store, fault);
    if (!err)
        err = run_record(store, call->access.org, id, &record, fault);
    if (!err)
        err = response_json(call->response, 200, record);
    json_object_put(record);
    return err;
}

enum rs_err run_cancel_post(struct call *call, struct fault *fault)
{
    struct store *store = NULL;
    struct json_object *record = NULL;
    const char *id = NULL;
    enum run_status status = RUN_QUEUED;
    enum rs_err err = call_id(call, "id", "run", &id, fault);
    if (!err)
        err = worker_store(call->worker, &store, fault);
    if (!err)
        err = run_cancel(store, call->access.org, id, &status, fault);
    if (!err) {
        worker_caused_events(call->worker);
        err = run_record(store, call->access.org, id, &record, fault);
    }
    if (!err)
        err = run_answer(call, id, json_get_string(record, "workflowId", ""), run_status_name(status), NULL);
    json_object_put(record);
    return err;
}
