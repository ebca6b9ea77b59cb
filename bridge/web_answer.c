/* Answers of web: their headers, errors, and those that are shared. */
#include "base/log.h"
#include "bridge/bridge.h"
#include "bridge/limits.h"
#include "bridge/told.h"
#include "bridge/web.h"
#include "http/problem.h"
#include <stdlib.h>
#include <string.h>

#define PROBLEM_MAX (64 * 1024)

const char *web_header(const struct exchange *x, const char *name)
{
    return MHD_lookup_connection_value(x->connection, MHD_HEADER_KIND, name);
}

static void add_headers(struct exchange *x, struct MHD_Response *response, const char *allowed, bool keeps)
{
    MHD_add_response_header(response, MHD_HTTP_HEADER_CACHE_CONTROL, "no-store");
    if (!keeps)
        MHD_add_response_header(response, MHD_HTTP_HEADER_CONNECTION, "close");
    if (config_text(x->bridge->config, "cors.origins")) /* whether there is an answer for it or not */
        MHD_add_response_header(response, MHD_HTTP_HEADER_VARY, "Origin");
    if (!allowed)
        return;
    MHD_add_response_header(response, MHD_HTTP_HEADER_ACCESS_CONTROL_ALLOW_ORIGIN, allowed);
    MHD_add_response_header(response, "Access-Control-Expose-Headers", "WWW-Authenticate, Retry-After");
    if (x->options) {
        MHD_add_response_header(response, "Access-Control-Allow-Methods", "GET");
        MHD_add_response_header(response, "Access-Control-Allow-Headers", "Authorization, Last-Event-ID, Cache-Control");
        MHD_add_response_header(response, "Access-Control-Max-Age", "600");
    }
}

static const char *allowed_origin(const struct exchange *x)
{
    const char *origin = web_header(x, "Origin");
    return origin ? access_cors_origin(x->bridge->config, origin) : NULL;
}

void web_add_headers(struct exchange *x, struct MHD_Response *response)
{
    add_headers(x, response, allowed_origin(x), false);
}

enum MHD_Result web_answer(struct exchange *x, int status, const char *type, const char *body, size_t len)
{
    struct MHD_Response *response = MHD_create_response_from_buffer(len, (void *)body, MHD_RESPMEM_MUST_COPY);
    if (!response)
        return MHD_NO;
    web_add_headers(x, response);
    if (type)
        MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_TYPE, type);
    if (status == MHD_HTTP_METHOD_NOT_ALLOWED || x->options)
        MHD_add_response_header(response, MHD_HTTP_HEADER_ALLOW, "GET, OPTIONS");
    if (status == MHD_HTTP_SERVICE_UNAVAILABLE)
        MHD_add_response_header(response, MHD_HTTP_HEADER_RETRY_AFTER, LIMITS_RETRY_AFTER);
    if (status == MHD_HTTP_UNAUTHORIZED)
        MHD_add_response_header(response, MHD_HTTP_HEADER_WWW_AUTHENTICATE, "Bearer realm=\"runspool\"");
    if (status == MHD_HTTP_FORBIDDEN && x->request.access.by_token)
        MHD_add_response_header(response, MHD_HTTP_HEADER_WWW_AUTHENTICATE,
                                "Bearer realm=\"runspool\", error=\"insufficient_scope\"");
    if (status == MHD_HTTP_UPGRADE_REQUIRED)
        MHD_add_response_header(response, MHD_HTTP_HEADER_UPGRADE, "websocket");
    enum MHD_Result result = MHD_queue_response(x->connection, (unsigned)status, response);
    MHD_destroy_response(response);
    return result;
}

/* With the headers this client is due. */
static bool dress(struct exchange *x, struct told *told)
{
    const char *allowed = allowed_origin(x);
    bool same = allowed && told->origin ? strcmp(allowed, told->origin) == 0 : allowed == told->origin;
    bool keeps = x->keeps && !x->bridge->draining;
    x->kept = keeps;
    if (told->response && same && told->keeps == keeps)
        return true;
    char *origin = allowed ? strdup(allowed) : NULL;
    struct MHD_Response *response = MHD_create_response_from_buffer(told->len, told->text, MHD_RESPMEM_PERSISTENT);
    if (!response || (allowed && !origin)) {
        if (response)
            MHD_destroy_response(response);
        free(origin);
        return false;
    }
    add_headers(x, response, allowed, keeps);
    MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_TYPE, "application/json");
    if (told->response)
        MHD_destroy_response(told->response); /* those who are being given it hold it */
    free(told->origin);
    told->response = response;
    told->free_response = MHD_destroy_response;
    told->origin = origin;
    told->keeps = keeps;
    return true;
}

enum MHD_Result web_answer_told(struct exchange *x, struct told *told)
{
    if (!dress(x, told))
        return MHD_NO;
    if (!x->told)
        x->told = told_ref(told); /* the library reads the text where it is, until the exchange ends */
    return MHD_queue_response(x->connection, MHD_HTTP_OK, told->response);
}

enum MHD_Result web_answer_fault(struct exchange *x, const struct fault *fault)
{
    struct buf body;
    enum MHD_Result result = MHD_NO;
    int status = rs_err_http(fault->code);
    x->failed = true;
    x->bridge->metrics.values[METRIC_REFUSED]++;
    if (status >= 500)
        log_event(LOG_LEVEL_WARN, "request.failed", "status=%d reason=\"%s\"", status, fault->message);
    buf_init(&body, PROBLEM_MAX);
    if (problem_put(&body, fault, NULL) == RS_OK)
        result = web_answer(x, status, "application/problem+json", body.data, body.len);
    buf_release(&body);
    return result;
}
