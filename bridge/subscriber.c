#include "bridge/subscriber.h"
#include "base/clock.h"
#include "base/log.h"
#include "bridge/assist.h"
#include "bridge/bridge.h"
#include "bridge/deflate.h"
#include "bridge/group.h"
#include "bridge/gzip.h"
#include "bridge/hub.h"
#include "bridge/limits.h"
#include "bridge/replay.h"
#include <assert.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define BEAT_MAX 256 /* bytes of a heartbeat message */

void subscriber_init(struct subscriber *sub, struct bridge *bridge, const struct door *door, void *connection)
{
    *sub = (struct subscriber){.door = door, .format = door->format, .bridge = bridge, .connection = connection};
    sub->progress_ms = (int64_t)uv_now(&bridge->loop);
    hub_enter(bridge->hub, sub);
    bridge->metrics.values[door->connections]++;
}

void subscriber_admit(struct subscriber *sub, const struct access *who)
{
    sub->expires_ms = who->expires_ms;
}

void subscriber_set_format(struct subscriber *sub, enum frame_format format)
{
    struct group *g = sub->group;
    if (g)
        group_remove(g, sub);
    sub->format = format;
    if (g)
        group_add(g, sub);
}

void subscriber_release(struct subscriber *sub)
{
    hub_unschedule(sub->bridge->hub, sub);
    hub_leave(sub->bridge->hub, sub);
    hub_exit(sub->bridge->hub, sub);
    sub->bridge->metrics.values[sub->door->connections]--;
    subscriber_drop_queue(sub);
    free(sub->queue);
    feed_free(sub->feed);
    feed_free(sub->side);
    topic_shown_unref(sub->place.shown);
    sub->place.shown = NULL;
    access_release(sub->who);
    free(sub->who);
    sub->who = NULL;
    sub->queue = NULL;
    sub->feed = sub->side = NULL;
}

/* A block that waits in several queues takes memory once. */
static struct block *hold(struct subscriber *sub, struct block *block)
{
    if (block->n_queues++ == 0) {
        sub->bridge->metrics.values[METRIC_QUEUED_BYTES] += (int64_t)block->bytes.cap;
        if (block->pins)
            block->pins->bytes += (int64_t)block->bytes.cap;
    }
    return block_ref(block);
}

static void let_go(struct subscriber *sub, struct block *block)
{
    if (--block->n_queues == 0) {
        sub->bridge->metrics.values[METRIC_QUEUED_BYTES] -= (int64_t)block->bytes.cap;
        if (block->pins)
            block->pins->bytes -= (int64_t)block->bytes.cap;
    }
    block_unref(block);
}

void subscriber_drop_queue(struct subscriber *sub)
{
    for (; sub->queue_len > 0; sub->queue_len--)
        let_go(sub, sub->queue[sub->queue_first++ & (sub->queue_cap - 1)].block);
    sub->queued_bytes = 0;
}

/* Ended for taking too little: the metric, and the word for the log. */
static const struct slowness {
    enum metric metric;
    const char *reason;
} slownesses[] = {
    [END_OVERLOAD] = {METRIC_ENDED_OVERLOAD, "bytes"},
    [END_STALLED] = {METRIC_ENDED_STALLED, "time"},
    [END_MEMORY] = {METRIC_ENDED_MEMORY, "memory"},
};

void subscriber_end(struct subscriber *sub, enum end_reason reason)
{
    if (sub->state == SUBSCRIBER_ENDED)
        return;
    sub->state = SUBSCRIBER_ENDED;
    sub->progress_ms = (int64_t)uv_now(&sub->bridge->loop);
    if (!sub->has_room)
        hub_unschedule(sub->bridge->hub, sub);
    const struct slowness *slow = reason < sizeof slownesses / sizeof *slownesses ? &slownesses[reason] : NULL;
    if (slow && slow->reason) {
        sub->bridge->metrics.values[slow->metric]++;
        log_event(LOG_LEVEL_INFO, "subscriber.ended", "door=%s reason=%s queued_bytes=%zu", sub->door->name + 1, slow->reason,
                  sub->queued_bytes);
        subscriber_drop_queue(sub);
    }
    sub->door->end(sub, reason);
}

static bool grow_queue(struct subscriber *sub)
{
    unsigned cap = sub->queue_cap ? 2 * sub->queue_cap : 4;
    struct queued *queue = malloc(cap * sizeof *queue);
    if (!queue)
        return false;
    for (unsigned i = 0; i < sub->queue_len; i++)
        queue[i] = sub->queue[(sub->queue_first + i) & (sub->queue_cap - 1)];
    free(sub->queue);
    sub->queue = queue;
    sub->queue_cap = cap;
    sub->queue_first = 0;
    return true;
}

