#include "bridge/frame.h"
#include "bridge/pack.h"
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#define HEAD_BATCH 4  /* bytes of the head of a frame of a batch */
#define SSE_AROUND 64 /* more than stands around the JSON of a message */
#define SCALE 3       /* MessagePack is at most so many times as long: a number of three characters and its comma are nine bytes */

size_t frame_head(unsigned char head[FRAME_HEAD_MAX], unsigned char first, size_t len)
{
    head[0] = first;
    if (len < 126) {
        head[1] = (unsigned char)len;
        return 2;
    }
    if (len <= 0xffff) {
        head[1] = 126;
        head[2] = (unsigned char)(len >> 8);
        head[3] = (unsigned char)len;
        return 4;
    }
    head[1] = 127;
    for (int i = 0; i < 8; i++)
        head[2 + i] = (unsigned char)((uint64_t)len >> (56 - 8 * i));
    return 10;
}

size_t frame_head_read(const char *frame, size_t *ret_len)
{
    const unsigned char *p = (const unsigned char *)frame;
    if (p[1] < 126) {
        *ret_len = p[1];
        return 2;
    }
    if (p[1] == 126) {
        *ret_len = (size_t)p[2] << 8 | p[3];
        return 4;
    }
    size_t len = 0;
    for (int i = 0; i < 8; i++)
        len = len << 8 | p[2 + i];
    *ret_len = len;
    return 10;
}

/* FIN, and text or binary. */
static unsigned char first_byte(enum frame_format format)
{
    return format & FRAME_MSGPACK ? 0x82 : 0x81;
}

/* Its payload is there, at or after where it goes: the head before it. */
static void finish(struct buf *out, enum frame_format format, size_t start, size_t payload)
{
    unsigned char head[FRAME_HEAD_MAX];
    size_t len = out->len - payload, n = frame_head(head, first_byte(format), len);
    memcpy(out->data + start, head, n);
    memmove(out->data + start + n, out->data + payload, len);
    out->len = start + n + len;
    out->data[out->len] = '\0';
}

static enum rs_err put_websocket(struct buf *out, enum frame_format format, const char *json, size_t len)
{
    unsigned char head[FRAME_HEAD_MAX] = {0};
    if (!(format & FRAME_MSGPACK)) {
        buf_append(out, head, frame_head(head, first_byte(format), len));
        return buf_append(out, json, len);
    }
    size_t start = out->len;
    buf_append(out, head, sizeof head);
    enum rs_err err = pack_json(out, json, len);
    if (!err)
        finish(out, format, start, start + sizeof head);
    return err;
}

/* Between the tokens of JSON a carriage return is as good as a space; within a string it cannot stand as it is. */
static void break_no_line(char *json, size_t len)
{
    for (char *end = json + len; (json = memchr(json, '\r', (size_t)(end - json)));)
        *json = ' ';
}

