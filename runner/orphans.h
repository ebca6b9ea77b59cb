/* orphans - runs whose process died: what it left is killed, then the run is ended, or resumed (runner.orphan). */
#ifndef RUNSPOOL_RUNNER_ORPHANS_H
#define RUNSPOOL_RUNNER_ORPHANS_H

#include "model/run.h"

#define ORPHANS_AT_ONCE 64
#define ORPHANS_HANG_MS (RUN_STUCK_MS - RUN_LEASE_MS)

/* Runs whose process lives and whose lease is long over. That may be the clock's doing (it was set, the machine slept):
 * such a process hangs only when its lease still stands where it stood ORPHANS_HANG_MS of our own time before.
 * A zeroed one is empty. */
struct orphans_watch {
    struct {
        char id[ID_MAX + 1];
        int64_t fence, lease_ms, since_ms; /* monotonic */
        bool seen;
    } late[ORPHANS_AT_ONCE];
    int n;
};
/* orphans_end - look for orphans once. Returns: how many were dealt with here. Failures are logged. Blocks on the
 * database. */
int orphans_end(struct store *store, struct orphans_watch *watch);
/* orphans_hangs - does a late one hang? now_ms: monotonic. orphans_forget - drop those not asked about since the last
 * call. */
bool orphans_hangs(struct orphans_watch *watch, const struct run_orphan *orphan, int64_t now_ms);
void orphans_forget(struct orphans_watch *watch);

#endif
