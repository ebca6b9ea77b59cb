/* What webhooks there were: /api/webhooks. */
#include "api.h"
#include "gateway.h"
#include "model/hook.h"

enum { LIST_DEFAULT = 50, LIST_MAX = 500 };

enum rs_err webhooks_list(struct call *call, struct fault *fault)
{
    const struct query *query = &call->request->query;
    struct store *store = NULL;
    struct json_object *list = NULL;
    int limit = 0;
    enum rs_err err = request_limit(call->request, LIST_DEFAULT, LIST_MAX, &limit, fault);
    if (!err)
        err = worker_store(call->worker, &store, fault);
    if (!err)
        err = hook_list(store, call->access.org, query_get(query, "source"), limit, query_get(query, "cursor"), &list, fault);
    if (!err)
        err = response_json(call->response, 200, list);
    json_object_put(list);
    return err;
}