static void delivered(struct subscriber *sub, const struct block *block)
{
    if (block->received_us > 0)
        metrics_delivered(&sub->bridge->metrics, clock_mono_us() - block->received_us);
}

void subscriber_put(struct subscriber *sub, struct block *block, size_t at)
{
    size_t len = block->bytes.len;
    bool was_empty = sub->queue_len == 0;
    if (was_empty && sub->door->send)
        at += sub->door->send(sub, block->bytes.data + at, len - at);
    if (at == len)
        delivered(sub, block);
    if (at == len || sub->state == SUBSCRIBER_ENDED)
        return;
    if (sub->queue_len == sub->queue_cap && !grow_queue(sub)) {
        subscriber_end(sub, END_FAILED);
        return;
    }
    sub->queue[(sub->queue_first + sub->queue_len++) & (sub->queue_cap - 1)] = (struct queued){hold(sub, block), at};
    sub->queued_bytes += len - at;
    if (was_empty)
        sub->progress_ms = (int64_t)uv_now(&sub->bridge->loop);
    limits_waits(sub, block);
    if (was_empty && sub->state != SUBSCRIBER_ENDED)
        sub->door->wake(sub);
}

static bool is_too_much(const struct subscriber *sub, size_t more)
{
    return sub->queue_len > 0 &&
           sub->queued_bytes + more > (size_t)config_number(sub->bridge->config, "limits.subscriber_bytes");
}

/* For what is not in the log. */
static void put_or_end(struct subscriber *sub, struct block *block)
{
    if (is_too_much(sub, block->bytes.len))
        subscriber_end(sub, END_OVERLOAD);
    else
        subscriber_put(sub, block, 0);
}

/* Does what waits begin with the first message of an event, so that the log has all of it? *ret_before: where a feed stands
 * that has not been given it. */
static bool is_in_log(const struct queued *q, int64_t *ret_before)
{
    const struct block *b = q->block;
    int low = 0, high = b->n_marks;
    while (low < high) {
        int middle = low + (high - low) / 2;
        if (b->marks[middle].start >= q->at)
            high = middle;
        else
            low = middle + 1;
    }
    if (low == b->n_marks || b->marks[low].start != q->at || b->marks[low].within)
        return false;
    *ret_before = b->marks[low].id - 1;
    return true;
}

bool subscriber_put_back(struct subscriber *sub, enum metric why, bool drop)
{
    bool live = sub->state == SUBSCRIBER_LIVE;
    if ((!live && sub->state != SUBSCRIBER_REPLAY) || !sub->feed || sub->feed->endpoint->topic || sub->side || sub->assist ||
        sub->queue_len == 0)
        return false;
    int64_t before, stands = live ? sub->after : -1;
    while (drop && sub->queue_len > 1) { /* the first stays: when it has been taken, it is time to go on */
        struct queued *last = &sub->queue[(sub->queue_first + sub->queue_len - 1) & (sub->queue_cap - 1)];
        if (!is_in_log(last, &before))
            break;
        stands = before;
        sub->queued_bytes -= last->block->bytes.len - last->at;
        let_go(sub, last->block);
        sub->queue_len--;
    }
    if (stands < 0)
        return false; /* replays, and has nothing that could be dropped */
    if (!sub->has_room)
        hub_unschedule(sub->bridge->hub, sub);
    feed_passed(sub->feed, stands, DIALECT_PARTS_MAX);
    sub->state = SUBSCRIBER_REPLAY;
    sub->bridge->metrics.values[why]++;
    return true;
}

void subscriber_live(struct subscriber *sub, struct block *block)
{
    int64_t last = block->marks[block->n_marks - 1].id;
    if (sub->state != SUBSCRIBER_LIVE || last <= sub->after)
        return;
    size_t at = 0;
    if (sub->after >= block->marks[0].id && !block_after(block, sub->after, &at)) {
        subscriber_resume(sub); /* it gets its part of that frame from the log */
        return;
    }
    bool too_much = is_too_much(sub, block->bytes.len - at);
    if (too_much && subscriber_put_back(sub, METRIC_BACK_BYTES, false))
        return;
    sub->after = last;
    if (at == block->bytes.len)
        return;
    if (too_much) {
        subscriber_end(sub, END_OVERLOAD);
        return;
    }
    sub->gave = sub->in_step = true;
    subscriber_put(sub, block, at);
}

void subscriber_put_own(struct subscriber *sub, struct block *block)
{
    struct block *own = deflate_own(sub->bridge->deflater, sub->format, sub->compression, block);
    if (own)
        subscriber_put(sub, own, 0);
    else
        subscriber_end(sub, END_FAILED);
    block_unref(own);
}

