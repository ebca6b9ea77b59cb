#include "bridge/redis.h"
#include "base/log.h"
#include "bridge/bridge.h"
#include "bridge/redis_link.h"
#include "bridge/redis_message.h"
#include "bridge/waker.h"
#include "bridge/writer.h"
#include "model/run.h"
#include <stdlib.h>
#include <string.h>

#define TAKEN_MAX (4 * 1024 * 1024) /* bytes of lines that wait for the loop */

struct redis {
    struct bridge *bridge;
    struct redis_link *link;
    struct redis_counts counts;
    _Atomic int64_t rejected;
    char origin[ID_MAX + 1];
    struct peer *peer; /* under which lines are given to the writer */
    struct waker waker;
    uv_mutex_t mutex;
    struct buf taken; /* under the mutex: whole lines */
    struct store store; /* the link's thread: opened when first needed */
    bool open;
    bool waits; /* lines do, for the writer */
};

static bool is_ours(void *ctx, const char *run_id)
{
    struct redis *r = ctx;
    struct fault fault;
    if (!r->open)
        r->open = store_open(&r->store, &r->bridge->dd, "bridge", &fault) == RS_OK;
    /* Where it cannot be known nothing is believed. */
    return !r->open || run_exists(&r->store, NULL, run_id, &fault) != RS_NOT_FOUND;
}

static void on_taken(void *ctx, const char *channel, size_t channel_len, const char *text, size_t len)
{
    struct redis *r = ctx;
    struct buf line;
    buf_init(&line, EVENT_LINE_MAX);
    enum rs_err err = redis_message_take(channel, channel_len, text, len, r->origin, is_ours, r, &line);
    if (err) {
        r->rejected++;
    } else if (line.len > 0) {
        uv_mutex_lock(&r->mutex);
        err = r->taken.len + line.len <= TAKEN_MAX ? buf_append(&r->taken, line.data, line.len) : RS_BUSY;
        uv_mutex_unlock(&r->mutex);
        if (err)
            r->counts.dropped++;
        else
            waker_wake(&r->waker);
    }
    buf_release(&line);
}

static void on_lines(void *ctx)
{
    struct redis *r = ctx;
    struct buf lines;
    r->waits = writer_backlog(r->bridge->writer) > WRITER_BACKLOG_MAX;
    if (r->waits)
        return; /* what waits is bounded; the writer has others to serve first */
    uv_mutex_lock(&r->mutex);
    lines = r->taken;
    buf_init(&r->taken, TAKEN_MAX + 1);
    uv_mutex_unlock(&r->mutex);
    struct intake *in = lines.len > 0 ? intake_new(r->peer, lines.data, lines.len) : NULL;
    if (in)
        writer_put(r->bridge->writer, in);
    buf_release(&lines);
}

static void put(void *ctx, const char *channel, const char *text, size_t len)
{
    struct redis *r = ctx;
    redis_link_put(r->link, channel, text, len);
}

void redis_publish(struct redis *r, struct event *const *events, int n)
{
    if (r && r->waits)
        on_lines(r);
    for (int i = 0; r && i < n; i++)
        redis_message_put(events[i], r->origin, put, r);
}

void redis_count(struct redis *r)
{
    if (!r)
        return;
    int64_t *values = r->bridge->metrics.values;
    values[METRIC_REDIS_CONNECTED] = r->counts.connected;
    values[METRIC_REDIS_CONNECTS] = r->counts.connects;
    values[METRIC_REDIS_PUBLISHED] = r->counts.published;
    values[METRIC_REDIS_RECEIVED] = r->counts.received;
    values[METRIC_REDIS_DROPPED] = r->counts.dropped;
    values[METRIC_REDIS_REJECTED] = r->rejected;
}

static void free_redis(void *ctx)
{
    struct redis *r = ctx;
    buf_release(&r->taken);
    peer_unref(r->peer);
    uv_mutex_destroy(&r->mutex);
    free(r);
}

enum rs_err redis_open(struct bridge *bridge, struct redis **ret, struct fault *fault)
{
    const char *url = config_text(bridge->dd.config, "redis.url");
    struct redis_address address;
    *ret = NULL;
    if (!url || !*url)
        return RS_OK;
    enum rs_err err = redis_address_parse(url, &address, fault);
    if (err)
        return err;
    struct redis *r = calloc(1, sizeof *r);
    struct peer *peer = peer_new(NULL);
    if (!r || !peer) {
        free(r);
        peer_unref(peer);
        return fault_set(fault, RS_NOMEM, "no memory for Redis");
    }
    r->bridge = bridge;
    r->peer = peer;
    id_new("b_", r->origin);
    buf_init(&r->taken, TAKEN_MAX + 1);
    uv_mutex_init(&r->mutex);
    err = waker_open(&r->waker, &bridge->loop, on_lines, r, fault);
    if (err) {
        free_redis(r);
        return err;
    }
    err = redis_link_start(&address, &r->counts, on_taken, r, &r->link, fault);
    *ret = r; /* in every case: the handle is closed by redis_close */
    return err;
}

void redis_close(struct redis *r)
{
    if (!r)
        return;
    if (r->link)
        redis_link_stop(r->link);
    r->link = NULL;
    if (r->open)
        store_release(&r->store);
    waker_close(&r->waker, free_redis);
}
