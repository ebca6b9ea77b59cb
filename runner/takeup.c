#include "runner/takeup.h"
#include "base/file.h"
#include <string.h>

/* Which of its edges its output says were taken. */
static const char *handle_of(const struct node *node)
{
    if (strcmp(node->def->kind->name, "condition") == 0 && json_object_is_type(node->output, json_type_boolean))
        return json_object_get_boolean(node->output) ? "true" : "false";
    if (strcmp(node->def->kind->name, "approval") == 0 && json_get(node->output, "approved"))
        return json_get_bool(node->output, "approved", false) ? "approved" : "rejected";
    return node->def->kind->handles ? json_get_string(node->output, "handle", NULL) : NULL;
}

/* The node as it was left. */
static void take(struct execution *x, struct node *node, enum node_status status, struct json_object *record)
{
    struct json_object *output = json_get(record, "output");

    node->status = status;
    node->phase = NODE_PHASE_SETTLED;
    node->attempt = (int)json_get_int(record, "attempt", 1);
    node->output = json_object_get(output);
    node->handle = handle_of(node);
    json_object_object_del(record, "kind");
    json_set(json_get(x->context, "nodes"), node->def->id, json_object_get(record));
    if (status == NODE_ERROR && !json_get_bool(node->def->data, "continueOnError", false)) {
        struct json_object *error = json_get(record, "error");
        execution_error(x, json_get_string(error, "code", "exit"), json_get_string(error, "message", ""), node->def->id);
    }
}

static enum rs_err empty_folders(const struct execution *x, struct fault *fault)
{
    const char *const folders[] = {x->work, x->artifacts};
    enum rs_err err = RS_OK;

    for (int i = 0; i < 2 && !err; i++)
        if (!(err = file_remove_tree(folders[i], fault)))
            err = file_mkdir(folders[i], 0770, fault);
    return err;
}

enum rs_err takeup(struct execution *x, struct fault *fault)
{
    struct json_object *record = NULL;
    int n = 0;

    if (x->claim.fence <= 1) /* nobody had it before */
        return RS_OK;
    enum rs_err err = run_record(&x->store, NULL, x->claim.id, &record, fault);
    if (err)
        return err;
    struct json_object *nodes = json_get(record, "nodes");
    for (int i = 0; i < x->graph->n_nodes; i++) {
        struct node *node = &x->nodes[i];
        struct json_object *known = json_get(nodes, node->def->id);
        enum node_status status;
        if (node_status_parse(json_get_string(known, "status", ""), &status) != RS_OK || !node_status_ended(status))
            continue;
        take(x, node, status, known);
        n++;
    }
    json_object_put(record);
    if (n == 0)
        return empty_folders(x, fault);
    for (int i = 0; i < x->graph->n_nodes; i++)
        if (x->nodes[i].phase == NODE_PHASE_SETTLED)
            execution_settle(x, &x->nodes[i]);
    return RS_OK;
}
