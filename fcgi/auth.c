/* /api/auth: tickets for addresses in which no token may stand, and the session cookie of our own pages. */
#include "auth/auth.h"
#include "api.h"
#include "auth/credential.h"
#include "auth/ticket.h"
#include "auth/token.h"
#include "base/clock.h"
#include "event/stream.h"
#include "gateway.h"
#include <stdio.h>
#include <string.h>
#include <strings.h>

enum { COOKIE_MAX = TOKEN_MAX + REQUEST_PATH_MAX + 200 };

/* What a ticket is asked for. */
struct wish {
    char path[REQUEST_PATH_MAX]; /* "": any native door */
    struct json_object *streams; /* owned; NULL: those of the path */
};

static bool has_root(const char *path, const char *root)
{
    size_t len = strlen(root);
    return strncmp(path, root, len) == 0 && (path[len] == '\0' || path[len] == '/');
}

static bool is_native(const char *path)
{
    return strcmp(path, "/ws") == 0 || strcmp(path, "/sse") == 0 || strcmp(path, "/poll") == 0 ||
           strcmp(path, "/api/poll") == 0;
}

static enum rs_err check_streams(struct call *call, struct json_object *streams, struct fault *fault)
{
    struct fault why = {0};
    size_t n = json_object_array_length(streams);
    for (size_t i = 0; i < n; i++) {
        struct json_object *one = json_object_array_get_idx(streams, i);
        const char *name = json_object_is_type(one, json_type_string) ? json_object_get_string(one) : "";
        if (strlen(name) != (size_t)json_object_get_string_len(one) || stream_check(name, &why) != RS_OK)
            call_error(call, "param", "streams", "stream", *why.message ? why.message : "a stream is a text");
    }
    if (n == 0)
        call_error(call, "param", "streams", "empty", "name at least one stream");
    if (json_object_array_length(call->errors) == 0)
        return RS_OK;
    return fault_set(fault, RS_UNPROCESSABLE, "the streams cannot be followed");
}

/* The streams in a path's query: "/sse?stream=run:r_1". */
static enum rs_err take_query(struct call *call, const char *text, struct wish *wish, struct fault *fault)
{
    struct query query = {0};
    int index = 0;
    enum rs_err err = query_parse(text, &query, fault);
    struct json_object *streams = json_object_new_array();
    for (const char *name; !err && (name = query_next(&query, "stream", &index));)
        json_object_array_add(streams, json_object_new_string(name));
    query_release(&query);
    if (!err && json_object_array_length(streams) > 0)
        err = check_streams(call, streams, fault);
    if (!err && json_object_array_length(streams) > 0)
        wish->streams = json_object_get(streams);
    json_object_put(streams);
    return err;
}

/* path: as a client would ask for it, perhaps with our prefix and with streams. */
static enum rs_err take_path(struct call *call, const char *path, struct wish *wish, struct fault *fault)
{
    static const char *const roots[] = {"/ws", "/sse", "/poll", "/api"};
    char raw[REQUEST_PATH_MAX];
    const char *prefix = call->request->prefix;
    size_t len = strlen(prefix);
    bool known = false;
    enum rs_err err = RS_OK;
    if (len > 0 && strncmp(path, prefix, len) == 0 && path[len] == '/')
        path += len;
    size_t end = strcspn(path, "?");
    if (end < sizeof raw) {
        snprintf(raw, sizeof raw, "%.*s", (int)end, path);
        err = path_decode(raw, wish->path, sizeof wish->path);
        for (size_t i = 0; !err && i < sizeof roots / sizeof *roots; i++)
            known = known || has_root(wish->path, roots[i]);
    }
    if (!known) {
        call_error(call, "param", "path", "path", "a path begins with /ws, /sse, /poll or /api");
        return fault_set(fault, RS_UNPROCESSABLE, "there is no such path");
    }
    if (path[end] == '?')
        err = take_query(call, path + end + 1, wish, fault);
    if (!err && is_native(wish->path) && !wish->streams) {
        call_error(call, "param", "streams", "missing", "name the streams for this path");
        err = fault_set(fault, RS_UNPROCESSABLE, "which streams?");
    }
    return err;
}

