/* What can be said of a definition without its edges: its head, and each node's settings against the kind's table. */
#include "model/graph.h"

#include "base/id.h"
#include "base/utf8.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MESSAGE_MAX 1000
#define NAME_MAX_SHOWN 80

void graph_add_error(struct json_object *errors, const char *node_id, const char *edge_id, const char *code,
                     const char *fmt, ...)
{
    struct json_object *error = json_object_new_object();
    char message[MESSAGE_MAX];
    va_list ap;

    if (error == NULL)
        return;
    va_start(ap, fmt);
    vsnprintf(message, sizeof(message), fmt, ap);
    va_end(ap);
    utf8_repair(message);
    json_set_string(error, "nodeId", node_id);
    json_set_string(error, "edgeId", edge_id);
    json_set_string(error, "code", code);
    json_set_string(error, "message", message);
    json_object_array_add(errors, error);
}

/* A string that is one template becomes whatever its jq gives; the runner looks at that. */
static bool is_template(struct json_object *value)
{
    const char *s;
    int n;

    if (!json_object_is_type(value, json_type_string))
        return false;
    s = json_object_get_string(value);
    n = json_object_get_string_len(value);
    return n >= 4 && strncmp(s, "{{", 2) == 0 && strcmp(s + n - 2, "}}") == 0;
}

static bool is_text(struct json_object *value)
{
    return json_object_is_type(value, json_type_string);
}

static bool is_number(struct json_object *value)
{
    return json_object_is_type(value, json_type_int) || json_object_is_type(value, json_type_double);
}

static bool in_range(const struct kind_setting *s, struct json_object *value)
{
    double number = json_object_get_double(value);

    return (s->min == 0 && s->max == 0) || (number >= (double)s->min && number <= (double)s->max);
}

static bool is_word(const char *choices, struct json_object *value)
{
    return is_text(value) && kind_word(choices, json_object_get_string(value), (size_t)json_object_get_string_len(value));
}

bool graph_word_fits(const struct kind_setting *setting, struct json_object *value)
{
    return setting->type != SETTING_WORD || value == NULL || is_word(setting->choices, value);
}

static bool is_texts(struct json_object *value)
{
    size_t i;

    if (!json_object_is_type(value, json_type_array))
        return false;
    for (i = 0; i < json_object_array_length(value); i++)
        if (!is_text(json_object_array_get_idx(value, i)))
            return false;
    return true;
}

static bool is_words(const char *choices, struct json_object *value)
{
    size_t i;

    if (!json_object_is_type(value, json_type_array))
        return false;
    for (i = 0; i < json_object_array_length(value); i++)
        if (!is_word(choices, json_object_array_get_idx(value, i)))
            return false;
    return true;
}

static bool is_map(struct json_object *value)
{
    if (!json_object_is_type(value, json_type_object))
        return false;
    json_object_object_foreach(value, key, member)
    {
        (void)key;
        if (!is_text(member) && !is_number(member) && !json_object_is_type(member, json_type_boolean))
            return false;
    }
    return true;
}

static bool is_status(struct json_object *value)
{
    return json_object_is_type(value, json_type_int) && json_object_get_int(value) >= 100 &&
           json_object_get_int(value) <= 599;
}

static bool is_statuses(struct json_object *value)
{
    size_t i;

    if (!json_object_is_type(value, json_type_array))
        return is_status(value);
    for (i = 0; i < json_object_array_length(value); i++)
        if (!is_status(json_object_array_get_idx(value, i)))
            return false;
    return json_object_array_length(value) > 0;
}

static bool is_exit_status(const char *word)
{
    char *end;
    long status;

    if (strncmp(word, "exit:", 5) != 0 || word[5] < '0' || word[5] > '9')
        return false;
    status = strtol(word + 5, &end, 10);
    return *end == '\0' && status <= 255;
}

static bool is_error_name(struct json_object *value)
{
    const char *word;

    if (!is_text(value))
        return is_status(value);
    word = json_object_get_string(value);
    if (strlen(word) == 3 && strcmp(word + 1, "xx") == 0)
        return word[0] >= '1' && word[0] <= '5';
    return is_exit_status(word) || is_word("timeout|exit|expression|model|limit|input", value);
}

