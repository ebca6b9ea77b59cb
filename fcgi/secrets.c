/* Secrets: /api/secrets and /api/secrets/{name}. This program can seal values, not open them, and never gives any. */
#include "model/secret.h"

#include "api.h"
#include "gateway.h"
#include <stdio.h>
#include <string.h>

enum rs_err secrets_list(struct call *call, struct fault *fault)
{
    struct store *store = NULL;
    struct json_object *list = NULL;
    enum rs_err err = worker_store(call->worker, &store, fault);
    if (!err)
        err = secret_list(store, call->access.org, &list, fault);
    if (!err)
        err = response_json(call->response, 200, list);
    json_object_put(list);
    return err;
}

enum rs_err secret_put_one(struct call *call, struct fault *fault)
{
    struct store *store = NULL;
    struct json_object *record = NULL;
    bool created = false;
    const char *name = path_param(&call->params, "name");
    struct json_object *value = json_get(call->body, "value");
    if (!json_object_is_type(value, json_type_string))
        return fault_set(fault, RS_UNPROCESSABLE, "the body must be {\"value\": \"...\"}");
    enum rs_err err = worker_store(call->worker, &store, fault);
    if (!err)
        err = secret_put(store, call->access.org, name, json_object_get_string(value),
                         (size_t)json_object_get_string_len(value), &created, &record, fault);
    if (!err && created) {
        char location[2 * REQUEST_PATH_MAX];
        snprintf(location, sizeof location, "%s/api/secrets/%s", call->request->prefix, name);
        response_header(call->response, "Location", location);
    }
    if (!err)
        err = response_json(call->response, created ? 201 : 200, record);
    json_object_put(record);
    return err;
}

enum rs_err secret_remove(struct call *call, struct fault *fault)
{
    struct store *store = NULL;
    enum rs_err err = worker_store(call->worker, &store, fault);
    if (!err)
        err = secret_delete(store, call->access.org, path_param(&call->params, "name"), fault);
    return err ? err : response_json(call->response, 204, NULL);
}
