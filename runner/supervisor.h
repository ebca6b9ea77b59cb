/* supervisor - claims queued runs and starts a process for each; cleans up after those that died.
 * SIGTERM ends the supervisor only: run processes go on, renew their own leases, and are left alone by the next
 * supervisor. SIGINT ends the runs too: each is cancelled, and after SUPERVISOR_END_MS killed. Of each name (seat.h)
 * one at a time; those beside the first end only their own runs. Runs of an earlier one count towards runner.max_runs,
 * and so do those of others. */
#ifndef RUNSPOOL_RUNNER_SUPERVISOR_H
#define RUNSPOOL_RUNNER_SUPERVISOR_H

#include "conf/datadir.h"

#define SUPERVISOR_END_MS 10000

/* supervisor_run - serve until told to end. overrides: --set options, for the run processes too; NULL-terminated or
 * NULL. name: NULL for the first one. Returns: the exit status of the process. */
int supervisor_run(const struct datadir *dd, const char *const *overrides, const char *name);

#endif
