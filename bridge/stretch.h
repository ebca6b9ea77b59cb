/* stretch - replays that many want: the messages of a group for a stretch of the log, read and framed once and shared by
 * all members that come by, wherever in it their cursors stand. Bounded by limits.replay_bytes: what was used longest ago
 * goes first. Holds events only: where something is missing from the log, that is remembered in place of a block.
 * Threads: the loop only. */
#ifndef RUNSPOOL_BRIDGE_STRETCH_H
#define RUNSPOOL_BRIDGE_STRETCH_H

#include "bridge/deflate_offer.h"
#include "bridge/frame.h"
#include <stdbool.h>
#include <stdint.h>

#define OPENING_KEPT_MS 1000  /* one who comes later is given a newer opening */
#define STRETCH_KEPT_MS 10000 /* one that nobody has used for so long is forgotten */

struct bridge;
struct group;
struct stretches;
struct subscriber;

struct stretch {
    enum frame_format format;
    enum compression compression;
    int64_t from, to;    /* the group's messages of events with from < id <= to; there may be none */
    bool more;           /* the log had more when it was read */
    bool opening;        /* instead: the opening state, after which a feed stands at `at`; from is its loop time, to the group's
                          * n_events */
    struct cursor at;
    struct block *block; /* a reference; whole events; NULL: it cannot be shared, each reads for itself */
    size_t bytes;
    int64_t used_ms;
    struct group *group;
    struct stretch *group_next, **group_link;
    struct stretch *newer, *older;
};

struct stretches *stretches_new(struct bridge *bridge); /* NULL: no memory */
void stretches_free(struct stretches *all);             /* NULL is fine */

/* stretch_find - one for a member that holds what comes after `after` (from <= after < to). NULL: none. *ret_tail: one that ends there,
 * at what was the end of the log then, and so may be read again as a longer one; or NULL. *ret_touches: one ends there.
 * Both stay valid until the next call of any of these. */
struct stretch *stretch_find(struct stretches *all, const struct subscriber *sub, int64_t after, struct stretch **ret_tail,
                             bool *ret_touches);
/* stretch_opening - its group's opening state, made a moment ago and since the group's last event; NULL: none. */
struct stretch *stretch_opening(struct stretches *all, const struct subscriber *sub);
/* stretch_add - copies *one and takes a reference to its block. NULL: there is no memory, or no room, for it. */
struct stretch *stretch_add(struct stretches *all, struct group *group, const struct stretch *one);
/* stretches_make_room - for that many bytes more of METRIC_REPLAY_BYTES. false: there is none. */
bool stretches_make_room(struct stretches *all, size_t bytes);
void stretch_drop(struct stretches *all, struct stretch *s);
/* stretches_forget - of a group that ends. stretches_sweep - now and then: forget what nobody uses. */
void stretches_forget(struct stretches *all, struct group *group);
void stretches_sweep(struct stretches *all);

#endif
