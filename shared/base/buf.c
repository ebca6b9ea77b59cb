#include "base/buf.h"

#include "base/utf8.h"
#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { BUF_FIRST = 128 };

void buf_init(struct buf *b, size_t max)
{
    *b = (struct buf){.max = max};
}

void buf_release(struct buf *b)
{
    free(b->data);
    buf_init(b, b->max);
}

void buf_clear(struct buf *b)
{
    b->len = 0;
    b->err = RS_OK;
    if (b->data)
        b->data[0] = '\0';
}

/* Make room for more bytes and the NUL. Doubles, so that appending is linear in all. */
static enum rs_err reserve(struct buf *b, size_t more)
{
    if (b->err)
        return b->err;
    if (more > b->max - b->len)
        return b->err = RS_LIMIT;
    size_t need = b->len + more + 1;
    if (need <= b->cap)
        return RS_OK;
    size_t cap = b->cap ? b->cap * 2 : BUF_FIRST;
    if (cap < need)
        cap = need;
    if (cap > b->max + 1)
        cap = b->max + 1;
    char *data = realloc(b->data, cap);
    if (!data)
        return b->err = RS_NOMEM;
    b->data = data;
    b->cap = cap;
    return RS_OK;
}

void buf_fit(struct buf *b)
{
    char *data = b->data ? realloc(b->data, b->len + 1) : NULL;
    if (!data)
        return;
    b->data = data;
    b->cap = b->len + 1;
}

enum rs_err buf_append(struct buf *b, const void *data, size_t len)
{
    if (reserve(b, len))
        return b->err;
    if (len)
        memcpy(b->data + b->len, data, len);
    b->len += len;
    b->data[b->len] = '\0';
    return RS_OK;
}

enum rs_err buf_puts(struct buf *b, const char *s)
{
    return buf_append(b, s, strlen(s));
}

enum rs_err buf_putc(struct buf *b, char c)
{
    return buf_append(b, &c, 1);
}

enum rs_err buf_put_number(struct buf *b, int64_t number)
{
    char text[20]; /* INT64_MIN, without a NUL */
    char *p = text + sizeof text;
    uint64_t rest = number < 0 ? -(uint64_t)number : (uint64_t)number;
    do {
        *--p = (char)('0' + rest % 10);
        rest /= 10;
    } while (rest > 0);
    if (number < 0)
        *--p = '-';
    return buf_append(b, p, (size_t)(text + sizeof text - p));
}

enum rs_err buf_printf(struct buf *b, const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    int len = vsnprintf(NULL, 0, fmt, args);
    va_end(args);
    assert(len >= 0);
    if (reserve(b, (size_t)len))
        return b->err;
    va_start(args, fmt);
    vsnprintf(b->data + b->len, (size_t)len + 1, fmt, args);
    va_end(args);
    b->len += (size_t)len;
    return RS_OK;
}

static void put_escaped(struct buf *b, unsigned char c)
{
    static const char short_escapes[0x20] = {['\b'] = 'b', ['\t'] = 't', ['\n'] = 'n', ['\f'] = 'f', ['\r'] = 'r'};
    if (c == '"' || c == '\\') {
        char pair[2] = {'\\', (char)c};
        buf_append(b, pair, 2);
    } else if (c < 0x20 && short_escapes[c]) {
        char pair[2] = {'\\', short_escapes[c]};
        buf_append(b, pair, 2);
    } else {
        buf_printf(b, "\\u%04x", c);
    }
}

enum rs_err buf_put_json(struct buf *b, const char *s, size_t len)
{
    if (b->err)
        return b->err;
    size_t start = b->len;
    const char *p = s, *end = s + len, *plain = s;
    buf_putc(b, '"');
    while (p < end) {
        unsigned char c = (unsigned char)*p;
        size_t n = utf8_char(p, (size_t)(end - p));
        if (n > 0 && c >= 0x20 && c != '"' && c != '\\' && c != 0x7F) {
            p += n;
            continue;
        }
        buf_append(b, plain, (size_t)(p - plain));
        if (n == 0)
            buf_puts(b, "\xEF\xBF\xBD");
        else
            put_escaped(b, c);
        plain = ++p;
    }
    buf_append(b, plain, (size_t)(p - plain));
    buf_putc(b, '"');
    if (b->err) {
        b->len = start;
        if (b->data)
            b->data[start] = '\0';
    }
    return b->err;
}

void buf_consume(struct buf *b, size_t n)
{
    assert(n <= b->len);
    if (n == 0)
        return;
    memmove(b->data, b->data + n, b->len - n + 1);
    b->len -= n;
}

char *buf_take(struct buf *b, size_t *ret_len)
{
    char *data = b->data ? b->data : calloc(1, 1);
    if (ret_len)
        *ret_len = data ? b->len : 0;
    b->data = NULL;
    buf_init(b, b->max);
    return data;
}

enum rs_err buf_put_duration(struct buf *b, int64_t ms)
{
    if (ms < 0)
        ms = 0;
    if (ms < 1000)
        return buf_printf(b, "%d ms", (int)ms);
    if (ms < 60 * 1000)
        return buf_printf(b, "%d.%d s", (int)(ms / 1000), (int)(ms % 1000 / 100));
    if (ms < 3600 * 1000)
        return buf_printf(b, "%d min %02d s", (int)(ms / 60000), (int)(ms % 60000 / 1000));
    return buf_printf(b, "%lld h %02d min", (long long)(ms / 3600000), (int)(ms % 3600000 / 60000));
}
