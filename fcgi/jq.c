/* Trying a jq program: /api/jq. It runs in a child of its own (model/jqcheck.h), never here. */
#include "api.h"
#include "base/mask.h"
#include "gateway.h"
#include "model/jqcheck.h"
#include "model/run.h"
#include "model/secret.h"
#include <stdatomic.h>
#include <string.h>

#define PROGRAM_MAX (64 * 1024) /* bytes of an expression */
#define VALUE_MAX (256 * 1024)  /* bytes of its value as JSON */
#define AT_ONCE_MAX 2           /* children of this process that try something: each may take seconds of CPU */

static atomic_int n_trying;

/* What the nodes of a run saw at its end, as people may see it. *ret: owned. */
static enum rs_err context_of_run(struct call *call, struct store *store, const char *run_id, struct json_object **ret,
                                  struct fault *fault)
{
    struct json_object *record = NULL, *context;
    enum rs_err err = run_record(store, call->access.org, run_id, &record, fault);
    if (err)
        return err;
    context = json_object_new_object();
    json_set(context, "input", json_object_get(json_get(record, "input")));
    json_set(context, "nodes", json_object_get(json_get(record, "nodes")));
    json_set(context, "session", NULL);
    json_set(context, "env", json_object_new_object());
    json_object_put(record);
    *ret = context;
    return RS_OK;
}

/* `$secrets`, each as people see it. *ret: owned. */
static enum rs_err shown_secrets(struct call *call, struct store *store, struct json_object **ret, struct fault *fault)
{
    struct json_object *list = NULL, *items, *secrets;
    enum rs_err err = secret_list(store, call->access.org, &list, fault);
    if (err)
        return err;
    items = json_get_array(list, "items");
    secrets = json_object_new_object();
    for (size_t i = 0; i < json_object_array_length(items); i++)
        json_set_string(secrets, json_get_string(json_object_array_get_idx(items, i), "name", ""), MASK_MARK);
    json_object_put(list);
    *ret = secrets;
    return RS_OK;
}

static enum rs_err try_out(const char *program, struct json_object *input, struct json_object *secrets, struct json_object **ret,
                       struct fault *fault)
{
    struct json_object *value = NULL;
    size_t len;
    enum rs_err err;

    if (atomic_fetch_add(&n_trying, 1) >= AT_ONCE_MAX)
        err = fault_set(fault, RS_BUSY, "other expressions are being tried; try again in a moment");
    else
        err = jq_once(program, input, secrets, &value, fault);
    atomic_fetch_sub(&n_trying, 1);
    json_text(value, &len);
    if (!err && len > VALUE_MAX)
        err = fault_set(fault, RS_LIMIT, "the value is larger than %d bytes", VALUE_MAX);
    if (err) {
        json_object_put(value);
        if (err == RS_TIMEOUT || err == RS_LIMIT)
            err = fault->code = RS_UNPROCESSABLE; /* it is the expression that does not do, not the request or the server */
        return err;
    }
    *ret = value;
    return RS_OK;
}

enum rs_err jq_post(struct call *call, struct fault *fault)
{
    struct store *store = NULL;
    struct json_object *input = NULL, *secrets = NULL, *value = NULL, *answer;
    const char *program = json_get_string(call->body, "expression", NULL), *run_id = json_get_string(call->body, "runId", NULL);
    struct json_object *given = NULL;
    bool has_input = call->body && json_object_object_get_ex(call->body, "input", &given);

    if (!program || !program[0] || strlen(program) > PROGRAM_MAX)
        return fault_set(fault, RS_UNPROCESSABLE, "`expression` must be a text of 1 to %d bytes", PROGRAM_MAX);
    if (has_input == (run_id != NULL))
        return fault_set(fault, RS_UNPROCESSABLE, "either `input`, what the expression is given, or `runId` is needed");
    enum rs_err err = worker_store(call->worker, &store, fault);
    if (!err)
        err = shown_secrets(call, store, &secrets, fault);
    if (!err && run_id)
        err = context_of_run(call, store, run_id, &input, fault);
    else if (!err)
        input = json_object_get(given);
    if (!err)
        err = try_out(program, input, secrets, &value, fault);
    if (!err) {
        answer = json_object_new_object();
        json_set(answer, "value", value);
        err = response_json(call->response, 200, answer);
        json_object_put(answer);
    }
    json_object_put(secrets);
    json_object_put(input);
    return err;
}
