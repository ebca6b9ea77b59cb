/* procs - finds processes by /proc, to end what a run left behind. All block shortly. Any thread. */
#ifndef RUNSPOOL_RUNNER_PROCS_H
#define RUNSPOOL_RUNNER_PROCS_H

/* kill_descendants - KILL every child of this process and all below them, again and again until none is left (those
 * that escaped their group have become our children, as we are their subreaper). */
void kill_descendants(void);
/* kill_run_leftovers - KILL every process that carries RUNSPOOL_RUN_ID=run_id in its environment or works in
 * run_folder without a terminal, except ourselves: what left its process group. Returns how many were found. */
int kill_run_leftovers(const char *run_id, const char *run_folder);

#endif
