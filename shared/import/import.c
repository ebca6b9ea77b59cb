#include "import/import.h"

#include "base/utf8.h"
#include "import/own.h"
#include "model/graph.h"

#include <ctype.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MESSAGE_MAX 600
#define COLUMN_PX 260
#define ROW_PX 120

void import_note(struct import *im, enum import_note kind, int line, const char *what, const char *fmt, ...)
{
    struct json_object *list = kind == IMPORT_LOST ? im->lost : im->approximated, *note = json_object_new_object();
    char message[MESSAGE_MAX];
    va_list ap;

    va_start(ap, fmt);
    vsnprintf(message, sizeof(message), fmt, ap);
    va_end(ap);
    utf8_repair(message);
    if (line > 0)
        json_set_int(note, "line", line);
    json_set_string(note, "what", what);
    json_set_string(note, "message", message);
    if (json_object_array_length(list) < IMPORT_NOTES_MAX)
        json_object_array_add(list, note);
    else
        json_object_put(note);
}

/* ---- ids ---- */

bool import_has(const struct import *im, const char *id)
{
    size_t i;

    for (i = 0; i < json_object_array_length(im->nodes); i++)
        if (strcmp(json_get_string(json_object_array_get_idx(im->nodes, i), "id", ""), id) == 0)
            return true;
    return false;
}

static void slug(const char *name, char out[ID_MAX + 1])
{
    size_t n = 0;

    for (; *name != '\0' && n < ID_MAX - 8; name++) {
        unsigned char c = (unsigned char)*name;

        if (isalnum(c) || c == '-' || (c == '.' && n > 0))
            out[n++] = (char)tolower(c);
        else if (n > 0 && out[n - 1] != '_')
            out[n++] = '_';
    }
    while (n > 0 && (out[n - 1] == '_' || out[n - 1] == '.'))
        n--;
    out[n] = '\0';
}

char *import_id(const struct import *im, const char *name, char out[ID_MAX + 1])
{
    size_t len;
    int i;

    slug(name, out);
    if (out[0] == '\0')
        strcpy(out, "node");
    len = strlen(out);
    for (i = 2; import_has(im, out); i++)
        snprintf(out + len, ID_MAX + 1 - len, "_%d", i);
    return out;
}

/* ---- nodes and edges ---- */

struct json_object *import_node(struct import *im, const char *id, const char *kind, const char *label)
{
    struct json_object *node = json_object_new_object(), *data = json_object_new_object();
    const struct kind *row = kind_find(kind);

    json_set_string(node, "id", id);
    json_set_string(node, "type", row != NULL ? row->group : "control");
    json_set(node, "data", data);
    json_set_string(data, "kind", kind);
    json_set_string(data, "label", label);
    json_object_array_add(im->nodes, node);
    return data;
}

void import_failing_node(struct import *im, const char *id, const char *label, const char *why)
{
    struct json_object *data = import_node(im, id, "transform", label);
    char text[MESSAGE_MAX];
    struct buf jq;

    snprintf(text, sizeof(text), "%s was not imported: %s", label, why);
    utf8_repair(text);
    buf_init(&jq, IMPORT_JQ_MAX);
    buf_puts(&jq, "error(");
    jq_string(&jq, text, strlen(text));
    buf_puts(&jq, ")");
    json_set_string(data, "expression", jq.data != NULL ? jq.data : "error");
    buf_release(&jq);
}

void import_edge(struct import *im, const char *source, const char *target, const char *handle, const char *condition)
{
    struct json_object *edge;
    char id[32];
    size_t i, n = json_object_array_length(im->edges);

    for (i = 0; i < n; i++) {
        edge = json_object_array_get_idx(im->edges, i);
        if (strcmp(json_get_string(edge, "source", ""), source) == 0 &&
            strcmp(json_get_string(edge, "target", ""), target) == 0 &&
            strcmp(json_get_string(edge, "sourceHandle", ""), handle != NULL ? handle : "") == 0)
            return;
    }
    if (n >= IMPORT_EDGES_MAX) {
        if (!im->full)
            import_note(im, IMPORT_LOST, 0, "edges", "only the first %d are kept", IMPORT_EDGES_MAX);
        im->full = true;
        return;
    }
    edge = json_object_new_object();
    snprintf(id, sizeof(id), "e%zu", n + 1);
    json_set_string(edge, "id", id);
    json_set_string(edge, "source", source);
    json_set_string(edge, "target", target);
    json_set_string(edge, "sourceHandle", handle);
    json_set_string(edge, "condition", condition);
    json_object_array_add(im->edges, edge);
}

