#include "base/json.h"

#include "base/clock.h"
#include "base/utf8.h"
#include <string.h>

/* RS_INVALID naming the line and column of byte `at`. */
static enum rs_err invalid_at(struct fault *fault, const char *text, size_t at, const char *why)
{
    unsigned line = 1, column = 1;
    for (size_t i = 0; i < at; i++) {
        column++;
        if (text[i] == '\n') {
            line++;
            column = 1;
        }
    }
    return fault_set(fault, RS_INVALID, "bad JSON at line %u, column %u: %s", line, column, why);
}

static bool is_space(char c)
{
    return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

/* json-c, even when strict, lets pass what RFC 8259 does not: NaN and Infinity, 'single quotes', 1., -01 and control
 * characters in strings. So the tokens are checked here first, with the depth; json-c checks how they are put together.
 * Each scan_ function gets the text at a token and returns the token's length, 0 when it is none. */
static size_t scan_string(const char *s, size_t len)
{
    for (size_t i = 1; i < len; i++) {
        if ((unsigned char)s[i] < 0x20)
            return 0;
        if (s[i] == '\\')
            i++; /* json-c checks what is escaped */
        else if (s[i] == '"')
            return i + 1;
    }
    return 0;
}

static size_t scan_digits(const char *s, size_t len)
{
    size_t n = 0;
    while (n < len && s[n] >= '0' && s[n] <= '9')
        n++;
    return n;
}

static size_t scan_number(const char *s, size_t len)
{
    size_t i = s[0] == '-';
    size_t n = scan_digits(s + i, len - i);
    if (n == 0 || (n > 1 && s[i] == '0'))
        return 0;
    i += n;
    if (i < len && s[i] == '.') {
        n = scan_digits(s + i + 1, len - i - 1);
        if (n == 0)
            return 0;
        i += 1 + n;
    }
    if (i < len && (s[i] == 'e' || s[i] == 'E')) {
        size_t sign = i + 1 < len && (s[i + 1] == '+' || s[i + 1] == '-');
        n = scan_digits(s + i + 1 + sign, len - i - 1 - sign);
        if (n == 0)
            return 0;
        i += 1 + sign + n;
    }
    return i;
}

static size_t scan_word(const char *s, size_t len)
{
    static const char *const words[] = {"true", "false", "null"};
    for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
        size_t n = strlen(words[i]);
        if (len >= n && memcmp(s, words[i], n) == 0)
            return n;
    }
    return 0;
}

static enum rs_err check_tokens(const char *text, size_t len, struct fault *fault)
{
    int depth = 0;
    for (size_t at = 0; at < len;) {
        char c = text[at];
        size_t n = 1;
        if (c == '{' || c == '[')
            depth++;
        else if (c == '}' || c == ']')
            depth--;
        else if (c == '"')
            n = scan_string(text + at, len - at);
        else if (c == '-' || (c >= '0' && c <= '9'))
            n = scan_number(text + at, len - at);
        else if (c != ':' && c != ',' && !is_space(c))
            n = scan_word(text + at, len - at);
        if (depth > JSON_DEPTH_MAX)
            return invalid_at(fault, text, at, "nested too deep");
        if (n == 0)
            return invalid_at(fault, text, at, c == '"' ? "a string that is not one" : "no value starts like this");
        at += n;
    }
    return RS_OK;
}

