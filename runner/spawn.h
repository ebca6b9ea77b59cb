/* spawn - starts the process of one claimed run: this program again, in a session of its own, so that it outlives us.
 */
#ifndef RUNSPOOL_RUNNER_SPAWN_H
#define RUNSPOOL_RUNNER_SPAWN_H

#include "conf/datadir.h"
#include "model/run.h"
#include "runner/child.h"
#include <sys/types.h>

#define OVERRIDES_MAX 256 /* --set options of a command line */

/* spawn_run - overrides: --set options handed on, NULL-terminated or NULL. SIGUSR1 must be ignored here: so it is in
 * the new process until it has its handler. Returns: 0, *ret_pid set, or an errno. */
int spawn_run(const struct datadir *dd, const char *const *overrides, const struct run_claim *claim, pid_t *ret_pid);

/* spawn_child_run - start the process of a run whose parent this process executes (fence: of the claim). It waits at its
 * gate; it dies when this one does, and its end is told by the reaper. RS_IO. */
enum rs_err spawn_child_run(const struct datadir *dd, const char *const *overrides, const char *run_id, int64_t fence,
                            struct child *ret, struct fault *fault) RS_MUST_CHECK;

#endif