static size_t node_index(const struct import *im, const char *id)
{
    size_t i;

    for (i = 0; i < json_object_array_length(im->nodes); i++)
        if (strcmp(json_get_string(json_object_array_get_idx(im->nodes, i), "id", ""), id) == 0)
            break;
    return i;
}

void import_layout(struct import *im)
{
    size_t n = json_object_array_length(im->nodes), n_edges = json_object_array_length(im->edges), i, round;
    int *depth = calloc(n + 1, sizeof(*depth)), *used = calloc(n + 1, sizeof(*used));
    size_t *from = calloc(n_edges + 1, sizeof(*from)), *to = calloc(n_edges + 1, sizeof(*to));
    bool moved = true, memory = depth != NULL && used != NULL && from != NULL && to != NULL;

    for (i = 0; memory && i < n_edges; i++) {
        struct json_object *edge = json_object_array_get_idx(im->edges, i);

        from[i] = node_index(im, json_get_string(edge, "source", ""));
        to[i] = node_index(im, json_get_string(edge, "target", ""));
    }
    for (round = 0; memory && moved && round < n; round++) {
        moved = false;
        for (i = 0; i < n_edges; i++) {
            if (from[i] < n && to[i] < n && depth[to[i]] < depth[from[i]] + 1 && depth[from[i]] + 1 < (int)n) {
                depth[to[i]] = depth[from[i]] + 1;
                moved = true;
            }
        }
    }
    for (i = 0; memory && i < n; i++) {
        struct json_object *node = json_object_array_get_idx(im->nodes, i), *position;

        if (json_get(node, "position") != NULL)
            continue;
        position = json_object_new_object();
        json_set_int(position, "x", (int64_t)depth[i] * COLUMN_PX);
        json_set_int(position, "y", (int64_t)used[depth[i]]++ * ROW_PX);
        json_set(node, "position", position);
    }
    free(depth);
    free(used);
    free(from);
    free(to);
}

size_t import_count(struct json_object *array)
{
    return json_object_is_type(array, json_type_array) ? json_object_array_length(array) : 0;
}

/* ---- jq ---- */

void jq_string(struct buf *out, const char *text, size_t len)
{
    buf_put_json(out, text, len);
}

