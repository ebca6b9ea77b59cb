/* The `params` of a workflow: their own shape, and an input checked against them. */
#include "model/graph.h"

#include <string.h>

#define PARAMS_MAX 200
#define NAME_BYTES_MAX 128

/* Rows of the types a param may have. */
static const struct param_type {
    const char *name;
    enum json_type type;
    const char *words;
} types[] = {
    {"string", json_type_string, "a text"},      {"number", json_type_double, "a number"},
    {"integer", json_type_int, "a whole number"}, {"boolean", json_type_boolean, "true or false"},
    {"object", json_type_object, "an object"},    {"array", json_type_array, "an array"},
};

static const struct param_type *type_find(const char *name)
{
    size_t i;

    for (i = 0; i < sizeof(types) / sizeof(types[0]); i++)
        if (strcmp(types[i].name, name) == 0)
            return &types[i];
    return NULL;
}

static bool type_fits(const struct param_type *type, struct json_object *value)
{
    double number;

    if (json_object_is_type(value, type->type))
        return true;
    if (type->type == json_type_double)
        return json_object_is_type(value, json_type_int);
    if (type->type == json_type_int && json_object_is_type(value, json_type_double)) {
        number = json_object_get_double(value); /* 3.0 is whole */
        return number >= -9007199254740992.0 && number <= 9007199254740992.0 && (double)(int64_t)number == number;
    }
    return false;
}

static bool enum_has(struct json_object *choices, struct json_object *value)
{
    size_t i;

    for (i = 0; i < json_object_array_length(choices); i++)
        if (json_object_equal(json_object_array_get_idx(choices, i), value))
            return true;
    return false;
}

static bool name_used(struct json_object *params, size_t before, const char *name)
{
    size_t i;
    const char *other;

    for (i = 0; i < before; i++) {
        other = json_get_string(json_object_array_get_idx(params, i), "name", NULL);
        if (other != NULL && strcmp(other, name) == 0)
            return true;
    }
    return false;
}

static void check_param(struct json_object *params, size_t i, struct json_object *errors)
{
    struct json_object *param = json_object_array_get_idx(params, i), *value, *choices = json_get(param, "enum");
    const char *name = json_get_string(param, "name", NULL), *type_name = json_get_string(param, "type", NULL);
    const struct param_type *type = type_name != NULL ? type_find(type_name) : NULL;

    if (name == NULL || name[0] == '\0' || strlen(name) > NAME_BYTES_MAX) {
        graph_add_error(errors, NULL, NULL, "param", "param %zu needs a `name` of 1 to %d bytes", i + 1, NAME_BYTES_MAX);
        return;
    }
    if (name_used(params, i, name))
        graph_add_error(errors, NULL, NULL, "param", "more than one param has the name %s", name);
    if (type == NULL)
        graph_add_error(errors, NULL, NULL, "param",
                        "param %s: `type` must be string, number, integer, boolean, object or array", name);
    value = json_get(param, "required");
    if (value != NULL && !json_object_is_type(value, json_type_boolean))
        graph_add_error(errors, NULL, NULL, "param", "param %s: `required` must be true or false", name);
    if (choices != NULL && !json_object_is_type(choices, json_type_array)) {
        graph_add_error(errors, NULL, NULL, "param", "param %s: `enum` must be an array", name);
        choices = NULL;
    }
    value = json_get(param, "default");
    if (value != NULL && type != NULL && !type_fits(type, value))
        graph_add_error(errors, NULL, NULL, "param", "param %s: its `default` is not %s", name, type->words);
    else if (value != NULL && choices != NULL && !enum_has(choices, value))
        graph_add_error(errors, NULL, NULL, "param", "param %s: its `default` is none of its `enum`", name);
}

void graph_check_params(struct json_object *definition, struct json_object *errors)
{
    struct json_object *params = json_get(definition, "params");
    size_t i, n;

    if (params == NULL)
        return;
    if (!json_object_is_type(params, json_type_array)) {
        graph_add_error(errors, NULL, NULL, "param", "`params` must be an array");
        return;
    }
    n = json_object_array_length(params);
    if (n > PARAMS_MAX) {
        graph_add_error(errors, NULL, NULL, "limit", "the workflow has %zu params; at most %d are allowed", n, PARAMS_MAX);
        return;
    }
    for (i = 0; i < n; i++)
        check_param(params, i, errors);
}

static void check_value(struct json_object *param, struct json_object *input, struct json_object *errors)
{
    const char *name = json_get_string(param, "name", "");
    const struct param_type *type = type_find(json_get_string(param, "type", ""));
    struct json_object *value = json_get(input, name), *fallback = json_get(param, "default"),
                       *choices = json_get_array(param, "enum");
    size_t before = json_object_array_length(errors);

    if (value == NULL && fallback != NULL) {
        json_set(input, name, json_object_get(fallback));
    } else if (value == NULL) {
        if (json_get_bool(param, "required", false))
            graph_add_error(errors, NULL, NULL, "missing", "the input needs `%s`", name);
    } else if (type != NULL && !type_fits(type, value)) {
        graph_add_error(errors, NULL, NULL, "type", "`%s` must be %s", name, type->words);
    } else if (choices != NULL && !enum_has(choices, value)) {
        graph_add_error(errors, NULL, NULL, "enum", "`%s` must be one of %.500s", name, json_text(choices, NULL));
    }
    if (json_object_array_length(errors) > before)
        json_set_string(json_object_array_get_idx(errors, before), "param", name);
}

enum rs_err graph_check_input(struct json_object *definition, struct json_object *input, struct json_object *errors,
                              struct json_object **ret, struct fault *fault)
{
    struct json_object *params = json_get_array(definition, "params"), *checked = json_object_new_object();
    size_t i, before = json_object_array_length(errors);
    enum rs_err err = RS_OK;

    if (checked == NULL)
        return fault_set(fault, RS_NOMEM, "no memory for the input");
    if (input != NULL && !json_object_is_type(input, json_type_object)) {
        graph_add_error(errors, NULL, NULL, "type", "the input must be an object");
    } else {
        if (input != NULL) {
            json_object_object_foreach(input, key, value)
                json_set(checked, key, json_object_get(value));
        }
        for (i = 0; params != NULL && i < json_object_array_length(params); i++)
            check_value(json_object_array_get_idx(params, i), checked, errors);
    }
    if (json_object_array_length(errors) > before)
        err = fault_set(fault, RS_UNPROCESSABLE, "%s",
                        json_get_string(json_object_array_get_idx(errors, before), "message", ""));
    if (err == RS_OK)
        *ret = checked;
    else
        json_object_put(checked);
    return err;
}
