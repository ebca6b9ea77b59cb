/* poke - tell the bridge that the log has new events. A hint only: a bridge that misses it looks soon by itself. */
#ifndef RUNSPOOL_EVENT_POKE_H
#define RUNSPOOL_EVENT_POKE_H

#include "conf/datadir.h"
#include <stdbool.h>

/* eventlog_poke - after an append from outside the bridge. Does not block, cannot fail. Any thread. */
void eventlog_poke(const struct datadir *dd);

/* eventlog_has_bridge - is there a bridge that would be told? Does not block. Any thread. */
bool eventlog_has_bridge(const struct datadir *dd);

#endif
