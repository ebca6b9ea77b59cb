/* schedule - saved workflows that start by themselves. Each trigger of kind `schedule` has a row with the time it is due
 * next, written in the transaction that saves its workflow. One process of many, the one that holds the lease, makes runs
 * of what is due: each due time becomes one run, by a unique row that commits with it.
 * Times are wall clock, ms. Nothing here asks the clock: `now_ms` is given. Threads: as the store. Calls block on the
 * database. */
#ifndef RUNSPOOL_MODEL_SCHEDULE_H
#define RUNSPOOL_MODEL_SCHEDULE_H

#include "model/lease.h"
#include "model/store.h"

#define SCHEDULE_LEASE "schedules"
#define SCHEDULE_LEASE_MS 15000    /* a leader that died is succeeded after so long at most */
#define SCHEDULE_CATCH_UP_MAX 100  /* runs made of missed times at once (catchUp = all): the newest */
#define SCHEDULE_GRACE_MS 60000    /* catchUp = skip: a time is missed when it is over by so much */
#define SCHEDULE_LATE_MS 60000     /* a schedule that should have fired so long ago is late */
#define SCHEDULE_ROWS_MAX 50       /* schedules fired by one call */
#define SCHEDULE_AHEAD_MS (2 * 3600 * 1000LL)
#define SCHEDULE_NEXT_MAX 100      /* times ahead that can be asked for */
#define SCHEDULE_BACK_MS (366 * 24 * 3600 * 1000LL) /* missed times further back are not even counted */

/* schedule_sync - inside the transaction that saves, or deletes (definition NULL), a workflow: make the rows what its
 * triggers say. A row whose cron, time zone and enabled are as before keeps its next time. */
enum rs_err schedule_sync(struct db *db, const char *org, const char *workflow_id, struct json_object *definition,
                          int64_t now_ms, struct fault *fault) RS_MUST_CHECK;

/* schedule_list - of one workflow, or of all (workflow_id NULL), by name: *ret is an array, owned, of {workflowId, nodeId, cron,
 * timezone, catchUp, jitterMs, enabled, paused, next: [the n times ahead], lastDueAt?, lastRunId?, missed, lateMs?, error?}.
 * next has n times also when it is paused or not enabled: those it would have. RS_NOT_FOUND: no such workflow. */
enum rs_err schedule_list(struct store *store, const char *org, const char *workflow_id, int n, int64_t now_ms,
                          struct json_object **ret, struct fault *fault) RS_MUST_CHECK;
/* schedule_late - how many there are that are neither paused nor switched off, and which of them should have fired, or
 * could not: items as above without next. org NULL: all. *ret_late: array, owned, at most 100. */
enum rs_err schedule_late(struct store *store, const char *org, int64_t now_ms, int *ret_n, struct json_object **ret_late,
                          struct fault *fault) RS_MUST_CHECK;
/* schedule_pause - of a workflow: none fires until it is taken back; times that pass meanwhile are not caught up.
 * RS_NOT_FOUND: no such workflow, or it has no schedule. */
enum rs_err schedule_pause(struct store *store, const char *org, const char *workflow_id, bool paused, int64_t now_ms,
                           struct fault *fault) RS_MUST_CHECK;

/* schedule_clock_back - the clock was set back: schedules that fired over SCHEDULE_AHEAD_MS ahead of now wait for their next time
 * from now on, not for one that was next in that future. *ret_n: how many did. */
enum rs_err schedule_clock_back(struct store *store, int64_t now_ms, int *ret_n, struct fault *fault) RS_MUST_CHECK;
/* schedule_due - is there anything to fire? Reads one row. */
enum rs_err schedule_due(struct store *store, int64_t now_ms, bool *ret, struct fault *fault) RS_MUST_CHECK;
/* schedule_fire - make runs of what is due, SCHEDULE_ROWS_MAX schedules at a time, as the holder of the lease. RS_CONFLICT: it has changed hands, and what is
 * left is the new holder's. A schedule that cannot start its workflow says so in its row and goes on to its next time;
 * that is no error here. */
struct schedule_fired {
    int n_runs;
    int64_t n_missed; /* times let go */
    int n_failed;     /* schedules that could not start their workflow */
    bool more;        /* there may be more that is due: call again */
};
enum rs_err schedule_fire(struct store *store, const struct lease *lease, int64_t now_ms, struct schedule_fired *ret,
                          struct fault *fault) RS_MUST_CHECK;

#endif
