#include "base/json.h"
#include "model/kind.h"
#include "runner/jqchild.h"
#include "runner/jqeval.h"
#include "runner/jqlex.h"
#include "runner/template.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define TEXTS_MAX 20000
#define BATCH 64 /* programs compiled at once: nearly all of a compilation's time is spent on jq's own library */

/* One jq program of the definition, and where it stands. All borrowed from the definition. */
struct text {
    const char *program;
    size_t len;
    const char *node_id, *edge_id, *setting;
    bool no_secret;
};
struct check {
    struct text *texts;
    int n;
    struct json_object *errors;
};

static void add_error(struct check *check, const struct text *at, const char *message)
{
    struct json_object *error = json_object_new_object();
    struct buf text;

    json_set_string(error, "nodeId", at->node_id);
    json_set_string(error, "edgeId", at->edge_id);
    json_set_string(error, "code", "expression");
    buf_init(&text, 2 * FAULT_MESSAGE_MAX);
    buf_printf(&text, "%s: %s", at->setting, message);
    json_set_string(error, "message", text.data ? text.data : message);
    buf_release(&text);
    json_object_array_add(check->errors, error);
}

static bool names_secret(const struct text *text)
{
    struct jqlex lex;
    size_t n;
    jqlex_init(&lex, text->program, text->len);
    return jqlex_secret(&lex, &n) != NULL;
}

static void add_program(struct check *check, const struct text *text)
{
    struct fault fault;
    if (text->no_secret && names_secret(text))
        add_error(check, text, "a secret may not stand here, where others can read it: hand it over by `env`, `stdin`, headers "
                               "or a setting made for it");
    else if (jqlex_check(text->program, text->len, &fault) != RS_OK) {
        jqlex_blame(&fault, text->program, text->len);
        add_error(check, text, fault.message);
    } else if (check->n == TEXTS_MAX) {
        add_error(check, text, "the definition holds too many jq texts");
    } else {
        check->texts[check->n++] = *text;
    }
}

static void add_templates(struct check *check, const struct text *at, struct json_object *value)
{
    if (json_object_is_type(value, json_type_array)) {
        for (size_t i = 0; i < json_object_array_length(value); i++)
            add_templates(check, at, json_object_array_get_idx(value, i));
    } else if (json_object_is_type(value, json_type_object)) {
        json_object_object_foreach(value, key, member)
        {
            (void)key;
            add_templates(check, at, member);
        }
    } else if (json_object_is_type(value, json_type_string)) {
        const char *s = json_object_get_string(value);
        size_t len = (size_t)json_object_get_string_len(value), pos = 0;
        struct template_part part;
        struct fault fault;
        enum rs_err err;
        while ((err = template_next(s, len, &pos, &part, &fault)) == RS_OK) {
            struct text text = {s + part.start, part.len, at->node_id, at->edge_id, at->setting, at->no_secret};
            if (part.program)
                add_program(check, &text);
        }
        if (err != RS_NOT_FOUND)
            add_error(check, at, fault.message);
    }
}

static void add_setting(struct check *check, struct text at, const struct kind_setting *setting, struct json_object *value);
static void add_data(struct check *check, const char *node_id, struct json_object *data);

static void add_members(struct check *check, const struct text *at, const struct kind_setting *members,
                        struct json_object *object)
{
    if (!json_object_is_type(object, json_type_object))
        return;
    json_object_object_foreach(object, name, value)
    {
        const struct kind_setting *setting = kind_setting_find(members, name);
        if (setting)
            add_setting(check, *at, setting, value);
        else
            add_templates(check, at, value);
    }
}

/* A setting whose members have settings of their own: an object, an array of them or an object of them. */
static void add_nested(struct check *check, const struct text *at, const struct kind_setting *setting,
                       struct json_object *value)
{
    if (json_object_is_type(value, json_type_array)) {
        for (size_t i = 0; i < json_object_array_length(value); i++)
            add_members(check, at, setting->members, json_object_array_get_idx(value, i));
    } else if (setting->type == SETTING_TABLE && json_object_is_type(value, json_type_object)) {
        json_object_object_foreach(value, name, item)
        {
            (void)name;
            add_members(check, at, setting->members, item);
        }
    } else {
        add_members(check, at, setting->members, value);
    }
}

static bool is_program(const struct kind_setting *setting)
{
    return setting->type == SETTING_TEXT && setting->widget == WIDGET_CODE;
}

