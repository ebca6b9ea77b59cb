/* http_request - one HTTP request. Output: {status, headers, body, truncated, url, durationMs} and, with parse json,
 * `json`; with saveAs the body of a good answer becomes an artifact, and {artifact, bytes} stand for it. A status that
 * is not expected (default: 200 to 299) is an error of code exit; its output is kept. A body that is no text becomes
 * text with U+FFFD for what is not UTF-8. */
#include "runner/beneath.h"
#include "runner/execution.h"
#include "runner/lines.h"
#include "runner/nodes/nodes.h"
#include "runner/urltext.h"
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define UPLOAD_MAX (64 * 1024 * 1024) /* bytes of bodyFile */
#define FORM_MAX (1024 * 1024)
#define CREDENTIALS_MAX 4096

struct exchange {
    struct http_transfer *transfer;
    int fd; /* saveAs: what is being written, -1: nothing yet */
    int64_t saved, max;
    struct fault fault; /* of saving */
    char *upload;
};

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

/* --- saveAs --- */

static const char *save_as(const struct node *node)
{
    const char *name = json_get_string(node->data, "saveAs", NULL);
    return name && *name ? name : NULL;
}

/* The artifact gets its name when it is whole. */
static void partial_name(const char *name, char out[PATH_MAX])
{
    const char *slash = strrchr(name, '/');
    snprintf(out, PATH_MAX, "%.*s.partial-%.200s", slash ? (int)(slash + 1 - name) : 0, name, slash ? slash + 1 : name);
}

static bool on_data(void *ctx, const char *data, size_t len)
{
    struct node *node = ctx;
    struct exchange *exchange = node->state;
    char partial[PATH_MAX];

    if (exchange->fd < 0) {
        partial_name(save_as(node), partial);
        if (beneath_create(node->x->artifacts, partial, O_TRUNC, 0660, &exchange->fd, &exchange->fault) != RS_OK)
            return false;
    }
    if (exchange->saved > exchange->max - (int64_t)len) {
        fault_set(&exchange->fault, RS_LIMIT, "the answer is larger than limits.artifact_bytes (%lld)",
                  (long long)exchange->max);
        return false;
    }
    exchange->saved += (int64_t)len;
    return beneath_write_all(exchange->fd, data, len, &exchange->fault) == RS_OK;
}

/* Give it its name, or take it away. */
static enum rs_err end_saving(struct node *node, bool whole, struct fault *fault)
{
    struct exchange *exchange = node->state;
    char partial[PATH_MAX];
    enum rs_err err = RS_OK;

    if (exchange->fd < 0 && whole)
        return beneath_write(node->x->artifacts, save_as(node), "", 0, 0660, fault); /* an empty answer */
    if (exchange->fd < 0)
        return RS_OK;
    close(exchange->fd);
    exchange->fd = -1;
    partial_name(save_as(node), partial);
    err = beneath_rename(node->x->artifacts, partial, whole ? save_as(node) : NULL, fault);
    return err;
}

/* --- the answer --- */

static struct json_object *output_of(struct node *node, const struct http_response *response, bool saved,
                                     struct fault *fault)
{
    struct exchange *exchange = node->state;
    struct json_object *out = json_object_new_object(), *json = NULL;
    struct buf text;

    buf_init(&text, 3 * HTTP_BODY_MAX + 1);
    text_scrub(&text, response->body.data ? response->body.data : "", response->body.len);
    json_set_int(out, "status", response->status);
    json_set(out, "headers", json_object_get(response->headers));
    if (saved) {
        json_set_string(out, "artifact", save_as(node));
        json_set_int(out, "bytes", exchange->saved);
    } else {
        json_set(out, "body", json_object_new_string_len(text.data ? text.data : "", (int)text.len));
    }
    json_set_bool(out, "truncated", response->truncated);
    json_set_string(out, "url", response->url);
    json_set_int(out, "durationMs", response->duration_ms);
    bool want_json = !saved && strcmp(json_get_string(node->data, "parse", "text"), "json") == 0;
    if (want_json && json_parse(text.data ? text.data : "", text.len, 3 * HTTP_BODY_MAX + 1, &json, fault) == RS_OK)
        json_set(out, "json", json);
    buf_release(&text);
    return out;
}

