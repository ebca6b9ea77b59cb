/* runs - what the files about runs share. */
#ifndef RUNSPOOL_FCGI_RUNS_H
#define RUNSPOOL_FCGI_RUNS_H

#include "model/store.h"
#include "routes.h"

/* run_answer_now - 202 {"runId","workflowId","status","wsUrl","pollUrl"} about a run as it stands after a change; when it is
 * queued, it is seen to that somebody executes it. "queuedBecause" when nobody does, "notStartedBecause" when it ended before it
 * began. */
enum rs_err run_answer_now(struct call *call, struct store *store, const char *run_id,
                           struct fault *fault) RS_MUST_CHECK;
/* run_check - does this run exist, and is it the caller's? RS_NOT_FOUND. */
enum rs_err run_check(struct call *call, const char *run_id, struct fault *fault) RS_MUST_CHECK;

#endif
