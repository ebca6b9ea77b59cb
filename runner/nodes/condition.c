/* condition - jq's truth of an expression (all but null and false); its edges of that handle are taken. Output: it. */
#include "runner/execution.h"
#include "runner/nodes/nodes.h"

static void on_value(void *ctx, struct json_object *value, const struct fault *fault)
{
    struct node *node = ctx;
    bool yes = value && !(json_object_is_type(value, json_type_boolean) && !json_object_get_boolean(value));

    json_object_put(value);
    if (fault->code == RS_OK) {
        node->handle = yes ? "true" : "false";
        node_done(node, json_object_new_boolean(yes));
    } else {
        node_fail_jq(node, "expression", fault);
    }
}

void condition_start(struct node *node)
{
    node_eval(node, json_get_string(node->data, "expression", "null"), on_value, node);
}
