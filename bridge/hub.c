#include "bridge/hub.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/map.h"
#include "bridge/bridge.h"
#include "bridge/group.h"
#include "bridge/limits.h"
#include "bridge/live.h"
#include "bridge/native.h"
#include "bridge/replay.h"
#include "bridge/stretch.h"
#include "bridge/told.h"
#include "bridge/topic.h"
#include "bridge/views.h"
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#define BEAT_MS 20000     /* bridge.heartbeat by default */
#define REPLAY_SLICE_MS 2 /* replays run at most that long before the loop looks at sockets again */

/* The groups that follow one stream. */
struct follow {
    struct group **groups;
    int n, cap;
};

struct hub {
    struct bridge *bridge;
    struct map groups;  /* key -> struct group */
    struct map streams; /* name -> struct follow */
    struct subscriber *all, *replays, **replays_end;
    struct subscriber *sweep_next; /* NULL: the next sweep begins a round */
    int64_t sweep_followed;        /* streams, in this round */
    uv_check_t turn;       /* ends: replays run, */
    uv_idle_t replay_idle; /* and active while there are more of them: then the next does not wait for sockets */
    int64_t published;
    int n_subscribers;
    int n_handles; /* not yet closed */
};

struct sweep {
    int64_t now_ms, wall_ms, stall_ms, heartbeat_ms;
};

static void run_replays(uv_check_t *turn);

struct hub *hub_new(struct bridge *bridge, int64_t published)
{
    struct hub *hub = calloc(1, sizeof *hub);
    if (!hub)
        return NULL;
    hub->bridge = bridge;
    hub->published = published;
    hub->replays_end = &hub->replays;
    uv_idle_init(&bridge->loop, &hub->replay_idle);
    uv_check_init(&bridge->loop, &hub->turn);
    hub->replay_idle.data = hub->turn.data = hub;
    hub->n_handles = 2;
    uv_check_start(&hub->turn, run_replays);
    return hub;
}

static void free_hub(uv_handle_t *handle)
{
    struct hub *hub = handle->data;
    if (--hub->n_handles > 0)
        return;
    map_clear(&hub->groups, NULL);
    map_clear(&hub->streams, NULL);
    free(hub);
}

void hub_free(struct hub *hub)
{
    if (!hub)
        return;
    assert(hub->n_subscribers == 0);
    uv_close((uv_handle_t *)&hub->replay_idle, free_hub);
    uv_close((uv_handle_t *)&hub->turn, free_hub);
}

int64_t hub_published(const struct hub *hub)
{
    return hub->published;
}

int hub_n_subscribers(const struct hub *hub)
{
    return hub->n_subscribers;
}

int hub_n_followers(const struct hub *hub, const char *stream)
{
    const struct follow *f = map_get(&hub->streams, stream);
    int n = 0;
    for (int i = 0; f && i < f->n; i++)
        n += f->groups[i]->n_members;
    return n;
}

void hub_enter(struct hub *hub, struct subscriber *sub)
{
    sub->all_next = hub->all;
    sub->all_link = &hub->all;
    if (hub->all)
        hub->all->all_link = &sub->all_next;
    hub->all = sub;
    hub->n_subscribers++;
}

void hub_exit(struct hub *hub, struct subscriber *sub)
{
    *sub->all_link = sub->all_next;
    if (sub->all_next)
        sub->all_next->all_link = sub->all_link;
    if (hub->sweep_next == sub)
        hub->sweep_next = sub->all_next;
    hub->n_subscribers--;
}

static enum rs_err follow_stream(struct hub *hub, const char *name, struct group *g)
{
    struct follow *f = map_get(&hub->streams, name);
    if (!f) {
        f = calloc(1, sizeof *f);
        if (!f)
            return RS_NOMEM;
        if (map_put(&hub->streams, name, f) != RS_OK) {
            free(f);
            return RS_NOMEM;
        }
    }
    if (f->n == f->cap) {
        int cap = f->cap ? 2 * f->cap : 1;
        struct group **groups = realloc(f->groups, (size_t)cap * sizeof *groups);
        if (!groups)
            return RS_NOMEM;
        f->groups = groups;
        f->cap = cap;
    }
    f->groups[f->n++] = g;
    return RS_OK;
}

