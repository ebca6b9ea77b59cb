#include "runner/supervisor.h"
#include "model/secret.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/id.h"
#include "base/log.h"
#include "model/run.h"
#include "runner/orphans.h"
#include "runner/seat.h"
#include "runner/schedules.h"
#include "runner/spawn.h"
#include "runner/upkeep.h"
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>
#include <uv.h>

#define LOOK_EVERY_MS 1000 /* at the queue, when no datagram comes */
#define CARE_EVERY_MS 2000 /* for orphans and events left behind */
#define OUTBOX_AGE_MS 2000 /* an event this old was left by its writer */

struct process {
    pid_t pid; /* 0: free */
    char run_id[ID_MAX + 1];
};

struct supervisor {
    const struct datadir *dd;
    const char *const *overrides;
    struct store store;
    uv_loop_t loop;
    uv_poll_t poll;
    uv_timer_t tick;
    uv_signal_t signals[3];
    struct seat seat;
    bool first; /* not beside another: what nobody else has is its own */
    char id[ID_MAX + 1];
    struct process *processes; /* n_places */
    int max_runs, n_places;    /* those that only wait need places, too */
    bool ending;       /* SIGINT: no new runs */
    bool gone;         /* to leave the loop */
    int64_t end_by_ms; /* when ending: kill what is left */
    struct orphans_watch orphans;
    struct schedules schedules;
    char place[ID_MAX + 1]; /* of this name, data directory and host, where the lock lets only one runner be */
    uv_work_t upkeep;
    bool upkeep_works;
    atomic_bool upkeep_stop;
    int64_t care_ms;   /* when it was last cared for */
};

/* --- starting runs --- */

static struct process *free_process(struct supervisor *s)
{
    for (int i = 0; i < s->n_places; i++)
        if (s->processes[i].pid == 0)
            return &s->processes[i];
    return NULL;
}

static struct process *find_process(struct supervisor *s, const char *run_id)
{
    for (int i = 0; i < s->n_places; i++)
        if (s->processes[i].pid && strcmp(s->processes[i].run_id, run_id) == 0)
            return &s->processes[i];
    return NULL;
}

static int n_processes(const struct supervisor *s)
{
    int n = 0;
    for (int i = 0; i < s->n_places; i++)
        n += s->processes[i].pid != 0;
    return n;
}

/* The running runs that end with us: our children; of the first runner all there are. *ret: {"items":[...]} of all running
 * ones, owned; NULL on failure. Returns how many of them are no children of ours. */
static int n_others(struct supervisor *s, struct json_object **ret)
{
    struct run_filter filter = {.status = "running"};
    struct json_object *list = NULL;
    struct fault fault;
    int n = 0;

    *ret = NULL;
    if (!s->first)
        return 0;
    if (run_list(&s->store, &filter, RUN_LIST_MAX, NULL, &list, &fault) != RS_OK) {
        log_event(LOG_LEVEL_WARN, "runs.unknown", "reason=\"%s\"", fault.message);
        return 0;
    }
    struct json_object *items = json_get_array(list, "items");
    for (size_t i = 0; items && i < json_object_array_length(items); i++)
        n += !find_process(s, json_get_string(json_object_array_get_idx(items, i), "id", ""));
    *ret = list;
    return n;
}

static void claim_runs(struct supervisor *s)
{
    struct fault fault;
    struct process *process;

    while (!s->ending && (process = free_process(s))) {
        struct run_claim claim;
        enum rs_err err = run_claim_within(&s->store, s->id, s->max_runs, &claim, &fault);
        if (err == RS_NOT_FOUND)
            return;
        if (err) {
            log_event(LOG_LEVEL_WARN, "run.claim_failed", "reason=\"%s\"", fault.message);
            return;
        }
        pid_t pid;
        int rc = spawn_run(s->dd, s->overrides, &claim, &pid);
        if (rc) {
            /* Its lease runs out, and it is queued again. */
            log_event(LOG_LEVEL_ERROR, "run.start_failed", "run=%s reason=\"%s\"", claim.id, strerror(rc));
            run_claim_release(&claim);
            return;
        }
        process->pid = pid;
        snprintf(process->run_id, sizeof process->run_id, "%s", claim.id);
        enum run_wish wish;
        if (run_lease(&s->store, claim.id, claim.fence, pid, &wish, &fault) != RS_OK)
            log_event(LOG_LEVEL_WARN, "run.lease_failed", "run=%s reason=\"%s\"", claim.id, fault.message);
        log_event(LOG_LEVEL_INFO, "run.started", "run=%s pid=%d", claim.id, (int)pid);
        run_claim_release(&claim);
    }
}

/* --- care --- */

static void in_upkeep_thread(uv_work_t *work)
{
    struct supervisor *s = work->data;
    upkeep_do(s->dd, &s->upkeep_stop);
}

