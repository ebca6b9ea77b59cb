#include "bridge/native_job.h"
#include "bridge/bridge.h"
#include "bridge/native.h"
#include "bridge/native_answer.h"
#include "bridge/worker.h"
#include "model/graph.h"
#include "model/launch.h"
#include "model/run.h"
#include "model/workflow.h"
#include <stdlib.h>
#include <string.h>

struct native_jobs {
    int refs; /* one for the connection, one for each job */
    int n;
    struct subscriber *sub; /* NULL once the connection has ended */
    const char *org;
};
struct native_job {
    struct job job; /* first */
    struct native_jobs *jobs;
    struct json_object *message;   /* the worker's alone until done: a copy */
    char org[ID_MAX + 1];
    char run_id[ID_MAX + 1];
    enum rs_err err;
    struct fault fault;
};

struct native_jobs *native_jobs_new(struct subscriber *sub, const char *org)
{
    struct native_jobs *jobs = calloc(1, sizeof *jobs);
    if (jobs)
        *jobs = (struct native_jobs){.refs = 1, .sub = sub, .org = org};
    return jobs;
}

static void unref(struct native_jobs *jobs)
{
    if (--jobs->refs == 0)
        free(jobs);
}

void native_jobs_release(struct native_jobs *jobs)
{
    jobs->sub = NULL;
    jobs->org = NULL;
    unref(jobs);
}

static void done(struct job *job)
{
    struct native_job *j = (struct native_job *)job;
    struct subscriber *sub = j->jobs->sub;
    const char *ref = json_get_string(j->message, "ref", NULL);
    j->jobs->n--;
    if (sub && j->err)
        native_answer_error(sub, &j->fault, ref);
    else if (sub)
        native_answer_ok(sub, j->run_id, ref);
    unref(j->jobs);
    json_object_put(j->message);
    free(j);
}

/* The first thing wrong with a definition or an input, in words. */
static enum rs_err first_error(struct json_object *errors, enum rs_err err, struct fault *fault)
{
    struct json_object *first = json_object_array_get_idx(errors, 0);
    return fault_set(fault, err, "%s", json_get_string(first, "message", "the workflow cannot be run"));
}

static enum rs_err create(struct store *store, const struct native_job *j, struct json_object *definition,
                          char run_id[ID_MAX + 1], struct fault *fault)
{
    struct graph *graph = NULL;
    struct json_object *input = NULL, *errors = json_object_new_array();
    enum rs_err err = errors ? RS_OK : fault_set(fault, RS_NOMEM, "no memory for a run");
    if (err)
        return err;
    err = graph_parse(definition, errors, &graph, fault);
    if (!err)
        err = graph_check_input(definition, json_get(j->message, "input"), errors, &input, fault);
    if (err && json_object_array_length(errors) > 0)
        err = first_error(errors, err, fault);
    if (!err) {
        struct run_new run = {
            .org = j->org,
            .workflow_id = json_get_string(definition, "id", ""),
            .workflow_version = (int)json_get_int(definition, "version", 0),
            .definition = definition,
            .input = input,
        };
        err = run_create(store, &run, run_id, fault);
        if (!err && launch_queued(store->dd, NULL) != RS_OK) {
            /* It waits in the queue until somebody executes it. */
        }
    }
    graph_free(graph);
    json_object_put(input);
    json_object_put(errors);
    return err;
}

static void run_workflow(struct job *job, struct store *store, const struct fault *fault)
{
    struct native_job *j = (struct native_job *)job;
    struct json_object *definition = NULL;
    j->fault = *fault;
    j->err = fault->code;
    if (!store)
        return;
    j->err = workflow_get(store, j->org, json_get_string(j->message, "workflowId", NULL), &definition, &j->fault);
    if (!j->err)
        j->err = create(store, j, definition, j->run_id, &j->fault);
    json_object_put(definition);
}

static void cancel_run(struct job *job, struct store *store, const struct fault *fault)
{
    struct native_job *j = (struct native_job *)job;
    enum run_status status;
    j->fault = *fault;
    j->err = fault->code;
    if (!store)
        return;
    strcpy(j->run_id, json_get_string(j->message, "runId", ""));
    j->err = run_cancel(store, j->org, j->run_id, &status, &j->fault);
}

static enum rs_err put(struct native_jobs *jobs, const struct native_message *message,
                       void (*run)(struct job *, struct store *, const struct fault *), struct fault *fault)
{
    if (jobs->n >= NATIVE_JOBS_MAX)
        return fault_set(fault, RS_BUSY, "%d operations of this connection are waiting already", NATIVE_JOBS_MAX);
    struct native_job *j = calloc(1, sizeof *j);
    if (!j || json_object_deep_copy(message->json, &j->message, NULL) != 0) {
        free(j);
        return fault_set(fault, RS_NOMEM, "no memory for an operation");
    }
    strcpy(j->org, jobs->org);
    j->job.run = run;
    j->job.done = done;
    j->jobs = jobs;
    if (worker_put(jobs->sub->bridge->worker, &j->job) != RS_OK) {
        json_object_put(j->message);
        free(j);
        return fault_set(fault, RS_BUSY, "too many operations are waiting");
    }
    jobs->refs++;
    jobs->n++;
    return RS_OK;
}

enum rs_err native_jobs_run(struct native_jobs *jobs, const struct native_message *message, struct fault *fault)
{
    return put(jobs, message, run_workflow, fault);
}

enum rs_err native_jobs_cancel(struct native_jobs *jobs, const struct native_message *message, struct fault *fault)
{
    return put(jobs, message, cancel_run, fault);
}
