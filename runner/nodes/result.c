/* result - the run's output. */
#include "runner/nodes/nodes.h"

void result_start(struct node *node)
{
    node_done(node, json_object_get(json_get(node->data, "value")));
}
