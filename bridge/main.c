/* runspool-bridge - owns the spool socket, writes the event log, streams it to browsers. See docs/ARCHITECTURE.md. */
#include "auth/auth.h"
#include "base/file.h"
#include "base/log.h"
#include "bridge/bridge.h"
#include "bridge/deflate.h"
#include "bridge/drain.h"
#include "bridge/front.h"
#include "bridge/hub.h"
#include "bridge/kept.h"
#include "bridge/options.h"
#include "bridge/poke.h"
#include "bridge/redis.h"
#include "bridge/rekey.h"
#include "bridge/reload.h"
#include "bridge/sample.h"
#include "bridge/signals.h"
#include "bridge/spool_server.h"
#include "bridge/stretch.h"
#include "bridge/told.h"
#include "bridge/topic.h"
#include "bridge/web.h"
#include "bridge/worker.h"
#include "bridge/writer.h"
#include "bridge/ws.h"
#include "stats/stats.h"
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <malloc.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#define SLICE_NS 100000
#define SWEEP_MS 1000
#define SWEEP_STEP_MS 2
#define MAPPED_BYTES (64 * 1024) /* and larger: memory of its own */
#define PID_FILE "run/bridge.pid"

static void on_outcome(void *ctx, struct outcome *o)
{
    struct bridge *bridge = ctx;
    int64_t *values = bridge->metrics.values;
    bridge->received_us = o->received_us;
    if (o->n_events > 0)
        hub_publish(bridge->hub, o->events, o->n_events);
    redis_publish(bridge->redis, o->events, o->n_events);
    if (bridge->crews)
        signals_look(bridge->crews, o->events, o->n_events);
    spool_server_answer(bridge->spool, o);
    values[METRIC_SPOOL_LINES] += o->n_lines;
    values[METRIC_SPOOL_ERRORS] += o->n_errors;
    values[METRIC_EVENTS_COMMITTED] += o->n_stored;
    values[METRIC_EVENTS_DUPLICATE] += o->n_duplicates;
    values[METRIC_EVENTS_FOREIGN] += o->n_foreign;
    if (o->reports) {
        values[METRIC_EVENTS_TRIMMED] += o->upkeep.n_trimmed;
        values[METRIC_PENDING_LINES] += o->upkeep.n_pending;
        values[METRIC_PENDING_REJECTED] += o->upkeep.n_rejected;
        values[METRIC_WAL_BYTES] = o->upkeep.wal_bytes;
    }
    values[METRIC_COMMIT_FAILURES] += o->n_failures;
    if (o->commit_us >= 0)
        metrics_commit(&bridge->metrics, o->commit_us);
    if (o->last)
        drain_clients(bridge);
}

static const struct options *options;

static void on_signal(uv_signal_t *handle, int number)
{
    if (number == SIGHUP)
        reload_settings(handle->data, options->set);
    else
        drain_begin(handle->data);
}

/* Where the loop shares a core with its threads it is to go before them as soon as it has something to do: it asks for
 * short slices of time, and who does so is preferred when it wakes (Linux 6.12; elsewhere nothing changes). */
static void be_quick(void)
{
    struct { /* sched_attr of the kernel's first version: its header and that of the C library exclude each other */
        uint32_t size, policy;
        uint64_t flags;
        int32_t nice;
        uint32_t priority;
        uint64_t runtime, deadline, period;
    } attr = {.size = sizeof attr};
    if (syscall(SYS_sched_getattr, 0, &attr, sizeof attr, 0) != 0)
        return;
    if (attr.policy != 0) /* somebody has chosen another than SCHED_OTHER */
        return;
    attr.runtime = SLICE_NS;
    (void)syscall(SYS_sched_setattr, 0, &attr, 0);
}

static void on_sweep(uv_timer_t *timer)
{
    struct bridge *bridge = timer->data;
    bool more = hub_sweep(bridge->hub);
    uv_timer_start(timer, on_sweep, more ? SWEEP_STEP_MS : SWEEP_MS, 0);
    if (more)
        return;
    kepts_sweep(bridge->kepts);
    sample_take(bridge);
    rekey_tick(bridge);
}

