/* runspool down; start, stop and restart of one part. */
#include "cli/cli.h"
#include "cli/control.h"
#include "cli/uplock.h"
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/pidfd.h>
#include <unistd.h>

#define DOWN_WAIT_MS 45000 /* longer than all parts may take together */
#define CONTROL_WAIT_MS 45000

int command_down(struct cli *cli)
{
    int status = EXIT_FAILED;
    if (cli_open(cli, false) != RS_OK)
        return EXIT_FAILED;
    pid_t pid = uplock_holder(&cli->dd);
    int fd = pid ? pidfd_open(pid, 0) : -1;
    /* The lock is looked at again behind the pidfd: what we signal is the process that held it, whatever its number. */
    if (!pid || fd < 0 || uplock_holder(&cli->dd) != pid) {
        if (fd >= 0)
            close(fd);
        cli_note(cli, "nothing is up in %s", cli->dd.root);
        return EXIT_DONE;
    }
    struct pollfd ended = {.fd = fd, .events = POLLIN};
    if (pidfd_send_signal(fd, SIGTERM, NULL, 0) != 0)
        cli_fail(cli, "cannot signal process %d: %s", (int)pid, strerror(errno));
    else if (poll(&ended, 1, DOWN_WAIT_MS) != 1)
        cli_fail(cli, "process %d has not ended within %d s", (int)pid, DOWN_WAIT_MS / 1000);
    else
        status = EXIT_DONE;
    close(fd);
    return status;
}

int command_control(struct cli *cli)
{
    struct json_object *answer = NULL;
    struct fault fault = {0};
    char line[CONTROL_LINE_MAX];
    const char *part = cli->args.operands[0];
    int status = EXIT_DONE;

    if (strcmp(part, "bridge") != 0 && strcmp(part, "runner") != 0 && strcmp(part, "web") != 0)
        return cli_usage(cli, "wants bridge, runner or web, not \"%s\"", part);
    if (cli_open(cli, false) != RS_OK)
        return EXIT_FAILED;
    snprintf(line, sizeof(line), "%s %s", cli->command->name, part);
    enum rs_err err = control_call(&cli->dd, line, CONTROL_WAIT_MS, &answer, &fault);
    if (err != RS_OK) {
        cli_fail(cli, "%s", fault.message);
        return err == RS_NOT_FOUND ? EXIT_DOWN : EXIT_FAILED;
    }
    if (cli->json)
        status = cli_print_json(cli, answer);
    else if (json_get(answer, "pid"))
        printf("%s is %s, pid %d\n", part, json_get_string(answer, "state", "?"), (int)json_get_int(answer, "pid", 0));
    else
        printf("%s is %s\n", part, json_get_string(answer, "state", "?"));
    json_object_put(answer);
    return status;
}
