/* http_request - one HTTP request. Output: {status, headers, body, truncated, url, durationMs} and, with parse json,
 * `json`. A status that is not expected (default: 200 to 299) is an error of code exit; its output is kept. A body that
 * is no text becomes text with U+FFFD for what is not UTF-8. */
#include "runner/execution.h"
#include "runner/lines.h"
#include "runner/nodes/nodes.h"
#include <string.h>

static bool status_expected(struct json_object *expect, long status)
{
    if (!expect)
        return status >= 200 && status <= 299;
    if (!json_object_is_type(expect, json_type_array))
        return json_object_get_int64(expect) == status;
    for (size_t i = 0; i < json_object_array_length(expect); i++)
        if (json_object_get_int64(json_object_array_get_idx(expect, i)) == status)
            return true;
    return false;
}

static void on_response(void *ctx, struct http_response *response)
{
    struct node *node = ctx;
    struct fault fault = {0};
    struct buf text;

    node->state = NULL;
    if (response->err) {
        node_fail(node, response->err == RS_DENIED || response->err == RS_INVALID ? "input" : "exit", NULL, "%s",
                  response->message);
        return;
    }
    struct json_object *out = json_object_new_object(), *json = NULL;
    buf_init(&text, 3 * HTTP_BODY_MAX + 1);
    text_scrub(&text, response->body.data ? response->body.data : "", response->body.len);
    json_set_int(out, "status", response->status);
    json_set(out, "headers", json_object_get(response->headers));
    json_set(out, "body", json_object_new_string_len(text.data ? text.data : "", (int)text.len));
    json_set_bool(out, "truncated", response->truncated);
    json_set_string(out, "url", response->url);
    json_set_int(out, "durationMs", response->duration_ms);
    bool want_json = strcmp(json_get_string(node->data, "parse", "text"), "json") == 0;
    if (want_json && json_parse(text.data ? text.data : "", text.len, 3 * HTTP_BODY_MAX + 1, &json, &fault) == RS_OK)
        json_set(out, "json", json);
    buf_release(&text);
    if (!status_expected(json_get(node->data, "expectStatus"), response->status))
        node_fail(node, "exit", out, "status %ld", response->status);
    else if (fault.code != RS_OK)
        node_fail(node, "input", out, "the answer is not JSON: %s", fault.message);
    else
        node_done(node, out);
}

static struct json_object *take_headers(struct node *node, bool json_body)
{
    struct json_object *given = json_get(node->data, "headers"), *headers = json_object_new_object();
    bool has_type = false;

    if (json_object_is_type(given, json_type_object)) {
        json_object_object_foreach(given, name, value)
        {
            has_type |= strcasecmp(name, "content-type") == 0;
            json_set(headers, name, json_object_get(value));
        }
    }
    if (json_body && !has_type)
        json_set_string(headers, "Content-Type", "application/json");
    return headers;
}

void http_request_start(struct node *node)
{
    struct json_object *body = json_get(node->data, "body");
    bool is_text = json_object_is_type(body, json_type_string);
    struct http_transfer *transfer;
    struct fault fault;
    struct http_request request = {
        .url = json_get_string(node->data, "url", ""),
        .method = json_get_string(node->data, "method", NULL),
        .follow = json_get_bool(node->data, "followRedirects", true),
        .allow_private = config_is(node->x->dd->config, "runner.http_private", "allow"),
        .headers = take_headers(node, body && !is_text),
    };

    if (body)
        request.body = is_text ? json_object_get_string(body) : json_text(body, &request.body_len);
    if (is_text)
        request.body_len = (size_t)json_object_get_string_len(body);
    enum rs_err err = http_start(node->x->http, &request, on_response, node, &transfer, &fault);
    json_object_put(request.headers);
    if (err)
        node_fail(node, err == RS_LIMIT ? "limit" : "input", NULL, "%s", fault.message);
    else
        node->state = transfer;
}

void http_request_stop(struct node *node)
{
    if (!node->state)
        return;
    http_abort(node->state);
    node->state = NULL;
    node_fail(node, "cancelled", NULL, "cancelled");
}
