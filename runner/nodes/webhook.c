/* webhook - where a run begins that a webhook started. Output: what came, which is the run's input. */
#include "runner/inputs.h"
#include "runner/nodes/nodes.h"

void webhook_start(struct node *node)
{
    node_done(node, inputs_shown(node->x));
}
