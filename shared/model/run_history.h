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

#endif
