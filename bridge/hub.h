/* hub - who gets which event. Subscribers with the same endpoint, id and streams form a group: an event is matched and
 * projected once a group, and its frames are shared. Also schedules replays and finds stalled subscribers.
 * Threads: the loop only. */
#ifndef RUNSPOOL_BRIDGE_HUB_H
#define RUNSPOOL_BRIDGE_HUB_H

#include "base/err.h"
#include "bridge/subscriber.h"
#include "event/event.h"

struct bridge;
struct hub;
/* hub_new - published: id of the newest event in the log. NULL: no memory. hub_free: no subscriber may be left. */
struct hub *hub_new(struct bridge *bridge, int64_t published);
void hub_free(struct hub *hub); /* NULL is fine */

/* hub_publish - committed events, ids rising and above all published before; borrowed. */
void hub_publish(struct hub *hub, struct event *const *events, int n);
int64_t hub_published(const struct hub *hub);
int hub_n_subscribers(const struct hub *hub);
/* hub_n_followers - subscribers whose feed names that stream. */
int hub_n_followers(const struct hub *hub, const char *stream);

/* hub_enter, hub_exit - a subscriber begins and ends. hub_join - (re)index it by its feed's streams; hub_leave. */
void hub_enter(struct hub *hub, struct subscriber *sub);
void hub_exit(struct hub *hub, struct subscriber *sub);
enum rs_err hub_join(struct hub *hub, struct subscriber *sub) RS_MUST_CHECK;
void hub_leave(struct hub *hub, struct subscriber *sub);

/* hub_schedule - have replay_step called soon. hub_has_room - before it, have the door push what is queued: all that is much goes by
 * turns, and live events in between. */
void hub_schedule(struct hub *hub, struct subscriber *sub);
void hub_has_room(struct hub *hub, struct subscriber *sub);
void hub_unschedule(struct hub *hub, struct subscriber *sub);

/* hub_sweep - once a second: heartbeats, and the end of subscribers that take nothing. Looks at HUB_SWEEP of them, for live
 * events must not wait for thousands; true: call it for the others soon. */
#define HUB_SWEEP 256
bool hub_sweep(struct hub *hub);
/* hub_each - call fn for every subscriber; it may end them. */
void hub_each(struct hub *hub, void (*fn)(struct subscriber *sub, void *ctx), void *ctx);

#endif
