/* upkeep - what the writer does for the event log between batches, in short pieces: retention.
 * Threads: the writer's. */
#ifndef RUNSPOOL_BRIDGE_UPKEEP_H
#define RUNSPOOL_BRIDGE_UPKEEP_H

#include "conf/datadir.h"
#include "event/eventlog.h"
#include <stdbool.h>
#include <stdint.h>

struct upkeep {
    struct eventlog *log;
    struct eventlog_keep keep;
    int64_t trim_at;       /* monotonic ms: a round of retention begins, or goes on */
    int64_t trim_began;    /* the round under way, 0: none */
    bool trim_failed;      /* said already */
    int64_t n_trimmed;     /* events removed since upkeep_take_report */
};
/* upkeep_init - log: borrowed, EVENTLOG_WRITE. dd: borrowed. */
void upkeep_init(struct upkeep *u, struct eventlog *log, const struct datadir *dd);
/* upkeep_step - one piece of what is due, a few milliseconds at most. Returns whether there is more to do now. */
bool upkeep_step(struct upkeep *u);

#endif
