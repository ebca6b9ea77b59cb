/* From a definition to a checked graph. All problems are collected; only without any the graph is built. */
#include "model/graph.h"

#include "base/id.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MESSAGE_MAX 1000

struct draft {
    struct graph *graph; /* nodes in the definition's order until sort_nodes */
    struct json_object *errors;
};

/* ---- ids ---- */

static int by_id(const void *a, const void *b, void *ctx)
{
    const struct graph_node *nodes = ctx;
    int x = *(const int *)a, y = *(const int *)b, order = strcmp(nodes[x].id, nodes[y].id);

    return order != 0 ? order : x - y;
}

int graph_find(const struct graph *graph, const char *node_id)
{
    int low = 0, high = graph->n_nodes - 1, middle, order;

    while (low <= high) {
        middle = low + (high - low) / 2;
        order = strcmp(node_id, graph->nodes[graph->by_id[middle]].id);
        if (order == 0)
            return graph->by_id[middle];
        if (order < 0)
            high = middle - 1;
        else
            low = middle + 1;
    }
    return -1;
}

static void sort_ids(struct graph *g)
{
    int i;

    for (i = 0; i < g->n_nodes; i++)
        g->by_id[i] = i;
    qsort_r(g->by_id, (size_t)g->n_nodes, sizeof(*g->by_id), by_id, g->nodes);
}

/* ---- nodes ---- */

static void check_kind(const struct draft *d, const char *id, struct json_object *node, struct graph_node *ret)
{
    const char *group = json_get_string(node, "type", NULL), *name;
    char known[MESSAGE_MAX / 2] = "";
    size_t len = 0;
    unsigned i;

    ret->data = json_get(node, "data");
    if (group == NULL || !kind_group_known(group)) {
        graph_add_error(d->errors, id, NULL, "type", "unknown type \"%.64s\"; known: trigger, agent, tool, control, output",
                        group != NULL ? group : "");
        group = NULL;
    }
    if (!json_object_is_type(ret->data, json_type_object)) {
        graph_add_error(d->errors, id, NULL, "kind", "the node needs an object `data` with its `kind`");
        return;
    }
    name = json_get_string(ret->data, "kind", NULL);
    ret->kind = name != NULL ? kind_find(name) : NULL;
    if (ret->kind == NULL) {
        for (i = 0; i < n_kinds && len < sizeof(known); i++)
            len += (size_t)snprintf(known + len, sizeof(known) - len, "%s%s", i > 0 ? ", " : "", kinds[i].name);
        graph_add_error(d->errors, id, NULL, "kind", "unknown kind \"%.64s\"; known: %s", name != NULL ? name : "", known);
        return;
    }
    if (group != NULL && strcmp(group, ret->kind->group) != 0)
        graph_add_error(d->errors, id, NULL, "type", "kind %s belongs to type %s, not %s", name, ret->kind->group, group);
    graph_check_settings(id, ret->kind, ret->data, d->errors);
}

static void read_nodes(const struct draft *d, struct json_object *nodes)
{
    struct graph *g = d->graph;
    struct json_object *node;
    const char *id;
    int i, n = (int)json_object_array_length(nodes);

    for (i = 0; i < n; i++) {
        node = json_object_array_get_idx(nodes, (size_t)i);
        id = json_get_string(node, "id", NULL);
        if (!json_object_is_type(node, json_type_object)) {
            graph_add_error(d->errors, NULL, NULL, "id", "node %d is not an object", i + 1);
            continue;
        }
        if (!id_valid(id)) {
            graph_add_error(d->errors, id, NULL, "id",
                            "node %d needs an `id` of 1 to %d letters, digits, dots, underscores or hyphens", i + 1, ID_MAX);
            id = NULL;
        }
        g->nodes[g->n_nodes] = (struct graph_node){.id = id};
        check_kind(d, id, node, &g->nodes[g->n_nodes]);
        if (id != NULL)
            g->n_nodes++;
    }
    sort_ids(g);
    for (i = 1; i < g->n_nodes; i++) {
        id = g->nodes[g->by_id[i]].id;
        if (strcmp(id, g->nodes[g->by_id[i - 1]].id) == 0)
            graph_add_error(d->errors, id, NULL, "duplicate", "more than one node has the id %s", id);
    }
}

