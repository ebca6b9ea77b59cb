/* redis - the channels run:{id}, mission:{crew}, graph:{crew} of a Redis server, where the setting redis.url names one: what
 * others publish there in the shapes of the crew monitor becomes events of the log, so that all doors and cursors have it; what
 * our own events give on those endpoints is published there. The server is asked by a thread of its own; one that is slow,
 * stalled or gone costs messages (counted), never time.
 * A message of ours says its `origin`: we pass over our own, and publish nothing that came from there ("via":"redis").
 * Channels know no organisations: what comes in belongs to the stream's owner.
 * Functions: called on the loop. */
#ifndef RUNSPOOL_BRIDGE_REDIS_H
#define RUNSPOOL_BRIDGE_REDIS_H

#include "base/err.h"
#include "event/event.h"

struct bridge;
struct redis;
/* redis_open - *ret: NULL when no redis.url is set. RS_INVALID: it is none, or this program was built without Redis. */
enum rs_err redis_open(struct bridge *bridge, struct redis **ret, struct fault *fault) RS_MUST_CHECK;
/* redis_publish - events that were published here, n may be 0; borrowed. To be called after each commit. redis may be NULL. */
void redis_publish(struct redis *redis, struct event *const *events, int n);
/* redis_count - bring the bridge's metrics up to date. redis may be NULL. */
void redis_count(struct redis *redis);
/* redis_close - from now on nothing comes in or goes out; freed from the loop. NULL is fine. */
void redis_close(struct redis *redis);

#endif
