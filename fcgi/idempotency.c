#include "idempotency.h"

#include "gateway.h"
#include "model/idempotency.h"
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* FNV-1a (64 bits): tells an honest mistake, another body with the same key; nothing is guarded by it. */
static void hash_body(const struct buf *body, char out[48])
{
    uint64_t h = UINT64_C(0xcbf29ce484222325);
    for (size_t i = 0; i < body->len; i++)
        h = (h ^ (unsigned char)body->data[i]) * UINT64_C(0x100000001b3);
    snprintf(out, 48, "%016" PRIx64 "-%zu", h, body->len);
}

/* A response is kept as its headers, an empty line, and its body. */
static enum rs_err keep(struct store *store, struct call *call, const char *route, const char *key, struct fault *fault)
{
    struct buf text;
    buf_init(&text, IDEMPOTENCY_RESPONSE_MAX);
    buf_append(&text, call->response->headers.data, call->response->headers.len);
    buf_puts(&text, "\r\n");
    enum rs_err err = buf_append(&text, call->response->body.data, call->response->body.len);
    if (!err)
        err = idempotency_put(store, call->access.org, route, key, call->response->status, text.data, fault);
    else
        fault_set(fault, err, "an answer is too large to be kept for its Idempotency-Key");
    buf_release(&text);
    return err;
}

static void answer_again(struct response *response, int status, const char *text)
{
    const char *end = strncmp(text, "\r\n", 2) == 0 ? text : strstr(text, "\r\n\r\n");
    buf_clear(&response->headers);
    if (end && end != text) {
        end += 2;
        buf_append(&response->headers, text, (size_t)(end - text));
    }
    response->status = status;
    buf_puts(&response->body, end ? end + 2 : "");
}

enum rs_err answer_once(struct call *call, const struct route *route, const char *key, const struct buf *body,
                        struct fault *fault)
{
    struct store *store = NULL;
    char name[REQUEST_PATH_MAX + 16], hash[48], *kept = NULL;
    int status = 0;
    enum rs_err err = worker_store(call->worker, &store, fault);
    if (err)
        return err;
    snprintf(name, sizeof name, "%s %s", route->method, call->request->path);
    hash_body(body, hash);
    err = idempotency_get(store, call->access.org, name, key, hash, &status, &kept, fault);
    if (!err && status == IDEMPOTENCY_DONE)
        err = route->done ? route->done(call, kept, fault) : fault_set(fault, RS_CONFLICT, "this was done already");
    else if (!err)
        answer_again(call->response, status, kept);
    free(kept);
    if (err != RS_NOT_FOUND || status)
        return err;
    store->once = &(struct store_once){call->access.org, name, key};
    err = route->handler(call, fault);
    store->once = NULL;
    /* What was done stays done when only the note about it fails: the client gets its answer. */
    struct fault note = {0};
    if (err ? idempotency_drop(store, call->access.org, name, key, &note) : keep(store, call, name, key, &note))
        call->request->exchange->log(call->request->exchange, note.message);
    return err;
}
