/* door_poll - long poll: answered from the log, held while there is nothing to say. The hub only wakes it. */
#include "bridge/bridge.h"
#include "bridge/hub.h"
#include "bridge/limits.h"
#include "bridge/web.h"

#define SMALL_ANSWER (16 * 1024)  /* the socket takes it whole */
#define ANSWER_PIECE (256 * 1024) /* for each of a larger one the client has limits.subscriber_time */

static void on_not_taken(uv_timer_t *timer)
{
    struct exchange *x = timer->data;
    x->bridge->metrics.values[METRIC_ANSWERS_CUT]++;
    exchange_cut(x);
}

/* An answer is memory until the client has taken it, so that has an end. */
static enum MHD_Result give(struct exchange *x, const struct buf *body)
{
    struct fault fault;
    if (body->len > SMALL_ANSWER) {
        if (!limits_make_room(x->bridge, body->len)) {
            fault_set(&fault, RS_BUSY, "too much waits for slow clients; come back later");
            return web_answer_fault(x, &fault);
        }
        x->answer_bytes = body->len;
        x->bridge->metrics.values[METRIC_QUEUED_BYTES] += (int64_t)body->len;
        uint64_t piece_ms = (uint64_t)config_number(x->bridge->config, "limits.subscriber_time");
        exchange_hold(x, piece_ms * (1 + body->len / ANSWER_PIECE), on_not_taken);
    }
    x->bridge->metrics.values[METRIC_POLLS_ANSWERED]++;
    return web_answer(x, MHD_HTTP_OK, "application/json", body->data, body->len);
}

/* feed: NULL once the poll is held: then it is the subscriber's. */
static enum MHD_Result answer(struct exchange *x, struct feed *feed, bool *ret_empty)
{
    struct fault fault = {0};
    struct buf body;
    bool started = feed == NULL;
    enum MHD_Result result = MHD_NO;
    buf_init(&body, POLL_TEXT_MAX);
    enum rs_err err = poll_answer(started ? x->sub.feed : feed, started, x->request.since, &x->bridge->store,
                                  x->bridge->log, &body, ret_empty, &fault);
    bool now = x->due || x->bridge->draining || x->request.wait_s == 0;
    if (err)
        result = web_answer_fault(x, &fault);
    else if (!*ret_empty || now)
        result = give(x, &body);
    *ret_empty = !err && *ret_empty && !now;
    buf_release(&body);
    return result;
}

static void on_due(uv_timer_t *timer)
{
    struct exchange *x = timer->data;
    x->due = true;
    exchange_resume(x);
}

enum MHD_Result door_poll_begin(struct exchange *x)
{
    struct fault fault = {0};
    struct feed *feed = NULL;
    bool empty = false;
    enum rs_err err = request_feed(x->bridge, &x->request, &feed, &fault);
    if (err)
        return web_answer_fault(x, &fault);
    enum MHD_Result result = answer(x, feed, &empty);
    if (!empty) {
        feed_free(feed);
        return result;
    }
    subscriber_init(&x->sub, x->bridge, &door_poll, x);
    x->subscribed = true;
    x->sub.feed = feed;
    x->sub.state = SUBSCRIBER_LIVE;
    if (hub_join(x->bridge->hub, &x->sub) != RS_OK) {
        fault_set(&fault, RS_NOMEM, "no memory for a poll");
        return web_answer_fault(x, &fault);
    }
    exchange_hold(x, (uint64_t)x->request.wait_s * 1000, on_due);
    exchange_suspend(x);
    return MHD_YES;
}

enum MHD_Result door_poll_again(struct exchange *x)
{
    bool empty = false;
    if (x->gone)
        return MHD_NO;
    enum MHD_Result result = answer(x, NULL, &empty);
    if (!empty)
        return result;
    exchange_suspend(x);
    return MHD_YES;
}

static void poll_wake(struct subscriber *sub)
{
    exchange_resume(sub->connection);
}

static void poll_end(struct subscriber *sub, enum end_reason reason)
{
    struct exchange *x = sub->connection;
    (void)reason;
    x->due = true;
    exchange_resume(x);
}

static void poll_cut(struct subscriber *sub)
{
    struct exchange *x = sub->connection;
    x->gone = true;
    exchange_resume(x);
}

const struct door door_poll = {
    .name = "/poll",
    .format = FRAME_NONE,
    .connections = METRIC_CONNECTIONS_POLL,
    .deliveries = METRIC_POLLS_ANSWERED,
    .wake = poll_wake,
    .end = poll_end,
    .cut = poll_cut,
};
