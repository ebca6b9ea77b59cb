#include "http.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum part { SIZE, EXTENSION, DATA, AFTER_DATA, TRAILER, ENDED };

const char *http_field(const char *text, const struct http_head *head, const char *name, size_t *ret_len)
{
    const char *end = text + head->len, *line = text;
    size_t name_len = strlen(name);
    *ret_len = 0;
    while (line < end) {
        const char *next = memchr(line, '\n', (size_t)(end - line));
        next = next ? next + 1 : end;
        if ((size_t)(next - line) > name_len && line[name_len] == ':' && strncasecmp(line, name, name_len) == 0) {
            const char *value = line + name_len + 1;
            while (*value == ' ')
                value++;
            *ret_len = strcspn(value, "\r\n");
            return value;
        }
        line = next;
    }
    return NULL;
}

bool http_head(const char *text, size_t len, struct http_head *ret)
{
    const char *end = memmem(text, len, "\r\n\r\n", 4), *value;
    size_t n;
    if (!end)
        return false;
    *ret = (struct http_head){.len = (size_t)(end - text) + 4, .status = atoi(text + 9)};
    value = http_field(text, ret, "Transfer-Encoding", &n);
    ret->chunked = value && n == 7 && strncasecmp(value, "chunked", n) == 0;
    value = http_field(text, ret, "Connection", &n);
    ret->closing = value && n == 5 && strncasecmp(value, "close", n) == 0;
    value = http_field(text, ret, "Content-Length", &n);
    ret->body_len = value ? strtoull(value, NULL, 10) : 0;
    return true;
}

size_t http_unchunk(struct http_chunks *c, char *text, size_t len, size_t *ret_used)
{
    size_t in = 0, out = 0;
    while (in < len && c->part != ENDED) {
        char ch = text[in];
        switch ((enum part)c->part) {
        case SIZE:
            if (isxdigit((unsigned char)ch))
                c->left = c->left * 16 + (uint64_t)(isdigit((unsigned char)ch) ? ch - '0' : (ch | 32) - 'a' + 10);
            else if (ch == '\n')
                c->part = c->left ? DATA : TRAILER;
            else
                c->part = EXTENSION;
            in++;
            break;
        case EXTENSION:
            if (ch == '\n')
                c->part = c->left ? DATA : TRAILER;
            in++;
            break;
        case DATA: {
            size_t n = len - in < c->left ? len - in : (size_t)c->left;
            memmove(text + out, text + in, n);
            in += n;
            out += n;
            c->left -= n;
            if (c->left == 0)
                c->part = AFTER_DATA;
            break;
        }
        case AFTER_DATA:
            if (ch == '\n')
                c->part = SIZE;
            in++;
            break;
        case TRAILER: /* servers measured here send none: the empty line */
            if (ch == '\n')
                c->part = ENDED;
            in++;
            break;
        case ENDED:
            break;
        }
    }
    *ret_used = in;
    return out;
}

bool http_chunks_ended(const struct http_chunks *c)
{
    return c->part == ENDED;
}