void subscriber_give(struct subscriber *sub, struct block *block)
{
    sub->gave = true;
    put_or_end(sub, block);
}

/* Of a stream of gzip these bytes become a part, which the others of the group do not have. */
static enum rs_err store(struct subscriber *sub, struct block **block)
{
    struct block *plain = *block;
    *block = gzip_stored(plain);
    block_unref(plain);
    group_out_of_step(sub);
    return *block ? RS_OK : RS_NOMEM;
}

static void queue_bytes(struct subscriber *sub, const char *json, const char *raw, size_t len)
{
    if (sub->state == SUBSCRIBER_ENDED || sub->format == FRAME_NONE)
        return;
    struct block *block = block_new(frame_max(sub->format, len));
    enum rs_err err = !block ? RS_NOMEM
                      : json ? block_put(block, sub->format, NULL, json, len)
                             : buf_append(&block->bytes, raw, len);
    if (!err)
        err = block_close(block, sub->format);
    if (!err && sub->format == FRAME_SSE && sub->compression)
        err = store(sub, &block);
    if (err)
        subscriber_end(sub, END_FAILED);
    else
        put_or_end(sub, block);
    block_unref(block);
}

void subscriber_control(struct subscriber *sub, const char *json, size_t len)
{
    queue_bytes(sub, json, NULL, len);
}

void subscriber_raw(struct subscriber *sub, const char *bytes, size_t len)
{
    queue_bytes(sub, NULL, bytes, len);
}

void subscriber_beat(struct subscriber *sub, int64_t now_ms, int64_t part, int64_t of)
{
    const struct endpoint *endpoint = sub->feed ? sub->feed->endpoint : NULL;
    /* One who lags has no need of it. */
    if (!endpoint || endpoint->heartbeat_ms == 0 || sub->queue_len > 0 || sub->format == FRAME_NONE ||
        now_ms - sub->beat_ms < endpoint->heartbeat_ms * part / of)
        return;
    struct buf text;
    buf_init(&text, BEAT_MAX);
    sub->beat_ms = now_ms;
    if (endpoint->heartbeat(&text) == RS_OK)
        subscriber_control(sub, text.data, text.len);
    buf_release(&text);
}

bool subscriber_ends(const struct subscriber *sub)
{
    if (!sub->feed || !sub->feed->run_id[0])
        return false;
    if (sub->door->ends_with_run)
        return sub->gave; /* it comes back by itself, and without a cursor it would be given all again, for ever */
    return sub->feed->endpoint->closes && sub->format != FRAME_NONE;
}

const struct queued *subscriber_waiting(const struct subscriber *sub, unsigned i)
{
    return i < sub->queue_len ? &sub->queue[(sub->queue_first + i) & (sub->queue_cap - 1)] : NULL;
}

int subscriber_peek(const struct subscriber *sub, struct iovec *iov, int max)
{
    const struct queued *q;
    int n = 0;
    for (; n < max && (q = subscriber_waiting(sub, (unsigned)n)); n++)
        iov[n] = (struct iovec){q->block->bytes.data + q->at, q->block->bytes.len - q->at};
    return n;
}

void subscriber_consume(struct subscriber *sub, size_t n)
{
    assert(n <= sub->queued_bytes);
    sub->queued_bytes -= n;
    sub->progress_ms = (int64_t)uv_now(&sub->bridge->loop);
    while (n > 0) {
        struct queued *q = &sub->queue[sub->queue_first & (sub->queue_cap - 1)];
        size_t rest = q->block->bytes.len - q->at;
        if (n < rest) {
            q->at += n;
            break;
        }
        n -= rest;
        delivered(sub, q->block);
        let_go(sub, q->block);
        sub->queue_first++;
        sub->queue_len--;
    }
    if (sub->queue_len == 0) { /* an idle subscriber keeps no ring */
        free(sub->queue);
        sub->queue = NULL;
        sub->queue_cap = sub->queue_first = 0;
    }
    if (sub->state == SUBSCRIBER_REPLAY && sub->queued_bytes < REPLAY_QUEUE_BYTES)
        hub_schedule(sub->bridge->hub, sub);
}

void subscriber_resume(struct subscriber *sub)
{
    if (sub->state == SUBSCRIBER_ENDED)
        return;
    if (sub->state == SUBSCRIBER_LIVE)
        feed_passed(sub->feed, sub->after, DIALECT_PARTS_MAX);
    sub->state = SUBSCRIBER_REPLAY;
    hub_schedule(sub->bridge->hub, sub);
}
