/* door_sse - Server-Sent Events (WHATWG HTML, section 9.2), as gzip where the client takes it. libmicrohttpd pulls what is
 * queued; a connection with nothing to say is suspended. */
#include "bridge/accept_encoding.h"
#include "bridge/bridge.h"
#include "bridge/gzip.h"
#include "bridge/hub.h"
#include "bridge/live.h"
#include "bridge/native_answer.h"
#include "bridge/web.h"
#include <string.h>
#include <strings.h>

#define PULL_BYTES (16 * 1024)
#define AT_ONCE_BYTES (16 * 1024) /* more than that of a replay is sent in turn with others */

static size_t take_some(const unsigned char *bytes, size_t len, char *out, size_t max)
{
    size_t n = len < max ? len : max;
    memcpy(out, bytes, n);
    return n;
}

static size_t take_queued(struct exchange *x, char *out, size_t max)
{
    const struct queued *q;
    size_t n = 0;
    for (unsigned i = 0; n < max && (q = subscriber_waiting(&x->sub, i)); i++) {
        size_t left = q->block->bytes.len - q->at, some = left < max - n ? left : max - n;
        if (x->sub.compression && !x->within)
            gzip_sum_add(&x->sum, q->block, q->at);
        x->within = some < left;
        memcpy(out + n, q->block->bytes.data + q->at, some);
        n += some;
    }
    if (n > 0)
        subscriber_consume(&x->sub, n);
    return n;
}

static size_t take_tail(struct exchange *x, char *out, size_t max)
{
    unsigned char tail[GZIP_TAIL_BYTES];
    gzip_tail(&x->sum, tail);
    size_t n = take_some(tail + x->tail_at, sizeof tail - x->tail_at, out, max);
    x->tail_at += (unsigned char)n;
    return n;
}

static ssize_t pull(void *cls, uint64_t pos, char *out, size_t max)
{
    struct exchange *x = cls;
    bool gzip = x->sub.compression != COMPRESSION_NONE;
    if (x->sub.state == SUBSCRIBER_REPLAY || x->behind > 0)
        live_look(x->bridge);
    if (x->gone)
        return MHD_CONTENT_READER_END_WITH_ERROR;
    if (x->sub.state == SUBSCRIBER_REPLAY)
        x->behind = x->sub.queued_bytes;
    if (x->behind > 0 && x->sub.queued_bytes > AT_ONCE_BYTES && x->turn.bytes == 0) {
        exchange_wait_turn(x);
        return 0;
    }
    size_t n = gzip && pos < GZIP_HEAD_BYTES ? take_some(gzip_head + pos, GZIP_HEAD_BYTES - pos, out, max) : 0;
    n += take_queued(x, out + n, max - n);
    x->turn.bytes -= n < x->turn.bytes ? n : x->turn.bytes;
    x->behind -= n < x->behind ? n : x->behind;
    bool over = x->sub.state == SUBSCRIBER_ENDED && x->sub.queue_len == 0;
    if (over && gzip)
        n += take_tail(x, out + n, max - n);
    if (n > 0)
        return (ssize_t)n;
    if (over)
        return MHD_CONTENT_READER_END_OF_STREAM;
    exchange_watch(x);
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

static enum MHD_Result read_encoding(void *cls, enum MHD_ValueKind kind, const char *name, const char *value)
{
    (void)kind;
    if (value && strcasecmp(name, MHD_HTTP_HEADER_ACCEPT_ENCODING) == 0)
        accept_encoding_read(cls, value);
    return MHD_YES;
}

static enum compression choose_compression(const struct exchange *x)
{
    struct accept_encoding asked = {0};
    if (!config_bool(x->bridge->config, "bridge.compression"))
        return COMPRESSION_NONE;
    MHD_get_connection_values(x->connection, MHD_HEADER_KIND, read_encoding, &asked);
    return accept_encoding_gzip(&asked) ? COMPRESSION_RUNNING : COMPRESSION_NONE;
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
    x->sub.compression = choose_compression(x);
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
    if (config_bool(x->bridge->config, "bridge.compression"))
        MHD_add_response_header(response, MHD_HTTP_HEADER_VARY, "Accept-Encoding");
    if (x->sub.compression)
        MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_ENCODING, "gzip");
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
