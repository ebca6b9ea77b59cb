/* What can be called, and how often it was: GET /api/routes, which tells the present figures, unlike the topic. */
#include "dialect/route_list.h"

#include "api.h"
#include "gateway.h"

enum rs_err routes_get(struct call *call, struct fault *fault)
{
    struct json_object *list = NULL;
    enum rs_err err = route_list(call->worker->dd, &list, fault);
    if (!err)
        err = response_json(call->response, 200, list);
    json_object_put(list);
    return err;
}
