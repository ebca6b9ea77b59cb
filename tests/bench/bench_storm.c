/* bench_storm - many clients are cut at once and come back at once, each with its own cursor, while events go on: how long until all
 * have caught up. Nothing may be missing and nothing come twice. */
#include "tests/bench/lib/base.h"
#include "tests/bench/lib/clients.h"
#include "tests/bench/lib/emitter.h"
#include <stdio.h>
#include <string.h>

static struct bench_option options[] = {
    {"bridge", "the program", "bridge/runspool-bridge"},
    {"clients", "that are cut", "5000"},
    {"streams", "that they follow", "50"},
    {"rate", "events/s of all streams together", "500"},
    {"window", "connections that are being made at a time; 0: all", "0"},
    {"rounds", "times that they are cut", "3"},
    {"json", "file for the figures", ""},
    {0},
};
static struct bench_bridge bridge = {.settings = {"limits.connections=100000", "limits.stream_clients=100000"}};
static struct bench_clients clients;
static struct bench_emitter emitter;
static int64_t emitted[10000]; /* of each stream */
static int n_streams, n_clients;
static int64_t each_us, next_us, turn;

static void emit_due(void)
{
    char name[24];
    for (; next_us <= bench_now_us(); next_us += each_us) {
        int s = (int)(turn++ % n_streams);
        snprintf(name, sizeof name, "run:s%d", s);
        bench_emitter_add(&emitter, name, "log", 200);
        emitted[s]++;
    }
    if (emitter.len > 0)
        bench_emitter_send(&emitter);
}

static bool all_have(const int64_t *what)
{
    int n = 0;
    for (int i = 0; i < n_clients; i++)
        n += clients.at[i].state == BENCH_FOLLOWS && clients.at[i].seq >= what[i % n_streams];
    return n == n_clients;
}

/* Events go on until all have what there was when they were looked at last. */
static int64_t until_caught_up(int64_t start)
{
    static int64_t goal[10000];
    memcpy(goal, emitted, sizeof goal);
    while (!all_have(goal)) {
        emit_due();
        bench_clients_run(&clients, NULL, bench_now_us() + 5000);
        if (bench_now_us() - start > BENCH_PATIENCE_S * INT64_C(1000000))
            bench_fail("they do not catch up");
    }
    return bench_now_us() - start;
}

int main(int argc, char **argv)
{
    struct bench_times took = {0}, open = {0};
    bench_options(options, argc, argv, "bench_storm: many come back at once.");
    n_clients = (int)bench_options_number(options, "clients");
    n_streams = (int)bench_options_number(options, "streams");
    each_us = 1000000 / bench_options_number(options, "rate");
    int rounds = (int)bench_options_number(options, "rounds"), window = (int)bench_options_number(options, "window");
    if (n_streams < 1 || n_streams > 10000)
        bench_fail("--streams is 1 to 10000");
    bridge.program = bench_options_text(options, "bridge");
    bench_bridge_dir(&bridge);
    bench_bridge_start(&bridge);
    bench_pin(1);
    bench_emitter_open(&emitter, &bridge, "bench");
    bench_clients_init(&clients, &bridge, n_clients);
    for (int i = 0; i < n_clients; i++) {
        struct bench_client *c = &clients.at[i];
        snprintf(c->stream, sizeof c->stream, "run:s%d", i % n_streams);
        c->since = BENCH_START;
        c->seq = 0;
    }
    bench_clients_open(&clients, 0, n_clients, 500);
    next_us = bench_now_us();
    until_caught_up(bench_now_us());
    int64_t from = 0;
    double cpu = 0;
    for (int round = 0; round < rounds; round++) {
        for (int64_t until = bench_now_us() + 1000000; bench_now_us() < until;) {
            emit_due();
            bench_clients_run(&clients, NULL, bench_now_us() + 5000);
        }
        int64_t before = clients.n_events, start = bench_now_us();
        double cpu_before = bench_bridge_cpu_s(&bridge);
        for (int i = 0; i < n_clients; i++) {
            struct bench_client *c = &clients.at[i];
            bench_client_cut(&clients, c);
            c->since = c->id ? c->id : BENCH_START;
        }
        for (int done = 0; done < n_clients; done += window > 0 ? window : n_clients) {
            int n = window > 0 && n_clients - done > window ? window : n_clients - done;
            bench_clients_open(&clients, done, n, n);
            emit_due();
        }
        bench_times_add(&open, bench_now_us() - start);
        bench_times_add(&took, until_caught_up(start));
        cpu += bench_bridge_cpu_s(&bridge) - cpu_before;
        from += clients.n_events - before;
    }
    bench_emitter_flush(&emitter);
    next_us = INT64_MAX;
    until_caught_up(bench_now_us());
    for (int i = 0; i < n_clients; i++)
        if (clients.at[i].seq != emitted[i % n_streams] || clients.at[i].n_events != emitted[i % n_streams])
            bench_fail("a client does not have all");
    bench_figures(bench_options_text(options, "json"), "storm");
    printf("%d clients of %d streams are cut and come back at once, %d times; %lld events/s\n", n_clients, n_streams, rounds,
           (long long)bench_options_number(options, "rate"));
    bench_figure("all are connected and follow again (median)", bench_times_ms(&open, 0.5) / 1000, "s");
    bench_figure("all have caught up (median)", bench_times_ms(&took, 0.5) / 1000, "s");
    bench_figure("all have caught up (slowest)", bench_times_ms(&took, 1) / 1000, "s");
    bench_figure("clients a second", n_clients / (bench_times_ms(&took, 0.5) / 1000), "/s");
    bench_figure("bridge CPU for each client that comes back", cpu * 1e6 / ((double)rounds * n_clients), "us");
    bench_figure("events given meanwhile", (double)from / rounds, "");
    bench_figure("missing or twice", 0, "");
    bench_figures_end();
    bench_clients_release(&clients);
    bench_emitter_close(&emitter);
    return 0;
}