enum rs_err json_parse(const char *text, size_t len, size_t max, struct json_object **ret, struct fault *fault)
{
    struct json_object *value = NULL;
    if (len > max || len > INT32_MAX)
        return fault_set(fault, RS_LIMIT, "JSON is longer than %zu bytes", max);
    if (!utf8_valid(text, len))
        return fault_set(fault, RS_INVALID, "bad JSON: not UTF-8");
    enum rs_err err = check_tokens(text, len, fault);
    if (err)
        return err;
    struct json_tokener *tok = json_tokener_new_ex(JSON_DEPTH_MAX + 2); /* json-c counts scalars as a level */
    if (!tok)
        return fault_set(fault, RS_NOMEM, "out of memory");
    json_tokener_set_flags(tok, JSON_TOKENER_STRICT);
    value = json_tokener_parse_ex(tok, text, (int)len);
    enum json_tokener_error e = json_tokener_get_error(tok);
    size_t at = json_tokener_get_parse_end(tok);
    if (e == json_tokener_continue) { /* a number at the very end is complete only when told that nothing follows */
        value = json_tokener_parse_ex(tok, "", -1);
        e = json_tokener_get_error(tok);
        at = len;
    }
    while (at < len && is_space(text[at]))
        at++;
    if (e == json_tokener_continue || e == json_tokener_error_parse_eof)
        err = invalid_at(fault, text, len, "it ends too early");
    else if (e != json_tokener_success)
        err = invalid_at(fault, text, at, json_tokener_error_desc(e));
    else if (at < len)
        err = invalid_at(fault, text, at, "something follows the value");
    if (err)
        json_object_put(value);
    else
        *ret = value;
    json_tokener_free(tok);
    return err;
}

struct json_object *json_get(struct json_object *object, const char *key)
{
    struct json_object *value = NULL;
    if (!json_object_is_type(object, json_type_object) || !json_object_object_get_ex(object, key, &value))
        return NULL;
    return value;
}

static struct json_object *get_typed(struct json_object *object, const char *key, enum json_type type)
{
    struct json_object *value = json_get(object, key);
    return value && json_object_is_type(value, type) ? value : NULL;
}

const char *json_get_string(struct json_object *object, const char *key, const char *fallback)
{
    struct json_object *value = get_typed(object, key, json_type_string);
    if (!value || strlen(json_object_get_string(value)) != (size_t)json_object_get_string_len(value))
        return fallback;
    return json_object_get_string(value);
}

int64_t json_get_int(struct json_object *object, const char *key, int64_t fallback)
{
    struct json_object *value = get_typed(object, key, json_type_int);
    return value ? json_object_get_int64(value) : fallback;
}

bool json_get_bool(struct json_object *object, const char *key, bool fallback)
{
    struct json_object *value = get_typed(object, key, json_type_boolean);
    return value ? json_object_get_boolean(value) : fallback;
}

struct json_object *json_get_array(struct json_object *object, const char *key)
{
    return get_typed(object, key, json_type_array);
}

void json_set(struct json_object *object, const char *key, struct json_object *value)
{
    if (json_object_object_add(object, key, value) < 0)
        json_object_put(value);
}

void json_set_string(struct json_object *object, const char *key, const char *text)
{
    if (text)
        json_set(object, key, json_object_new_string(text));
}

void json_set_int(struct json_object *object, const char *key, int64_t n)
{
    json_set(object, key, json_object_new_int64(n));
}

void json_set_bool(struct json_object *object, const char *key, bool b)
{
    json_set(object, key, json_object_new_boolean(b));
}

void json_set_time(struct json_object *object, const char *key, int64_t wall_ms)
{
    char text[CLOCK_TEXT_MAX];
    if (wall_ms)
        json_set_string(object, key, clock_format(wall_ms, text));
}

void json_merge(struct json_object *target, struct json_object *patch)
{
    json_object_object_foreach(patch, name, value)
    {
        struct json_object *own = json_get(target, name);
        if (!value) {
            json_object_object_del(target, name);
        } else if (!json_object_is_type(value, json_type_object)) {
            json_set(target, name, json_object_get(value));
        } else {
            if (!json_object_is_type(own, json_type_object)) {
                own = json_object_new_object();
                json_set(target, name, own);
            }
            json_merge(own, value);
        }
    }
}

const char *json_text(struct json_object *value, size_t *ret_len)
{
    size_t len = 4;
    const char *text = "null";
    if (value)
        text = json_object_to_json_string_length(value, JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE, &len);
    if (ret_len)
        *ret_len = len;
    return text;
}
