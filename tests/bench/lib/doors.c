#include "tests/bench/lib/doors.h"
#include "tests/bench/lib/base.h"
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#define MESSAGE_MAX (16 * 1024 * 1024)
#define POLL_WAIT_S 20
#define CONTROL_MAX 125 /* of a control frame (RFC 6455, section 5.5) */

static _Noreturn void fail_with(const char *text, size_t len, const char *what)
{
    fprintf(stderr, "%.*s\n", (int)(len < 300 ? len : 300), text);
    errno = 0;
    bench_fail(what);
}

static void since_text(const struct bench_client *c, const char *before, const char *after, char out[64])
{
    *out = '\0';
    if (c->since == BENCH_START)
        snprintf(out, 64, "%sstart%s", before, after);
    else if (c->since != BENCH_NOW)
        snprintf(out, 64, "%s%" PRId64 "%s", before, c->since, after);
}

void door_greet(struct bench_clients *clients, struct bench_client *c)
{
    char request[600], since[64];
    int n;
    (void)clients;
    if (c->door == BENCH_WS) {
        n = snprintf(request, sizeof request,
                     "GET /ws HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                     "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n%s\r\n", c->offer ? c->offer : "");
    } else {
        since_text(c, "&since=", "", since);
        n = snprintf(request, sizeof request, "GET /%s?stream=%s%s HTTP/1.1\r\nHost: localhost\r\n\r\n",
                     c->door == BENCH_SSE ? "sse" : "poll", c->stream, since);
        if (c->door == BENCH_POLL && c->headed)
            n = snprintf(request, sizeof request, "GET /poll?stream=%s%s&wait=%d HTTP/1.1\r\nHost: localhost\r\n\r\n", c->stream, since,
                         POLL_WAIT_S);
        c->asked_us = bench_now_us();
    }
    if (send(c->fd, request, (size_t)n, MSG_NOSIGNAL) != n)
        client_ended(clients, c);
}

void bench_client_subscribe(struct bench_clients *clients, struct bench_client *c)
{
    char frame[200] = {(char)0x81}, since[64];
    if (c->door == BENCH_SSE) {
        c->state = BENCH_GREETED;
        door_greet(clients, c);
        return;
    }
    since_text(c, ",\"since\":\"", "\"", since);
    int n = snprintf(frame + 6, sizeof frame - 6, "{\"op\":\"subscribe\",\"streams\":[\"%s\"]%s}", c->stream, since);
    if (n > 125)
        bench_fail("the name of a stream is too long");
    frame[1] = (char)(0x80 | n); /* the mask is zero */
    c->asked_us = bench_now_us();
    c->state = BENCH_ASKED;
    if (send(c->fd, frame, (size_t)n + 6, MSG_NOSIGNAL) != n + 6)
        client_ended(clients, c);
}

/* The number after a name within the first bytes of a message. */
static int64_t number_after(const char *text, size_t len, const char *name, size_t name_len)
{
    const char *at = memmem(text, len, name, name_len);
    return at ? strtoll(at + name_len, NULL, 10) : -1;
}
#define NUMBER_AFTER(text, len, name) number_after(text, len, name, sizeof name - 1)

static void take_event(struct bench_clients *clients, struct bench_client *c, const char *text, size_t len)
{
    size_t head = len < 200 ? len : 200;
    int64_t id = NUMBER_AFTER(text, head, "\"id\":\""), seq = NUMBER_AFTER(text, head, "\"seq\":");
    if (id < 0 || seq < 0)
        fail_with(text, len, "a message that is no event");
    bool hole = c->view ? c->id > c->gap_until && id != c->id + 1 : c->seq >= 0 && seq != c->seq + 1;
    if (hole || id <= c->id) {
        fprintf(stderr, "%s: event %" PRId64 " (id %" PRId64 ") follows %" PRId64 " (id %" PRId64 ")\n", c->stream, seq, id, c->seq,
                c->id);
        fail_with(text, len, "an event was missed or came twice");
    }
    c->seq = seq;
    c->id = id;
    c->n_events++;
    clients->n_events++;
    if (clients->on_event)
        clients->on_event(clients, c, NUMBER_AFTER(text, len, "\"t\":"));
}

/* Of a stream nothing is left before the gap's end: any event may come next. Of a view some may be. */
static void take_gap(struct bench_clients *clients, struct bench_client *c, const char *text, size_t len)
{
    int64_t last = NUMBER_AFTER(text, len, "\"last\":\"");
    if (last < 0)
        fail_with(text, len, "a gap without an end");
    c->seq = -1;
    c->gap_until = last > c->gap_until ? last : c->gap_until;
    c->n_gaps++;
    clients->n_gaps++;
}

static void take_message(struct bench_clients *clients, struct bench_client *c, const char *text, size_t len)
{
    size_t head = len < 40 ? len : 40;
    if (!memmem(text, head, "\"op\":", 5)) {
        take_event(clients, c, text, len);
    } else if (memmem(text, head, "\"gap\"", 5)) {
        take_gap(clients, c, text, len);
    } else if (memmem(text, head, "\"hello\"", 7)) {
        if (c->door == BENCH_SSE) {
            client_follows(clients, c);
            return;
        }
        c->state = BENCH_IDLE;
        if (!c->waits)
            bench_client_subscribe(clients, c);
    } else if (memmem(text, head, "\"subscribed\"", 12)) {
        client_follows(clients, c);
    } else if (!memmem(text, head, "\"bye\"", 5)) {
        fail_with(text, len, "an answer that was not expected");
    }
}

/* Not opened: the first two are hello and subscribed. */
static void count_frame(struct bench_clients *clients, struct bench_client *c)
{
    if (c->state == BENCH_GREETED) {
        bench_client_subscribe(clients, c);
    } else if (c->state == BENCH_ASKED) {
        client_follows(clients, c);
    } else {
        c->n_events++;
        clients->n_events++;
    }
}

/* One frame (RFC 6455, section 5.2). Returns whether more may follow. */
static bool take_frame(struct bench_clients *clients, struct bench_client *c, const unsigned char *p, size_t head, size_t body)
{
    char pong[6 + CONTROL_MAX] = {(char)0x8a, (char)(0x80 | body)}; /* masked with zero */
    switch (p[0] & 15) {
    case 8:
        if (!c->may_close)
            fprintf(stderr, "close %d %.*s\n", body < 2 ? 0 : p[head] << 8 | p[head + 1], (int)body, (const char *)p + head);
        client_ended(clients, c);
        break;
    case 9:
        if (body > CONTROL_MAX)
            bench_fail("a ping that is too long");
        memcpy(pong + 6, p + head, body); /* who asks knows its answer by that */
        (void)!send(c->fd, pong, 6 + body, MSG_NOSIGNAL);
        break;
    default:
        if (clients->counts)
            count_frame(clients, c);
        else
            take_message(clients, c, (const char *)p + head, body);
        break;
    }
    return c->state != BENCH_CLOSED;
}

static size_t take_frames(struct bench_clients *clients, struct bench_client *c, const char *bytes, size_t at, size_t len)
{
    while (len - at >= 2) {
        const unsigned char *p = (const unsigned char *)bytes + at;
        size_t head = p[1] == 127 ? 10 : p[1] == 126 ? 4 : 2, body = p[1];
        if (len - at < head)
            break;
        if (head > 2)
            body = 0;
        for (size_t i = 2; i < head; i++)
            body = body << 8 | p[i];
        if (body > MESSAGE_MAX || (!clients->counts && (p[0] & 0x70)))
            bench_fail("a frame that cannot be read");
        if (len - at < head + body)
            break;
        if (!take_frame(clients, c, p, head, body))
            return len;
        at += head + body;
    }
    return at;
}

static size_t take_lines(struct bench_clients *clients, struct bench_client *c, const char *bytes, size_t at, size_t len)
{
    for (const char *end; (end = memchr(bytes + at, '\n', len - at));) {
        size_t n = (size_t)(end - (bytes + at));
        if (n > 6 && memcmp(bytes + at, "data: ", 6) == 0)
            take_message(clients, c, bytes + at + 6, n - 6);
        if (c->state == BENCH_CLOSED)
            return len;
        at += n + 1;
    }
    return at;
}

/* Each of "events":[...], as they are written: an event begins with its id, a gap with its op. */
static void take_answer(struct bench_clients *clients, struct bench_client *c, const char *text, size_t len)
{
    static const char event[] = "{\"id\":\"", gap[] = "{\"op\":\"gap\"", next[] = "\"next\":\"";
    const char *end = text + len, *tail = NULL;
    for (const char *at = text; (at = memmem(at, (size_t)(end - at), next, sizeof next - 1)); at += sizeof next - 1)
        tail = at;
    if (!tail)
        fail_with(text, len, "a poll's answer without a cursor");
    for (const char *at = text, *rest; at < tail; at = rest) {
        rest = memmem(at + 1, (size_t)(tail - at - 1), event, sizeof event - 1);
        rest = rest ? rest : tail;
        const char *told = memmem(at, (size_t)(rest - at), gap, sizeof gap - 1);
        if (memcmp(at, event, sizeof event - 1) == 0)
            take_event(clients, c, at, (size_t)((told ? told : rest) - at));
        for (; told; told = memmem(told + 1, (size_t)(rest - told - 1), gap, sizeof gap - 1))
            take_gap(clients, c, told, (size_t)(rest - told));
    }
    c->since = strtoll(tail + sizeof next - 1, NULL, 10);
    c->over = memmem(tail, (size_t)(end - tail), "\"end\":true", 10) != NULL;
}

/* The answer to a poll, whole; then the next is asked for. */
static size_t take_poll(struct bench_clients *clients, struct bench_client *c, const char *bytes, size_t len)
{
    struct http_head head;
    if (!http_head(bytes, len, &head) || len < head.len + head.body_len)
        return 0;
    if (head.status != 200 || head.chunked) {
        if (!c->may_close)
            fail_with(bytes, len, "a poll was refused");
        client_ended(clients, c);
        return len;
    }
    take_answer(clients, c, bytes + head.len, head.body_len);
    if (c->state == BENCH_GREETED)
        client_follows(clients, c);
    c->headed = true;
    if (c->over) {
        client_ended(clients, c);
    } else if (head.closing) {
        bench_client_cut(clients, c);
        bench_client_connect(clients, c);
        c->headed = true;
    } else if (!c->waits) {
        door_greet(clients, c);
    }
    return c->state == BENCH_FOLLOWS ? head.len + head.body_len : len;
}

static size_t take_head(struct bench_clients *clients, struct bench_client *c, const char *bytes, size_t len)
{
    struct http_head head;
    const char *agreed;
    if (!http_head(bytes, len, &head))
        return 0;
    if (head.status != (c->door == BENCH_WS ? 101 : 200)) {
        if (!c->may_close)
            fail_with(bytes, len, "a client was refused");
        client_ended(clients, c);
        return len;
    }
    size_t n;
    agreed = http_field(bytes, &head, "Sec-WebSocket-Extensions", &n);
    if ((c->offer && *c->offer) != (agreed != NULL))
        fail_with(bytes, len, "what was agreed");
    c->headed = true;
    return head.len;
}

size_t door_take(struct bench_clients *clients, struct bench_client *c, char *bytes, size_t n_old, size_t *len)
{
    size_t at = 0, used;
    if (c->door == BENCH_POLL)
        return take_poll(clients, c, bytes, *len);
    if (!c->headed) {
        at = n_old = take_head(clients, c, bytes, *len);
        if (!c->headed)
            return at;
    }
    if (c->door == BENCH_WS)
        return take_frames(clients, c, bytes, at, *len);
    *len = n_old + http_unchunk(&c->chunks, bytes + n_old, *len - n_old, &used);
    at = take_lines(clients, c, bytes, at, *len);
    if (c->state != BENCH_CLOSED && http_chunks_ended(&c->chunks)) {
        c->over = true;
        client_ended(clients, c);
    }
    return at;
}
