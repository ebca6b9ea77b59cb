/* runs - what the files about runs share. */
#ifndef RUNSPOOL_FCGI_RUNS_H
#define RUNSPOOL_FCGI_RUNS_H

#include "model/store.h"
#include "routes.h"

/* run_answer - 202 {"runId","workflowId","status","wsUrl","pollUrl"}, and "queuedBecause" when nobody executes it, NULL: no. */
enum rs_err run_answer(struct call *call, const char *run_id, const char *workflow_id, const char *status,
                       const char *waits_because) RS_MUST_CHECK;
/* run_answer_queued - the run was put into the queue: see to it that somebody executes it, then answer. */
enum rs_err run_answer_queued(struct call *call, const char *run_id, const char *workflow_id,
                              const char *status) RS_MUST_CHECK;
/* run_answer_now - the same about a run as it stands. */
enum rs_err run_answer_now(struct call *call, struct store *store, const char *run_id,
                           struct fault *fault) RS_MUST_CHECK;
/* run_check - does this run exist, and is it the caller's? RS_NOT_FOUND. */
enum rs_err run_check(struct call *call, const char *run_id, struct fault *fault) RS_MUST_CHECK;

#endif
