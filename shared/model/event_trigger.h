/* event_trigger - saved workflows that start when a run ends. Each trigger of kind `event` has rows with the workflows and
 * statuses it listens for; the runs are made in the transaction that ends the other run, so there is one for each end,
 * whatever dies. A run that came from a run by a trigger stands one deeper: RUN_DEPTH_MAX bounds loops. */
#ifndef RUNSPOOL_MODEL_EVENT_TRIGGER_H
#define RUNSPOOL_MODEL_EVENT_TRIGGER_H

#include "model/run.h"

#define EVENT_TRIGGERS_MAX 32 /* runs that one run's end starts */

/* event_trigger_sync - inside the transaction that saves, or deletes (definition NULL), a workflow: make the rows what its
 * triggers say. */
enum rs_err event_trigger_sync(struct db *db, const char *org, const char *workflow_id, struct json_object *definition,
                               struct fault *fault) RS_MUST_CHECK;

struct run_row;
/* event_trigger_fire - inside the transaction that ends run, before its terminal event: make the runs of the workflows that
 * listen, with input {run:{id,workflowId,status,output,error}}. One that cannot be made (its parameters want something
 * else, too deep) is told in a `log` event of the run that ended. output, error: borrowed, may be NULL. */
enum rs_err event_trigger_fire(struct change *change, const struct run_row *run, struct json_object *output,
                               struct json_object *error, struct fault *fault) RS_MUST_CHECK;

#endif
