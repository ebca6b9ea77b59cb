/* bench_stuck - what do readers that never read cost the others, and the bridge? First many WebSockets follow one stream at a steady
 * rate: with none of them stuck, then with some, several rounds in turn; of each figure and ratio the median, so that a stall of the
 * machine in one round is not taken for ours, and how much of its time others were given. Then each limit of what may wait by
 * itself, with a bridge of its own: stuck readers, and far more emitted than the limit allows; how much waits at most, how much
 * memory the bridge takes for it, and what the readers get that do read. */
#include "tests/bench/lib/base.h"
#include "tests/bench/lib/clients.h"
#include "tests/bench/lib/emitter.h"
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define FILL_EVENTS 400 /* emitted first, so that the sockets of stuck readers are full */
#define FILL_BYTES 2000
#define LIMITED_BYTES 4000 /* of an event where limits are looked at */
#define LIMITED_STUCK 20
#define LIMITED_READERS 20
#define BATCH 20

static struct bench_option options[] = {
    {"bridge", "the program", "bridge/runspool-bridge"},
    {"readers", "of one stream", "1000"},
    {"stuck", "of them that never read", "50"},
    {"rate", "events/s", "50"},
    {"seconds", "of each round", "10"},
    {"rounds", "with and without", "3"},
    {"megabytes", "emitted under each limit", "64"},
    {"pace", "of them a second", "16"},
    {"json", "file for the figures", ""},
    {0},
};
static const char *const without_limits[] = {"limits.connections=100000", "limits.stream_clients=100000", "limits.subscriber_time=10m"};
#define N_WITHOUT 3
static struct bench_bridge bridge;

/* What is limited, and how that is told. Stuck readers follow one stream, or one each. */
static const struct limit {
    const char *name, *setting, *reason;
    bool own_streams, nobody;
} limits[] = {
    {"nobody stuck", NULL, NULL, false, true},
    {"no limit", NULL, NULL, false, false},
    {"subscriber_bytes=256k", "limits.subscriber_bytes=256k", "bytes", false, false},
    {"subscriber_age=500ms", "limits.subscriber_age=500ms", "age", false, false},
    {"stream_bytes=4M", "limits.stream_bytes=4M", "stream", false, false},
    {"queued_bytes=8M, a stream each", "limits.queued_bytes=8M", "memory", true, false},
};
/* Those that the limit being looked at is not to be hidden by. */
static const char *const open_limits[] = {"limits.subscriber_bytes=1G", "limits.subscriber_age=1h", "limits.stream_bytes=1G",
                                          "limits.queued_bytes=4G"};
#define N_OPEN 4

#define ROUNDS_MAX 20
struct phase {
    int n_stuck;
    struct bench_times times; /* of one round */
    double p50[ROUNDS_MAX], p99[ROUNDS_MAX], cpu_us[ROUNDS_MAX]; /* of a delivery */
};
static int64_t n_wanted;

static bool has_all(struct bench_clients *clients)
{
    return clients->n_events >= n_wanted;
}

static void on_event(struct bench_clients *clients, struct bench_client *c, int64_t t_us)
{
    if (clients->ctx && !c->stuck)
        bench_times_add(clients->ctx, bench_now_us() - t_us);
}

static void start(const char *const *settings, int n)
{
    memset(&bridge, 0, sizeof bridge);
    bridge.program = bench_options_text(options, "bridge");
    for (int i = 0; i < N_WITHOUT; i++)
        bridge.settings[i] = without_limits[i];
    for (int i = 0; i < n; i++)
        bridge.settings[N_WITHOUT + i] = settings[i];
    bench_bridge_dir(&bridge);
    bench_bridge_start(&bridge);
}

static void stop(void)
{
    bench_bridge_kill(&bridge, SIGTERM);
    bench_bridge_remove(&bridge);
}

/* What others on the machine below us had of its time: seconds of all its cores together, as far as it tells. */
static double stolen_s(void)
{
    double ticks = 0;
    FILE *f = fopen("/proc/stat", "r");
    if (f && fscanf(f, "cpu %*f %*f %*f %*f %*f %*f %*f %lf", &ticks) != 1)
        ticks = 0;
    if (f)
        fclose(f);
    return ticks / (double)sysconf(_SC_CLK_TCK);
}

