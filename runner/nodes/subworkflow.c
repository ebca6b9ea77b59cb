/* subworkflow - runs a saved workflow as a run of its own, and gives its output. The child's process is started by this one,
 * whatever places of runner.max_runs are free: parents that fill them all cannot wait for ever, and where no runner lives
 * it works as well. The child dies with this process, ends when its parent does (model/run_children.c), and is executed
 * further when its parent is resumed: its id is kept with the node. */
#include "base/clock.h"
#include "base/id.h"
#include "model/graph.h"
#include "model/workflow.h"
#include "runner/execution.h"
#include "runner/nodes/nodes.h"
#include "runner/orphans.h"
#include "runner/spawn.h"
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define LOOK_EVERY_MS 1000 /* at a child that cannot begin, or that another process has */

struct sub {
    struct node *node;
    char run_id[ID_MAX + 1]; /* "" none yet */
    pid_t pid;               /* its process, when it is ours; 0: none */
    uv_timer_t look;
    struct orphans_watch watch;
};

static void step(struct sub *sub);

static void on_look(uv_timer_t *timer)
{
    step(timer->data);
}

static void look_soon(struct sub *sub, uint64_t ms)
{
    uv_timer_start(&sub->look, on_look, ms, 0);
}

/* --- its end --- */

static void conclude(struct sub *sub, struct run_child *child)
{
    struct node *node = sub->node;
    struct json_object *output = json_object_get(child->output);

    if (child->status == RUN_SUCCESS)
        node_done(node, output);
    else if (child->status == RUN_CANCELLED)
        node_fail(node, "exit", output, "run %s was cancelled: %s", sub->run_id,
                  json_get_string(child->error, "message", "cancelled"));
    else
        node_fail(node, node_code(json_get_string(child->error, "code", "")), output, "run %s failed: %s", sub->run_id,
                  json_get_string(child->error, "message", "?"));
}

/* --- its process --- */

static void on_child_exit(void *ctx, int status)
{
    struct sub *sub = ctx;

    (void)status; /* how it went is in its record */
    sub->pid = 0;
    step(sub);
}

static void execute(struct sub *sub)
{
    struct execution *x = sub->node->x;
    char owner[ID_MAX + 1];
    struct child child;
    struct fault fault;
    int64_t fence = 0;

    /* Not found: it must wait. An error: the next time. */
    if (run_claim_child(&x->store, sub->run_id, id_new("run_", owner), &fence, &fault) != RS_OK) {
        look_soon(sub, LOOK_EVERY_MS);
        return;
    }
    if (spawn_child_run(x->dd, x->overrides, sub->run_id, fence, &child, &fault) != RS_OK) {
        /* Its lease runs out, and it is queued again. */
        node_log(sub->node, "warning", "runner", fault.message, strlen(fault.message));
        look_soon(sub, LOOK_EVERY_MS);
        return;
    }
    close(child.status_fd);
    if (reaper_watch(x->reaper, child.pid, on_child_exit, sub) != RS_OK) {
        close(child.gate_fd); /* it goes away without having run anything */
        look_soon(sub, LOOK_EVERY_MS);
        return;
    }
    sub->pid = child.pid;
    child_open_gate(&child);
}

static void cancel(struct sub *sub)
{
    enum run_status status;
    struct fault fault;

    if (sub->pid)
        kill(sub->pid, SIGTERM);
    else if (run_cancel(&sub->node->x->store, NULL, sub->run_id, &status, &fault) == RS_OK || fault.code == RS_CONFLICT)
        look_soon(sub, 0);
    else
        look_soon(sub, LOOK_EVERY_MS);
}

/* How does it stand with the child, and what follows? */
static void step(struct sub *sub)
{
    struct execution *x = sub->node->x;
    struct run_child child;
    struct fault fault;
    enum rs_err err = run_child_look(&x->store, sub->run_id, &child, &fault);

    if (err == RS_NOT_FOUND) {
        node_fail(sub->node, "input", NULL, "%s", fault.message);
        return;
    }
    if (err) {
        look_soon(sub, LOOK_EVERY_MS);
        return;
    }
    if (run_status_ended(child.status)) {
        conclude(sub, &child);
    } else if (sub->pid == 0 && child.status == RUN_QUEUED) {
        if (sub->node->stopping)
            cancel(sub);
        else
            execute(sub);
    } else if (sub->pid == 0) {
        /* Its process died, or is another's; or a person has paused it. */
        (void)orphans_end(&x->store, &sub->watch);
        look_soon(sub, child.status == RUN_PAUSED ? LOOK_EVERY_MS : LOOK_EVERY_MS / 4);
    }
    run_child_release(&child);
}

/* --- its beginning --- */

static struct json_object *state_of(const char *run_id)
{
    struct json_object *state = json_object_new_object();
    json_set_string(state, "runId", run_id);
    return state;
}

/* Inside the transaction that makes the child: so there is never one that its parent does not know. */
static enum rs_err note_child(struct change *change, const char *run_id, void *ctx, struct fault *fault)
{
    struct json_object *state = state_of(run_id);
    (void)change, (void)fault;
    node_save(ctx, state);
    json_object_put(state);
    return RS_OK;
}

