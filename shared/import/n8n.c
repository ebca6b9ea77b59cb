/* Workflows of n8n: its JSON export, {nodes, connections, settings}. */
#include "import/n8n.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int n8n_find(const struct n8n *w, const char *name)
{
    int i;

    for (i = 0; i < w->n_nodes; i++)
        if (strcmp(w->nodes[i].name, name) == 0)
            return i;
    return -1;
}

struct json_object *n8n_param(const struct n8n_node *node, const char *path)
{
    struct json_object *value = json_get(node->json, "parameters");
    char key[80];
    size_t n;

    for (; *path != '\0' && value != NULL; path += n + (path[n] == '.')) {
        n = strcspn(path, ".");
        snprintf(key, sizeof(key), "%.*s", (int)n, path);
        value = json_get(value, key);
    }
    return value;
}

const char *n8n_text(const struct n8n_node *node, const char *path)
{
    struct json_object *value = n8n_param(node, path);

    return json_object_is_type(value, json_type_string) ? json_object_get_string(value) : NULL;
}

/* The line on which a member with this text stands; 0: none. */
static int line_of(const char *text, const char *key, const char *value)
{
    struct buf quoted;
    const char *at = text, *from;
    int line = 0;

    buf_init(&quoted, IMPORT_TEXT_MAX);
    buf_put_json(&quoted, value, strlen(value));
    while (line == 0 && quoted.data != NULL && (at = strstr(at, quoted.data)) != NULL) {
        for (from = at; from > text && strchr(" \t\r\n:", from[-1]) != NULL; from--)
            ;
        if ((size_t)(from - text) > strlen(key) + 2 && from[-1] == '"' && strncmp(from - 1 - strlen(key), key, strlen(key)) == 0)
            for (line = 1, from = text; from < at; from++)
                line += *from == '\n';
        at += quoted.len;
    }
    buf_release(&quoted);
    return line;
}

/* Their own id is kept where it can be one of ours. */
static void set_id(struct n8n *w, struct n8n_node *node)
{
    struct json_object *own = json_get(node->json, "id");
    const char *id = own != NULL ? json_object_get_string(own) : "";
    char made[ID_MAX + 1], name[ID_MAX + 1];
    bool used;
    int i, n = 1;

    snprintf(made, sizeof(made), "%s", id);
    if (!id_valid(id))
        import_id(w->im, node->name, made);
    snprintf(node->id, sizeof(node->id), "%s", made);
    do {
        used = false;
        for (i = 0; i < (int)(node - w->nodes); i++)
            used = used || strcmp(w->nodes[i].id, node->id) == 0;
        if (used) {
            snprintf(name, sizeof(name), "%.100s_%d", made, ++n);
            snprintf(node->id, sizeof(node->id), "%s", name);
        }
    } while (used);
}

static enum rs_err take_nodes(struct n8n *w, const char *text, struct fault *fault)
{
    struct json_object *nodes = json_get_array(w->root, "nodes");
    size_t n = nodes != NULL ? import_count(nodes) : 0, i;
    const char *dot;

    if (n == 0)
        return fault_set(fault, RS_UNPROCESSABLE, "there are no `nodes`");
    if (n > IMPORT_NODES_MAX)
        return fault_set(fault, RS_LIMIT, "there are %zu nodes; at most %d are imported", n, IMPORT_NODES_MAX);
    w->nodes = calloc(n, sizeof(*w->nodes));
    w->leads = calloc(n, n);
    if (w->nodes == NULL || w->leads == NULL)
        return fault_set(fault, RS_NOMEM, "out of memory");
    for (i = 0; i < n; i++) {
        struct n8n_node *node = &w->nodes[w->n_nodes];

        node->json = json_object_array_get_idx(nodes, i);
        node->type = json_get_string(node->json, "type", NULL);
        node->name = json_get_string(node->json, "name", NULL);
        if (node->type == NULL || node->name == NULL)
            return fault_set(fault, RS_INVALID, "node %zu has no `type` or no `name`", i + 1);
        dot = strrchr(node->type, '.');
        node->type = dot != NULL ? dot + 1 : node->type;
        node->input = -1;
        node->line = line_of(text, "name", node->name);
        node->left_out = strcmp(node->type, "stickyNote") == 0 || strncmp(node->type, "lm", 2) == 0 || strncmp(node->type, "memory", 6) == 0 ||
                         strncmp(node->type, "tool", 4) == 0 || strncmp(node->type, "outputParser", 12) == 0;
        set_id(w, node);
        w->n_nodes++;
    }
    return RS_OK;
}

