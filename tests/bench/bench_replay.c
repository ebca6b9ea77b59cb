/* bench_replay - many clients join a run at once and are given all of it, while the events of another stream go on: how long
 * until all have caught up, and what it costs those who follow the other stream. */
#include "tests/bench/lib/base.h"
#include "tests/bench/lib/clients.h"
#include "tests/bench/lib/emitter.h"
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

static struct bench_option options[] = {
    {"bridge", "the program", "bridge/runspool-bridge"},
    {"door", "of those who join: ws or sse", "ws"},
    {"live-door", "of those who follow the other stream", "ws"},
    {"clients", "that join at once", "1000"},
    {"events", "of the run that they join", "10000"},
    {"bytes", "of an event's text", "200"},
    {"live", "clients of the other stream", "50"},
    {"rate", "events/s of the other stream", "200"},
    {"seconds", "that is measured without anybody joining", "5"},
    {"rounds", "times that they join", "3"},
    {"json", "file for the figures", ""},
    {0},
};
static struct bench_bridge bridge = {.settings = {"limits.connections=100000", "limits.stream_clients=100000"}};
static int64_t n_wanted;

/* What the joining process tells. */
static struct told {
    volatile int state; /* 1: all are connected; 2: join; 3: all have all; 4: leave */
    int64_t took_us, bytes;
} *told;

static enum bench_door door_of(const char *option)
{
    const char *name = bench_options_text(options, option);
    if (strcmp(name, "sse") != 0 && strcmp(name, "ws") != 0)
        bench_fail("a door is ws or sse");
    return strcmp(name, "sse") == 0 ? BENCH_SSE : BENCH_WS;
}

static bool all_have_all(struct bench_clients *clients)
{
    return clients->n_events >= n_wanted;
}

static void join_process(void)
{
    struct bench_clients clients;
    int n = (int)bench_options_number(options, "clients");
    sched_setscheduler(0, SCHED_IDLE, &(struct sched_param){0});
    bench_clients_init(&clients, &bridge, n);
    n_wanted = n * bench_options_number(options, "events");
    for (int i = 0; i < n; i++) {
        struct bench_client *c = &clients.at[i];
        c->door = door_of("door");
        strcpy(c->stream, "run:big");
        c->since = BENCH_START;
        c->seq = 0;
        c->waits = true;
    }
    bench_clients_open(&clients, 0, n, 500);
    told->state = 1;
    while (told->state != 2)
        usleep(1000);
    int64_t start = bench_now_us(), bytes = clients.n_bytes;
    for (int i = 0; i < n; i++)
        bench_client_subscribe(&clients, &clients.at[i]);
    bench_clients_run(&clients, all_have_all, 0);
    told->took_us = bench_now_us() - start;
    told->bytes = clients.n_bytes - bytes;
    told->state = 3;
    while (told->state != 4)
        usleep(1000);
    bench_clients_release(&clients);
    exit(0);
}

static void on_live(struct bench_clients *clients, struct bench_client *c, int64_t t_us)
{
    (void)c;
    if (clients->ctx)
        bench_times_add(clients->ctx, bench_now_us() - t_us);
}

/* Emit to the other stream until then, or until those who join have all. */
static void flow(struct bench_clients *clients, struct bench_emitter *e, struct bench_times *times, int64_t until_us)
{
    int64_t each_us = 1000000 / bench_options_number(options, "rate"), next = bench_now_us();
    clients->ctx = times;
    for (; until_us ? next < until_us : told->state != 3; next += each_us) {
        bench_clients_run(clients, NULL, next);
        bench_emitter_add(e, "run:live", "log", 200);
        bench_emitter_send(e);
    }
    bench_clients_run(clients, NULL, bench_now_us() + 500000);
    clients->ctx = NULL;
}

