/* bench_log - does anything grow with the log? Fills logs of ever more events through the library, starts the bridge on each, and
 * measures what clients ask of it: replay, polls with new and with old cursors, the first message, live latency, all of it again
 * while retention removes events. Runs have 1,000 events each, twenty of them at a time write to the log, so a log that is longer has
 * more runs. Every answer is counted. */
#include "event/eventlog.h"
#include "tests/bench/lib/base.h"
#include "tests/bench/lib/clients.h"
#include "tests/bench/lib/emitter.h"
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define RUN_EVENTS 1000
#define AT_ONCE 20   /* runs */
#define WORKFLOWS 20
#define BATCH 2000
#define SPARSE 10    /* events of a stream that has few, from the oldest to the newest */
#define TAIL 10      /* events behind the cursors of polls */
#define ACKNOWLEDGED 200
#define DAY_MS (INT64_C(24) * 3600 * 1000)

static struct bench_option options[] = {
    {"bridge", "the program", "bridge/runspool-bridge"},
    {"events", "in the log, in turn", "10000,1000000,10000000"},
    {"bytes", "of an event's text", "150"},
    {"polls", "of each kind", "300"},
    {"replays", "of each kind", "15"},
    {"live", "clients that follow a stream", "50"},
    {"rate", "events/s of it", "200"},
    {"seconds", "that it is followed", "4"},
    {"trim", "seconds of retention, at most", "8"},
    {"at", "folder for the logs, of which those that are there are used", ""},
    {"fill", "1: fill them there and no more", "0"},
    {"json", "file for the figures", ""},
    {0},
};
static const struct bench_bridge settings = {.settings = {"limits.subscriber_time=10m"}};
static struct bench_bridge bridge;
static struct fault fault;

/* What is known of the log: ids are counted from 1, event by event. */
static int64_t n_events, n_runs, at_once, every_sparse;

static void must(enum rs_err err)
{
    if (err) {
        fprintf(stderr, "%s\n", fault.message);
        bench_fail("the log");
    }
}

/* The run of an event of runs, by its number from 0 on, and the reverse. */
static int64_t run_of(int64_t number)
{
    int64_t cohort = number / (at_once * RUN_EVENTS);
    return cohort * at_once + number % at_once;
}

static int64_t number_of(int64_t run, int64_t seq)
{
    return run / at_once * at_once * RUN_EVENTS + (seq - 1) * at_once + run % at_once;
}

/* An event of the sparse stream stands before every so many events of runs. */
static int64_t id_of(int64_t number)
{
    return number + number / every_sparse + 2;
}

static int64_t sparse_id(int64_t seq)
{
    return (seq - 1) * (every_sparse + 1) + 1;
}

static void lay_out(int64_t events)
{
    n_runs = events / RUN_EVENTS;
    at_once = n_runs < AT_ONCE ? n_runs : AT_ONCE;
    n_runs = at_once > 0 ? n_runs / at_once * at_once : 0;
    n_events = n_runs * RUN_EVENTS;
    every_sparse = n_events / SPARSE;
    if (n_runs < 2)
        bench_fail("--events is 2000 or more");
}

static enum rs_err owner(void *ctx, const char *stream, struct eventlog_owner *ret, struct fault *why)
{
    char tag[40];
    (void)ctx;
    (void)why;
    if (strncmp(stream, "run:r", 5) != 0)
        return RS_OK;
    snprintf(tag, sizeof tag, "workflow:w%d", atoi(stream + 5) % WORKFLOWS);
    ret->tags[ret->n_tags++] = strdup(tag);
    return RS_OK;
}

static void append(struct eventlog *log, struct eventlog_entry *entries, size_t n)
{
    must(eventlog_append(log, entries, n, &fault));
    for (size_t i = 0; i < n; i++) {
        if (entries[i].status || !entries[i].event)
            bench_fail("an event was not stored");
        event_unref(entries[i].event);
    }
}

