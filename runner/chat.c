#include "runner/chat.h"
#include "base/clock.h"
#include "base/utf8.h"
#include "runner/sse.h"
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct chat {
    struct http *http;
    struct http_transfer *transfer; /* NULL: pausing */
    const struct chat_watch *watch;
    void *ctx;
    char url[ENDPOINT_URL_MAX], shown[ENDPOINT_SHOWN_MAX];
    char *key, *body;
    size_t body_len;
    char model[128];
    bool allow_private;
    int tries, retries;
    int64_t silence_ms;
    uv_timer_t timer;
    struct chat_parts parts;
    struct sse sse;
    struct buf document; /* an answer that is no stream */
    enum { FORM_UNKNOWN, FORM_STREAM, FORM_DOCUMENT } form;
    bool ended;         /* [DONE] has come */
    struct fault fault; /* what is wrong with what came */
};

static void on_silence(uv_timer_t *timer);

static void on_timer_closed(uv_handle_t *handle)
{
    free(handle->data);
}

static void chat_free(struct chat *chat)
{
    chat_parts_release(&chat->parts);
    sse_release(&chat->sse);
    buf_release(&chat->document);
    free(chat->key);
    free(chat->body);
    uv_close((uv_handle_t *)&chat->timer, on_timer_closed);
}

static void done(struct chat *chat, enum rs_err err, const char *fmt, ...) RS_PRINTF(3, 4);
static void done(struct chat *chat, enum rs_err err, const char *fmt, ...)
{
    struct chat_answer answer = {.err = err, .parts = &chat->parts};
    va_list args;
    va_start(args, fmt);
    vsnprintf(answer.message, sizeof answer.message, fmt, args);
    va_end(args);
    endpoint_hide(answer.message, chat->key);
    utf8_repair(answer.message);
    chat->watch->on_done(chat->ctx, &answer);
    chat_free(chat);
}

/* --- what comes --- */

static enum rs_err on_event(void *ctx, const char *data, size_t len)
{
    struct chat *chat = ctx;
    struct json_object *chunk = NULL;
    const char *text = NULL;

    if (strcmp(data, "[DONE]") == 0) {
        chat->ended = true;
        return RS_OK;
    }
    enum rs_err err = json_parse(data, len, SSE_EVENT_MAX, &chunk, &chat->fault);
    if (!err)
        err = chat_parts_chunk(&chat->parts, chunk, &text, &chat->fault);
    if (!err && text)
        chat->watch->on_text(chat->ctx, text, strlen(text));
    json_object_put(chunk);
    return err;
}

/* A stream's first byte is of a field's name, a comment or a line break; a document's is its brace. */
static bool on_data(void *ctx, const char *data, size_t len)
{
    struct chat *chat = ctx;

    uv_timer_start(&chat->timer, on_silence, (uint64_t)chat->silence_ms, 0);
    for (size_t i = 0; i < len && chat->form == FORM_UNKNOWN; i++)
        if (!strchr(" \t\r\n", data[i]))
            chat->form = data[i] == '{' ? FORM_DOCUMENT : FORM_STREAM;
    if (chat->form == FORM_DOCUMENT) {
        if (buf_append(&chat->document, data, len) == RS_OK)
            return true;
        fault_set(&chat->fault, RS_LIMIT, "the answer is longer than %d bytes", SSE_EVENT_MAX);
        return false;
    }
    enum rs_err err = sse_feed(&chat->sse, data, len);
    if (err && !chat->fault.code)
        fault_set(&chat->fault, err, "a line of its stream is longer than %d bytes", SSE_LINE_MAX);
    return err == RS_OK;
}

static enum rs_err read_document(struct chat *chat)
{
    struct json_object *document = NULL;
    enum rs_err err = json_parse(chat->document.data, chat->document.len, SSE_EVENT_MAX, &document, &chat->fault);
    if (!err)
        err = chat_parts_document(&chat->parts, document, &chat->fault);
    json_object_put(document);
    if (!err && chat->parts.text.len > 0)
        chat->watch->on_text(chat->ctx, chat->parts.text.data, chat->parts.text.len);
    return err;
}