/* The child's input is kept with its run: secrets are hidden in it, but where a parameter of type secret takes one, which is
 * kept sealed. Owned by the caller. */
static struct json_object *input_for(struct node *node, struct json_object *definition)
{
    struct json_object *raw = json_get(node->data, "input"), *params = json_get_array(definition, "params");
    struct json_object *shown = mask_copy(node->x->mask, json_object_get(raw));
    size_t n = params && shown != raw ? json_object_array_length(params) : 0;

    for (size_t i = 0; i < n; i++) {
        struct json_object *param = json_object_array_get_idx(params, i);
        const char *name = json_get_string(param, "name", "");
        if (strcmp(json_get_string(param, "type", ""), "secret") == 0 && json_get(raw, name))
            json_set(shown, name, json_object_get(json_get(raw, name)));
    }
    return shown;
}

static enum rs_err create(struct sub *sub, struct json_object *definition, int version, struct fault *fault)
{
    struct node *node = sub->node;
    struct execution *x = node->x;
    struct json_object *given = input_for(node, definition), *input = NULL, *errors = json_object_new_array(), *trigger = json_object_new_object();
    struct run_parent parent = {.run_id = x->claim.id,
                                .fence = x->claim.fence,
                                .node_id = node->def->id,
                                .item = node->owner ? node->index : -1};
    enum rs_err err = graph_check_input(definition, given, errors, &input, fault);

    if (err == RS_UNPROCESSABLE)
        fault_set(fault, err, "the input of workflow %s: %s", json_get_string(definition, "id", "?"),
                  json_get_string(json_object_array_get_idx(errors, 0), "message", fault->message));
    json_set_string(trigger, "kind", "subworkflow");
    json_set_string(trigger, "runId", x->claim.id);
    struct run_new run = {.org = x->claim.org,
                          .workflow_id = json_get_string(definition, "id", ""),
                          .workflow_version = version,
                          .definition = definition,
                          .input = input,
                          .session_id = x->claim.session_id[0] ? x->claim.session_id : NULL,
                          .trigger = trigger,
                          .parent = &parent,
                          .within = note_child,
                          .within_ctx = node};
    if (!err)
        err = run_create(&x->store, &run, sub->run_id, fault);
    json_object_put(given);
    json_object_put(input);
    json_object_put(errors);
    json_object_put(trigger);
    return err;
}

/* A new child. false: there is none, which has been told. */
static bool make(struct sub *sub)
{
    struct node *node = sub->node;
    struct execution *x = node->x;
    const char *id = json_get_string(node->data, "workflow", "");
    struct json_object *record = NULL;
    int64_t since = clock_mono_ms();
    int version = 0;
    struct fault fault;
    enum rs_err err;

    if (node->owner) /* an item's row must be there before the transaction that writes to it */
        node_save(node, NULL);
    do {
        err = workflow_get(&x->store, x->claim.org, id, &record, &fault);
        if (!err) {
            version = (int)json_get_int(record, "version", 0);
            for (int i = 0; workflow_record_members[i]; i++)
                json_object_object_del(record, workflow_record_members[i]);
            err = create(sub, record, version, &fault);
        }
        json_object_put(record);
        record = NULL;
    } while (execution_again(err, since));
    if (err)
        node_fail(node, err == RS_LIMIT ? "limit" : "input", NULL, "%s", fault.message);
    return !err;
}

/* The child of an earlier life, if it is to be used: it ended well, has not ended, or goes on where it failed. */
static bool take_up(struct sub *sub)
{
    struct execution *x = sub->node->x;
    struct json_object *kept = node_saved(sub->node);
    const char *run_id = json_get_string(kept, "runId", "");
    struct run_child child;
    struct fault fault;
    bool use = *run_id && run_child_look(&x->store, run_id, &child, &fault) == RS_OK;

    if (use) {
        if (run_status_ended(child.status) && child.status != RUN_SUCCESS)
            use = sub->node->attempt == 1 && run_resume(&x->store, NULL, run_id, &fault) == RS_OK;
        run_child_release(&child);
        snprintf(sub->run_id, sizeof sub->run_id, "%s", run_id);
    }
    json_object_put(kept);
    return use;
}

void subworkflow_start(struct node *node)
{
    struct sub *sub = calloc(1, sizeof *sub);
    char message[ID_MAX + 32];

    if (!sub)
        abort(); /* a run process without memory: its run is an orphan then */
    sub->node = node;
    uv_timer_init(&node->x->loop, &sub->look);
    sub->look.data = sub;
    node->state = sub;
    if (!take_up(sub) && !make(sub))
        return;
    snprintf(message, sizeof message, "for run %s", sub->run_id);
    node->child_run_id = sub->run_id;
    node_wait(node, message, 0);
    look_soon(sub, 0);
}

void subworkflow_stop(struct node *node)
{
    cancel(node->state);
}

static void on_closed(uv_handle_t *handle)
{
    free(handle->data);
}

void subworkflow_release(struct node *node)
{
    struct sub *sub = node->state;
    if (!sub)
        return;
    if (sub->pid)
        reaper_forget(node->x->reaper, sub->pid);
    uv_close((uv_handle_t *)&sub->look, on_closed);
}
