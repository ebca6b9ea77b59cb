/* States of ADWs: /api/adws, /api/adws/{id}. */
#include "api.h"
#include "etag.h"
#include "gateway.h"
#include "model/adw.h"
#include "topics.h"
#include <stddef.h>

enum rs_err adws_list(struct call *call, struct fault *fault)
{
    return topic_answer(call, &topic_adw_monitor, fault);
}

enum rs_err adw_get_one(struct call *call, struct fault *fault)
{
    struct store *store = NULL;
    struct json_object *state = NULL;
    const char *id = NULL;
    int64_t version = 0;
    enum rs_err err = call_id(call, "id", "ADW", &id, fault);
    if (!err)
        err = worker_store(call->worker, &store, fault);
    if (!err)
        err = adw_get(store, call->access.org, id, &version, &state, fault);
    return err ? err : etag_answer(call, 200, state, version);
}

static enum rs_err save(struct call *call, bool patch, struct fault *fault)
{
    struct adw_save change = {.state = call->body, .patch = patch};
    struct store *store = NULL;
    struct json_object *state = NULL;
    const char *id = NULL;
    int64_t version = 0;
    bool created = false;
    enum rs_err err = call_id(call, "id", "ADW", &id, fault);
    if (!err && !call->body)
        err = fault_set(fault, RS_UNPROCESSABLE, patch ? "the body must be a merge patch (RFC 7396) of the state"
                                                       : "the body must be the state, a JSON object");
    if (!err)
        err = etag_if_match(call, &change.if_version, fault);
    if (!err)
        err = worker_store(call->worker, &store, fault);
    if (!err)
        err = adw_save(store, call->access.org, id, &change, &created, &version, &state, fault);
    if (err)
        return err;
    worker_caused_events(call->worker);
    return etag_answer(call, created ? 201 : 200, state, version);
}

enum rs_err adw_put(struct call *call, struct fault *fault)
{
    return save(call, false, fault);
}

enum rs_err adw_patch(struct call *call, struct fault *fault)
{
    return save(call, true, fault);
}

enum rs_err adw_remove(struct call *call, struct fault *fault)
{
    struct store *store = NULL;
    const char *id = NULL;
    int64_t version = 0;
    enum rs_err err = call_id(call, "id", "ADW", &id, fault);
    if (!err)
        err = etag_if_match(call, &version, fault);
    if (!err)
        err = worker_store(call->worker, &store, fault);
    if (!err)
        err = adw_delete(store, call->access.org, id, version, fault);
    if (err)
        return err;
    worker_caused_events(call->worker);
    return response_json(call->response, 204, NULL);
}
