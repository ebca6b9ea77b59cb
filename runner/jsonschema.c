#include "runner/jsonschema.h"
#include <json-c/json_pointer.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define PATH_BYTES_MAX 256

struct check {
    struct json_object *root;
    int depth, steps;
    char path[PATH_BYTES_MAX]; /* JSON pointer to the value looked at; cut when it is longer */
    struct fault *fault;
};

static enum rs_err look(struct check *c, struct json_object *schema, struct json_object *value);

static enum rs_err wrong(struct check *c, const char *fmt, ...) RS_PRINTF(2, 3);
static enum rs_err wrong(struct check *c, const char *fmt, ...)
{
    char text[256];
    va_list args;
    va_start(args, fmt);
    vsnprintf(text, sizeof text, fmt, args);
    va_end(args);
    return fault_set(c->fault, RS_INVALID, "at %s: %s", *c->path ? c->path : "/", text);
}

/* The value below: its place is part of the path while it is looked at. */
static enum rs_err look_below(struct check *c, const char *name, struct json_object *schema, struct json_object *value)
{
    size_t len = strlen(c->path);
    snprintf(c->path + len, sizeof c->path - len, "/%s", name);
    enum rs_err err = look(c, schema, value);
    c->path[len] = '\0';
    return err;
}

static bool is_whole(struct json_object *value)
{
    if (json_object_is_type(value, json_type_int))
        return true;
    double number = json_object_get_double(value);
    return json_object_is_type(value, json_type_double) && floor(number) == number;
}

static bool is_number(struct json_object *value)
{
    return json_object_is_type(value, json_type_int) || json_object_is_type(value, json_type_double);
}

static bool type_is(const char *type, struct json_object *value)
{
    static const struct {
        const char *name;
        enum json_type type;
    } types[] = {{"null", json_type_null},
                 {"string", json_type_string},
                 {"boolean", json_type_boolean},
                 {"object", json_type_object},
                 {"array", json_type_array}};
    if (strcmp(type, "number") == 0)
        return is_number(value);
    if (strcmp(type, "integer") == 0)
        return is_whole(value);
    for (size_t i = 0; i < sizeof types / sizeof *types; i++)
        if (strcmp(type, types[i].name) == 0)
            return json_object_is_type(value, types[i].type);
    return false;
}

static enum rs_err check_type(struct check *c, struct json_object *type, struct json_object *value)
{
    if (json_object_is_type(type, json_type_string))
        return type_is(json_object_get_string(type), value)
                   ? RS_OK
                   : wrong(c, "must be of type %s, not %s", json_object_get_string(type),
                           json_type_to_name(json_object_get_type(value)));
    if (!json_object_is_type(type, json_type_array))
        return RS_OK;
    for (size_t i = 0; i < json_object_array_length(type); i++) {
        const char *one = json_object_get_string(json_object_array_get_idx(type, i));
        if (one && type_is(one, value))
            return RS_OK;
    }
    return wrong(c, "must be of a type in %.100s", json_text(type, NULL));
}

static bool equal(struct json_object *a, struct json_object *b)
{
    if (is_number(a) && is_number(b))
        return json_object_get_double(a) == json_object_get_double(b);
    return json_object_equal(a, b);
}

static enum rs_err check_values(struct check *c, struct json_object *schema, struct json_object *value)
{
    struct json_object *all = json_get_array(schema, "enum"), *only;
    if (json_object_object_get_ex(schema, "const", &only) && !equal(only, value))
        return wrong(c, "must be %.100s", json_text(only, NULL));
    if (!all)
        return RS_OK;
    for (size_t i = 0; i < json_object_array_length(all); i++)
        if (equal(json_object_array_get_idx(all, i), value))
            return RS_OK;
    return wrong(c, "must be one of %.150s", json_text(all, NULL));
}

/* A bound of a count: minLength, maxItems and the like. */
static enum rs_err check_count(struct check *c, struct json_object *schema, const char *least, const char *most,
                               size_t n, const char *what)
{
    struct json_object *min = json_get(schema, least), *max = json_get(schema, most);
    if (is_number(min) && (double)n < json_object_get_double(min))
        return wrong(c, "must have at least %.0f %s, has %zu", json_object_get_double(min), what, n);
    if (is_number(max) && (double)n > json_object_get_double(max))
        return wrong(c, "must have at most %.0f %s, has %zu", json_object_get_double(max), what, n);
    return RS_OK;
}