int main(int argc, char **argv)
{
    struct bench_times without = {0}, with = {0}, took = {0};
    struct bench_emitter e;
    struct bench_clients clients;
    bench_options(options, argc, argv, "bench_replay: many join a long run at once.");
    int n_live = (int)bench_options_number(options, "live"), n = (int)bench_options_number(options, "clients");
    int64_t events = bench_options_number(options, "events");
    bridge.program = bench_options_text(options, "bridge");
    told = mmap(NULL, sizeof *told, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    bench_bridge_dir(&bridge);
    bench_bridge_start(&bridge);
    bench_pin(1);
    setpriority(PRIO_PROCESS, 0, -10); /* the clock of the live stream must not wait for those who join */
    bench_emitter_open(&e, &bridge, "bench");
    for (int64_t i = 0; i < events; i++) {
        bench_emitter_add(&e, "run:big", "log", (int)bench_options_number(options, "bytes"));
        if (i % 100 == 0)
            bench_emitter_send(&e);
    }
    bench_emitter_flush(&e);
    bench_clients_init(&clients, &bridge, n_live);
    clients.on_event = on_live;
    for (int i = 0; i < n_live; i++) {
        strcpy(clients.at[i].stream, "run:live");
        clients.at[i].door = door_of("live-door");
    }
    bench_clients_open(&clients, 0, n_live, n_live);
    flow(&clients, &e, &without, bench_now_us() + bench_options_number(options, "seconds") * 1000000);
    double cpu = 0, mb = 0;
    int64_t reads = bench_bridge_metric(&bridge, "replay_reads_total"), peak_kb = 0;
    int rounds = (int)bench_options_number(options, "rounds");
    for (int round = 0; round < rounds; round++) {
        told->state = 0;
        pid_t child = fork();
        if (child == 0)
            join_process();
        while (told->state != 1 && waitpid(child, NULL, WNOHANG) == 0)
            bench_clients_run(&clients, NULL, bench_now_us() + 10000);
        double before = bench_bridge_cpu_s(&bridge);
        told->state = 2;
        flow(&clients, &e, &with, 0);
        cpu += bench_bridge_cpu_s(&bridge) - before;
        peak_kb = bench_bridge_status(&bridge, "VmRSS") > peak_kb ? bench_bridge_status(&bridge, "VmRSS") : peak_kb;
        bench_times_add(&took, told->took_us);
        mb = (double)told->bytes / 1e6;
        told->state = 4;
        int status = 0;
        if (waitpid(child, &status, 0) != child || status != 0)
            bench_fail("those who joined");
    }
    int64_t expected = clients.at[0].n_events;
    for (int i = 0; i < n_live; i++)
        if (clients.at[i].n_events != expected || clients.at[i].seq != expected)
            bench_fail("live events are missing");
    double s = bench_times_ms(&took, 0.5) / 1000;
    bench_figures(bench_options_text(options, "json"), "replay");
    printf("%d clients join a run of %lld events at once, %d times; %d others follow a stream of %lld events/s\n", n,
           (long long)events, rounds, n_live, (long long)bench_options_number(options, "rate"));
    bench_figure("all have caught up (median)", s, "s");
    bench_figure("all have caught up (slowest)", bench_times_ms(&took, 1) / 1000, "s");
    bench_figure("given", mb / s, "MB/s");
    bench_figure("events given", (double)n * (double)events / s, "/s");
    bench_figure("bridge CPU for 1,000 events given", cpu * 1e9 / ((double)rounds * (double)n * (double)events), "us");
    bench_figure("reads of the log for one round",
                reads < 0 ? -1 : (double)(bench_bridge_metric(&bridge, "replay_reads_total") - reads) / rounds, "");
    bench_figure("bridge memory", (double)peak_kb / 1024, "MiB");
    bench_figure("live p50 without", bench_times_ms(&without, 0.5), "ms");
    bench_figure("live p99 without", bench_times_ms(&without, 0.99), "ms");
    bench_figure("live p50 meanwhile", bench_times_ms(&with, 0.5), "ms");
    bench_figure("live p99 meanwhile", bench_times_ms(&with, 0.99), "ms");
    bench_figure("live max meanwhile", bench_times_ms(&with, 1), "ms");
    bench_figure("live p99 ratio", bench_times_ms(&with, 0.99) / bench_times_ms(&without, 0.99), "");
    bench_figures_end();
    bench_clients_release(&clients);
    bench_emitter_close(&e);
    return 0;
}