static bool is_errors(struct json_object *value)
{
    size_t i;

    if (!json_object_is_type(value, json_type_array) || json_object_array_length(value) == 0)
        return false;
    for (i = 0; i < json_object_array_length(value); i++)
        if (!is_error_name(json_object_array_get_idx(value, i)))
            return false;
    return true;
}

static bool setting_fits(const struct kind_setting *s, struct json_object *value)
{
    if (!s->literal && s->type != SETTING_JQ && is_template(value))
        return true;
    switch (s->type) {
    case SETTING_TEXT:
        return is_text(value);
    case SETTING_JQ:
        return is_text(value) && json_object_get_string_len(value) > 0;
    case SETTING_INTEGER:
        return json_object_is_type(value, json_type_int) && in_range(s, value);
    case SETTING_NUMBER:
        return is_number(value) && in_range(s, value);
    case SETTING_BOOL:
        return json_object_is_type(value, json_type_boolean);
    case SETTING_ARGV:
        return is_texts(value) && json_object_array_length(value) > 0;
    case SETTING_TEXTS:
        return is_texts(value);
    case SETTING_OBJECT:
    case SETTING_NODE:
    case SETTING_TABLE:
        return json_object_is_type(value, json_type_object);
    case SETTING_LIST:
        return json_object_is_type(value, json_type_array);
    case SETTING_MAP:
        return is_map(value);
    case SETTING_STATUSES:
        return is_statuses(value);
    case SETTING_WORD:
        return is_word(s->choices, value);
    case SETTING_ERRORS:
        return is_errors(value);
    case SETTING_WORDS:
        return is_words(s->choices, value);
    case SETTING_ANY:
        return true;
    }
    return false;
}

/* What a value should be, in words. */
static const char *setting_wants(const struct kind_setting *s, char text[MESSAGE_MAX])
{
    static const char *const words[] = {
        [SETTING_TEXT] = "a text",
        [SETTING_JQ] = "jq text",
        [SETTING_INTEGER] = "a whole number",
        [SETTING_NUMBER] = "a number",
        [SETTING_BOOL] = "true or false",
        [SETTING_ARGV] = "an array of texts, not empty",
        [SETTING_OBJECT] = "an object",
        [SETTING_MAP] = "an object of texts, numbers or booleans",
        [SETTING_STATUSES] = "an HTTP status or an array of them",
        [SETTING_ANY] = "a value",
        [SETTING_WORD] = "one of",
        [SETTING_ERRORS] = ("an array of timeout, exit, expression, model, limit, input, HTTP statuses (503, \"5xx\") and "
                            "exit statuses (\"exit:75\")"),
        [SETTING_WORDS] = "an array of",
        [SETTING_TEXTS] = "an array of texts",
        [SETTING_LIST] = "an array of objects",
        [SETTING_TABLE] = "an object of objects",
        [SETTING_NODE] = "an object with `kind` and the settings of that kind",
    };

    if (s->choices != NULL)
        snprintf(text, MESSAGE_MAX, "%s %s", words[s->type], s->choices);
    else if (s->min != 0 || s->max != 0)
        snprintf(text, MESSAGE_MAX, "%s from %lld to %lld", words[s->type], (long long)s->min, (long long)s->max);
    else
        snprintf(text, MESSAGE_MAX, "%s", words[s->type]);
    return text;
}

static void check_table(const char *node_id, const struct kind_setting *table, const char *prefix,
                        struct json_object *data, struct json_object *errors);

/* One of the objects a setting holds; name says where it stands: "cases[0]". */
static void check_member(const char *node_id, const struct kind_setting *s, const char *name, struct json_object *value,
                         struct json_object *errors)
{
    char prefix[2 * NAME_MAX_SHOWN + 1];

    if (json_object_is_type(value, json_type_object)) {
        snprintf(prefix, sizeof(prefix), "%s.", name);
        check_table(node_id, s->members, prefix, value, errors);
    } else if (s->literal || !is_template(value)) {
        graph_add_error(errors, node_id, NULL, "setting", "the setting `%s` must be an object", name);
    }
}

static void check_members(const char *node_id, const struct kind_setting *s, const char *name, struct json_object *value,
                          struct json_object *errors)
{
    char item[2 * NAME_MAX_SHOWN];
    size_t i;

