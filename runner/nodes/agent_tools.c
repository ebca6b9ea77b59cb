/* The tools a model may call: kinds of group tool, as functions with a JSON Schema of their settings. */
#include "model/kind_schema.h"
#include "model/session.h"
#include "model/workflow.h"
#include "runner/nodes/agent.h"
#include "runner/template.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Settings of a node that are about its place in a workflow, not about what it does. */
static bool is_common(const char *name)
{
    for (const struct kind_setting *s = kind_common_settings; s->name; s++)
        if (strcmp(s->name, name) == 0)
            return true;
    return false;
}

static struct json_object *definition_of(const struct node *node, const char *id)
{
    struct json_object *all = json_get(node->data, "toolDefinitions");
    return json_object_is_type(all, json_type_object) ? json_get(all, id) : NULL;
}

/* The saved workflow that a tool runs; NULL: it is of another kind. */
static const char *workflow_of(const struct node *node, const char *id)
{
    static const char prefix[] = "workflow:";
    struct json_object *definition = definition_of(node, id);
    if (definition)
        return json_get_string(definition, "workflow", NULL);
    return strncmp(id, prefix, sizeof prefix - 1) == 0 ? id + sizeof prefix - 1 : NULL;
}

static bool is_program(const struct kind_setting *setting)
{
    return setting->type == SETTING_ARGV || setting->type == SETTING_JQ || setting->widget == WIDGET_CODE;
}

/* Values must not become program text, as in the kinds themselves, which see the settings evaluated. */
static bool is_built_program(const struct node *node, const char *id, const struct kind *kind)
{
    struct json_object *settings = json_get(json_get(json_get(node->def->data, "toolDefinitions"), id), "settings");
    for (const struct kind_setting *s = kind->settings; s->name; s++)
        if (is_program(s) && template_has_json(json_get(settings, s->name)))
            return true;
    return false;
}

/* Has the model a say in this setting? Not in the environment of a program that is fixed: by it, most can be made to do
 * something else (PATH, LD_PRELOAD, BASH_ENV, ...). */
static bool is_open(const struct agent_tool *tool, const char *name)
{
    if (json_get(tool->fixed, name))
        return false;
    for (const struct kind_setting *s = tool->kind->settings; s->name && strcmp(name, "env") == 0; s++)
        if (is_program(s) && json_get(tool->fixed, s->name))
            return false;
    return true;
}

/* As endpoints take it: letters, digits, _ and -. */
static void name_function(struct agent_tools *tools, struct agent_tool *tool)
{
    char suffix[16] = "";
    size_t len = strlen(tool->id);
    for (int again = 2;; again++) {
        size_t room = AGENT_TOOL_NAME_MAX - strlen(suffix);
        snprintf(tool->function, sizeof tool->function, "%.*s%s", (int)(len < room ? len : room), tool->id, suffix);
        for (char *p = tool->function; *p; p++)
            if (!strchr("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-", *p))
                *p = '_';
        if (!agent_tools_find(tools, tool->function))
            return;
        snprintf(suffix, sizeof suffix, "_%d", again);
    }
}

static enum rs_err add(struct agent_tools *tools, const struct node *node, const char *id, struct fault *fault)
{
    struct json_object *definition = definition_of(node, id), *fixed = json_get(definition, "settings"), *record = NULL;
    const char *workflow = workflow_of(node, id), *told;
    const struct kind *kind = kind_find(workflow ? "subworkflow" : json_get_string(definition, "kind", id));
    struct agent_tool tool = {.kind = kind};

    if (!kind || (!workflow && strcmp(kind->group, "tool") != 0))
        return fault_set(
            fault, RS_INVALID,
            "\"%.64s\" is no tool: name a kind of group tool, workflow:ID, or define it in `toolDefinitions`", id);
    if (!*id || strlen(id) > ID_MAX || tools->n == AGENT_TOOLS_MAX)
        return fault_set(fault, RS_LIMIT, "an agent may have %d tools, with names of 1 to %d bytes", AGENT_TOOLS_MAX,
                         ID_MAX);
    if (is_built_program(node, id, kind))
        return fault_set(
            fault, RS_INVALID,
            "the tool \"%.64s\": program text may not hold templates: hand values over by `env` or `stdin`", id);
    snprintf(tool.id, sizeof tool.id, "%s", id);
    for (int i = 0; i < tools->n; i++)
        if (strcmp(tools->all[i].id, id) == 0)
            return RS_OK;
    if (workflow && workflow_get(&node->x->store, node->x->claim.org, workflow, &record, fault) != RS_OK)
        return fault_set(fault, RS_INVALID, "the tool \"%.64s\": there is no workflow %.64s", id, workflow);
    told = json_get_string(record, "description", json_get_string(record, "name", kind->help));
    tool.description = strdup(json_get_string(definition, "description", told));
    if (workflow) {
        tool.params =
            json_get_array(record, "params") ? json_object_get(json_get(record, "params")) : json_object_new_array();
        tool.fixed = json_object_new_object();
        json_set_string(tool.fixed, "workflow", workflow);
    } else if (json_object_is_type(fixed, json_type_object)) {
        tool.fixed = json_object_get(fixed);
    }
    json_object_put(record);
    name_function(tools, &tool);
    if (!tool.description)
        return fault_set(fault, RS_NOMEM, "out of memory");
    tools->all[tools->n++] = tool;
    return RS_OK;
}

