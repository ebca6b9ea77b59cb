/* event - where a run begins that another run's end has started. Output: the run's input. */
#include "runner/inputs.h"
#include "runner/nodes/nodes.h"

void event_start(struct node *node)
{
    node_done(node, inputs_shown(node->x));
}