static void unfollow_stream(struct hub *hub, const char *name, const struct group *g)
{
    struct follow *f = map_get(&hub->streams, name);
    if (!f)
        return;
    for (int i = 0; i < f->n; i++)
        if (f->groups[i] == g) {
            f->groups[i] = f->groups[--f->n];
            break;
        }
    if (f->n > 0)
        return;
    map_remove(&hub->streams, name);
    free(f->groups);
    free(f);
}

enum rs_err hub_join(struct hub *hub, struct subscriber *sub)
{
    hub_leave(hub, sub);
    char *key = group_key(sub->feed);
    if (!key)
        return RS_NOMEM;
    struct group *g = map_get(&hub->groups, key);
    if (g) {
        free(key);
        group_add(g, sub);
        return RS_OK;
    }
    g = group_new(key);
    if (!g) {
        free(key);
        return RS_NOMEM;
    }
    enum rs_err err = map_put(&hub->groups, key, g);
    if (err) {
        group_free(g);
        return err;
    }
    group_add(g, sub);
    if (sub->feed->endpoint->topic) {
        g->topic = topic_group_new(hub->bridge, g);
        err = g->topic ? RS_OK : RS_NOMEM;
    }
    for (int i = 0; !err && i < sub->feed->n_streams; i++)
        err = follow_stream(hub, sub->feed->streams[i], g);
    if (err)
        hub_leave(hub, sub);
    return err;
}

/* The feed must still hold the streams it joined with: its group is found under them. */
void hub_leave(struct hub *hub, struct subscriber *sub)
{
    struct group *g = sub->group;
    if (!g)
        return;
    if (g->n_members == 1) {
        for (int i = 0; i < sub->feed->n_streams; i++)
            unfollow_stream(hub, sub->feed->streams[i], g);
        map_remove(&hub->groups, g->key);
    }
    group_remove(g, sub);
    if (g->n_members > 0)
        return;
    stretches_forget(hub->bridge->stretches, g);
    group_free(g);
}

/* Matching one event: the groups that follow any of its names. */
struct match {
    struct hub *hub;
    struct event *event;
    struct group **touched;
    enum rs_err err;
};

static void match_name(void *ctx, const char *name)
{
    struct match *m = ctx;
    struct follow *f = map_get(&m->hub->streams, name);
    for (int i = 0; f && i < f->n; i++) {
        struct group *g = f->groups[i];
        if (g->topic) { /* a home without an id tells of all organisations */
            if (!stream_id(m->event->home->name) || strcmp(g->feed->org, m->event->home->org) == 0)
                topic_group_event(g->topic, m->event);
            continue;
        }
        if (strcmp(g->feed->org, m->event->home->org) != 0)
            continue;
        if (g->n_batch == 0) {
            g->touched_next = *m->touched;
            *m->touched = g;
        }
        enum rs_err err = group_add_event(g, m->event);
        if (err)
            m->err = err;
    }
}

static void end_failed(struct subscriber *sub, void *ctx)
{
    (void)ctx;
    subscriber_end(sub, END_FAILED);
}

void hub_publish(struct hub *hub, struct event *const *events, int n)
{
    struct group *touched = NULL;
    struct match match = {.hub = hub, .touched = &touched};
    for (int i = 0; i < n; i++) {
        assert(events[i]->id > hub->published);
        hub->published = events[i]->id;
        match.event = events[i];
        views_each(events[i]->home, match_name, &match);
    }
    if (match.err) { /* somebody would miss an event, and we do not know who: all come back by cursor */
        log_event(LOG_LEVEL_ERROR, "publish.failed", "error=%s", rs_err_name(match.err));
        hub_each(hub, end_failed, NULL);
    }
    while (touched) {
        struct group *g = touched;
        touched = g->touched_next;
        group_deliver(g, hub->bridge);
    }
    hub->bridge->metrics.values[METRIC_LOG_HEAD] = hub->published;
}

static void nothing(uv_idle_t *idle)
{
    (void)idle;
}

void hub_schedule(struct hub *hub, struct subscriber *sub)
{
    if (sub->replay_link)
        return;
    sub->replay_next = NULL;
    sub->replay_link = hub->replays_end;
    *hub->replays_end = sub;
    hub->replays_end = &sub->replay_next;
    uv_idle_start(&hub->replay_idle, nothing);
}

