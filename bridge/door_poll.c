/* door_poll - long poll: answered from the log, held while there is nothing to say. The hub only wakes it. */
#include "bridge/bridge.h"
#include "bridge/group.h"
#include "bridge/hub.h"
#include "bridge/limits.h"
#include "bridge/told.h"
#include "bridge/web.h"
#include <stdlib.h>

#define STATE_WAIT_MS 20000       /* for the state of a topic, beyond what the client waits for a change */
#define SMALL_ANSWER (16 * 1024)  /* the socket takes it whole */
#define ANSWER_PIECE (256 * 1024) /* for each of a larger one the client has limits.subscriber_time */

static void on_not_taken(uv_timer_t *timer)
{
    struct exchange *x = timer->data;
    x->bridge->metrics.values[METRIC_ANSWERS_CUT]++;
    exchange_cut(x);
}

/* An answer is memory until the last client has taken it, so that has an end. */
static enum MHD_Result give(struct exchange *x, struct told *told)
{
    struct fault fault;
    if (told->len > SMALL_ANSWER) {
        if (told->n_taking == 0 && !limits_make_room(x->bridge, told->len)) {
            fault_set(&fault, RS_BUSY, "too much waits for slow clients; come back later");
            return web_answer_fault(x, &fault);
        }
        exchange_takes(x, told);
        uint64_t piece_ms = (uint64_t)config_number(x->bridge->config, "limits.subscriber_time");
        exchange_hold(x, piece_ms * (1 + told->len / ANSWER_PIECE), on_not_taken);
    }
    x->bridge->metrics.values[METRIC_POLLS_ANSWERED]++;
    return web_answer_told(x, told);
}

/* feed: NULL once the poll is held: then it is the subscriber's. */
static enum MHD_Result answer(struct exchange *x, struct feed *feed, bool *ret_empty)
{
    struct fault fault = {0};
    struct told *told = NULL;
    char *group = feed ? group_key(feed) : NULL;
    struct told_place place = feed ? (struct told_place){.group = group, .at = x->request.since, .strict = x->request.wait_s == 0}
                                   : told_held(x->sub.group->key, x->sub.feed);
    enum MHD_Result result = MHD_NO;
    enum rs_err err = place.group ? told_answer(x->bridge->tolds, &place, feed ? feed : x->sub.feed, &told, ret_empty, &fault)
                                  : fault_set(&fault, RS_NOMEM, "no memory for a poll");
    bool now = x->due || x->bridge->draining || x->request.wait_s == 0;
    if (err)
        result = web_answer_fault(x, &fault);
    else if (!*ret_empty || now)
        result = give(x, told);
    *ret_empty = !err && *ret_empty && !now;
    told_unref(told);
    free(group);
    return result;
}

/* Of a topic: what all are told who have yet to see this state. */
static enum rs_err make_state(struct exchange *x, const struct topic_shown *shown, struct told **ret_told, struct fault *fault)
{
    const struct told_place place = {.group = x->sub.group->key, .held = true, .shown = shown};
    struct feed *feed = x->sub.feed;
    bool give_state = topic_differs(&x->sub.place.seen, &shown->state), alike = give_state && !feed->gap;
    struct buf body;
    *ret_told = alike ? told_find(x->bridge->tolds, &place) : NULL;
    if (*ret_told)
        return RS_OK;
    buf_init(&body, POLL_TEXT_MAX);
    enum rs_err err = topic_poll_put(feed, &shown->state, give_state, &body, fault);
    if (err) {
        buf_release(&body);
        return err;
    }
    *ret_told = told_new(&body);
    if (!*ret_told)
        return fault_set(fault, RS_NOMEM, "no memory for an answer");
    if (alike)
        told_keep(x->bridge->tolds, &place, *ret_told);
    return RS_OK;
}

static void on_due(uv_timer_t *timer);

/* Of a topic: with what it was told so far, if that is to be answered. */
static enum MHD_Result answer_topic(struct exchange *x)
{
    const struct topic_place *place = &x->sub.place;
    struct fault fault = {0};
    bool over = x->due || x->bridge->draining || x->sub.feed->gap;
    if (place->shown && place->shown->err)
        return web_answer_fault(x, &place->shown->fault);
    if (!place->shown && (x->bridge->draining || (x->due && x->late))) {
        fault_set(&fault, RS_BUSY, "the state cannot be told now");
        return web_answer_fault(x, &fault);
    }
    if (!place->shown && x->due) {
        x->late = true;
        exchange_hold(x, STATE_WAIT_MS, on_due);
    }
    if (!place->shown || !(place->answer || over)) {
        exchange_suspend(x);
        return MHD_YES;
    }
    struct told *told = NULL;
    enum rs_err err = make_state(x, place->shown, &told, &fault);
    enum MHD_Result result = err ? web_answer_fault(x, &fault) : give(x, told);
    told_unref(told);
    return result;
}

static void on_due(uv_timer_t *timer)
{
    struct exchange *x = timer->data;
    x->due = true;
    exchange_resume(x);
}

/* It is held until the state is known, at least. */
static enum MHD_Result begin_topic(struct exchange *x, struct feed *feed)
{
    struct fault fault = {0};
    const struct cursor since = x->request.since;
    int64_t wait_ms = x->request.wait_s * 1000;
    enum rs_err err = topic_poll_begin(feed, since, x->bridge->log, &fault);
    subscriber_init(&x->sub, x->bridge, &door_poll, x);
    subscriber_admit(&x->sub, &x->request.access);
    x->subscribed = true;
    x->sub.feed = feed;
    x->sub.state = SUBSCRIBER_LIVE;
    x->sub.place.seen = since;
    if (!err && hub_join(x->bridge->hub, &x->sub) != RS_OK)
        err = fault_set(&fault, RS_NOMEM, "no memory for a poll");
    if (err)
        return web_answer_fault(x, &fault);
    /* Who has a state and asks again has just had it, if it waits at all. */
    int64_t every_ms = topic_every_ms(feed->endpoint->topic);
    if (since.hashed)
        x->sub.place.next_ms = (int64_t)uv_now(&x->bridge->loop) + (wait_ms < every_ms ? wait_ms : every_ms);
    exchange_hold(x, (uint64_t)wait_ms, on_due);
    exchange_suspend(x);
    topic_group_enter(x->sub.group->topic, &x->sub);
    return MHD_YES;
}

enum MHD_Result door_poll_begin(struct exchange *x)
{
    struct fault fault = {0};
    struct feed *feed = NULL;
    bool empty = false;
    enum rs_err err = request_feed(x->bridge, &x->request, &feed, &fault);
    if (err)
        return web_answer_fault(x, &fault);
    if (feed->endpoint->topic)
        return begin_topic(x, feed);
    enum MHD_Result result = answer(x, feed, &empty);
    if (!empty) {
        feed_free(feed);
        return result;
    }
    subscriber_init(&x->sub, x->bridge, &door_poll, x);
    subscriber_admit(&x->sub, &x->request.access);
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
    if (x->sub.feed->endpoint->topic)
        return answer_topic(x);
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

/* Most polls are answered before it pays to watch for their client's departure. */
static void poll_tick(struct subscriber *sub)
{
    struct exchange *x = sub->connection;
    if (x->suspended)
        exchange_watch(x);
}

const struct door door_poll = {
    .name = "/poll",
    .format = FRAME_NONE,
    .connections = METRIC_CONNECTIONS_POLL,
    .deliveries = METRIC_POLLS_ANSWERED,
    .wake = poll_wake,
    .end = poll_end,
    .cut = poll_cut,
    .tick = poll_tick,
};