static enum rs_err check_number(struct check *c, struct json_object *schema, double n)
{
    static const struct {
        const char *word, *text;
        bool least, open;
    } bounds[] = {{"minimum", "at least", true, false},
                  {"exclusiveMinimum", "more than", true, true},
                  {"maximum", "at most", false, false},
                  {"exclusiveMaximum", "less than", false, true}};
    for (size_t i = 0; i < sizeof bounds / sizeof *bounds; i++) {
        struct json_object *bound = json_get(schema, bounds[i].word);
        if (!is_number(bound))
            continue;
        double b = json_object_get_double(bound);
        bool fits = bounds[i].least ? (bounds[i].open ? n > b : n >= b) : (bounds[i].open ? n < b : n <= b);
        if (!fits)
            return wrong(c, "must be %s %g", bounds[i].text, b);
    }
    struct json_object *unit = json_get(schema, "multipleOf");
    double of = is_number(unit) ? json_object_get_double(unit) : 0;
    if (of > 0 && fabs(n / of - round(n / of)) > 1e-9)
        return wrong(c, "must be a multiple of %g", of);
    return RS_OK;
}

static size_t n_characters(struct json_object *value)
{
    const char *text = json_object_get_string(value);
    size_t n = 0;
    for (int i = 0; i < json_object_get_string_len(value); i++)
        n += ((unsigned char)text[i] & 0xC0) != 0x80;
    return n;
}

static enum rs_err check_array(struct check *c, struct json_object *schema, struct json_object *value)
{
    struct json_object *first = json_get_array(schema, "prefixItems"), *items;
    size_t n = json_object_array_length(value), n_first = first ? json_object_array_length(first) : 0;
    bool has_items = json_object_object_get_ex(schema, "items", &items);
    char name[24];
    enum rs_err err = check_count(c, schema, "minItems", "maxItems", n, "items");

    for (size_t i = 0; !err && i < n; i++) {
        snprintf(name, sizeof name, "%zu", i);
        if (i < n_first)
            err = look_below(c, name, json_object_array_get_idx(first, i), json_object_array_get_idx(value, i));
        else if (has_items)
            err = look_below(c, name, items, json_object_array_get_idx(value, i));
    }
    for (size_t i = 1; !err && json_get_bool(schema, "uniqueItems", false) && i < n; i++)
        for (size_t k = 0; !err && k < i; k++) {
            if (++c->steps > JSONSCHEMA_STEPS_MAX)
                return fault_set(c->fault, RS_LIMIT, "it takes too long to compare the value with its schema");
            if (equal(json_object_array_get_idx(value, i), json_object_array_get_idx(value, k)))
                err = wrong(c, "items %zu and %zu are the same", k, i);
        }
    return err;
}

static enum rs_err check_object(struct check *c, struct json_object *schema, struct json_object *value)
{
    struct json_object *properties = json_get(schema, "properties"), *required = json_get_array(schema, "required"),
                       *more = NULL, *below;
    bool has_more = json_object_object_get_ex(schema, "additionalProperties", &more);
    enum rs_err err =
        check_count(c, schema, "minProperties", "maxProperties", (size_t)json_object_object_length(value), "members");

    for (size_t i = 0; !err && required && i < json_object_array_length(required); i++) {
        const char *name = json_object_get_string(json_object_array_get_idx(required, i));
        if (name && !json_object_object_get_ex(value, name, NULL))
            err = wrong(c, "the member `%.64s` is missing", name);
    }
    json_object_object_foreach(value, name, member)
    {
        if (err)
            break;
        if (json_object_is_type(properties, json_type_object) && json_object_object_get_ex(properties, name, &below))
            err = look_below(c, name, below, member);
        else if (has_more && json_object_is_type(more, json_type_boolean) && !json_object_get_boolean(more))
            err = wrong(c, "there must be no member `%.64s`", name);
        else if (has_more)
            err = look_below(c, name, more, member);
    }
    return err;
}

