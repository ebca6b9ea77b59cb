/* tick - does once what a runner does all the time, where no runner lives: started by cron (`runspool tick`), by a
 * program that has queued a run (model/launch.h), or by the process of a run that has ended. Any number may be at work
 * at once: claims and orphans are taken by one. */
#ifndef RUNSPOOL_RUNNER_TICK_H
#define RUNSPOOL_RUNNER_TICK_H

#include "conf/datadir.h"
#include <stdint.h>

#define TICK_WAIT_MAX_MS (24 * 60 * 60 * 1000)

/* tick_detach - go on in a child that belongs to nobody, in a session of its own; this process ends. Call first of all. */
void tick_detach(void);
/* tick_run - relay events that were left and drain DIR/pending, end orphans, make runs of due schedules, and start what is queued, up to runner.max_runs under way; then wait
 * until nothing is queued or running, at most wait_ms. A run process outlives us. Beside a runner: events only.
 * With wait_ms >= 0 a summary goes to standard output: {"runner":bool,"relayed","drained","orphans","scheduled","started","active"} (active:
 * queued or running at the end) and all else that is said goes to DIR/log/run.log; with -1 there is no waiting and no
 * summary. Returns: the exit status. */
int tick_run(const struct datadir *dd, const char *const *overrides, int64_t wait_ms);
/* tick_next - the process of an ended run looks for what is queued, by becoming a tick, unless a runner lives or
 * runner.spawn = never. Returns when there is nothing to become. */
void tick_next(const struct datadir *dd, const char *const *overrides);

#endif
