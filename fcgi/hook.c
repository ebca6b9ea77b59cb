/* hook.fcgi: webhooks. Who sends one proves by its signature that it knows the source's secret. */
#include "model/hook.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/utf8.h"
#include "gateway.h"
#include "model/launch.h"
#include <stdio.h>
#include <string.h>
#include <strings.h>

/* What workflows see of the headers. */
static const struct {
    const char *variable, *name;
} shown_headers[] = {
    {"CONTENT_TYPE", "content-type"},
    {"HTTP_USER_AGENT", "user-agent"},
    {"HTTP_X_GITHUB_EVENT", "x-github-event"},
    {"HTTP_X_GITHUB_DELIVERY", "x-github-delivery"},
    {"HTTP_X_GITHUB_HOOK_ID", "x-github-hook-id"},
    {"HTTP_X_EVENT", "x-event"},
    {"HTTP_X_DELIVERY", "x-delivery"},
    {"HTTP_X_TIMESTAMP", "x-timestamp"},
    {"HTTP_X_REQUEST_ID", "x-request-id"},
};

static struct json_object *headers_of(const struct request *request)
{
    struct json_object *headers = json_object_new_object();
    for (size_t i = 0; i < sizeof shown_headers / sizeof *shown_headers; i++) {
        const char *value = request_header(request, shown_headers[i].variable);
        if (value && utf8_valid(value, strlen(value)))
            json_set_string(headers, shown_headers[i].name, value);
    }
    return headers;
}

static bool type_is(const char *type, const char *want)
{
    size_t len = strlen(want);
    return type && strncasecmp(type, want, len) == 0 && (type[len] == '\0' || type[len] == ';' || type[len] == ' ');
}

/* GitHub may send its JSON as the field `payload` of a form. */
static enum rs_err parse_form(const struct buf *body, struct json_object **ret, struct fault *fault)
{
    struct query form = {0};
    if (strlen(body->data) != body->len)
        return fault_set(fault, RS_INVALID, "the form holds a NUL byte");
    enum rs_err err = query_parse(body->data, &form, fault);
    const char *payload = err ? NULL : query_get(&form, "payload");
    if (!err && !payload)
        err = fault_set(fault, RS_INVALID, "the form has no field `payload`");
    if (!err)
        err = json_parse(payload, strlen(payload), JSON_BODY_MAX, ret, fault);
    query_release(&form);
    return err;
}

static enum rs_err parse_body(const struct request *request, const struct buf *body, struct json_object **ret,
                              struct fault *fault)
{
    const char *type = request_header(request, "CONTENT_TYPE");
    if (body->len == 0)
        return RS_OK;
    if (type_is(type, "application/x-www-form-urlencoded"))
        return parse_form(body, ret, fault);
    if (!type_is(type, "application/json") && !type_is(type, "application/cloudevents+json"))
        return fault_set(fault, RS_MEDIA_TYPE, "a webhook is application/json, or a form with a field `payload`");
    return json_parse(body->data, body->len, JSON_BODY_MAX, ret, fault);
}

/* A delivery on its way. */
struct arrival {
    struct call *call;
    struct store *store;
    const char *org, *source;
    struct hook_request request;
    struct hook_proof proof;
    bool proven;
};

/* Refused deliveries count too; that they could not be counted is no reason to answer otherwise. */
static void note_refused(struct arrival *a, const char *reason)
{
    struct fault why = {0};
    if (hook_reject(a->store, a->org, a->source, reason, a->proven ? a->proof.delivery : NULL,
                    a->proven && *a->proof.event ? a->proof.event : NULL, (int64_t)a->request.len, clock_wall_ms(), &why))
        log_event(LOG_LEVEL_WARN, "hook.not_noted", "source=%s reason=\"%s\"", a->source, why.message);
    else
        worker_caused_events(a->call->worker);
}

static enum rs_err answer(struct arrival *a, struct json_object *said)
{
    struct json_object *runs = json_get_array(said, "runs");
    size_t n = runs ? json_object_array_length(runs) : 0;
    struct fault why = {0};
    worker_caused_events(a->call->worker);
    if (n > 0 && launch_queued(a->call->worker->dd, &why))
        json_set_string(said, "queuedBecause", why.message);
    return response_json(a->call->response, n > 0 ? 202 : 200, said);
}

