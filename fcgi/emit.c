/* POST /api/events: events from outside. */
#include "api.h"
#include "drain.h"
#include "event/stream.h"
#include "gateway.h"
#include "model/crew.h"
#include "model/run.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { FLUSH_MS = 3000 };

/* Events that say how a run stands are made with the state they tell of; from outside they would be lies. */
static bool tells_state(const char *type)
{
    return strncmp(type, "run.", 4) == 0 || strncmp(type, "node.", 5) == 0 || strncmp(type, "approval.", 9) == 0;
}

/* Of a stream that is, the org is known; of another it is asked, as it will be when its first event is stored. */
static enum rs_err find_owner(struct call *call, struct store *store, const char *stream, char ret_org[ID_MAX + 1],
                              struct fault *fault)
{
    struct eventlog *log = NULL;
    struct eventlog_stream known;
    struct eventlog_owner owner = {.org = NULL};
    enum rs_err err = worker_log(call->worker, &log, fault);
    if (!err)
        err = eventlog_stream(log, stream, &known, fault);
    if (!err)
        snprintf(ret_org, ID_MAX + 1, "%s", known.org);
    if (err != RS_NOT_FOUND)
        return err;
    err = store_owner((void *)store->dd, stream, &owner, fault);
    if (!err)
        snprintf(ret_org, ID_MAX + 1, "%s", owner.org ? owner.org : config_text(store->dd->config, "spool.org"));
    eventlog_owner_release(&owner);
    return err;
}

/* Whoever came first would own the stream of a session or an ADW that another org makes later. */
static enum rs_err check_document(struct call *call, struct store *store, const char *stream, struct fault *fault)
{
    struct eventlog_owner owner = {.org = NULL};
    if (!call->access.by_token || !(stream_has_kind(stream, "session") || stream_has_kind(stream, "adw")))
        return RS_OK;
    enum rs_err err = store_owner((void *)store->dd, stream, &owner, fault);
    bool is = owner.org && strcmp(owner.org, call->access.org) == 0;
    eventlog_owner_release(&owner);
    if (err)
        return err;
    return is ? RS_OK : fault_set(fault, RS_NOT_FOUND, "there is no %.200s", stream);
}

/* Where what is said of a crew lives: a crew of the caller's may have another home than its id. Returns stream, or ret. */
static const char *home_of(struct call *call, struct store *store, const char *stream, char ret[STREAM_MAX])
{
    bool is_crew = stream_has_kind(stream, "crew");
    char home[ID_MAX + 1];
    if ((!is_crew && !stream_has_kind(stream, "mission")) ||
        crew_home(store, call->access.org, stream_id(stream), home, NULL) != RS_OK)
        return stream;
    snprintf(ret, STREAM_MAX, "%s:%.*s", is_crew ? "crew" : "mission", ID_MAX, home);
    return ret;
}

/* One emits to streams of one's own org only. Whether a document of another's exists is not told. */
static enum rs_err check_stream(struct call *call, struct store *store, const char *stream, const char *type,
                                struct fault *fault)
{
    char org[ID_MAX + 1];
    bool is_run = stream_has_kind(stream, "run");
    bool is_crew = stream_has_kind(stream, "crew") || stream_has_kind(stream, "mission");
    char home[STREAM_MAX];
    enum rs_err err = check_document(call, store, stream, fault);
    if (!err)
        err = find_owner(call, store, home_of(call, store, stream, home), org, fault);
    if (err)
        return err;
    if (strcmp(org, call->access.org) != 0)
        return is_run || stream_has_kind(stream, "session") || stream_has_kind(stream, "adw")
                   ? fault_set(fault, RS_NOT_FOUND, "there is no %.200s", stream)
                   : fault_set(fault, RS_DENIED, "the stream %.200s is another organisation's", stream);
    if (is_crew && !access_has_crew(&call->access, stream_id(stream)))
        return fault_set(fault, RS_DENIED, "the token is not for this crew");
    if (is_run && tells_state(type) && run_exists(store, org, stream_id(stream), NULL) == RS_OK)
        return fault_set(fault, RS_DENIED, "%s events of a run are its runner's", type);
    return RS_OK;
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
    char home[STREAM_MAX];
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
        err = check_stream(call, store, stream, type, fault);
    drain_pending(call->worker->dd); /* what was left before comes before */
    if (!err)
        err = emit(call, store, home_of(call, store, stream, home), type, sent, fault);
    if (!err)
        err = answer(call);
    json_object_put(sent);
    return err;
}
