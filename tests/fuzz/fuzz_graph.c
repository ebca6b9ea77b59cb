/* A definition as a client sends it, and an input for it (the same text: rubbish is as good as any). What passes is in
 * order and holds together; what does not has said why, in words that are JSON. */
#include "base/json.h"
#include "model/graph.h"

#include <assert.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

static void check_errors(struct json_object *errors, bool refused)
{
    struct json_object *again = NULL;
    const char *text;
    size_t len, i;

    assert((json_object_array_length(errors) > 0) == refused);
    for (i = 0; i < json_object_array_length(errors); i++) {
        assert(json_get_string(json_object_array_get_idx(errors, i), "code", NULL) != NULL);
        assert(json_get_string(json_object_array_get_idx(errors, i), "message", NULL) != NULL);
    }
    text = json_text(errors, &len);
    assert(json_parse(text, len, len, &again, NULL) == RS_OK);
    json_object_put(again);
}

static void check_graph(const struct graph *g)
{
    int i, k, n_in = 0, n_out = 0;

    assert(g->n_nodes > 0 && g->n_nodes <= GRAPH_NODES_MAX && g->n_edges <= GRAPH_EDGES_MAX);
    for (i = 0; i < g->n_nodes; i++) {
        assert(graph_find(g, g->nodes[i].id) == i);
        assert(g->nodes[i].kind != NULL && g->nodes[i].data != NULL);
        for (k = 0; k < g->nodes[i].n_in; k++)
            assert(g->edges[g->nodes[i].in[k]].target == i);
        for (k = 0; k < g->nodes[i].n_out; k++)
            assert(g->edges[g->nodes[i].out[k]].source == i);
        n_in += g->nodes[i].n_in;
        n_out += g->nodes[i].n_out;
    }
    assert(n_in == g->n_edges && n_out == g->n_edges);
    for (i = 0; i < g->n_edges; i++)
        assert(g->edges[i].source < g->edges[i].target);
}

static void check_input(struct json_object *definition)
{
    struct json_object *errors = json_object_new_array(), *checked = NULL;
    enum rs_err err = graph_check_input(definition, definition, errors, &checked, NULL);

    assert(err == RS_OK || err == RS_UNPROCESSABLE);
    check_errors(errors, err != RS_OK);
    json_object_put(checked);
    json_object_put(errors);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
    struct json_object *definition = NULL, *errors;
    struct graph *graph = NULL;
    enum rs_err err;

    if (json_parse((const char *)bytes, len, JSON_BODY_MAX, &definition, NULL) != RS_OK)
        return 0;
    errors = json_object_new_array();
    err = graph_parse(definition, errors, &graph, NULL);
    assert(err == RS_OK || err == RS_UNPROCESSABLE);
    check_errors(errors, err != RS_OK);
    if (err == RS_OK) {
        check_graph(graph);
        check_input(definition);
    }
    graph_free(graph);
    json_object_put(errors);
    json_object_put(definition);
    return 0;
}
