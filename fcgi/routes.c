#include "routes.h"

#include "auth/auth.h"
#include "base/clock.h"
#include "gateway.h"
#include "http/problem.h"
#include "idempotency.h"
#include "stats/stats.h"
#include <stdio.h>
#include <string.h>

enum { ALLOW_MAX = 200 };

/* "/api/runs/{id}/artifacts/{name...}": as many segments as there are before the last, which takes the rest. */
static bool rest_match(const char *pattern, const char *path, struct path_params *ret_params, const char **ret_rest)
{
    char head_pattern[REQUEST_PATH_MAX], head[REQUEST_PATH_MAX];
    size_t len = (size_t)(strrchr(pattern, '/') - pattern);
    const char *end = path;

    for (size_t i = 0; i <= len && end; i++)
        if (pattern[i] == '/')
            end = i == 0 ? strchr(end, '/') : strchr(end + 1, '/');
    if (!end || end[1] == '\0')
        return false;
    snprintf(head_pattern, sizeof head_pattern, "%.*s", (int)len, pattern);
    snprintf(head, sizeof head, "%.*s", (int)(end - path), path);
    *ret_rest = end + 1;
    return path_match(head_pattern, head, ret_params);
}

static bool pattern_match(const char *pattern, const char *path, struct path_params *ret_params, const char **ret_rest)
{
    size_t len = strlen(pattern);
    if (len > 4 && strcmp(pattern + len - 4, "...}") == 0)
        return rest_match(pattern, path, ret_params, ret_rest);
    if (len < 3 || strcmp(pattern + len - 3, "...") != 0)
        return path_match(pattern, path, ret_params);
    len -= 3;
    if (strncmp(pattern, path, len) != 0 || (path[len] != '\0' && path[len] != '/'))
        return false;
    *ret_rest = path + len;
    return true;
}

/* A HEAD is a GET whose body is left out. */
static const char *effective_method(const char *method)
{
    return strcmp(method, "HEAD") == 0 ? "GET" : method;
}

/* The route of method and path. When there is none, allow tells the path's methods, "" when it is unknown. */
static const struct route *find_route(const struct program *program, struct call *call, char allow[ALLOW_MAX])
{
    const char *method = effective_method(call->request->method);
    const struct route *found = NULL;
    size_t used = 0;
    allow[0] = '\0';
    for (unsigned i = 0; i < program->n_routes; i++) {
        const struct route *route = &program->routes[i];
        struct path_params params = {0};
        const char *rest = NULL;
        if (!pattern_match(route->pattern, call->request->path, &params, &rest))
            continue;
        used += (size_t)snprintf(allow + used, ALLOW_MAX - used, "%s%s, ", route->method,
                                 strcmp(route->method, "GET") == 0 ? ", HEAD" : "");
        if (!found && strcmp(route->method, method) == 0) {
            found = route;
            call->params = params;
            call->rest = rest;
        }
    }
    if (used)
        snprintf(allow + used, ALLOW_MAX - used, "OPTIONS");
    return found;
}

static void answer_options(struct call *call, const char *allow, bool cross_origin)
{
    call->response->status = 204;
    response_header(call->response, "Allow", allow);
    if (!cross_origin)
        return;
    response_header(call->response, "Access-Control-Allow-Methods", allow);
    response_header(call->response, "Access-Control-Allow-Headers", 
                    "Authorization, Content-Type, Idempotency-Key, If-Match, If-None-Match, Range");
    response_header(call->response, "Access-Control-Max-Age", "600");
}

/* Tell other origins' pages what they may see. Returns: may this origin? */
static bool put_cors(struct call *call, const struct config *config)
{
    const char *allowed = access_cors_origin(config, call->request->access.origin);
    if (config_text(config, "cors.origins"))
        response_header(call->response, "Vary", "Origin");
    if (!allowed)
        return false;
    response_header(call->response, "Access-Control-Allow-Origin", allowed);
    response_header(call->response, "Access-Control-Expose-Headers", "ETag, Location, Content-Range, WWW-Authenticate");
    return true;
}

static bool takes_body(const struct route *route)
{
    return strcmp(route->method, "POST") == 0 || strcmp(route->method, "PUT") == 0 ||
           strcmp(route->method, "PATCH") == 0;
}

/* Answers that are one person's credentials are not kept to be given again. */
static bool gives_credentials(const struct route *route)
{
    static const char root[] = "/api/auth/";
    return strncmp(route->pattern, root, sizeof root - 1) == 0;
}

static enum rs_err run_handler(struct call *call, const struct route *route, const char *any_text, struct fault *fault)
{
    struct buf body;
    buf_init(&body, 0);
    enum rs_err err = RS_OK;
    if (takes_body(route))
        err = request_body(call->request, (size_t)config_number(call->worker->dd->config, "limits.body"), &body, fault);
    call->text = any_text && strcmp(any_text, route->pattern) == 0 ? &body : NULL;
    if (!err && !call->text)
        err = request_parse_json(call->request, &body, &call->body, fault);
    bool keeps = strcmp(route->method, "POST") == 0 && !gives_credentials(route);
    const char *key = keeps ? request_header(call->request, "HTTP_IDEMPOTENCY_KEY") : NULL;
    if (!err)
        err = key ? answer_once(call, route, key, &body, fault) : route->handler(call, fault);
    buf_release(&body);
    return err;
}

