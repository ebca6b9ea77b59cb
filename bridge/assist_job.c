#include "bridge/assist_job.h"
#include <stdlib.h>
#include <string.h>

static void run(struct job *job, struct store *store, const struct fault *fault)
{
    struct assist_job *j = (struct assist_job *)job;
    j->fault = *fault;
    j->err = fault->code;
    if (!store)
        return;
    const struct assistant_start start = {.org = j->org, .caller = j->caller, .action = &j->action,
                                          .after = j->run_id[0] ? j->run_id : NULL};
    char run_id[ID_MAX + 1] = "";
    switch (j->verb) {
    case ASSIST_LOOK:
        j->err = assistant_runs(store, j->org, j->caller, j->runs, &j->n_runs, &j->fault);
        return;
    case ASSIST_EXECUTE:
        j->err = assistant_execute(store, &start, run_id, &j->fault);
        break;
    case ASSIST_CANCEL:
        j->err = assistant_cancel(store, j->org, j->caller, j->run_id, run_id, &j->fault);
        break;
    }
    memcpy(j->run_id, run_id, sizeof j->run_id);
}

static void job_free(struct assist_job *j)
{
    assistant_action_release(&j->action);
    free(j);
}

static void done(struct job *job)
{
    struct assist_job *j = (struct assist_job *)job;
    if (j->owner)
        j->on_done(j->owner, j);
    job_free(j);
}

struct assist_job *assist_job_new(enum assist_verb verb, void *owner, void (*on_done)(void *owner, struct assist_job *job))
{
    struct assist_job *j = calloc(1, sizeof *j);
    if (!j)
        return NULL;
    j->job.run = run;
    j->job.done = done;
    j->owner = owner;
    j->on_done = on_done;
    j->verb = verb;
    return j;
}

enum rs_err assist_job_put(struct worker *worker, struct assist_job *job, struct fault *fault)
{
    if (worker_put(worker, &job->job) == RS_OK)
        return RS_OK;
    job_free(job);
    return fault_set(fault, RS_BUSY, "too many actions are waiting; try again later");
}
