/* limits - what one client, one stream's clients, and all clients together may take (settings limits.*), so that the bridge
 * serves those it has instead of failing all. Where it can be, nobody is ended: what waits for a client that lags is left to
 * the log, from which it is given when the client takes it. Threads: the loop only. */
#ifndef RUNSPOOL_BRIDGE_LIMITS_H
#define RUNSPOOL_BRIDGE_LIMITS_H

#include "base/err.h"
#include <stdbool.h>
#include <stddef.h>

#define LIMITS_RETRY_AFTER "2" /* seconds, for those that are refused */

struct bridge;
struct block;
struct feed;
struct subscriber;

/* limits_follow - may one more client follow the streams of feed (limits.stream_clients)? Streams that `have` (may be
 * NULL) holds already are not asked about. RS_OK or RS_BUSY. */
enum rs_err limits_follow(const struct bridge *bridge, const struct feed *feed, const struct feed *have,
                          struct fault *fault) RS_MUST_CHECK;
/* limits_waits - a block has been queued for a subscriber: is it too much for its stream (limits.stream_bytes), or for all?
 * Subscribers may be put back, or ended. */
void limits_waits(struct subscriber *sub, const struct block *block);
/* limits_look - now and then, at one that something waits for: is that too old (limits.subscriber_age)? */
void limits_look(struct subscriber *sub);
/* limits_make_room - for that many more bytes that wait for clients (limits.queued_bytes): where they are too many what waits
 * for the slowest is left to the log, and where that does not help they are ended, until a quarter of the limit is free.
 * Returns whether there is room now. */
bool limits_make_room(struct bridge *bridge, size_t bytes);

#endif
