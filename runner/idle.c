/* Executions whose nodes only wait: for a person, a time, another run. */
#include "base/clock.h"
#include "runner/execution.h"

int execution_count_waits(const struct execution *x)
{
    int n = 0;
    for (int i = 0; i < x->graph->n_nodes; i++)
        n += x->nodes[i].waits;
    return n;
}

bool execution_suspend(struct execution *x)
{
    int n = 0;

    for (int i = 0; i < x->graph->n_nodes; i++)
        n += node_may_suspend(&x->nodes[i]);
    if (n == 0 || n != x->n_active || x->n_conditions > 0)
        return false;
    for (int i = 0; i < x->graph->n_nodes; i++)
        if (node_may_suspend(&x->nodes[i]))
            node_suspend(&x->nodes[i]);
    x->n_active = 0;
    return true;
}

void execution_set_idle(struct execution *x, bool idle)
{
    int64_t since = clock_mono_ms();
    struct fault fault;
    enum rs_err err;

    if (idle == x->idle)
        return;
    do
        err = run_set_idle(&x->store, x->claim.id, x->claim.fence, idle, &fault);
    while (execution_again(err, since));
    execution_must(x, err, &fault, "idle");
    x->idle = idle;
    uv_timer_set_repeat(&x->lease, idle ? EXECUTION_LEASE_IDLE_MS : EXECUTION_LEASE_MS);
    uv_timer_again(&x->lease);
}
