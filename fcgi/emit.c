/* POST /api/events: events from outside. */
#include "api.h"
#include "drain.h"
#include "event/stream.h"
#include "gateway.h"
#include "model/run.h"
#include <string.h>

enum { FLUSH_MS = 3000 };

/* Events that say how a run stands are made with the state they tell of; from outside they would be lies. */
static bool tells_state(const char *type)
{
    return strncmp(type, "run.", 4) == 0 || strncmp(type, "node.", 5) == 0 || strncmp(type, "approval.", 9) == 0;
}

/* A run's stream belongs to the run's org; one that no run owns to that of the setting spool.org. */
static enum rs_err check_run_stream(struct call *call, struct store *store, const char *stream, const char *type,
                                    struct fault *fault)
{
    const char *run_id = stream_id(stream), *owner = config_text(store->dd->config, "spool.org");
    if (!stream_has_kind(stream, "run"))
        return RS_OK;
    enum rs_err err = run_exists(store, call->access.org, run_id, fault);
    if (!err)
        return tells_state(type) ? fault_set(fault, RS_DENIED, "%s events of a run are its runner's", type) : RS_OK;
    if (err == RS_NOT_FOUND && owner && strcmp(owner, call->access.org) == 0) {
        err = run_exists(store, NULL, run_id, fault);
        if (err == RS_NOT_FOUND)
            return RS_OK; /* nobody's */
        if (!err)
            err = fault_set(fault, RS_NOT_FOUND, "there is no run %s", run_id);
    }
    return err;
}

/* A state event is safe once its outbox row is committed, and so is any that has a key; another bulk event once the log
 * has it. */
static enum rs_err emit(struct call *call, struct store *store, const char *stream, const char *type,
                        struct json_object *data, struct fault *fault)
{
    struct change *change = NULL;
    struct spool *spool = NULL;
    enum rs_err err;
    if (!event_type_is_bulk(type) || store->once) {
        err = change_begin(store, &change, fault);
        if (err)
            return err;
        err = change_event(change, stream, type, data, fault);
        if (err) {
            change_abort(change);
            return err;
        }
        worker_caused_events(call->worker);
        return change_commit(change, fault);
    }
    size_t len;
    const char *text = json_text(data, &len);
    err = store_spool(store, &spool, fault);
    if (!err && (err = spool_append(spool, stream, type, text, len, 0)))
        fault_set(fault, err, err == RS_BUSY ? "the event log takes no events at present" : "the event is too large");
    if (!err && (err = spool_flush(spool, FLUSH_MS)))
        fault_set(fault, err, "the event log has not taken the event yet");
    return err;
}

static enum rs_err answer(struct call *call)
{
    struct json_object *answer = json_object_new_object();
    json_set_string(answer, "stream", json_get_string(call->body, "stream", ""));
    json_set_string(answer, "type", json_get_string(call->body, "type", ""));
    enum rs_err err = response_json(call->response, 202, answer);
    json_object_put(answer);
    return err;
}

enum rs_err events_done(struct call *call, const char *stream, struct fault *fault)
{
    (void)stream;
    (void)fault;
    return answer(call);
}

enum rs_err events_post(struct call *call, struct fault *fault)
{
    struct store *store = NULL;
    const char *stream = json_get_string(call->body, "stream", ""), *type = json_get_string(call->body, "type", "");
    struct json_object *data = json_get(call->body, "data");
    enum rs_err err = RS_OK;
    struct fault why = {0};
    if (stream_check_home(stream, &why))
        call_error(call, "param", "stream", "stream", why.message);
    if (!event_type_valid(type, strlen(type)))
        call_error(call, "param", "type", "type", "a type is a word, or two joined by a dot: log, tool.started");
    if (data && !json_object_is_type(data, json_type_object))
        call_error(call, "param", "data", "type", "data must be an object");
    if (json_object_array_length(call->errors) > 0)
        return fault_set(fault, RS_UNPROCESSABLE, "the event must be {\"stream\", \"type\", \"data\"}");
    struct json_object *sent = data ? json_object_get(data) : json_object_new_object();
    err = worker_store(call->worker, &store, fault);
    if (!err)
        err = check_run_stream(call, store, stream, type, fault);
    drain_pending(call->worker->dd); /* what was left before comes before */
    if (!err)
        err = emit(call, store, stream, type, sent, fault);
    if (!err)
        err = answer(call);
    json_object_put(sent);
    return err;
}
