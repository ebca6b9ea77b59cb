/* What the dashboard's page /doctor cannot find out by itself: GET /api/doctor. */
#include "api.h"
#include "base/clock.h"
#include "gateway.h"
#include "http/doctor_mend.h"
#include "model/probe.h"

enum rs_err doctor_get(struct call *call, struct fault *fault)
{
    (void)fault;
    struct json_object *answer = json_object_new_object();
    struct probe bridge = {0};
    probe_bridge(call->worker->dd, &bridge);
    json_set_time(answer, "time", clock_wall_ms());
    json_set_string(answer, "server", request_header(call->request, "SERVER_SOFTWARE"));
    json_set_string(answer, "prefix", call->request->prefix);
    json_set_string(answer, "bridge", bridge.status);
    json_set(answer, "mend", doctor_mend_json());
    enum rs_err err = response_json(call->response, 200, answer);
    json_object_put(answer);
    return err;
}
