#include "subscriber.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>

struct subscribers subscribers;

void expand(char *out, size_t cap, const char *text, int stream)
{
    static const char mark[] = "{stream}";
    size_t n = 0;
    while (*text && n + 16 < cap) {
        if (strncmp(text, mark, sizeof(mark) - 1) == 0) {
            n += (size_t)snprintf(out + n, cap - n, "%d", stream);
            text += sizeof(mark) - 1;
        } else {
            out[n++] = *text++;
        }
    }
    if (*text)
        fail("\"%.40s...\" is too long", text);
    out[n] = '\0';
}

void subscriber_send(struct subscriber *s, const char *data, size_t len)
{
    /* What clients send is small: it fits into an empty socket. */
    if (send(s->watch.fd, data, len, MSG_NOSIGNAL) != (ssize_t)len)
        subscriber_gone(s);
}

void subscriber_request(struct subscriber *s)
{
    char path[REQUEST_MAX / 2], request[REQUEST_MAX];
    const char *cursor = s->cursor ? s->cursor : "";
    bool query = subscribers.cursor_in_query;
    expand(path, sizeof(path), subscribers.path, s->stream);
    /* The first poll of a cursor only asks where the stream is; from there on nothing can be missed. */
    if (query)
        snprintf(path + strlen(path), sizeof(path) - strlen(path), s->cursor ? "&since=%s&wait=25" : "&wait=0", cursor);
    int n = snprintf(request, sizeof(request), "GET %s HTTP/1.1\r\nHost: %s\r\n%s%s\r\n", path,
                     subscribers.address[0] == '/' ? "localhost" : subscribers.address, subscribers.door->headers,
                     query ? "" : cursor);
    if (n < 0 || (size_t)n >= sizeof(request))
        fail("a request over %d bytes", REQUEST_MAX);
    subscriber_send(s, request, (size_t)n);
}

void subscriber_opened(struct subscriber *s)
{
    if (s->state == OPEN)
        return;
    s->state = OPEN;
    subscribers.n_connecting--;
    subscribers.n_open++;
    ledger_follow(subscribers.ledger, s->index, 1);
}

void subscriber_gone(struct subscriber *s)
{
    loop_close(&s->watch);
    if (s->state == GONE)
        return;
    if (s->state == OPEN) {
        subscribers.n_open--;
        subscribers.closed++;
        ledger_follow(subscribers.ledger, s->index, -1);
    } else {
        subscribers.n_connecting--;
        subscribers.refused++;
    }
    s->state = GONE;
}

static void connect_one(struct subscriber *s)
{
    if (loop_connect(&s->watch, subscribers.address))
        loop_add(&s->watch, true);
    else if (errno == EAGAIN && s->state != OPEN) /* a Unix socket's queue is full: once more, later */
        s->state = APART, subscribers.n_connecting--;
    else
        subscriber_gone(s);
}

void subscriber_reconnect(struct subscriber *s)
{
    loop_close(&s->watch);
    buf_clear(&s->carry);
    subscribers.reconnects++;
    connect_one(s);
}

static void on_connected(struct subscriber *s)
{
    int error = 0;
    socklen_t len = sizeof(error);
    getsockopt(s->watch.fd, SOL_SOCKET, SO_ERROR, &error, &len);
    if (error) {
        subscriber_gone(s);
        return;
    }
    loop_change(&s->watch, false);
    if (s->state == CONNECTING)
        s->state = GREETING;
    subscriber_request(s);
    /* A poll without a cursor is answered by the first message only: it is open once it was asked. */
    if (!subscribers.door->open && !subscribers.cursor_in_query && s->state == GREETING)
        subscriber_opened(s);
}

/* The head of the answer at text. Returns its length; 0 when it has not come whole or the subscriber is gone. */
static size_t greet(struct subscriber *s, const char *text, size_t len)
{
    struct http_head head;
    if (!http_head(text, len, &head))
        return 0;
    if (head.status != subscribers.door->status) {
        if (subscribers.refused == 0)
            fprintf(stderr, "load: a subscriber was answered %.*s\n", (int)(head.len < 300 ? head.len : 300), text);
        subscriber_gone(s);
        return 0;
    }
    s->chunked = head.chunked;
    s->state = ASKING;
    if (subscribers.door->open(s))
        subscriber_opened(s);
    return head.len;
}

static void on_ready(struct watch *w, uint32_t events)
{
    struct subscriber *s = (struct subscriber *)w;
    if (w->writing) {
        on_connected(s);
        return;
    }
    (void)events;
    char *text = loop_buffer();
    size_t kept = s->carry.len;
    if (kept > LOOP_READ_BYTES / 2)
        fail("a message over %d bytes", LOOP_READ_BYTES / 2);
    memcpy(text, s->carry.data ? s->carry.data : "", kept);
    ssize_t n = recv(w->fd, text + kept, LOOP_READ_BYTES - kept, 0);
    if (n < 0 && (errno == EAGAIN || errno == EINTR))
        return;
    if (n <= 0) {
        if (s->state == OPEN && !subscribers.door->open)
            subscriber_reconnect(s);
        else
            subscriber_gone(s);
        return;
    }
    uint64_t now = now_ns();
    subscribers.reads++;
    subscribers.bytes += (uint64_t)n;
    size_t len = kept + (size_t)n;
    buf_clear(&s->carry);
    if (s->state == GREETING && subscribers.door->open) {
        size_t used = greet(s, text, len);
        if (s->state == GONE)
            return;
        text += used;
        len -= used;
        kept = 0;
        if (used == 0) {
            buf_append(&s->carry, text, len);
            return;
        }
    }
    if (s->chunked) {
        size_t used;
        len = kept + http_unchunk(&s->chunks, text + kept, len - kept, &used);
    }
    size_t used = subscribers.door->take(s, text, len, now);
    if (w->fd >= 0 && used < len && buf_append(&s->carry, text + used, len - used) != RS_OK)
        fail("a message over %d bytes", CARRY_MAX);
}

double subscribers_connect(int at_once, int patience_s)
{
    uint64_t start = now_ns(), limit = start + (uint64_t)patience_s * 1000000000u;
    int next = 0, settled = 0;

    subscribers.all = calloc((size_t)subscribers.n, sizeof(*subscribers.all));
    if (!subscribers.all)
        fail("no memory for the subscribers");
    for (int i = 0; i < subscribers.n; i++) {
        struct subscriber *s = &subscribers.all[i];
        s->watch = (struct watch){.ready = on_ready, .fd = -1};
        s->index = i;
        s->stream = i % subscribers.ledger->n_streams;
        buf_init(&s->carry, CARRY_MAX);
    }
    while (settled < subscribers.n && now_ns() < limit) {
        for (int tries = 0; subscribers.n_connecting < at_once && tries < subscribers.n; tries++) {
            struct subscriber *s = &subscribers.all[next];
            next = (next + 1) % subscribers.n;
            if (s->state != APART)
                continue;
            s->state = CONNECTING;
            subscribers.n_connecting++;
            connect_one(s);
            if (s->state == APART)
                break;
        }
        loop_turn(10000000);
        settled = subscribers.n_open + (int)subscribers.refused;
    }
    return (double)(now_ns() - start) / 1e9;
}
