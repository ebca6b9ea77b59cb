#include "bridge/limits.h"
#include "base/clock.h"
#include "bridge/bridge.h"
#include "bridge/group.h"
#include "bridge/hub.h"

#define RELIEF_MS 100 /* of one stream: the next time after */
#define LOOKED_AT 8   /* of what waits for one, for the first that has a time */

enum rs_err limits_follow(const struct bridge *bridge, const struct feed *feed, const struct feed *have,
                          struct fault *fault)
{
    int64_t most = config_number(bridge->config, "limits.stream_clients");
    for (int i = 0; i < feed->n_streams; i++) {
        const char *name = feed->streams[i];
        if (hub_n_followers(bridge->hub, name) >= most && !(have && feed_has_stream(have, name)))
            return fault_set(fault, RS_BUSY, "as many clients follow %s as may; come back later", name);
    }
    return RS_OK;
}

static void relieve(struct group *g)
{
    for (enum frame_format f = 0; f < FRAME_NONE; f++)
        for (struct subscriber *sub = g->members[f]; sub; sub = sub->group_next)
            (void)subscriber_put_back(sub, METRIC_BACK_STREAM, true);
}

void limits_waits(struct subscriber *sub, const struct block *block)
{
    struct pins *pins = block->pins;
    int64_t now = (int64_t)uv_now(&sub->bridge->loop);
    if (pins && sub->group && sub->group->pins == pins && now - pins->relieved_ms >= RELIEF_MS &&
        pins->bytes > config_number(sub->bridge->config, "limits.stream_bytes")) {
        pins->relieved_ms = now;
        relieve(sub->group);
    }
    (void)limits_make_room(sub->bridge, 0);
}

void limits_look(struct subscriber *sub)
{
    int64_t since_us = 0;
    for (unsigned i = 0; i < sub->queue_len && i < LOOKED_AT && !since_us; i++)
        since_us = sub->queue[(sub->queue_first + i) & (sub->queue_cap - 1)].block->received_us;
    int64_t age_ms = config_number(sub->bridge->config, "limits.subscriber_age");
    if (since_us && clock_mono_us() - since_us > age_ms * 1000)
        (void)subscriber_put_back(sub, METRIC_BACK_AGE, true);
}

/* Looking for those with the most that waits. */
struct slowest {
    int64_t target;
    size_t most;
};

static void find_most(struct subscriber *sub, void *ctx)
{
    struct slowest *s = ctx;
    if (sub->state != SUBSCRIBER_ENDED && sub->queued_bytes > s->most)
        s->most = sub->queued_bytes;
}

static void put_back_slowest(struct subscriber *sub, void *ctx)
{
    struct slowest *s = ctx;
    if (sub->queued_bytes > s->most / 2 && sub->bridge->metrics.values[METRIC_QUEUED_BYTES] > s->target)
        (void)subscriber_put_back(sub, METRIC_BACK_MEMORY, true);
}

static void end_slowest(struct subscriber *sub, void *ctx)
{
    struct slowest *s = ctx;
    if (sub->state != SUBSCRIBER_ENDED && sub->queued_bytes > s->most / 2 &&
        sub->bridge->metrics.values[METRIC_QUEUED_BYTES] > s->target)
        subscriber_end(sub, END_MEMORY);
}

bool limits_make_room(struct bridge *bridge, size_t bytes)
{
    const int64_t *queued = &bridge->metrics.values[METRIC_QUEUED_BYTES];
    int64_t most = config_number(bridge->config, "limits.queued_bytes") - (int64_t)bytes;
    if (*queued <= most)
        return true;
    struct slowest s = {.target = most - most / 4};
    hub_each(bridge->hub, find_most, &s);
    hub_each(bridge->hub, put_back_slowest, &s);
    while (*queued > s.target) { /* each round ends one at least, and those within a factor of two: a few rounds at most */
        s.most = 0;
        hub_each(bridge->hub, find_most, &s);
        if (s.most == 0)
            break;
        hub_each(bridge->hub, end_slowest, &s);
    }
    return *queued <= most;
}
