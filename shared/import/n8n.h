/* n8n - what the parts of the n8n importer share: n8n.c (the workflow), n8n_node.c (one node), n8n_expr.c (expressions).
 *
 * n8n runs a node once for each item that reaches it. Here a node runs once, on the value of its (first) predecessor:
 * `$json` is that value. Of each node it is known where its value stands (n8n_node.value). */
#ifndef RUNSPOOL_IMPORT_N8N_H
#define RUNSPOOL_IMPORT_N8N_H

#include "import/own.h"

#define N8N_VALUE_MAX 400

struct n8n_node {
    struct json_object *json;   /* borrowed */
    const char *name, *type;    /* type: without its package: "httpRequest" */
    char id[ID_MAX + 1];
    char value[N8N_VALUE_MAX];  /* jq of its value: ".nodes.a.output.json" */
    int line;
    int input;                  /* first predecessor, -1: none */
    bool left_out;              /* a note, or a part of another node */
    bool done;                  /* its value is known */
};
struct n8n {
    struct import *im;
    struct json_object *root;
    struct n8n_node *nodes;
    int n_nodes;
    unsigned char *leads;       /* [source * n_nodes + target]: is there an edge? */
    const char *timezone;       /* of the workflow; NULL */
};

int n8n_find(const struct n8n *w, const char *name); /* index or -1 */
/* n8n_json - jq of what `$json` is for this node. */
const char *n8n_json(const struct n8n *w, const struct n8n_node *node);
/* n8n_param - parameters.PATH ("rule.interval"), borrowed; NULL. n8n_text - a string of it, or NULL. */
struct json_object *n8n_param(const struct n8n_node *node, const char *path);
const char *n8n_text(const struct n8n_node *node, const char *path);

/* n8n_expression - the JavaScript between {{ and }} as jq, as far as it is of the simple kind: paths from $json, $('Node'),
 * $node["Node"], $input; literals; comparisons, logic, arithmetic, ?:, and some methods of strings and arrays.
 * Returns: false, with a note, when it is not; out then gets jq that fails with a message. */
bool n8n_expression(struct n8n *w, const struct n8n_node *node, const char *js, size_t len, struct buf *out);
/* n8n_template - a parameter's text as a text of ours: "=Hello {{ $json.name }}" gives "Hello {{ ... }}". */
void n8n_template(struct n8n *w, const struct n8n_node *node, const char *text, struct buf *out);
/* n8n_value - a parameter's value as jq: an expression's, else the literal's. */
void n8n_value(struct n8n *w, const struct n8n_node *node, struct json_object *value, struct buf *out);
/* n8n_node_value - find out where the node's value will stand; that of its input is known. */
void n8n_node_value(struct n8n *w, struct n8n_node *node);
/* n8n_node_import - the node with its settings; edges are the caller's. */
void n8n_node_import(struct n8n *w, struct n8n_node *node);
/* n8n_handle - our handle of an output of a node, NULL: it needs none. */
const char *n8n_handle(const struct n8n_node *node, int output, char out[32]);

#define N8N_TEXT_MAX (256 * 1024)

/* n8n_note - a note about this node. n8n_lose - it has no counterpart: it fails when it is reached. */
void n8n_note(struct n8n *w, const struct n8n_node *node, enum import_note kind, const char *text);
void n8n_lose(struct n8n *w, struct n8n_node *node, const char *why);
/* n8n_set - a parameter's text as the setting `key`; text NULL: nothing. n8n_set_expression - the node as a transform. */
void n8n_set(struct n8n *w, const struct n8n_node *node, struct json_object *data, const char *key, const char *text);
void n8n_set_expression(struct n8n *w, struct n8n_node *node, const struct buf *jq);
/* n8n_pairs - [{name,value}] as an object of templates, owned. n8n_number - a member, which may be written as text. */
struct json_object *n8n_pairs(struct n8n *w, const struct n8n_node *node, struct json_object *list);
int64_t n8n_number(struct json_object *rule, const char *name, int64_t fallback);

/* The functions of the table in n8n_node.c: each makes our node. */
typedef void n8n_make_fn(struct n8n *w, struct n8n_node *node);
n8n_make_fn n8n_make_code, n8n_make_command, n8n_make_email, n8n_make_http_request, n8n_make_if, n8n_make_manual,
    n8n_make_merge, n8n_make_model, n8n_make_pass, n8n_make_path, n8n_make_respond, n8n_make_schedule, n8n_make_set,
    n8n_make_stop, n8n_make_switch, n8n_make_wait, n8n_make_webhook, n8n_make_workflow;

#endif