void hub_has_room(struct hub *hub, struct subscriber *sub)
{
    sub->has_room = true;
    hub_schedule(hub, sub);
}

void hub_unschedule(struct hub *hub, struct subscriber *sub)
{
    if (!sub->replay_link)
        return;
    *sub->replay_link = sub->replay_next;
    if (sub->replay_next)
        sub->replay_next->replay_link = sub->replay_link;
    else
        hub->replays_end = sub->replay_link;
    sub->replay_link = NULL;
    sub->replay_next = NULL;
}

/* Those to whom the web gives something wait for the next turn of the loop. */
static bool may_go_on(const struct hub *hub, uint64_t start)
{
    return !hub->bridge->kicked && uv_hrtime() - start < REPLAY_SLICE_MS * 1000000u;
}

static void run_replays(uv_check_t *turn)
{
    struct hub *hub = turn->data;
    if (!hub->replays) { /* those that were scheduled may have gone since */
        uv_idle_stop(&hub->replay_idle);
        return;
    }
    live_look_now(hub->bridge);
    uint64_t start = uv_hrtime(); /* of replays alone, and some steps at least: a flood of events must not keep all others waiting */
    for (int i = 0; hub->replays && (i < REPLAY_STEPS_MIN || may_go_on(hub, start)); i++) {
        struct subscriber *sub = hub->replays;
        hub_unschedule(hub, sub);
        if (sub->has_room) {
            sub->has_room = false;
            sub->door->push(sub);
        }
        if (replay_step(sub))
            hub_schedule(hub, sub); /* behind the others */
        live_look(hub->bridge);
    }
    if (!hub->replays)
        uv_idle_stop(&hub->replay_idle);
}

void hub_each(struct hub *hub, void (*fn)(struct subscriber *sub, void *ctx), void *ctx)
{
    for (struct subscriber *sub = hub->all, *next; sub; sub = next) {
        next = sub->all_next;
        fn(sub, ctx);
    }
}

static void sweep_one(struct subscriber *sub, const struct sweep *sweep)
{
    if (sub->state == SUBSCRIBER_ENDED) {
        if (sweep->now_ms - sub->progress_ms > SUBSCRIBER_END_MS)
            sub->door->cut(sub);
        return;
    }
    if (sub->expires_ms && sweep->wall_ms >= sub->expires_ms) {
        if (native_speaks(sub))
            native_bye(sub, "expired", "the token has expired", 0);
        subscriber_end(sub, END_EXPIRED);
        return;
    }
    if (sub->door->tick)
        sub->door->tick(sub);
    subscriber_beat(sub, sweep->now_ms, sweep->heartbeat_ms, BEAT_MS);
    if (sub->queue_len > 0 && sweep->now_ms - sub->progress_ms > sweep->stall_ms)
        subscriber_end(sub, END_STALLED);
    else if (sub->queue_len > 0)
        limits_look(sub);
    else if (sub->door->heartbeat && sweep->now_ms - sub->progress_ms >= sweep->heartbeat_ms)
        sub->door->heartbeat(sub);
}

bool hub_sweep(struct hub *hub)
{
    struct sweep sweep = {
        .now_ms = (int64_t)uv_now(&hub->bridge->loop),
        .wall_ms = clock_wall_ms(),
        .stall_ms = config_number(hub->bridge->config, "limits.subscriber_time"),
        .heartbeat_ms = config_number(hub->bridge->config, "bridge.heartbeat"),
    };
    if (!hub->sweep_next) {
        hub->sweep_next = hub->all;
        hub->sweep_followed = 0;
    }
    for (int n = 0; hub->sweep_next && n < HUB_SWEEP; n++) {
        struct subscriber *sub = hub->sweep_next;
        hub->sweep_next = sub->all_next;
        hub->sweep_followed += sub->feed ? sub->feed->n_streams : 0;
        sweep_one(sub, &sweep);
    }
    if (hub->sweep_next)
        return true;
    stretches_sweep(hub->bridge->stretches);
    tolds_sweep(hub->bridge->tolds);
    hub->bridge->metrics.values[METRIC_SUBSCRIPTIONS] = hub->sweep_followed;
    return false;
}