static enum rs_err add_enabled(struct agent_tools *tools, const struct node *node, struct fault *fault)
{
    struct execution *x = node->x;
    struct json_object *session = NULL;
    enum rs_err err = session_get(&x->store, x->claim.org, x->claim.session_id, &session, fault);

    if (err == RS_NOT_FOUND)
        return RS_OK;
    struct json_object *all = json_get(session, "tools");
    if (!err && json_object_is_type(all, json_type_object)) {
        json_object_object_foreach(all, id, on)
        {
            /* A session may know of tools that are none here. */
            if (!err && json_object_get_boolean(on) && (err = add(tools, node, id, fault)) == RS_INVALID)
                err = RS_OK;
        }
    }
    json_object_put(session);
    return err;
}

enum rs_err agent_tools_init(struct agent_tools *tools, const struct node *node, struct fault *fault)
{
    struct json_object *named = json_get_array(node->data, "tools");
    enum rs_err err = RS_OK;

    *tools = (struct agent_tools){.all = calloc(AGENT_TOOLS_MAX, sizeof *tools->all)};
    if (!tools->all)
        return fault_set(fault, RS_NOMEM, "out of memory");
    if (!named && json_get(node->data, "tools"))
        return fault_set(fault, RS_INVALID, "`tools` is no list of names");
    for (size_t i = 0; !err && named && i < json_object_array_length(named); i++) {
        struct json_object *id = json_object_array_get_idx(named, i);
        err = json_object_is_type(id, json_type_string) ? add(tools, node, json_object_get_string(id), fault)
                                                        : fault_set(fault, RS_INVALID, "`tools` is no list of names");
    }
    if (!named && node->x->claim.session_id[0])
        err = add_enabled(tools, node, fault);
    return err;
}

void agent_tools_release(struct agent_tools *tools)
{
    for (int i = 0; i < tools->n; i++) {
        json_object_put(tools->all[i].params);
        json_object_put(tools->all[i].fixed);
        free(tools->all[i].description);
    }
    free(tools->all);
    *tools = (struct agent_tools){0};
}

const struct agent_tool *agent_tools_find(const struct agent_tools *tools, const char *function)
{
    for (int i = 0; i < tools->n; i++)
        if (strcmp(tools->all[i].function, function) == 0)
            return &tools->all[i];
    return NULL;
}

enum rs_err agent_tool_enabled(const struct agent_tool *tool, const struct node *node, bool *ret, struct fault *fault)
{
    struct execution *x = node->x;

    *ret = true;
    return x->claim.session_id[0]
               ? session_tool_enabled(&x->store, x->claim.org, x->claim.session_id, tool->id, ret, fault)
               : RS_OK;
}

/* The schema of a workflow's input, from its params. What a param is besides (file, secret) is a text for the model. */
static struct json_object *workflow_parameters(const struct agent_tool *tool)
{
    static const char *const types[] = {"number", "integer", "boolean", "object", "array"};
    static const char *const same[][2] = {
        {"enum", "enum"}, {"choices", "enum"}, {"default", "default"}, {"description", "description"}};
    struct json_object *out = json_object_new_object(), *properties = json_object_new_object(),
                       *wanted = json_object_new_array(), *value;

    for (size_t i = 0; i < json_object_array_length(tool->params); i++) {
        struct json_object *param = json_object_array_get_idx(tool->params, i), *property = json_object_new_object();
        const char *name = json_get_string(param, "name", ""), *type = json_get_string(param, "type", "string");
        json_set_string(property, "type", "string");
        for (size_t k = 0; k < sizeof types / sizeof *types; k++)
            if (strcmp(type, types[k]) == 0)
                json_set_string(property, "type", type);
        for (size_t k = 0; k < sizeof same / sizeof *same; k++)
            if ((value = json_get(param, same[k][0])))
                json_set(property, same[k][1], json_object_get(value));
        json_set(properties, name, property);
        if (json_get_bool(param, "required", false))
            json_object_array_add(wanted, json_object_new_string(name));
    }
    json_set_string(out, "type", "object");
    json_set(out, "properties", properties);
    json_set(out, "required", wanted);
    return out;
}

/* The schema of the settings the model has a say in. */
static struct json_object *parameters_of(const struct agent_tool *tool)
{
    struct json_object *schema = kind_schema(tool->kind), *properties = json_get(schema, "properties"),
                       *required = json_get_array(schema, "required"), *out = json_object_new_object(),
                       *mine = json_object_new_object(), *wanted = json_object_new_array();

