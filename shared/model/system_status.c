#include "model/system_status.h"

#include "base/clock.h"
#include "model/run.h"
#include "model/schedule.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/statvfs.h>
#include <sys/un.h>
#include <unistd.h>

/* How it is with one part. */
struct probe {
    const char *status; /* static storage */
    char detail[FAULT_MESSAGE_MAX];
    struct json_object *late;
    bool timed;         /* it answered something */
};

static void say(struct probe *probe, const char *status, const char *detail)
{
    probe->status = status;
    snprintf(probe->detail, sizeof(probe->detail), "%s", detail);
}

static void probe_database(struct store *store, const char *org, int64_t now_ms, struct probe *ret)
{
    struct db_rows *rows = NULL;
    struct fault fault = {0};
    enum rs_err err = db_query(store->db, &rows, &fault, "SELECT COUNT(*) FROM outbox WHERE created < $1", "i", now_ms - 30000);

    (void)org;
    if (err == RS_OK)
        err = db_next(rows, &fault);
    ret->timed = true;
    if (err != RS_OK)
        say(ret, "down", fault.message);
    else if (db_int(rows, 0) > 0)
        say(ret, "degraded", "events have been waiting in the outbox for over 30 s");
    else
        say(ret, "healthy", "");
    db_done(rows);
}

static void probe_event_log(struct store *store, const char *org, int64_t now_ms, struct probe *ret)
{
    struct eventlog *log = NULL;
    struct fault fault = {0};
    int64_t head = 0;
    enum rs_err err = eventlog_open(store->dd, EVENTLOG_READ, NULL, NULL, &log, &fault);

    (void)org;
    (void)now_ms;
    if (err == RS_OK)
        err = eventlog_head(log, &head, &fault);
    eventlog_close(log);
    ret->timed = true;
    say(ret, err == RS_OK ? "healthy" : "down", fault.message);
    if (err == RS_OK)
        snprintf(ret->detail, sizeof(ret->detail), "head %lld", (long long)head);
}

/* One line of HTTP, by its own socket. */
static bool bridge_answers(int fd)
{
    static const char request[] = "GET /healthz HTTP/1.0\r\n\r\n";
    struct pollfd wait = {.fd = fd, .events = POLLIN};
    char answer[64];
    ssize_t n;

    if (send(fd, request, sizeof(request) - 1, MSG_NOSIGNAL) != (ssize_t)sizeof(request) - 1 ||
        poll(&wait, 1, SYSTEM_STATUS_WAIT_MS) != 1)
        return false;
    n = recv(fd, answer, sizeof(answer) - 1, 0);
    answer[n > 0 ? n : 0] = '\0';
    return strncmp(answer, "HTTP/1.", 7) == 0 && strstr(answer, " 200 ") != NULL;
}

static void probe_bridge(struct store *store, const char *org, int64_t now_ms, struct probe *ret)
{
    struct sockaddr_un to = {.sun_family = AF_UNIX};
    char path[PATH_MAX];
    int fd = -1;

    (void)org;
    (void)now_ms;
    datadir_path(store->dd, path, "bridge.sock");
    if ((size_t)snprintf(to.sun_path, sizeof(to.sun_path), "%s", path) >= sizeof(to.sun_path) || access(path, F_OK) != 0) {
        say(ret, "disabled", "no bridge runs here");
        return;
    }
    fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0 || connect(fd, (struct sockaddr *)&to, sizeof(to)) != 0) {
        say(ret, "down", strerror(errno));
    } else {
        ret->timed = true;
        say(ret, bridge_answers(fd) ? "healthy" : "down", "");
    }
    if (fd >= 0)
        close(fd);
}

