/* bench_soak - a day of traffic in minutes: does the bridge stay as it is? Clients come, go, are cut off and come back by their
 * cursors on every door, some read slowly, some not at all, some break off in the handshake; producers join and leave, runs begin
 * and end, retention removes all the time. Every client checks that nothing is missing but what a gap told, and nothing comes twice;
 * who follows a run has all of it at its end. Once a second the bridge is looked at: memory, files, threads, the log's size. At the
 * end the second quarter is held against the last, the log against what is to be kept, and with all clients gone the files against
 * those at the beginning. */
#include "tests/bench/lib/base.h"
#include "tests/bench/lib/clients.h"
#include "tests/bench/lib/emitter.h"
#include "tests/bench/soak_samples.h"
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define RUNS_MAX 200   /* that have not ended */
#define PRODUCERS 8    /* at a time */
#define NAMES 100      /* of producers, in turn */
#define STEP_US 5000
#define SECOND_US INT64_C(1000000)
#define LINE_BYTES 100 /* of a line beside its text */
#define BURST_EVENTS 150
#define BURST_BYTES 4000
#define LATE_US (60 * SECOND_US) /* after a run's end its clients have all of it */
#define LEAVE_US (45 * SECOND_US) /* a poll that is held is noticed to be gone when its wait is over */
#define FILES_LATER 3 /* the log's connection for checkpoints is made when the first is due */
#define KEEP_MIB 24 /* of the log: */
#define KEEP "eventlog.keep_bytes=24M"

static struct bench_option options[] = {
    {"bridge", "the program", "bridge/runspool-bridge"},
    {"seconds", "that it goes on and is looked at", "300"},
    {"warm", "seconds before, until what is kept for later is full", "30"},
    {"clients", "at a time, about", "400"},
    {"runs", "at a time", "20"},
    {"rate", "events/s of all runs together", "500"},
    {"session", "seconds that a client stays, on average", "5"},
    {"samples", "file for what was seen each second, as CSV", ""},
    {"json", "file for the figures", ""},
    {0},
};
static struct bench_bridge bridge = {
    .settings = {"limits.subscriber_time=5s", "limits.subscriber_bytes=64k", "limits.subscriber_age=2s", "eventlog.keep_count=500",
                 KEEP}};

struct run {
    char name[40];
    int64_t emitted, target, ended_us; /* ended_us 0: it has not */
    int n_clients;
};
enum mood { READS, SLOW, STUCK, N_MOODS };
/* Beside each client of the same number. */
struct slot {
    struct run *run; /* NULL: every run */
    enum mood mood;
    bool open, paused, comes_back;
    int64_t act_us; /* what it does next, it does then */
    int pauses;     /* still to come */
};

static struct bench_clients clients;
static struct slot *slots;
static struct run *runs[RUNS_MAX];
static struct bench_emitter producers[PRODUCERS];
static int64_t producer_until[PRODUCERS];
static struct soak_samples samples;
static int n_runs;
static int64_t now, n_all_emitted, bytes_emitted;
static struct {
    int64_t connects[BENCH_N_DOORS], cuts, returns, ends, pauses, broken, producers, runs, complete, deaf;
} count;

static uint32_t chance(uint32_t below)
{
    static uint64_t state = 88172645463325252u; /* xorshift: each time the same day */
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    return (uint32_t)(state >> 32) % below;
}

static int64_t about(int64_t us)
{
    return us / 4 + chance((uint32_t)(us * 3 / 2));
}

static struct run *run_new(void)
{
    struct run *run = calloc(1, sizeof *run);
    if (!run)
        bench_fail("memory");
    snprintf(run->name, sizeof run->name, "run:day%" PRId64, count.runs++);
    run->target = 200 + chance(1500);
    return run;
}

static void leave_run(struct slot *s)
{
    if (s->run && --s->run->n_clients == 0 && s->run->ended_us)
        free(s->run);
    s->run = NULL;
}

/* Somebody else, who has seen nothing yet. */
static void renew(struct bench_client *c, struct slot *s)
{
    leave_run(s);
    s->comes_back = false;
    s->run = chance(20) == 0 ? NULL : runs[chance((uint32_t)n_runs)];
    if (s->run)
        s->run->n_clients++;
    c->view = !s->run;
    strcpy(c->stream, s->run ? s->run->name : "runs");
    c->since = !c->view && chance(3) == 0 ? BENCH_START : BENCH_NOW;
    c->seq = -1;
    c->id = c->gap_until = 0;
}

static void come(struct bench_client *c, struct slot *s)
{
    if (s->comes_back)
        c->since = c->id > 0 ? c->id : c->since;
    else
        renew(c, s);
    count.returns += s->comes_back;
    c->door = (enum bench_door)chance(BENCH_N_DOORS);
    uint32_t mood = chance(20);
    s->mood = mood == 0 && c->door != BENCH_POLL ? STUCK : mood < 4 ? SLOW : READS;
    s->pauses = 3;
    c->may_close = true;
    c->small = s->mood != READS;
    c->stuck = s->mood == STUCK;
    s->paused = false;
    s->open = true;
    s->act_us = now + (s->mood == STUCK ? 15 * SECOND_US : about(bench_options_number(options, "session") * SECOND_US));
    count.connects[c->door]++;
    count.deaf += s->mood == STUCK;
    bench_client_connect(&clients, c);
}