enum rs_err frame_put(struct buf *out, enum frame_format format, const char *id, const char *json, size_t len)
{
    if (format < FRAME_SSE)
        return put_websocket(out, format, json, len);
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

size_t frame_max(enum frame_format format, size_t len)
{
    return format < FRAME_SSE && format & FRAME_MSGPACK ? SCALE * len + SSE_AROUND : len + SSE_AROUND;
}

size_t frame_boundary(const char *bytes, size_t len, size_t n)
{
    size_t at = 0, body = 0;
    while (at < n) {
        at += frame_head_read(bytes + at, &body);
        at += body;
        assert(at <= len);
    }
    return at;
}

struct pins *pins_new(void)
{
    struct pins *p = calloc(1, sizeof *p);
    if (p)
        p->refs = 1;
    return p;
}

struct pins *pins_ref(struct pins *p)
{
    p->refs++;
    return p;
}

void pins_unref(struct pins *p)
{
    if (p && --p->refs == 0)
        free(p);
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

struct block *block_like(const struct block *b)
{
    struct block *like = block_new(b->bytes.max);
    if (like && b->n_marks > 0) {
        like->marks = malloc((size_t)b->n_marks * sizeof *like->marks);
        if (!like->marks) {
            block_unref(like);
            return NULL;
        }
        memcpy(like->marks, b->marks, (size_t)b->n_marks * sizeof *like->marks);
        like->n_marks = like->marks_cap = b->n_marks;
    }
    if (like) {
        like->n_messages = b->n_messages;
        like->last_n = b->last_n;
        like->received_us = b->received_us;
    }
    return like;
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
    pins_unref(b->pins);
    free(b->marks);
    free(b->pieces);
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
    b->marks[b->n_marks++] = (struct block_mark){id, (uint32_t)(b->n_open ? b->open_at : b->bytes.len), b->n_open > 0};
    b->last_n = 0;
    return RS_OK;
}

/* Bytes that the head of an array of messages takes at most; for JSON, with its end. */
static size_t array_room(enum frame_format format)
{
    return format & FRAME_MSGPACK ? 3 : 1;
}

enum rs_err block_close(struct block *b, enum frame_format format)
{
    if (b->n_open == 0) /* there may be no bytes at all */
        return RS_OK;
    size_t payload = b->open_at + HEAD_BATCH + array_room(format);
    unsigned char *p = (unsigned char *)b->bytes.data + payload;
    if (b->n_open > 1 && !(format & FRAME_MSGPACK)) {
        p[-1] = '[';
        payload--;
        if (buf_putc(&b->bytes, ']') != RS_OK)
            return b->bytes.err;
    } else if (b->n_open > 15) {
        p[-3] = 0xdc; /* array 16 */
        p[-2] = (unsigned char)(b->n_open >> 8);
        p[-1] = (unsigned char)b->n_open;
        payload -= 3;
    } else if (b->n_open > 1) {
        p[-1] = (unsigned char)(0x90 | b->n_open); /* fixarray */
        payload--;
    }
    finish(&b->bytes, format, b->open_at, payload);
    b->n_open = 0;
    return RS_OK;
}

static enum rs_err put_batched(struct block *b, enum frame_format format, const char *json, size_t len)
{
    static const char room[HEAD_BATCH + 3];
    size_t most = frame_max(format, len), around = HEAD_BATCH + array_room(format);
    enum rs_err err = RS_OK;
    if (b->n_open > 0 && b->bytes.len - b->open_at + most > BATCH_BYTES_MAX)
        err = block_close(b, format);
    if (!err && b->n_open == 0 && b->last_n == 0 && b->n_marks > 0) {
        b->marks[b->n_marks - 1].start = (uint32_t)b->bytes.len;
        b->marks[b->n_marks - 1].within = false;
    }
    if (err)
        return err;
    if (most > BATCH_BYTES_MAX)
        return frame_put(&b->bytes, format, NULL, json, len);
    if (b->n_open == 0) {
        b->open_at = b->bytes.len;
        buf_append(&b->bytes, room, around);
    } else if (!(format & FRAME_MSGPACK)) {
        buf_putc(&b->bytes, ',');
    }
    b->n_open++;
    return format & FRAME_MSGPACK ? pack_json(&b->bytes, json, len) : buf_append(&b->bytes, json, len);
}

enum rs_err block_put(struct block *b, enum frame_format format, const char *id, const char *json, size_t len)
{
    enum rs_err err = format < FRAME_SSE && format & FRAME_BATCH ? put_batched(b, format, json, len)
                                                                 : frame_put(&b->bytes, format, id, json, len);
    if (err)
        return err;
    b->n_messages++;
    b->last_n++;
    return RS_OK;
}

bool block_after(const struct block *b, int64_t after, size_t *ret)
{
    int low = 0, high = b->n_marks;
    while (low < high) {
        int middle = low + (high - low) / 2;
        if (b->marks[middle].id > after)
            high = middle;
        else
            low = middle + 1;
    }
    *ret = low < b->n_marks ? b->marks[low].start : b->bytes.len;
    return low == b->n_marks || !b->marks[low].within;
}
