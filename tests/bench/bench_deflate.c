/* bench_deflate - what does compression cost and save on WebSockets? For each way a bridge of its own: many clients follow one stream,
 * in which the lines of a log become events, some at a steady rate, then many as fast as it takes. Then each client has a stream of its
 * own, and nothing is shared. Bytes on the wire and CPU time of the bridge for a delivery, deliveries a second, and the bridge's
 * memory for a connection that is idle and for one that has taken part. Frames are counted, not opened. */
#include "tests/bench/lib/base.h"
#include "tests/bench/lib/clients.h"
#include "tests/bench/lib/emitter.h"
#include "tests/bench/lib/lines.h"
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define BURST 100 /* events that are on their way at most, as fast as it takes */

static const struct way {
    const char *name, *offer;
} ways[] = {
    {"plain", NULL},
    {"each by itself", "Sec-WebSocket-Extensions: permessage-deflate; server_no_context_takeover\r\n"},
    {"running", "Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits\r\n"},
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
    {"seconds", "of each", "10"},
    {"events", "as fast as it takes", "3000"},
    {"json", "file for the figures", ""},
    {0},
};
static const char *const settings[] = {"limits.connections=100000", "limits.stream_clients=100000", "limits.subscriber_time=10m"};
static struct bench_bridge bridge;
static struct bench_clients clients;
static struct bench_emitter emitter;
static int n_clients, n_emitted;
static int64_t n_wanted;
static bool own; /* each client has a stream of its own */

static bool has_all(struct bench_clients *all)
{
    return all->n_events >= n_wanted;
}

static void emit(void)
{
    char stream[24];
    snprintf(stream, sizeof stream, "run:bench-%d", own ? n_emitted++ % n_clients : 0);
    bench_lines_add(&emitter, stream);
    bench_emitter_send(&emitter);
    n_wanted += own ? 1 : n_clients;
}

/* rate 0: as fast as it takes */
static struct cost run_load(int64_t n_events, int64_t rate)
{
    int64_t start = bench_now_us(), events = clients.n_events, bytes = clients.n_bytes;
    double cpu = bench_bridge_cpu_s(&bridge);
    n_wanted = events;
    for (int64_t i = 0; i < n_events; i++) {
        if (rate > 0)
            bench_clients_run(&clients, NULL, start + i * 1000000 / rate);
        else if (i % BURST == BURST - 1)
            bench_clients_run(&clients, has_all, 0);
        emit();
    }
    bench_clients_run(&clients, has_all, 0);
    double n = (double)(clients.n_events - events);
    return (struct cost){(double)(clients.n_bytes - bytes) / n, (bench_bridge_cpu_s(&bridge) - cpu) * 1e6 / n,
                         n * 1e6 / (double)(bench_now_us() - start)};
}

static double memory_kb(void)
{
    return (double)bench_bridge_status(&bridge, "RssAnon");
}

static void figure(const struct way *way, const char *what, double value, const char *unit)
{
    char name[100];
    snprintf(name, sizeof name, "%s: %s%s", way->name, what, own ? ", a stream each" : "");
    bench_figure(name, value, unit);
}

static void run(const struct way *way)
{
    int64_t seconds = bench_options_number(options, "seconds"), rate = bench_options_number(options, own ? "own-rate" : "rate");
    memset(&bridge, 0, sizeof bridge);
    bridge.program = bench_options_text(options, "bridge");
    memcpy(bridge.settings, settings, sizeof settings);
    bench_bridge_dir(&bridge);
    bench_bridge_start(&bridge);
    bench_emitter_open(&emitter, &bridge, "bench");
    bench_clients_init(&clients, &bridge, n_clients);
    clients.counts = true;
    for (int i = 0; i < n_clients; i++) {
        snprintf(clients.at[i].stream, sizeof clients.at[i].stream, "run:bench-%d", own ? i : 0);
        clients.at[i].offer = way->offer;
    }
    bench_clients_open(&clients, 0, 1, 1); /* what is made once is not counted */
    double before = memory_kb(), others = n_clients - 1;
    bench_clients_open(&clients, 1, n_clients - 1, 100);
    double idle = (memory_kb() - before) / others;
    struct cost steady = run_load(rate * seconds, rate);
    figure(way, "bytes of a delivery", steady.bytes, "");
    figure(way, "CPU of a delivery", steady.cpu_us, "us");
    if (!own) {
        struct cost flat = run_load(bench_options_number(options, "events"), 0);
        figure(way, "bytes of a delivery, flat out", flat.bytes, "");
        figure(way, "CPU of a delivery, flat out", flat.cpu_us, "us");
        figure(way, "deliveries, flat out", flat.per_s, "/s");
    }
    figure(way, "memory of a connection, idle", idle, "kB");
    figure(way, "memory of a connection, after", (memory_kb() - before) / others, "kB");
    bench_clients_release(&clients);
    bench_emitter_close(&emitter);
    bench_bridge_kill(&bridge, SIGTERM);
    bench_bridge_remove(&bridge);
}

int main(int argc, char **argv)
{
    bench_options(options, argc, argv, "bench_deflate: WebSockets with compression and without.");
    n_clients = (int)bench_options_number(options, "clients");
    if (n_clients < 2)
        bench_fail("--clients is 2 or more");
    bench_lines_read(bench_options_text(options, "log"));
    bench_figures(bench_options_text(options, "json"), "deflate");
    bench_pin(1);
    for (int i = 0; i < 2; i++) {
        own = i == 1;
        for (size_t w = 0; w < sizeof ways / sizeof *ways; w++)
            run(&ways[w]);
    }
    bench_figures_end();
    return 0;
}
