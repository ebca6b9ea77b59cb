/* bench_scale - how do latency and CPU time grow with the subscribers of one stream, and with the streams of one subscriber each? */
#include "tests/bench/lib/base.h"
#include "tests/bench/lib/clients.h"
#include "tests/bench/lib/emitter.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* delivery/plots.py looks for these. */
#define SUBSCRIBERS "subscribers of one stream"
#define STREAMS     "streams with one subscriber each"

static struct bench_option options[] = {
    {"bridge", "the program", "bridge/runspool-bridge"},
    {"subscribers", "of one stream, in turn", "10,100,1000,5000,10000,18000"},
    {"streams", "with one subscriber each, in turn", "1,10,100,1000,5000,18000"},
    {"rate", "events/s of one stream that has many subscribers", "10"},
    {"spread", "events/s of many streams together", "500"},
    {"seconds", "of each", "5"},
    {"json", "file for the figures", ""},
    {0},
};
static struct bench_bridge bridge = {.settings = {"limits.connections=100000", "limits.stream_clients=100000"}};

static void on_event(struct bench_clients *clients, struct bench_client *c, int64_t t_us)
{
    (void)c;
    bench_times_add(clients->ctx, bench_now_us() - t_us);
}

static int64_t wanted;

static bool all_have(struct bench_clients *clients)
{
    return clients->n_events >= wanted;
}

/* The figures make a table: a row for each number, a column for each thing measured. */
static void row(int n, const char *what, const char *column, double value)
{
    char name[96];
    snprintf(name, sizeof name, "%s: %d %s", column, n, what);
    bench_figure(name, value, "");
}

static void measure(int n, int n_streams, int64_t rate, const char *what)
{
    struct bench_clients clients;
    struct bench_emitter emitter;
    struct bench_times times = {0};
    char stream[40];
    int64_t n_events = rate * bench_options_number(options, "seconds");
    bench_bridge_start(&bridge);
    bench_clients_init(&clients, &bridge, n);
    clients.on_event = on_event;
    clients.ctx = &times;
    for (int i = 0; i < n; i++) {
        snprintf(clients.at[i].stream, sizeof clients.at[i].stream, "run:%d-%d-%d", n, n_streams, i % n_streams);
        clients.at[i].seq = 0;
    }
    bench_clients_open(&clients, 0, n, 500);
    snprintf(stream, sizeof stream, "bench-%d-%d", n, n_streams);
    bench_emitter_open(&emitter, &bridge, stream);
    double cpu = bench_bridge_cpu_s(&bridge);
    int64_t start = bench_now_us();
    for (int64_t i = 0; i < n_events; i++) {
        bench_clients_run(&clients, NULL, start + i * 1000000 / rate);
        snprintf(stream, sizeof stream, "run:%d-%d-%d", n, n_streams, (int)(i % n_streams));
        bench_emitter_add(&emitter, stream, "log", 200);
        bench_emitter_send(&emitter);
        wanted += n / n_streams;
    }
    bench_clients_run(&clients, all_have, 0);
    cpu = bench_bridge_cpu_s(&bridge) - cpu;
    row(n, what, "p50, ms", bench_times_ms(&times, 0.5));
    row(n, what, "p99, ms", bench_times_ms(&times, 0.99));
    row(n, what, "bridge CPU for a delivery, us", cpu * 1e6 / (double)times.n);
    row(n, what, "bridge memory, MiB", (double)bench_bridge_status(&bridge, "VmRSS") / 1024);
    free(times.us);
    wanted = 0;
    bench_emitter_close(&emitter);
    bench_clients_release(&clients);
    bench_bridge_kill(&bridge, 9);
}

int main(int argc, char **argv)
{
    bench_options(options, argc, argv, "bench_scale: from few to many.");
    bridge.program = bench_options_text(options, "bridge");
    bench_bridge_dir(&bridge);
    bench_pin(1);
    bench_figures(bench_options_text(options, "json"), "scale");
    for (const char *p = bench_options_text(options, "subscribers"); *p; p += strcspn(p, ","), p += *p == ',')
        measure(atoi(p), 1, bench_options_number(options, "rate"), SUBSCRIBERS);
    for (const char *p = bench_options_text(options, "streams"); *p; p += strcspn(p, ","), p += *p == ',')
        measure(atoi(p), atoi(p), bench_options_number(options, "spread"), STREAMS);
    bench_figures_end();
    return 0;
}