/* It has gone: it comes back, or somebody else does. */
static void gone(struct slot *s, bool comes_back)
{
    s->open = false;
    s->comes_back = comes_back;
    s->act_us = now + about(chance(10) == 0 ? 10 * SECOND_US : SECOND_US / 2);
}

/* The bridge has ended its connection. */
static void was_ended(struct bench_client *c, struct slot *s)
{
    if (c->over && s->run && c->seq >= 0 && c->seq != s->run->emitted) {
        fprintf(stderr, "%s ended at %" PRId64 ", not at %" PRId64 "\n", c->stream, c->seq, s->run->emitted);
        errno = 0;
        bench_fail("a run's last events are missing");
    }
    count.complete += c->over;
    count.ends += !c->over;
    gone(s, !c->over && !(s->run && s->run->ended_us));
}

static void look_after(struct bench_client *c, struct slot *s)
{
    if (s->open && c->state == BENCH_CLOSED)
        was_ended(c, s);
    else if (s->open && s->run && s->run->ended_us && c->seq == s->run->emitted) {
        count.complete++;
        bench_client_cut(&clients, c);
        gone(s, false);
    } else if (s->open && s->run && s->run->ended_us && s->mood == READS && c->state == BENCH_FOLLOWS && c->seq >= 0 &&
               now - s->run->ended_us > LATE_US && now - c->followed_us > LATE_US) {
        bench_fail("a run's last events do not come");
    }
    if (now < s->act_us)
        return;
    if (!s->open) {
        come(c, s);
    } else if (s->mood == SLOW && s->pauses > 0 && c->state == BENCH_FOLLOWS) {
        s->paused = !s->paused;
        s->pauses -= !s->paused;
        count.pauses += s->paused;
        bench_client_pause(&clients, c, s->paused);
        s->act_us = now + about(s->paused ? 3 * SECOND_US : SECOND_US);
    } else {
        bench_client_cut(&clients, c);
        count.cuts++;
        gone(s, chance(4) > 0 && (c->id > 0 || c->since == BENCH_START));
    }
}

/* A connection that ends before it is one. */
static void break_off(void)
{
    static const char *const beginnings[] = {"", "GET /ws HTTP/1.1\r\nHost: loc", "GET /sse?stream=runs HTTP/1.1\r\nHost: localhost\r\n\r\n",
                                             "GET /poll?stream=runs&wait=10 HTTP/1.1\r\nHost: localhost\r\n\r\n", "\x16\x03\x01\x02"};
    const char *text = beginnings[chance(sizeof beginnings / sizeof *beginnings)];
    int fd = bench_bridge_connect(&bridge, 0, (int)chance(60), false);
    if (fd < 0)
        bench_fail("connect");
    bench_send_all(fd, text, strlen(text));
    close(fd);
    count.broken++;
}

static void renew_producer(int i)
{
    char name[24];
    if (producer_until[i]) {
        bench_emitter_flush(&producers[i]);
        bench_emitter_close(&producers[i]);
    }
    snprintf(name, sizeof name, "soak-%d-%" PRId64, i, count.producers++ % NAMES);
    bench_emitter_open(&producers[i], &bridge, name);
    producer_until[i] = now + about(10 * SECOND_US);
}

static void emit(struct run **place, int i, int bytes)
{
    struct run *run = *place;
    bool last = ++run->emitted >= run->target;
    n_all_emitted++;
    bytes_emitted += bytes + LINE_BYTES;
    bench_emitter_add(&producers[i], run->name, last ? "run.finished" : "log", bytes);
    if (!last)
        return;
    /* Nobody else may have lines of it that come later. */
    run->ended_us = now;
    *place = run_new();
    if (run->n_clients == 0)
        free(run);
}

static void emit_due(int64_t *next_us, int64_t *burst_us)
{
    for (; *next_us <= now; *next_us += SECOND_US / bench_options_number(options, "rate")) {
        int place = (int)chance((uint32_t)n_runs); /* each run has a producer at a time */
        emit(&runs[place], place % PRODUCERS, 50 + (int)chance(300));
    }
    if (now >= *burst_us) {
        int place = (int)chance((uint32_t)n_runs);
        for (int k = 0; k < BURST_EVENTS; k++)
            emit(&runs[place], place % PRODUCERS, BURST_BYTES);
        *burst_us = now + about(SECOND_US);
    }
    for (int i = 0; i < PRODUCERS; i++) {
        if (producers[i].len > 0)
            bench_emitter_send(&producers[i]);
        if (now >= producer_until[i])
            renew_producer(i);
    }
}

