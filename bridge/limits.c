#include "bridge/limits.h"
#include "bridge/bridge.h"
#include "bridge/hub.h"

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
    do { /* each round ends one at least, and those within a factor of two: a few rounds at most */
        s.most = 0;
        hub_each(bridge->hub, find_most, &s);
        hub_each(bridge->hub, end_slowest, &s);
    } while (s.most > 0 && *queued > s.target);
    return *queued <= most;
}
