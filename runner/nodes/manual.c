/* manual - where a run that a person or a program started begins. Output: the run's input. */
#include "runner/inputs.h"
#include "runner/nodes/nodes.h"

void manual_start(struct node *node)
{
    node_done(node, inputs_shown(node->x));
}