static int by_value(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static double middle(const double *values, int n)
{
    double sorted[ROUNDS_MAX];
    memcpy(sorted, values, (size_t)n * sizeof *values);
    qsort(sorted, (size_t)n, sizeof *sorted, by_value);
    return sorted[n / 2];
}

/* The n-th, from 0, of its rounds. */
static void round_of(struct phase *phase, struct bench_emitter *e, int n_th, int round)
{
    struct bench_clients clients;
    int n = (int)bench_options_number(options, "readers");
    int64_t rate = bench_options_number(options, "rate"), n_events = rate * bench_options_number(options, "seconds");
    char stream[24];
    snprintf(stream, sizeof stream, "run:stuck%d", round);
    bench_clients_init(&clients, &bridge, n);
    clients.on_event = on_event;
    for (int i = 0; i < n; i++) {
        strcpy(clients.at[i].stream, stream);
        clients.at[i].stuck = clients.at[i].small = i < phase->n_stuck;
        clients.at[i].seq = 0;
    }
    bench_clients_open(&clients, 0, n, 500);
    n_wanted = 0;
    for (int i = 0; i < FILL_EVENTS; i++) {
        bench_emitter_add(e, stream, "log", FILL_BYTES);
        bench_emitter_send(e);
        n_wanted += n - phase->n_stuck;
        bench_clients_run(&clients, has_all, 0);
    }
    if (phase->n_stuck > 0 && bench_bridge_metric(&bridge, "queued_bytes") == 0)
        bench_fail("the stuck readers are not stuck");
    double cpu = bench_bridge_cpu_s(&bridge);
    clients.ctx = &phase->times;
    int64_t began = bench_now_us();
    for (int64_t i = 0; i < n_events; i++) {
        bench_clients_run(&clients, NULL, began + i * 1000000 / rate);
        bench_emitter_add(e, stream, "log", 200);
        bench_emitter_send(e);
        n_wanted += n - phase->n_stuck;
    }
    bench_clients_run(&clients, has_all, 0);
    phase->cpu_us[n_th] = (bench_bridge_cpu_s(&bridge) - cpu) * 1e6 / (double)phase->times.n;
    phase->p50[n_th] = bench_times_ms(&phase->times, 0.5);
    phase->p99[n_th] = bench_times_ms(&phase->times, 0.99);
    bench_times_clear(&phase->times);
    bench_clients_release(&clients);
}

static void cost_to_others(void)
{
    struct phase phases[2] = {{.n_stuck = 0}, {.n_stuck = (int)bench_options_number(options, "stuck")}};
    struct bench_emitter e;
    double p50[ROUNDS_MAX], p99[ROUNDS_MAX];
    int rounds = (int)bench_options_number(options, "rounds");
    char name[80];
    start(NULL, 0);
    bench_emitter_open(&e, &bridge, "bench");
    double stolen = stolen_s();
    int64_t began = bench_now_us();
    for (int i = 0; i < 2 * rounds; i++)
        round_of(&phases[i % 2], &e, i / 2, i);
    stolen = (stolen_s() - stolen) * 1e6 / (double)(bench_now_us() - began) / (double)sysconf(_SC_NPROCESSORS_ONLN);
    for (int i = 0; i < 2; i++) {
        struct phase *p = &phases[i];
        snprintf(name, sizeof name, "%d stuck: p50", p->n_stuck);
        bench_figure(name, middle(p->p50, rounds), "ms");
        snprintf(name, sizeof name, "%d stuck: p99", p->n_stuck);
        bench_figure(name, middle(p->p99, rounds), "ms");
        snprintf(name, sizeof name, "%d stuck: bridge CPU for a delivery", p->n_stuck);
        bench_figure(name, middle(p->cpu_us, rounds), "us");
    }
    for (int i = 0; i < rounds; i++) {
        p50[i] = phases[1].p50[i] / phases[0].p50[i];
        p99[i] = phases[1].p99[i] / phases[0].p99[i];
    }
    bench_figure("ratio: p50", middle(p50, rounds), "");
    bench_figure("ratio: p99", middle(p99, rounds), "");
    bench_figure("of the machine's time meanwhile others were given", 100 * stolen, "%");
    bench_emitter_close(&e);
    stop();
}

static void figure(const struct limit *limit, const char *what, double value, const char *unit)
{
    char name[100];
    snprintf(name, sizeof name, "%s: %s", limit->name, what);
    bench_figure(name, value, unit);
}

/* Settings given later win, so the limit comes after those that are opened wide. */
static void start_limited(const struct limit *limit)
{
    const char *settings[N_OPEN + 1];
    memcpy(settings, open_limits, sizeof open_limits);
    settings[N_OPEN] = limit->setting;
    start(settings, limit->setting ? N_OPEN + 1 : N_OPEN);
}

static void under(const struct limit *limit)
{
    struct bench_clients clients;
    struct bench_emitter e;
    struct bench_times times = {0};
    int n_streams = limit->own_streams ? LIMITED_STUCK : 1, n = LIMITED_STUCK + LIMITED_READERS;
    int64_t n_events = bench_options_number(options, "megabytes") * 1000000 / LIMITED_BYTES, most = 0, most_kb = 0;
    char metric[80], stream[24];
    start_limited(limit);
    bench_clients_init(&clients, &bridge, n);
    clients.on_event = on_event;
    clients.ctx = &times;
    for (int i = 0; i < n; i++) {
        struct bench_client *c = &clients.at[i];
        c->stuck = c->small = i < LIMITED_STUCK && !limit->nobody;
        c->seq = 0;
        snprintf(c->stream, sizeof c->stream, "run:%d", i % n_streams);
    }
    bench_clients_open(&clients, 0, n, n);
    bench_emitter_open(&e, &bridge, "bench");
    n_wanted = 0;
    int64_t before_kb = bench_bridge_status(&bridge, "RssAnon"), pace = bench_options_number(options, "pace"), began = bench_now_us();
    for (int64_t i = 0; i < n_events; i++) {
        snprintf(stream, sizeof stream, "run:%d", (int)(i % n_streams));
        bench_emitter_add(&e, stream, "log", LIMITED_BYTES);
        n_wanted += (limit->nobody ? n : LIMITED_READERS) / n_streams;
        if (i % BATCH != BATCH - 1)
            continue;
        bench_emitter_send(&e);
        bench_clients_run(&clients, NULL, began + i * LIMITED_BYTES / pace);
        bench_clients_run(&clients, has_all, 0);
        int64_t queued = bench_bridge_metric(&bridge, "queued_bytes"), kb = bench_bridge_status(&bridge, "RssAnon");
        most = queued > most ? queued : most;
        most_kb = kb > most_kb ? kb : most_kb;
    }
    bench_emitter_flush(&e);
    bench_clients_run(&clients, has_all, 0);
    figure(limit, "waits for clients at most", (double)most / 1048576, "MiB");
    figure(limit, "the bridge's memory grows at most by", (double)(most_kb - before_kb) / 1024, "MiB");
    snprintf(metric, sizeof metric, "subscribers_put_back_total{reason=\"%s\"}", limit->reason ? limit->reason : "bytes");
    figure(limit, "clients left to the log", (double)bench_bridge_metric(&bridge, metric), "");
    figure(limit, "readers' p50", bench_times_ms(&times, 0.5), "ms");
    figure(limit, "readers' p99", bench_times_ms(&times, 0.99), "ms");
    /* Those that were stuck read again, and must get everything. */
    clients.ctx = NULL;
    for (int i = 0; i < LIMITED_STUCK; i++)
        bench_client_pause(&clients, &clients.at[i], false);
    n_wanted = clients.n_events;
    for (int i = 0; i < LIMITED_STUCK; i++)
        n_wanted += n_events / n_streams - clients.at[i].n_events;
    began = bench_now_us();
    bench_clients_run(&clients, has_all, 0);
    figure(limit, "once they read they have all after", (double)(bench_now_us() - began) / 1e6, "s");
    bench_times_clear(&times);
    bench_emitter_close(&e);
    bench_clients_release(&clients);
    stop();
}

int main(int argc, char **argv)
{
    bench_options(options, argc, argv, "bench_stuck: readers that never read.");
    if (bench_options_number(options, "stuck") < 1 || bench_options_number(options, "stuck") >= bench_options_number(options, "readers"))
        bench_fail("--stuck is less than --readers");
    if (bench_options_number(options, "rounds") < 1 || bench_options_number(options, "rounds") > ROUNDS_MAX)
        bench_fail("--rounds is 1 to 20");
    bench_figures(bench_options_text(options, "json"), "stuck");
    bench_pin(1);
    cost_to_others();
    for (size_t i = 0; i < sizeof limits / sizeof *limits; i++)
        under(&limits[i]);
    bench_figures_end();
    return 0;
}
