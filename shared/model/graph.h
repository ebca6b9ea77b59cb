/* graph - a workflow definition, parsed and checked: nodes, edges, order. Immutable after graph_parse; any thread. */
#ifndef RUNSPOOL_MODEL_GRAPH_H
#define RUNSPOOL_MODEL_GRAPH_H

#include "base/err.h"
#include "base/json.h"
#include "model/kind.h"

#define GRAPH_NODES_MAX 1000
#define GRAPH_EDGES_MAX 5000

struct graph_node {
    const char *id;            /* borrowed from the definition, as all below */
    const struct kind *kind;   /* row of the kind table */
    struct json_object *data;  /* its settings (kind, label, ...) */
    int *in, n_in;             /* indexes of incoming edges */
    int *out, n_out;           /* indexes of outgoing edges */
};
struct graph_edge {
    const char *id;            /* may be NULL */
    int source, target;        /* indexes of nodes */
    const char *source_handle; /* "true", "false", or NULL */
    const char *condition;     /* jq, or NULL */
};
struct graph {
    struct json_object *definition; /* a reference */
    struct graph_node *nodes;       /* in topological order */
    int n_nodes;
    struct graph_edge *edges;
    int n_edges;
};
/* graph_parse - check `definition` ({id?,name?,params?,concurrency?,timeoutMs?,nodes,edges}) and build the graph.
 * errors: a JSON array that gets {nodeId?,edgeId?,code,message} for EVERY problem found, in words a user can act on:
 * no nodes, bad or duplicate node id, unknown type or kind (message lists the known ones), missing or wrong-typed
 * setting (from the kind's table), unknown condition handle, dangling edge, cycle (message names its nodes), too many.
 * jq is not checked here (see jqcheck.h). *ret: owned (graph_free).
 * Returns: RS_OK; RS_UNPROCESSABLE when errors were added (*ret untouched). */
enum rs_err graph_parse(struct json_object *definition, struct json_object *errors, struct graph **ret,
                        struct fault *fault) RS_MUST_CHECK;
void graph_free(struct graph *graph);
int graph_find(const struct graph *graph, const char *node_id); /* index or -1 */

/* graph_check_input - check `input` against the definition's `params` (type string|number|integer|boolean|object|array,
 * enum, required, default); *ret: the input with defaults filled in, owned. RS_UNPROCESSABLE with errors added
 * ({param,code,message}). Unknown members are kept. input may be NULL (an empty object). */
enum rs_err graph_check_input(struct json_object *definition, struct json_object *input, struct json_object *errors,
                              struct json_object **ret, struct fault *fault) RS_MUST_CHECK;

#endif
