/* The models one may choose: /api/models. */
#include "model/model_list.h"

#include "api.h"
#include "conf/datadir.h"
#include "gateway.h"

#define WAIT_MS 2000 /* for the endpoint */

enum rs_err models_get(struct call *call, struct fault *fault)
{
    struct json_object *list = model_list(call->worker->dd, WAIT_MS);
    enum rs_err err = list ? response_json(call->response, 200, list) : fault_set(fault, RS_NOMEM, "no memory for a list");
    json_object_put(list);
    return err;
}
