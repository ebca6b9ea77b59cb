/* bench_emit - how soon an event is visible on WebSocket clients after `emit` (spool_append, spool_flush) has returned:
 * bench_emit DIR [EVENTS-PER-SECOND] [SUBSCRIBERS] [SECONDS], DIR being the data directory of a running instance. Subscribers
 * are plain sockets on the bridge's own, read by one thread; one thread emits, and waits for each acknowledgement. */
#include "base/clock.h"
#include "conf/datadir.h"
#include "event/spool.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define STREAM "tool:bench-emit"
#define READ_BYTES 65536
#define FLUSH_MS 10000
#define DRAIN_MS 10000
#define SUBSCRIBERS_MAX 1000

struct subscriber {
    int fd;
    size_t len;
    char buf[READ_BYTES];
};

struct bench {
    struct datadir dd;
    int rate, n_subscribers, n_events;
    struct subscriber *subscribers;
    int64_t *returned_us; /* [event]: when emit returned */
    int64_t *seen_us;     /* [event * n_subscribers + subscriber] */
    long n_seen;
};

static void die(const char *what)
{
    fprintf(stderr, "bench_emit: %s: %s\n", what, strerror(errno));
    exit(1);
}

static void send_all(int fd, const void *data, size_t len)
{
    if (write(fd, data, len) != (ssize_t)len)
        die("write");
}

/* A masked text frame under 126 bytes (RFC 6455, section 5.2); the mask is zero. */
static void send_frame(int fd, const char *text)
{
    unsigned char frame[6 + 125] = {0x81, (unsigned char)(0x80 | strlen(text))};
    memcpy(frame + 6, text, strlen(text));
    send_all(fd, frame, 6 + strlen(text));
}

static int connect_socket(struct bench *b)
{
    static const char ask[] = "GET /ws HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
                              "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    char path[PATH_MAX];
    int fd = socket(AF_UNIX, SOCK_STREAM, 0);

    datadir_path(&b->dd, path, DATADIR_BRIDGE_SOCKET);
    if (strlen(path) >= sizeof(address.sun_path))
        exit(fprintf(stderr, "bench_emit: %s is too long\n", path) > 0);
    memcpy(address.sun_path, path, strlen(path));
    if (fd < 0 || connect(fd, (struct sockaddr *)&address, sizeof(address)) != 0)
        die(path);
    send_all(fd, ask, sizeof(ask) - 1);
    return fd;
}

/* Take what was read apart: the handshake's answer, then frames; *ret_subscribed when the subscription was confirmed. */
static void take(struct bench *b, int index, bool *ret_subscribed)
{
    struct subscriber *s = &b->subscribers[index];
    size_t at = 0;
    int64_t now = clock_mono_us();

    if (s->len >= 5 && memcmp(s->buf, "HTTP/", 5) == 0) {
        char *end = memmem(s->buf, s->len, "\r\n\r\n", 4);
        if (!end)
            return;
        at = (size_t)(end + 4 - s->buf);
        send_frame(s->fd, "{\"op\":\"subscribe\",\"streams\":[\"" STREAM "\"]}");
    }
    while (s->len - at >= 4) {
        const unsigned char *head = (const unsigned char *)s->buf + at;
        size_t len = head[1] & 0x7f, start = 2;
        if (len == 126) {
            len = (size_t)(head[2] << 8 | head[3]);
            start = 4;
        }
        if (s->len - at < start + len)
            break;
        const char *text = s->buf + at + start;
        const char *n = memmem(text, len, "\"data\":{\"n\":", 12);
        int event = n ? atoi(n + 12) : -1;
        if (memmem(text, len, "\"op\":\"subscribed\"", 17))
            *ret_subscribed = true;
        if (event >= 0 && event < b->n_events) {
            b->seen_us[(long)event * b->n_subscribers + index] = now;
            b->n_seen++;
        }
        at += start + len;
    }
    memmove(s->buf, s->buf + at, s->len - at);
    s->len -= at;
}

static bool read_one(struct bench *b, int index)
{
    struct subscriber *s = &b->subscribers[index];
    bool subscribed = false;
    ssize_t n = read(s->fd, s->buf + s->len, sizeof(s->buf) - s->len);

    if (n <= 0)
        die("a subscriber's connection");
    s->len += (size_t)n;
    take(b, index, &subscribed);
    return subscribed;
}

