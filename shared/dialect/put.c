#include "dialect/put.h"
#include "base/clock.h"
#include "base/json.h"
#include <string.h>

struct buf *put_begin(struct dialect_out *out, const char *type)
{
    struct buf *text = dialect_message(out);
    char id[CURSOR_TEXT_MAX];
    (void)buf_printf(text, "{\"type\":\"%s\",\"id\":\"%s\"", type, dialect_id(out, id));
    return text;
}

enum rs_err put_end(struct dialect_out *out)
{
    (void)buf_putc(&out->text, '}');
    return dialect_end(out);
}

static void put_name(struct buf *out, const char *name)
{
    (void)buf_printf(out, ",\"%s\":", name);
}

void put_text(struct buf *out, const char *name, const char *value)
{
    put_name(out, name);
    if (value)
        (void)buf_put_json(out, value, strlen(value));
    else
        (void)buf_puts(out, "null");
}

void put_int(struct buf *out, const char *name, int64_t value)
{
    put_name(out, name);
    (void)buf_printf(out, "%lld", (long long)value);
}

void put_seconds(struct buf *out, const char *name, int64_t ms)
{
    if (ms < 0)
        ms = 0;
    put_name(out, name);
    (void)buf_printf(out, "%lld.%03lld", (long long)(ms / 1000), (long long)(ms % 1000));
}

void put_time(struct buf *out, const char *name, int64_t wall_ms)
{
    char text[CLOCK_TEXT_MAX];
    put_text(out, name, clock_format(wall_ms, text));
}

void put_value(struct buf *out, const char *name, struct json_object *value)
{
    size_t len;
    const char *text = json_text(value, &len);
    put_name(out, name);
    (void)buf_append(out, text, len);
}

const char *error_text(struct json_object *error, const char *fallback)
{
    if (json_object_is_type(error, json_type_string))
        return json_object_get_string(error);
    return json_get_string(error, "message", fallback);
}
