/* One node of an n8n workflow: a table from its type to the function that makes ours. */
#include "import/n8n.h"
#include "model/kind.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void n8n_note(struct n8n *w, const struct n8n_node *node, enum import_note kind, const char *text)
{
    import_note(w->im, kind, node->line, node->name, "%s", text);
}

void n8n_lose(struct n8n *w, struct n8n_node *node, const char *why)
{
    import_failing_node(w->im, node->id, node->name, why);
    import_note(w->im, IMPORT_LOST, node->line, node->name, "%s: it fails when it is reached", why);
    w->im->n_mapped--;
}

void n8n_set(struct n8n *w, const struct n8n_node *node, struct json_object *data, const char *key,
                         const char *text)
{
    struct buf out;

    if (text == NULL)
        return;
    buf_init(&out, N8N_TEXT_MAX);
    n8n_template(w, node, text, &out);
    json_set_string(data, key, out.data != NULL ? out.data : "");
    buf_release(&out);
}

void n8n_set_expression(struct n8n *w, struct n8n_node *node, const struct buf *jq)
{
    struct json_object *data = import_node(w->im, node->id, "transform", node->name);

    json_set_string(data, "expression", jq->data != NULL ? jq->data : "null");
}

/* [{name, value}] as an object of templates. */
struct json_object *n8n_pairs(struct n8n *w, const struct n8n_node *node, struct json_object *list)
{
    struct json_object *made = json_object_new_object();
    size_t i;

    for (i = 0; json_object_is_type(list, json_type_array) && i < import_count(list); i++) {
        struct json_object *item = json_object_array_get_idx(list, i), *value = json_get(item, "value");

        if (json_get_string(item, "name", "")[0] != '\0')
            n8n_set(w, node, made, json_get_string(item, "name", ""), value != NULL ? json_object_get_string(value) : "");
    }
    return made;
}

int64_t n8n_number(struct json_object *rule, const char *name, int64_t fallback)
{
    struct json_object *value = json_get(rule, name);

    return value != NULL ? json_object_get_int64(value) : fallback;
}

/* ---- the table ---- */

enum value { VALUE_INPUT, VALUE_OUTPUT, VALUE_JSON, VALUE_TEXT, VALUE_PASSED };

static const struct {
    const char *types; /* without "n8n-nodes-base." or another package's name */
    void (*make)(struct n8n *w, struct n8n_node *node);
    enum value value;
} table[] = {
    {"manualTrigger|start|executeWorkflowTrigger|formTrigger|chatTrigger|manualChatTrigger", n8n_make_manual, VALUE_INPUT},
    {"webhook", n8n_make_webhook, VALUE_OUTPUT},
    {"scheduleTrigger|cron|interval", n8n_make_schedule, VALUE_OUTPUT},
    {"httpRequest", n8n_make_http_request, VALUE_JSON},
    {"executeCommand", n8n_make_command, VALUE_OUTPUT},
    {"if|filter", n8n_make_if, VALUE_PASSED},
    {"switch", n8n_make_switch, VALUE_PASSED},
    {"set|editFields", n8n_make_set, VALUE_OUTPUT},
    {"code|function|functionItem", n8n_make_code, VALUE_JSON},
    {"merge", n8n_make_merge, VALUE_OUTPUT},
    {"noOp", n8n_make_pass, VALUE_OUTPUT},
    {"splitOut|itemLists|limit", n8n_make_path, VALUE_OUTPUT},
    {"wait", n8n_make_wait, VALUE_PASSED},
    {"stopAndError", n8n_make_stop, VALUE_OUTPUT},
    {"respondToWebhook", n8n_make_respond, VALUE_OUTPUT},
    {"emailSend", n8n_make_email, VALUE_PASSED},
    {"executeWorkflow", n8n_make_workflow, VALUE_OUTPUT},
    {"agent|chainLlm|openAi", n8n_make_model, VALUE_TEXT},
};

static int row_of(const struct n8n_node *node)
{
    int i;

    for (i = 0; i < (int)(sizeof(table) / sizeof(table[0])); i++)
        if (kind_word(table[i].types, node->type, strlen(node->type)))
            return i;
    return -1;
}

