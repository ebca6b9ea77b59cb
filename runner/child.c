#include "runner/child.h"
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#define REAPER_WATCH_MAX 4096

/* Paths to try for argv[0], prepared before the fork: afterwards only async-signal-safe calls are allowed. */
struct lookup {
    char *paths[64];
    int n;
};

static void lookup_release(struct lookup *lookup)
{
    for (int i = 0; i < lookup->n; i++)
        free(lookup->paths[i]);
}

static enum rs_err lookup_fill(struct lookup *lookup, const struct child_spec *spec)
{
    const char *name = spec->argv[0], *path = "/usr/local/bin:/usr/bin:/bin";
    const int max = sizeof lookup->paths / sizeof *lookup->paths;

    lookup->n = 0;
    if (strchr(name, '/')) {
        lookup->paths[0] = strdup(name);
        return lookup->paths[0] ? (lookup->n = 1, RS_OK) : RS_NOMEM;
    }
    for (const char *const *e = spec->envp; *e; e++)
        if (strncmp(*e, "PATH=", 5) == 0)
            path = *e + 5;
    while (lookup->n < max) {
        size_t len = strcspn(path, ":");
        if (asprintf(&lookup->paths[lookup->n], "%.*s/%s", len ? (int)len : 1, len ? path : ".", name) < 0)
            return RS_NOMEM;
        lookup->n++;
        if (path[len] == '\0')
            break;
        path += len + 1;
    }
    return RS_OK;
}

_Noreturn static void fail(int status_fd, const char *what, int err)
{
    struct child_failure failure = {.err = err};
    size_t n = strlen(what);
    memcpy(failure.what, what, n < sizeof failure.what ? n : sizeof failure.what - 1);
    if (write(status_fd, &failure, sizeof failure) < 0) {
        /* Nobody is left to be told. */
    }
    _exit(127);
}

static void set_limit(int resource, rlim_t value)
{
    struct rlimit limit;
    if (getrlimit(resource, &limit) < 0)
        return;
    if (limit.rlim_max == RLIM_INFINITY || limit.rlim_max > value)
        limit.rlim_max = value;
    limit.rlim_cur = limit.rlim_max;
    setrlimit(resource, &limit);
}

