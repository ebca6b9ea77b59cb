/* Versions of saved workflows: /api/workflows/{id}/versions. */
#include "api.h"
#include "gateway.h"
#include "model/workflow.h"
#include <stdlib.h>

enum { LIST_DEFAULT = 50 };

/* A version's number: decimal, at most nine digits. RS_NOT_FOUND else. */
static enum rs_err read_number(const char *text, int64_t *ret, struct fault *fault)
{
    size_t n = 0;
    while (text[n] >= '0' && text[n] <= '9')
        n++;
    if (n == 0 || n > 9 || text[n])
        return fault_set(fault, RS_NOT_FOUND, "there is no such version: they are numbers");
    *ret = strtoll(text, NULL, 10);
    return RS_OK;
}

enum rs_err workflow_versions_list(struct call *call, struct fault *fault)
{
    struct store *store = NULL;
    struct json_object *list = NULL;
    const char *id = NULL, *cursor = query_get(&call->request->query, "cursor");
    int64_t before = 0;
    int limit = 0;
    enum rs_err err = call_id(call, "id", "workflow", &id, fault);
    if (!err)
        err = request_limit(call->request, LIST_DEFAULT, WORKFLOW_VERSIONS_MAX, &limit, fault);
    if (!err && cursor && read_number(cursor, &before, fault))
        err = fault_set(fault, RS_INVALID, "cursor must be the `next` of an earlier answer");
    if (!err)
        err = worker_store(call->worker, &store, fault);
    if (!err)
        err = workflow_versions(store, call->access.org, id, limit, before, &list, fault);
    if (!err)
        err = response_json(call->response, 200, list);
    json_object_put(list);
    return err;
}

enum rs_err workflow_version_get(struct call *call, struct fault *fault)
{
    struct store *store = NULL;
    struct json_object *record = NULL;
    const char *id = NULL;
    int64_t version = 0;
    enum rs_err err = call_id(call, "id", "workflow", &id, fault);
    if (!err)
        err = read_number(path_param(&call->params, "version"), &version, fault);
    if (!err)
        err = worker_store(call->worker, &store, fault);
    if (!err)
        err = workflow_version(store, call->access.org, id, version, &record, fault);
    if (!err)
        err = response_json(call->response, 200, record);
    json_object_put(record);
    return err;
}
