#include "bridge/lines.h"
#include <string.h>

void lines_init(struct lines *l, size_t line_max)
{
    buf_init(&l->rest, line_max + 1);
    l->line_max = line_max;
    l->skipping = false;
}

void lines_release(struct lines *l)
{
    buf_release(&l->rest);
}

/* The bytes up to the first newline end the line kept from before. */
static enum rs_err finish_rest(struct lines *l, const char *data, size_t len, const struct lines_sink *sink)
{
    if (l->skipping) {
        l->skipping = false;
        return RS_OK;
    }
    if (l->rest.len + len > l->line_max + 1) {
        buf_clear(&l->rest);
        sink->too_long(sink->ctx);
        return RS_OK;
    }
    enum rs_err err = buf_append(&l->rest, data, len);
    if (!err)
        err = sink->block(sink->ctx, l->rest.data, l->rest.len);
    buf_release(&l->rest); /* an idle connection keeps no memory */
    return err;
}

/* Whole lines in [data, end): given in one block, cut only around lines that are too long. */
static enum rs_err give_lines(struct lines *l, const char *data, const char *end, const struct lines_sink *sink)
{
    const char *from = data;
    if ((size_t)(end - data) > l->line_max + 1)
        for (const char *p = data; p < end;) {
            const char *newline = memchr(p, '\n', (size_t)(end - p));
            if ((size_t)(newline - p) > l->line_max) {
                enum rs_err err = p > from ? sink->block(sink->ctx, from, (size_t)(p - from)) : RS_OK;
                if (err)
                    return err;
                sink->too_long(sink->ctx);
                from = newline + 1;
            }
            p = newline + 1;
        }
    return end > from ? sink->block(sink->ctx, from, (size_t)(end - from)) : RS_OK;
}

enum rs_err lines_feed(struct lines *l, const char *data, size_t len, const struct lines_sink *sink)
{
    const char *end = data + len, *p = data;
    enum rs_err err;
    if (l->rest.len > 0 || l->skipping) {
        const char *newline = memchr(p, '\n', len);
        if (newline) {
            err = finish_rest(l, p, (size_t)(newline + 1 - p), sink);
            if (err)
                return err;
            p = newline + 1;
        }
    }
    const char *last = p < end ? memrchr(p, '\n', (size_t)(end - p)) : NULL;
    if (last) {
        err = give_lines(l, p, last + 1, sink);
        if (err)
            return err;
        p = last + 1;
    }
    if (p == end || l->skipping)
        return RS_OK;
    if (l->rest.len + (size_t)(end - p) > l->line_max) {
        buf_release(&l->rest);
        l->skipping = true;
        sink->too_long(sink->ctx);
        return RS_OK;
    }
    return buf_append(&l->rest, p, (size_t)(end - p));
}
