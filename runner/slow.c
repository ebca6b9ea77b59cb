/* Nodes that take far longer than usual. */
#include "base/clock.h"
#include "base/log.h"
#include "model/expected.h"
#include "runner/execution.h"

void execution_expect(struct execution *x)
{
    struct fault fault;

    if (expected_nodes(&x->store, x->claim.id, &x->expected, &fault) != RS_OK)
        log_event(LOG_LEVEL_WARN, "run.expected_unknown", "run=%s reason=\"%s\"", x->claim.id, fault.message);
}

static void say(struct node *node, int64_t elapsed_ms)
{
    struct execution *x = node->x;
    struct fault fault;
    int64_t since = clock_mono_ms();
    enum rs_err err;

    node->slow = true;
    do
        err = node_slow(&x->store, x->claim.id, x->claim.fence, node->def->id,
                        expected_usual_ms(x->expected, node->def->id), elapsed_ms, &fault);
    while (execution_again(err, since));
    execution_must(x, err, &fault, "slow node");
}

void execution_look_for_slow(struct execution *x)
{
    int64_t now = clock_mono_ms(), slow_ms;

    for (int i = 0; x->expected && i < x->graph->n_nodes; i++) {
        struct node *node = &x->nodes[i];
        if (node->status != NODE_RUNNING || node->slow || x->ended)
            continue;
        slow_ms = expected_slow_ms(x->expected, node->def->id);
        if (slow_ms > 0 && now - node->begun_mono_ms > slow_ms)
            say(node, now - node->begun_mono_ms);
    }
}
