/* One value against its param. */
#include "model/params.h"

#include "model/graph.h"

#include <regex.h>
#include <sodium.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PATTERN_MAX 256
#define PATTERN_TIMES_MAX 10000 /* product of the counts in braces: what glibc makes of them */
#define SHOWN_MAX 500

static const struct {
    const char *name, *words;
} types[PARAM_N_TYPES] = {
    [PARAM_STRING] = {"string", "a text"},       [PARAM_NUMBER] = {"number", "a number"},
    [PARAM_INTEGER] = {"integer", "a whole number"}, [PARAM_BOOLEAN] = {"boolean", "true or false"},
    [PARAM_ENUM] = {"enum", "one of its choices"}, [PARAM_OBJECT] = {"object", "an object"},
    [PARAM_ARRAY] = {"array", "an array"},       [PARAM_FILE] = {"file", "a file: {\"name\", \"data\"} with data in base64"},
    [PARAM_SECRET] = {"secret", "a text"},
};

enum param_type param_type_of(struct json_object *param)
{
    const char *name = json_get_string(param, "type", "");
    int i;

    for (i = 0; i < PARAM_N_TYPES; i++)
        if (strcmp(types[i].name, name) == 0)
            return (enum param_type)i;
    return strcmp(name, "bool") == 0 ? PARAM_BOOLEAN : PARAM_N_TYPES;
}

const char *param_type_words(enum param_type type)
{
    return types[type].words;
}

/* ---- patterns ---- */

const char *param_pattern_check(const char *pattern)
{
    regex_t compiled;
    long times = 1;
    const char *p;
    bool bracket = false;

    if (strlen(pattern) > PATTERN_MAX)
        return "it is longer than 256 bytes";
    for (p = pattern; *p != '\0'; p++) {
        if (*p == '\\' && p[1] >= '1' && p[1] <= '9')
            return "it refers back to a group";
        if (*p == '\\' && p[1] != '\0' && !bracket)
            p++;
        else if (*p == '[' && !bracket)
            bracket = p[1] != '\0'; /* a ] right behind it stands for itself */
        else if (*p == ']' && bracket && p[-1] != '[')
            bracket = false;
        else if (*p == '{' && !bracket) {
            char *end;
            long low = strtol(p + 1, &end, 10), high = *end == ',' ? strtol(end + 1, &end, 10) : low;
            high = high > low ? high : low;
            times *= high > 1 ? high : 1;
            if (high > PATTERN_TIMES_MAX || times > PATTERN_TIMES_MAX)
                return "its counts in braces are too large";
        }
    }
    if (regcomp(&compiled, pattern, REG_EXTENDED | REG_NOSUB) != 0)
        return "it is no extended regular expression";
    regfree(&compiled);
    return NULL;
}

static bool pattern_fits(const char *pattern, const char *text)
{
    regex_t compiled;
    bool fits;

    if (regcomp(&compiled, pattern, REG_EXTENDED | REG_NOSUB) != 0)
        return false;
    fits = regexec(&compiled, text, 0, NULL, 0) == 0;
    regfree(&compiled);
    return fits;
}

/* ---- the checks ---- */

struct check {
    struct json_object *param, *value, *errors;
    const char *name;
    bool fits;
};

static void refuse(struct check *c, const char *code, const char *fmt, ...) RS_PRINTF(3, 4);
static void refuse(struct check *c, const char *code, const char *fmt, ...)
{
    struct fault fault;
    va_list ap;
    size_t n;

    c->fits = false;
    if (c->errors == NULL)
        return;
    va_start(ap, fmt);
    vsnprintf(fault.message, sizeof(fault.message), fmt, ap);
    va_end(ap);
    n = json_object_array_length(c->errors);
    graph_add_error(c->errors, NULL, NULL, code, "`%s` %s", c->name, fault.message);
    if (json_object_array_length(c->errors) > n)
        json_set_string(json_object_array_get_idx(c->errors, n), "param", c->name);
}

static bool is_whole(struct json_object *value)
{
    double number;

    if (json_object_is_type(value, json_type_int))
        return true;
    if (!json_object_is_type(value, json_type_double))
        return false;
    number = json_object_get_double(value); /* 3.0 is whole */
    return number >= -9007199254740992.0 && number <= 9007199254740992.0 && (double)(int64_t)number == number;
}

static void check_type(struct check *c, enum json_type type)
{
    if (!json_object_is_type(c->value, type))
        refuse(c, "type", "must be %s", types[param_type_of(c->param)].words);
}

static void check_number(struct check *c, bool fits_type)
{
    struct json_object *min = json_get(c->param, "min"), *max = json_get(c->param, "max");

    if (!fits_type)
        refuse(c, "type", "must be %s", types[param_type_of(c->param)].words);
    else if (min != NULL && json_object_get_double(c->value) < json_object_get_double(min))
        refuse(c, "min", "must be %s or more", json_text(min, NULL));
    else if (max != NULL && json_object_get_double(c->value) > json_object_get_double(max))
        refuse(c, "max", "must be %s or less", json_text(max, NULL));
}

