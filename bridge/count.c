#include "bridge/count.h"
#include "base/clock.h"
#include "stats/stats.h"

void count_call(const struct bridge *bridge, const struct request *request, int64_t began_us, bool error)
{
    if (request->door && request->endpoint)
        stats_count(bridge->stats, "GET", request->door->name, request->endpoint->path, clock_mono_us() - began_us, error);
}