/* ---- edges ---- */

/* The node at one end of an edge, or -1 with an error. */
static int edge_end(const struct draft *d, struct json_object *edge, const char *edge_id, int number, const char *end)
{
    const char *id = json_get_string(edge, end, NULL);
    int at = id != NULL ? graph_find(d->graph, id) : -1;

    if (id == NULL)
        graph_add_error(d->errors, NULL, edge_id, "dangling", "edge %d has no `%s`", number, end);
    else if (at < 0)
        graph_add_error(d->errors, NULL, edge_id, "dangling", "edge %d: its %s \"%.*s\" is no node of this workflow",
                        number, end, ID_MAX, id);
    return at;
}

/* Does the node's setting that names handles hold this one? The names are listed in known. */
static bool handle_listed(const struct graph_node *node, const char *handle, char known[MESSAGE_MAX / 2])
{
    struct json_object *items = json_get_array(node->data, node->kind->handles_from);
    size_t n = items != NULL ? json_object_array_length(items) : 0, len = strlen(known), i;
    bool found = false;

    for (i = 0; i < n; i++) {
        const char *name = json_get_string(json_object_array_get_idx(items, i), "handle", "");

        found = found || (handle != NULL && name[0] != '\0' && strcmp(handle, name) == 0);
        if (len + strlen(name) + 4 < MESSAGE_MAX / 2)
            len += (size_t)sprintf(known + len, "%s%s", len > 0 ? ", " : "", name);
    }
    return found;
}

static void check_handle(const struct draft *d, const struct graph_node *source, const struct graph_edge *e, int number)
{
    char known[MESSAGE_MAX / 2] = "";
    const char *handle = e->source_handle, *at;
    size_t len = 0;

    for (at = source->kind->handles; at != NULL && *at != '\0'; at++)
        len += (size_t)(*at == '|' ? sprintf(known + len, ", ") : sprintf(known + len, "%c", *at));
    if (handle != NULL && kind_word(source->kind->handles, handle, strlen(handle)))
        return;
    if (source->kind->handles_from != NULL && handle_listed(source, handle, known))
        return;
    graph_add_error(d->errors, source->id, e->id, "handle", "edge %d leaves the %s %s: its `sourceHandle` must be one of: %s",
                    number, source->kind->name, source->id, known);
}

static void read_edge(const struct draft *d, struct json_object *edge, int number)
{
    struct graph *g = d->graph;
    struct graph_edge e = {.id = json_get_string(edge, "id", NULL)};
    const struct graph_node *source;
    struct json_object *condition = json_get(edge, "condition");

    e.source = edge_end(d, edge, e.id, number, "source");
    e.target = edge_end(d, edge, e.id, number, "target");
    e.condition = json_get_string(edge, "condition", NULL);
    if (condition != NULL && (e.condition == NULL || e.condition[0] == '\0'))
        graph_add_error(d->errors, NULL, e.id, "condition", "edge %d: `condition` must be jq text", number);
    if (e.source < 0 || e.target < 0)
        return;
    source = &g->nodes[e.source];
    if (source->kind != NULL && (source->kind->handles != NULL || source->kind->handles_from != NULL)) {
        e.source_handle = json_get_string(edge, "sourceHandle", NULL);
        check_handle(d, source, &e, number);
    }
    g->edges[g->n_edges++] = e;
}

