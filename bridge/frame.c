#include "bridge/frame.h"
#include <assert.h>
#include <stdlib.h>
#include <string.h>

static enum rs_err put_websocket(struct buf *out, const char *json, size_t len)
{
    unsigned char head[10] = {0x81}; /* FIN, text */
    size_t n = 2;
    if (len < 126) {
        head[1] = (unsigned char)len;
    } else if (len <= 0xffff) {
        head[1] = 126;
        head[2] = (unsigned char)(len >> 8);
        head[3] = (unsigned char)len;
        n = 4;
    } else {
        head[1] = 127;
        for (int i = 0; i < 8; i++)
            head[2 + i] = (unsigned char)((uint64_t)len >> (56 - 8 * i));
        n = 10;
    }
    buf_append(out, head, n);
    return buf_append(out, json, len);
}

/* Between the tokens of JSON a carriage return is as good as a space; within a string it cannot stand as it is. */
static void break_no_line(char *json, size_t len)
{
    for (char *end = json + len; (json = memchr(json, '\r', (size_t)(end - json)));)
        *json = ' ';
}

enum rs_err frame_put(struct buf *out, enum frame_format format, const char *id, const char *json, size_t len)
{
    if (format == FRAME_WEBSOCKET)
        return put_websocket(out, json, len);
    if (id) {
        buf_append(out, "id: ", 4);
        buf_puts(out, id);
        buf_putc(out, '\n');
    }
    buf_append(out, "data: ", 6);
    size_t at = out->len;
    if (buf_append(out, json, len) == RS_OK) /* an emitter's data may be spread over lines; a break would end ours */
        break_no_line(out->data + at, len);
    return buf_append(out, "\n\n", 2);
}

size_t frame_boundary(const char *bytes, size_t len, size_t n)
{
    const unsigned char *p = (const unsigned char *)bytes;
    size_t at = 0;
    while (at < n) {
        size_t head = 2, body = p[at + 1];
        if (body == 126) {
            body = (size_t)p[at + 2] << 8 | p[at + 3];
            head = 4;
        } else if (body == 127) {
            body = 0;
            for (int i = 0; i < 8; i++)
                body = body << 8 | p[at + 2 + i];
            head = 10;
        }
        at += head + body;
        assert(at <= len);
    }
    return at;
}

struct block *block_new(size_t max)
{
    struct block *b = calloc(1, sizeof *b);
    if (!b)
        return NULL;
    b->refs = 1;
    buf_init(&b->bytes, max);
    return b;
}

struct block *block_ref(struct block *b)
{
    b->refs++;
    return b;
}

void block_unref(struct block *b)
{
    if (!b)
        return;
    assert(b->refs > 0);
    if (--b->refs > 0)
        return;
    buf_release(&b->bytes);
    free(b->marks);
    free(b);
}

enum rs_err block_begin_event(struct block *b, int64_t id)
{
    assert(b->n_marks == 0 || b->marks[b->n_marks - 1].id < id);
    if (b->n_marks == b->marks_cap) {
        int cap = b->marks_cap ? 2 * b->marks_cap : 4;
        struct block_mark *marks = realloc(b->marks, (size_t)cap * sizeof *marks);
        if (!marks)
            return RS_NOMEM;
        b->marks = marks;
        b->marks_cap = cap;
    }
    b->marks[b->n_marks++] = (struct block_mark){id, b->bytes.len};
    b->last_n = 0;
    return RS_OK;
}

enum rs_err block_put(struct block *b, enum frame_format format, const char *id, const char *json, size_t len)
{
    enum rs_err err = frame_put(&b->bytes, format, id, json, len);
    if (err)
        return err;
    b->n_messages++;
    b->last_n++;
    return RS_OK;
}

size_t block_after(const struct block *b, int64_t after)
{
    int low = 0, high = b->n_marks;
    while (low < high) {
        int middle = low + (high - low) / 2;
        if (b->marks[middle].id > after)
            high = middle;
        else
            low = middle + 1;
    }
    return low < b->n_marks ? b->marks[low].start : b->bytes.len;
}