static void *read_all(void *ctx)
{
    struct bench *b = ctx;
    struct epoll_event events[64];
    int poller = epoll_create1(0);

    for (int i = 0; i < b->n_subscribers; i++) {
        struct epoll_event event = {.events = EPOLLIN, .data.u32 = (uint32_t)i};
        if (epoll_ctl(poller, EPOLL_CTL_ADD, b->subscribers[i].fd, &event) != 0)
            die("epoll");
    }
    while (b->n_seen < (long)b->n_events * b->n_subscribers) {
        int n = epoll_wait(poller, events, 64, DRAIN_MS);
        if (n == 0)
            break; /* told below as missing */
        for (int i = 0; i < n; i++)
            read_one(b, (int)events[i].data.u32);
    }
    close(poller);
    return NULL;
}

static void emit_all(struct bench *b, struct spool *spool)
{
    int64_t start = clock_mono_us();

    for (int i = 0; i < b->n_events; i++) {
        int64_t due = start + (int64_t)i * 1000000 / b->rate, now = clock_mono_us();
        char data[200];
        if (due > now)
            usleep((useconds_t)(due - now));
        int len = snprintf(data, sizeof(data), "{\"n\":%d,\"level\":\"info\",\"message\":\"%0100d\"}", i, i);
        if (spool_append(spool, STREAM, "log", data, (size_t)len, 0) != RS_OK || spool_flush(spool, FLUSH_MS) != RS_OK)
            exit(fprintf(stderr, "bench_emit: an event was not taken\n") > 0);
        b->returned_us[i] = clock_mono_us();
    }
    printf("%d events in %.2f s (%d/s wanted), %d subscribers\n", b->n_events, (double)(clock_mono_us() - start) / 1e6, b->rate,
           b->n_subscribers);
}

static int compare(const void *a, const void *b)
{
    int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
    return x < y ? -1 : x > y;
}

static int report(struct bench *b)
{
    long n = (long)b->n_events * b->n_subscribers, missing = 0, before = 0;

    for (long i = 0; i < n; i++) {
        int64_t late = b->seen_us[i] - b->returned_us[i / b->n_subscribers];
        missing += b->seen_us[i] == 0;
        before += b->seen_us[i] != 0 && late <= 0;
        b->seen_us[i] = b->seen_us[i] == 0 || late < 0 ? 0 : late;
    }
    qsort(b->seen_us, (size_t)n, sizeof(*b->seen_us), compare);
    printf("visible after emit returned: p50 %.2f ms, p99 %.2f ms, p99.9 %.2f ms, max %.2f ms; before it returned: %.1f %%; missing: %ld\n",
           (double)b->seen_us[n / 2] / 1000, (double)b->seen_us[n - 1 - n / 100] / 1000, (double)b->seen_us[n - 1 - n / 1000] / 1000,
           (double)b->seen_us[n - 1] / 1000, 100.0 * (double)before / (double)n, missing);
    return missing != 0;
}

static int number(int argc, char **argv, int i, int fallback, int max)
{
    int n = argc > i ? atoi(argv[i]) : fallback;
    return n < 1 ? 1 : n > max ? max : n;
}

int main(int argc, char **argv)
{
    struct bench b = {.rate = number(argc, argv, 2, 1000, 100000), .n_subscribers = number(argc, argv, 3, 100, SUBSCRIBERS_MAX)};
    struct spool *spool = NULL;
    struct fault fault = {0};
    pthread_t reader;

    if (argc < 2)
        return fprintf(stderr, "usage: bench_emit DIR [EVENTS-PER-SECOND] [SUBSCRIBERS] [SECONDS]\n"), 2;
    b.n_events = b.rate * number(argc, argv, 4, 10, 600);
    if (datadir_open(&b.dd, argv[1], false, NULL, &fault) != RS_OK || spool_open(&b.dd, "bench", NULL, NULL, &spool, &fault) != RS_OK)
        return fprintf(stderr, "bench_emit: %s\n", fault.message), 1;
    b.subscribers = calloc((size_t)b.n_subscribers, sizeof(*b.subscribers));
    b.returned_us = calloc((size_t)b.n_events, sizeof(*b.returned_us));
    b.seen_us = calloc((size_t)b.n_events * (size_t)b.n_subscribers, sizeof(*b.seen_us));
    if (!b.subscribers || !b.returned_us || !b.seen_us)
        die("memory");
    for (int i = 0; i < b.n_subscribers; i++) {
        b.subscribers[i].fd = connect_socket(&b);
        while (!read_one(&b, i))
            ;
    }
    if (pthread_create(&reader, NULL, read_all, &b) != 0)
        die("thread");
    emit_all(&b, spool);
    pthread_join(reader, NULL);
    int status = report(&b);
    spool_close(spool, FLUSH_MS);
    for (int i = 0; i < b.n_subscribers; i++)
        close(b.subscribers[i].fd);
    free(b.subscribers);
    free(b.returned_us);
    free(b.seen_us);
    datadir_release(&b.dd);
    return status;
}
