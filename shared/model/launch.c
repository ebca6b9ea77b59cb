#include "model/launch.h"
#include "model/runner_sockets.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define ENVIRON_MAX 256

extern char **environ;

/* Returns false, no further one is asked, when somebody listens. */
static bool is_deaf(void *ctx, const struct sockaddr_un *address)
{
    bool *lives = ctx;
    int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

    if (fd < 0)
        return false;
    *lives = connect(fd, (const struct sockaddr *)address, sizeof(*address)) == 0;
    close(fd);
    return !*lives;
}

bool launch_runner_lives(const struct datadir *dd)
{
    bool lives = false;

    runner_sockets(dd, is_deaf, &lives);
    return lives;
}

int launch_log(const struct datadir *dd)
{
    char path[PATH_MAX], old[PATH_MAX];
    struct stat st;
    int fd;

    datadir_path(dd, path, "log/run.log");
    if (stat(path, &st) == 0 && st.st_size > LAUNCH_LOG_MAX) {
        /* Two that do it at once: the second finds a short one, or renames a short one. No line is lost. */
        if (rename(path, datadir_path(dd, old, "log/run.log.1")) != 0) {
            /* It goes on growing where it is. */
        }
    }
    fd = open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0660);
    return fd >= 0 ? fd : open("/dev/null", O_WRONLY | O_CLOEXEC);
}

/* A web server's environment holds the request, with its secrets, and HTTP_PROXY as a visitor likes to have it. */
static bool is_kept(const char *variable)
{
    static const char *const names[] = {"PATH=",  "HOME=", "USER=",        "LOGNAME=",     "SHELL=",    "LANG=",
                                        "TZ=",    "TMPDIR=", "http_proxy=", "https_proxy=", "no_proxy=", "all_proxy=",
                                        "LC_",    "RUNSPOOL_", "SSL_CERT_",  "ASAN_",        "LSAN_",     "TSAN_",
                                        "UBSAN_", "LD_LIBRARY_PATH="};
    size_t i;

    for (i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        if (strncmp(variable, names[i], strlen(names[i])) == 0)
            return true;
    return false;
}

static void choose_environ(char *out[ENVIRON_MAX + 1])
{
    int i, n = 0;

    for (i = 0; environ != NULL && environ[i] != NULL && n < ENVIRON_MAX; i++)
        if (is_kept(environ[i]))
            out[n++] = environ[i];
    out[n] = NULL;
}

/* The process that we start starts another and ends: so nobody's child is left when that one ends. */
static int start(const char *path, const char *root, int log_fd, pid_t *ret_pid)
{
    const char *argv[] = {"runspool-runner", "--tick", "--detach", "--data", root, NULL};
    char *env[ENVIRON_MAX + 1];
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attr;
    sigset_t none, all;
    int rc;

    choose_environ(env);
    sigemptyset(&none);
    sigfillset(&all);
    posix_spawnattr_init(&attr);
    posix_spawnattr_setflags(&attr, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
    posix_spawnattr_setsigmask(&attr, &none);
    posix_spawnattr_setsigdefault(&attr, &all);
    posix_spawn_file_actions_init(&actions);
    rc = posix_spawn_file_actions_adddup2(&actions, log_fd, 1);
    rc = rc != 0 ? rc : posix_spawn_file_actions_adddup2(&actions, log_fd, 2);
    rc = rc != 0 ? rc : posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0);
    rc = rc != 0 ? rc : posix_spawn_file_actions_addclosefrom_np(&actions, 3);
    rc = rc != 0 ? rc : posix_spawn(ret_pid, path, &actions, &attr, (char *const *)argv, env);
    posix_spawn_file_actions_destroy(&actions);
    posix_spawnattr_destroy(&attr);
    return rc;
}

enum rs_err launch_queued(const struct datadir *dd, struct fault *fault)
{
    char path[PATH_MAX];
    struct fault why = {0};
    int log_fd, rc, status = 0;
    pid_t pid = 0;

    if (launch_runner_lives(dd))
        return RS_OK;
    if (!config_is(dd->config, "runner.spawn", "auto"))
        return fault_set(fault, RS_DENIED, "no runner is alive, and runner.spawn = never");
    if (program_path("runspool-runner", path, &why) != RS_OK)
        return fault_set(fault, RS_NOT_FOUND, "no runner is alive, and %s", why.message);
    if ((log_fd = launch_log(dd)) < 0)
        return fault_set(fault, RS_IO, "no runner is alive, and none can be started: %s", strerror(errno));
    rc = start(path, dd->root, log_fd, &pid);
    close(log_fd);
    if (rc != 0)
        return fault_set(fault, RS_IO, "no runner is alive, and none can be started: %s", strerror(rc));
    while (waitpid(pid, &status, 0) < 0 && errno == EINTR) {
    }
    /* Where SIGCHLD is ignored there is no status to be had, and 0 is left. */
    if (status != 0)
        return fault_set(fault, RS_IO, "no runner is alive, and none can be started: see log/run.log");
    return RS_OK;
}
