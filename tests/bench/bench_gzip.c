/* bench_gzip - what does it cost and save to send Server-Sent Events as gzip? Many clients follow one stream, in which the lines of a
 * log become events: some at a steady rate, then many as fast as it takes. Then each has a stream of its own, and nothing is shared.
 * On loopback: what a network costs is not in the figures. */
#include "tests/bench/delivery/http.h"
#include "tests/bench/lib/base.h"
#include "tests/bench/lib/bridge.h"
#include "tests/bench/lib/emitter.h"
#include "tests/bench/lib/lines.h"
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>
#include <zlib.h>

#define BURST 100 /* events that are on their way at most, as fast as it takes */

struct client {
    int fd;
    struct http_chunks chunks;
    z_stream *window; /* NULL: not gzip */
    bool broke;       /* the text so far ends with the end of a line */
    int64_t bytes, n_messages;
};
struct cost {
    double bytes, cpu_us, per_s;
};

static struct bench_option options[] = {
    {"bridge", "the program", "bridge/runspool-bridge"},
    {"clients", "that follow", "1000"},
    {"log", "file whose lines are taken", "config.log"},
    {"rate", "events/s of the stream that all follow", "20"},
    {"own-rate", "events/s of the streams that one follows each", "2000"},
    {"seconds", "of each", "8"},
    {"events", "as fast as it takes", "3000"},
    {"json", "file for the figures", ""},
    {0},
};
static struct bench_bridge bridge = {.settings = {"limits.connections=100000", "limits.stream_clients=100000", "limits.subscriber_time=10m"}};
static struct bench_emitter emitter;
static struct client *clients;
static int n_clients, n_emitted, epoll_fd;
static int64_t n_messages, n_bytes;
static bool gzip, own; /* own: each has a stream of its own */
static bool trusts;    /* of gzip that all share the first client's is opened; the others must be sent as many bytes */

/* A message ends with an empty line. */
static void count(struct client *c, const char *text, size_t len)
{
    for (const char *end = text + len, *p = text; p < end;) {
        bool again = c->broke && *p == '\n';
        c->broke = false;
        c->n_messages += again;
        n_messages += again;
        p = memchr(p, '\n', (size_t)(end - p));
        if (!p)
            return;
        c->broke = !again;
        p++;
    }
}

static void unpack(struct client *c, char *bytes, size_t len)
{
    static char text[65536];
    c->window->next_in = (Bytef *)bytes;
    c->window->avail_in = (uInt)len;
    do {
        c->window->next_out = (Bytef *)text;
        c->window->avail_out = sizeof text;
        int result = inflate(c->window, Z_SYNC_FLUSH);
        if (result != Z_OK && result != Z_BUF_ERROR)
            bench_fail("this is no gzip");
        count(c, text, sizeof text - c->window->avail_out);
    } while (c->window->avail_in > 0 || c->window->avail_out == 0);
}

static void take(struct client *c)
{
    static char bytes[65536];
    ssize_t n = recv(c->fd, bytes, sizeof bytes, MSG_DONTWAIT);
    if (n <= 0)
        bench_fail("a client was disconnected");
    n_bytes += n;
    c->bytes += n;
    if (trusts && c != clients)
        return;
    size_t used, len = http_unchunk(&c->chunks, bytes, (size_t)n, &used);
    if (c->window && len > 0)
        unpack(c, bytes, len);
    else
        count(c, bytes, len);
}

static bool in_step(void)
{
    for (int i = 1; trusts && i < n_clients; i++)
        if (clients[i].bytes != clients[0].bytes)
            return false;
    return true;
}

/* Until that time, or (0) until so many messages were counted and all have them. */
static void pump(int64_t until_us, int64_t messages)
{
    struct epoll_event events[256];
    int64_t give_up = bench_now_us() + BENCH_PATIENCE_S * INT64_C(1000000);
    while (until_us ? bench_now_us() < until_us : n_messages < messages || !in_step()) {
        int64_t wait_us = until_us ? until_us - bench_now_us() : 100000;
        int n = epoll_wait(epoll_fd, events, 256, wait_us > 0 ? (int)((wait_us + 999) / 1000) : 0);
        for (int i = 0; i < n; i++)
            take(events[i].data.ptr);
        if (bench_now_us() > give_up)
            bench_fail("events are missing");
    }
}

static void open_client(struct client *c)
{
    char text[1024];
    size_t n = 0;
    *c = (struct client){.fd = bench_bridge_connect(&bridge, 0, 0, false)};
    int len = snprintf(text, sizeof text, "GET /sse?stream=run:s%d HTTP/1.1\r\nHost: localhost\r\n%s\r\n", own ? (int)(c - clients) : 0,
                       gzip ? "Accept-Encoding: gzip\r\n" : "");
    if (c->fd < 0)
        bench_fail("connect");
    bench_send_all(c->fd, text, (size_t)len);
    do { /* byte by byte, so that nothing of the body is taken along */
        if (n == sizeof text - 1 || recv(c->fd, text + n, 1, 0) != 1)
            bench_fail("the answer's head");
        text[++n] = '\0';
    } while (n < 4 || memcmp(text + n - 4, "\r\n\r\n", 4) != 0);
    if (strncmp(text, "HTTP/1.1 200", 12) != 0 || gzip != (strstr(text, "Content-Encoding: gzip") != NULL))
        bench_fail("what was answered");
    if (gzip && (!(c->window = calloc(1, sizeof *c->window)) || inflateInit2(c->window, MAX_WBITS + 16) != Z_OK))
        bench_fail("memory");
    epoll_ctl(epoll_fd, EPOLL_CTL_ADD, c->fd, &(struct epoll_event){.events = EPOLLIN, .data.ptr = c});
}