    if (json_object_is_type(value, json_type_array)) {
        for (i = 0; i < json_object_array_length(value); i++) {
            snprintf(item, sizeof(item), "%.60s[%zu]", name, i);
            check_member(node_id, s, item, json_object_array_get_idx(value, i), errors);
        }
    } else if (s->type == SETTING_TABLE && json_object_is_type(value, json_type_object)) {
        json_object_object_foreach(value, key, member)
        {
            snprintf(item, sizeof(item), "%.40s.%.30s", name, key);
            check_member(node_id, s, item, member, errors);
        }
    } else if (json_object_is_type(value, json_type_object)) {
        check_member(node_id, s, name, value, errors);
    }
}

static void check_table(const char *node_id, const struct kind_setting *table, const char *prefix,
                        struct json_object *data, struct json_object *errors)
{
    const struct kind_setting *s;
    struct json_object *value;
    char name[NAME_MAX_SHOWN], wants[MESSAGE_MAX];

    for (s = table; s->name != NULL; s++) {
        value = json_get(data, s->name);
        snprintf(name, sizeof(name), "%s%s", prefix, s->name);
        /* JSON null is a value where any will do, elsewhere as good as nothing. */
        if (value == NULL && !(s->type == SETTING_ANY && json_object_object_get_ex(data, s->name, NULL))) {
            if (s->required)
                graph_add_error(errors, node_id, NULL, "setting", "the setting `%s` is missing", name);
        } else if (value != NULL && !setting_fits(s, value)) {
            graph_add_error(errors, node_id, NULL, "setting", "the setting `%s` must be %s", name,
                            setting_wants(s, wants));
        } else if (s->members != NULL) {
            check_members(node_id, s, name, value, errors);
        }
    }
}

void graph_check_settings(const char *node_id, const struct kind *kind, struct json_object *data,
                          struct json_object *errors)
{
    check_table(node_id, kind->settings, "", data, errors);
    check_table(node_id, kind_common_settings, "", data, errors);
    graph_check_kind(node_id, kind, data, errors);
}

void graph_check_head(struct json_object *definition, struct json_object *errors)
{
    struct json_object *concurrency = json_get(definition, "concurrency"), *value;

    if (concurrency != NULL) {
        value = json_get(concurrency, "limit");
        if (!json_object_is_type(concurrency, json_type_object) || !json_object_is_type(value, json_type_int) ||
            json_object_get_int64(value) < 1 || json_object_get_int64(value) > INT32_MAX)
            graph_add_error(errors, NULL, NULL, "concurrency", "`concurrency` needs a `limit` of 1 or more");
        else if (json_get(concurrency, "onBusy") != NULL &&
                 !is_word("queue|skip|replace", json_get(concurrency, "onBusy")))
            graph_add_error(errors, NULL, NULL, "concurrency", "`concurrency`: `onBusy` is queue, skip or replace");
    }
    value = json_get(definition, "timeoutMs");
    if (value != NULL && (!json_object_is_type(value, json_type_int) || json_object_get_int64(value) < 1))
        graph_add_error(errors, NULL, NULL, "setting", "`timeoutMs` must be a whole number of 1 or more");
    value = json_get(definition, "priority");
    if (value != NULL && (!json_object_is_type(value, json_type_int) || json_object_get_int64(value) < -GRAPH_PRIORITY_MAX ||
                          json_object_get_int64(value) > GRAPH_PRIORITY_MAX))
        graph_add_error(errors, NULL, NULL, "setting", "`priority` must be a whole number from %d to %d", -GRAPH_PRIORITY_MAX,
                        GRAPH_PRIORITY_MAX);
    value = json_get(definition, "name");
    if (value != NULL && !json_object_is_type(value, json_type_string))
        graph_add_error(errors, NULL, NULL, "setting", "`name` must be a text");
    value = json_get(definition, "crewId");
    if (value != NULL && !id_valid(json_get_string(definition, "crewId", NULL)))
        graph_add_error(errors, NULL, NULL, "id", "`crewId` must be an id (letters, digits, dots, underscores, hyphens)");
    graph_check_params(definition, errors);
}
