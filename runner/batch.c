#include "runner/batch.h"
#include "base/clock.h"
#include "runner/execution.h"
#include <assert.h>
#include <stdlib.h>

enum rs_err batch_new(struct batch *batch, int n_nodes, struct fault *fault)
{
    size_t n = (size_t)n_nodes * BATCH_PER_NODE;

    batch->changes = calloc(n, sizeof *batch->changes);
    batch->begins = calloc(n, sizeof *batch->begins);
    return batch->changes && batch->begins ? RS_OK : fault_set(fault, RS_NOMEM, "out of memory");
}

void batch_free(struct batch *batch)
{
    free(batch->changes);
    free(batch->begins);
    *batch = (struct batch){0};
}

void batch_open(struct batch *batch)
{
    batch->n = 0;
    batch->open = true;
}

void batch_add(struct batch *batch, const struct node_change *change, struct node *begins)
{
    struct node_change *own = &batch->changes[batch->n];

    assert(batch->open);
    *own = *change;
    own->output = json_object_get(change->output);
    own->error = json_object_get(change->error);
    own->params = json_object_get(change->params);
    batch->begins[batch->n++] = begins;
}

void batch_hold(struct node *node)
{
    json_object_put(node->data);
    node->data = NULL;
    node->attempt = 0;
    node->phase = NODE_PHASE_IDLE;
    node->x->n_active--;
    node->x->pausing = true;
    execution_turn(node->x);
}

void batch_close(struct execution *x)
{
    struct batch *batch = &x->batch;
    struct fault fault;
    int64_t since = clock_mono_ms();
    enum rs_err err = RS_OK;

    batch->open = false;
    while (batch->n > 0 && (err = node_move_all(&x->store, x->claim.id, x->claim.fence, batch->changes, batch->n, &fault)) &&
           execution_again(err, since)) {
    }
    execution_must(x, err, &fault, "nodes");
    for (int i = 0; i < batch->n; i++) {
        struct node_change *change = &batch->changes[i];
        json_object_put(change->output);
        json_object_put(change->error);
        json_object_put(change->params);
        struct node *begins = batch->begins[i];
        if (begins && change->denied) {
            batch_hold(begins);
        } else if (begins) {
            begins->status = NODE_RUNNING;
            node_start(begins);
        }
    }
    batch->n = 0;
}
