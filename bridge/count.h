/* count - calls of live endpoints, in the counters that all programs share (stats/stats.h): a stream that began, or a poll that
 * was answered or held, with the time that took; what it then waits is no part of it. Threads: the loop. */
#ifndef RUNSPOOL_BRIDGE_COUNT_H
#define RUNSPOOL_BRIDGE_COUNT_H

#include "bridge/bridge.h"
#include "bridge/request.h"

/* count_call - request: routed; one that found no endpoint is not counted. began_us: clock_mono_us. */
void count_call(const struct bridge *bridge, const struct request *request, int64_t began_us, bool error);

#endif