static void on_upkeep_done(uv_work_t *work, int status)
{
    struct supervisor *s = work->data;
    (void)status;
    s->upkeep_works = false;
}

/* It may take long, so a thread does it. */
static void start_upkeep(struct supervisor *s)
{
    s->upkeep.data = s;
    s->upkeep_works = uv_queue_work(&s->loop, &s->upkeep, in_upkeep_thread, on_upkeep_done) == 0;
}

static void care(struct supervisor *s)
{
    struct fault fault;
    int n = 0;

    s->care_ms = clock_mono_ms();
    if (runner_alive(&s->store, s->id, &fault) != RS_OK)
        log_event(LOG_LEVEL_WARN, "runner.alive_failed", "reason=\"%s\"", fault.message);
    orphans_end(&s->store, &s->orphans);
    if (outbox_recover(&s->store, OUTBOX_AGE_MS, &n, &fault) != RS_OK)
        log_event(LOG_LEVEL_WARN, "outbox.recover_failed", "reason=\"%s\"", fault.message);
    else if (n > 0)
        log_event(LOG_LEVEL_INFO, "outbox.recovered", "events=%d", n);
    if (!s->upkeep_works && upkeep_due(s->dd))
        start_upkeep(s);
}

static void on_sigchld(struct supervisor *s)
{
    int status, died = 0;
    pid_t pid;

    while ((pid = waitpid(-1, &status, WNOHANG)) > 0) {
        for (int i = 0; i < s->n_places; i++) {
            if (s->processes[i].pid != pid)
                continue;
            bool well = WIFEXITED(status) && WEXITSTATUS(status) == 0;
            log_event(well ? LOG_LEVEL_INFO : LOG_LEVEL_WARN, "run.process_ended", "run=%s pid=%d %s=%d",
                      s->processes[i].run_id, (int)pid, WIFSIGNALED(status) ? "signal" : "status",
                      WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status));
            s->processes[i] = (struct process){0};
            died++;
        }
    }
    if (died) {
        orphans_end(&s->store, &s->orphans);
        claim_runs(s);
    }
}

/* --- ending --- */

static void cancel_runs(struct supervisor *s)
{
    struct json_object *list;
    struct fault fault;

    s->ending = true;
    s->end_by_ms = clock_mono_ms() + SUPERVISOR_END_MS;
    (void)n_others(s, &list);
    struct json_object *items = json_get_array(list, "items");
    for (size_t i = 0; items && i < json_object_array_length(items); i++) {
        struct json_object *item = json_object_array_get_idx(items, i);
        enum run_status status;
        enum rs_err err =
            run_cancel(&s->store, json_get_string(item, "org", ""), json_get_string(item, "id", ""), &status, &fault);
        if (err && err != RS_CONFLICT)
            log_event(LOG_LEVEL_WARN, "run.cancel_failed", "run=%s reason=\"%s\"", json_get_string(item, "id", ""),
                      fault.message);
    }
    json_object_put(list);
    for (int i = 0; i < s->n_places; i++)
        if (s->processes[i].pid)
            kill(s->processes[i].pid, SIGTERM);
    uv_timer_set_repeat(&s->tick, 100);
    uv_timer_again(&s->tick);
}

static void end_when_over(struct supervisor *s)
{
    struct json_object *list;
    int others = n_others(s, &list);

    json_object_put(list);
    if (n_processes(s) + others > 0 && clock_mono_ms() < s->end_by_ms)
        return;
    for (int i = 0; i < s->n_places; i++) {
        if (!s->processes[i].pid)
            continue;
        kill(s->processes[i].pid, SIGKILL);
        waitpid(s->processes[i].pid, NULL, 0);
        s->processes[i].pid = 0;
    }
    orphans_end(&s->store, &s->orphans);
    s->gone = true;
    uv_stop(&s->loop);
}

/* --- the loop --- */

static void on_poke(uv_poll_t *poll, int status, int events)
{
    struct supervisor *s = poll->data;
    char text[RUNNER_POKE_MAX + 1];
    bool queue = false;
    ssize_t n;

    (void)status, (void)events;
    while ((n = recv(s->seat.socket_fd, text, sizeof text - 1, MSG_DONTWAIT)) >= 0) {
        text[n] = '\0';
        if (text[0] == 'r' && id_valid(text + 1))
            (void)run_signal(&s->store, text + 1); /* gone: the next process of the run looks */
        else
            queue = true;
    }
    if (!queue)
        return;
    claim_runs(s);
}

static void on_tick(uv_timer_t *timer)
{
    struct supervisor *s = timer->data;

    if (s->ending) {
        end_when_over(s);
        return;
    }
    if (clock_mono_ms() - s->care_ms >= CARE_EVERY_MS)
        care(s);
    schedules_look(&s->schedules, &s->store, s->place, clock_wall_ms());
    claim_runs(s);
    struct fault fault;
    if (outbox_settle(&s->store, &fault) != RS_OK)
        log_event(LOG_LEVEL_WARN, "outbox.settle_failed", "reason=\"%s\"", fault.message);
}

