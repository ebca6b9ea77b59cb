/* launch - sees to it that what is queued gets executed where no runner lives: by a process started for it alone. */
#ifndef RUNSPOOL_MODEL_LAUNCH_H
#define RUNSPOOL_MODEL_LAUNCH_H

#include "base/err.h"
#include "conf/datadir.h"
#include <stdbool.h>

#define LAUNCH_LOG_MAX (8 * 1024 * 1024) /* bytes of DIR/log/run.log; a longer one becomes run.log.1 */

/* launch_runner_lives - does a runner listen on this machine? Asks its socket, so it knows at once when one died.
 * Never blocks. Any thread. */
bool launch_runner_lives(const struct datadir *dd);

/* launch_queued - for programs that have queued a run. A runner lives: nothing to do, it was poked. None, and runner.spawn =
 * auto: start `runspool-runner --tick` on its own (new session, its output in DIR/log/run.log, no descriptor of ours, no
 * child of ours, nothing of a request in its environment): it claims what is queued, up to runner.max_runs.
 * Returns: RS_OK; RS_DENIED (runner.spawn = never), RS_NOT_FOUND, RS_IO: the run stays queued; the fault says why.
 * Blocks until that process is on its way (milliseconds). Any thread of any program. */
enum rs_err launch_queued(const struct datadir *dd, struct fault *fault) RS_MUST_CHECK;

/* launch_log - DIR/log/run.log opened for appending, close-on-exec; /dev/null when it cannot be. -1: neither can. */
int launch_log(const struct datadir *dd);

#endif