/* Events of the last 20 days. */
static void fill(const char *dir)
{
    static struct eventlog_entry entries[BATCH + SPARSE];
    static char names[BATCH][24];
    int bytes = (int)bench_options_number(options, "bytes");
    char *data = malloc((size_t)bytes + 100);
    struct datadir dd;
    struct eventlog *log;
    int64_t now_ms = (int64_t)time(NULL) * 1000, start = bench_now_us();
    must(datadir_open(&dd, dir, true, NULL, &fault));
    must(eventlog_open(&dd, EVENTLOG_WRITE, owner, NULL, &log, &fault));
    sprintf(data, "{\"level\":\"info\",\"message\":\"%*s\",\"nodeId\":\"check\",\"source\":\"stdout\"}", bytes, "");
    for (int64_t i = 0; i < n_events;) {
        size_t n = 0;
        for (int k = 0; k < BATCH && i < n_events; k++, i++) {
            struct eventlog_entry entry = {.stream = "tool:sparse", .type = i % 10 ? "log" : "node.progress", .data = data,
                                           .data_len = strlen(data), .time_ms = now_ms - 20 * DAY_MS / n_events * (n_events - i)};
            if (i % every_sparse == 0)
                entries[n++] = entry;
            snprintf(names[k], sizeof names[k], "run:r%" PRId64, run_of(i));
            entry.stream = names[k];
            entries[n++] = entry;
        }
        append(log, entries, n);
    }
    int64_t head;
    must(eventlog_head(log, &head, &fault));
    if (head != id_of(n_events - 1))
        bench_fail("the log's ids");
    eventlog_close(log);
    datadir_release(&dd);
    free(data);
    fprintf(stderr, "%" PRId64 " events: filled in %.0f s\n", n_events, (double)(bench_now_us() - start) / 1e6);
}

static int64_t log_bytes(const char *name)
{
    char path[120];
    struct stat st;
    snprintf(path, sizeof path, "%s/%s", bridge.dir, name);
    return stat(path, &st) == 0 ? st.st_size : 0;
}

/* Out of the page cache, as far as the kernel lets go of it. */
static void forget_pages(void)
{
    char path[120];
    snprintf(path, sizeof path, "%s/events.db", bridge.dir);
    int fd = open(path, O_RDONLY);
    if (fd < 0 || fsync(fd) != 0 || posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED) != 0)
        bench_fail(path);
    close(fd);
}

static void figure(const char *what, double value, const char *unit)
{
    char name[220];
    snprintf(name, sizeof name, "%" PRId64 " events: %s", n_events, what);
    bench_figure(name, value, unit);
}

static void figure_times(const char *what, struct bench_times *times)
{
    char name[160];
    snprintf(name, sizeof name, "%s, p50", what);
    figure(name, bench_times_ms(times, 0.5), "ms");
    snprintf(name, sizeof name, "%s, p99", what);
    figure(name, bench_times_ms(times, 0.99), "ms");
    bench_times_clear(times);
}

static void start(const char *what)
{
    int64_t began = bench_now_us();
    bench_bridge_start(&bridge);
    free(bench_bridge_get(&bridge, "/healthz"));
    if (what)
        figure(what, (double)(bench_now_us() - began) / 1000, "ms");
}

/* One poll after another, each with a connection of its own. wanted: events of each answer; -1: any. */
static void poll_often(const char *what, const char *stream, int64_t since, int wanted)
{
    char path[120];
    struct bench_times times = {0};
    snprintf(path, sizeof path, "/poll?stream=%s&since=%" PRId64, stream, since);
    for (int64_t i = bench_options_number(options, "polls"); i > 0; i--) {
        int64_t began = bench_now_us();
        char *answer = bench_bridge_get(&bridge, path);
        int n = 0;
        bench_times_add(&times, bench_now_us() - began);
        for (const char *at = answer; (at = strstr(at, "{\"id\":\"")); at++)
            n++;
        if (!strstr(answer, "\"next\":") || (wanted >= 0 && n != wanted)) {
            fprintf(stderr, "%s: %d events, not %d: %.200s\n", path, n, wanted, answer);
            bench_fail("a poll's answer");
        }
        free(answer);
    }
    figure_times(what, &times);
}

/* Where the log ends now. */
static int64_t head_now(void)
{
    char *answer = bench_bridge_get(&bridge, "/poll?stream=runs");
    const char *next = strstr(answer, "\"next\":\"");
    int64_t head = next ? atoll(next + 8) : 0;
    free(answer);
    return head;
}

