/* run_history - the runs of an organisation as dashboards show them: those under way, and those that have ended, with figures.
 * In snake_case, as dialect 5 has it. Threads: as the store. Calls block on the database. */
#ifndef RUNSPOOL_MODEL_RUN_HISTORY_H
#define RUNSPOOL_MODEL_RUN_HISTORY_H

#include "model/run.h"

#define RUNS_ACTIVE_MAX 5000 /* the oldest are shown */

/* runs_active - queued, running and paused runs, oldest first: [{id,name,workflow_id,status,start_time,progress,current_node}].
 * start_time: null until it has begun; current_node: the first that runs or waits, null when none does. org NULL: of all.
 * *ret: owned. */
enum rs_err runs_active(struct store *store, const char *org, struct json_object **ret, struct fault *fault) RS_MUST_CHECK;

/* Which ended runs. Texts borrowed; NULL: any. */
struct run_history_filter {
    const char *org, *status, *workflow_id;
    const char *text;        /* in the name, the workflow's id or the run's, any case of a-z */
    int64_t from_ms, to_ms;  /* when it ended, wall clock: from <= end < to */
    int limit, offset;       /* of the list; the figures are of all */
    bool days;               /* tell of each day, too */
};
#define RUN_HISTORY_MAX 500 /* runs of one list */
#define RUN_HISTORY_DAYS_MAX 400
/* run_history - {workflows:[{id,name,workflow_id,status,start_time,end_time,duration,error}], total_count,
 * analytics:{total_count,success_rate,average_duration,p95_duration,recent_failures,runs_per_day}}, the list newest end first. Of
 * what the filter selects: success_rate in %, durations in seconds (of those that had begun; p95 by nearest rank, so that it is
 * one that occurred), recent_failures within 24 hours before now_ms, runs_per_day over the UTC days from the first to the last
 * (of the filter, where it says, and no later than now). All 0 when there is none. With `days` also days:[{day,success,error,
 * cancelled,p50_duration,p95_duration}], the UTC days on which runs ended, oldest first, of RUN_HISTORY_DAYS_MAX the newest; the
 * durations null where none had begun. *ret: owned. */
enum rs_err run_history(struct store *store, const struct run_history_filter *filter, int64_t now_ms, struct json_object **ret,
                        struct fault *fault) RS_MUST_CHECK;

#endif
