/* Saved workflows: /api/workflows and /api/workflows/{id}. */
#include "model/workflow.h"

#include "api.h"
#include "definition.h"
#include "etag.h"
#include "gateway.h"
#include <stdio.h>
#include <string.h>

enum { LIST_DEFAULT = 100, LIST_MAX = 1000 };

/* The built-in ones before the others of the first page, for who asks for them. */
static enum rs_err add_builtin(struct call *call, struct store *store, struct json_object *list, struct fault *fault)
{
    const char *wanted = query_get(&call->request->query, "builtin");
    struct json_object *items = json_get_array(list, "items");
    if (!wanted || query_get(&call->request->query, "cursor") || strcmp(wanted, "false") == 0)
        return RS_OK;
    if (strcmp(wanted, "true") != 0)
        return fault_set(fault, RS_INVALID, "builtin must be true or false");
    struct json_object *all = json_object_new_array();
    enum rs_err err = workflow_list_builtin(store, call->access.org, all, fault);
    for (size_t i = 0; !err && i < json_object_array_length(items); i++)
        json_object_array_add(all, json_object_get(json_object_array_get_idx(items, i)));
    json_set(list, "items", all);
    return err;
}

enum rs_err workflows_list(struct call *call, struct fault *fault)
{
    struct store *store = NULL;
    struct json_object *list = NULL;
    const char *cursor = query_get(&call->request->query, "cursor");
    int limit = 0;
    enum rs_err err = request_limit(call->request, LIST_DEFAULT, LIST_MAX, &limit, fault);
    if (!err && cursor && !id_valid(cursor))
        err = fault_set(fault, RS_INVALID, "cursor must be the `next` of an earlier answer");
    if (!err)
        err = worker_store(call->worker, &store, fault);
    if (!err)
        err = workflow_list(store, call->access.org, limit, cursor, &list, fault);
    if (!err)
        err = add_builtin(call, store, list, fault);
    if (!err)
        err = response_json(call->response, 200, list);
    json_object_put(list);
    return err;
}

enum rs_err workflow_get_one(struct call *call, struct fault *fault)
{
    struct store *store = NULL;
    struct json_object *record = NULL;
    const char *id = NULL;
    enum rs_err err = call_id(call, "id", "workflow", &id, fault);
    if (!err)
        err = worker_store(call->worker, &store, fault);
    if (!err)
        err = workflow_get(store, call->access.org, id, &record, fault);
    return err ? err : etag_answer(call, 200, record, json_get_int(record, "version", 0));
}

/* The definition in the body, under the id it will have. *ret: owned. */
static enum rs_err read_definition(struct call *call, const char *id, struct json_object **ret, struct fault *fault)
{
    if (!call->body)
        return fault_set(fault, RS_UNPROCESSABLE, "the body must be a workflow definition");
    struct json_object *given = json_get(call->body, "id");
    const char *given_id = json_get_string(call->body, "id", NULL);
    if (given && (!given_id || (id ? strcmp(id, given_id) != 0 : !id_valid(given_id)))) {
        call_error(call, NULL, NULL, "id",
                   id ? "the id in the body is another than in the address"
                      : "an id is a text of 1 to 128 of A-Z a-z 0-9 . _ -");
        return fault_set(fault, RS_UNPROCESSABLE, "the workflow's id is not usable");
    }
    struct json_object *definition = definition_strip(call->body);
    char fresh[ID_MAX + 1];
    if (!given)
        json_set_string(definition, "id", id ? id : id_new("w_", fresh));
    enum rs_err err = definition_check(call, definition, fault);
    if (err)
        json_object_put(definition);
    else
        *ret = definition;
    return err;
}

static enum rs_err save(struct call *call, const char *id, enum workflow_save how, struct fault *fault)
{
    struct store *store = NULL;
    struct json_object *definition = NULL, *record = NULL;
    bool created = false;
    int64_t if_version = 0;
    enum rs_err err = read_definition(call, id, &definition, fault);
    if (!err)
        err = etag_if_match(call, &if_version, fault);
    if (!err)
        err = worker_store(call->worker, &store, fault);
    if (!err) {
        id = json_get_string(definition, "id", "");
        err = if_version ? workflow_save_if(store, call->access.org, id, call->access.sub, definition, if_version, &record, fault)
                         : workflow_save(store, call->access.org, id, call->access.sub, definition, how, &created, &record, fault);
    }
    if (!err) {
        char location[2 * REQUEST_PATH_MAX];
        snprintf(location, sizeof location, "%s/api/workflows/%s", call->request->prefix, id);
        worker_caused_events(call->worker);
        if (created)
            response_header(call->response, "Location", location);
        err = etag_answer(call, created ? 201 : 200, record, json_get_int(record, "version", 0));
    }
    json_object_put(definition);
    return err;
}

enum rs_err workflows_post(struct call *call, struct fault *fault)
{
    return save(call, NULL, WORKFLOW_CREATE, fault);
}

enum rs_err workflow_put(struct call *call, struct fault *fault)
{
    const char *id = NULL;
    enum rs_err err = call_id(call, "id", "workflow", &id, fault);
    return err ? err : save(call, id, WORKFLOW_PUT, fault);
}

/* All that saving it would say of its nodes, edges and head, without saving it. */
enum rs_err workflow_validate_post(struct call *call, struct fault *fault)
{
    if (!call->body)
        return fault_set(fault, RS_UNPROCESSABLE, "the body must be a workflow definition");
    struct json_object *definition = definition_strip(call->body), *answer = json_object_new_object();
    enum rs_err err = definition_check(call, definition, fault);
    json_set_bool(answer, "valid", !err);
    json_set(answer, "errors", json_object_get(call->errors));
    if (!err || json_object_array_length(call->errors) > 0)
        err = response_json(call->response, 200, answer);
    json_object_put(answer);
    json_object_put(definition);
    return err;
}

enum rs_err workflow_remove(struct call *call, struct fault *fault)
{
    struct store *store = NULL;
    const char *id = NULL;
    enum rs_err err = call_id(call, "id", "workflow", &id, fault);
    if (!err)
        err = worker_store(call->worker, &store, fault);
    if (!err)
        err = workflow_delete(store, call->access.org, id, fault);
    if (!err) {
        worker_caused_events(call->worker);
        err = response_json(call->response, 204, NULL);
    }
    return err;
}