static enum rs_err read_wish(struct call *call, struct wish *wish, struct fault *fault)
{
    struct json_object *streams = json_get(call->body, "streams"), *path = json_get(call->body, "path");
    if (!streams == !path)
        return fault_set(fault, RS_UNPROCESSABLE, "the body must be {\"streams\": [...]} or {\"path\": \"/sse/...\"}");
    if (path)
        return take_path(call, json_get_string(call->body, "path", ""), wish, fault);
    if (!json_object_is_type(streams, json_type_array))
        return fault_set(fault, RS_UNPROCESSABLE, "`streams` must be an array of stream names");
    wish->streams = json_object_get(streams);
    return check_streams(call, streams, fault);
}

enum rs_err auth_ticket_post(struct call *call, struct fault *fault)
{
    struct wish wish = {.path = ""};
    struct buf ticket;
    int64_t expires_ms = 0;
    buf_init(&ticket, TICKET_MAX);
    enum rs_err err = read_wish(call, &wish, fault);
    if (!err)
        err = auth_ticket(call->worker->auth, &call->access, *wish.path ? wish.path : NULL, wish.streams, &ticket,
                          &expires_ms, fault);
    if (!err) {
        struct json_object *answer = json_object_new_object();
        json_set_string(answer, "ticket", ticket.data);
        json_set_int(answer, "expiresIn", (expires_ms - clock_wall_ms() + 999) / 1000);
        err = response_json(call->response, 200, answer);
        json_object_put(answer);
    }
    json_object_put(wish.streams);
    buf_release(&ticket);
    return err;
}

static enum rs_err answer_session(struct call *call)
{
    struct json_object *answer = json_object_new_object();
    json_set_string(answer, "auth", config_text(call->worker->dd->config, "auth"));
    json_set_string(answer, "org", call->access.org);
    json_set_string(answer, "sub", call->access.sub);
    json_set_string(answer, "scope", access_scope_name(call->access.scope));
    json_set_time(answer, "expiresAt", call->access.expires_ms);
    enum rs_err err = response_json(call->response, 200, answer);
    json_object_put(answer);
    return err;
}

/* Did the browser come by TLS, as far as we are told by those we believe? */
static bool is_secure(const struct call *call)
{
    const struct config *config = call->worker->dd->config;
    const char *public_url = config_text(config, "public_url"), *https = request_header(call->request, "HTTPS");
    const char *proto = request_header(call->request, "HTTP_X_FORWARDED_PROTO");
    if (public_url)
        return strncasecmp(public_url, "https://", 8) == 0;
    if (https && *https && strcasecmp(https, "off") != 0)
        return true;
    return proto && strcasecmp(proto, "https") == 0 && access_trusts(config, call->request->access.peer);
}

/* age_s: -1: until the browser ends; 0: away with it. */
static void put_cookie(struct call *call, const char *value, size_t len, int64_t age_s)
{
    char text[COOKIE_MAX];
    int n = snprintf(text, sizeof text, CREDENTIAL_COOKIE "=%.*s; Path=%.1000s/; HttpOnly; SameSite=Strict%s", (int)len,
                     value, call->request->prefix, is_secure(call) ? "; Secure" : "");
    if (age_s >= 0)
        snprintf(text + n, sizeof text - (size_t)n, "; Max-Age=%lld", (long long)age_s);
    response_header(call->response, "Set-Cookie", text);
}

enum rs_err auth_session_get(struct call *call, struct fault *fault)
{
    (void)fault;
    return answer_session(call);
}

enum rs_err auth_session_post(struct call *call, struct fault *fault)
{
    struct access_request bearer = {.authorization = call->request->access.authorization};
    struct credential credential;
    if (!call->access.by_token)
        return answer_session(call);
    if (credential_find(call->worker->dd->config, &bearer, &credential, fault) != RS_OK ||
        credential.kind != CREDENTIAL_TOKEN)
        return fault_set(fault, RS_INVALID, "send the token as Authorization: Bearer");
    int64_t left_ms = call->access.expires_ms - clock_wall_ms();
    put_cookie(call, credential.text, credential.len, call->access.expires_ms ? left_ms / 1000 : -1);
    return answer_session(call);
}

enum rs_err auth_session_delete(struct call *call, struct fault *fault)
{
    (void)fault;
    put_cookie(call, "", 0, 0);
    return response_json(call->response, 204, NULL);
}
