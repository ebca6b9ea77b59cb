/* one_run - what endpoints that follow exactly one run share. */
#ifndef RUNSPOOL_DIALECT_ONE_RUN_H
#define RUNSPOOL_DIALECT_ONE_RUN_H

#include "dialect/dialect.h"

/* one_run_open - an `open` for paths with {runId} or {run_id}: the feed follows run:{runId}. RS_NOT_FOUND: no such run in this org. */
enum rs_err one_run_open(struct feed *feed, struct store *store, const struct path_params *params,
                         struct fault *fault) RS_MUST_CHECK;
/* one_run_record - what the database knows of the feed's run now, in outline (run_outline); *ret: owned. RS_NOT_FOUND. */
enum rs_err one_run_record(const struct feed *feed, struct store *store, struct json_object **ret,
                           struct fault *fault) RS_MUST_CHECK;
/* one_run_trimmed - is the beginning of the run's history not in the log, so that the record must fill in? Retention
 * removed it, or the log never heard of a run that has left the queue. */
enum rs_err one_run_trimmed(const struct feed *feed, struct json_object *record, struct eventlog *log, bool *ret,
                            struct fault *fault) RS_MUST_CHECK;

/* one_run_attempt - the id of the event with which the run's present attempt began: run.queued, run.retried, run.resumed.
 * Without it one would be given the end of an earlier attempt. attempt: what the database says, read before; the log may not
 * have heard of it yet: then the id is the one after all that it has of the run. 0: it does not have it any more. */
enum rs_err one_run_attempt(struct eventlog *log, const char *stream, int64_t attempt, int64_t *ret_id,
                            struct fault *fault) RS_MUST_CHECK;

/* one_run_give_end - for openings: what that event gives (its reference is taken), after which the feed stands. */
enum rs_err one_run_give_end(struct feed *feed, struct event *end, struct dialect_out *out, struct fault *fault)
    RS_MUST_CHECK;
/* one_run_lost_end - of a run that has ended and of which retention has left nothing: its last event as the record can tell it,
 * with the id that it had. *ret: a reference; NULL: the run has not ended, or the log still has its end. */
enum rs_err one_run_lost_end(const char *org, const char *run_id, struct store *store, struct eventlog *log,
                             struct event **ret, struct fault *fault) RS_MUST_CHECK;

#endif