static void on_response(void *ctx, struct http_response *response)
{
    struct node *node = ctx;
    struct exchange *exchange = node->state;
    struct fault fault = {0}, saving = {0};
    bool good = !response->err && response->status >= 200 && response->status <= 299;
    bool saved = save_as(node) && good;

    exchange->transfer = NULL;
    if (save_as(node) && end_saving(node, good, &saving) != RS_OK && !exchange->fault.code)
        exchange->fault = saving;
    if (exchange->fault.code) {
        node_fail(node, exchange->fault.code == RS_LIMIT ? "limit" : "input", NULL, "%s", exchange->fault.message);
        return;
    }
    if (response->err) {
        node_fail(node, response->err == RS_DENIED || response->err == RS_INVALID ? "input" : "exit", NULL, "%s",
                  response->message);
        return;
    }
    struct json_object *out = output_of(node, response, saved, &fault);
    if (!status_expected(json_get(node->data, "expectStatus"), response->status))
        node_fail(node, "exit", out, "status %ld", response->status);
    else if (fault.code != RS_OK)
        node_fail(node, "input", out, "the answer is not JSON: %s", fault.message);
    else
        node_done(node, out);
}

/* --- the request --- */

static bool has_header(struct json_object *headers, const char *wanted)
{
    json_object_object_foreach(headers, name, value)
    {
        (void)value;
        if (strcasecmp(name, wanted) == 0)
            return true;
    }
    return false;
}

static enum rs_err take_auth(struct json_object *headers, struct json_object *auth, struct fault *fault)
{
    const char *token = json_get_string(auth, "token", NULL), *user = json_get_string(auth, "username", NULL);
    const char *password = json_get_string(auth, "password", "");
    char plain[CREDENTIALS_MAX], header[2 * CREDENTIALS_MAX];
    int n;

    if (!token && !user)
        return RS_OK;
    if (token && user)
        return fault_set(fault, RS_INVALID, "`auth` takes a token, or a username and a password");
    if (has_header(headers, "authorization"))
        return fault_set(fault, RS_INVALID, "`auth` and a header Authorization are both set");
    if (token) {
        n = snprintf(header, sizeof header, "Bearer %s", token);
    } else {
        n = snprintf(plain, sizeof plain, "%s:%s", user, password);
        if (strchr(user, ':'))
            return fault_set(fault, RS_INVALID, "auth.username may hold no colon (RFC 7617)");
        if (n >= (int)sizeof plain)
            return fault_set(fault, RS_LIMIT, "`auth` is longer than %d bytes", CREDENTIALS_MAX);
        memcpy(header, "Basic ", 6);
        sodium_bin2base64(header + 6, sizeof header - 6, (const unsigned char *)plain, (size_t)n,
                          sodium_base64_VARIANT_ORIGINAL);
    }
    if (n >= (int)sizeof header)
        return fault_set(fault, RS_LIMIT, "`auth` is longer than %d bytes", CREDENTIALS_MAX);
    json_set_string(headers, "Authorization", header);
    sodium_memzero(plain, sizeof plain);
    sodium_memzero(header, sizeof header);
    return RS_OK;
}

/* Exactly one of body, form and bodyFile. Sets request->body; what backs it up lives in node->data, *form or the state.
 */
static enum rs_err take_body(struct node *node, struct http_request *request, struct buf *form, struct fault *fault)
{
    struct exchange *exchange = node->state;
    struct json_object *body = json_get(node->data, "body"), *fields = json_get(node->data, "form");
    const char *file = json_get_string(node->data, "bodyFile", NULL), *type = NULL;
    struct stat st;
    enum rs_err err = RS_OK;

