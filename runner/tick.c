#include "runner/tick.h"
#include "model/secret.h"
#include "base/clock.h"
#include "base/id.h"
#include "base/log.h"
#include "event/pending.h"
#include "model/launch.h"
#include "model/run.h"
#include "runner/orphans.h"
#include "runner/schedules.h"
#include "runner/spawn.h"
#include "runner/upkeep.h"
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define LOOK_EVERY_MS 200 /* while waiting, when no child of ours ends */

struct tick {
    const struct datadir *dd;
    const char *const *overrides;
    struct store store;
    struct orphans_watch watch;
    char id[ID_MAX + 1];
    int max_runs;
    int n_relayed, n_orphans, n_scheduled, n_started;
    struct schedules schedules;
    int64_t n_drained;
    bool failed;
};

void tick_detach(void)
{
    pid_t pid = fork();

    if (pid < 0)
        _exit(71);
    if (pid > 0)
        _exit(0);
    setsid();
    if (chdir("/") != 0)
        _exit(71);
}

/* --- what there is to do --- */

static void start_runs(struct tick *t)
{
    struct run_claim claim;
    struct fault fault;
    enum rs_err err;

    while ((err = run_claim_within(&t->store, t->id, t->max_runs, &claim, &fault)) == RS_OK) {
        pid_t pid;
        enum run_wish wish;
        int rc = spawn_run(t->dd, t->overrides, &claim, &pid);
        if (rc) {
            /* Its lease runs out, and it is queued again. */
            log_event(LOG_LEVEL_ERROR, "run.start_failed", "run=%s reason=\"%s\"", claim.id, strerror(rc));
            run_claim_release(&claim);
            t->failed = true;
            return;
        }
        t->n_started++;
        /* It may have begun, and even ended, by now. */
        err = run_lease(&t->store, claim.id, claim.fence, pid, &wish, &fault);
        if (err && err != RS_CONFLICT)
            log_event(LOG_LEVEL_WARN, "run.lease_failed", "run=%s reason=\"%s\"", claim.id, fault.message);
        log_event(LOG_LEVEL_INFO, "run.started", "run=%s pid=%d", claim.id, (int)pid);
        run_claim_release(&claim);
    }
    /* RS_CONFLICT: another was faster, and looks further itself. */
    if (err != RS_NOT_FOUND && err != RS_CONFLICT) {
        log_event(LOG_LEVEL_WARN, "run.claim_failed", "reason=\"%s\"", fault.message);
        t->failed = true;
    }
}

/* Returns false when a runner does it. */
static bool look(struct tick *t)
{
    if (launch_runner_lives(t->dd))
        return false;
    t->n_orphans += orphans_end(&t->store, &t->watch);
    do
        t->n_scheduled += schedules_look(&t->schedules, &t->store, t->id, clock_wall_ms());
    while (t->schedules.more);
    start_runs(t);
    return true;
}

static void relay(struct tick *t)
{
    struct fault fault;
    int n = 0;

    /* Also the newest: relaying a row beside its writer does no harm. */
    if (outbox_recover(&t->store, 0, &n, &fault) != RS_OK) {
        log_event(LOG_LEVEL_WARN, "outbox.recover_failed", "reason=\"%s\"", fault.message);
        t->failed = true;
    }
    t->n_relayed += n;
}

/* What emitters left that had nobody to take it. */
static void drain(struct tick *t)
{
    struct eventlog *log = NULL;
    struct pending_drained drained = {0};
    struct fault fault;
    enum rs_err err = eventlog_open(t->dd, EVENTLOG_WRITE, store_owner, (void *)t->dd, &log, &fault);

    if (!err)
        err = eventlog_drain_pending(t->dd, log, &drained, &fault);
    eventlog_close(log);
    store_owner_release();
    if (err) {
        log_event(LOG_LEVEL_WARN, "pending.failed", "reason=\"%s\"", fault.message);
        t->failed = true;
    }
    t->n_drained = drained.stored;
}

static int n_active(struct tick *t)
{
    struct fault fault;
    int n = 0;

    if (run_count_active(&t->store, &n, &fault) != RS_OK) {
        log_event(LOG_LEVEL_WARN, "runs.unknown", "reason=\"%s\"", fault.message);
        t->failed = true;
    }
    return n;
}

