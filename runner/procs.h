/* procs - finds processes by /proc, to end what a run left behind. All block shortly. Any thread. */
#ifndef RUNSPOOL_RUNNER_PROCS_H
#define RUNSPOOL_RUNNER_PROCS_H

#include <stdbool.h>
#include <sys/types.h>

/* kill_descendants - KILL every child of this process and all below them, again and again until none is left (those
 * that escaped their group have become our children, as we are their subreaper). */
void kill_descendants(void);
/* kill_run_leftovers - KILL every process that carries RUNSPOOL_RUN_ID=run_id in its environment or works in run_folder,
 * except ourselves, and the groups among `pgids` that hold one of them: a process group's number may have been
 * given to others since it was recorded. Returns how many were found. */
int kill_run_leftovers(const char *run_id, const char *run_folder, const pid_t *pgids, int n_pgids);
/* proc_is_run - is pid a process of ours that executes this run? */
bool proc_is_run(pid_t pid, const char *run_id);

#endif
