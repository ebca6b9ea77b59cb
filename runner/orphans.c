#include "runner/orphans.h"
#include "base/clock.h"
#include "base/log.h"
#include "runner/procs.h"
#include <signal.h>
#include <stdio.h>
#include <string.h>

static bool end_one(struct store *store, struct run_orphan *o)
{
    struct fault fault;
    enum run_status status = RUN_ERROR;
    char folder[PATH_MAX];
    enum rs_err err = run_orphan_take(store, o, &fault);

    /* Who does not have it must kill nothing: another runner may have started it again by now. */
    if (err) {
        if (err != RS_CONFLICT)
            log_event(LOG_LEVEL_WARN, "orphan.failed", "run=%s reason=\"%s\"", o->id, fault.message);
        return false;
    }
    /* One that lives and is late is stopped before anything of its is touched. */
    if (o->pid > 0)
        kill(o->pid, SIGKILL);
    for (int i = 0; i < o->n_pgids; i++)
        kill(-o->pgids[i], SIGKILL);
    kill_run_leftovers(o->id, datadir_path(store->dd, folder, "runs/%s", o->id));
    err = run_orphan_end(store, o, &status, &fault);
    if (err && err != RS_CONFLICT)
        log_event(LOG_LEVEL_WARN, "orphan.failed", "run=%s reason=\"%s\"", o->id, fault.message);
    else if (!err)
        log_event(LOG_LEVEL_WARN, "run.orphaned", "run=%s now=%s", o->id, run_status_name(status));
    return !err;
}

bool orphans_hangs(struct orphans_watch *watch, const struct run_orphan *orphan, int64_t now_ms)
{
    int i = 0;

    while (i < watch->n && (strcmp(watch->late[i].id, orphan->id) != 0 || watch->late[i].fence != orphan->fence ||
                            watch->late[i].lease_ms != orphan->lease_ms))
        i++;
    if (i == ORPHANS_AT_ONCE)
        return false; /* after others */
    if (i == watch->n) {
        watch->n++;
        snprintf(watch->late[i].id, sizeof watch->late[i].id, "%s", orphan->id);
        watch->late[i].fence = orphan->fence;
        watch->late[i].lease_ms = orphan->lease_ms;
        watch->late[i].since_ms = now_ms;
    }
    watch->late[i].seen = true;
    return now_ms - watch->late[i].since_ms >= ORPHANS_HANG_MS;
}

void orphans_forget(struct orphans_watch *watch)
{
    int n = 0;

    for (int i = 0; i < watch->n; i++)
        if (watch->late[i].seen) {
            watch->late[n] = watch->late[i];
            watch->late[n++].seen = false;
        }
    watch->n = n;
}

int orphans_end(struct store *store, struct orphans_watch *watch)
{
    struct run_orphan orphans[ORPHANS_AT_ONCE];
    struct fault fault;
    int n = 0, n_ended = 0;

    if (run_orphans(store, orphans, ORPHANS_AT_ONCE, &n, &fault) != RS_OK) {
        log_event(LOG_LEVEL_WARN, "orphans.unknown", "reason=\"%s\"", fault.message);
        return 0;
    }
    for (int i = 0; i < n; i++)
        if (orphans[i].pid == 0 || orphans_hangs(watch, &orphans[i], clock_mono_ms()))
            n_ended += end_one(store, &orphans[i]);
    orphans_forget(watch);
    return n_ended;
}