/* Until nothing is queued or running, or the time is over. SIGCHLD is blocked. */
static void wait_for_all(struct tick *t, int64_t wait_ms)
{
    int64_t until = clock_mono_ms() + wait_ms, left;
    sigset_t child;

    sigemptyset(&child);
    sigaddset(&child, SIGCHLD);
    while (!t->failed && n_active(t) > 0 && (left = until - clock_mono_ms()) > 0) {
        if (left > LOOK_EVERY_MS)
            left = LOOK_EVERY_MS;
        struct timespec pause = {.tv_sec = left / 1000, .tv_nsec = left % 1000 * 1000000};
        (void)sigtimedwait(&child, NULL, &pause);
        while (waitpid(-1, NULL, WNOHANG) > 0) {
        }
        if (!look(t))
            return;
    }
}

/* --- its life --- */

/* What is said from now on, by us and by the runs, goes to the log. Returns: where standard output was, -1 on failure. */
static int redirect(const struct datadir *dd)
{
    int report = fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 3), log = launch_log(dd);

    if (log < 0 || dup2(log, STDOUT_FILENO) < 0 || dup2(log, STDERR_FILENO) < 0) {
        log_event(LOG_LEVEL_ERROR, "tick.failed", "reason=\"%s\"", strerror(errno));
        if (report >= 0)
            close(report);
        report = -1;
    }
    if (log > STDERR_FILENO)
        close(log);
    return report;
}

static void report(int fd, const struct tick *t, bool runner, int active)
{
    char text[256];
    int len = snprintf(
        text, sizeof text,
        "{\"runner\":%s,\"relayed\":%d,\"drained\":%lld,\"orphans\":%d,\"scheduled\":%d,\"started\":%d,\"active\":%d}\n",
        runner ? "true" : "false", t->n_relayed, (long long)t->n_drained, t->n_orphans, t->n_scheduled, t->n_started, active);

    if (write(fd, text, (size_t)len) != len)
        log_event(LOG_LEVEL_WARN, "tick.report_failed", "reason=\"%s\"", strerror(errno));
    close(fd);
}

int tick_run(const struct datadir *dd, const char *const *overrides, int64_t wait_ms)
{
    struct tick t = {.dd = dd, .overrides = overrides, .max_runs = (int)config_number(dd->config, "runner.max_runs")};
    struct fault fault;
    sigset_t child;
    int out = -1;

    /* Before the emitter's thread, which inherits it; a cron that ignores SIGCHLD would keep us from waiting. */
    signal(SIGPIPE, SIG_IGN);
    signal(SIGUSR1, SIG_IGN);
    signal(SIGCHLD, SIG_DFL);
    sigemptyset(&child);
    sigaddset(&child, SIGCHLD);
    sigprocmask(SIG_BLOCK, &child, NULL);
    id_new("tick_", t.id);
    if (store_open(&t.store, dd, "tick", &fault) != RS_OK) {
        log_event(LOG_LEVEL_ERROR, "tick.failed", "reason=\"%s\"", fault.message);
        return 1;
    }
    if (wait_ms >= 0 && (out = redirect(dd)) < 0) {
        store_release(&t.store);
        return 1;
    }
    if (secret_keys_make(dd, &fault) != RS_OK)
        log_event(LOG_LEVEL_WARN, "secrets.no_key", "reason=\"%s\"", fault.message);
    relay(&t);
    drain(&t);
    bool ours = look(&t);
    if (ours && wait_ms > 0)
        wait_for_all(&t, wait_ms);
    schedules_leave(&t.schedules, &t.store);
    if (t.n_orphans > 0)
        relay(&t); /* with nobody to do it later */
    if (out >= 0)
        report(out, &t, !ours, n_active(&t));
    if (ours && upkeep_due(dd))
        upkeep_do(dd, NULL);
    store_release(&t.store);
    return t.failed ? 1 : 0;
}

void tick_next(const struct datadir *dd, const char *const *overrides)
{
    const char *argv[OVERRIDES_MAX * 2 + 5];
    int n = 0;

    if (launch_runner_lives(dd) || !config_is(dd->config, "runner.spawn", "auto"))
        return;
    argv[n++] = "runspool-runner";
    argv[n++] = "--tick";
    argv[n++] = "--data";
    argv[n++] = dd->root;
    for (int i = 0; overrides && overrides[i] && i < OVERRIDES_MAX; i++) {
        argv[n++] = "--set";
        argv[n++] = overrides[i];
    }
    argv[n] = NULL;
    execv("/proc/self/exe", (char *const *)argv);
    log_event(LOG_LEVEL_WARN, "tick.failed", "reason=\"%s\"", strerror(errno));
}
