/* runspool tick: for cron, where no runner lives. The work is the runner's; this starts it once and tells what it did. */
#include "cli/cli.h"
#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define TICK_WAIT_S 50 /* cron's minute, and room for what is still running then to be seen by the next */
#define TICK_WAIT_MAX_S 86400
#define TICK_SUMMARY_MAX 4096

extern char **environ;

const struct arg_option tick_options[] = {
    {"wait", 'w', "SECONDS", NULL, false, "wait so long for the runs to end (default 50; 0: start them only)"},
    {0},
};

static int tick_spawn(struct cli *cli, const char *path, long wait_s, int out, pid_t *ret_pid)
{
    const char *argv[2 * ARGS_GIVEN_MAX + 8], *sets[ARGS_GIVEN_MAX + 1];
    char wait_ms[32];
    posix_spawn_file_actions_t actions;
    int n = 0, n_sets = args_values(&cli->args, "set", sets);

    snprintf(wait_ms, sizeof(wait_ms), "%ld", wait_s * 1000);
    argv[n++] = "runspool-runner";
    argv[n++] = "--tick";
    argv[n++] = "--wait";
    argv[n++] = wait_ms;
    argv[n++] = "--data";
    argv[n++] = cli->dd.root;
    for (int i = 0; i < n_sets; i++) {
        argv[n++] = "--set";
        argv[n++] = sets[i];
    }
    argv[n] = NULL;
    posix_spawn_file_actions_init(&actions);
    int rc = posix_spawn_file_actions_adddup2(&actions, out, STDOUT_FILENO);
    rc = rc ? rc : posix_spawn(ret_pid, path, &actions, NULL, (char *const *)argv, environ);
    posix_spawn_file_actions_destroy(&actions);
    return rc;
}

/* Run it to its end; *ret: what it says it did, owned. */
static enum rs_err tick_do(struct cli *cli, long wait_s, struct json_object **ret, struct fault *fault)
{
    char path[PATH_MAX], chunk[1024];
    int pipes[2], status = 0;
    pid_t pid;
    ssize_t n;
    struct buf text;
    enum rs_err err = program_path("runspool-runner", path, fault);
    if (err != RS_OK)
        return err;
    if (pipe2(pipes, O_CLOEXEC) != 0)
        return fault_set(fault, RS_IO, "no pipe: %s", strerror(errno));
    int rc = tick_spawn(cli, path, wait_s, pipes[1], &pid);
    close(pipes[1]);
    if (rc != 0) {
        close(pipes[0]);
        return fault_set(fault, RS_IO, "cannot start %s: %s", path, strerror(rc));
    }
    buf_init(&text, TICK_SUMMARY_MAX);
    while ((n = read(pipes[0], chunk, sizeof(chunk))) > 0 || (n < 0 && errno == EINTR))
        if (n > 0)
            buf_append(&text, chunk, (size_t)n);
    close(pipes[0]);
    while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
        continue;
    if (status != 0 || text.len == 0)
        err = fault_set(fault, RS_IO, "it did not work; %s/log/run.log may say why", cli->dd.root);
    else
        err = json_parse(text.data, text.len, TICK_SUMMARY_MAX, ret, fault);
    buf_release(&text);
    return err;
}

static const char *plural(int64_t n)
{
    return n == 1 ? "" : "s";
}

static int tick_say(const struct cli *cli, struct json_object *done)
{
    int64_t started = json_get_int(done, "started", 0), orphans = json_get_int(done, "orphans", 0);
    int64_t relayed = json_get_int(done, "relayed", 0), active = json_get_int(done, "active", 0),
            drained = json_get_int(done, "drained", 0), scheduled = json_get_int(done, "scheduled", 0);
    struct buf out;
    buf_init(&out, 1024);
    if (json_get_bool(done, "runner", false))
        buf_puts(&out, "A runner is alive and executes what is queued.\n");
    if (scheduled > 0)
        buf_printf(&out, "%lld run%s due.\n", (long long)scheduled, plural(scheduled));
    if (started > 0)
        buf_printf(&out, "%lld run%s started.\n", (long long)started, plural(started));
    if (orphans > 0)
        buf_printf(&out, "%lld orphaned run%s dealt with.\n", (long long)orphans, plural(orphans));
    if (relayed > 0)
        buf_printf(&out, "%lld event%s relayed.\n", (long long)relayed, plural(relayed));
    if (drained > 0)
        buf_printf(&out, "%lld event%s taken from pending files.\n", (long long)drained, plural(drained));
    if (active > 0)
        buf_printf(&out, "%lld run%s queued or running.\n", (long long)active, plural(active));
    int status = cli_print(cli, &out);
    buf_release(&out);
    return status;
}

int command_tick(struct cli *cli)
{
    struct json_object *done = NULL;
    struct fault fault = {0};
    long wait_s;
    if (args_count(&cli->args, "wait", 0, TICK_WAIT_MAX_S, TICK_WAIT_S, &wait_s, &fault) != RS_OK)
        return cli_usage(cli, "%s", fault.message);
    if (cli_open(cli, false) != RS_OK)
        return EXIT_FAILED;
    if (tick_do(cli, wait_s, &done, &fault) != RS_OK)
        return cli_fail(cli, "%s", fault.message);
    int status = cli->json ? cli_print_json(cli, done) : tick_say(cli, done);
    json_object_put(done);
    return status;
}
