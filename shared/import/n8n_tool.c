/* Nodes of n8n that reach outside: requests, commands, mail, models, other workflows. */
#include "import/n8n.h"
#include "model/kind.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void n8n_make_http_request(struct n8n *w, struct n8n_node *node)
{
    struct json_object *data = import_node(w->im, node->id, "http_request", node->name), *timeout = n8n_param(node, "options.timeout"), *body;
    const char *method = n8n_text(node, "method") != NULL ? n8n_text(node, "method") : n8n_text(node, "requestMethod"), *text;
    const char *auth = n8n_text(node, "authentication");
    struct buf jq;

    json_set_string(data, "method", method != NULL && method[0] != '=' ? method : "GET");
    n8n_set(w, node, data, "url", n8n_text(node, "url"));
    if (json_get(data, "url") == NULL)
        json_set_string(data, "url", "");
    body = n8n_pairs(w, node, n8n_param(node, "headerParameters.parameters"));
    if (json_object_object_length(body) > 0)
        json_set(data, "headers", json_object_get(body));
    json_object_put(body);
    body = n8n_pairs(w, node, n8n_param(node, "queryParameters.parameters"));
    if (json_object_object_length(body) > 0)
        json_set(data, "query", json_object_get(body));
    json_object_put(body);
    text = n8n_text(node, "jsonBody");
    if (text != NULL && text[0] == '=') {
        buf_init(&jq, N8N_TEXT_MAX);
        buf_puts(&jq, "{{ ");
        n8n_value(w, node, n8n_param(node, "jsonBody"), &jq);
        buf_puts(&jq, " | if type == \"string\" then (try fromjson catch .) else . end }}");
        json_set_string(data, "body", jq.data != NULL ? jq.data : "");
        buf_release(&jq);
    } else if (text != NULL) {
        body = NULL;
        if (json_parse(text, strlen(text), N8N_TEXT_MAX, &body, NULL) == RS_OK)
            json_set(data, "body", body);
        else
            n8n_set(w, node, data, "body", text);
    } else if (n8n_param(node, "bodyParameters.parameters") != NULL) {
        body = n8n_pairs(w, node, n8n_param(node, "bodyParameters.parameters"));
        text = n8n_text(node, "contentType");
        json_set(data, text != NULL && strcmp(text, "form-urlencoded") == 0 ? "form" : "body", body);
    } else {
        n8n_set(w, node, data, "body", n8n_text(node, "body"));
    }
    text = n8n_text(node, "options.response.response.responseFormat");
    if (text == NULL || strcmp(text, "text") != 0)
        json_set_string(data, "parse", "json");
    if (timeout != NULL && json_object_get_int64(timeout) > 0)
        json_set_int(data, "timeoutMs", json_object_get_int64(timeout));
    if ((auth != NULL && strcmp(auth, "none") != 0) || json_get(node->json, "credentials") != NULL)
        n8n_note(w, node, IMPORT_LOST, "credentials are not in the export: keep them with `runspool secret set` and name them in `auth` or "
                                   "`headers` as {{ $secrets.NAME }}");
}

/* The command's expressions become environment variables: no text of theirs is read as a program. */
void n8n_make_command(struct n8n *w, struct n8n_node *node)
{
    struct json_object *data = import_node(w->im, node->id, "shell", node->name), *argv = json_object_new_array(), *env = json_object_new_object();
    const char *text = n8n_text(node, "command"), *end;
    struct buf program, jq;
    char name[24];
    int n = 0;
    bool live;

    text = text != NULL ? text : "";
    live = text[0] == '=';
    buf_init(&program, N8N_TEXT_MAX);
    for (text += live; *text != '\0';) {
        end = live && strncmp(text, "{{", 2) == 0 ? strstr(text, "}}") : NULL;
        if (end == NULL) {
            buf_putc(&program, *text++);
            continue;
        }
        snprintf(name, sizeof(name), "VALUE_%d", ++n);
        buf_init(&jq, N8N_TEXT_MAX);
        buf_puts(&jq, "{{ ");
        (void)n8n_expression(w, node, text + 2, (size_t)(end - text - 2), &jq);
        buf_puts(&jq, " | tostring }}");
        json_set_string(env, name, jq.data);
        buf_release(&jq);
        buf_printf(&program, "${%s}", name);
        text = end + 2;
    }
    if (n > 0)
        n8n_note(w, node, IMPORT_APPROXIMATED, "its expressions are environment variables of the command; in single quotes the shell does not "
                                           "replace them");
    json_object_array_add(argv, json_object_new_string("sh"));
    if (program.data != NULL && strstr(program.data, "{{") != NULL) {
        json_object_array_add(argv, json_object_new_string("-s"));
        n8n_set(w, node, data, "stdin", program.data);
    } else {
        json_object_array_add(argv, json_object_new_string("-c"));
        json_object_array_add(argv, json_object_new_string(program.data != NULL ? program.data : "true"));
    }
    json_set(data, "command", argv);
    if (n > 0)
        json_set(data, "env", json_object_get(env));
    json_object_put(env);
    buf_release(&program);
}