static void polls(const char *when)
{
    char what[80], stream[40];
    int64_t newest = n_runs - 1, middle = n_runs / 2, head = head_now();
    snprintf(what, sizeof what, "poll %snew cursor, newest run", when);
    snprintf(stream, sizeof stream, "run:r%" PRId64, newest);
    poll_often(what, stream, id_of(number_of(newest, RUN_EVENTS - TAIL)), TAIL);
    if (!*when) {
        snprintf(stream, sizeof stream, "run:r%" PRId64, middle);
        poll_often("poll old cursor, run in the middle", stream, id_of(number_of(middle, RUN_EVENTS - TAIL)), TAIL);
        poll_often("poll oldest cursor, stream of 10 events", "tool:sparse", sparse_id(1), SPARSE - 1);
    }
    snprintf(what, sizeof what, "poll %snew cursor, all runs", when);
    poll_often(what, "runs", head - TAIL, *when ? -1 : TAIL);
    snprintf(what, sizeof what, "poll %snew cursor, a workflow", when);
    poll_often(what, "workflow:w0", head, *when ? -1 : 0);
    snprintf(what, sizeof what, "poll %soldest cursor, a workflow", when);
    poll_often(what, "workflow:w0", 0, *when ? -1 : RUN_EVENTS);
    snprintf(what, sizeof what, "poll %soldest cursor, all runs", when);
    poll_often(what, "runs", 0, *when ? -1 : RUN_EVENTS);
}

static int64_t wanted;
static int64_t first_us;

static bool has_all(struct bench_clients *clients)
{
    return clients->n_events >= wanted;
}

static void on_first(struct bench_clients *clients, struct bench_client *c, int64_t t_us)
{
    (void)clients;
    (void)t_us;
    if (c->n_events == 1)
        first_us = bench_now_us() - c->asked_us;
}

/* A client that begins after an event of a run, until it has all of it; from the time that it asks. */
static void replay(const char *what, enum bench_door door, int64_t run, int64_t after, bool first)
{
    struct bench_times times = {0};
    for (int64_t i = bench_options_number(options, "replays"); i > 0; i--) {
        struct bench_clients clients;
        bench_clients_init(&clients, &bridge, 1);
        clients.on_event = on_first;
        struct bench_client *c = &clients.at[0];
        snprintf(c->stream, sizeof c->stream, "run:r%" PRId64, run);
        c->door = door;
        c->seq = after;
        c->since = after > 0 ? id_of(number_of(run, after)) : BENCH_START;
        wanted = RUN_EVENTS - after;
        bench_client_connect(&clients, c);
        bench_clients_run(&clients, has_all, 0);
        bench_times_add(&times, first ? first_us : bench_now_us() - c->asked_us);
        bench_clients_release(&clients);
    }
    figure(what, bench_times_ms(&times, 0.5), "ms");
    bench_times_clear(&times);
}

static void replays(void)
{
    int64_t newest = n_runs - 1, middle = n_runs / 2;
    replay("replay of 1,000 events, newest run", BENCH_WS, newest, 0, false);
    replay("replay of 1,000 events, run in the middle", BENCH_WS, middle, 0, false);
    replay("first message, WebSocket, newest run", BENCH_WS, newest, RUN_EVENTS - TAIL, true);
    replay("first message, WebSocket, run in the middle", BENCH_WS, middle, RUN_EVENTS - TAIL, true);
    replay("first message, SSE, newest run", BENCH_SSE, newest, RUN_EVENTS - TAIL, true);
    replay("first message, SSE, run in the middle", BENCH_SSE, middle, RUN_EVENTS - TAIL, true);
}

static void on_live(struct bench_clients *clients, struct bench_client *c, int64_t t_us)
{
    (void)c;
    bench_times_add(clients->ctx, bench_now_us() - t_us);
}

/* Some follow a stream while events are emitted; then some more, each acknowledged before the next, unless what goes on meanwhile is
 * over by then. */
