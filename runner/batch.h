/* batch - the moves of one turn's nodes, written in one transaction: those that ended, and those that begin because of it.
 * Kinds are started after it has committed. Threads: the loop's. */
#ifndef RUNSPOOL_RUNNER_BATCH_H
#define RUNSPOOL_RUNNER_BATCH_H

#include "model/run.h"

struct execution;
struct node;

struct batch {
    struct node_change *changes; /* BATCH_PER_NODE for each node of the graph */
    struct node **begins; /* beside each: the node to start; NULL: it ended */
    int n;
    bool open;
};
#define BATCH_PER_NODE 2 /* one that fails before it could begin is begun and ended */

/* batch_new - RS_NOMEM. batch_free - zeroed is fine. */
enum rs_err batch_new(struct batch *batch, int n_nodes, struct fault *fault) RS_MUST_CHECK;
void batch_free(struct batch *batch);
/* batch_open - a turn begins. batch_add - one move, when the batch is open (asserted); what change points to is kept. begins:
 * the node to start when it is written; NULL: none. batch_close - write them and start what begins; those that must not, as
 * the run is to pause, are as if they had never been looked at. */
void batch_open(struct batch *batch);
void batch_add(struct batch *batch, const struct node_change *change, struct node *begins);
void batch_close(struct execution *x);
/* batch_hold - the run is to pause, and this node was to begin: as if it had never been looked at. */
void batch_hold(struct node *node);

#endif
