#include "bridge/stretch.h"
#include "bridge/bridge.h"
#include "bridge/group.h"
#include <stdlib.h>

struct stretches {
    struct bridge *bridge;
    struct stretch *newest, *oldest; /* by use */
};

struct stretches *stretches_new(struct bridge *bridge)
{
    struct stretches *all = calloc(1, sizeof *all);
    if (all)
        all->bridge = bridge;
    return all;
}

void stretches_free(struct stretches *all)
{
    while (all && all->oldest)
        stretch_drop(all, all->oldest);
    free(all);
}

static int64_t *kept_bytes(const struct stretches *all)
{
    return &all->bridge->metrics.values[METRIC_REPLAY_BYTES];
}

static void unlink_use(struct stretches *all, struct stretch *s)
{
    *(s->newer ? &s->newer->older : &all->newest) = s->older;
    *(s->older ? &s->older->newer : &all->oldest) = s->newer;
}

static void link_use(struct stretches *all, struct stretch *s)
{
    s->newer = NULL;
    s->older = all->newest;
    *(s->older ? &s->older->newer : &all->oldest) = s;
    all->newest = s;
    s->used_ms = (int64_t)uv_now(&all->bridge->loop);
}

void stretch_drop(struct stretches *all, struct stretch *s)
{
    unlink_use(all, s);
    *s->group_link = s->group_next;
    if (s->group_next)
        s->group_next->group_link = s->group_link;
    *kept_bytes(all) -= (int64_t)s->bytes;
    block_unref(s->block);
    free(s);
}

static bool fits(const struct stretch *s, const struct subscriber *sub)
{
    return s->format == sub->format && s->compression == sub->compression;
}

struct stretch *stretch_find(struct stretches *all, const struct subscriber *sub, int64_t after, struct stretch **ret_tail,
                             bool *ret_touches)
{
    *ret_tail = NULL;
    *ret_touches = false;
    for (struct stretch *s = sub->group->stretches; s; s = s->group_next) {
        if (s->opening || !fits(s, sub) || s->from > after || s->to < after)
            continue;
        if (s->to > after) {
            unlink_use(all, s);
            link_use(all, s);
            return s;
        }
        *ret_touches = true;
        if (s->block && !s->more)
            *ret_tail = s;
    }
    return NULL;
}

struct stretch *stretch_opening(struct stretches *all, const struct subscriber *sub)
{
    int64_t now = (int64_t)uv_now(&all->bridge->loop);
    for (struct stretch *s = sub->group->stretches, *next; s; s = next) {
        next = s->group_next;
        if (!s->opening || !fits(s, sub))
            continue;
        if (now - s->from <= OPENING_KEPT_MS && s->to == sub->group->n_events)
            return s;
        stretch_drop(all, s);
    }
    return NULL;
}

bool stretches_make_room(struct stretches *all, size_t bytes)
{
    size_t most = (size_t)config_number(all->bridge->config, "limits.replay_bytes");
    if (bytes > most)
        return false;
    while (all->oldest && (size_t)*kept_bytes(all) + bytes > most)
        stretch_drop(all, all->oldest);
    return (size_t)*kept_bytes(all) + bytes <= most;
}

struct stretch *stretch_add(struct stretches *all, struct group *group, const struct stretch *one)
{
    size_t bytes = sizeof *one;
    if (one->block)
        bytes += sizeof *one->block + one->block->bytes.cap + (size_t)one->block->marks_cap * sizeof *one->block->marks;
    if (!stretches_make_room(all, bytes))
        return NULL;
    struct stretch *s = malloc(sizeof *s);
    if (!s)
        return NULL;
    *s = *one;
    if (s->block)
        block_ref(s->block);
    s->bytes = bytes;
    s->group = group;
    s->group_next = group->stretches;
    s->group_link = &group->stretches;
    if (s->group_next)
        s->group_next->group_link = &s->group_next;
    group->stretches = s;
    link_use(all, s);
    *kept_bytes(all) += (int64_t)bytes;
    return s;
}

void stretches_forget(struct stretches *all, struct group *group)
{
    while (group->stretches)
        stretch_drop(all, group->stretches);
}

void stretches_sweep(struct stretches *all)
{
    int64_t now = (int64_t)uv_now(&all->bridge->loop);
    while (all->oldest && now - all->oldest->used_ms > STRETCH_KEPT_MS)
        stretch_drop(all, all->oldest);
}
