/* bench_replay - many clients join a run at once and are given all of it, while the events of another stream go on: how long
 * until all have caught up, and what it costs those who follow the other stream. */
#include "tests/bench/load.h"
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

static struct load_option options[] = {
    {"bridge", "the program", "bridge/runspool-bridge"},
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
static struct load_bridge bridge = {.settings = {"limits.connections=100000", "limits.stream_clients=100000"}};
static int64_t n_wanted;

/* What the joining process tells. */
static struct told {
    volatile int state; /* 1: all are connected; 2: join; 3: all have all; 4: leave */
    int64_t took_us, bytes;
} *told;

static bool all_have_all(struct load *load)
{
    return load->n_events >= n_wanted;
}

static void join_process(void)
{
    struct load load;
    int n = (int)load_number(options, "clients");
    setpriority(PRIO_PROCESS, 0, 5);
    load_init(&load, &bridge, n);
    n_wanted = n * load_number(options, "events");
    for (int i = 0; i < n; i++) {
        struct load_client *c = &load.clients[i];
        strcpy(c->stream, "run:big");
        c->since = LOAD_START;
        c->seq = 0;
        c->waits = true;
    }
    load_open(&load, 0, n, 500);
    told->state = 1;
    while (told->state != 2)
        usleep(1000);
    int64_t start = load_now_us(), bytes = load.n_bytes;
    for (int i = 0; i < n; i++)
        load_subscribe(&load, &load.clients[i]);
    load_run(&load, all_have_all, 0);
    told->took_us = load_now_us() - start;
    told->bytes = load.n_bytes - bytes;
    told->state = 3;
    while (told->state != 4)
        usleep(1000);
    load_release(&load);
    exit(0);
}

static void on_live(struct load *load, struct load_client *c, int64_t t_us)
{
    (void)c;
    if (load->ctx)
        load_times_add(load->ctx, load_now_us() - t_us);
}

/* Emit to the other stream until then, or until those who join have all. */
static void flow(struct load *load, struct load_emitter *e, struct load_times *times, int64_t until_us)
{
    int64_t each_us = 1000000 / load_number(options, "rate"), next = load_now_us();
    load->ctx = times;
    for (; until_us ? next < until_us : told->state != 3; next += each_us) {
        load_run(load, NULL, next);
        load_emit(e, "run:live", "log", 200);
        load_send(e);
    }
    load_run(load, NULL, load_now_us() + 500000);
    load->ctx = NULL;
}

int main(int argc, char **argv)
{
    struct load_times without = {0}, with = {0}, took = {0};
    struct load_emitter e;
    struct load load;
    load_options(options, argc, argv, "bench_replay: many join a long run at once.");
    int n_live = (int)load_number(options, "live"), n = (int)load_number(options, "clients");
    int64_t events = load_number(options, "events");
    bridge.program = load_text(options, "bridge");
    told = mmap(NULL, sizeof *told, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    load_bridge_dir(&bridge);
    load_bridge_start(&bridge);
    load_pin(1);
    setpriority(PRIO_PROCESS, 0, -10); /* the clock of the live stream must not wait for those who join */
    load_emitter_open(&e, &bridge, "bench");
    for (int64_t i = 0; i < events; i++) {
        load_emit(&e, "run:big", "log", (int)load_number(options, "bytes"));
        if (i % 100 == 0)
            load_send(&e);
    }
    load_flush(&e);
    load_init(&load, &bridge, n_live);
    load.on_event = on_live;
    for (int i = 0; i < n_live; i++)
        strcpy(load.clients[i].stream, "run:live");
    load_open(&load, 0, n_live, n_live);
    flow(&load, &e, &without, load_now_us() + load_number(options, "seconds") * 1000000);
    double cpu = 0, mb = 0;
    int64_t reads = load_metric(&bridge, "replay_reads_total"), peak_kb = 0;
    int rounds = (int)load_number(options, "rounds");
    for (int round = 0; round < rounds; round++) {
        told->state = 0;
        pid_t child = fork();
        if (child == 0)
            join_process();
        while (told->state != 1 && waitpid(child, NULL, WNOHANG) == 0)
            load_run(&load, NULL, load_now_us() + 10000);
        double before = load_cpu_s(&bridge);
        told->state = 2;
        flow(&load, &e, &with, 0);
        cpu += load_cpu_s(&bridge) - before;
        peak_kb = load_rss_kb(&bridge) > peak_kb ? load_rss_kb(&bridge) : peak_kb;
        load_times_add(&took, told->took_us);
        mb = (double)told->bytes / 1e6;
        told->state = 4;
        int status = 0;
        if (waitpid(child, &status, 0) != child || status != 0)
            load_fail("those who joined");
    }
    int64_t expected = load.clients[0].n_events;
    for (int i = 0; i < n_live; i++)
        if (load.clients[i].n_events != expected || load.clients[i].seq != expected)
            load_fail("live events are missing");
    double s = load_times_ms(&took, 0.5) / 1000;
    load_figures(load_text(options, "json"), "replay");
    printf("%d clients join a run of %lld events at once, %d times; %d others follow a stream of %lld events/s\n", n,
           (long long)events, rounds, n_live, (long long)load_number(options, "rate"));
    load_figure("all have caught up (median)", s, "s");
    load_figure("all have caught up (slowest)", load_times_ms(&took, 1) / 1000, "s");
    load_figure("given", mb / s, "MB/s");
    load_figure("events given", (double)n * (double)events / s, "/s");
    load_figure("bridge CPU for 1,000 events given", cpu * 1e9 / ((double)rounds * (double)n * (double)events), "us");
    load_figure("reads of the log for one round",
                reads < 0 ? -1 : (double)(load_metric(&bridge, "replay_reads_total") - reads) / rounds, "");
    load_figure("bridge memory", (double)peak_kb / 1024, "MiB");
    load_figure("live p50 without", load_times_ms(&without, 0.5), "ms");
    load_figure("live p99 without", load_times_ms(&without, 0.99), "ms");
    load_figure("live p50 meanwhile", load_times_ms(&with, 0.5), "ms");
    load_figure("live p99 meanwhile", load_times_ms(&with, 0.99), "ms");
    load_figure("live max meanwhile", load_times_ms(&with, 1), "ms");
    load_figure("live p99 ratio", load_times_ms(&with, 0.99) / load_times_ms(&without, 0.99), "");
    load_figures_end();
    load_release(&load);
    load_emitter_close(&e);
    return 0;
}
