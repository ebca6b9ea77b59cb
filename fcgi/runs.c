/* Runs: starting one, the list, one record, cancelling. */
#include "runs.h"

#include "api.h"
#include "base/clock.h"
#include "definition.h"
#include "event/stream.h"
#include "gateway.h"
#include "model/launch.h"
#include "model/run.h"
#include "model/workflow.h"
#include <stdio.h>
#include <string.h>

enum { LIST_DEFAULT = 50, LIST_MAX = 500 };

static void put_url(struct call *call, struct json_object *answer, const char *member, const char *before, const char *run_id)
{
    char url[2 * REQUEST_PATH_MAX];
    snprintf(url, sizeof url, "%s%s%s", call->request->prefix, before, run_id);
    if (member)
        json_set_string(answer, member, url);
    else
        response_header(call->response, "Location", url);
}

/* record: of the run, as run_outline gives it. */
static enum rs_err answer_record(struct call *call, const char *run_id, struct json_object *record)
{
    struct json_object *answer = json_object_new_object();
    const char *status = json_get_string(record, "status", "");
    struct fault why = {0};
    json_set_string(answer, "runId", run_id);
    json_set_string(answer, "workflowId", json_get_string(record, "workflowId", ""));
    json_set_string(answer, "status", status);
    if (strcmp(status, "queued") == 0 && launch_queued(call->worker->dd, &why))
        json_set_string(answer, "queuedBecause", why.message);
    else if (strcmp(status, "cancelled") == 0 && !json_get(record, "startedAt"))
        json_set_string(answer, "notStartedBecause", json_get_string(json_get(record, "error"), "message", NULL));
    put_url(call, answer, "wsUrl", "/ws/workflows/", run_id);
    put_url(call, answer, "pollUrl", "/api/poll/workflows/", run_id);
    put_url(call, answer, NULL, "/api/runs/", run_id);
    enum rs_err err = response_json(call->response, 202, answer);
    json_object_put(answer);
    return err;
}

enum rs_err run_answer_now(struct call *call, struct store *store, const char *run_id, struct fault *fault)
{
    struct json_object *record = NULL;
    worker_caused_events(call->worker);
    enum rs_err err = run_outline(store, call->access.org, run_id, &record, fault);
    if (!err)
        err = answer_record(call, run_id, record);
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

static enum rs_err read_priority(struct call *call, int *priority, const int **ret, struct fault *fault)
{
    struct json_object *given = json_get(call->body, "priority");
    *priority = json_object_get_int(given);
    if (given)
        *ret = priority;
    if (!given || json_object_is_type(given, json_type_int))
        return RS_OK;
    call_error(call, "param", "priority", "type", "priority must be a whole number");
    return fault_set(fault, RS_UNPROCESSABLE, "priority is no whole number");
}

enum rs_err workflow_run(struct call *call, struct fault *fault)
{
    struct store *store = NULL;
    struct run_new run = {.org = call->access.org};
    struct json_object *definition = NULL, *input = NULL;
    char run_id[ID_MAX + 1];
    int priority = 0;
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
        err = read_priority(call, &priority, &run.priority, fault);
    if (!err)
        err = run_create(store, &run, run_id, fault);
    if (!err)
        err = run_answer_now(call, store, run_id, fault);
    json_object_put(definition);
    json_object_put(input);
    return err;
}

enum rs_err runs_list(struct call *call, struct fault *fault)
{
    const struct query *query = &call->request->query;
    struct run_filter filter = {.org = call->access.org,
                                .workflow_id = query_get(query, "workflow"),
                                .status = query_get(query, "status"),
                                .session_id = query_get(query, "session"),
                                .crew_id = query_get(query, "crew"),
                                .kind = query_get(query, "kind"),
                                .text = query_get(query, "q")};
    const char *from = query_get(query, "from");
    struct store *store = NULL;
    struct json_object *list = NULL;
    int limit = 0;
    enum rs_err err = request_limit(call->request, LIST_DEFAULT, LIST_MAX, &limit, fault);
    if (!err && from && clock_parse(from, &filter.from_ms) != RS_OK)
        err = fault_set(fault, RS_INVALID, "from must be a time (2026-11-21T15:04:05Z)");
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
    const char *id = NULL;
    enum run_status status = RUN_QUEUED;
    enum rs_err err = call_id(call, "id", "run", &id, fault);
    if (!err)
        err = worker_store(call->worker, &store, fault);
    if (!err)
        err = run_cancel(store, call->access.org, id, &status, fault);
    return err ? err : run_answer_now(call, store, id, fault);
}
