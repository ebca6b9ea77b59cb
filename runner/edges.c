/* Which edges of an execution are taken, and which nodes that makes ready. */
#include "runner/execution.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct condition {
    struct execution *x;
    int edge;
};

static const char *edge_name(const struct execution *x, int edge, char text[2 * ID_MAX + 8])
{
    const struct graph_edge *e = &x->graph->edges[edge];
    if (e->id)
        return e->id;
    snprintf(text, 2 * ID_MAX + 8, "%s -> %s", x->graph->nodes[e->source].id, x->graph->nodes[e->target].id);
    return text;
}

static void on_condition(void *ctx, struct json_object *value, const struct fault *fault)
{
    struct condition *c = ctx;
    struct execution *x = c->x;
    char name[2 * ID_MAX + 8], message[FAULT_MESSAGE_MAX + 2 * ID_MAX + 64];

    x->n_conditions--;
    if (fault->code != RS_OK) {
        snprintf(message, sizeof message, "condition of the edge %s: %s", edge_name(x, c->edge, name), fault->message);
        execution_error(x, "expression", message, x->graph->nodes[x->graph->edges[c->edge].source].id);
        execution_log(x, NULL, "error", "runner", message, strlen(message));
        x->edges[c->edge] = EDGE_NOT_TAKEN;
    } else {
        /* jq's truth: everything but null and false. */
        bool taken = value && !(json_object_is_type(value, json_type_boolean) && !json_object_get_boolean(value));
        x->edges[c->edge] = taken ? EDGE_TAKEN : EDGE_NOT_TAKEN;
    }
    json_object_put(value);
    free(c);
    execution_turn(x);
}

static void settle_edge(struct execution *x, const struct node *node, int edge)
{
    const struct graph_edge *e = &x->graph->edges[edge];
    bool go_on = json_get_bool(node->def->data, "continueOnError", false);

    if (node->status != NODE_SUCCESS && !(node->status == NODE_ERROR && go_on))
        x->edges[edge] = EDGE_NOT_TAKEN;
    else if (e->source_handle && node->handle && strcmp(e->source_handle, node->handle) != 0)
        x->edges[edge] = EDGE_NOT_TAKEN;
    else if (e->source_handle && !node->handle)
        x->edges[edge] = EDGE_NOT_TAKEN; /* a condition that failed has no value */
    else if (!e->condition)
        x->edges[edge] = EDGE_TAKEN;
    else {
        struct condition *c = malloc(sizeof *c);
        if (!c)
            execution_give_up();
        *c = (struct condition){x, edge};
        x->n_conditions++;
        jqworker_eval(x->jq, e->condition, NULL, on_condition, c);
    }
}

void execution_settle(struct execution *x, const struct node *node)
{
    for (int i = 0; i < node->def->n_out; i++)
        settle_edge(x, node, node->def->out[i]);
    execution_turn(x);
}

static bool is_trigger(const struct graph_node *def)
{
    return strcmp(def->kind->group, "trigger") == 0;
}

/* Of several triggers the run begins at the one that started it; when somebody did, at the manual ones, if there are any. */
static bool began_here(const struct execution *x, const struct graph_node *def)
{
    const char *id = json_get_string(x->trigger, "nodeId", NULL);
    bool any_manual = false;

    if (!is_trigger(def))
        return true;
    for (int i = 0; i < x->graph->n_nodes; i++) {
        const struct graph_node *other = &x->graph->nodes[i];
        if (id && is_trigger(other) && strcmp(other->id, id) == 0)
            return def == other;
        any_manual |= strcmp(other->kind->name, "manual") == 0;
    }
    return !any_manual || strcmp(def->kind->name, "manual") == 0;
}

enum readiness execution_readiness(const struct execution *x, const struct node *node)
{
    bool taken = node->def->n_in == 0 && began_here(x, node->def);

    for (int i = 0; i < node->def->n_in; i++) {
        enum edge_state state = x->edges[node->def->in[i]];
        if (state == EDGE_OPEN)
            return WAITS;
        taken |= state == EDGE_TAKEN;
    }
    return taken ? READY : SKIPPED;
}