static void add_setting(struct check *check, struct text at, const struct kind_setting *setting, struct json_object *value)
{
    static const char refused[] = "program text may not hold templates: hand values over as arguments or by `env`";
    at.no_secret = setting->no_secret || setting->type == SETTING_ARGV;

    if (setting->type == SETTING_JQ) {
        at.program = json_object_get_string(value);
        at.len = (size_t)json_object_get_string_len(value);
        if (json_object_is_type(value, json_type_string))
            add_program(check, &at);
        return;
    }
    if (setting->type == SETTING_NODE) {
        add_data(check, at.node_id, value);
        return;
    }
    if (setting->members && !json_object_is_type(value, json_type_string)) {
        add_nested(check, &at, setting, value);
        return;
    }
    if (setting->type == SETTING_ARGV && json_object_is_type(value, json_type_array)) {
        int program = template_program_arg(value);
        if (program >= 0 && template_has_json(json_object_array_get_idx(value, (size_t)program)))
            add_error(check, &at, refused);
    } else if (is_program(setting) && template_has_json(value)) {
        add_error(check, &at, refused);
    }
    add_templates(check, &at, value);
}

/* A node's data; what is no node or of no known kind, graph_parse has said. */
static void add_data(struct check *check, const char *node_id, struct json_object *data)
{
    const struct kind *kind = kind_find(json_get_string(data, "kind", ""));

    if (!kind || !json_object_is_type(data, json_type_object))
        return;
    json_object_object_foreach(data, name, value)
    {
        const struct kind_setting *setting = kind_setting_find(kind->settings, name);
        struct text at = {.node_id = node_id, .setting = name};
        if (setting)
            add_setting(check, at, setting, value);
    }
}

static void add_node(struct check *check, struct json_object *node)
{
    add_data(check, json_get_string(node, "id", NULL), json_get(node, "data"));
}

static void add_edge(struct check *check, struct json_object *edge)
{
    struct json_object *condition = json_get(edge, "condition");
    struct text at = {.edge_id = json_get_string(edge, "id", ""), .setting = "condition"};
    if (!json_object_is_type(condition, json_type_string))
        return;
    at.program = json_object_get_string(condition);
    at.len = (size_t)json_object_get_string_len(condition);
    add_program(check, &at);
}

static void compile_batch(struct check *check, const struct text *texts, int n)
{
    struct buf all;
    struct fault fault;

    buf_init(&all, JQ_PROGRAM_MAX);
    for (int i = 0; i < n; i++) {
        buf_puts(&all, i ? ",(" : "(");
        buf_append(&all, texts[i].program, texts[i].len);
        buf_puts(&all, "\n)"); /* the program may end in a comment */
    }
    /* Each is closed in itself (jqlex_check), so together they are right only if each is. */
    int together = n > 1 && !all.err && jqeval_compile(all.data, all.len, &fault) == RS_OK;
    buf_release(&all);
    for (int i = 0; i < n && !together; i++)
        if (jqeval_compile(texts[i].program, texts[i].len, &fault) != RS_OK)
            add_error(check, &texts[i], fault.message);
}

int jqchild_check_main(void)
{
    struct check check = {0};
    struct json_object *definition = NULL;
    struct buf in;
    struct fault fault;
    char bytes[16384];
    ssize_t n;
    int rc = 1;

    jqchild_confine();
    buf_init(&in, JSON_BODY_MAX);
    while ((n = read(STDIN_FILENO, bytes, sizeof bytes)) > 0)
        buf_append(&in, bytes, (size_t)n);
    check.texts = calloc(TEXTS_MAX, sizeof *check.texts);
    check.errors = json_object_new_array();
    if (n < 0 || in.err || !check.texts || !check.errors ||
        json_parse(in.data ? in.data : "", in.len, JSON_BODY_MAX, &definition, &fault) != RS_OK)
        goto out;
    struct json_object *nodes = json_get_array(definition, "nodes"), *edges = json_get_array(definition, "edges");
    for (size_t i = 0; nodes && i < json_object_array_length(nodes); i++)
        add_node(&check, json_object_array_get_idx(nodes, i));
    for (size_t i = 0; edges && i < json_object_array_length(edges); i++)
        add_edge(&check, json_object_array_get_idx(edges, i));
    jqchild_limit_cpu(JQ_CHECK_CPU_S);
    for (int at = 0; at < check.n; at += BATCH)
        compile_batch(&check, check.texts + at, check.n - at < BATCH ? check.n - at : BATCH);
    rc = puts(json_text(check.errors, NULL)) < 0 || fflush(stdout) != 0;
out:
    json_object_put(definition);
    json_object_put(check.errors);
    free(check.texts);
    buf_release(&in);
    return rc;
}
