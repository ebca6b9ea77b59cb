/* Items of a foreach: /api/runs/{id}/nodes/{node}/items. */
#include "api.h"
#include "gateway.h"
#include "model/item.h"

enum { LIST_DEFAULT = 50 };

enum rs_err items_get(struct call *call, struct fault *fault)
{
    const struct query *query = &call->request->query;
    struct store *store = NULL;
    struct json_object *list = NULL;
    const char *run = NULL, *node = NULL;
    int limit = 0;
    enum rs_err err = call_id(call, "id", "run", &run, fault);
    if (!err)
        err = call_id(call, "node", "node", &node, fault);
    if (!err)
        err = request_limit(call->request, LIST_DEFAULT, ITEM_LIST_MAX, &limit, fault);
    if (!err)
        err = worker_store(call->worker, &store, fault);
    if (!err)
        err = items_list(store, call->access.org, run, node, query_get(query, "status"), limit,
                         query_get(query, "cursor"), &list, fault);
    if (!err)
        err = response_json(call->response, 200, list);
    json_object_put(list);
    return err;
}