/* A second bridge on the same directory would publish in another order: refuse. The lock lasts as long as the process. */
static enum rs_err lock(const struct datadir *dd, struct fault *fault)
{
    char path[PATH_MAX], pid[32];
    datadir_path(dd, path, DATADIR_BRIDGE_LOCK);
    int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0660);
    if (fd < 0)
        return fault_set(fault, RS_IO, "cannot open %s: %s", path, strerror(errno));
    if (flock(fd, LOCK_EX | LOCK_NB) < 0) {
        close(fd);
        return fault_set(fault, RS_CONFLICT, "another bridge is running on %s (it holds %s)", dd->root, path);
    }
    int len = snprintf(pid, sizeof pid, "%d\n", (int)getpid());
    return file_write(datadir_path(dd, path, PID_FILE), pid, (size_t)len, 0660, fault);
}

static void raise_file_limit(void)
{
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur < limit.rlim_max) {
        limit.rlim_cur = limit.rlim_max;
        (void)setrlimit(RLIMIT_NOFILE, &limit);
    }
}

/* The kernel doubles the table of open files as it fills, and has a process with threads wait some milliseconds each time: it
 * is made as large as it will be while there is one thread. */
static void make_room_for_files(const struct config *config)
{
    struct rlimit limit;
    rlim_t wanted = (rlim_t)config_number(config, "limits.connections") + FRONT_SPARE_CONNECTIONS;
    if (getrlimit(RLIMIT_NOFILE, &limit) < 0)
        return;
    int fd = fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, (int)(wanted < limit.rlim_cur ? wanted : limit.rlim_cur - 1));
    if (fd >= 0)
        close(fd);
}

/* Blocks of many events come and go in all sizes, and what is kept of others for long lies between them: the heap grows by its
 * holes for minutes, and keeps them. Large ones go back to the kernel instead; glibc would raise this bound by itself. */
static void keep_heap_small(void)
{
#ifdef M_MMAP_THRESHOLD
    (void)mallopt(M_MMAP_THRESHOLD, MAPPED_BYTES);
#endif
}

static enum rs_err open_front(struct bridge *bridge, struct fault *fault)
{
    char socket_path[PATH_MAX + 8] = "unix:";
    const char *fallback[] = {socket_path};
    datadir_path(&bridge->dd, socket_path + 5, DATADIR_BRIDGE_SOCKET);
    if (options->n_listen == 0)
        return front_open(bridge, fallback, 1, &bridge->front, fault);
    return front_open(bridge, options->listen, options->n_listen, &bridge->front, fault);
}

/* All parts, in the order in which they need one another; the public port last, so that it says "ready". */
static enum rs_err start(struct bridge *bridge, struct fault *fault)
{
    int64_t head = 0;
    enum rs_err err = writer_start(&bridge->loop, &bridge->dd, on_outcome, bridge, &bridge->writer, &head, fault);
    if (!err)
        err = eventlog_open(&bridge->dd, EVENTLOG_READ, NULL, NULL, &bridge->log, fault);
    if (!err)
        err = store_open(&bridge->store, &bridge->dd, "bridge", fault);
    if (!err) {
        bridge->hub = hub_new(bridge, head);
        err = bridge->hub ? RS_OK : fault_set(fault, RS_NOMEM, "no memory for the hub");
    }
    if (!err) {
        bridge->stretches = stretches_new(bridge);
        err = bridge->stretches ? RS_OK : fault_set(fault, RS_NOMEM, "no memory for replays");
    }
    if (!err) {
        bridge->tolds = tolds_new(bridge);
        err = bridge->tolds ? RS_OK : fault_set(fault, RS_NOMEM, "no memory for polls");
    }
    if (!err && stats_open(&bridge->dd, &bridge->stats, fault) != RS_OK)
        log_event(LOG_LEVEL_WARN, "stats.failed", "reason=\"%s\"", fault->message);
    if (!err)
        err = worker_start(&bridge->loop, &bridge->dd, &bridge->worker, fault);
    if (!err)
        err = topics_start(&bridge->loop, &bridge->dd, &bridge->topics, fault);
    if (!err)
        err = rekey_open(bridge, fault);
    if (!err)
        err = signals_open(bridge, &bridge->crews, fault);
    if (!err)
        err = redis_open(bridge, &bridge->redis, fault);
    if (!err) {
        bridge->deflater = deflater_new();
        err = bridge->deflater ? RS_OK : fault_set(fault, RS_NOMEM, "no memory for compression");
    }
    if (!err)
        err = ws_open(bridge, &bridge->ws, fault);
    if (!err)
        err = web_open(bridge, &bridge->web, fault);
    if (!err)
        err = spool_server_open(bridge, &bridge->spool, fault);
    if (!err)
        err = poke_open(bridge, &bridge->poke, fault);
    return err ? err : open_front(bridge, fault);
}

