/* Answers of web: their headers, errors, and those that are shared. */
#include "base/log.h"
#include "bridge/bridge.h"
#include "bridge/kept.h"
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

/* Where headers of an answer go: to the library's, or into the text of one of kept's. */
struct answer {
    struct MHD_Response *response;
    struct buf *text;
};

static void put(const struct answer *to, const char *name, const char *value)
{
    if (to->response) {
        MHD_add_response_header(to->response, name, value);
        return;
    }
    buf_puts(to->text, name);
    buf_puts(to->text, ": ");
    buf_puts(to->text, value);
    buf_puts(to->text, "\r\n");
}

static void put_headers(const struct exchange *x, const struct answer *to, const char *allowed)
{
    put(to, MHD_HTTP_HEADER_CACHE_CONTROL, "no-store");
    if (!x->keeps)
        put(to, MHD_HTTP_HEADER_CONNECTION, "close");
    if (config_text(x->bridge->config, "cors.origins")) /* whether there is an answer for it or not */
        put(to, MHD_HTTP_HEADER_VARY, "Origin");
    if (!allowed)
        return;
    put(to, MHD_HTTP_HEADER_ACCESS_CONTROL_ALLOW_ORIGIN, allowed);
    put(to, "Access-Control-Expose-Headers", "WWW-Authenticate, Retry-After");
    if (x->options) {
        put(to, "Access-Control-Allow-Methods", "GET");
        put(to, "Access-Control-Allow-Headers", "Authorization, Last-Event-ID, Cache-Control");
        put(to, "Access-Control-Max-Age", "600");
    }
}

static const char *allowed_origin(const struct exchange *x)
{
    const char *origin = x->kept ? kept_origin(x) : web_header(x, "Origin");
    return origin ? access_cors_origin(x->bridge->config, origin) : NULL;
}

void web_add_headers(struct exchange *x, struct MHD_Response *response)
{
    put_headers(x, &(struct answer){.response = response}, allowed_origin(x));
}

static void put_all_headers(const struct exchange *x, const struct answer *to, int status, const char *type)
{
    put_headers(x, to, allowed_origin(x));
    if (type)
        put(to, MHD_HTTP_HEADER_CONTENT_TYPE, type);
    if (status == MHD_HTTP_METHOD_NOT_ALLOWED || x->options)
        put(to, MHD_HTTP_HEADER_ALLOW, "GET, OPTIONS");
    if (status == MHD_HTTP_SERVICE_UNAVAILABLE)
        put(to, MHD_HTTP_HEADER_RETRY_AFTER, LIMITS_RETRY_AFTER);
    if (status == MHD_HTTP_UNAUTHORIZED)
        put(to, MHD_HTTP_HEADER_WWW_AUTHENTICATE, "Bearer realm=\"runspool\"");
    if (status == MHD_HTTP_FORBIDDEN && x->request.access.by_token)
        put(to, MHD_HTTP_HEADER_WWW_AUTHENTICATE, "Bearer realm=\"runspool\", error=\"insufficient_scope\"");
    if (status == MHD_HTTP_UPGRADE_REQUIRED)
        put(to, MHD_HTTP_HEADER_UPGRADE, "websocket");
}

enum MHD_Result web_answer(struct exchange *x, int status, const char *type, const char *body, size_t len)
{
    x->keeps = false;
    if (x->kept) {
        put_all_headers(x, &(struct answer){.text = kept_answer(x, status, len)}, status, type);
        return kept_send(x, NULL, body, len);
    }
    struct MHD_Response *response = MHD_create_response_from_buffer(len, (void *)body, MHD_RESPMEM_MUST_COPY);
    if (!response)
        return MHD_NO;
    put_all_headers(x, &(struct answer){.response = response}, status, type);
    enum MHD_Result result = MHD_queue_response(x->connection, (unsigned)status, response);
    MHD_destroy_response(response);
    return result;
}

/* With the headers this client is due. */
static bool dress(struct exchange *x, struct told *told)
{
    const char *allowed = allowed_origin(x);
    bool same = allowed && told->origin ? strcmp(allowed, told->origin) == 0 : allowed == told->origin;
    if (told->response && same)
        return true;
    char *origin = allowed ? strdup(allowed) : NULL;
    struct MHD_Response *response = MHD_create_response_from_buffer(told->len, told->text, MHD_RESPMEM_PERSISTENT);
    if (!response || (allowed && !origin)) {
        if (response)
            MHD_destroy_response(response);
        free(origin);
        return false;
    }
    put_all_headers(x, &(struct answer){.response = response}, MHD_HTTP_OK, "application/json");
    if (told->response)
        MHD_destroy_response(told->response); /* those who are being given it hold it */
    free(told->origin);
    told->response = response;
    told->free_response = MHD_destroy_response;
    told->origin = origin;
    return true;
}

enum MHD_Result web_answer_told(struct exchange *x, struct told *told)
{
    if (!x->told)
        x->told = told_ref(told); /* the text is read where it is, until the exchange ends */
    if (x->kept) {
        x->keeps = x->keeps && !x->bridge->draining;
        put_all_headers(x, &(struct answer){.text = kept_answer(x, MHD_HTTP_OK, told->len)}, MHD_HTTP_OK, "application/json");
        return kept_send(x, told, NULL, 0);
    }
    return dress(x, told) ? MHD_queue_response(x->connection, MHD_HTTP_OK, told->response) : MHD_NO;
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