static void tell(int files_before, int files_after)
{
    bench_figure("connections, WebSocket", (double)count.connects[BENCH_WS], "");
    bench_figure("connections, SSE", (double)count.connects[BENCH_SSE], "");
    bench_figure("connections, long poll", (double)count.connects[BENCH_POLL], "");
    bench_figure("of them with a cursor", (double)count.returns, "");
    bench_figure("cut off", (double)count.cuts, "");
    bench_figure("that read nothing", (double)count.deaf, "");
    bench_figure("pauses in reading", (double)count.pauses, "");
    bench_figure("ended by the bridge", (double)count.ends, "");
    bench_figure("broken off in the handshake", (double)count.broken, "");
    bench_figure("producers", (double)count.producers, "");
    bench_figure("runs that ended", (double)(count.runs - n_runs), "");
    bench_figure("clients that had all of a run that ended", (double)count.complete, "");
    bench_figure("events", (double)n_all_emitted, "");
    bench_figure("events removed by retention", (double)bench_bridge_metric(&bridge, "events_trimmed_total"), "");
    bench_figure("deliveries", (double)clients.n_events, "");
    bench_figure("gaps told", (double)clients.n_gaps, "");
    bench_figure("lost or twice", 0, "");
    bool constant = soak_samples_tell(&samples, KEEP_MIB);
    bench_figure("files before the first client", files_before, "");
    bench_figure("files after the last", files_after, "");
    constant &= files_after <= files_before + FILES_LATER;
    bench_figure("constant (1: yes)", constant, "");
}

static void go_on(int64_t seconds, int64_t warm)
{
    int64_t start = bench_now_us(), look_us = start + (warm + 1) * SECOND_US, next_us = start, burst_us = start, broken_us = start;
    for (now = start; now < start + (warm + seconds) * SECOND_US; now = bench_now_us()) {
        emit_due(&next_us, &burst_us);
        for (int i = 0; i < clients.n; i++)
            look_after(&clients.at[i], &slots[i]);
        if (now >= broken_us) {
            break_off();
            broken_us = now + about(SECOND_US / 4);
        }
        if (now >= look_us) {
            soak_samples_look(&samples, &bridge, clients.n_open + PRODUCERS, bytes_emitted);
            look_us = now + SECOND_US;
        }
        bench_clients_run(&clients, NULL, now + STEP_US);
    }
}

/* Everybody leaves; what the bridge then has open. */
static int leave(int files_before)
{
    for (int i = 0; i < clients.n; i++)
        bench_client_cut(&clients, &clients.at[i]);
    for (int i = 0; i < PRODUCERS; i++) {
        bench_emitter_flush(&producers[i]);
        bench_emitter_close(&producers[i]);
    }
    int n = bench_bridge_fds(&bridge);
    for (int64_t until = bench_now_us() + LEAVE_US; n > files_before && bench_now_us() < until; n = bench_bridge_fds(&bridge))
        usleep(100000);
    return n;
}

int main(int argc, char **argv)
{
    bench_options(options, argc, argv, "bench_soak: a day in minutes.");
    int64_t seconds = bench_options_number(options, "seconds");
    int n = (int)bench_options_number(options, "clients");
    n_runs = (int)bench_options_number(options, "runs");
    bridge.program = bench_options_text(options, "bridge");
    slots = calloc((size_t)n, sizeof *slots);
    if (n_runs < 1 || n_runs > RUNS_MAX || n < 1 || seconds < 4 || !slots)
        bench_fail("--runs is 1 to 200, --seconds 4 or more");
    soak_samples_init(&samples, (int)seconds, bench_options_text(options, "samples"));
    bench_figures(bench_options_text(options, "json"), "soak");
    bench_bridge_dir(&bridge);
    bench_bridge_start(&bridge);
    bench_pin(1);
    int64_t warm_until = bench_now_us() + SECOND_US; /* what it opens by itself, it has opened then */
    while (bench_now_us() < warm_until)
        free(bench_bridge_get(&bridge, "/metrics"));
    usleep(200000);
    int files_before = bench_bridge_fds(&bridge);
    bench_clients_init(&clients, &bridge, n);
    now = bench_now_us();
    for (int i = 0; i < n_runs; i++)
        runs[i] = run_new();
    for (int i = 0; i < PRODUCERS; i++)
        renew_producer(i);
    for (int i = 0; i < n; i++)
        slots[i].act_us = now + about(2 * SECOND_US);
    go_on(seconds, bench_options_number(options, "warm"));
    int files_after = leave(files_before);
    printf("%" PRId64 " s, %d clients at a time, %d runs at a time, %" PRId64 " events/s\n", seconds, n, n_runs,
           bench_options_number(options, "rate"));
    tell(files_before, files_after);
    bench_figures_end();
    soak_samples_release(&samples);
    bench_clients_release(&clients);
    return 0;
}