/* Characters, not bytes. */
static int64_t text_length(const char *text)
{
    int64_t n = 0;

    for (; *text != '\0'; text++)
        n += ((unsigned char)*text & 0xC0) != 0x80;
    return n;
}

static void check_text(struct check *c)
{
    const char *text = json_object_is_type(c->value, json_type_string) ? json_get_string(c->param, "pattern", NULL) : NULL;
    int64_t min = json_get_int(c->param, "minLength", 0), max = json_get_int(c->param, "maxLength", INT64_MAX), n;

    if (!json_object_is_type(c->value, json_type_string)) {
        refuse(c, "type", "must be a text");
        return;
    }
    if (strlen(json_object_get_string(c->value)) != (size_t)json_object_get_string_len(c->value)) {
        refuse(c, "type", "must hold no NUL");
        return;
    }
    n = text_length(json_object_get_string(c->value));
    if (n < min)
        refuse(c, "length", min == 1 ? "must not be empty" : "must have %lld characters or more", (long long)min);
    else if (n > max)
        refuse(c, "length", "must have %lld characters or fewer", (long long)max);
    else if (text != NULL && !pattern_fits(text, json_object_get_string(c->value)))
        refuse(c, "pattern", "must match %s", text);
}

static bool file_name_valid(const char *name)
{
    const char *p;

    if (name == NULL || name[0] == '\0' || strlen(name) > PARAM_FILE_NAME_MAX || strcmp(name, ".") == 0 || strcmp(name, "..") == 0)
        return false;
    for (p = name; *p != '\0'; p++)
        if (*p == '/' || (unsigned char)*p < 0x20 || *p == 0x7F)
            return false;
    return true;
}

static void check_file(struct check *c)
{
    const char *name = json_get_string(c->value, "name", NULL), *data = json_get_string(c->value, "data", NULL), *end = NULL;
    int64_t max = json_get_int(c->param, "maxBytes", PARAM_FILE_DEFAULT);
    size_t len = data != NULL ? strlen(data) : 0, n = 0;
    unsigned char *bytes;

    if (data == NULL || !json_object_is_type(json_get(c->value, "name"), json_type_string)) {
        refuse(c, "type", "must be %s", types[PARAM_FILE].words);
        return;
    }
    if (!file_name_valid(name)) {
        refuse(c, "file", "needs a `name` of 1 to %d bytes without a slash", PARAM_FILE_NAME_MAX);
        return;
    }
    if (len / 4 * 3 > (size_t)max + 3) {
        refuse(c, "file", "must have %lld bytes or fewer", (long long)max);
        return;
    }
    bytes = malloc(len + 1);
    if (bytes == NULL || sodium_base642bin(bytes, len + 1, data, len, "\r\n", &n, &end, sodium_base64_VARIANT_ORIGINAL) != 0 ||
        *end != '\0')
        refuse(c, "file", "has `data` that is not base64");
    else if (n > (size_t)max)
        refuse(c, "file", "must have %lld bytes or fewer", (long long)max);
    free(bytes);
}

static void check_choices(struct check *c, struct json_object *choices)
{
    size_t i;

    for (i = 0; i < json_object_array_length(choices); i++)
        if (json_object_equal(json_object_array_get_idx(choices, i), c->value))
            return;
    refuse(c, "enum", "must be one of %.*s", SHOWN_MAX, json_text(choices, NULL));
}

bool param_check_value(struct json_object *param, struct json_object *value, struct json_object *errors)
{
    struct check c = {.param = param, .value = value, .errors = errors, .name = json_get_string(param, "name", ""), .fits = true};
    struct json_object *choices = json_get_array(param, "choices");

    if (choices == NULL)
        choices = json_get_array(param, "enum");
    switch (param_type_of(param)) {
    case PARAM_SECRET:
        if (param_is_sealed(value)) /* of the run before */
            break;
        check_text(&c);
        break;
    case PARAM_STRING:
        check_text(&c);
        break;
    case PARAM_NUMBER:
        check_number(&c, json_object_is_type(value, json_type_int) || json_object_is_type(value, json_type_double));
        break;
    case PARAM_INTEGER:
        check_number(&c, is_whole(value));
        break;
    case PARAM_BOOLEAN:
        check_type(&c, json_type_boolean);
        break;
    case PARAM_OBJECT:
        check_type(&c, json_type_object);
        break;
    case PARAM_ARRAY:
        check_type(&c, json_type_array);
        break;
    case PARAM_FILE:
        check_file(&c);
        break;
    case PARAM_ENUM:
    case PARAM_N_TYPES: /* graph_check_params has said so */
        break;
    }
    if (c.fits && choices != NULL)
        check_choices(&c, choices);
    return c.fits;
}
