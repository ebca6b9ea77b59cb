#include "publisher.h"

#include "http.h"
#include "subscriber.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#define MESSAGE_MAX 65536
#define ANSWER_MAX 65536
#define IDLE_NS 50000000u
#define RECONNECTS_MAX 1000000

struct publishers publishers;
static bool sending_over;

static void connect_one(struct publisher *p);

static void flush(struct publisher *p)
{
    while (p->written < p->out.len) {
        ssize_t n = send(p->watch.fd, p->out.data + p->written, p->out.len - p->written, MSG_NOSIGNAL);
        if (n < 0 && errno == EAGAIN)
            break;
        if (n < 0)
            fail_system("publishing");
        p->written += (size_t)n;
    }
    bool left = p->written < p->out.len;
    if (!left) {
        buf_clear(&p->out);
        p->written = 0;
    }
    loop_change(&p->watch, left);
}

static void take_line(struct publisher *p, const char *line)
{
    long long number;
    if (sscanf(line, "{\"ack\":%lld", &number) == 1) {
        publishers.accepted += (uint64_t)(number - p->acked);
        publishers.last_accepted_ns = now_ns();
        p->acked = number;
    } else if (strstr(line, "\"error\"")) {
        if (publishers.refused++ == 0)
            fprintf(stderr, "load: a line was answered %s\n", line);
    }
}

/* Answers to lines: acknowledgements (of all up to a number) and errors. */
static size_t take_lines(struct publisher *p, char *text, size_t len)
{
    char *line = text, *end;
    while ((end = memchr(line, '\n', len - (size_t)(line - text)))) {
        *end = '\0';
        take_line(p, line);
        line = end + 1;
    }
    return (size_t)(line - text);
}

static void reconnect(struct publisher *p)
{
    if (++publishers.reconnects > RECONNECTS_MAX)
        fail("publishers are disconnected again and again");
    publishers.refused += (uint64_t)p->under_way; /* nobody knows */
    p->under_way = 0;
    loop_close(&p->watch);
    buf_clear(&p->in);
    buf_clear(&p->out);
    p->written = 0;
    connect_one(p);
}

static void take_answers(struct publisher *p)
{
    struct http_head head;
    size_t at = 0, used;
    while (http_head(p->in.data + at, p->in.len - at, &head)) {
        char *body = p->in.data + at + head.len;
        size_t left = p->in.len - at - head.len;
        if (head.chunked) {
            struct http_chunks chunks = {0};
            char copy[ANSWER_MAX];
            memcpy(copy, body, left < sizeof(copy) ? left : sizeof(copy));
            http_unchunk(&chunks, copy, left < sizeof(copy) ? left : sizeof(copy), &used);
            if (!http_chunks_ended(&chunks))
                break;
        } else if ((used = (size_t)head.body_len) > left) {
            break;
        }
        p->under_way--;
        if (head.status < 200 || head.status > 299) {
            if (publishers.refused++ == 0)
                fprintf(stderr, "load: a message was answered %.*s\n", (int)(head.len < 300 ? head.len : 300),
                        p->in.data + at);
        } else {
            publishers.accepted++;
            publishers.last_accepted_ns = now_ns();
        }
        at += head.len + used;
        if (head.closing) {
            reconnect(p);
            return;
        }
    }
    buf_consume(&p->in, at);
}

static void on_ready(struct watch *w, uint32_t events)
{
    struct publisher *p = (struct publisher *)w;
    if (events & EPOLLOUT)
        flush(p);
    if (!(events & (EPOLLIN | EPOLLHUP | EPOLLERR)))
        return;
    char text[ANSWER_MAX];
    ssize_t n = recv(w->fd, text, sizeof(text), 0);
    if (n < 0 && (errno == EAGAIN || errno == EINTR))
        return;
    if (n <= 0) {
        if (publishers.by_line)
            fail("the spool's socket was closed");
        reconnect(p);
        return;
    }
    if (buf_append(&p->in, text, (size_t)n) != RS_OK)
        fail("an answer over %d bytes", ANSWER_MAX);
    if (publishers.by_line)
        buf_consume(&p->in, take_lines(p, p->in.data, p->in.len));
    else
        take_answers(p);
}

/* The greeting of a producer, and the bridge's answer. */
static void greet(struct publisher *p)
{
    char text[256];
    int n = snprintf(text, sizeof(text), "{\"hello\":1,\"producer\":\"load-%d-%d\",\"ack\":true}\n", (int)getpid(),
                     (int)(p - publishers.all));
    if (send(p->watch.fd, text, (size_t)n, MSG_NOSIGNAL) != n)
        fail_system("greeting the spool");
    do
        n = (int)recv(p->watch.fd, text, sizeof(text) - 1, 0);
    while (n < 0 && errno == EAGAIN && usleep(1000) == 0);
    if (n <= 0)
        fail("no answer of the spool");
}

static void connect_one(struct publisher *p)
{
    if (!loop_connect(&p->watch, publishers.address))
        fail_system("connecting to %s", publishers.address);
    loop_add(&p->watch, false);
    if (publishers.acks)
        greet(p);
}

