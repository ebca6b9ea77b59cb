#include "runner/urltext.h"
#include <stdio.h>
#include <string.h>

static void put(struct buf *out, const char *text, size_t len)
{
    static const char plain[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._*";

    for (size_t i = 0; i < len; i++)
        if (text[i] == ' ')
            buf_putc(out, '+');
        else if (text[i] && strchr(plain, text[i]))
            buf_putc(out, text[i]);
        else
            buf_printf(out, "%%%02X", (unsigned char)text[i]);
}

static void put_field(struct buf *out, size_t start, const char *name, struct json_object *value)
{
    size_t len;
    const char *text;

    if (!value)
        return;
    if (json_object_is_type(value, json_type_string)) {
        text = json_object_get_string(value);
        len = (size_t)json_object_get_string_len(value);
    } else {
        text = json_text(value, &len);
    }
    if (out->len > start)
        buf_putc(out, '&');
    put(out, name, strlen(name));
    buf_putc(out, '=');
    put(out, text, len);
}

enum rs_err urltext_form(struct buf *out, struct json_object *fields)
{
    size_t start = out->len;

    if (!json_object_is_type(fields, json_type_object))
        return out->err;
    json_object_object_foreach(fields, name, value)
    {
        if (!json_object_is_type(value, json_type_array))
            put_field(out, start, name, value);
        else
            for (size_t i = 0; i < json_object_array_length(value); i++)
                put_field(out, start, name, json_object_array_get_idx(value, i));
    }
    return out->err;
}

enum rs_err urltext_with_query(struct buf *out, const char *url, struct json_object *fields)
{
    size_t len = strcspn(url, "#");
    struct buf query;

    buf_init(&query, URLTEXT_MAX);
    urltext_form(&query, fields);
    if (query.err)
        out->err = query.err;
    buf_append(out, url, len);
    if (query.len > 0) {
        bool has = memchr(url, '?', len) != NULL, open = len > 0 && strchr("?&", url[len - 1]);
        buf_puts(out, !has ? "?" : open ? "" : "&");
        buf_append(out, query.data, query.len);
    }
    buf_release(&query);
    return buf_puts(out, url + len);
}