/* --- how it ends --- */

static void start_try(struct chat *chat);

static void on_pause_over(uv_timer_t *timer)
{
    start_try(timer->data);
}

static bool worth_another_try(long status)
{
    return status == 408 || status == 425 || status == 429 || (status >= 500 && status != 501 && status != 505);
}

/* An answer that is an error: again, if that may help. */
static void refused(struct chat *chat, struct http_response *response, const char *said)
{
    const char *colon = *said ? ": " : "";
    char message[FAULT_MESSAGE_MAX];

    if (worth_another_try(response->status)) {
        int64_t pause =
            endpoint_retry_after_ms(json_get_string(response->headers, "retry-after", NULL), clock_wall_ms());
        if (pause > CHAT_RETRY_AFTER_MAX_MS) {
            done(chat, RS_BUSY, "%s answered %ld and asks to come back in %lld s only%s%.200s", chat->shown,
                 response->status, (long long)(pause / 1000), colon, said);
            return;
        }
        if (chat->tries <= chat->retries) {
            if (pause < 0)
                pause = (int64_t)CHAT_RETRY_FIRST_MS << (chat->tries - 1 < 6 ? chat->tries - 1 : 6);
            snprintf(message, sizeof message, "%s answered %ld, asked again in %lld ms%s%.200s", chat->shown,
                     response->status, (long long)pause, colon, said);
            endpoint_hide(message, chat->key);
            utf8_repair(message);
            chat->watch->on_retry(chat->ctx, message);
            uv_timer_start(&chat->timer, on_pause_over, (uint64_t)pause, 0);
            return;
        }
        done(chat, RS_BUSY, "%s answered %ld, %d times%s%.200s", chat->shown, response->status, chat->tries, colon,
             said);
    } else if (response->status == 401 || response->status == 403) {
        done(chat, RS_DENIED, "%s does not accept the key, or the lack of one (%ld)%s%.200s", chat->shown,
             response->status, colon, said);
    } else if (response->status == 404) {
        done(chat, RS_INVALID, "%s does not know the model %s, or is no model endpoint (404)%s%.200s", chat->shown,
             chat->model, colon, said);
    } else {
        done(chat, RS_INVALID, "%s answered %ld%s%.200s", chat->shown, response->status, colon, said);
    }
}

static void on_response(void *ctx, struct http_response *response)
{
    struct chat *chat = ctx;
    struct chat_parts *parts = &chat->parts;
    struct json_object *body = NULL;

    chat->transfer = NULL;
    uv_timer_stop(&chat->timer);
    if (response->err == RS_OK && (response->status < 200 || response->status > 299)) {
        const char *said = "";
        if (response->body.len > 0 &&
            json_parse(response->body.data, response->body.len, HTTP_BODY_MAX, &body, NULL) == RS_OK)
            said = chat_error_text(body);
        refused(chat, response, said);
        json_object_put(body);
        return;
    }
    if (response->err == RS_OK && chat->form == FORM_DOCUMENT && !chat->fault.code && read_document(chat) == RS_OK) {
        done(chat, RS_OK, "%s", "");
    } else if (chat->fault.code == RS_IO) {
        done(chat, RS_IO, "%s reports: %s", chat->shown, chat->fault.message);
    } else if (chat->fault.code == RS_LIMIT) {
        done(chat, RS_LIMIT, "%s: %s", chat->shown, chat->fault.message);
    } else if (chat->fault.code) {
        done(chat, RS_IO, "%s sent something that is no part of an answer: %s", chat->shown, chat->fault.message);
    } else if (chat->ended || parts->finish[0]) {
        done(chat, RS_OK, "%s", ""); /* whatever happened to the connection behind the end */
    } else if (response->err == RS_DENIED || response->err == RS_INVALID) {
        done(chat, response->err, "%s: %s", chat->shown, response->message);
    } else if (response->err && !response->status) {
        done(chat, RS_CLOSED, "%s cannot be reached: %s", chat->shown, response->message);
    } else {
        done(chat, RS_CLOSED, "%s broke off half-way through its answer, after %zu bytes of text%s%s", chat->shown,
             parts->text.len, response->err ? ": " : "", response->err ? response->message : "");
    }
}

