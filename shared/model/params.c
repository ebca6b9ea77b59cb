/* The `params` of a workflow: their own shape, and an input checked against them. */
#include "model/params.h"

#include "base/id.h"
#include "model/graph.h"

#include <string.h>

#define PARAMS_MAX 200
#define NAME_BYTES_MAX 128

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

/* Which types each further member is for. */
#define ON(type) (1U << (type))
#define TEXTS (ON(PARAM_STRING) | ON(PARAM_SECRET))
#define NUMBERS (ON(PARAM_NUMBER) | ON(PARAM_INTEGER))
static const struct param_member {
    const char *name;
    unsigned types;
    enum json_type type;
    int64_t min, max; /* of whole numbers */
} members[] = {
    {"min", NUMBERS, json_type_double, 0, 0},
    {"max", NUMBERS, json_type_double, 0, 0},
    {"minLength", TEXTS, json_type_int, 0, JSON_BODY_MAX},
    {"maxLength", TEXTS, json_type_int, 0, JSON_BODY_MAX},
    {"pattern", TEXTS, json_type_string, 0, 0},
    {"maxBytes", ON(PARAM_FILE), json_type_int, 1, PARAM_FILE_MAX},
    {"choices", ON(PARAM_ENUM) | ON(PARAM_STRING) | NUMBERS, json_type_array, 0, 0},
    {"enum", ON(PARAM_ENUM) | ON(PARAM_STRING) | NUMBERS | ON(PARAM_BOOLEAN), json_type_array, 0, 0},
    {"required", ~0U, json_type_boolean, 0, 0},
    {"label", ~0U, json_type_string, 0, 0},
    {"description", ~0U, json_type_string, 0, 0},
};

static void check_member(const char *name, enum param_type type, struct json_object *param, const struct param_member *m,
                         struct json_object *errors)
{
    struct json_object *value = json_get(param, m->name);
    const char *wrong = NULL;

    if (value == NULL)
        return;
    if (!(m->types & ON(type))) {
        graph_add_error(errors, NULL, NULL, "param", "param %s: `%s` is not for this type", name, m->name);
        return;
    }
    if (m->type == json_type_double) {
        if (!json_object_is_type(value, json_type_int) && !json_object_is_type(value, json_type_double))
            wrong = "must be a number";
    } else if (!json_object_is_type(value, m->type)) {
        wrong = m->type == json_type_boolean ? "must be true or false" : m->type == json_type_array ? "must be an array"
                : m->type == json_type_int ? "must be a whole number" : "must be a text";
    } else if (m->type == json_type_int && (json_object_get_int64(value) < m->min || json_object_get_int64(value) > m->max)) {
        graph_add_error(errors, NULL, NULL, "param", "param %s: `%s` must be from %lld to %lld", name, m->name,
                        (long long)m->min, (long long)m->max);
    } else if (strcmp(m->name, "pattern") == 0) {
        wrong = param_pattern_check(json_object_get_string(value));
        if (wrong != NULL)
            graph_add_error(errors, NULL, NULL, "param", "param %s: `pattern` cannot be used: %s", name, wrong);
        return;
    } else if (m->type == json_type_array && json_object_array_length(value) == 0) {
        wrong = "must not be empty";
    }
    if (wrong != NULL)
        graph_add_error(errors, NULL, NULL, "param", "param %s: `%s` %s", name, m->name, wrong);
}

static void check_default(const char *name, enum param_type type, struct json_object *param, struct json_object *errors)
{
    struct json_object *value = json_get(param, "default"), *found;

    if (value == NULL)
        return;
    if (type == PARAM_SECRET || type == PARAM_FILE) {
        graph_add_error(errors, NULL, NULL, "param", "param %s: a %s has no default", name,
                        type == PARAM_SECRET ? "secret" : "file");
        return;
    }
    found = json_object_new_array();
    if (!param_check_value(param, value, found))
        graph_add_error(errors, NULL, NULL, "param", "param %s: its `default` does not fit: %s", name,
                        json_get_string(json_object_array_get_idx(found, 0), "message", ""));
    json_object_put(found);
}

