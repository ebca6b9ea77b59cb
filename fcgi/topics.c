#include "topics.h"

#include "api.h"
#include "gateway.h"

enum rs_err topic_answer(struct call *call, const struct topic *topic, struct fault *fault)
{
    struct topic_asked asked = {.org = call->access.org, .param = "", .query = &call->request->query};
    struct json_object *data = NULL;
    struct store bare = {.dd = call->worker->dd, .program = "api"}, *store = NULL;
    struct eventlog *log = NULL;
    enum rs_err err = call->params.n > 0 ? call_id(call, "id", "document", &asked.param, fault) : RS_OK;
    if (!err && topic->check)
        err = topic->check(asked.query, fault);
    if (!err)
        err = worker_store(call->worker, &store, fault);
    if (err && !store && topic->without_database) {
        store = &bare;
        err = RS_OK;
    }
    if (!err)
        err = worker_log(call->worker, &log, fault);
    if (!err)
        err = topic->build(store, log, &asked, &data, fault);
    if (!err)
        err = response_json(call->response, 200, data);
    json_object_put(data);
    return err;
}

enum rs_err workflows_active_get(struct call *call, struct fault *fault)
{
    return topic_answer(call, &topic_workflows, fault);
}

enum rs_err workflow_history_get(struct call *call, struct fault *fault)
{
    return topic_answer(call, &topic_history, fault);
}

enum rs_err system_status_get(struct call *call, struct fault *fault)
{
    return topic_answer(call, &topic_system, fault);
}

enum rs_err webhook_status_get(struct call *call, struct fault *fault)
{
    return topic_answer(call, &topic_webhooks, fault);
}

enum rs_err metrics_get(struct call *call, struct fault *fault)
{
    return topic_answer(call, &topic_metrics, fault);
}