static void start_try(struct chat *chat)
{
    struct json_object *headers = json_object_new_object();
    struct http_request request = {.url = chat->url,
                                   .method = "POST",
                                   .headers = headers,
                                   .body = chat->body,
                                   .body_len = chat->body_len,
                                   .allow_private = chat->allow_private,
                                   .on_data = on_data};
    struct fault fault = {0};
    struct buf bearer;

    chat->tries++;
    json_set_string(headers, "Content-Type", "application/json");
    json_set_string(headers, "Accept", "text/event-stream, application/json");
    buf_init(&bearer, HTTP_HEADERS_MAX);
    if (chat->key && buf_printf(&bearer, "Bearer %s", chat->key) == RS_OK)
        json_set_string(headers, "Authorization", bearer.data);
    buf_release(&bearer);
    enum rs_err err = http_start(chat->http, &request, on_response, chat, &chat->transfer, &fault);
    json_object_put(headers);
    if (err)
        done(chat, err, "%s cannot be asked: %s", chat->shown, fault.message);
    else
        uv_timer_start(&chat->timer, on_silence, (uint64_t)chat->silence_ms, 0);
}

static void on_silence(uv_timer_t *timer)
{
    struct chat *chat = timer->data;

    http_abort(chat->transfer);
    chat->transfer = NULL;
    done(chat, RS_TIMEOUT, "%s has sent nothing for %lld ms, after %zu bytes of text", chat->shown,
         (long long)chat->silence_ms, chat->parts.text.len);
}

enum rs_err chat_start(uv_loop_t *loop, struct http *http, const struct chat_request *request,
                       const struct chat_watch *watch, void *ctx, struct chat **ret, struct fault *fault)
{
    struct json_object *options = json_object_new_object();
    struct chat *chat = calloc(1, sizeof *chat);
    size_t len;
    enum rs_err err = RS_OK;

    if (!chat || !options) {
        json_object_put(options);
        free(chat);
        return fault_set(fault, RS_NOMEM, "out of memory");
    }
    json_set_bool(request->body, "stream", true);
    json_set_bool(options, "include_usage", true);
    json_set(request->body, "stream_options", options);
    const char *text = json_text(request->body, &len);
    chat->http = http;
    chat->watch = watch;
    chat->ctx = ctx;
    chat->allow_private = request->allow_private;
    chat->retries = request->retries;
    chat->silence_ms = request->silence_ms > 0 ? request->silence_ms : CHAT_SILENCE_MS;
    endpoint_shown(request->url, chat->shown);
    snprintf(chat->model, sizeof chat->model, "%s", json_get_string(request->body, "model", ""));
    utf8_repair(chat->model);
    if ((err = endpoint_url(request->url, "chat/completions", chat->url, fault)))
        goto fail;
    if (len > CHAT_BODY_MAX) {
        err = fault_set(fault, RS_LIMIT, "what the model is to be asked is %zu bytes; at most %d can be sent", len,
                        CHAT_BODY_MAX);
        goto fail;
    }
    if ((request->key && !(chat->key = strdup(request->key))) || !(chat->body = strdup(text))) {
        err = fault_set(fault, RS_NOMEM, "out of memory");
        goto fail;
    }
    chat->body_len = len;
    chat_parts_init(&chat->parts);
    sse_init(&chat->sse, on_event, chat);
    buf_init(&chat->document, SSE_EVENT_MAX);
    uv_timer_init(loop, &chat->timer);
    chat->timer.data = chat;
    *ret = chat;
    uv_timer_start(&chat->timer, on_pause_over, 0, 0); /* later, so that on_done never comes before this returns */
    return RS_OK;
fail:
    free(chat->key);
    free(chat->body);
    free(chat);
    return err;
}

void chat_abort(struct chat *chat)
{
    if (!chat)
        return;
    if (chat->transfer)
        http_abort(chat->transfer);
    chat_free(chat);
}