/* For each connection of the main kind: fn(source, output, target). */
typedef void connection_fn(struct n8n *w, int source, int output, int target);

static void each_connection(struct n8n *w, connection_fn *fn)
{
    struct json_object *connections = json_get(w->root, "connections");
    size_t o, t;
    int i, target;

    for (i = 0; i < w->n_nodes; i++) {
        struct json_object *outputs = json_get_array(json_get(connections, w->nodes[i].name), "main");

        for (o = 0; outputs != NULL && o < import_count(outputs); o++) {
            struct json_object *targets = json_object_array_get_idx(outputs, o);

            for (t = 0; json_object_is_type(targets, json_type_array) && t < import_count(targets); t++) {
                target = n8n_find(w, json_get_string(json_object_array_get_idx(targets, t), "node", ""));
                if (target >= 0 && !w->nodes[i].left_out && !w->nodes[target].left_out)
                    fn(w, i, (int)o, target);
                else if (target < 0)
                    import_note(w->im, IMPORT_LOST, w->nodes[i].line, w->nodes[i].name, "leads to a node that is not there");
            }
        }
    }
}

/* Is there a way from one node to the other? */
static bool leads_to(const struct n8n *w, int from, int to)
{
    bool *seen = calloc((size_t)w->n_nodes, sizeof(*seen));
    int *open = calloc((size_t)w->n_nodes, sizeof(*open)), n_open = 0, at, k;
    bool found = from == to || seen == NULL || open == NULL;

    if (!found) {
        open[n_open++] = from;
        seen[from] = true;
    }
    while (!found && n_open > 0) {
        at = open[--n_open];
        for (k = 0; k < w->n_nodes && !found; k++) {
            if (!w->leads[at * w->n_nodes + k] || seen[k])
                continue;
            found = k == to;
            seen[k] = true;
            open[n_open++] = k;
        }
    }
    free(seen);
    free(open);
    return found;
}

static void add_edge(struct n8n *w, int source, int output, int target)
{
    struct n8n_node *from = &w->nodes[source], *to = &w->nodes[target];
    char text[32];

    if (w->im->full)
        return;
    if (leads_to(w, target, source)) {
        import_note(w->im, IMPORT_LOST, from->line, from->name,
                    "leads back to %s: there are no loops; a foreach executes a node for each item of a list", to->name);
        return;
    }
    import_edge(w->im, from->id, to->id, n8n_handle(from, output, text), NULL);
    w->leads[source * w->n_nodes + target] = 1;
    if (to->input < 0)
        to->input = source;
}

/* The value of what comes before, first; loops were cut. */
static void find_value(struct n8n *w, int at)
{
    if (w->nodes[at].done)
        return;
    w->nodes[at].done = true;
    if (w->nodes[at].input >= 0)
        find_value(w, w->nodes[at].input);
    n8n_node_value(w, &w->nodes[at]);
}

static void take_settings(struct n8n *w)
{
    struct json_object *settings = json_get(w->root, "settings"), *timeout = json_get(settings, "executionTimeout");

    w->timezone = json_get_string(settings, "timezone", NULL);
    if (timeout != NULL && json_object_get_int64(timeout) > 0)
        json_set_int(w->im->definition, "timeoutMs", json_object_get_int64(timeout) * 1000);
    if (json_get(settings, "errorWorkflow") != NULL)
        import_note(w->im, IMPORT_LOST, 0, "settings.errorWorkflow", "has no counterpart");
    if (json_get(w->root, "pinData") != NULL && json_object_object_length(json_get(w->root, "pinData")) > 0)
        import_note(w->im, IMPORT_LOST, 0, "pinData", "is left out");
}

enum rs_err import_n8n(struct import *im, const char *text, struct json_object *tree, struct fault *fault)
{
    struct n8n w = {.im = im, .root = tree};
    enum rs_err err = take_nodes(&w, text, fault);
    int i;

    if (err == RS_OK) {
        take_settings(&w);
        import_note(im, IMPORT_APPROXIMATED, 0, "items",
                    "n8n executes a node once for each item; here each is executed once, on the whole value");
        each_connection(&w, add_edge);
        for (i = 0; i < w.n_nodes; i++)
            find_value(&w, i);
        for (i = 0; i < w.n_nodes; i++)
            if (!w.nodes[i].left_out)
                n8n_node_import(&w, &w.nodes[i]);
        if (import_count(im->nodes) == 0)
            err = fault_set(fault, RS_UNPROCESSABLE, "it holds nothing but notes");
    }
    free(w.nodes);
    free(w.leads);
    return err;
}