static enum rs_err deliver(struct arrival *a, const struct buf *raw, struct fault *fault)
{
    struct json_object *body = NULL, *headers = headers_of(a->call->request), *said = NULL;
    enum rs_err err = parse_body(a->call->request, raw, &body, fault);
    struct hook_delivery delivery = {.org = a->org, .source = a->source, .proof = &a->proof, .headers = headers, .body = body,
                                     .bytes = (int64_t)a->request.len};
    if (err) {
        note_refused(a, err == RS_MEDIA_TYPE ? "media_type" : "body");
    } else {
        err = hook_deliver(a->store, &delivery, clock_wall_ms(), &said, fault);
        if (err == RS_CONFLICT)
            note_refused(a, "replay");
    }
    if (!err)
        err = answer(a, said);
    json_object_put(said);
    json_object_put(headers);
    json_object_put(body);
    return err;
}

static void read_headers(struct arrival *a)
{
    const struct request *request = a->call->request;
    a->request = (struct hook_request){
        .github_signature = request_header(request, "HTTP_X_HUB_SIGNATURE_256"),
        .github_event = request_header(request, "HTTP_X_GITHUB_EVENT"),
        .github_delivery = request_header(request, "HTTP_X_GITHUB_DELIVERY"),
        .signature = request_header(request, "HTTP_X_SIGNATURE"),
        .timestamp = request_header(request, "HTTP_X_TIMESTAMP"),
        .event = request_header(request, "HTTP_X_EVENT"),
        .delivery = request_header(request, "HTTP_X_DELIVERY"),
        .body = "",
    };
}

/* The body, proven to be the source's. */
static enum rs_err receive(struct arrival *a, const char *secret, struct buf *body, struct fault *fault)
{
    size_t max = (size_t)config_number(a->call->worker->dd->config, "limits.body");
    const char *reason = NULL;
    enum rs_err err = request_body(a->call->request, max, body, fault);
    if (err) {
        if (err == RS_LIMIT)
            note_refused(a, "too_large");
        return err;
    }
    a->request.len = body->len;
    if (body->data)
        a->request.body = body->data;
    err = hook_verify(secret, &a->request, clock_wall_ms(), &a->proof, &reason, fault);
    a->proven = !err;
    if (err && reason)
        note_refused(a, reason);
    return err;
}

static enum rs_err hook_post(struct call *call, struct fault *fault)
{
    const struct config *config = call->worker->dd->config;
    struct arrival a = {.call = call, .org = config_text(config, "spool.org")};
    const char *secret;
    struct buf body;
    char key[ID_MAX + 32];
    enum rs_err err = call_id(call, "source", "source", &a.source, fault);
    if (err)
        return err;
    snprintf(key, sizeof key, "hooks.%s.secret", a.source);
    secret = strchr(a.source, '.') ? NULL : config_text(config, key);
    if (!secret)
        return fault_set(fault, RS_NOT_FOUND, "no webhooks of %s are taken here: there is no setting %s", a.source, key);
    if (!a.org)
        a.org = "default";
    err = worker_store(call->worker, &a.store, fault);
    if (err)
        return err;
    read_headers(&a);
    buf_init(&body, 0);
    err = receive(&a, secret, &body, fault);
    if (!err)
        err = deliver(&a, &body, fault);
    buf_release(&body);
    return err;
}

static const struct route routes[] = {
#define API_ROUTE(...)
#define HOOK_ROUTE(method, pattern, handler, description, scope, done) {method, pattern, handler, description, scope, done},
#include "http/route_rows.h"
};

static const struct program hook_program = {
    .name = "hook.fcgi",
    .description = "Runspool's door for webhooks",
    .routes = routes,
    .n_routes = sizeof routes / sizeof *routes,
    .root = "/hooks",
    .by_signature = true,
};

int main(int argc, char **argv)
{
    return gateway_main(&hook_program, argc, argv);
}
