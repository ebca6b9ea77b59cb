#include "cli/part.h"
#include "base/clock.h"
#include "base/log.h"
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define PROBE_EVERY_MS 20
#define LOG_KEEP_BYTES (8 * 1024 * 1024) /* a larger log is set aside as NAME.1 before a start */

void part_init(struct part *part, const char *name, int64_t stop_ms)
{
    memset(part, 0, sizeof(*part));
    part->name = name;
    part->stop_ms = stop_ms;
    part->listen_fd = -1;
    part->down_signal = SIGTERM;
    part->since_ms = clock_wall_ms();
}

const char *part_state_name(enum part_state state)
{
    static const char *const names[] = {
        [PART_OFF] = "stopped",     [PART_STARTING] = "starting", [PART_UP] = "up",
        [PART_BACKOFF] = "waiting", [PART_ENDING] = "stopping",
    };
    return names[state];
}

static void part_set(struct part *part, enum part_state state)
{
    part->state = state;
    if (state == PART_UP || state == PART_OFF)
        part->since_ms = clock_wall_ms();
}

static int part_open_log(struct part *part)
{
    char old[PATH_MAX + 2];
    struct stat st;
    if (!part->log[0])
        return -1;
    if (stat(part->log, &st) == 0 && st.st_size > LOG_KEEP_BYTES) {
        snprintf(old, sizeof(old), "%s.1", part->log);
        rename(part->log, old);
    }
    int fd = open(part->log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0660);
    part->log_start = fd >= 0 && fstat(fd, &st) == 0 ? st.st_size : 0;
    return fd;
}

/* In the child, until exec. */
static void part_exec(const struct part *part, int log_fd, pid_t parent)
{
    char pid[16];
    sigset_t none;
    int null = open("/dev/null", O_RDONLY);

    /* A session of its own: Ctrl-C at the terminal reaches `up` only, which then ends its parts in order. */
    setsid();
    prctl(PR_SET_PDEATHSIG, SIGTERM);
    if (getppid() != parent)
        _exit(1);
    for (int sig = 1; sig < NSIG; sig++)
        signal(sig, SIG_DFL);
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    if (null >= 0)
        dup2(null, STDIN_FILENO);
    dup2(log_fd >= 0 ? log_fd : STDERR_FILENO, STDOUT_FILENO);
    if (log_fd >= 0)
        dup2(log_fd, STDERR_FILENO);
    if (part->listen_stdin) {
        dup2(part->listen_fd, STDIN_FILENO);
    } else if (part->listen_fd >= 0) {
        if (part->listen_fd == 3)
            fcntl(3, F_SETFD, 0);
        else
            dup2(part->listen_fd, 3);
        snprintf(pid, sizeof(pid), "%d", (int)getpid());
        setenv("LISTEN_PID", pid, 1);
        setenv("LISTEN_FDS", "1", 1);
    }
    execv(part->argv[0], (char *const *)(uintptr_t)part->argv);
    dprintf(STDERR_FILENO, "cannot run %s: %s\n", part->argv[0], strerror(errno));
    _exit(127);
}

static void part_died(struct part *part, const char *how)
{
    int64_t now = clock_mono_ms();
    pid_t pid = part->pid;
    snprintf(part->last_end, sizeof(part->last_end), "%s", how);
    part->pid = 0;
    if (part->state == PART_ENDING) {
        part_set(part, PART_OFF);
        log_event(LOG_LEVEL_INFO, "part.stopped", "part=%s pid=%d end=\"%s\"", part->name, (int)pid, how);
        if (part->again) {
            part->again = false;
            part->restarts++;
            part_start(part);
        }
        return;
    }
    if (part->state == PART_UP && now - part->up_ms >= PART_STEADY_MS)
        part->backoff_ms = 0;
    part->backoff_ms = part->backoff_ms ? part->backoff_ms * 2 : PART_BACKOFF_MIN_MS;
    if (part->backoff_ms > PART_BACKOFF_MAX_MS)
        part->backoff_ms = PART_BACKOFF_MAX_MS;
    part->state = PART_BACKOFF;
    part->deadline_ms = now + part->backoff_ms;
    log_event(LOG_LEVEL_WARN, "part.died", "part=%s pid=%d end=\"%s\" restart_in_ms=%lld", part->name, (int)pid, how,
              (long long)part->backoff_ms);
}

