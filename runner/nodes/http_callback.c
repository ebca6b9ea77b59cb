/* http_callback - POSTs JSON to an address, signed, and tries again while the receiver cannot take it: on 408, 425,
 * 429, 5xx and connection errors, after pauses that double, or as Retry-After says. Redirects are not followed: a
 * receiver that has moved is to be named anew.
 *
 * Headers: X-Runspool-Delivery, the same for every attempt, also of a resumed run, so that a receiver can drop what it
 * has; X-Runspool-Event; with a secret X-Runspool-Timestamp (seconds since 1970) and X-Runspool-Signature:
 * "sha256=" and, in hex, the HMAC-SHA256 of the timestamp, a dot and the body.
 * Output: {status, deliveryId, attempts, body}. */
#include "base/clock.h"
#include "base/id.h"
#include "runner/execution.h"
#include "runner/lines.h"
#include "runner/nodes/nodes.h"
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ATTEMPTS 5          /* default */
#define PAUSE_MS 1000       /* default, before the second attempt */
#define PAUSE_MAX_MS 300000 /* longest, also of Retry-After */
#define BODY_MAX (1024 * 1024)
#define ANSWER_MAX (16 * 1024) /* bytes kept of the answer */

struct callback {
    struct node *node;
    struct http_transfer *transfer;
    uv_timer_t timer;
    char delivery[ID_MAX + 1];
    char *body;
    size_t body_len;
    int attempt;
    bool stopped;
};

static void deliver(struct callback *callback);

static void on_timer(uv_timer_t *timer)
{
    deliver(timer->data);
}

static struct json_object *output_of(const struct callback *callback, const struct http_response *response)
{
    struct json_object *out = json_object_new_object();
    struct buf text;

    if (!response->err)
        json_set_int(out, "status", response->status);
    json_set_string(out, "deliveryId", callback->delivery);
    json_set_int(out, "attempts", callback->attempt);
    if (!response->err) {
        size_t len = response->body.len < ANSWER_MAX ? response->body.len : ANSWER_MAX;
        buf_init(&text, 3 * ANSWER_MAX + 1);
        text_scrub(&text, response->body.data ? response->body.data : "", len);
        json_set(out, "body", json_object_new_string_len(text.data ? text.data : "", (int)text.len));
        buf_release(&text);
    }
    return out;
}

static bool worth_another(const struct http_response *response)
{
    if (response->err)
        return response->err == RS_IO;
    return response->status == 408 || response->status == 425 || response->status == 429 || response->status >= 500;
}

static int64_t pause_ms(const struct callback *callback, const struct http_response *response)
{
    const char *after = response->err ? NULL : json_get_string(response->headers, "retry-after", NULL);
    int64_t pause = json_get_int(callback->node->data, "pauseMs", PAUSE_MS);

    for (int i = 1; i < callback->attempt && pause < PAUSE_MAX_MS; i++)
        pause *= 2;
    if (after && *after >= '0' && *after <= '9') {
        long long seconds = atoll(after);
        int64_t wish = seconds < PAUSE_MAX_MS / 1000 ? seconds * 1000 : PAUSE_MAX_MS;
        pause = wish > pause ? wish : pause;
    }
    if (pause >= PAUSE_MAX_MS)
        return PAUSE_MAX_MS;
    return pause + (int64_t)randombytes_uniform((uint32_t)(pause / 4 + 1)); /* many do not come back together */
}

static void on_response(void *ctx, struct http_response *response)
{
    struct callback *callback = ctx;
    struct node *node = callback->node;
    bool good = !response->err && response->status >= 200 && response->status <= 299;
    char why[FAULT_MESSAGE_MAX], text[FAULT_MESSAGE_MAX + 128];

    callback->transfer = NULL;
    if (good) {
        node_done(node, output_of(callback, response));
        return;
    }
    if (response->err)
        snprintf(why, sizeof why, "%s", response->message);
    else
        snprintf(why, sizeof why, "status %ld", response->status);
    if (!worth_another(response) || callback->attempt >= json_get_int(node->data, "attempts", ATTEMPTS)) {
        bool refused = response->err == RS_DENIED || response->err == RS_INVALID;
        node_fail(node, refused ? "input" : "exit", output_of(callback, response), "not delivered, attempt %d: %s",
                  callback->attempt, why);
        return;
    }
    int64_t pause = pause_ms(callback, response);
    int n = snprintf(text, sizeof text, "attempt %d was not taken, the next one follows in %lld ms: %s",
                     callback->attempt, (long long)pause, why);
    node_log(node, "warning", "runner", text, (size_t)n < sizeof text ? (size_t)n : sizeof text - 1);
    uv_timer_start(&callback->timer, on_timer, (uint64_t)pause, 0);
}

