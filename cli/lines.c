#include "cli/lines.h"
#include <string.h>

void lines_init(struct lines *lines, void (*line)(void *ctx, const char *text, size_t len), void *ctx)
{
    buf_init(&lines->rest, LINES_LINE_MAX);
    lines->line = line;
    lines->ctx = ctx;
}

void lines_release(struct lines *lines)
{
    buf_release(&lines->rest);
}

static void lines_give(struct lines *lines)
{
    const char *text = lines->rest.data ? lines->rest.data : "";
    size_t len = lines->rest.len;
    while (len && text[len - 1] == '\r')
        len--;
    const char *last = len ? memrchr(text, '\r', len) : NULL;
    if (last) {
        len -= (size_t)(last + 1 - text);
        text = last + 1;
    }
    lines->line(lines->ctx, text, len);
    buf_clear(&lines->rest);
}

void lines_add(struct lines *lines, const char *data, size_t len)
{
    while (len) {
        const char *end = memchr(data, '\n', len);
        size_t n = end ? (size_t)(end - data) : len, room = LINES_LINE_MAX - lines->rest.len;
        if (n > room) {
            (void)buf_append(&lines->rest, data, room);
            lines_give(lines);
            data += room;
            len -= room;
            continue;
        }
        (void)buf_append(&lines->rest, data, n);
        if (end)
            lines_give(lines);
        data += n + (end != NULL);
        len -= n + (end != NULL);
    }
}

void lines_end(struct lines *lines)
{
    if (lines->rest.len)
        lines_give(lines);
}