void n8n_make_wait(struct n8n *w, struct n8n_node *node)
{
    const char *unit = n8n_text(node, "unit"), *resume = n8n_text(node, "resume");
    struct json_object *amount = n8n_param(node, "amount"), *data;
    int64_t ms = (amount != NULL ? json_object_get_int64(amount) : 1) * 1000;

    if (kind_find("delay") == NULL || (resume != NULL && strcmp(resume, "timeInterval") != 0 && strcmp(resume, "specificTime") != 0)) {
        n8n_lose(w, node, "waiting for a call or a form has no counterpart; an approval may serve");
        return;
    }
    data = import_node(w->im, node->id, "delay", node->name);
    if (resume != NULL && strcmp(resume, "specificTime") == 0) {
        n8n_set(w, node, data, "until", n8n_text(node, "dateTime"));
        return;
    }
    if (unit != NULL)
        ms *= strcmp(unit, "minutes") == 0 ? 60 : strcmp(unit, "hours") == 0 ? 3600 : strcmp(unit, "days") == 0 ? 86400 : 1;
    json_set_int(data, "ms", ms);
}

void n8n_make_respond(struct n8n *w, struct n8n_node *node)
{
    struct json_object *data = import_node(w->im, node->id, "result", node->name);
    const char *with = n8n_text(node, "respondWith");
    struct buf jq;

    buf_init(&jq, N8N_TEXT_MAX);
    buf_puts(&jq, "{{ ");
    if (with != NULL && (strcmp(with, "json") == 0 || strcmp(with, "text") == 0) && n8n_param(node, "responseBody") != NULL) {
        n8n_value(w, node, n8n_param(node, "responseBody"), &jq);
        buf_puts(&jq, strcmp(with, "json") == 0 ? " | if type == \"string\" then (try fromjson catch .) else . end" : "");
    } else {
        buf_puts(&jq, n8n_json(w, node));
    }
    buf_puts(&jq, " }}");
    json_set_string(data, "value", jq.data != NULL ? jq.data : "");
    buf_release(&jq);
    n8n_note(w, node, IMPORT_APPROXIMATED, "the answer is the run's output; whoever calls gets it by GET /api/runs/ID");
}

void n8n_make_email(struct n8n *w, struct n8n_node *node)
{
    struct json_object *data;

    if (kind_find("email") == NULL) {
        n8n_lose(w, node, "e-mail has no counterpart");
        return;
    }
    data = import_node(w->im, node->id, "email", node->name);
    n8n_set(w, node, data, "to", n8n_text(node, "toEmail") != NULL ? n8n_text(node, "toEmail") : "");
    n8n_set(w, node, data, "from", n8n_text(node, "fromEmail"));
    n8n_set(w, node, data, "subject", n8n_text(node, "subject") != NULL ? n8n_text(node, "subject") : "");
    n8n_set(w, node, data, "text", n8n_text(node, "text") != NULL ? n8n_text(node, "text") : n8n_text(node, "message"));
    n8n_set(w, node, data, "html", n8n_text(node, "html"));
    n8n_note(w, node, IMPORT_APPROXIMATED, "it is sent by the server of the smtp settings");
}

void n8n_make_workflow(struct n8n *w, struct n8n_node *node)
{
    struct json_object *id = n8n_param(node, "workflowId"), *data;
    const char *name = json_object_is_type(id, json_type_string) ? json_object_get_string(id) : json_get_string(id, "value", NULL);

    if (kind_find("subworkflow") == NULL || name == NULL || name[0] == '=') {
        n8n_lose(w, node, "the workflow it executes is not said, or cannot be");
        return;
    }
    data = import_node(w->im, node->id, "subworkflow", node->name);
    json_set_string(data, "workflow", name);
    struct buf jq;
    buf_init(&jq, N8N_TEXT_MAX);
    buf_printf(&jq, "{{ %s }}", n8n_json(w, node));
    json_set_string(data, "input", jq.data);
    buf_release(&jq);
    n8n_note(w, node, IMPORT_APPROXIMATED, "the workflow it executes must be imported, and `workflow` be its id here");
}

void n8n_make_model(struct n8n *w, struct n8n_node *node)
{
    struct json_object *data;
    const char *text = n8n_text(node, "text") != NULL ? n8n_text(node, "text") : n8n_text(node, "prompt");
    struct json_object *messages = n8n_param(node, "messages.values");

    if (json_object_is_type(messages, json_type_array) && import_count(messages) > 0)
        text = json_get_string(json_object_array_get_idx(messages, import_count(messages) - 1), "content", text);
    data = import_node(w->im, node->id, "agent", node->name);
    if (text == NULL || text[0] == '\0')
        text = "={{ $json.chatInput }}";
    n8n_set(w, node, data, "prompt", text);
    n8n_set(w, node, data, "system", n8n_text(node, "options.systemMessage"));
    n8n_note(w, node, IMPORT_APPROXIMATED, "it asks the model of model.url and model.default unless `url`, `model` and `key` are set; memory and "
                                       "tools connected to it are not taken over");
}