static void check_param(struct json_object *params, size_t i, struct json_object *errors)
{
    struct json_object *param = json_object_array_get_idx(params, i);
    const char *name = json_get_string(param, "name", NULL);
    enum param_type type = param_type_of(param);
    size_t k, before = json_object_array_length(errors);

    if (name == NULL || name[0] == '\0' || strlen(name) > NAME_BYTES_MAX) {
        graph_add_error(errors, NULL, NULL, "param", "param %zu needs a `name` of 1 to %d bytes", i + 1, NAME_BYTES_MAX);
        return;
    }
    if (name_used(params, i, name))
        graph_add_error(errors, NULL, NULL, "param", "more than one param has the name %s", name);
    if (type == PARAM_N_TYPES) {
        graph_add_error(errors, NULL, NULL, "param",
                        "param %s: `type` must be string, number, integer, boolean, enum, object, array, file or secret", name);
        return;
    }
    for (k = 0; k < sizeof(members) / sizeof(members[0]); k++)
        check_member(name, type, param, &members[k], errors);
    if (type == PARAM_FILE && !id_valid(name))
        graph_add_error(errors, NULL, NULL, "param", "param %s: a file's name has letters, digits, dots, underscores, hyphens",
                        name);
    if (type == PARAM_ENUM && json_get(param, "choices") == NULL && json_get(param, "enum") == NULL)
        graph_add_error(errors, NULL, NULL, "param", "param %s: an enum needs `choices`", name);
    if (json_object_array_length(errors) == before)
        check_default(name, type, param, errors);
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
    struct json_object *value = json_get(input, name), *fallback = json_get(param, "default");
    size_t before = json_object_array_length(errors);

    if (value != NULL) {
        (void)param_check_value(param, value, errors);
    } else if (fallback != NULL) {
        json_set(input, name, json_object_get(fallback));
    } else if (json_get_bool(param, "required", false)) {
        graph_add_error(errors, NULL, NULL, "missing", "the input needs `%s`", name);
        if (json_object_array_length(errors) > before)
            json_set_string(json_object_array_get_idx(errors, before), "param", name);
    }
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

static struct json_object *copy_of(struct json_object *input)
{
    struct json_object *copy = json_object_new_object();

    if (json_object_is_type(input, json_type_object)) {
        json_object_object_foreach(input, key, value)
            json_set(copy, key, json_object_get(value));
    }
    return copy;
}

static struct json_object *shown_value(enum param_type type, struct json_object *value)
{
    struct json_object *shown;

    if (type == PARAM_SECRET)
        return json_object_new_string(PARAM_SHOWN_SECRET);
    if (type != PARAM_FILE)
        return json_object_get(value);
    shown = copy_of(value);
    json_object_object_del(shown, "data");
    return shown;
}

struct json_object *params_shown(struct json_object *definition, struct json_object *input)
{
    struct json_object *params = json_get_array(definition, "params"), *shown = copy_of(input), *param;
    const char *name;
    size_t i;

    for (i = 0; params != NULL && i < json_object_array_length(params); i++) {
        param = json_object_array_get_idx(params, i);
        name = json_get_string(param, "name", "");
        if (json_get(input, name) != NULL)
            json_set(shown, name, shown_value(param_type_of(param), json_get(input, name)));
    }
    return shown;
}

struct json_object *params_kept(struct json_object *definition, struct json_object *input, struct json_object *old)
{
    struct json_object *params = json_get_array(definition, "params"), *kept = copy_of(input), *param, *shown;
    const char *name;
    size_t i;

    for (i = 0; params != NULL && i < json_object_array_length(params); i++) {
        param = json_object_array_get_idx(params, i);
        name = json_get_string(param, "name", "");
        if (json_get(input, name) == NULL || json_get(old, name) == NULL)
            continue;
        shown = shown_value(param_type_of(param), json_get(old, name));
        if (json_object_equal(shown, json_get(input, name)))
            json_set(kept, name, json_object_get(json_get(old, name)));
        json_object_put(shown);
    }
    return kept;
}