    if ((body != NULL) + (fields != NULL) + (file != NULL) > 1)
        return fault_set(fault, RS_INVALID, "only one of `body`, `form` and `bodyFile` can be sent");
    if (json_object_is_type(body, json_type_string)) {
        request->body = json_object_get_string(body);
        request->body_len = (size_t)json_object_get_string_len(body);
    } else if (body) {
        request->body = json_text(body, &request->body_len);
        type = "application/json";
    } else if (fields) {
        if (urltext_form(form, fields) != RS_OK)
            return fault_set(fault, RS_LIMIT, "the form is longer than %d bytes", FORM_MAX);
        request->body = form->data ? form->data : "";
        request->body_len = form->len;
        type = "application/x-www-form-urlencoded";
    } else if (file) {
        if ((err = beneath_read(node->x->work, file, UPLOAD_MAX, &exchange->upload, &request->body_len, &st, fault)))
            return err;
        if ((size_t)st.st_size > request->body_len)
            return fault_set(fault, RS_LIMIT, "%.200s is %lld bytes; at most %d are sent", file, (long long)st.st_size,
                             UPLOAD_MAX);
        request->body = exchange->upload;
        type = "application/octet-stream";
    }
    if (type && !has_header(request->headers, "content-type"))
        json_set_string(request->headers, "Content-Type", type);
    return RS_OK;
}

static struct json_object *take_headers(const struct node *node)
{
    struct json_object *given = json_get(node->data, "headers"), *headers = json_object_new_object();

    if (json_object_is_type(given, json_type_object)) {
        json_object_object_foreach(given, name, value)
        {
            json_set(headers, name, json_object_get(value));
        }
    }
    return headers;
}

void http_request_start(struct node *node)
{
    const struct config *config = node->x->dd->config;
    struct exchange *exchange = calloc(1, sizeof *exchange);
    struct fault fault;
    struct buf url, form;
    struct http_request request = {
        .method = json_get_string(node->data, "method", NULL),
        .follow = json_get_bool(node->data, "followRedirects", true),
        .allow_private = config_is(config, "runner.http_private", "allow"),
        .insecure = !json_get_bool(node->data, "verifyTls", true),
        .headers = take_headers(node),
        .on_data = save_as(node) ? on_data : NULL,
    };

    if (!exchange)
        abort(); /* as tool_new */
    exchange->fd = -1;
    exchange->max = config_number(config, "limits.artifact_bytes");
    node->state = exchange;
    buf_init(&url, 2 * URLTEXT_MAX);
    buf_init(&form, FORM_MAX);
    enum rs_err err = urltext_with_query(&url, json_get_string(node->data, "url", ""), json_get(node->data, "query"));
    if (err)
        fault_set(&fault, err, "the address with its query is too long");
    if (!err)
        err = take_auth(request.headers, json_get(node->data, "auth"), &fault);
    if (!err)
        err = take_body(node, &request, &form, &fault);
    request.url = url.data;
    if (!err)
        err = http_start(node->x->http, &request, on_response, node, &exchange->transfer, &fault);
    json_object_put(request.headers);
    buf_release(&url);
    buf_release(&form);
    if (err)
        node_fail(node, err == RS_LIMIT ? "limit" : "input", NULL, "%s", fault.message);
}

void http_request_stop(struct node *node)
{
    struct exchange *exchange = node->state;
    struct fault fault;

    if (!exchange || !exchange->transfer)
        return;
    http_abort(exchange->transfer);
    exchange->transfer = NULL;
    if (end_saving(node, false, &fault) != RS_OK) {
        /* What is left of it stays; it has no artifact's name. */
    }
    node_fail(node, "cancelled", NULL, "cancelled");
}

void http_request_release(struct node *node)
{
    struct exchange *exchange = node->state;
    if (exchange)
        free(exchange->upload);
    free(exchange);
}
