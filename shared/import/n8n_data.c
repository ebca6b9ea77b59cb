/* Nodes of n8n that make values of values. */
#include "import/n8n.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* `a.b` as {"a":{"b": VALUE}}. */
static void put_path(struct buf *out, const char *name, const char *value)
{
    const char *dot;
    int depth = 0;

    for (; (dot = strchr(name, '.')) != NULL; name = dot + 1, depth++) {
        buf_puts(out, "{");
        jq_string(out, name, (size_t)(dot - name));
        buf_puts(out, ": ");
    }
    buf_puts(out, "{");
    jq_string(out, name, strlen(name));
    buf_printf(out, ": (%s)}", value);
    while (depth-- > 0)
        buf_puts(out, "}");
}

static void put_assignment(struct n8n *w, const struct n8n_node *node, struct json_object *item, const char *type, struct buf *out)
{
    struct json_object *value = json_get(item, "value");
    const char *text = json_object_is_type(value, json_type_string) ? json_object_get_string(value) : NULL;
    struct json_object *parsed = NULL;
    struct buf jq;

    type = json_get_string(item, "type", type);
    buf_init(&jq, N8N_TEXT_MAX);
    if (text != NULL && text[0] != '=' && strstr(type, "string") == NULL && json_parse(text, strlen(text), N8N_TEXT_MAX, &parsed, NULL) == RS_OK)
        n8n_value(w, node, parsed, &jq);
    else
        n8n_value(w, node, value, &jq);
    buf_puts(out, " * ");
    put_path(out, json_get_string(item, "name", "value"), jq.data != NULL ? jq.data : "null");
    json_object_put(parsed);
    buf_release(&jq);
}

void n8n_make_set(struct n8n *w, struct n8n_node *node)
{
    struct json_object *list = n8n_param(node, "assignments.assignments"), *values = n8n_param(node, "values"), *only = n8n_param(node, "keepOnlySet");
    struct json_object *include = n8n_param(node, "includeOtherFields"), *version = json_get(node->json, "typeVersion");
    bool modern = version != NULL && json_object_get_double(version) >= 3;
    bool keep = modern ? include != NULL && json_object_get_boolean(include) : only == NULL || !json_object_get_boolean(only);
    struct buf jq;
    size_t i;

    buf_init(&jq, N8N_TEXT_MAX);
    if (n8n_text(node, "mode") != NULL && strcmp(n8n_text(node, "mode"), "raw") == 0) {
        const char *text = n8n_text(node, "jsonOutput");
        struct json_object *parsed = NULL;

        if (text != NULL && text[0] != '=' && json_parse(text, strlen(text), N8N_TEXT_MAX, &parsed, NULL) == RS_OK) {
            n8n_value(w, node, parsed, &jq);
        } else if (text != NULL) {
            /* A text with templates that becomes JSON, unless it is one expression. */
            n8n_value(w, node, n8n_param(node, "jsonOutput"), &jq);
            buf_puts(&jq, " | if type == \"string\" then fromjson else . end");
        }
        json_object_put(parsed);
        n8n_set_expression(w, node, &jq);
        buf_release(&jq);
        return;
    }
    buf_printf(&jq, keep ? "((%s) | if type == \"object\" then . else {} end)" : "{}%.0s", n8n_json(w, node));
    for (i = 0; json_object_is_type(list, json_type_array) && i < import_count(list); i++)
        put_assignment(w, node, json_object_array_get_idx(list, i), "string", &jq);
    if (json_object_is_type(values, json_type_object)) {
        json_object_object_foreach(values, type, items)
        {
            for (i = 0; json_object_is_type(items, json_type_array) && i < import_count(items); i++)
                put_assignment(w, node, json_object_array_get_idx(items, i), type, &jq);
        }
    }
    n8n_set_expression(w, node, &jq);
    buf_release(&jq);
}

