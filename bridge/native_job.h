/* native_job - run and cancel of a native socket, carried out on the worker and answered when done.
 * Threads: the loop. */
#ifndef RUNSPOOL_BRIDGE_NATIVE_JOB_H
#define RUNSPOOL_BRIDGE_NATIVE_JOB_H

#include "bridge/native_message.h"
#include "bridge/subscriber.h"

struct native_jobs; /* of one connection */
struct native_jobs *native_jobs_new(struct subscriber *sub, const char *org); /* org: borrowed while open; NULL: no memory */
/* native_jobs_release - the connection ends: what is under way is finished, but not answered. */
void native_jobs_release(struct native_jobs *jobs);
/* native_jobs_run, native_jobs_cancel - message: NATIVE_RUN, NATIVE_CANCEL; copied. RS_BUSY: too many are waiting. */
enum rs_err native_jobs_run(struct native_jobs *jobs, const struct native_message *message,
                            struct fault *fault) RS_MUST_CHECK;
enum rs_err native_jobs_cancel(struct native_jobs *jobs, const struct native_message *message,
                               struct fault *fault) RS_MUST_CHECK;

#endif
