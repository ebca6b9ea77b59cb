#include "runner/spawn.h"
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <unistd.h>

extern char **environ;

int spawn_run(const struct datadir *dd, const char *const *overrides, const struct run_claim *claim, pid_t *ret_pid)
{
    const char *argv[OVERRIDES_MAX * 2 + 10];
    char fence[32];
    int n = 0;
    posix_spawnattr_t attr;
    posix_spawn_file_actions_t actions;
    sigset_t none, defaults;

    snprintf(fence, sizeof fence, "%lld", (long long)claim->fence);
    argv[n++] = "runspool-runner";
    argv[n++] = "--run";
    argv[n++] = claim->id;
    argv[n++] = "--fence";
    argv[n++] = fence;
    argv[n++] = "--data";
    argv[n++] = dd->root;
    for (int i = 0; overrides && overrides[i] && i < OVERRIDES_MAX; i++) {
        argv[n++] = "--set";
        argv[n++] = overrides[i];
    }
    argv[n] = NULL;
    sigemptyset(&none);
    sigfillset(&defaults);
    sigdelset(&defaults, SIGUSR1); /* we ignore it, and so does the new process until it has its handler */
    sigdelset(&defaults, SIGPIPE);
    sigdelset(&defaults, SIGXFSZ);
    posix_spawnattr_init(&attr);
    posix_spawnattr_setflags(&attr, POSIX_SPAWN_SETSID | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
    posix_spawnattr_setsigmask(&attr, &none);
    posix_spawnattr_setsigdefault(&attr, &defaults);
    posix_spawn_file_actions_init(&actions);
    int rc = posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0);
    /* The same program that runs here, also when its file was replaced meanwhile. */
    rc = rc ? rc : posix_spawn(ret_pid, "/proc/self/exe", &actions, &attr, (char *const *)argv, environ);
    posix_spawnattr_destroy(&attr);
    posix_spawn_file_actions_destroy(&actions);
    return rc;
}

enum rs_err spawn_child_run(const struct datadir *dd, const char *const *overrides, const char *run_id, int64_t fence,
                            struct child *ret, struct fault *fault)
{
    const char *argv[OVERRIDES_MAX * 2 + 10];
    char number[32];
    int n = 0;

    snprintf(number, sizeof number, "%lld", (long long)fence);
    argv[n++] = "/proc/self/exe";
    argv[n++] = "--run";
    argv[n++] = run_id;
    argv[n++] = "--fence";
    argv[n++] = number;
    argv[n++] = "--child";
    argv[n++] = "--data";
    argv[n++] = dd->root;
    for (int i = 0; overrides && overrides[i] && i < OVERRIDES_MAX; i++) {
        argv[n++] = "--set";
        argv[n++] = overrides[i];
    }
    argv[n] = NULL;
    struct child_spec spec = {
        .argv = argv, .envp = (const char *const *)environ, .stdio = {-1, STDOUT_FILENO, STDERR_FILENO}};
    return child_start(&spec, ret, fault);
}