static bool disabled(const struct n8n_node *node)
{
    return json_get_bool(node->json, "disabled", false);
}

const char *n8n_json(const struct n8n *w, const struct n8n_node *node)
{
    return node->input >= 0 ? w->nodes[node->input].value : ".input";
}

void n8n_node_value(struct n8n *w, struct n8n_node *node)
{
    int row = row_of(node);
    struct buf jq;

    buf_init(&jq, N8N_VALUE_MAX);
    switch (row < 0 || disabled(node) ? VALUE_OUTPUT : table[row].value) {
    case VALUE_INPUT:
        buf_puts(&jq, ".input");
        break;
    case VALUE_PASSED:
        buf_puts(&jq, n8n_json(w, node));
        break;
    case VALUE_OUTPUT:
        jq_output(&jq, node->id);
        break;
    case VALUE_JSON:
        jq_output(&jq, node->id);
        buf_puts(&jq, ".json");
        break;
    case VALUE_TEXT:
        jq_output(&jq, node->id);
        break;
    }
    snprintf(node->value, sizeof(node->value), "%s", jq.data != NULL ? jq.data : ".input");
    buf_release(&jq);
}

static void take_policies(struct n8n_node *node, struct json_object *data)
{
    struct json_object *tries = json_get(node->json, "maxTries"), *pause = json_get(node->json, "waitBetweenTries"), *retry;
    const char *on_error = json_get_string(node->json, "onError", "");

    if (json_get_bool(node->json, "continueOnFail", false) || strncmp(on_error, "continue", 8) == 0)
        json_set_bool(data, "continueOnError", true);
    if (!json_get_bool(node->json, "retryOnFail", false))
        return;
    retry = json_object_new_object();
    json_set_int(retry, "attempts", tries != NULL ? json_object_get_int64(tries) : 3);
    json_set_int(retry, "backoffMs", pause != NULL ? json_object_get_int64(pause) : 1000);
    json_set_int(retry, "factor", 1);
    json_set(data, "retry", retry);
}

void n8n_node_import(struct n8n *w, struct n8n_node *node)
{
    struct json_object *made, *position = json_get_array(node->json, "position"), *place;
    size_t before = import_count(w->im->nodes);
    int row = row_of(node);

    w->im->n_steps++;
    w->im->n_mapped++;
    if (disabled(node)) {
        n8n_make_pass(w, node);
        n8n_note(w, node, IMPORT_APPROXIMATED, "it is disabled: what comes in goes on");
    } else if (row >= 0) {
        table[row].make(w, node);
    } else {
        char why[160];

        snprintf(why, sizeof(why), "the node type %.100s has no counterpart", json_get_string(node->json, "type", "?"));
        n8n_lose(w, node, why);
    }
    made = json_object_array_get_idx(w->im->nodes, before);
    if (strcmp(json_get_string(json_get(made, "data"), "kind", ""), "condition") != 0)
        take_policies(node, json_get(made, "data"));
    if (position != NULL && import_count(position) == 2) {
        place = json_object_new_object();
        json_set(place, "x", json_object_get(json_object_array_get_idx(position, 0)));
        json_set(place, "y", json_object_get(json_object_array_get_idx(position, 1)));
        json_set(made, "position", place);
    }
}

const char *n8n_handle(const struct n8n_node *node, int output, char out[32])
{
    struct json_object *rules;
    const char *type = disabled(node) ? "noOp" : node->type;

    if (strcmp(type, "if") == 0 || strcmp(type, "filter") == 0)
        return output == 0 ? "true" : "false";
    if (strcmp(type, "switch") != 0)
        return NULL;
    rules = n8n_param(node, "rules.values") != NULL ? n8n_param(node, "rules.values") : n8n_param(node, "rules.rules");
    if (n8n_param(node, "rules.values") != NULL && output >= (int)import_count(rules))
        return "default";
    if (n8n_param(node, "fallbackOutput") != NULL && json_object_is_type(n8n_param(node, "fallbackOutput"), json_type_int) &&
        json_object_get_int(n8n_param(node, "fallbackOutput")) == output && n8n_param(node, "rules.values") == NULL)
        return "default";
    snprintf(out, 32, "output_%d", output);
    return out;
}
