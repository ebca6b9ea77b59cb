/* bench_storm - many clients are cut at once and come back at once, each with its own cursor, while events go on: how long until all
 * have caught up. Nothing may be missing and nothing come twice. */
#include "tests/bench/load.h"
#include <stdio.h>
#include <string.h>

static struct load_option options[] = {
    {"bridge", "the program", "bridge/runspool-bridge"},
    {"clients", "that are cut", "5000"},
    {"streams", "that they follow", "50"},
    {"rate", "events/s of all streams together", "500"},
    {"window", "connections that are being made at a time; 0: all", "0"},
    {"rounds", "times that they are cut", "3"},
    {"json", "file for the figures", ""},
    {0},
};
static struct load_bridge bridge = {.settings = {"limits.connections=100000", "limits.stream_clients=100000"}};
static struct load load;
static struct load_emitter emitter;
static int64_t emitted[10000]; /* of each stream */
static int n_streams, n_clients;
static int64_t each_us, next_us, turn;

static void emit_due(void)
{
    char name[24];
    for (; next_us <= load_now_us(); next_us += each_us) {
        int s = (int)(turn++ % n_streams);
        snprintf(name, sizeof name, "run:s%d", s);
        load_emit(&emitter, name, "log", 200);
        emitted[s]++;
    }
    if (emitter.len > 0)
        load_send(&emitter);
}

static bool all_have(const int64_t *what)
{
    int n = 0;
    for (int i = 0; i < n_clients; i++)
        n += load.clients[i].state == LOAD_FOLLOWS && load.clients[i].seq >= what[i % n_streams];
    return n == n_clients;
}

/* Events go on until all have what there was when they were looked at last. */
static int64_t until_caught_up(int64_t start)
{
    static int64_t goal[10000];
    memcpy(goal, emitted, sizeof goal);
    while (!all_have(goal)) {
        emit_due();
        load_run(&load, NULL, load_now_us() + 5000);
        if (load_now_us() - start > LOAD_PATIENCE_S * INT64_C(1000000))
            load_fail("they do not catch up");
    }
    return load_now_us() - start;
}

int main(int argc, char **argv)
{
    struct load_times took = {0}, open = {0};
    load_options(options, argc, argv, "bench_storm: many come back at once.");
    n_clients = (int)load_number(options, "clients");
    n_streams = (int)load_number(options, "streams");
    each_us = 1000000 / load_number(options, "rate");
    int rounds = (int)load_number(options, "rounds"), window = (int)load_number(options, "window");
    if (n_streams < 1 || n_streams > 10000)
        load_fail("--streams is 1 to 10000");
    bridge.program = load_text(options, "bridge");
    load_bridge_dir(&bridge);
    load_bridge_start(&bridge);
    load_pin(1);
    load_emitter_open(&emitter, &bridge, "bench");
    load_init(&load, &bridge, n_clients);
    for (int i = 0; i < n_clients; i++) {
        struct load_client *c = &load.clients[i];
        snprintf(c->stream, sizeof c->stream, "run:s%d", i % n_streams);
        c->since = LOAD_START;
        c->seq = 0;
    }
    load_open(&load, 0, n_clients, 500);
    next_us = load_now_us();
    until_caught_up(load_now_us());
    int64_t from = 0;
    double cpu = 0;
    for (int round = 0; round < rounds; round++) {
        for (int64_t until = load_now_us() + 1000000; load_now_us() < until;) {
            emit_due();
            load_run(&load, NULL, load_now_us() + 5000);
        }
        int64_t before = load.n_events, start = load_now_us();
        double cpu_before = load_cpu_s(&bridge);
        for (int i = 0; i < n_clients; i++) {
            struct load_client *c = &load.clients[i];
            load_cut(&load, c);
            c->since = c->id ? c->id : LOAD_START;
        }
        for (int done = 0; done < n_clients; done += window > 0 ? window : n_clients) {
            int n = window > 0 && n_clients - done > window ? window : n_clients - done;
            load_open(&load, done, n, n);
            emit_due();
        }
        load_times_add(&open, load_now_us() - start);
        load_times_add(&took, until_caught_up(start));
        cpu += load_cpu_s(&bridge) - cpu_before;
        from += load.n_events - before;
    }
    load_flush(&emitter);
    next_us = INT64_MAX;
    until_caught_up(load_now_us());
    for (int i = 0; i < n_clients; i++)
        if (load.clients[i].seq != emitted[i % n_streams] || load.clients[i].n_events != emitted[i % n_streams])
            load_fail("a client does not have all");
    load_figures(load_text(options, "json"), "storm");
    printf("%d clients of %d streams are cut and come back at once, %d times; %lld events/s\n", n_clients, n_streams, rounds,
           (long long)load_number(options, "rate"));
    load_figure("all are connected and follow again (median)", load_times_ms(&open, 0.5) / 1000, "s");
    load_figure("all have caught up (median)", load_times_ms(&took, 0.5) / 1000, "s");
    load_figure("all have caught up (slowest)", load_times_ms(&took, 1) / 1000, "s");
    load_figure("clients a second", n_clients / (load_times_ms(&took, 0.5) / 1000), "/s");
    load_figure("bridge CPU for each client that comes back", cpu * 1e6 / ((double)rounds * n_clients), "us");
    load_figure("events given meanwhile", (double)from / rounds, "");
    load_figure("missing or twice", 0, "");
    load_figures_end();
    load_release(&load);
    load_emitter_close(&emitter);
    return 0;
}
