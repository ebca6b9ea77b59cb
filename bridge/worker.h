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
    void (*done)(struct job *job); /* on the loop; frees the job */
};
struct worker;
enum rs_err worker_start(uv_loop_t *loop, const struct datadir *dd, struct worker **ret, struct fault *fault)
    RS_MUST_CHECK;
/* worker_put - RS_BUSY: too many wait; the job stays the caller's. */
enum rs_err worker_put(struct worker *w, struct job *job) RS_MUST_CHECK;
/* worker_free - finish the jobs that wait (their done is called), end the thread, free from the loop. NULL is fine. */
void worker_free(struct worker *w);

#endif