static void sign(struct json_object *headers, const char *secret, const char *body, size_t len)
{
    unsigned char mac[crypto_auth_hmacsha256_BYTES];
    char stamp[32], text[2 * sizeof mac + 16] = "sha256=";
    crypto_auth_hmacsha256_state state;

    snprintf(stamp, sizeof stamp, "%lld", (long long)(clock_wall_ms() / 1000));
    crypto_auth_hmacsha256_init(&state, (const unsigned char *)secret, strlen(secret));
    crypto_auth_hmacsha256_update(&state, (const unsigned char *)stamp, strlen(stamp));
    crypto_auth_hmacsha256_update(&state, (const unsigned char *)".", 1);
    crypto_auth_hmacsha256_update(&state, (const unsigned char *)body, len);
    crypto_auth_hmacsha256_final(&state, mac);
    sodium_bin2hex(text + 7, sizeof text - 7, mac, sizeof mac);
    json_set_string(headers, "X-Runspool-Timestamp", stamp);
    json_set_string(headers, "X-Runspool-Signature", text);
}

static struct json_object *headers_of(const struct callback *callback)
{
    const struct node *node = callback->node;
    struct json_object *given = json_get(node->data, "headers"), *headers = json_object_new_object();
    const char *secret = json_get_string(node->data, "secret", NULL);

    json_set_string(headers, "Content-Type", "application/json");
    if (json_object_is_type(given, json_type_object)) {
        json_object_object_foreach(given, name, value)
        {
            if (strncasecmp(name, "x-runspool-", 11) != 0)
                json_set(headers, name, json_object_get(value));
        }
    }
    json_set_string(headers, "X-Runspool-Delivery", callback->delivery);
    json_set_string(headers, "X-Runspool-Event", json_get_string(node->data, "event", "run.callback"));
    if (secret && *secret)
        sign(headers, secret, callback->body, callback->body_len);
    return headers;
}

static void deliver(struct callback *callback)
{
    struct node *node = callback->node;
    struct fault fault;
    struct http_request request = {
        .url = json_get_string(node->data, "url", ""),
        .method = "POST",
        .headers = headers_of(callback),
        .body = callback->body,
        .body_len = callback->body_len,
        .allow_private = config_is(node->x->dd->config, "runner.http_private", "allow"),
    };

    callback->attempt++;
    enum rs_err err = http_start(node->x->http, &request, on_response, callback, &callback->transfer, &fault);
    json_object_put(request.headers);
    if (err)
        node_fail(node, err == RS_LIMIT ? "limit" : "input", NULL, "%s", fault.message);
}

/* What is sent when the node says nothing else. */
static struct json_object *default_body(const struct callback *callback)
{
    const struct node *node = callback->node;
    struct json_object *body = json_object_new_object();

    json_set_string(body, "event", json_get_string(node->data, "event", "run.callback"));
    json_set_string(body, "deliveryId", callback->delivery);
    json_set_string(body, "runId", node->x->claim.id);
    json_set_string(body, "nodeId", node->def->id);
    json_set(body, "input", json_object_get(json_get(node->x->context, "input")));
    json_set_time(body, "time", clock_wall_ms());
    return body;
}

static void take_delivery_id(struct callback *callback)
{
    struct json_object *kept = node_saved(callback->node);
    const char *id = json_get_string(kept, "deliveryId", NULL);

    if (id && id_valid(id)) {
        snprintf(callback->delivery, sizeof callback->delivery, "%s", id);
        json_object_put(kept);
        return;
    }
    json_object_put(kept);
    id_new("d_", callback->delivery);
    kept = json_object_new_object();
    json_set_string(kept, "deliveryId", callback->delivery);
    node_save(callback->node, kept);
    json_object_put(kept);
}

void http_callback_start(struct node *node)
{
    struct callback *callback = calloc(1, sizeof *callback);
    struct json_object *value = json_get(node->data, "body");

    if (!callback)
        abort(); /* as tool_new */
    callback->node = node;
    node->state = callback;
    uv_timer_init(&node->x->loop, &callback->timer);
    callback->timer.data = callback;
    take_delivery_id(callback);
    value = value ? json_object_get(value) : default_body(callback);
    const char *text = json_text(value, &callback->body_len);
    if (callback->body_len <= BODY_MAX && (callback->body = malloc(callback->body_len + 1)))
        memcpy(callback->body, text, callback->body_len + 1);
    json_object_put(value);
    if (callback->body)
        deliver(callback);
    else
        node_fail(node, "limit", NULL, "the body is %zu bytes of JSON; at most %d are sent", callback->body_len,
                  BODY_MAX);
}

void http_callback_stop(struct node *node)
{
    struct callback *callback = node->state;

    if (!callback || callback->stopped)
        return;
    callback->stopped = true;
    uv_timer_stop(&callback->timer);
    if (callback->transfer)
        http_abort(callback->transfer);
    callback->transfer = NULL;
    node_fail(node, "cancelled", NULL, "cancelled");
}

static void on_closed(uv_handle_t *handle)
{
    struct callback *callback = handle->data;
    free(callback->body);
    free(callback);
}

void http_callback_release(struct node *node)
{
    struct callback *callback = node->state;
    if (callback)
        uv_close((uv_handle_t *)&callback->timer, on_closed);
}