    if (json_object_is_type(properties, json_type_object)) {
        json_object_object_foreach(properties, name, property)
        {
            if (strcmp(name, "kind") != 0 && !is_common(name) && is_open(tool, name))
                json_set(mine, name, json_object_get(property));
        }
    }
    for (size_t i = 0; required && i < json_object_array_length(required); i++) {
        struct json_object *name = json_object_array_get_idx(required, i);
        if (json_object_object_get_ex(mine, json_object_get_string(name), NULL))
            json_object_array_add(wanted, json_object_get(name));
    }
    json_set_string(out, "type", "object");
    json_set(out, "properties", mine);
    json_set(out, "required", wanted);
    json_object_put(schema);
    return out;
}

static struct json_object *function_of(const struct agent_tool *tool)
{
    struct json_object *item = json_object_new_object(), *function = json_object_new_object();

    json_set_string(function, "name", tool->function);
    json_set_string(function, "description", tool->description);
    json_set(function, "parameters", tool->params ? workflow_parameters(tool) : parameters_of(tool));
    json_set_string(item, "type", "function");
    json_set(item, "function", function);
    return item;
}

enum rs_err agent_tools_json(const struct agent_tools *tools, const struct node *node, struct json_object **ret,
                             struct fault *fault)
{
    struct json_object *list = json_object_new_array();
    bool on;

    *ret = NULL;
    for (int i = 0; i < tools->n; i++) {
        enum rs_err err = agent_tool_enabled(&tools->all[i], node, &on, fault);
        if (err) {
            json_object_put(list);
            return err;
        }
        if (on)
            json_object_array_add(list, function_of(&tools->all[i]));
    }
    if (json_object_array_length(list) > 0)
        *ret = list;
    else
        json_object_put(list);
    return RS_OK;
}

/* Models say null where they mean nothing. */
static void drop_nulls(struct json_object *given)
{
    struct json_object_iterator at = json_object_iter_begin(given), end = json_object_iter_end(given);
    while (!json_object_iter_equal(&at, &end)) {
        const char *name = json_object_iter_peek_name(&at);
        bool is_null = !json_object_iter_peek_value(&at);
        json_object_iter_next(&at);
        if (is_null)
            json_object_object_del(given, name);
    }
}

static enum rs_err check_arguments(const struct agent_tool *tool, struct json_object *given, struct fault *fault)
{
    json_object_object_foreach(given, name, value)
    {
        const struct kind_setting *setting = kind_setting_find(tool->kind->settings, name);
        if (!setting || !is_open(tool, name))
            return fault_set(fault, RS_INVALID, "%s has no argument `%.64s`", tool->function, name);
        /* Where a template may stand in a workflow, a text would pass for any type. */
        if (json_object_is_type(value, json_type_string) && setting->type != SETTING_TEXT &&
            setting->type != SETTING_WORD && setting->type != SETTING_ANY && setting->type != SETTING_JQ)
            return fault_set(fault, RS_INVALID, "the argument `%.64s` must not be a text", name);
    }
    return RS_OK;
}

enum rs_err agent_tool_settings(const struct agent_tool *tool, const char *arguments, struct json_object **ret,
                                struct fault *fault)
{
    struct json_object *given = NULL, *errors = json_object_new_array();
    struct fault why = {0};
    enum rs_err err = RS_OK;

    if (*arguments && json_parse(arguments, strlen(arguments), CHAT_ARGUMENTS_MAX + 1, &given, &why) != RS_OK) {
        err = fault_set(fault, RS_INVALID, "the arguments are not JSON: %.300s", why.message);
        goto out;
    }
    if (!given)
        given = json_object_new_object();
    if (!json_object_is_type(given, json_type_object)) {
        err = fault_set(fault, RS_INVALID, "the arguments are no JSON object");
        goto out;
    }
    if (tool->params) { /* the workflow looks at its input itself */
        struct json_object *input = given;
        given = json_object_new_object();
        json_set(given, "input", input);
    } else if ((err = check_arguments(tool, given, fault))) {
        goto out;
    }
    if (tool->fixed) {
        json_object_object_foreach(tool->fixed, name, value) json_set(given, name, json_object_get(value));
    }
    drop_nulls(given);
    json_set_string(given, "kind", tool->kind->name);
    graph_check_settings(tool->id, tool->kind, given, errors);
    if (json_object_array_length(errors) > 0)
        err =
            fault_set(fault, RS_INVALID, "%.400s",
                      json_get_string(json_object_array_get_idx(errors, 0), "message", "the arguments are not valid"));
    json_object_object_foreach(given, name, value)
    {
        const struct kind_setting *setting = kind_setting_find(tool->kind->settings, name);
        if (!err && setting && !graph_word_fits(setting, value))
            err = fault_set(fault, RS_INVALID, "the argument `%s` must be one of %s", setting->name, setting->choices);
    }
out:
    json_object_put(errors);
    if (err)
        json_object_put(given);
    else
        *ret = given;
    return err;
}