void part_start(struct part *part)
{
    if (part->state != PART_OFF && part->state != PART_BACKOFF)
        return;
    pid_t parent = getpid();
    int log_fd = part_open_log(part);
    pid_t pid = fork();
    if (pid == 0)
        part_exec(part, log_fd, parent);
    if (log_fd >= 0)
        close(log_fd);
    part->state = PART_STARTING;
    part->killed = false;
    part->deadline_ms = clock_mono_ms() + PART_START_MS;
    if (pid < 0) {
        part_died(part, strerror(errno));
        return;
    }
    part->pid = pid;
    log_event(LOG_LEVEL_INFO, "part.started", "part=%s pid=%d", part->name, (int)pid);
}

static void part_signal(const struct part *part, int sig)
{
    if (part->pid > 0)
        kill(part->whole_group ? -part->pid : part->pid, sig);
}

static void part_end(struct part *part, bool again, int sig)
{
    part->again = again;
    if (part->state == PART_ENDING)
        return;
    if (part->pid == 0) {
        bool was_off = part->state == PART_OFF;
        part_set(part, PART_OFF);
        part->backoff_ms = 0;
        part->again = false;
        if (again) {
            part->restarts += !was_off;
            part_start(part);
        }
        return;
    }
    part->state = PART_ENDING;
    part->backoff_ms = 0;
    part->killed = false;
    part->deadline_ms = clock_mono_ms() + part->stop_ms;
    kill(part->pid, sig); /* it ends its children itself; what it leaves of its group is killed when it is reaped */
}

void part_stop(struct part *part, bool again)
{
    part_end(part, again, SIGTERM);
}

void part_down(struct part *part)
{
    part_end(part, false, part->down_signal);
}

void part_ended(struct part *part, int status)
{
    char how[64];
    if (WIFSIGNALED(status))
        snprintf(how, sizeof(how), "signal %d (%s)", WTERMSIG(status), strsignal(WTERMSIG(status)));
    else
        snprintf(how, sizeof(how), "exit status %d", WEXITSTATUS(status));
    if (part->whole_group)
        part_signal(part, SIGKILL);
    part_died(part, how);
}

int64_t part_tick(struct part *part)
{
    int64_t now = clock_mono_ms();
    switch (part->state) {
    case PART_OFF:
    case PART_UP:
        return INT64_MAX;
    case PART_STARTING:
        if (part->answers(part, part->ctx)) {
            part_set(part, PART_UP);
            part->was_up = true;
            part->up_ms = now;
            return INT64_MAX;
        }
        if (now >= part->deadline_ms && !part->killed) {
            log_event(LOG_LEVEL_WARN, "part.mute", "part=%s pid=%d waited_ms=%d", part->name, (int)part->pid,
                      PART_START_MS);
            part_signal(part, SIGKILL);
            part->killed = true;
        }
        return now + PROBE_EVERY_MS;
    case PART_BACKOFF:
        if (now < part->deadline_ms)
            return part->deadline_ms;
        part->restarts++;
        part_start(part);
        return now + PROBE_EVERY_MS;
    case PART_ENDING:
        if (now >= part->deadline_ms && !part->killed) {
            log_event(LOG_LEVEL_WARN, "part.killed", "part=%s pid=%d waited_ms=%lld", part->name, (int)part->pid,
                      (long long)part->stop_ms);
            part_signal(part, SIGKILL);
            part->killed = true;
        }
        return part->killed ? INT64_MAX : part->deadline_ms;
    }
    return INT64_MAX;
}

struct json_object *part_json(const struct part *part)
{
    struct json_object *object = json_object_new_object();
    if (part->pid)
        json_set_int(object, "pid", part->pid);
    else
        json_set(object, "pid", NULL);
    json_set_string(object, "state", part_state_name(part->state));
    json_set_time(object, "since", part->since_ms);
    json_set_int(object, "restarts", part->restarts);
    if (part->last_end[0])
        json_set_string(object, "lastEnd", part->last_end);
    return object;
}
