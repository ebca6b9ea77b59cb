/* bench_scale - how do latency and CPU time grow with the subscribers of one stream, and with the streams of one subscriber each? */
#include "tests/bench/load.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct load_option options[] = {
    {"bridge", "the program", "bridge/runspool-bridge"},
    {"subscribers", "of one stream, in turn", "10,100,1000,5000,10000,18000"},
    {"streams", "with one subscriber each, in turn", "1,10,100,1000,5000,18000"},
    {"rate", "events/s of one stream that has many subscribers", "10"},
    {"spread", "events/s of many streams together", "500"},
    {"seconds", "of each", "5"},
    {"json", "file for the figures", ""},
    {0},
};
static struct load_bridge bridge = {.settings = {"limits.connections=100000", "limits.stream_clients=100000"}};

static void on_event(struct load *load, struct load_client *c, int64_t t_us)
{
    (void)c;
    load_times_add(load->ctx, load_now_us() - t_us);
}

static int64_t wanted;

static bool all_have(struct load *load)
{
    return load->n_events >= wanted;
}

static void measure(int n, int n_streams, int64_t rate, const char *what)
{
    struct load load;
    struct load_emitter emitter;
    struct load_times times = {0};
    char stream[40];
    int64_t n_events = rate * load_number(options, "seconds");
    load_bridge_start(&bridge);
    load_init(&load, &bridge, n);
    load.on_event = on_event;
    load.ctx = &times;
    for (int i = 0; i < n; i++) {
        snprintf(load.clients[i].stream, sizeof load.clients[i].stream, "run:%d-%d-%d", n, n_streams, i % n_streams);
        load.clients[i].seq = 0;
    }
    load_open(&load, 0, n, 500);
    snprintf(stream, sizeof stream, "bench-%d-%d", n, n_streams);
    load_emitter_open(&emitter, &bridge, stream);
    double cpu = load_cpu_s(&bridge);
    int64_t start = load_now_us();
    for (int64_t i = 0; i < n_events; i++) {
        load_run(&load, NULL, start + i * 1000000 / rate);
        snprintf(stream, sizeof stream, "run:%d-%d-%d", n, n_streams, (int)(i % n_streams));
        load_emit(&emitter, stream, "log", 200);
        load_send(&emitter);
        wanted += n / n_streams;
    }
    load_run(&load, all_have, 0);
    cpu = load_cpu_s(&bridge) - cpu;
    char name[64];
    snprintf(name, sizeof name, "%d %s: p50", n, what);
    load_figure(name, load_times_ms(&times, 0.5), "ms");
    snprintf(name, sizeof name, "%d %s: p99", n, what);
    load_figure(name, load_times_ms(&times, 0.99), "ms");
    snprintf(name, sizeof name, "%d %s: CPU for a delivery", n, what);
    load_figure(name, cpu * 1e6 / (double)times.n, "us");
    snprintf(name, sizeof name, "%d %s: memory", n, what);
    load_figure(name, (double)load_rss_kb(&bridge) / 1024, "MiB");
    free(times.us);
    wanted = 0;
    load_emitter_close(&emitter);
    load_release(&load);
    load_bridge_kill(&bridge, 9);
}

int main(int argc, char **argv)
{
    load_options(options, argc, argv, "bench_scale: from few to many.");
    bridge.program = load_text(options, "bridge");
    load_bridge_dir(&bridge);
    load_pin(1);
    load_figures(load_text(options, "json"), "scale");
    for (const char *p = load_text(options, "subscribers"); *p; p += strcspn(p, ","), p += *p == ',')
        measure(atoi(p), 1, load_number(options, "rate"), "subscribers of one stream");
    for (const char *p = load_text(options, "streams"); *p; p += strcspn(p, ","), p += *p == ',')
        measure(atoi(p), atoi(p), load_number(options, "spread"), "streams with one subscriber each");
    load_figures_end();
    return 0;
}
