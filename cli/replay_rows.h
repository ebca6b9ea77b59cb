/* replay_rows - what a recording tells of its runs, as rows of a throw-away database, kept in step with the events that
 * are played, so that doors answer as they did when the run was recorded. Main thread; calls block on the database. */
#ifndef RUNSPOOL_CLI_REPLAY_ROWS_H
#define RUNSPOOL_CLI_REPLAY_ROWS_H

#include "model/store.h"

/* replay_survey - {runId: {"workflowId","name","crewId"?,"nodes":{id:kind},"tools":{id:true},"definition"?}} of all runs
 * whose events are in the array. Owned by the caller, who may add a "definition". */
struct json_object *replay_survey(struct json_object *events);
/* replay_declare - rows of the runs, queued, and of their workflows. */
enum rs_err replay_declare(struct store *store, const char *org, struct json_object *survey, struct fault *fault) RS_MUST_CHECK;
/* replay_event - one event, with the state it tells of, in one transaction. round: from 0; it is added to a run's attempt. */
enum rs_err replay_event(struct store *store, struct json_object *event, int round, struct fault *fault) RS_MUST_CHECK;
/* replay_again - before another round: every run is retried, so that its stream goes on. */
enum rs_err replay_again(struct store *store, struct json_object *survey, int round, struct fault *fault) RS_MUST_CHECK;

#endif
