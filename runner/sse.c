#include "runner/sse.h"
#include <string.h>

void sse_init(struct sse *sse, sse_fn *fn, void *ctx)
{
    *sse = (struct sse){.fn = fn, .ctx = ctx};
    buf_init(&sse->line, SSE_LINE_MAX);
    buf_init(&sse->data, SSE_EVENT_MAX);
}

void sse_release(struct sse *sse)
{
    buf_release(&sse->line);
    buf_release(&sse->data);
}

static enum rs_err dispatch(struct sse *sse)
{
    enum rs_err err = RS_OK;

    if (sse->has_data)
        err = sse->fn(sse->ctx, sse->data.data ? sse->data.data : "", sse->data.len);
    buf_clear(&sse->data);
    sse->has_data = false;
    return err;
}

static enum rs_err end_line(struct sse *sse)
{
    const char *line = sse->line.data ? sse->line.data : "";
    size_t len = sse->line.len;
    enum rs_err err = RS_OK;

    if (len == 0)
        return dispatch(sse);
    if (strncmp(line, "data", 4) == 0 && (len == 4 || line[4] == ':')) {
        size_t skip = len == 4 ? 4 : line[5] == ' ' ? 6 : 5;
        if (sse->has_data)
            buf_putc(&sse->data, '\n');
        sse->has_data = true;
        err = buf_append(&sse->data, line + skip, len - skip);
    }
    buf_clear(&sse->line);
    return err;
}

/* What stands before the first line break. */
static enum rs_err take(struct sse *sse, const char *bytes, size_t len)
{
    static const char mark[] = "\xEF\xBB\xBF";

    if (len == 0)
        return RS_OK;
    enum rs_err err = buf_append(&sse->line, bytes, len);
    if (!err && !sse->begun && sse->line.len >= 3) {
        sse->begun = true;
        if (memcmp(sse->line.data, mark, 3) == 0)
            buf_consume(&sse->line, 3);
    }
    return err;
}

enum rs_err sse_feed(struct sse *sse, const char *bytes, size_t len)
{
    const char *end = bytes + len;
    enum rs_err err;

    while (bytes < end) {
        if (sse->after_cr && *bytes == '\n') {
            sse->after_cr = false;
            bytes++;
            continue;
        }
        sse->after_cr = false;
        const char *stop = bytes;
        while (stop < end && *stop != '\n' && *stop != '\r')
            stop++;
        if ((err = take(sse, bytes, (size_t)(stop - bytes))))
            return err;
        if (stop == end)
            return RS_OK;
        sse->begun = true;
        sse->after_cr = *stop == '\r';
        bytes = stop + 1;
        if ((err = end_line(sse)))
            return err;
    }
    return RS_OK;
}
