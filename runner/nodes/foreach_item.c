/* The home of a foreach's items: their rows, their share of the log. */
#include "base/clock.h"
#include "runner/execution.h"
#include "runner/nodes/foreach.h"
#include <stdio.h>
#include <string.h>

static void begun(struct node *node)
{
    struct foreach_slot *slot = node->owner;

    node->status = NODE_RUNNING;
    slot->written = false;
    /* What must not happen twice is known to have begun before it does. */
    if (!slot->foreach->repeatable)
        foreach_flush(slot->foreach);
}

static void retried(struct node *node)
{
    struct foreach_slot *slot = node->owner;

    node->status = NODE_RUNNING;
    slot->written = false;
}

static void waits(struct node *node, const char *message, int64_t deadline_ms)
{
    (void)node, (void)message, (void)deadline_ms; /* its foreach goes on */
}

static void ended(struct node *node)
{
    foreach_item_ended(node->owner);
}

static void concludable(struct node *node)
{
    struct foreach_slot *slot = node->owner;
    foreach_turn(slot->foreach);
}

static void log_line(struct node *node, const char *level, const char *source, const char *text, size_t len)
{
    struct foreach_slot *slot = node->owner;
    struct foreach *f = slot->foreach;

    if (f->n_lines >= FOREACH_LINES_MAX || slot->n_lines >= FOREACH_ITEM_LINES_MAX) {
        f->n_dropped++;
        return;
    }
    f->n_lines++;
    slot->n_lines++;
    execution_log_item(node->x, node->def->id, node->index, level, source, text, len);
}

static enum rs_err set_group(struct node *node, pid_t pgid, struct fault *fault)
{
    struct foreach_slot *slot = node->owner;
    struct execution *x = node->x;
    int64_t since = clock_mono_ms();
    enum rs_err err;

    if (!slot->written)
        foreach_flush(slot->foreach);
    do
        err = item_set_pgid(&x->store, x->claim.id, x->claim.fence, node->def->id, node->index, pgid, fault);
    while (execution_again(err, since));
    return err;
}

static void save(struct node *node, struct json_object *state)
{
    struct foreach_slot *slot = node->owner;
    struct execution *x = node->x;
    int64_t since = clock_mono_ms();
    struct fault fault;
    enum rs_err err;

    if (!slot->written)
        foreach_flush(slot->foreach);
    do
        err = item_set_state(&x->store, x->claim.id, x->claim.fence, node->def->id, node->index, state, &fault);
    while (execution_again(err, since));
    execution_must(x, err, &fault, "item state");
}

static struct json_object *saved(struct node *node)
{
    struct execution *x = node->x;
    struct json_object *state = NULL;
    int64_t since = clock_mono_ms();
    struct fault fault;
    enum rs_err err;

    do
        err = item_get_state(&x->store, x->claim.id, node->def->id, node->index, &state, &fault);
    while (execution_again(err, since));
    execution_must(x, err, &fault, "item state");
    return state;
}

const struct node_home foreach_home = {
    .begun = begun,
    .retried = retried,
    .waits = waits,
    .ended = ended,
    .concludable = concludable,
    .log = log_line,
    .set_group = set_group,
    .save = save,
    .saved = saved,
    .closed = foreach_slot_closed,
    .output_max = ITEM_OUTPUT_MAX,
};
