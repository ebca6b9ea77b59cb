/* worker - one thread with its own store, for what must wait for the database: starting and cancelling runs.
 * Functions: called on the loop. */
#ifndef RUNSPOOL_BRIDGE_WORKER_H
#define RUNSPOOL_BRIDGE_WORKER_H

#include "base/err.h"
#include "model/store.h"
#include <uv.h>

#define WORKER_JOBS_MAX 1000 /* waiting; more are refused */

struct job {
    struct job *next;
    /* run - on the worker's thread. store: NULL when the database cannot be opened, fault then says why. */
    void (*run)(struct job *job, struct store *store, const struct fault *fault);
    void (*done)(struct job *job); /* on the loop, in the order they were put; frees the job */
};
struct worker;
enum rs_err worker_start(uv_loop_t *loop, const struct datadir *dd, struct worker **ret, struct fault *fault)
    RS_MUST_CHECK;
/* worker_put - RS_BUSY: too many wait, or it is stopping; the job stays the caller's. */
enum rs_err worker_put(struct worker *w, struct job *job) RS_MUST_CHECK;
/* worker_stop - take no more jobs, finish those that wait (their done is called), then call on_over from the loop, which
 * must go on meanwhile: the worker's events are acknowledged through it. */
typedef void worker_fn(void *ctx);
void worker_stop(struct worker *w, worker_fn *on_over, void *ctx);
/* worker_free - once it was told to stop: waits for the job at work, and calls its done. NULL is fine. */
void worker_free(struct worker *w);

#endif