static void probe_runner(struct store *store, const char *org, int64_t now_ms, struct probe *ret)
{
    struct db_rows *rows = NULL;
    struct fault fault = {0};
    int alive = 0;
    enum rs_err err = runner_count_alive(store, &alive, &fault);

    (void)org;
    (void)now_ms;
    if (err == RS_OK && alive > 0) {
        say(ret, "healthy", "");
        snprintf(ret->detail, sizeof(ret->detail), "%d alive", alive);
        return;
    }
    /* One that ended takes its row with it; one that died does not. */
    if (err == RS_OK)
        err = db_query(store->db, &rows, &fault, "SELECT 1 FROM runner LIMIT 1", "");
    if (err == RS_OK)
        err = db_next(rows, &fault);
    db_done(rows);
    if (err == RS_NOT_FOUND)
        say(ret, "disabled", "no runner runs here: runs are started one by one");
    else
        say(ret, "down", err == RS_OK ? "the runner has died" : fault.message);
}

static void probe_scheduler(struct store *store, const char *org, int64_t now_ms, struct probe *ret)
{
    struct json_object *first;
    struct fault fault = {0};
    size_t n_late;
    int n = 0;

    if (schedule_late(store, org, now_ms, &n, &ret->late, &fault) != RS_OK) {
        say(ret, "down", fault.message);
        return;
    }
    n_late = json_object_array_length(ret->late);
    first = n_late > 0 ? json_object_array_get_idx(ret->late, 0) : NULL;
    ret->status = n_late > 0 ? "degraded" : "healthy";
    if (first != NULL)
        snprintf(ret->detail, sizeof(ret->detail), "%d schedules, %zu late or unable to start, the first: %s", n, n_late,
                 json_get_string(first, "workflowId", ""));
    else
        snprintf(ret->detail, sizeof(ret->detail), "%d schedules", n);
}

static void probe_disk(struct store *store, const char *org, int64_t now_ms, struct probe *ret)
{
    struct statvfs disk;
    long long left;

    (void)org;
    (void)now_ms;
    if (statvfs(store->dd->root, &disk) != 0) {
        say(ret, "down", strerror(errno));
        return;
    }
    left = (long long)disk.f_bavail * (long long)disk.f_frsize;
    say(ret, left < SYSTEM_STATUS_DISK_LOW ? "degraded" : "healthy", "");
    snprintf(ret->detail, sizeof(ret->detail), "%lld MiB left", left / (1024 * 1024));
}

/* essential: without it nothing works. */
static const struct {
    const char *name;
    void (*ask)(struct store *store, const char *org, int64_t now_ms, struct probe *ret);
    bool essential;
} parts[] = {
    {"database", probe_database, true},   {"event_log", probe_event_log, true}, {"bridge", probe_bridge, false},
    {"runner", probe_runner, false}, {"scheduler", probe_scheduler, false}, {"disk", probe_disk, false},
};

enum rs_err system_status(struct store *store, const char *org, int64_t now_ms, struct json_object **ret, struct fault *fault)
{
    struct json_object *answer = json_object_new_object(), *components = json_object_new_object(), *one;
    const char *status = "healthy";
    int64_t begun;
    size_t i;

    if (answer == NULL || components == NULL) {
        json_object_put(answer);
        json_object_put(components);
        return fault_set(fault, RS_NOMEM, "no memory for the status");
    }
    for (i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
        struct probe probe = {.status = "down"};
        begun = clock_mono_ms();
        parts[i].ask(store, org, now_ms, &probe);
        one = json_object_new_object();
        json_set_string(one, "status", probe.status);
        if (probe.timed)
            json_set_int(one, "latency_ms", clock_mono_ms() - begun);
        json_set_string(one, "detail", probe.detail);
        if (probe.late != NULL)
            json_set(one, "late", probe.late);
        json_set(components, parts[i].name, one);
        if (strcmp(probe.status, "down") == 0 && parts[i].essential)
            status = "down";
        else if ((strcmp(probe.status, "down") == 0 || strcmp(probe.status, "degraded") == 0) && strcmp(status, "down") != 0)
            status = "degraded";
    }
    json_set_string(answer, "status", status);
    json_set(answer, "components", components);
    json_set_time(answer, "checked_at", now_ms);
    *ret = answer;
    return RS_OK;
}
