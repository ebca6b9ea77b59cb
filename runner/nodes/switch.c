/* switch - the first of its cases whose expression is true (jq's truth: all but null and false); the edges of its handle
 * are taken, those of `default` when there is none. Output: {handle, index}, index null for default. */
#include "runner/execution.h"
#include "runner/nodes/nodes.h"
#include <stdio.h>
#include <stdlib.h>

struct cases {
    struct json_object *list; /* borrowed from the definition */
    size_t at;                /* which one is being evaluated */
};

static void look(struct node *node);

static void take(struct node *node, struct json_object *index, const char *handle)
{
    struct json_object *out = json_object_new_object();

    json_set_string(out, "handle", handle);
    json_set(out, "index", index);
    node->handle = handle;
    node_done(node, out);
}

static void on_value(void *ctx, struct json_object *value, const struct fault *fault)
{
    struct node *node = ctx;
    struct cases *cases = node->state;
    bool yes = value && !(json_object_is_type(value, json_type_boolean) && !json_object_get_boolean(value));
    char setting[64];

    json_object_put(value);
    if (node->stopping) {
        node_fail(node, "cancelled", NULL, "cancelled");
    } else if (fault->code != RS_OK) {
        snprintf(setting, sizeof setting, "cases[%zu].expression", cases->at);
        node_fail_jq(node, setting, fault);
    } else if (yes) {
        take(node, json_object_new_int((int)cases->at),
             json_get_string(json_object_array_get_idx(cases->list, cases->at), "handle", ""));
    } else {
        cases->at++;
        look(node);
    }
}

static void look(struct node *node)
{
    struct cases *cases = node->state;

    if (cases->at == json_object_array_length(cases->list))
        take(node, NULL, "default");
    else
        node_eval(node, json_get_string(json_object_array_get_idx(cases->list, cases->at), "expression", "null"),
                  on_value, node);
}

void switch_start(struct node *node)
{
    struct cases *cases = calloc(1, sizeof *cases);

    if (!cases)
        abort(); /* a run process without memory: its run is an orphan then */
    cases->list = json_get_array(node->def->data, "cases");
    node->state = cases;
    look(node);
}

void switch_release(struct node *node)
{
    free(node->state);
}
