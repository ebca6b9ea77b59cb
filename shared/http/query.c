#include "http/query.h"

#include "base/utf8.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int hex(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    if (c >= 'A' && c <= 'F')
        return c - 'A' + 10;
    return -1;
}

/* The byte that "%xx" at s stands for, -1 when it is not one. s is NUL-terminated. */
static int percent(const char *s)
{
    int high = hex(s[1]);
    int low = high < 0 ? -1 : hex(s[2]);
    return low < 0 ? -1 : high * 16 + low;
}

/* Decode one name or value in place. Returns NULL, or what is wrong with it. */
static const char *decode_form(char *s)
{
    char *start = s, *out = s;
    for (; *s; s++) {
        char c = *s == '+' ? ' ' : *s;
        if (*s == '%') {
            int byte = percent(s);
            if (byte < 0)
                return "a % without two hexadecimal digits";
            if (byte == 0)
                return "an encoded NUL";
            c = (char)byte;
            s += 2;
        }
        *out++ = c;
    }
    *out = '\0';
    return utf8_valid(start, (size_t)(out - start)) ? NULL : "text that is not UTF-8";
}

enum rs_err query_parse(const char *text, struct query *ret, struct fault *fault)
{
    struct query q = {0};
    size_t len = text ? strnlen(text, QUERY_TEXT_MAX + 1) : 0;
    if (!text)
        text = "";
    if (len > QUERY_TEXT_MAX)
        return fault_set(fault, RS_LIMIT, "the query is longer than %d bytes", QUERY_TEXT_MAX);
    int n = 1;
    for (const char *p = text; *p; p++)
        n += *p == '&';
    if (n > QUERY_PARAMS_MAX)
        return fault_set(fault, RS_LIMIT, "the query has more than %d parameters", QUERY_PARAMS_MAX);
    q.storage = strdup(text);
    q.params = calloc((size_t)n, sizeof *q.params);
    enum rs_err err = q.storage && q.params ? RS_OK : fault_set(fault, RS_NOMEM, "out of memory");
    char *rest = q.storage;
    for (char *part; !err && (part = strsep(&rest, "&"));) {
        if (*part == '\0')
            continue;
        char *equals = strchr(part, '=');
        if (equals)
            *equals = '\0';
        char *value = equals ? equals + 1 : part + strlen(part);
        const char *wrong = decode_form(part);
        if (!wrong && equals)
            wrong = decode_form(value);
        if (wrong) {
            err = fault_set(fault, RS_INVALID, "the query holds %s", wrong);
            break;
        }
        q.params[q.n_params].name = part;
        q.params[q.n_params++].value = value;
    }
    if (err)
        query_release(&q);
    else
        *ret = q;
    return err;
}

void query_release(struct query *q)
{
    free(q->params);
    free(q->storage);
    *q = (struct query){0};
}

const char *query_next(const struct query *q, const char *name, int *index)
{
    while (*index < q->n_params) {
        int i = (*index)++;
        if (strcmp(q->params[i].name, name) == 0)
            return q->params[i].value;
    }
    return NULL;
}

const char *query_get(const struct query *q, const char *name)
{
    int index = 0;
    return query_next(q, name, &index);
}

enum rs_err path_decode(const char *path, char *out, size_t out_size)
{
    size_t len = 0;
    for (; *path; path++) {
        int byte = (unsigned char)*path;
        if (byte == '%') {
            byte = percent(path);
            if (byte <= 0 || byte == '/')
                return RS_INVALID;
            path += 2;
        }
        if (len + 1 >= out_size)
            return RS_LIMIT;
        out[len++] = (char)byte;
    }
    out[len] = '\0';
    return RS_OK;
}

bool path_match(const char *pattern, const char *path, struct path_params *ret)
{
    struct path_params params = {0};
    while (*pattern) {
        if (*pattern != '{') {
            if (*pattern++ != *path++)
                return false;
            continue;
        }
        size_t name = strcspn(++pattern, "}"), value = strcspn(path, "/");
        if (value == 0 || params.n == PATH_PARAMS_MAX)
            return false;
        snprintf(params.at[params.n].name, sizeof params.at->name, "%.*s", (int)name, pattern);
        snprintf(params.at[params.n].value, sizeof params.at->value, "%.*s", (int)value, path);
        params.n++;
        pattern += name + 1;
        path += value;
    }
    if (*path)
        return false;
    *ret = params;
    return true;
}

const char *path_param(const struct path_params *params, const char *name)
{
    for (int i = 0; i < params->n; i++)
        if (strcmp(params->at[i].name, name) == 0)
            return params->at[i].value;
    return NULL;
}
