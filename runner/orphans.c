#include "runner/orphans.h"
#include "base/log.h"
#include "model/run.h"
#include "runner/procs.h"
#include <signal.h>

#define ORPHANS_AT_ONCE 64

static bool end_one(struct store *store, const struct run_orphan *o)
{
    struct fault fault;
    enum run_status status = RUN_ERROR;
    char folder[PATH_MAX];

    /* One that lives and is late is stopped before anything of its is touched. */
    if (o->pid > 0)
        kill(o->pid, SIGKILL);
    for (int i = 0; i < o->n_pgids; i++)
        kill(-o->pgids[i], SIGKILL);
    kill_run_leftovers(o->id, datadir_path(store->dd, folder, "runs/%s", o->id));
    enum rs_err err = run_orphan_end(store, o, &status, &fault);
    if (err && err != RS_CONFLICT)
        log_event(LOG_LEVEL_WARN, "orphan.failed", "run=%s reason=\"%s\"", o->id, fault.message);
    else if (!err)
        log_event(LOG_LEVEL_WARN, "run.orphaned", "run=%s now=%s", o->id, run_status_name(status));
    return !err;
}

int orphans_end(struct store *store)
{
    struct run_orphan orphans[ORPHANS_AT_ONCE];
    struct fault fault;
    int n = 0, n_ended = 0;

    if (run_orphans(store, orphans, ORPHANS_AT_ONCE, &n, &fault) != RS_OK) {
        log_event(LOG_LEVEL_WARN, "orphans.unknown", "reason=\"%s\"", fault.message);
        return 0;
    }
    for (int i = 0; i < n; i++)
        n_ended += end_one(store, &orphans[i]);
    return n_ended;
}
