/* manual - where a run that a person or a program started begins. Output: the run's input. */
#include "runner/execution.h"
#include "runner/nodes/nodes.h"

void manual_start(struct node *node)
{
    node_done(node, json_object_get(json_get(node->x->context, "input")));
}
