/* Runs that run again: retry, resume, rerun. */
#include "api.h"
#include "gateway.h"
#include "model/run.h"
#include "runs.h"
#include <string.h>

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

static enum rs_err read_version(struct call *call, int *ret, struct fault *fault)
{
    struct json_object *given = json_get(call->body, "version");
    const char *word = json_get_string(call->body, "version", "same");
    bool number = json_object_is_type(given, json_type_int);
    if (number ? json_object_get_int(given) < 1
               : (given && !json_object_is_type(given, json_type_string)) ||
                     (strcmp(word, "same") != 0 && strcmp(word, "current") != 0))
        return fault_set(fault, RS_UNPROCESSABLE, "version is \"same\", \"current\" or the number of one of the workflow's versions");
    *ret = number ? json_object_get_int(given) : strcmp(word, "same") == 0 ? RUN_VERSION_SAME : RUN_VERSION_CURRENT;
    return RS_OK;
}

enum rs_err run_rerun_post(struct call *call, struct fault *fault)
{
    struct store *store = NULL;
    const char *id = NULL;
    char run_id[ID_MAX + 1];
    int version = RUN_VERSION_SAME;
    enum rs_err err = call_id(call, "id", "run", &id, fault);
    if (!err)
        err = worker_store(call->worker, &store, fault);
    if (!err)
        err = read_version(call, &version, fault);
    if (!err)
        err = run_rerun(store, call->access.org, id, version, json_get(call->body, "input"), call->errors, run_id, fault);
    return err ? err : run_answer_now(call, store, run_id, fault);
}
