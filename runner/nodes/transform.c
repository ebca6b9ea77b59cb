/* transform - the value of a jq expression. */
#include "runner/execution.h"
#include "runner/nodes/nodes.h"

static void on_value(void *ctx, struct json_object *value, const struct fault *fault)
{
    struct node *node = ctx;
    if (fault->code == RS_OK)
        node_done(node, value);
    else
        node_fail_jq(node, "expression", fault);
}

void transform_start(struct node *node)
{
    node_eval(node, json_get_string(node->data, "expression", "null"), on_value, node);
}
