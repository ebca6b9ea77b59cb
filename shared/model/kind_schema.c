#include "model/kind_schema.h"

#include <string.h>

#define FALLBACK_MAX 1000 /* bytes of a setting's default */
/* What graph_check takes for SETTING_ERRORS, besides HTTP statuses as numbers. */
#define KIND_ERROR_NAMES \
    "^(timeout|exit|expression|model|limit|input|[1-5]xx|exit:0*([0-9]|[1-9][0-9]|1[0-9][0-9]|2[0-4][0-9]|25[0-5]))$"

static struct json_object *typed(const char *type)
{
    struct json_object *schema = json_object_new_object();

    json_set_string(schema, "type", type);
    return schema;
}

static struct json_object *words(const char *choices)
{
    struct json_object *schema = json_object_new_object(), *list = json_object_new_array();
    const char *at, *end;

    for (at = choices; at != NULL; at = *end != '\0' ? end + 1 : NULL) {
        end = strchrnul(at, '|');
        json_object_array_add(list, json_object_new_string_len(at, (int)(end - at)));
    }
    json_set(schema, "enum", list);
    return schema;
}

static struct json_object *number(const struct kind_setting *s, const char *type)
{
    struct json_object *schema = typed(type);

    if (s->min != 0 || s->max != 0) {
        json_set_int(schema, "minimum", s->min);
        json_set_int(schema, "maximum", s->max);
    }
    return schema;
}

static struct json_object *array_of(struct json_object *items, bool may_be_empty)
{
    struct json_object *schema = typed("array");

    json_set(schema, "items", items);
    if (!may_be_empty)
        json_set_int(schema, "minItems", 1);
    return schema;
}

static struct json_object *any_of(struct json_object *a, struct json_object *b)
{
    struct json_object *schema = json_object_new_object(), *list = json_object_new_array();

    json_object_array_add(list, a);
    json_object_array_add(list, b);
    json_set(schema, "anyOf", list);
    return schema;
}

static struct json_object *http_status(void)
{
    struct json_object *schema = typed("integer");

    json_set_int(schema, "minimum", 100);
    json_set_int(schema, "maximum", 599);
    return schema;
}

static struct json_object *pattern(const char *regex)
{
    struct json_object *schema = typed("string");

    json_set_string(schema, "pattern", regex);
    return schema;
}

static struct json_object *scalars(void)
{
    static const char *const types[] = {"string", "number", "boolean"};
    struct json_object *schema = json_object_new_object(), *list = json_object_new_array();
    unsigned i;

    for (i = 0; i < sizeof(types) / sizeof(types[0]); i++)
        json_object_array_add(list, json_object_new_string(types[i]));
    json_set(schema, "type", list);
    return schema;
}

static struct json_object *members_schema(const struct kind_setting *members);

/* What the setting must be, leaving templates aside. */
static struct json_object *value_schema(const struct kind_setting *s)
{
    struct json_object *schema;

    switch (s->type) {
    case SETTING_TEXT:
        return typed("string");
    case SETTING_JQ:
        schema = typed("string");
        json_set_int(schema, "minLength", 1);
        return schema;
    case SETTING_INTEGER:
        return number(s, "integer");
    case SETTING_NUMBER:
        return number(s, "number");
    case SETTING_BOOL:
        return typed("boolean");
    case SETTING_ARGV:
        return array_of(typed("string"), false);
    case SETTING_TEXTS:
        return array_of(typed("string"), true);
    case SETTING_OBJECT:
        return s->members != NULL ? members_schema(s->members) : typed("object");
    case SETTING_NODE:
        return typed("object");
    case SETTING_LIST:
        return array_of(members_schema(s->members), true);
    case SETTING_TABLE:
        schema = typed("object");
        json_set(schema, "additionalProperties", members_schema(s->members));
        return schema;
    case SETTING_MAP:
        schema = typed("object");
        json_set(schema, "additionalProperties", scalars());
        return schema;
    case SETTING_STATUSES:
        return any_of(http_status(), array_of(http_status(), false));
    case SETTING_ERRORS:
        return array_of(any_of(http_status(), pattern(KIND_ERROR_NAMES)), false);
    case SETTING_WORD:
        return words(s->choices);
    case SETTING_WORDS:
        return array_of(words(s->choices), true);
    case SETTING_ANY:
        break;
    }
    return json_object_new_object();
}

