/* Pausing: a run, a workflow, the queue. */
#include "api.h"
#include "gateway.h"
#include "model/launch.h"
#include "model/queue.h"
#include "model/run.h"
#include "model/workflow.h"
#include "runs.h"

enum rs_err run_pause_post(struct call *call, struct fault *fault)
{
    struct store *store = NULL;
    const char *id = NULL;
    enum run_status status = RUN_QUEUED;
    enum rs_err err = call_id(call, "id", "run", &id, fault);
    if (!err)
        err = worker_store(call->worker, &store, fault);
    if (!err)
        err = run_pause(store, call->access.org, id, &status, fault);
    return err ? err : run_answer_now(call, store, id, fault);
}

static enum rs_err pause_workflow(struct call *call, bool paused, struct fault *fault)
{
    struct store *store = NULL;
    struct json_object *record = NULL;
    const char *id = NULL;
    enum rs_err err = call_id(call, "id", "workflow", &id, fault);
    if (!err)
        err = worker_store(call->worker, &store, fault);
    if (!err)
        err = workflow_pause(store, call->access.org, id, paused, fault);
    if (!err)
        err = workflow_get(store, call->access.org, id, &record, fault);
    if (!err && !paused && launch_queued(call->worker->dd, NULL)) {
        /* What was held waits on until somebody executes it. */
    }
    if (!err)
        err = response_json(call->response, 200, record);
    json_object_put(record);
    return err;
}

enum rs_err workflow_pause_post(struct call *call, struct fault *fault)
{
    return pause_workflow(call, true, fault);
}

enum rs_err workflow_resume_post(struct call *call, struct fault *fault)
{
    return pause_workflow(call, false, fault);
}

enum rs_err queue_done(struct call *call, const char *stream, struct fault *fault)
{
    struct store *store = NULL;
    struct queue_state state = {0};
    (void)stream;
    enum rs_err err = worker_store(call->worker, &store, fault);
    if (!err)
        err = queue_state(store, call->access.org, &state, fault);
    if (err)
        return err;
    struct json_object *answer = json_object_new_object();
    json_set_bool(answer, "paused", state.paused);
    json_set_int(answer, "queued", state.n_queued);
    err = response_json(call->response, 200, answer);
    json_object_put(answer);
    return err;
}

static enum rs_err pause_queue(struct call *call, bool paused, struct fault *fault)
{
    struct store *store = NULL;
    enum rs_err err = worker_store(call->worker, &store, fault);
    if (!err)
        err = queue_pause(store, call->access.org, paused, fault);
    if (err)
        return err;
    worker_caused_events(call->worker);
    if (!paused && launch_queued(call->worker->dd, NULL)) {
        /* What was held waits on until somebody executes it. */
    }
    return queue_done(call, "queue", fault);
}

enum rs_err queue_pause_post(struct call *call, struct fault *fault)
{
    return pause_queue(call, true, fault);
}

enum rs_err queue_resume_post(struct call *call, struct fault *fault)
{
    return pause_queue(call, false, fault);
}

enum rs_err run_patch(struct call *call, struct fault *fault)
{
    struct store *store = NULL;
    struct json_object *priority = json_get(call->body, "priority"), *record = NULL;
    const char *id = NULL;
    enum rs_err err = call_id(call, "id", "run", &id, fault);
    if (!err && !json_object_is_type(priority, json_type_int))
        err = fault_set(fault, RS_UNPROCESSABLE, "the body must be {\"priority\": N}: nothing else of a run can be changed");
    if (!err)
        err = worker_store(call->worker, &store, fault);
    if (!err)
        err = run_set_priority(store, call->access.org, id, json_object_get_int64(priority), fault);
    if (!err)
        err = run_outline(store, call->access.org, id, &record, fault);
    if (!err)
        err = response_json(call->response, 200, record);
    json_object_put(record);
    return err;
}
