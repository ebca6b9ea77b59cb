/* schedule - where a run begins that was due. Output: when that was, and the run's input. */
#include "runner/execution.h"
#include "runner/nodes/nodes.h"

void schedule_start(struct node *node)
{
    struct json_object *output = json_object_new_object(), *input = json_get(node->x->context, "input");
    const char *due = json_get_string(node->x->trigger, "dueAt", NULL);

    json_set(output, "dueAt", due ? json_object_new_string(due) : NULL);
    json_set(output, "input", json_object_get(input));
    node_done(node, output);
}