/* RFC 6750, section 3: what would be needed. */
static void put_challenge(struct call *call, enum rs_err err, const char *scope)
{
    char text[100];
    if (err == RS_DENIED && call->access.by_token)
        snprintf(text, sizeof text, "Bearer realm=\"runspool\", error=\"insufficient_scope\", scope=\"%s\"", scope);
    else
        snprintf(text, sizeof text, "Bearer realm=\"runspool\"%s",
                 call->request->access.authorization ? ", error=\"invalid_token\"" : "");
    if (err == RS_UNAUTHENTICATED || call->access.by_token)
        response_header(call->response, "WWW-Authenticate", text);
}

/* Who asks, and may they? On a route for anyone call->access is zeroed when nobody good asks. */
static enum rs_err check_caller(struct call *call, const struct route *route, struct fault *fault)
{
    const struct access_request *request = &call->request->access;
    const char *scope = route ? route->scope : NULL;
    enum rs_err err = access_check(call->worker->dd->config, request, fault);
    if (err)
        return err;
    /* A bridge asks again in time, and makes nobody wait for it. */
    if (auth_wants_keys(call->worker->auth, request) || auth_is_due(call->worker->auth, 2 * AUTH_DUE_MS))
        auth_refresh(call->worker->auth);
    err = auth_identify(call->worker->auth, request, &call->access, fault);
    if (route && !*scope)
        return err == RS_UNAUTHENTICATED || err == RS_DENIED ? RS_OK : err;
    if (!err)
        err = access_allows(&call->access, scope, fault);
    if (err == RS_UNAUTHENTICATED || err == RS_DENIED)
        put_challenge(call, err, scope ? scope : "viewer");
    return err;
}

static enum rs_err dispatch(const struct program *program, struct call *call, struct fault *fault)
{
    const struct config *config = call->worker->dd->config;
    char allow[ALLOW_MAX];
    const struct route *route = call->route = find_route(program, call, allow);
    bool cross_origin = put_cors(call, config);
    if (*allow && strcmp(call->request->method, "OPTIONS") == 0) {
        answer_options(call, allow, cross_origin);
        return RS_OK;
    }
    enum rs_err err = program->by_signature ? RS_OK : check_caller(call, route, fault);
    if (err)
        return err;
    if (!*allow)
        return fault_set(fault, RS_NOT_FOUND, "there is no %.200s; GET %.100s/api lists what there is",
                         call->request->path, call->request->prefix);
    if (!route) {
        response_header(call->response, "Allow", allow);
        return fault_set(fault, RS_METHOD, "%.20s is not for %.200s; it takes %s", call->request->method,
                         call->request->path, allow);
    }
    return program->by_signature ? route->handler(call, fault) : run_handler(call, route, program->any_text, fault);
}

static void log_failure(const struct program *program, const struct call *call, const struct fault *fault)
{
    char line[1000];
    snprintf(line, sizeof line, "%s request.failed status=%d method=%.20s path=%.200s reason=\"%s\"", program->name,
             rs_err_http(fault->code), call->request->method, call->request->path, fault->message);
    for (char *p = line; *p; p++)
        if ((unsigned char)*p < 0x20 || *p == 0x7F)
            *p = '?';
    call->request->exchange->log(call->request->exchange, line);
}

static void count(const struct call *call, int64_t began_us)
{
    if (!call->route)
        return;
    const char *path = call->counted ? call->counted : call->route->pattern;
    stats_count(call->worker->stats, call->route->method, path, call->counted_below ? call->counted_below : "",
                clock_mono_us() - began_us - call->held_us, call->response->status >= 400);
}

void program_serve(const struct program *program, struct worker *worker, struct exchange *ex)
{
    struct request request;
    struct response response;
    struct fault fault = {0};
    struct call call = {.worker = worker, .request = &request, .response = &response};
    int64_t began_us = clock_mono_us();
    call.errors = json_object_new_array();
    response_init(&response);
    enum rs_err err = request_init(&request, ex, worker->dd->config, program->root ? program->root : "/api", &fault);
    if (!err)
        err = dispatch(program, &call, &fault);
    if (!err && (response.body.err || response.headers.err))
        err = fault_set(&fault, response.body.err == RS_NOMEM ? RS_NOMEM : RS_IO, "the answer is too large");
    if (err) {
        fault.code = err;
        response_problem(&response, &fault, call.errors && json_object_array_length(call.errors) ? call.errors : NULL);
        if (response.status >= 500)
            log_failure(program, &call, &fault);
    }
    count(&call, began_us);
    response_write(&response, ex, strcmp(request.method, "HEAD") == 0);
    json_object_put(call.body);
    json_object_put(call.errors);
    access_release(&call.access);
    response_release(&response);
    request_release(&request);
}

enum rs_err call_id(struct call *call, const char *name, const char *what, const char **ret, struct fault *fault)
{
    const char *id = path_param(&call->params, name);
    if (!id_valid(id))
        return fault_set(fault, RS_NOT_FOUND, "there is no such %s: ids are 1 to %d of A-Z a-z 0-9 . _ -", what,
                         ID_MAX);
    *ret = id;
    return RS_OK;
}

void call_error(struct call *call, const char *member, const char *value, const char *code, const char *message)
{
    struct json_object *error = json_object_new_object();
    if (member)
        json_set_string(error, member, value);
    json_set_string(error, "code", code);
    json_set_string(error, "message", message);
    json_object_array_add(call->errors, error);
}
