/* schedule - where a run begins that was due. Output: when that was, and the run's input. */
#include "runner/inputs.h"
#include "runner/nodes/nodes.h"

void schedule_start(struct node *node)
{
    struct json_object *output = json_object_new_object();
    const char *due = json_get_string(node->x->trigger, "dueAt", NULL);

    json_set(output, "dueAt", due ? json_object_new_string(due) : NULL);
    json_set(output, "input", inputs_shown(node->x));
    node_done(node, output);
}