static int text_order(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static void check_edge_ids(const struct draft *d)
{
    const struct graph *g = d->graph;
    const char **ids = calloc((size_t)g->n_edges + 1, sizeof(*ids));
    int i, n = 0;

    if (ids == NULL)
        return;
    for (i = 0; i < g->n_edges; i++)
        if (g->edges[i].id != NULL)
            ids[n++] = g->edges[i].id;
    qsort(ids, (size_t)n, sizeof(*ids), text_order);
    for (i = 1; i < n; i++)
        if (strcmp(ids[i], ids[i - 1]) == 0)
            graph_add_error(d->errors, NULL, ids[i], "duplicate", "more than one edge has the id %.*s", ID_MAX, ids[i]);
    free(ids);
}

/* Give each node its slices of g->links. */
static void link_nodes(struct graph *g)
{
    int *next = g->links;
    int i;

    for (i = 0; i < g->n_nodes; i++)
        g->nodes[i].n_in = g->nodes[i].n_out = 0;
    for (i = 0; i < g->n_edges; i++) {
        g->nodes[g->edges[i].source].n_out++;
        g->nodes[g->edges[i].target].n_in++;
    }
    for (i = 0; i < g->n_nodes; i++) {
        g->nodes[i].in = next;
        next += g->nodes[i].n_in;
        g->nodes[i].out = next;
        next += g->nodes[i].n_out;
        g->nodes[i].n_in = g->nodes[i].n_out = 0;
    }
    for (i = 0; i < g->n_edges; i++) {
        struct graph_node *source = &g->nodes[g->edges[i].source], *target = &g->nodes[g->edges[i].target];

        source->out[source->n_out++] = i;
        target->in[target->n_in++] = i;
    }
}

/* ---- order ---- */

/* Kahn's algorithm. open[i]: incoming edges not yet done, -1 once placed; order: where the nodes are placed from n on.
 * Returns the number placed in all. */
static int place_ready(const struct graph *g, int *open, int *order, int n)
{
    int done = n, i, k;

    for (i = 0; i < g->n_nodes; i++) {
        if (open[i] == 0) {
            open[i] = -1;
            order[n++] = i;
        }
    }
    for (; done < n; done++) {
        const struct graph_node *node = &g->nodes[order[done]];

        for (k = 0; k < node->n_out; k++) {
            int target = g->edges[node->out[k]].target;

            if (open[target] > 0 && --open[target] == 0) {
                open[target] = -1;
                order[n++] = target;
            }
        }
    }
    return n;
}

/* With nothing ready, each node left has a predecessor left: walking back must meet a node twice, which is a cycle.
 * Name it, and open it, so that the next one can be found. seen: zeroed, as large as the nodes. */
static void report_cycle(const struct draft *d, int *open, int *seen)
{
    const struct graph *g = d->graph;
    char names[MESSAGE_MAX / 2] = "";
    size_t len = 0;
    int at = 0, first, k;

    memset(seen, 0, (size_t)g->n_nodes * sizeof(*seen));
    while (open[at] <= 0)
        at++;
    while (!seen[at]) {
        seen[at] = 1;
        for (k = 0; open[g->edges[g->nodes[at].in[k]].source] < 0; k++)
            assert(k + 1 < g->nodes[at].n_in);
        at = g->edges[g->nodes[at].in[k]].source;
    }
    /* Forward order reads better: collect the cycle backwards, putting each in front. */
    first = at;
    do {
        char rest[sizeof(names)];

        memcpy(rest, names, len + 1);
        if (strlen(g->nodes[at].id) + len + 8 < sizeof(names))
            len = (size_t)snprintf(names, sizeof(names), "%s%s%s", g->nodes[at].id, len > 0 ? " -> " : "", rest);
        for (k = 0; open[g->edges[g->nodes[at].in[k]].source] < 0; k++)
            ;
        at = g->edges[g->nodes[at].in[k]].source;
    } while (at != first);
    graph_add_error(d->errors, g->nodes[first].id, NULL, "cycle", "the nodes %s form a cycle", names);
    open[first] = 0;
}

static void apply_order(struct graph *g, const int *order, int *place, struct graph_node *spare)
{
    int i;

    for (i = 0; i < g->n_nodes; i++) {
        spare[i] = g->nodes[order[i]];
        place[order[i]] = i;
    }
    memcpy(g->nodes, spare, (size_t)g->n_nodes * sizeof(*spare));
    for (i = 0; i < g->n_edges; i++) {
        g->edges[i].source = place[g->edges[i].source];
        g->edges[i].target = place[g->edges[i].target];
    }
    sort_ids(g);
}

static enum rs_err sort_nodes(const struct draft *d)
{
    struct graph *g = d->graph;
    size_t n = (size_t)g->n_nodes;
    int *work = calloc(n * 3 + 1, sizeof(*work)), *open = work, *order = work + n, *place = work + 2 * n;
    struct graph_node *spare = calloc(n + 1, sizeof(*spare));
    int i, placed = 0;
    enum rs_err err = RS_NOMEM;

    if (work == NULL || spare == NULL)
        goto out;
    err = RS_OK;
    link_nodes(g);
    for (i = 0; i < g->n_nodes; i++)
        open[i] = g->nodes[i].n_in;
    while ((placed = place_ready(g, open, order, placed)) < g->n_nodes)
        report_cycle(d, open, place);
    apply_order(g, order, place, spare);
out:
    free(work);
    free(spare);
    return err;
}

/* ---- the whole ---- */

/* Are nodes and edges there, and few enough to look at? */
static bool check_shape(struct json_object *definition, struct json_object *errors)
{
    struct json_object *nodes, *edges;

    if (!json_object_is_type(definition, json_type_object)) {
        graph_add_error(errors, NULL, NULL, "definition", "a workflow is a JSON object with `nodes` and `edges`");
        return false;
    }
    nodes = json_get_array(definition, "nodes");
    edges = json_get_array(definition, "edges");
    if (nodes == NULL || json_object_array_length(nodes) == 0)
        graph_add_error(errors, NULL, NULL, "empty", "the workflow has no nodes");
    else if (json_object_array_length(nodes) > GRAPH_NODES_MAX)
        graph_add_error(errors, NULL, NULL, "limit", "the workflow has %zu nodes; at most %d are allowed",
                        json_object_array_length(nodes), GRAPH_NODES_MAX);
    else if (edges == NULL && json_get(definition, "edges") != NULL)
        graph_add_error(errors, NULL, NULL, "definition", "`edges` must be an array");
    else if (edges != NULL && json_object_array_length(edges) > GRAPH_EDGES_MAX)
        graph_add_error(errors, NULL, NULL, "limit", "the workflow has %zu edges; at most %d are allowed",
                        json_object_array_length(edges), GRAPH_EDGES_MAX);
    else
        return true;
    return false;
}

static enum rs_err graph_build(struct draft *d, struct json_object *definition)
{
    struct json_object *nodes = json_get_array(definition, "nodes"), *edges = json_get_array(definition, "edges");
    size_t n_nodes = json_object_array_length(nodes), n_edges = edges != NULL ? json_object_array_length(edges) : 0, i;
    struct graph *g = calloc(1, sizeof(*g));

    if (g == NULL)
        return RS_NOMEM;
    d->graph = g;
    g->definition = json_object_get(definition);
    g->nodes = calloc(n_nodes + 1, sizeof(*g->nodes)); /* one more, so that calloc(0) is no question */
    g->edges = calloc(n_edges + 1, sizeof(*g->edges));
    g->by_id = calloc(n_nodes + 1, sizeof(*g->by_id));
    g->links = calloc(2 * n_edges + 1, sizeof(*g->links));
    if (g->nodes == NULL || g->edges == NULL || g->by_id == NULL || g->links == NULL)
        return RS_NOMEM;
    read_nodes(d, nodes);
    for (i = 0; i < n_edges; i++)
        read_edge(d, json_object_array_get_idx(edges, i), (int)i + 1);
    check_edge_ids(d);
    return sort_nodes(d);
}

enum rs_err graph_parse(struct json_object *definition, struct json_object *errors, struct graph **ret,
                        struct fault *fault)
{
    struct draft d = {.errors = errors};
    size_t before = json_object_array_length(errors), n;
    enum rs_err err = RS_OK;

    if (check_shape(definition, errors)) {
        graph_check_head(definition, errors);
        err = graph_build(&d, definition);
        graph_check_triggers(definition, errors);
    }
    n = json_object_array_length(errors) - before;
    if (err != RS_OK)
        err = fault_set(fault, err, "no memory for the workflow");
    else if (n > 0)
        err = fault_set(fault, RS_UNPROCESSABLE, "the workflow has %zu problem%s: %s", n, n == 1 ? "" : "s",
                        json_get_string(json_object_array_get_idx(errors, before), "message", ""));
    if (err == RS_OK)
        *ret = d.graph;
    else
        graph_free(d.graph);
    return err;
}

void graph_free(struct graph *graph)
{
    if (graph == NULL)
        return;
    free(graph->nodes);
    free(graph->edges);
    free(graph->by_id);
    free(graph->links);
    json_object_put(graph->definition);
    free(graph);
}
