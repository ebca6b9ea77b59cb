#include "subscriber.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FRAME_MAX (LOOP_READ_BYTES / 2)
#define CONTROL_MAX 125

enum opcode { OP_CONTINUATION, OP_TEXT, OP_BINARY, OP_CLOSE = 8, OP_PING, OP_PONG };

/* A masked frame (RFC 6455, section 5.2); the mask is zero, so the payload goes as it is. */
static void send_frame(struct subscriber *s, enum opcode opcode, const char *text, size_t len)
{
    char frame[8 + REQUEST_MAX] = {(char)(0x80 | opcode)};
    size_t head = 2;
    if (len > REQUEST_MAX)
        fail("a frame over %d bytes", REQUEST_MAX);
    if (len <= CONTROL_MAX) {
        frame[1] = (char)(0x80 | len);
    } else {
        frame[1] = (char)(0x80 | 126);
        frame[2] = (char)(len >> 8);
        frame[3] = (char)len;
        head = 4;
    }
    memcpy(frame + head + 4, text, len);
    subscriber_send(s, frame, head + 4 + len);
}

static bool ws_open(struct subscriber *s)
{
    char text[REQUEST_MAX];
    if (!subscribers.ask)
        return true;
    expand(text, sizeof(text), subscribers.ask, s->stream);
    send_frame(s, OP_TEXT, text, strlen(text));
    return subscribers.answer == NULL;
}

static void ws_message(struct subscriber *s, const char *text, size_t len, uint64_t now_ns)
{
    if (s->state == OPEN)
        ledger_read(subscribers.ledger, s->index, text, len, now_ns);
    else if (memmem(text, len, subscribers.answer, strlen(subscribers.answer)))
        subscriber_opened(s);
}

static size_t ws_take(struct subscriber *s, char *text, size_t len, uint64_t now_ns)
{
    size_t at = 0;
    while (len - at >= 2 && s->watch.fd >= 0) {
        const unsigned char *head = (const unsigned char *)text + at;
        size_t n = head[1] & 0x7f, head_len = 2;
        if (n >= 126) {
            head_len = n == 126 ? 4 : 10;
            if (len - at < head_len)
                break;
            n = 0;
            for (size_t i = 2; i < head_len; i++)
                n = n << 8 | head[i];
        }
        if (n > FRAME_MAX)
            fail("a frame of %zu bytes", n);
        if (len - at < head_len + n)
            break;
        switch (head[0] & 0x0f) {
        case OP_TEXT:
        case OP_BINARY:
            if (!(head[0] & 0x80))
                fail("the server sends messages in fragments, which this client does not join");
            ws_message(s, text + at + head_len, n, now_ns);
            break;
        case OP_CLOSE:
            subscriber_gone(s);
            break;
        case OP_PING:
            if (n <= CONTROL_MAX)
                send_frame(s, OP_PONG, text + at + head_len, n);
            break;
        default:
            break;
        }
        at += head_len + n;
    }
    return at;
}

static bool sse_open(struct subscriber *s)
{
    (void)s;
    return true;
}

/* Messages end with an empty line; comments have no data (WHATWG HTML, section 9.2.6). */
static size_t sse_take(struct subscriber *s, char *text, size_t len, uint64_t now_ns)
{
    char *message = text, *line = text, *end = text + len, *newline;
    bool data = false;
    while ((newline = memchr(line, '\n', (size_t)(end - line)))) {
        size_t n = (size_t)(newline - line);
        if (n == 0 || (n == 1 && *line == '\r')) {
            if (data)
                ledger_read(subscribers.ledger, s->index, message, (size_t)(line - message), now_ns);
            message = newline + 1;
            data = false;
        } else if (n > 5 && memcmp(line, "data:", 5) == 0) {
            data = true;
        }
        line = newline + 1;
    }
    return (size_t)(message - text);
}

/* Where the next poll goes on: "next" of a JSON answer, or the two headers of a cache. */
static void poll_advance(struct subscriber *s, const char *text, const struct http_head *head, const char *body,
                         size_t len)
{
    char cursor[CURSOR_MAX];
    if (subscribers.cursor_in_query) {
        static const char mark[] = "\"next\":\"";
        const char *next = NULL, *at = body;
        while ((at = memmem(at, len - (size_t)(at - body), mark, sizeof(mark) - 1)))
            next = at += sizeof(mark) - 1;
        if (!next)
            fail("a poll's answer without a cursor: %.*s", (int)(len < 200 ? len : 200), body);
        snprintf(cursor, sizeof(cursor), "%.*s", (int)strcspn(next, "\""), next);
    } else {
        size_t tag_len, date_len;
        const char *tag = http_field(text, head, "ETag", &tag_len),
                   *date = http_field(text, head, "Last-Modified", &date_len);
        if (!tag || !date)
            return;
        snprintf(cursor, sizeof(cursor), "If-None-Match: %.*s\r\nIf-Modified-Since: %.*s\r\n", (int)tag_len, tag,
                 (int)date_len, date);
    }
    free(s->cursor);
    s->cursor = strdup(cursor);
}

static size_t poll_take(struct subscriber *s, char *text, size_t len, uint64_t now_ns)
{
    struct http_head head;
    size_t used;
    if (!http_head(text, len, &head))
        return 0;
    char *body = text + head.len;
    size_t body_len = head.body_len;
    if (head.chunked) {
        struct http_chunks chunks = {0};
        char *copy = malloc(len - head.len + 1);
        memcpy(copy, body, len - head.len);
        body_len = http_unchunk(&chunks, copy, len - head.len, &used);
        if (http_chunks_ended(&chunks))
            memcpy(body, copy, body_len);
        free(copy);
        if (!http_chunks_ended(&chunks))
            return 0;
        used += head.len;
    } else {
        used = head.len + body_len;
        if (used > len)
            return 0;
    }
    if (head.status == 200) {
        bool first = s->state != OPEN;
        poll_advance(s, text, &head, body, body_len);
        if (first)
            subscriber_opened(s);
        else
            ledger_read(subscribers.ledger, s->index, body, body_len, now_ns);
    } else if (head.status != 304 && head.status != 204 && head.status != 408) {
        if (subscribers.closed == 0)
            fprintf(stderr, "load: a poll was answered %.*s\n", (int)(head.len < 300 ? head.len : 300), text);
        subscriber_gone(s);
        return len;
    }
    if (head.closing)
        subscriber_reconnect(s);
    else
        subscriber_request(s);
    return used;
}

static const struct door doors[] = {
    {"ws",
     "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: "
     "dGhlIHNhbXBsZSBub25jZQ==\r\n",
     101, ws_open, ws_take},
    {"sse", "Accept: text/event-stream\r\n", 200, sse_open, sse_take},
    {"poll", "Accept: */*\r\n", 200, NULL, poll_take},
};

const struct door *door_find(const char *name)
{
    for (size_t i = 0; i < sizeof(doors) / sizeof(doors[0]); i++)
        if (strcmp(doors[i].name, name) == 0)
            return &doors[i];
    return NULL;
}