static void live(const char *when, int64_t seconds, bool (*over)(void))
{
    static int turn;
    struct bench_times times = {0}, acks = {0};
    struct bench_clients clients;
    struct bench_emitter e;
    char what[80], name[24];
    int n = (int)bench_options_number(options, "live");
    int64_t rate = bench_options_number(options, "rate"), began = bench_now_us(), until = began + seconds * 1000000;
    bench_clients_init(&clients, &bridge, n);
    clients.on_event = on_live;
    clients.ctx = &times;
    snprintf(name, sizeof name, "run:live-%d", turn++);
    for (int i = 0; i < n; i++) {
        strcpy(clients.at[i].stream, name);
        clients.at[i].seq = 0;
    }
    bench_clients_open(&clients, 0, n, n);
    bench_emitter_open(&e, &bridge, name + 4);
    wanted = 0;
    for (int64_t next = bench_now_us(); next < until && !(over && over()); next += 1000000 / rate) {
        bench_clients_run(&clients, NULL, next);
        bench_emitter_add(&e, name, "log", 200);
        bench_emitter_send(&e);
        wanted += n;
    }
    bench_clients_run(&clients, has_all, 0);
    for (int i = 0; i < ACKNOWLEDGED && !over; i++) {
        int64_t asked = bench_now_us();
        bench_emitter_add(&e, name, "log", 200);
        bench_emitter_flush(&e);
        bench_times_add(&acks, bench_now_us() - asked);
    }
    clients.on_event = NULL;
    wanted += (int64_t)acks.n * n;
    bench_clients_run(&clients, has_all, 0);
    snprintf(what, sizeof what, "live %semitted to received", when);
    figure_times(what, &times);
    if (acks.n > 0)
        figure_times("live emitted to acknowledged", &acks);
    bench_emitter_close(&e);
    bench_clients_release(&clients);
}

static int64_t trimmed_wanted;

static bool is_trimmed(void)
{
    static int64_t asked;
    if (bench_now_us() - asked < 200000)
        return false;
    asked = bench_now_us();
    return bench_bridge_metric(&bridge, "events_trimmed_total") >= trimmed_wanted;
}

/* The log may only have so much of its size: the bridge removes a tenth of it, beside everything else. */
static void retention(void)
{
    char keep[64];
    int64_t seconds = bench_options_number(options, "trim");
    snprintf(keep, sizeof keep, "eventlog.keep_bytes=%" PRId64, log_bytes("events.db") / 10 * 9);
    bridge.settings[1] = keep;
    trimmed_wanted = n_events / 12;
    start(NULL);
    int64_t began = bench_now_us(), before = bench_bridge_metric(&bridge, "events_trimmed_total");
    live("with retention, ", seconds, is_trimmed);
    double s = (double)(bench_now_us() - began) / 1e6;
    figure("events removed by retention meanwhile",
           (double)(bench_bridge_metric(&bridge, "events_trimmed_total") - before) / s, "/s");
    polls("with retention, ");
    bench_bridge_kill(&bridge, SIGTERM);
    bridge.settings[1] = NULL;
}

static void measure(void)
{
    figure("events.db", (double)log_bytes("events.db") / 1e6, "MB");
    forget_pages();
    start("start, nothing of the log in memory");
    bench_bridge_kill(&bridge, SIGTERM);
    start("start");
    replays();
    polls("");
    live("", bench_options_number(options, "seconds"), NULL);
    figure("bridge memory", (double)bench_bridge_status(&bridge, "RssAnon") / 1024, "MiB");
    bench_bridge_kill(&bridge, SIGTERM);
    if (bench_options_number(options, "trim") > 0)
        retention();
}

int main(int argc, char **argv)
{
    bench_options(options, argc, argv, "bench_log: logs of ever more events.");
    const char *at = bench_options_text(options, "at");
    bool fill_only = bench_options_number(options, "fill");
    bench_figures(bench_options_text(options, "json"), "log");
    for (const char *p = bench_options_text(options, "events"); *p; p += strcspn(p, ","), p += *p == ',') {
        lay_out(atoll(p));
        bridge = settings;
        bridge.program = bench_options_text(options, "bridge");
        bridge.keep_dir = fill_only;
        if (*at)
            snprintf(bridge.dir, sizeof bridge.dir, "%s/%" PRId64, at, n_events);
        bench_bridge_dir(&bridge);
        if (!log_bytes("events.db"))
            fill(bridge.dir);
        bench_pin(1);
        if (!fill_only)
            measure();
        bench_bridge_remove(&bridge);
    }
    bench_figures_end();
    return 0;
}