/* Anybody may make itself a likelier victim. Where /proc is missing it stays as it was. */
static void set_oom_score(void)
{
    int fd = open("/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC);
    if (fd < 0)
        return;
    if (write(fd, CHILD_OOM_SCORE, sizeof CHILD_OOM_SCORE - 1) < 0) {
        /* As said. */
    }
    close(fd);
}

_Noreturn static void child_main(const struct child_spec *spec, const struct lookup *lookup, const int fds[3], int gate,
                                 int status)
{
    sigset_t none;
    char go;

    setpgid(0, 0);
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    for (int sig = 1; sig < NSIG; sig++)
        if (sig != SIGKILL && sig != SIGSTOP)
            signal(sig, SIG_DFL);
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    if (read(gate, &go, 1) != 1)
        _exit(127);
    for (int i = 0; i < 3; i++)
        if (dup2(fds[i], i) < 0)
            fail(status, "stdio", errno);
    close_range(3, ~0U, CLOSE_RANGE_CLOEXEC);
    if (spec->limits) {
        set_limit(RLIMIT_CORE, 0);
        set_limit(RLIMIT_NOFILE, CHILD_NOFILE_MAX);
        set_limit(RLIMIT_NPROC, CHILD_NPROC_MAX);
        set_limit(RLIMIT_FSIZE, (rlim_t)CHILD_FSIZE_MAX);
        set_oom_score();
        errno = 0;
        if (nice(CHILD_NICE) == -1 && errno) {
            /* It is as nice as can be. */
        }
    }
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
        fail(status, "sandbox", errno);
    if (spec->sandbox) {
        /* A run with secrets is not dumpable, and then its user namespace is not its own to set up; exec ends it anyway. */
        prctl(PR_SET_DUMPABLE, 1);
        int err = sandbox_enter(spec->sandbox);
        if (err)
            fail(status, "sandbox", err);
    }
    if (spec->cwd && chdir(spec->cwd) < 0)
        fail(status, "cwd", errno);
    int err = ENOENT;
    for (int i = 0; i < lookup->n; i++) {
        execve(lookup->paths[i], (char *const *)spec->argv, (char *const *)spec->envp);
        if (errno != ENOENT && errno != ENOTDIR)
            err = errno;
    }
    fail(status, "exec", err);
}

enum rs_err child_start(const struct child_spec *spec, struct child *ret, struct fault *fault)
{
    struct lookup lookup;
    int gate[2] = {-1, -1}, status[2] = {-1, -1}, null_fd = -1, fds[3];
    enum rs_err err = lookup_fill(&lookup, spec);

    if (err) {
        fault_set(fault, err, "out of memory");
        goto out;
    }
    if (pipe2(gate, O_CLOEXEC) < 0 || pipe2(status, O_CLOEXEC) < 0 ||
        (null_fd = open("/dev/null", O_RDWR | O_CLOEXEC)) < 0) {
        err = fault_set(fault, RS_IO, "cannot start a process: %s", strerror(errno));
        goto out;
    }
    for (int i = 0; i < 3; i++)
        fds[i] = spec->stdio[i] >= 0 ? spec->stdio[i] : null_fd;
    /* Until the child has put its handlers back, a signal to it would run ours, which write where this process reads:
     * it would be lost for the child, and taken for one to us. So it waits, and finds the default. */
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    pid_t pid = fork();
    if (pid != 0)
        pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (pid < 0) {
        err = fault_set(fault, RS_IO, "cannot start a process: %s", strerror(errno));
        goto out;
    }
    if (pid == 0) {
        close(gate[1]);
        child_main(spec, &lookup, fds, gate[0], status[1]);
    }
    /* Both sides set it: whoever comes first, the group exists from here on. */
    setpgid(pid, pid);
    fcntl(status[0], F_SETFL, O_NONBLOCK);
    *ret = (struct child){.pid = pid, .gate_fd = gate[1], .status_fd = status[0]};
    gate[1] = status[0] = -1;
out:
    lookup_release(&lookup);
    for (int i = 0; i < 2; i++) {
        if (gate[i] >= 0)
            close(gate[i]);
        if (status[i] >= 0)
            close(status[i]);
    }
    if (null_fd >= 0)
        close(null_fd);
    return err;
}

void child_open_gate(struct child *child)
{
    if (write(child->gate_fd, "g", 1) < 0) {
        /* It died at the gate; the reaper will say so. */
    }
    close(child->gate_fd);
    child->gate_fd = -1;
}

struct reaper {
    uv_signal_t signal;
    struct watch {
        pid_t pid;
        reaper_fn *fn;
        void *ctx;
    } * watches;
    int n, cap;
};

/* Somebody waiting keeps the loop going; the reaper alone does not. */
static void keep_loop(struct reaper *reaper)
{
    if (reaper->n > 0)
        uv_ref((uv_handle_t *)&reaper->signal);
    else
        uv_unref((uv_handle_t *)&reaper->signal);
}

static void on_sigchld(uv_signal_t *handle, int signum)
{
    struct reaper *reaper = handle->data;
    int status;
    pid_t pid;

    (void)signum;
    while ((pid = waitpid(-1, &status, WNOHANG)) > 0) {
        for (int i = 0; i < reaper->n; i++) {
            if (reaper->watches[i].pid != pid)
                continue;
            struct watch watch = reaper->watches[i];
            reaper->watches[i] = reaper->watches[--reaper->n];
            keep_loop(reaper);
            watch.fn(watch.ctx, status);
            break;
        }
    }
}

enum rs_err reaper_new(uv_loop_t *loop, struct reaper **ret, struct fault *fault)
{
    struct reaper *reaper = calloc(1, sizeof *reaper);
    if (!reaper)
        return fault_set(fault, RS_NOMEM, "out of memory");
    int rc = uv_signal_init(loop, &reaper->signal);
    reaper->signal.data = reaper;
    if (rc == 0)
        rc = uv_signal_start(&reaper->signal, on_sigchld, SIGCHLD);
    if (rc) {
        free(reaper);
        return fault_set(fault, RS_IO, "cannot watch processes: %s", uv_strerror(rc));
    }
    keep_loop(reaper);
    *ret = reaper;
    return RS_OK;
}

static void on_reaper_closed(uv_handle_t *handle)
{
    struct reaper *reaper = handle->data;
    free(reaper->watches);
    free(reaper);
}

void reaper_free(struct reaper *reaper)
{
    if (reaper)
        uv_close((uv_handle_t *)&reaper->signal, on_reaper_closed);
}

enum rs_err reaper_watch(struct reaper *reaper, pid_t pid, reaper_fn *fn, void *ctx)
{
    if (reaper->n == REAPER_WATCH_MAX)
        return RS_LIMIT;
    if (reaper->n == reaper->cap) {
        int cap = reaper->cap ? reaper->cap * 2 : 16;
        struct watch *grown = realloc(reaper->watches, (size_t)cap * sizeof *grown);
        if (!grown)
            return RS_NOMEM;
        reaper->watches = grown;
        reaper->cap = cap;
    }
    reaper->watches[reaper->n++] = (struct watch){pid, fn, ctx};
    keep_loop(reaper);
    return RS_OK;
}

bool reaper_watches(const struct reaper *reaper, pid_t pid)
{
    for (int i = 0; i < reaper->n; i++)
        if (reaper->watches[i].pid == pid)
            return true;
    return false;
}

void reaper_forget(struct reaper *reaper, pid_t pid)
{
    for (int i = 0; i < reaper->n; i++)
        if (reaper->watches[i].pid == pid) {
            reaper->watches[i] = reaper->watches[--reaper->n];
            keep_loop(reaper);
            return;
        }
}
