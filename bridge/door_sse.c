/* door_sse - Server-Sent Events (WHATWG HTML, section 9.2). libmicrohttpd pulls what is queued; a connection with nothing
 * to say is suspended. */
#include "bridge/bridge.h"
#include "bridge/hub.h"
#include "bridge/native_answer.h"
#include "bridge/web.h"
#include <string.h>

#define PULL_BYTES (16 * 1024)
#define PULL_PIECES 16

static ssize_t pull(void *cls, uint64_t pos, char *out, size_t max)
{
    struct exchange *x = cls;
    struct iovec iov[PULL_PIECES];
    size_t n = 0;
    (void)pos;
    if (x->gone)
        return MHD_CONTENT_READER_END_WITH_ERROR;
    int n_pieces = subscriber_peek(&x->sub, iov, PULL_PIECES);
    for (int i = 0; i < n_pieces && n < max; i++) {
        size_t take = iov[i].iov_len < max - n ? iov[i].iov_len : max - n;
        memcpy(out + n, iov[i].iov_base, take);
        n += take;
    }
    if (n > 0) {
        subscriber_consume(&x->sub, n);
        return (ssize_t)n;
    }
    if (x->sub.state == SUBSCRIBER_ENDED)
        return MHD_CONTENT_READER_END_OF_STREAM;
    exchange_suspend(x);
    return 0;
}

static bool refuse(void *ctx, const char *id, const char *json, size_t len)
{
    (void)id;
    (void)json;
    (void)len;
    *(bool *)ctx = true;
    return false;
}

/* Does the client come back to a run that has ended, having seen its end? */
static enum rs_err has_seen_end(struct exchange *x, struct feed *feed, bool *ret, struct fault *fault)
{
    bool gap = false;
    struct message_sink sink = {refuse, &gap};
    *ret = false;
    if (x->request.since.kind != CURSOR_AT)
        return RS_OK;
    enum rs_err err = feed_start(feed, x->request.since, &x->bridge->store, x->bridge->log, &sink, fault);
    return err ? err : feed_ended(feed, x->bridge->log, ret, fault);
}

/* "Now" is where the hello says the log stands: a client may take its head for a cursor, and what was committed since
 * but is not published yet must come. */
static struct cursor from_hello(const struct exchange *x, const struct feed *feed)
{
    struct cursor since = x->request.since;
    if (feed->endpoint->topic)
        return since;
    if (since.kind == CURSOR_NOW || (since.kind == CURSOR_NONE && !feed->endpoint->opening && !feed->endpoint->standing))
        since = (struct cursor){.kind = CURSOR_AT, .id = hub_published(x->bridge->hub)};
    return since;
}

enum MHD_Result door_sse_begin(struct exchange *x)
{
    struct fault fault = {0};
    struct feed *feed = NULL;
    bool ended = false;
    enum rs_err err = request_feed(x->bridge, &x->request, &feed, &fault);
    if (!err)
        err = has_seen_end(x, feed, &ended, &fault);
    if (err || ended) {
        feed_free(feed);
        return err ? web_answer_fault(x, &fault) : web_answer(x, MHD_HTTP_NO_CONTENT, NULL, "", 0);
    }
    subscriber_init(&x->sub, x->bridge, &door_sse, x);
    subscriber_admit(&x->sub, &x->request.access);
    x->subscribed = true;
    native_answer_hello(&x->sub);
    err = subscriber_start(&x->sub, feed, from_hello(x, feed), &fault);
    if (err)
        return web_answer_fault(x, &fault);
    struct MHD_Response *response = MHD_create_response_from_callback(MHD_SIZE_UNKNOWN, PULL_BYTES, pull, x, NULL);
    if (!response)
        return MHD_NO;
    web_add_headers(x, response);
    MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_TYPE, "text/event-stream");
    MHD_add_response_header(response, "X-Accel-Buffering", "no");
    enum MHD_Result result = MHD_queue_response(x->connection, MHD_HTTP_OK, response);
    MHD_destroy_response(response);
    return result;
}

static void sse_wake(struct subscriber *sub)
{
    exchange_resume(sub->connection);
}

static void sse_end(struct subscriber *sub, enum end_reason reason)
{
    struct exchange *x = sub->connection;
    if (reason == END_OVERLOAD || reason == END_STALLED || reason == END_MEMORY)
        x->gone = true;
    exchange_resume(x);
}

static void sse_cut(struct subscriber *sub)
{
    exchange_cut(sub->connection);
}

static void sse_heartbeat(struct subscriber *sub)
{
    subscriber_raw(sub, ":\n\n", 3);
}

const struct door door_sse = {
    .name = "/sse",
    .format = FRAME_SSE,
    .connections = METRIC_CONNECTIONS_SSE,
    .deliveries = METRIC_DELIVERIES_SSE,
    .ends_with_run = true, /* EventSource then asks again, and is told 204 */
    .wake = sse_wake,
    .end = sse_end,
    .cut = sse_cut,
    .heartbeat = sse_heartbeat,
};
