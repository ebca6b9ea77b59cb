/* Runs that run again: retry, resume, rerun. */
#include "api.h"
#include "gateway.h"
#include "model/run.h"
#include "runs.h"

typedef enum rs_err again_fn(struct store *store, const char *org, const char *run_id, struct fault *fault);

static enum rs_err again(struct call *call, again_fn *fn, struct fault *fault)
{
    struct store *store = NULL;
    const char *id = NULL;
    enum rs_err err = call_id(call, "id", "run", &id, fault);
    if (!err)
        err = worker_store(call->worker, &store, fault);
    if (!err)
        err = fn(store, call->access.org, id, fault);
    return err ? err : run_answer_now(call, store, id, fault);
}

enum rs_err run_retry_post(struct call *call, struct fault *fault)
{
    return again(call, run_retry, fault);
}

enum rs_err run_resume_post(struct call *call, struct fault *fault)
{
    return again(call, run_resume, fault);
}

enum rs_err run_rerun_post(struct call *call, struct fault *fault)
{
    struct store *store = NULL;
    const char *id = NULL;
    char run_id[ID_MAX + 1];
    enum rs_err err = call_id(call, "id", "run", &id, fault);
    if (!err)
        err = worker_store(call->worker, &store, fault);
    if (!err)
        err = run_rerun(store, call->access.org, id, json_get(call->body, "input"), call->errors, run_id, fault);
    return err ? err : run_answer_now(call, store, run_id, fault);
}