static void watch(struct bridge *bridge)
{
    static const int numbers[] = {SIGTERM, SIGINT, SIGHUP};
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
        uv_signal_init(&bridge->loop, &bridge->signals[i]);
        bridge->signals[i].data = bridge;
        uv_signal_start(&bridge->signals[i], on_signal, numbers[i]);
    }
    uv_timer_init(&bridge->loop, &bridge->sweep);
    uv_timer_init(&bridge->loop, &bridge->drain);
    bridge->sweep.data = bridge->drain.data = bridge;
    uv_timer_start(&bridge->sweep, on_sweep, SWEEP_MS, 0);
}

static int run(struct bridge *bridge)
{
    char path[PATH_MAX];
    struct fault fault = {0};
    enum rs_err err = lock(&bridge->dd, &fault);
    if (!err)
        err = start(bridge, &fault);
    if (err) {
        log_event(LOG_LEVEL_ERROR, "bridge.failed", "reason=\"%s\"", fault.message);
        return 1;
    }
    watch(bridge);
    store_owner_open(&bridge->dd); /* last: where descriptors are few, it is done without */
    bridge->started_ms = uv_now(&bridge->loop);
    log_event(LOG_LEVEL_INFO, "bridge.ready", "head=%" PRId64, hub_published(bridge->hub));
    be_quick();
    uv_run(&bridge->loop, UV_RUN_DEFAULT);
    store_owner_release();
    tolds_free(bridge->tolds);
    stretches_free(bridge->stretches);
    ws_free(bridge->ws);
    deflater_free(bridge->deflater);
    uv_loop_close(&bridge->loop);
    rekey_free(bridge);
    eventlog_close(bridge->log);
    store_release(&bridge->store);
    stats_close(bridge->stats);
    unlink(datadir_path(&bridge->dd, path, PID_FILE));
    log_event(LOG_LEVEL_INFO, "bridge.ended", "data=%s", bridge->dd.root);
    return 0;
}

int main(int argc, char **argv)
{
    static struct options given;
    static struct bridge bridge;
    struct fault fault = {0};
    int status = options_parse(&given, argc, argv);
    if (status >= 0)
        return status;
    options = &given;
    signal(SIGPIPE, SIG_IGN);
    signal(SIGXFSZ, SIG_IGN); /* a limit of file sizes is a full disk, not a reason to die */
    srand((unsigned)getpid());
    tzset(); /* reads a file, which the first event would wait for */
    raise_file_limit();
    keep_heap_small();
    if (datadir_open(&bridge.dd, given.data, true, given.set, &fault) != RS_OK) {
        fprintf(stderr, "runspool-bridge: %s\n", fault.message);
        return 1;
    }
    if (given.test) {
        struct auth *auth = NULL;
        if (auth_open(&bridge.dd, bridge.dd.config, &auth, &fault) != RS_OK) {
            fprintf(stderr, "runspool-bridge: %s\n", fault.message);
            datadir_release(&bridge.dd);
            return 1;
        }
        auth_free(auth);
        puts("runspool-bridge: settings are good");
        datadir_release(&bridge.dd);
        return 0;
    }
    log_open("bridge", LOG_LEVEL_INFO,
             config_is(bridge.dd.config, "log.target", "syslog") ? LOG_TO_SYSLOG : LOG_TO_STDERR);
    reload_log_level(bridge.dd.config);
    bridge.config = bridge.dd.config;
    make_room_for_files(bridge.config);
    int failed = uv_loop_init(&bridge.loop);
    if (failed) {
        log_event(LOG_LEVEL_ERROR, "bridge.failed", "reason=\"no event loop: %s\"", uv_strerror(failed));
        return 1;
    }
    status = run(&bridge);
    if (status != 0)
        return status; /* threads may be at work with all this: the system takes it back */
    if (bridge.config != bridge.dd.config)
        config_free(bridge.config);
    datadir_release(&bridge.dd);
    return status;
}
