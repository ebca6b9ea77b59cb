/* The queue: /api/queue and its entries. Pausing it is in pause.c. */
#include "api.h"
#include "definition.h"
#include "gateway.h"
#include "model/entry.h"
#include "model/launch.h"
#include "model/workflow.h"
#include "topics.h"
#include <stdio.h>
#include <string.h>

enum rs_err queue_get(struct call *call, struct fault *fault)
{
    return topic_answer(call, &topic_queue, fault);
}

/* 201 with the entry, and why nobody executes its run when nobody does. Takes the entry. */
static enum rs_err answer_new(struct call *call, struct json_object *entry)
{
    char url[2 * REQUEST_PATH_MAX];
    struct fault why = {0};
    snprintf(url, sizeof url, "%s/api/queue/%s", call->request->prefix, json_get_string(entry, "queue_id", ""));
    response_header(call->response, "Location", url);
    worker_caused_events(call->worker);
    bool waits = json_get(entry, "run_id") && strcmp(json_get_string(entry, "status", ""), "queued") == 0;
    if (waits && launch_queued(call->worker->dd, &why))
        json_set_string(entry, "queued_because", why.message);
    enum rs_err err = response_json(call->response, 201, entry);
    json_object_put(entry);
    return err;
}

enum rs_err queue_post_done(struct call *call, const char *id, struct fault *fault)
{
    struct store *store = NULL;
    struct json_object *entry = NULL;
    enum rs_err err = worker_store(call->worker, &store, fault);
    if (!err)
        err = entry_get(store, call->access.org, id, &entry, fault);
    return err ? err : answer_new(call, entry);
}

static enum rs_err add_run(struct call *call, struct store *store, const char *workflow_id, struct json_object **ret,
                           struct fault *fault)
{
    struct run_new run = {.org = call->access.org, .workflow_id = workflow_id};
    struct json_object *record = NULL, *definition = NULL, *input = NULL;
    enum rs_err err = RS_NOT_FOUND;
    if (id_valid(workflow_id))
        err = workflow_get(store, run.org, workflow_id, &record, fault);
    if (err == RS_NOT_FOUND)
        return fault_set(fault, err, "no workflow \"%.128s\" is saved", workflow_id);
    if (err)
        return err;
    definition = definition_strip(record);
    err = graph_check_input(definition, json_get(call->body, "input"), call->errors, &input, fault);
    run.workflow_version = (int)json_get_int(record, "version", 0);
    run.definition = definition;
    run.input = input;
    if (!err)
        err = entry_add(store, run.org, call->body, &run, call->errors, ret, fault);
    json_object_put(record);
    json_object_put(definition);
    json_object_put(input);
    return err;
}

enum rs_err queue_post(struct call *call, struct fault *fault)
{
    struct store *store = NULL;
    struct json_object *workflow = json_get(call->body, "workflowId"), *entry = NULL;
    const char *workflow_id = json_get_string(call->body, "workflowId", NULL);
    if (workflow && !workflow_id) {
        call_error(call, "member", "workflowId", "type", "workflowId must be a text");
        return fault_set(fault, RS_UNPROCESSABLE, "workflowId is not an id");
    }
    enum rs_err err = worker_store(call->worker, &store, fault);
    if (!err && workflow_id)
        err = add_run(call, store, workflow_id, &entry, fault);
    else if (!err)
        err = entry_add(store, call->access.org, call->body, NULL, call->errors, &entry, fault);
    return err ? err : answer_new(call, entry);
}

static enum rs_err answer(struct call *call, struct json_object *entry)
{
    enum rs_err err = response_json(call->response, 200, entry);
    json_object_put(entry);
    return err;
}

enum rs_err queue_entry_get(struct call *call, struct fault *fault)
{
    struct store *store = NULL;
    struct json_object *entry = NULL;
    const char *id = NULL;
    enum rs_err err = call_id(call, "id", "entry", &id, fault);
    if (!err)
        err = worker_store(call->worker, &store, fault);
    if (!err)
        err = entry_get(store, call->access.org, id, &entry, fault);
    return err ? err : answer(call, entry);
}

enum rs_err queue_entry_patch(struct call *call, struct fault *fault)
{
    struct store *store = NULL;
    struct json_object *entry = NULL;
    const char *id = NULL;
    enum rs_err err = call_id(call, "id", "entry", &id, fault);
    if (!err && !call->body)
        err = fault_set(fault, RS_UNPROCESSABLE, "the body must be a merge patch (RFC 7396) of the entry");
    if (!err)
        err = worker_store(call->worker, &store, fault);
    if (!err)
        err = entry_patch(store, call->access.org, id, call->body, call->errors, &entry, fault);
    if (err)
        return err;
    worker_caused_events(call->worker);
    return answer(call, entry);
}

enum rs_err queue_entry_delete(struct call *call, struct fault *fault)
{
    struct store *store = NULL;
    const char *id = NULL;
    enum rs_err err = call_id(call, "id", "entry", &id, fault);
    if (!err)
        err = worker_store(call->worker, &store, fault);
    if (!err)
        err = entry_delete(store, call->access.org, id, fault);
    if (err)
        return err;
    worker_caused_events(call->worker);
    return response_json(call->response, 204, NULL);
}