/* How many of these fit: those of anyOf and oneOf, whose faults are not told one by one. */
static enum rs_err count_fitting(struct check *c, struct json_object *schemas, struct json_object *value, int *ret_n)
{
    struct fault *fault = c->fault, unsaid;
    enum rs_err err = RS_OK;
    *ret_n = 0;
    for (size_t i = 0; i < json_object_array_length(schemas) && (!err || err == RS_INVALID); i++) {
        c->fault = &unsaid;
        err = look(c, json_object_array_get_idx(schemas, i), value);
        c->fault = fault;
        *ret_n += err == RS_OK;
    }
    return err && err != RS_INVALID ? fault_set(fault, err, "%s", unsaid.message) : RS_OK;
}

static enum rs_err check_combined(struct check *c, struct json_object *schema, struct json_object *value)
{
    struct json_object *all = json_get_array(schema, "allOf"), *any = json_get_array(schema, "anyOf"),
                       *one = json_get_array(schema, "oneOf"), *not = NULL;
    enum rs_err err = RS_OK;
    int n;

    for (size_t i = 0; !err && all && i < json_object_array_length(all); i++)
        err = look(c, json_object_array_get_idx(all, i), value);
    if (!err && any && (err = count_fitting(c, any, value, &n)) == RS_OK && n == 0)
        err = wrong(c, "fits none of `anyOf`");
    if (!err && one && (err = count_fitting(c, one, value, &n)) == RS_OK && n != 1)
        err = wrong(c, "fits %d of `oneOf`, must fit one", n);
    if (!err && json_object_object_get_ex(schema, "not", &not )) {
        struct json_object *list = json_object_new_array();
        json_object_array_add(list, json_object_get(not ));
        if ((err = count_fitting(c, list, value, &n)) == RS_OK && n > 0)
            err = wrong(c, "fits what `not` forbids");
        json_object_put(list);
    }
    return err;
}

static enum rs_err follow(struct check *c, const char *ref, struct json_object *value)
{
    struct json_object *target = c->root;
    if (*ref != '#' || (ref[1] && json_pointer_get(c->root, ref + 1, &target) != 0))
        return fault_set(c->fault, RS_UNPROCESSABLE, "the schema's $ref \"%.100s\" leads nowhere", ref);
    return look(c, target, value);
}

static enum rs_err check_words(struct check *c, struct json_object *schema, struct json_object *value)
{
    const char *ref = json_get_string(schema, "$ref", NULL);
    enum rs_err err = ref ? follow(c, ref, value) : RS_OK;

    if (!err)
        err = check_type(c, json_get(schema, "type"), value);
    if (!err)
        err = check_values(c, schema, value);
    if (!err && is_number(value))
        err = check_number(c, schema, json_object_get_double(value));
    if (!err && json_object_is_type(value, json_type_string))
        err = check_count(c, schema, "minLength", "maxLength", n_characters(value), "characters");
    if (!err && json_object_is_type(value, json_type_array))
        err = check_array(c, schema, value);
    if (!err && json_object_is_type(value, json_type_object))
        err = check_object(c, schema, value);
    return err ? err : check_combined(c, schema, value);
}

static enum rs_err look(struct check *c, struct json_object *schema, struct json_object *value)
{
    enum rs_err err = RS_OK;

    if (++c->steps > JSONSCHEMA_STEPS_MAX || c->depth >= JSONSCHEMA_DEPTH_MAX)
        return fault_set(c->fault, RS_LIMIT, "the schema is too deep, or it takes too long to compare a value with it");
    c->depth++;
    if (json_object_is_type(schema, json_type_boolean) && !json_object_get_boolean(schema))
        err = wrong(c, "nothing fits the schema `false`");
    else if (json_object_is_type(schema, json_type_object))
        err = check_words(c, schema, value);
    c->depth--;
    return err;
}

enum rs_err jsonschema_check(struct json_object *schema, struct json_object *value, struct fault *fault)
{
    struct check c = {.root = schema, .fault = fault};
    return look(&c, schema, value);
}
