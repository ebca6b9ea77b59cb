#include "dialect/dialect.h"
#include <assert.h>
#include <string.h>

void dialect_out_init(struct dialect_out *out)
{
    buf_init(&out->text, DIALECT_TEXT_MAX);
    dialect_out_reset(out, 0);
}

void dialect_out_release(struct dialect_out *out)
{
    buf_release(&out->text);
    out->n = 0;
}

void dialect_out_reset(struct dialect_out *out, int64_t event_id)
{
    buf_clear(&out->text);
    out->n = 0;
    out->event_id = event_id;
    out->first_part = 0;
}

struct buf *dialect_message(struct dialect_out *out)
{
    assert(out->n < DIALECT_PARTS_MAX);
    out->at[out->n].start = out->text.len;
    return &out->text;
}

const char *dialect_id(const struct dialect_out *out, char text[CURSOR_TEXT_MAX])
{
    return cursor_format(out->event_id, out->first_part + out->n, text);
}

enum rs_err dialect_end(struct dialect_out *out)
{
    size_t start = out->at[out->n].start;
    enum rs_err err = out->text.err;
    if (err) {
        /* Half a message must not be sent: cut it off, so that those before it stay whole. */
        out->text.len = start;
        if (out->text.data)
            out->text.data[start] = '\0';
        return err;
    }
    out->at[out->n].len = out->text.len - start;
    out->n++;
    return RS_OK;
}

enum rs_err dialect_put_gap(struct buf *out, bool native, const char *stream, int64_t first, int64_t last)
{
    (void)buf_printf(out, "{\"%s\":\"gap\",\"stream\":", native ? "op" : "type");
    (void)buf_put_json(out, stream, strlen(stream));
    return buf_printf(out, ",\"first\":\"%lld\",\"last\":\"%lld\"}", (long long)first, (long long)last);
}