static void close_client(struct client *c)
{
    if (c->window)
        inflateEnd(c->window);
    free(c->window);
    close(c->fd);
}

static void emit(void)
{
    char stream[24];
    snprintf(stream, sizeof stream, "run:s%d", own ? n_emitted++ % n_clients : 0);
    bench_lines_add(&emitter, stream);
    bench_emitter_send(&emitter);
}

/* per_second 0: as fast as it takes */
static struct cost run(int n_events, int64_t per_second)
{
    int64_t start = bench_now_us(), bytes = n_bytes, messages = n_messages, each = own || trusts ? 1 : n_clients;
    double cpu = bench_bridge_cpu_s(&bridge), deliveries = (double)n_events * (own ? 1 : n_clients);
    for (int i = 0; i < n_events; i++) {
        if (per_second > 0)
            pump(start + i * INT64_C(1000000) / per_second, 0);
        else if (i >= BURST)
            pump(0, messages + (i - BURST) * each);
        emit();
    }
    pump(0, messages + n_events * each);
    return (struct cost){(double)(n_bytes - bytes) / deliveries, (bench_bridge_cpu_s(&bridge) - cpu) * 1e6 / deliveries,
                         deliveries * 1e6 / (double)(bench_now_us() - start)};
}

static double memory_kb(void)
{
    return (double)bench_bridge_status(&bridge, "RssAnon");
}

static void figure(const char *when, const char *what, double value, const char *unit)
{
    char name[128];
    snprintf(name, sizeof name, "%s, %s: %s", when, gzip ? "gzip" : "plain", what);
    bench_figure(name, value, unit);
}

static void say(const char *when, const struct cost *cost)
{
    figure(when, "on the wire for each delivery", cost->bytes, "B");
    figure(when, "bridge CPU for each delivery", cost->cpu_us, "us");
    figure(when, "deliveries a second", cost->per_s, "/s");
}

static void open_all(void)
{
    bench_bridge_dir(&bridge);
    bench_bridge_start(&bridge);
    bench_emitter_open(&emitter, &bridge, "bench");
    n_messages = 0;
    n_emitted = 0;
    trusts = false;
    open_client(&clients[0]); /* what is made once is not counted */
    pump(0, 1);
    double before = memory_kb();
    for (int i = 1; i < n_clients; i++)
        open_client(&clients[i]);
    pump(0, n_clients); /* hello */
    figure(own ? "a stream each" : "one stream", "memory of an idle connection", (memory_kb() - before) / (n_clients - 1), "kB");
    run(own ? n_clients : 2, 0); /* now all are in step */
    for (int i = 0; i < n_clients; i++)
        clients[i].bytes = 0;
    trusts = gzip && !own;
}

static void close_all(void)
{
    for (int i = 0; i < n_clients; i++)
        close_client(&clients[i]);
    bench_emitter_close(&emitter);
    bench_bridge_kill(&bridge, SIGTERM);
    bench_bridge_remove(&bridge);
}

int main(int argc, char **argv)
{
    bench_options(options, argc, argv, "bench_gzip: Server-Sent Events as gzip, and not.");
    n_clients = (int)bench_options_number(options, "clients");
    int64_t rate = bench_options_number(options, "rate"), own_rate = bench_options_number(options, "own-rate"),
            seconds = bench_options_number(options, "seconds");
    struct rlimit files = {65536, 65536};
    (void)setrlimit(RLIMIT_NOFILE, &files);
    bridge.program = bench_options_text(options, "bridge");
    bench_lines_read(bench_options_text(options, "log"));
    clients = calloc((size_t)n_clients, sizeof *clients);
    epoll_fd = epoll_create1(0);
    if (n_clients < 2 || !clients || epoll_fd < 0)
        bench_fail("--clients is 2 or more");
    bench_pin(1);
    bench_figures(bench_options_text(options, "json"), "gzip");
    printf("%d clients; events are the lines of a log: %lld/s in one stream, then %lld as fast as it takes, then %lld/s in all streams\n", n_clients,
           (long long)rate, (long long)bench_options_number(options, "events"), (long long)own_rate);
    for (int i = 0; i < 4; i++) {
        own = i / 2;
        gzip = i % 2;
        open_all();
        struct cost cost = run((int)((own ? own_rate : rate) * seconds), own ? own_rate : rate);
        say(own ? "a stream each" : "one stream, steady", &cost);
        if (!own) {
            cost = run((int)bench_options_number(options, "events"), 0);
            say("one stream, as fast as it takes", &cost);
        }
        close_all();
    }
    bench_figures_end();
    return 0;
}
