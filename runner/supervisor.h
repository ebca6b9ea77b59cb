/* supervisor - claims queued runs and starts a process for each; cleans up after those that died.
 * SIGTERM ends the supervisor only: run processes go on, renew their own leases, and are left alone by the next
 * supervisor. SIGINT ends the runs too: each is cancelled, and after SUPERVISOR_END_MS killed. Of each name (seat.h)
 * one at a time; those beside the first end only their own runs. Runs of an earlier one count towards runner.max_runs,
 * and so do those of others. A run whose nodes only wait (for a person, a time, another run) does not: its process stays,
 * idle, and goes on at once when there is something to do, so that for a while more than runner.max_runs may be at work. */
#ifndef RUNSPOOL_RUNNER_SUPERVISOR_H
#define RUNSPOOL_RUNNER_SUPERVISOR_H

#include "conf/datadir.h"

#define SUPERVISOR_END_MS 10000
#define SUPERVISOR_WAITING_MAX 500 /* runs that only wait, besides the runner.max_runs that work */

/* supervisor_run - serve until told to end. overrides: --set options, for the run processes too; NULL-terminated or
 * NULL. name: NULL for the first one. Returns: the exit status of the process. */
int supervisor_run(const struct datadir *dd, const char *const *overrides, const char *name);

#endif
