/* chat - ask a model once, over an OpenAI-compatible endpoint (POST .../chat/completions), streamed, on a libuv loop.
 * Answers 429 and 5xx are tried again, as long as Retry-After asks for, or after a pause that doubles. Every message
 * names the endpoint; none holds its key. Threads: the loop's. Nothing blocks. */
#ifndef RUNSPOOL_RUNNER_CHAT_H
#define RUNSPOOL_RUNNER_CHAT_H

#include "runner/chat_parts.h"
#include "base/endpoint.h"
#include "runner/http.h"

#define CHAT_RETRIES 3                           /* default of retries */
#define CHAT_RETRY_FIRST_MS 500                  /* pause before the second try; each further one is twice as long */
#define CHAT_RETRY_AFTER_MAX_MS (10 * 60 * 1000) /* an endpoint that asks for a longer pause is not waited for */
#define CHAT_SILENCE_MS (5 * 60 * 1000) /* a model on a small machine may read for long before it writes */
#define CHAT_BODY_MAX (2 * 1024 * 1024)          /* bytes of a request */

struct chat_request {
    const char *url; /* base address of the endpoint */
    const char *key; /* NULL: none */
    bool allow_private;
    struct json_object *body; /* {model,messages,...}; `stream` is added. Borrowed until chat_start returns */
    int retries;
    int64_t silence_ms; /* how long nothing may come while an answer is due; 0: CHAT_SILENCE_MS */
};
struct chat_answer {
    enum rs_err err;                 /* RS_OK; RS_INVALID, RS_DENIED: it cannot work as configured; RS_LIMIT; others */
    char message[FAULT_MESSAGE_MAX]; /* of err */
    struct chat_parts *parts;        /* what came, also before an error; borrowed */
};
/* What happens meanwhile. All get ctx. */
struct chat_watch {
    void (*on_text)(void *ctx, const char *text, size_t len); /* a piece of the answer's text, as it comes */
    void (*on_retry)(void *ctx, const char *message);         /* a try failed, another one follows */
    void (*on_done)(void *ctx, struct chat_answer *answer);   /* once, last; the chat is gone after it */
};
struct chat;
/* chat_start - on_done is called later. RS_INVALID: the address is none; RS_LIMIT: the request is too long; RS_NOMEM.
 */
enum rs_err chat_start(uv_loop_t *loop, struct http *http, const struct chat_request *request,
                       const struct chat_watch *watch, void *ctx, struct chat **ret, struct fault *fault) RS_MUST_CHECK;
/* chat_abort - close the connection at once; on_done is not called. NULL is fine. */
void chat_abort(struct chat *chat);

#endif
