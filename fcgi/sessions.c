/* Sessions: /api/sessions, /api/sessions/{id} and its tools. */
#include "model/session.h"

#include "api.h"
#include "etag.h"
#include "gateway.h"
#include <string.h>

enum { LIST_DEFAULT = 100 };

enum rs_err sessions_list(struct call *call, struct fault *fault)
{
    struct store *store = NULL;
    struct json_object *list = NULL;
    const struct query *query = &call->request->query;
    const char *cursor = query_get(query, "cursor"), *order = query_get(query, "order"), *text = query_get(query, "q");
    bool recent = text || (order && strcmp(order, "recent") == 0);
    int limit = 0;
    enum rs_err err = request_limit(call->request, LIST_DEFAULT, SESSION_LIST_MAX, &limit, fault);
    if (!err && cursor && !id_valid(cursor))
        err = fault_set(fault, RS_INVALID, "cursor must be the `next` of an earlier answer");
    if (!err && order && !recent && strcmp(order, "id") != 0)
        err = fault_set(fault, RS_INVALID, "order must be id or recent");
    if (!err)
        err = worker_store(call->worker, &store, fault);
    if (!err)
        err = recent ? session_list_recent(store, call->access.org, text, limit, cursor, &list, fault)
                     : session_list(store, call->access.org, limit, cursor, &list, fault);
    if (!err)
        err = response_json(call->response, 200, list);
    json_object_put(list);
    return err;
}

/* Takes the session. */
static enum rs_err answer(struct call *call, int status, struct json_object *session)
{
    return etag_answer(call, status, session, json_get_int(session, "version", 0));
}

enum rs_err session_get_one(struct call *call, struct fault *fault)
{
    struct store *store = NULL;
    struct json_object *session = NULL;
    const char *id = NULL;
    enum rs_err err = call_id(call, "id", "session", &id, fault);
    if (!err)
        err = worker_store(call->worker, &store, fault);
    if (!err)
        err = session_get(store, call->access.org, id, &session, fault);
    return err ? err : answer(call, 200, session);
}

static enum rs_err save(struct call *call, struct session_change *change, bool always_200, struct fault *fault)
{
    struct store *store = NULL;
    struct json_object *session = NULL;
    const char *id = NULL;
    bool created = false;
    enum rs_err err = call_id(call, "id", "session", &id, fault);
    if (!err)
        err = etag_if_match(call, &change->if_version, fault);
    if (!err)
        err = worker_store(call->worker, &store, fault);
    if (!err)
        err = session_save(store, call->access.org, id, change, &created, call->errors, &session, fault);
    if (err)
        return err;
    worker_caused_events(call->worker);
    return answer(call, created && !always_200 ? 201 : 200, session);
}

enum rs_err session_put(struct call *call, struct fault *fault)
{
    struct json_object *given = json_get(call->body, "id");
    const char *id = json_get_string(call->body, "id", NULL), *path_id = path_param(&call->params, "id");
    struct session_change change = {
        .name = json_get(call->body, "name"),
        .model = json_get(call->body, "model"),
        .tools = json_get(call->body, "tools"),
        .messages = json_get(call->body, "messages"),
    };
    if (given && (!id || !path_id || strcmp(id, path_id) != 0)) {
        call_error(call, "member", "id", "id", "the id in the body is another than in the address");
        return fault_set(fault, RS_UNPROCESSABLE, "the session's id is not usable");
    }
    return save(call, &change, false, fault);
}

/* {"toolId","enabled"} as one more member of `tools`. *ret: owned. */
static enum rs_err read_tools(struct call *call, struct json_object **ret, struct fault *fault)
{
    struct json_object *tools = json_get(call->body, "tools"), *enabled = json_get(call->body, "enabled"), *all = NULL;
    const char *tool = json_get_string(call->body, "toolId", NULL);
    if (!tool && !tools) {
        call_error(call, "member", "toolId", "missing",
                   "send {\"toolId\",\"enabled\"} or {\"tools\":{id: true or false}}");
        return fault_set(fault, RS_UNPROCESSABLE, "the body names no tool");
    }
    if (tools && !json_object_is_type(tools, json_type_object))
        all = json_object_get(tools); /* the model says what is wrong with it */
    else if (tools && json_object_deep_copy(tools, &all, NULL) != 0)
        return fault_set(fault, RS_NOMEM, "no memory for tools");
    if (!all)
        all = json_object_new_object();
    if (tool && json_object_is_type(all, json_type_object))
        json_set(all, tool, json_object_get(enabled));
    *ret = all;
    return RS_OK;
}

enum rs_err session_tools_put(struct call *call, struct fault *fault)
{
    struct session_change change = {0};
    enum rs_err err = read_tools(call, &change.tools, fault);
    if (!err)
        err = save(call, &change, true, fault);
    json_object_put(change.tools);
    return err;
}

enum rs_err session_remove(struct call *call, struct fault *fault)
{
    struct store *store = NULL;
    const char *id = NULL;
    enum rs_err err = call_id(call, "id", "session", &id, fault);
    if (!err)
        err = worker_store(call->worker, &store, fault);
    if (!err)
        err = session_delete(store, call->access.org, id, fault);
    if (!err) {
        worker_caused_events(call->worker);
        err = response_json(call->response, 204, NULL);
    }
    return err;
}
