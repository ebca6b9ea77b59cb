/* The nodes of the graph: what becomes of them is written to the run's record, and read by the workflow's jq. */
#include "base/clock.h"
#include "model/expected.h"
#include "runner/execution.h"
#include <string.h>

static struct json_object *record_of(const struct node *node)
{
    struct json_object *record = json_object_new_object();
    int64_t took = clock_mono_ms() - node->begun_mono_ms;

    json_set_string(record, "status", node_status_name(node->status));
    if (node->attempt > 0) {
        json_set_time(record, "startedAt", node->begun_wall_ms);
        json_set_int(record, "attempt", node->attempt);
        if (node_status_ended(node->status)) {
            json_set_time(record, "finishedAt", node->begun_wall_ms + took);
            json_set_int(record, "durationMs", took);
        }
    }
    json_set(record, "output", json_object_get(node->output));
    json_set(record, "error", node_error(node));
    return record;
}

/* Write a move. Returns false when it was not to be while the run is about to pause. */
static bool move(struct node *node, const struct node_change *change)
{
    struct execution *x = node->x;
    struct fault fault;
    int64_t since = clock_mono_ms();
    enum rs_err err;

    do
        err = node_move(&x->store, x->claim.id, x->claim.fence, change, &fault);
    while (execution_again(err, since));
    if (err == RS_DENIED && change->unless_pausing)
        return false;
    execution_must(x, err, &fault, "node");
    return true;
}

/* What the node is called with, for tool.started. */
static struct json_object *params(const struct node *node)
{
    struct json_object *out = NULL;
    size_t len;

    if (strcmp(node->def->kind->group, "tool") != 0 || !node->data || json_object_deep_copy(node->data, &out, NULL) != 0)
        return NULL;
    for (const struct kind_setting *s = kind_common_settings; s->name; s++)
        json_object_object_del(out, s->name);
    (void)json_text(out, &len);
    if (len > NODE_PARAMS_MAX) {
        json_object_put(out);
        out = NULL;
    }
    return out;
}

static void begun(struct node *node)
{
    bool starts = node->phase == NODE_PHASE_WORK; /* else it has failed before it could */
    struct node_change change = {.node_id = node->def->id,
                                 .status = NODE_RUNNING,
                                 .attempt = 1,
                                 .params = params(node),
                                 .expected_ms = expected_usual_ms(node->x->expected, node->def->id),
                                 .unless_pausing = starts};

    if (node->x->batch.open && starts) {
        node->phase = NODE_PHASE_BEGINS;
        batch_add(&node->x->batch, &change, node);
    } else if (move(node, &change)) {
        node->status = NODE_RUNNING;
    } else {
        batch_hold(node);
    }
    json_object_put(change.params);
}

static void retried(struct node *node)
{
    struct json_object *error = node_error(node);
    struct node_change change = {.node_id = node->def->id,
                                 .status = NODE_RUNNING,
                                 .attempt = node->attempt + 1,
                                 .error = error,
                                 .message = node->error,
                                 .retried = true};
    (void)move(node, &change);
    node->status = NODE_RUNNING;
    json_object_put(error);
}

static void waits(struct node *node, const char *message, int64_t deadline_ms)
{
    struct node_change change = {
        .node_id = node->def->id, .status = NODE_WAITING, .message = message, .deadline_ms = deadline_ms,
        .child_run_id = node->child_run_id};
    (void)move(node, &change);
}

static void ended(struct node *node)
{
    struct execution *x = node->x;
    struct json_object *error = node_error(node);
    struct node_change change = {.node_id = node->def->id,
                                 .status = node->status,
                                 .attempt = node->attempt,
                                 .output = node->output,
                                 .error = error};

    if (x->batch.open)
        batch_add(&x->batch, &change, NULL);
    else
        (void)move(node, &change);
    json_object_put(error);
    /* What the workflow can read of the node from now on. */
    json_set(json_get(x->context, "nodes"), node->def->id, record_of(node));
    jqworker_node_changed(x->jq, node->def->id);
    if (node->status != NODE_SKIPPED)
        x->n_active--;
    if (node->status == NODE_ERROR && !json_get_bool(node->def->data, "continueOnError", false))
        execution_error(x, node->error_code, node->error, node->def->id);
    execution_settle(x, node);
}

static void concludable(struct node *node)
{
    execution_turn(node->x);
}

static void log_line(struct node *node, const char *level, const char *source, const char *text, size_t len)
{
    execution_log(node->x, node->def->id, level, source, text, len);
}

static enum rs_err set_group(struct node *node, pid_t pgid, struct fault *fault)
{
    struct execution *x = node->x;
    int64_t since = clock_mono_ms();
    enum rs_err err;

    do
        err = node_set_pgid(&x->store, x->claim.id, x->claim.fence, node->def->id, pgid, fault);
    while (execution_again(err, since));
    return err;
}

static void save(struct node *node, struct json_object *state)
{
    struct execution *x = node->x;
    struct fault fault;
    int64_t since = clock_mono_ms();
    enum rs_err err;

    do
        err = node_set_state(&x->store, x->claim.id, x->claim.fence, node->def->id, state, &fault);
    while (execution_again(err, since));
    execution_must(x, err, &fault, "node state");
}

static struct json_object *saved(struct node *node)
{
    struct execution *x = node->x;
    struct json_object *state = NULL;
    struct fault fault;
    int64_t since = clock_mono_ms();
    enum rs_err err;

    do
        err = node_get_state(&x->store, x->claim.id, node->def->id, &state, &fault);
    while (execution_again(err, since));
    execution_must(x, err, &fault, "node state");
    return state;
}

const struct node_home node_home_graph = {
    .begun = begun,
    .retried = retried,
    .waits = waits,
    .ended = ended,
    .concludable = concludable,
    .log = log_line,
    .set_group = set_group,
    .save = save,
    .saved = saved,
    .output_max = RUN_OUTPUT_MAX,
};