static const char *widget_name(const struct kind_setting *s)
{
    static const char *const names[] = {
        [WIDGET_BY_TYPE] = NULL,   [WIDGET_MULTILINE] = "multiline", [WIDGET_CODE] = "code",
        [WIDGET_SECRET] = "secret", [WIDGET_CRON] = "cron",           [WIDGET_WORKFLOW] = "workflow",
        [WIDGET_MODEL] = "model",
    };

    return s->type == SETTING_JQ ? "jq" : s->type == SETTING_NODE ? "node" : names[s->widget];
}

static bool takes_template(const struct kind_setting *s)
{
    return !s->literal && s->type != SETTING_JQ && s->widget != WIDGET_CODE;
}

/* A string that is one template is taken in place of these. */
static bool wants_template_form(const struct kind_setting *s)
{
    return takes_template(s) && s->type != SETTING_TEXT && s->type != SETTING_ANY;
}

static struct json_object *fallback_of(const struct kind_setting *s)
{
    struct json_object *value = NULL;

    return s->fallback != NULL && json_parse(s->fallback, strlen(s->fallback), FALLBACK_MAX, &value, NULL) == RS_OK
               ? value
               : NULL;
}

static struct json_object *setting_schema(const struct kind_setting *s)
{
    struct json_object *schema = value_schema(s), *reference;

    if (wants_template_form(s)) {
        reference = json_object_new_object();
        json_set_string(reference, "$ref", "#/$defs/template");
        schema = any_of(schema, reference);
    }
    json_set_string(schema, "description", s->help);
    if (s->fallback != NULL)
        json_set(schema, "default", fallback_of(s));
    json_set_string(schema, "x-widget", widget_name(s));
    if (takes_template(s))
        json_set_bool(schema, "x-template", true);
    return schema;
}

static void add_settings(struct json_object *properties, struct json_object *required, const struct kind_setting *s,
                         bool common)
{
    struct json_object *schema;

    for (; s->name != NULL; s++) {
        schema = setting_schema(s);
        if (common)
            json_set_bool(schema, "x-common", true);
        json_set(properties, s->name, schema);
        if (s->required)
            json_object_array_add(required, json_object_new_string(s->name));
    }
}

static struct json_object *members_schema(const struct kind_setting *members)
{
    struct json_object *schema = typed("object"), *properties = json_object_new_object();
    struct json_object *required = json_object_new_array();

    json_set(schema, "properties", properties);
    json_set(schema, "required", required);
    add_settings(properties, required, members, false);
    return schema;
}

struct json_object *kind_schema(const struct kind *kind)
{
    struct json_object *schema = json_object_new_object(), *properties = json_object_new_object();
    struct json_object *required = json_object_new_array(), *name = json_object_new_object();
    struct json_object *defs = json_object_new_object();

    json_set_string(schema, "$schema", "https://json-schema.org/draft/2020-12/schema");
    json_set_string(schema, "title", kind->label);
    json_set_string(schema, "description", kind->help);
    json_set_string(schema, "type", "object");
    json_set(schema, "properties", properties);
    json_set(schema, "required", required);
    json_set_string(name, "const", kind->name);
    json_set(properties, "kind", name);
    json_object_array_add(required, json_object_new_string("kind"));
    add_settings(properties, required, kind->settings, false);
    add_settings(properties, required, kind_common_settings, true);
    json_set(defs, "template", pattern("^\\{\\{[\\s\\S]*\\}\\}$"));
    json_set(schema, "$defs", defs);
    return schema;
}

static struct json_object *outputs_json(const struct kind *kind)
{
    struct json_object *list = json_object_new_array(), *item;
    const struct kind_output *o;

    for (o = kind->outputs; o->name != NULL; o++) {
        item = json_object_new_object();
        json_set_string(item, "name", o->name);
        json_set_string(item, "type", o->type);
        json_set_string(item, "help", o->help);
        json_object_array_add(list, item);
    }
    return list;
}

struct json_object *kind_describe(const struct kind *kind)
{
    static const char *const repeats[] = {
        [REPEAT_FREELY] = "freely", [REPEAT_NEVER] = "never", [REPEAT_BY_METHOD] = "byMethod"};
    struct json_object *item = json_object_new_object(), *handles = words(kind->handles);

    json_set_string(item, "kind", kind->name);
    json_set_string(item, "type", kind->group);
    json_set_string(item, "label", kind->label);
    json_set_string(item, "help", kind->help);
    json_set_string(item, "repeat", repeats[kind->repeat]);
    json_set(item, "handles", json_object_get(json_get(handles, "enum")));
    json_set_string(item, "handlesFrom", kind->handles_from);
    json_set(item, "outputs", outputs_json(kind));
    json_set(item, "schema", kind_schema(kind));
    json_object_put(handles);
    return item;
}