static void on_signal(uv_signal_t *handle, int signum)
{
    struct supervisor *s = handle->data;

    if (signum == SIGCHLD) {
        on_sigchld(s);
    } else if (signum == SIGTERM) {
        log_event(LOG_LEVEL_INFO, "runner.leaving", "runs_going_on=%d", n_processes(s));
        s->gone = true;
        uv_stop(&s->loop);
    } else if (!s->ending) {
        log_event(LOG_LEVEL_INFO, "runner.ending", "runs=%d", n_processes(s));
        cancel_runs(s);
    }
}

static void watch(struct supervisor *s)
{
    static const int signals[] = {SIGCHLD, SIGTERM, SIGINT};

    for (int i = 0; i < 3; i++) {
        uv_signal_init(&s->loop, &s->signals[i]);
        s->signals[i].data = s;
        uv_signal_start(&s->signals[i], on_signal, signals[i]);
    }
    uv_poll_init(&s->loop, &s->poll, s->seat.socket_fd);
    s->poll.data = s;
    uv_poll_start(&s->poll, UV_READABLE, on_poke);
    uv_timer_init(&s->loop, &s->tick);
    s->tick.data = s;
    uv_timer_start(&s->tick, on_tick, 0, LOOK_EVERY_MS);
}

static void unwatch(struct supervisor *s)
{
    for (int i = 0; i < 3; i++)
        uv_close((uv_handle_t *)&s->signals[i], NULL);
    uv_close((uv_handle_t *)&s->poll, NULL);
    uv_close((uv_handle_t *)&s->tick, NULL);
    uv_run(&s->loop, UV_RUN_DEFAULT);
}

int supervisor_run(const struct datadir *dd, const char *const *overrides, const char *name)
{
    struct supervisor *s = calloc(1, sizeof *s);
    struct fault fault;
    int rc = 1;

    if (!s)
        return 1;
    s->dd = dd;
    s->overrides = overrides;
    s->seat.lock_fd = s->seat.socket_fd = -1;
    s->first = !name;
    s->max_runs = (int)config_number(dd->config, "runner.max_runs");
    s->n_places = s->max_runs + SUPERVISOR_WAITING_MAX;
    s->processes = calloc((size_t)s->n_places, sizeof *s->processes);
    id_new("runner_", s->id);
    schedules_place(dd->root, name, s->place);
    signal(SIGPIPE, SIG_IGN);
    signal(SIGXFSZ, SIG_IGN); /* a limit of file sizes is a full disk, not a reason to die */
    signal(SIGUSR1, SIG_IGN);
    if (!s->processes || seat_open(&s->seat, dd, name, &fault) ||
        store_open(&s->store, dd, "runner", &fault)) {
        log_event(LOG_LEVEL_ERROR, "runner.not_startable", "reason=\"%s\"",
                  s->processes ? fault.message : "out of memory");
        goto out;
    }
    if (uv_loop_init(&s->loop) != 0) {
        log_event(LOG_LEVEL_ERROR, "runner.not_startable", "reason=\"no loop\"");
        goto out;
    }
    if (secret_keys_make(dd, &fault) != RS_OK)
        log_event(LOG_LEVEL_WARN, "secrets.no_key", "reason=\"%s\"", fault.message);
    prctl(PR_SET_CHILD_SUBREAPER, 1);
    watch(s);
    /* Whoever finds the pid may send a signal: not before they are watched. */
    rc = seat_write_pid(&s->seat, &fault) != RS_OK;
    if (rc) {
        log_event(LOG_LEVEL_ERROR, "runner.not_startable", "reason=\"%s\"", fault.message);
        s->gone = true;
    } else {
        log_event(LOG_LEVEL_INFO, "runner.ready", "data=%s max_runs=%d", dd->root, s->max_runs);
    }
    if (config_is(dd->config, "runner.shell", "allow") && config_is(dd->config, "runner.sandbox", "none"))
        log_event(LOG_LEVEL_WARN, "runner.no_sandbox", "runner.sandbox=none runner.shell=allow");
    while (!s->gone)
        uv_run(&s->loop, UV_RUN_DEFAULT);
    atomic_store(&s->upkeep_stop, true);
    unwatch(s);
    uv_loop_close(&s->loop);
    schedules_leave(&s->schedules, &s->store);
    if (runner_gone(&s->store, s->id, &fault) != RS_OK)
        log_event(LOG_LEVEL_WARN, "runner.gone_failed", "reason=\"%s\"", fault.message);
    seat_leave(&s->seat);
out:
    store_release(&s->store);
    seat_release(&s->seat);
    free(s->processes);
    free(s);
    return rc;
}