void jq_output(struct buf *out, const char *id)
{
    size_t n = strspn(id, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_");

    if (id[n] == '\0' && !isdigit((unsigned char)id[0])) {
        buf_printf(out, ".nodes.%s.output", id);
    } else {
        buf_puts(out, ".nodes[");
        jq_string(out, id, strlen(id));
        buf_puts(out, "].output");
    }
}

/* ---- the whole ---- */

static const char *detect_tree(struct json_object *tree)
{
    struct json_object *nodes = json_get_array(tree, "nodes");
    struct json_object *node = nodes != NULL && json_object_array_length(nodes) > 0 ? json_object_array_get_idx(nodes, 0) : NULL;

    if (json_get(tree, "steps") != NULL)
        return "dagu";
    if (json_get(tree, "connections") != NULL || (node != NULL && strchr(json_get_string(node, "type", ""), '.') != NULL))
        return "n8n";
    return nodes != NULL ? "runspool" : NULL;
}

/* JSON is nearly YAML, but not in all escapes: where JSON reads, it is taken. */
static enum rs_err read_tree(const char *text, size_t len, struct json_object **ret, struct fault *fault)
{
    struct fault as_json = {0};

    if (len > IMPORT_TEXT_MAX)
        return fault_set(fault, RS_LIMIT, "the text is longer than %d bytes", IMPORT_TEXT_MAX);
    if (!utf8_valid(text, len))
        return fault_set(fault, RS_INVALID, "the text is not UTF-8");
    if (json_parse(text, len, IMPORT_TEXT_MAX, ret, &as_json) == RS_OK && json_object_is_type(*ret, json_type_object))
        return RS_OK;
    json_object_put(*ret);
    *ret = NULL;
    if (len > 0 && text[strspn(text, " \t\r\n")] == '{' && as_json.code != RS_OK)
        return fault_set(fault, RS_INVALID, "%s", as_json.message);
    return yaml_tree(text, len, ret, fault);
}

const char *import_detect(const char *text, size_t len)
{
    struct json_object *tree = NULL;
    const char *from = read_tree(text, len, &tree, NULL) == RS_OK ? detect_tree(tree) : NULL;

    json_object_put(tree);
    return from;
}

static struct json_object *report_of(struct import *im)
{
    struct json_object *report = json_object_new_object();

    json_set_string(report, "from", im->from);
    json_set_int(report, "nodes", im->n_steps);
    json_set_int(report, "mapped", im->n_mapped);
    json_set(report, "approximated", json_object_get(im->approximated));
    json_set(report, "notMapped", json_object_get(im->lost));
    return report;
}

/* What the importer made must be a workflow; where it is none that is our bug, and said like any other problem. */
static enum rs_err check(const struct import *im, struct fault *fault)
{
    struct json_object *errors = json_object_new_array();
    struct graph *graph = NULL;
    enum rs_err err = graph_parse(im->definition, errors, &graph, fault);

    graph_free(graph);
    json_object_put(errors);
    return err;
}

/* The definition without what its values remember of the YAML, which json-c does not copy. */
static enum rs_err plain_copy(struct json_object *value, struct json_object **ret, struct fault *fault)
{
    size_t len;
    const char *text = json_text(value, &len);

    return json_parse(text, len, JSON_BODY_MAX, ret, fault);
}

enum rs_err import_workflow(const char *text, size_t len, const char *from, const char *name, struct json_object **ret,
                            struct json_object **ret_report, struct fault *fault)
{
    struct import im = {.definition = json_object_new_object(), .nodes = json_object_new_array(),
                        .edges = json_object_new_array(), .approximated = json_object_new_array(),
                        .lost = json_object_new_array()};
    struct json_object *tree = NULL;
    char id[ID_MAX + 1];
    enum rs_err err = read_tree(text, len, &tree, fault);

    if (err != RS_OK)
        goto out;
    im.from = from != NULL ? from : detect_tree(tree);
    if (im.from == NULL || (strcmp(im.from, "dagu") != 0 && strcmp(im.from, "n8n") != 0)) {
        err = fault_set(fault, RS_INVALID, "this is neither a Dagu workflow (YAML with `steps`) nor one of n8n (JSON with "
                                           "`nodes` and `connections`)");
        goto out;
    }
    name = json_get_string(tree, "name", name != NULL ? name : "imported");
    json_set_string(im.definition, "id", import_id(&im, name, id));
    json_set_string(im.definition, "name", name);
    json_set(im.definition, "nodes", json_object_get(im.nodes));
    json_set(im.definition, "edges", json_object_get(im.edges));
    err = strcmp(im.from, "dagu") == 0 ? import_dagu(&im, tree, fault) : import_n8n(&im, text, tree, fault);
    if (err == RS_OK && im.n_mapped == 0)
        err = fault_set(fault, RS_UNPROCESSABLE, "nothing in it could be mapped");
    if (err == RS_OK)
        import_layout(&im);
    if (err == RS_OK)
        err = check(&im, fault);
out:
    *ret_report = report_of(&im);
    json_object_put(tree);
    json_object_put(im.nodes);
    json_object_put(im.edges);
    json_object_put(im.approximated);
    json_object_put(im.lost);
    if (err == RS_OK)
        err = plain_copy(im.definition, ret, fault);
    json_object_put(im.definition);
    return err;
}
