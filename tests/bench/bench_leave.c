/* bench_leave - many clients are gone at once, as when a proxy before them ends: what it costs those who stay. */
#include "tests/bench/lib/base.h"
#include "tests/bench/lib/clients.h"
#include "tests/bench/lib/emitter.h"
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

static struct bench_option options[] = {
    {"bridge", "the program", "bridge/runspool-bridge"},
    {"door", "of those who leave: ws or sse", "ws"},
    {"clients", "that leave at once", "9500"},
    {"live", "clients that stay", "10"},
    {"rate", "events/s that they follow", "500"},
    {"seconds", "that is measured without anybody leaving", "5"},
    {"meanwhile", "milliseconds that are measured from when they begin to leave", "500"},
    {"rounds", "times that they leave", "3"},
    {"json", "file for the figures", ""},
    {0},
};
static struct bench_bridge bridge = {.settings = {"limits.connections=100000", "limits.stream_clients=100000"}};
static volatile int *state; /* of those who leave: 1: all are connected; 2: they leave */

static void leave_process(int n, enum bench_door door)
{
    struct bench_clients clients;
    sched_setscheduler(0, SCHED_IDLE, &(struct sched_param){0});
    bench_clients_init(&clients, &bridge, n);
    for (int i = 0; i < n; i++) {
        clients.at[i].door = door;
        snprintf(clients.at[i].stream, sizeof clients.at[i].stream, "run:other%d", i);
        clients.at[i].since = BENCH_NOW;
    }
    bench_clients_open(&clients, 0, n, 500);
    *state = 1;
    while (*state != 2)
        usleep(1000);
    sched_setscheduler(0, SCHED_OTHER, &(struct sched_param){0});
    _exit(0); /* the kernel closes them all */
}

static void on_live(struct bench_clients *clients, struct bench_client *c, int64_t t_us)
{
    (void)c;
    if (clients->ctx)
        bench_times_add(clients->ctx, bench_now_us() - t_us);
}

static double n_connected(enum bench_door door)
{
    return (double)bench_bridge_metric(&bridge, door == BENCH_SSE ? "connections{door=\"sse\"}" : "connections{door=\"ws\"}");
}

static void flow(struct bench_clients *clients, struct bench_emitter *e, int64_t until_us)
{
    int64_t each_us = 1000000 / bench_options_number(options, "rate");
    for (int64_t next = bench_now_us(); next < until_us; next += each_us) {
        bench_clients_run(clients, NULL, next);
        bench_emitter_add(e, "run:live", "log", 200);
        bench_emitter_send(e);
    }
}

int main(int argc, char **argv)
{
    struct bench_times without = {0}, with = {0};
    struct bench_emitter e;
    struct bench_clients clients;
    bench_options(options, argc, argv, "bench_leave: many clients are gone at once.");
    int n = (int)bench_options_number(options, "clients"), n_live = (int)bench_options_number(options, "live");
    int rounds = (int)bench_options_number(options, "rounds");
    enum bench_door door = strcmp(bench_options_text(options, "door"), "sse") == 0 ? BENCH_SSE : BENCH_WS;
    bridge.program = bench_options_text(options, "bridge");
    state = mmap(NULL, sizeof *state, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (state == MAP_FAILED)
        bench_fail("mmap");
    bench_bridge_dir(&bridge);
    bench_bridge_start(&bridge);
    bench_pin(1);
    setpriority(PRIO_PROCESS, 0, -10); /* the clock of those who stay must not wait for those who connect */
    bench_emitter_open(&e, &bridge, "bench");
    bench_clients_init(&clients, &bridge, n_live);
    clients.on_event = on_live;
    for (int i = 0; i < n_live; i++)
        strcpy(clients.at[i].stream, "run:live");
    bench_clients_open(&clients, 0, n_live, n_live);
    clients.ctx = &without;
    flow(&clients, &e, bench_now_us() + bench_options_number(options, "seconds") * 1000000);
    const double stay = n_connected(door);
    double cpu = 0;
    for (int round = 0; round < rounds; round++) {
        *state = 0;
        clients.ctx = NULL;
        pid_t child = fork();
        if (child == 0)
            leave_process(n, door);
        while (*state != 1 && waitpid(child, NULL, WNOHANG) == 0)
            bench_clients_run(&clients, NULL, bench_now_us() + 10000);
        if (n_connected(door) != stay + n)
            bench_fail("those who are to leave");
        flow(&clients, &e, bench_now_us() + 300000);
        clients.ctx = &with;
        double before = bench_bridge_cpu_s(&bridge);
        *state = 2;
        flow(&clients, &e, bench_now_us() + bench_options_number(options, "meanwhile") * 1000);
        int status = 0;
        if (waitpid(child, &status, 0) != child || status != 0)
            bench_fail("those who left");
        while (n_connected(door) > stay)
            flow(&clients, &e, bench_now_us() + 10000);
        cpu += bench_bridge_cpu_s(&bridge) - before;
    }
    clients.ctx = NULL;
    bench_emitter_flush(&e);
    bench_clients_run(&clients, NULL, bench_now_us() + 500000);
    for (int i = 0; i < n_live; i++)
        if (clients.at[i].n_events != clients.at[0].n_events || clients.at[i].seq != clients.at[0].n_events)
            bench_fail("live events are missing");
    bench_figures(bench_options_text(options, "json"), "leave");
    printf("%d clients (%s) are gone at once, %d times; %d others follow a stream of %lld events/s\n", n,
           bench_options_text(options, "door"), rounds, n_live, (long long)bench_options_number(options, "rate"));
    bench_figure("bridge CPU for each that leaves, the events among it", cpu * 1e6 / ((double)rounds * n), "us");
    bench_figure("live p50 without", bench_times_ms(&without, 0.5), "ms");
    bench_figure("live p99 without", bench_times_ms(&without, 0.99), "ms");
    bench_figure("live p50 meanwhile", bench_times_ms(&with, 0.5), "ms");
    bench_figure("live p99 meanwhile", bench_times_ms(&with, 0.99), "ms");
    bench_figure("live max meanwhile", bench_times_ms(&with, 1), "ms");
    bench_figures_end();
    bench_clients_release(&clients);
    bench_emitter_close(&e);
    return 0;
}
