/* POST /api/workflow/actions: the actions of the assistant's socket, for clients that have none. */
#include "api.h"
#include "gateway.h"
#include "http/caller.h"
#include "model/assistant.h"
#include "runs.h"
#include <string.h>
#include <strings.h>

/* Who asks; who gives no sign of himself is one with all others who give none. */
static enum rs_err identify(struct call *call, struct caller *ret, struct fault *fault)
{
    static const char bearer[] = "Bearer ";
    const char *authorization = request_header(call->request, "HTTP_AUTHORIZATION");
    struct caller_request who = {
        .access = &call->access,
        .client = query_get(&call->request->query, "client"),
        .cookie = request_header(call->request, "HTTP_COOKIE"),
    };
    if (authorization && strncasecmp(authorization, bearer, sizeof bearer - 1) == 0)
        who.token = authorization + sizeof bearer - 1;
    return caller_identify(&who, false, ret, fault);
}

static enum rs_err execute(struct call *call, struct store *store, const struct caller *caller,
                           const struct assistant_action *action, char run_id[ID_MAX + 1], struct fault *fault)
{
    bool queue = config_is(call->worker->dd->config, "assistant.busy", "queue");
    const struct assistant_start start = {
        .org = call->access.org,
        .caller = caller->name,
        .action = action,
        .busy = queue ? ASSISTANT_BUSY_QUEUE : ASSISTANT_BUSY_REFUSE,
    };
    return assistant_execute(store, &start, run_id, fault);
}

enum rs_err workflow_actions_post(struct call *call, struct fault *fault)
{
    struct assistant_action action = {.json = NULL};
    struct store *store = NULL;
    struct caller caller;
    char run_id[ID_MAX + 1] = "";
    enum rs_err err = assistant_parse(call->body, &action, fault);
    if (!err)
        err = identify(call, &caller, fault);
    if (!err)
        err = worker_store(call->worker, &store, fault);
    if (!err && action.verb == ASSISTANT_EXECUTE)
        err = execute(call, store, &caller, &action, run_id, fault);
    else if (!err)
        err = assistant_cancel(store, call->access.org, caller.name, action.run_id, run_id, fault);
    if (!err)
        err = run_answer_now(call, store, run_id, fault);
    assistant_action_release(&action);
    return err;
}
