/* limits - what one stream's clients may take, and what all clients together may take (settings limits.*), so that the
 * bridge serves those it has instead of failing all. Threads: the loop only. */
#ifndef RUNSPOOL_BRIDGE_LIMITS_H
#define RUNSPOOL_BRIDGE_LIMITS_H

#include "base/err.h"
#include <stdbool.h>
#include <stddef.h>

#define LIMITS_RETRY_AFTER "2" /* seconds, for those that are refused */

struct bridge;
struct feed;

/* limits_follow - may one more client follow the streams of feed (limits.stream_clients)? Streams that `have` (may be
 * NULL) holds already are not asked about. RS_OK or RS_BUSY. */
enum rs_err limits_follow(const struct bridge *bridge, const struct feed *feed, const struct feed *have,
                          struct fault *fault) RS_MUST_CHECK;
/* limits_make_room - for that many more bytes that wait for clients (limits.queued_bytes): where they are too many the
 * slowest subscribers are ended, until a quarter of the limit is free. Returns whether there is room now. */
bool limits_make_room(struct bridge *bridge, size_t bytes);

#endif