void publishers_connect(void)
{
    publishers.all = calloc((size_t)publishers.n, sizeof(*publishers.all));
    if (!publishers.all)
        fail("no memory for the publishers");
    for (int i = 0; i < publishers.n; i++) {
        struct publisher *p = &publishers.all[i];
        p->watch = (struct watch){.ready = on_ready, .fd = -1};
        buf_init(&p->out, PUBLISH_PENDING_MAX + 4 * MESSAGE_MAX);
        buf_init(&p->in, ANSWER_MAX * 2);
        connect_one(p);
    }
}

/* The body of a message into out: publishers.body with its marks replaced. */
static void put_body(struct buf *out, int stream, const char *payload)
{
    for (const char *at = publishers.body; *at;) {
        if (strncmp(at, "{payload}", 9) == 0) {
            buf_append(out, payload, publishers.size);
            at += 9;
        } else if (strncmp(at, "{stream}", 8) == 0) {
            buf_printf(out, "%d", stream);
            at += 8;
        } else if (strncmp(at, "{escaped}", 9) == 0) {
            buf_put_json(out, payload, publishers.size);
            at += 9;
        } else {
            size_t plain = 1 + strcspn(at + 1, "{");
            buf_append(out, at, plain);
            at += plain;
        }
    }
}

static void put_message(struct publisher *p, int stream, uint64_t sent_ns)
{
    static char payload[MESSAGE_MAX + 1];
    static struct buf body = {.max = 4 * MESSAGE_MAX};
    char path[REQUEST_MAX / 2];

    ledger_write(publishers.ledger, stream, sent_ns, payload, publishers.size);
    publishers.sent++;
    buf_clear(&body);
    put_body(&body, stream, payload);
    if (publishers.by_line) {
        if (publishers.acks)
            buf_printf(&p->out, "{\"n\":%lld,%s\n", (long long)++p->numbered, body.data + 1);
        else
            buf_printf(&p->out, "%s\n", body.data);
    } else {
        expand(path, sizeof(path), publishers.path, stream);
        buf_printf(&p->out,
                   "POST %s HTTP/1.1\r\nHost: %s\r\nContent-Type: application/json\r\nContent-Length: %zu\r\n\r\n",
                   path, publishers.address, body.len);
        buf_append(&p->out, body.data, body.len);
        p->under_way++;
    }
    if (p->out.err != RS_OK || body.err != RS_OK)
        fail("a message over %d bytes", MESSAGE_MAX);
}

static bool has_room(const struct publisher *p)
{
    return publishers.by_line ? p->out.len - p->written < PUBLISH_PENDING_MAX && !p->watch.writing : p->under_way == 0;
}

/* Who sends the next message of a stream: always the same, so that streams keep their order; with one stream and POST
 * any that is free, as the only way to have more than one message under way. */
static struct publisher *choose(int stream)
{
    static int turn;
    if (publishers.by_line || publishers.ledger->n_streams > 1) {
        struct publisher *p = &publishers.all[stream % publishers.n];
        return has_room(p) ? p : NULL;
    }
    for (int i = 0; i < publishers.n; i++) {
        struct publisher *p = &publishers.all[(turn + i) % publishers.n];
        if (has_room(p)) {
            turn = (turn + i + 1) % publishers.n;
            return p;
        }
    }
    return NULL;
}

static bool window_full(void)
{
    const struct ledger *l = publishers.ledger;
    double fan_out = (double)subscribers.n_open / l->n_streams;
    return publishers.window > 0 && (double)(l->expected - l->delivered) >= (double)publishers.window * fan_out;
}

uint64_t publishers_send(void)
{
    uint64_t wait = IDLE_NS;
    while (publishers.sent < publishers.messages) {
        uint64_t now = now_ns(), due = now;
        if (publishers.seconds > 0 && (double)(now - publishers.start_ns) > publishers.seconds * 1e9) {
            sending_over = true;
            break;
        }
        if (publishers.rate > 0) {
            due = publishers.start_ns + (uint64_t)((double)publishers.sent * 1e9 / publishers.rate);
            if (due > now) {
                wait = due - now < IDLE_NS ? due - now : IDLE_NS;
                break;
            }
        } else if (window_full()) {
            break;
        }
        int stream = (int)(publishers.sent % (uint64_t)publishers.ledger->n_streams);
        struct publisher *p = choose(stream);
        if (!p)
            break;
        if (now - due > publishers.behind_max_ns)
            publishers.behind_max_ns = now - due;
        put_message(p, stream, due);
        if (!publishers.by_line)
            flush(p);
    }
    for (int i = 0; publishers.by_line && i < publishers.n; i++)
        if (publishers.all[i].out.len > 0 && !publishers.all[i].watch.writing)
            flush(&publishers.all[i]);
    return wait;
}

bool publishers_done(void)
{
    bool answered = publishers.by_line && !publishers.acks;
    return (sending_over || publishers.sent == publishers.messages) &&
           (answered || publishers.accepted + publishers.refused >= publishers.sent);
}
