/* Schedules of saved workflows: what is due when, pausing; and how the system is, where late ones show. */
#include "model/schedule.h"

#include "api.h"
#include "base/clock.h"
#include "gateway.h"
#include <stdlib.h>
#include <string.h>

enum { NEXT_DEFAULT = 10 };

/* The parameter `n`: how many times ahead. */
static enum rs_err read_n(struct call *call, int *ret, struct fault *fault)
{
    const char *text = query_get(&call->request->query, "n");
    char *end = NULL;
    long n = text ? strtol(text, &end, 10) : NEXT_DEFAULT;
    if (text && (end == text || *end || n < 0 || n > SCHEDULE_NEXT_MAX || !strchr("0123456789", *text)))
        return fault_set(fault, RS_INVALID, "n must be a number from 0 to %d", SCHEDULE_NEXT_MAX);
    *ret = (int)n;
    return RS_OK;
}

static enum rs_err answer(struct call *call, struct store *store, const char *workflow_id, int n, struct fault *fault)
{
    struct json_object *list = json_object_new_object(), *items = NULL;
    enum rs_err err = schedule_list(store, call->access.org, workflow_id, n, clock_wall_ms(), &items, fault);
    if (!err) {
        json_set_string(list, "workflowId", workflow_id);
        json_set(list, "items", items);
        json_set(list, "next", NULL);
        err = response_json(call->response, 200, list);
    }
    json_object_put(list);
    return err;
}

enum rs_err schedules_list(struct call *call, struct fault *fault)
{
    struct store *store = NULL;
    int n = 0;
    enum rs_err err = read_n(call, &n, fault);
    if (!err)
        err = worker_store(call->worker, &store, fault);
    return err ? err : answer(call, store, NULL, n, fault);
}

enum rs_err workflow_schedule(struct call *call, struct fault *fault)
{
    struct store *store = NULL;
    const char *id = NULL;
    int n = 0;
    enum rs_err err = call_id(call, "id", "workflow", &id, fault);
    if (!err)
        err = read_n(call, &n, fault);
    if (!err)
        err = worker_store(call->worker, &store, fault);
    return err ? err : answer(call, store, id, n, fault);
}

static enum rs_err pause_or_resume(struct call *call, bool paused, struct fault *fault)
{
    struct store *store = NULL;
    const char *id = NULL;
    enum rs_err err = call_id(call, "id", "workflow", &id, fault);
    if (!err)
        err = worker_store(call->worker, &store, fault);
    if (!err)
        err = schedule_pause(store, call->access.org, id, paused, clock_wall_ms(), fault);
    return err ? err : answer(call, store, id, NEXT_DEFAULT, fault);
}

enum rs_err workflow_schedule_pause(struct call *call, struct fault *fault)
{
    return pause_or_resume(call, true, fault);
}

enum rs_err workflow_schedule_resume(struct call *call, struct fault *fault)
{
    return pause_or_resume(call, false, fault);
}
