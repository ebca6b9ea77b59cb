/* graph - a workflow definition, parsed and checked: nodes, edges, order. Immutable after graph_parse; any thread. */
#ifndef RUNSPOOL_MODEL_GRAPH_H
#define RUNSPOOL_MODEL_GRAPH_H

#include "base/err.h"
#include "base/json.h"
#include "model/kind.h"

#define GRAPH_NODES_MAX 1000
#define GRAPH_EDGES_MAX 5000
#define GRAPH_PRIORITY_MAX 1000000 /* and as much below 0 */

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
    const char *source_handle; /* one of its kind's handles ("true" behind a condition); NULL: it has none */
    const char *condition;     /* jq, or NULL */
};
struct graph {
    struct json_object *definition; /* a reference */
    struct graph_node *nodes;       /* in topological order */
    int n_nodes;
    struct graph_edge *edges;
    int n_edges;
    int *by_id;                     /* indexes of nodes, ordered by id */
    int *links;                     /* storage of all `in` and `out` */
};
/* graph_parse - check `definition` ({id?,name?,params?,concurrency?,timeoutMs?,priority?,nodes,edges}) and build the graph.
 * errors: a JSON array that gets {nodeId?,edgeId?,code,message} for EVERY problem found, in words a user can act on:
 * no nodes, bad or duplicate node id, unknown type or kind (message lists the known ones), missing or wrong-typed
 * setting (from the kind's table), unknown condition handle, dangling edge, cycle (message names its nodes), too many,
 * and what graph_check_params finds. Codes: definition, limit, empty, id, duplicate, type, kind, setting, dangling,
 * handle, condition, cycle, param, concurrency. definition may be NULL or of any JSON type.
 * jq is not checked here (see jqcheck.h). *ret: owned (graph_free).
 * Returns: RS_OK; RS_UNPROCESSABLE when errors were added (*ret untouched; fault has the first); RS_NOMEM. */
enum rs_err graph_parse(struct json_object *definition, struct json_object *errors, struct graph **ret,
                        struct fault *fault) RS_MUST_CHECK;
void graph_free(struct graph *graph);
int graph_find(const struct graph *graph, const char *node_id); /* index or -1 */

/* graph_add_error - append {nodeId?,edgeId?,code,message} to errors; node_id and edge_id may be NULL. */
void graph_add_error(struct json_object *errors, const char *node_id, const char *edge_id, const char *code,
                     const char *fmt, ...) RS_PRINTF(5, 6);

/* graph_check_settings - add an error for each setting of node_id's data that its kind does not allow. */
void graph_check_settings(const char *node_id, const struct kind *kind, struct json_object *data,
                          struct json_object *errors);
/* graph_check_kind - the same for what the table cannot say: the cases of a switch, the end of a delay, the node of a foreach. */
void graph_check_kind(const char *node_id, const struct kind *kind, struct json_object *data,
                      struct json_object *errors);
/* graph_word_fits - is a value that a template gave one of the words of its setting? true for settings of other types. */
bool graph_word_fits(const struct kind_setting *setting, struct json_object *value);
/* graph_check_head - add an error for each thing wrong in name, crewId, timeoutMs, priority, concurrency and params. */
void graph_check_head(struct json_object *definition, struct json_object *errors);
/* graph_check_triggers - add an error for each cron expression, time zone or input of a schedule that cannot be. */
void graph_check_triggers(struct json_object *definition, struct json_object *errors);
/* graph_check_params - add an error for each thing wrong in the definition's `params`. */
void graph_check_params(struct json_object *definition, struct json_object *errors);

/* graph_check_input - check `input` against the definition's `params` (see params.h); *ret: the input with defaults filled in, owned. RS_UNPROCESSABLE with errors added
 * ({param,code,message}, code missing|type|enum|min|max|length|pattern|file). Unknown members are kept. input may be NULL (an empty object); JSON null
 * counts as missing. The definition has passed graph_parse. */
enum rs_err graph_check_input(struct json_object *definition, struct json_object *input, struct json_object *errors,
                              struct json_object **ret, struct fault *fault) RS_MUST_CHECK;

#endif