/* JavaScript and Python get what n8n gives them, for one item, and what they return is the node's value. */
void n8n_make_code(struct n8n *w, struct n8n_node *node)
{
    static const char js_before[] = "const runspoolInput = JSON.parse(require('fs').readFileSync(0, 'utf8'));\n"
                                    "const items = (Array.isArray(runspoolInput) ? runspoolInput : [runspoolInput]).map(json => ({json}));\n"
                                    "const item = items[0].json, $json = item;\n"
                                    "const $input = {all: () => items, first: () => items[0], last: () => items[items.length - 1], item: items[0]};\n"
                                    "const runspoolBare = v => v && typeof v === 'object' && 'json' in v ? v.json : v;\n"
                                    "(async () => {\n";
    static const char js_after[] = "\n})().then(v => {\n"
                                   "  const out = Array.isArray(v) ? v.map(runspoolBare) : runspoolBare(v);\n"
                                   "  console.log(JSON.stringify((Array.isArray(out) && out.length === 1 ? out[0] : out) ?? null));\n"
                                   "});\n";
    static const char py_before[] = "import json, sys\n_value = json.load(sys.stdin)\n_items = [{\"json\": v} for v in (_value if isinstance(_value, list) else [_value])]\n"
                                    "class _Input:\n    def all(self): return _items\n    def first(self): return _items[0]\n"
                                    "_input = _Input()\n_json = _items[0][\"json\"]\ndef _code(items):\n";
    static const char py_after[] = "\n_out = _code(_items)\n_bare = lambda v: v[\"json\"] if isinstance(v, dict) and \"json\" in v else v\n"
                                   "_out = [_bare(v) for v in _out] if isinstance(_out, list) else _bare(_out)\n"
                                   "print(json.dumps(_out[0] if isinstance(_out, list) and len(_out) == 1 else _out))\n";
    const char *language = n8n_text(node, "language"), *code = n8n_text(node, "jsCode"), *at;
    bool python = language != NULL && strncmp(language, "python", 6) == 0;
    struct json_object *data;
    struct buf text;

    code = python ? n8n_text(node, "pythonCode") : code != NULL ? code : n8n_text(node, "functionCode");
    if (code == NULL) {
        n8n_lose(w, node, "there is no code in it");
        return;
    }
    if (strstr(code, "{{") != NULL && python) {
        n8n_lose(w, node, "code that holds `{{` cannot be taken over");
        return;
    }
    data = import_node(w->im, node->id, "script", node->name);
    buf_init(&text, N8N_TEXT_MAX);
    buf_puts(&text, python ? py_before : js_before);
    for (at = code, buf_puts(&text, python ? "    " : ""); *at != '\0'; at++) {
        buf_putc(&text, *at);
        if (*at == '\n' && python)
            buf_puts(&text, "    ");
        else if (at[0] == '{' && at[1] == '{')
            buf_putc(&text, ' '); /* no template */
    }
    buf_puts(&text, python ? py_after : js_after);
    json_set_string(data, "language", python ? "python" : "node");
    json_set_string(data, "code", text.data != NULL ? text.data : "");
    buf_clear(&text);
    buf_printf(&text, "{{ %s }}", n8n_json(w, node));
    json_set_string(data, "input", text.data);
    json_set_string(data, "parse", "json");
    buf_release(&text);
    n8n_note(w, node, IMPORT_APPROXIMATED, "the code gets one item (or the items of an array), without n8n's helpers; one item returned is "
                                       "the node's value");
}

void n8n_make_pass(struct n8n *w, struct n8n_node *node)
{
    struct buf jq;

    buf_init(&jq, N8N_TEXT_MAX);
    buf_puts(&jq, n8n_json(w, node));
    n8n_set_expression(w, node, &jq);
    buf_release(&jq);
}

void n8n_make_merge(struct n8n *w, struct n8n_node *node)
{
    const char *mode = n8n_text(node, "mode");
    struct buf jq;
    int i, n = 0;

    buf_init(&jq, N8N_TEXT_MAX);
    buf_puts(&jq, "[");
    for (i = 0; i < w->n_nodes; i++) {
        struct json_object *outs = json_get_array(json_get(json_get(w->root, "connections"), w->nodes[i].name), "main");
        bool leads = false;

        for (size_t o = 0; outs != NULL && o < import_count(outs); o++) {
            struct json_object *targets = json_object_array_get_idx(outs, o);
            for (size_t t = 0; json_object_is_type(targets, json_type_array) && t < import_count(targets); t++)
                leads = leads || strcmp(json_get_string(json_object_array_get_idx(targets, t), "node", ""), node->name) == 0;
        }
        if (leads)
            buf_printf(&jq, "%s%s", n++ > 0 ? ", " : "", w->nodes[i].value);
    }
    buf_puts(&jq, "] | ");
    if (mode != NULL && strncmp(mode, "combine", 7) == 0)
        buf_puts(&jq, "map(select(type == \"object\")) | add // {}");
    else if (mode != NULL && strcmp(mode, "chooseBranch") == 0)
        buf_puts(&jq, "map(select(. != null)) | .[0]");
    else
        buf_puts(&jq, "map(select(. != null))");
    n8n_set_expression(w, node, &jq);
    buf_release(&jq);
    n8n_note(w, node, IMPORT_APPROXIMATED, mode != NULL && strncmp(mode, "combine", 7) == 0
                                           ? "its inputs are joined into one object, without matching fields or positions"
                                           : "its value is the array of its inputs' values");
}

void n8n_make_path(struct n8n *w, struct n8n_node *node)
{
    struct buf jq;
    const char *field = n8n_text(node, "fieldToSplitOut");
    struct json_object *max = n8n_param(node, "maxItems");

    buf_init(&jq, N8N_TEXT_MAX);
    buf_puts(&jq, n8n_json(w, node));
    if (strcmp(node->type, "limit") == 0) {
        buf_printf(&jq, " | if type == \"array\" then .[:%lld] else . end", (long long)(max != NULL ? json_object_get_int64(max) : 1));
    } else if (field != NULL) {
        buf_puts(&jq, " | .[");
        jq_string(&jq, field, strlen(field));
        buf_puts(&jq, "]");
    }
    n8n_set_expression(w, node, &jq);
    buf_release(&jq);
    n8n_note(w, node, IMPORT_APPROXIMATED, "its value is one array; for a step on each element use a foreach");
}

void n8n_make_stop(struct n8n *w, struct n8n_node *node)
{
    struct buf jq;

    buf_init(&jq, N8N_TEXT_MAX);
    buf_puts(&jq, "error(");
    n8n_value(w, node, n8n_param(node, "errorMessage"), &jq);
    buf_puts(&jq, " | tostring)");
    n8n_set_expression(w, node, &jq);
    buf_release(&jq);
}
