/* assist_job - what an action socket wants of the database, carried out on the worker. Threads: the loop. */
#ifndef RUNSPOOL_BRIDGE_ASSIST_JOB_H
#define RUNSPOOL_BRIDGE_ASSIST_JOB_H

#include "bridge/worker.h"
#include "model/assistant.h"

enum assist_verb { ASSIST_LOOK /* for the caller's runs */, ASSIST_EXECUTE, ASSIST_CANCEL };
struct assist_job {
    struct job job; /* first */
    void *owner;    /* who is told; NULL: nobody any more */
    void (*on_done)(void *owner, struct assist_job *job);
    enum assist_verb verb;
    char org[ID_MAX + 1], caller[ID_MAX + 1];
    struct assistant_action action; /* EXECUTE; the worker's alone until it is done */
    char run_id[ID_MAX + 1];        /* EXECUTE: to begin after this one ended, "" at once; then the new run. CANCEL: which */
    struct assistant_run runs[ASSISTANT_RUNS_MAX]; /* LOOK */
    int n_runs;
    enum rs_err err;
    struct fault fault;
};
/* assist_job_new - owner and on_done are called on the loop, then the job is freed. NULL: no memory. */
struct assist_job *assist_job_new(enum assist_verb verb, void *owner, void (*on_done)(void *owner, struct assist_job *job));
/* assist_job_put - hand it to the worker; freed when that fails: RS_BUSY. */
enum rs_err assist_job_put(struct worker *worker, struct assist_job *job, struct fault *fault) RS_MUST_CHECK;

#endif
