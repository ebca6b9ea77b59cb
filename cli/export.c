/* runspool export RUN */
#include "export/export.h"

#include "cli/cli.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

const struct arg_option export_options[] = {
    {"output", 'o', "FILE", NULL, false, "write it there; default: standard output"},
    {0},
};

int command_export(struct cli *cli)
{
    const char *where = args_value(&cli->args, "output");
    struct eventlog *log = NULL;
    struct fault fault = {0};
    int to = STDOUT_FILENO, code = EXIT_DONE;

    if (cli_open_store(cli, false) != RS_OK)
        return EXIT_FAILED;
    if (where && strcmp(where, "-") != 0 && (to = open(where, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666)) < 0)
        return cli_fail(cli, "%s: %s", where, strerror(errno));
    if (eventlog_open(&cli->dd, EVENTLOG_READ, NULL, NULL, &log, &fault) != RS_OK ||
        export_run(&cli->dd, &cli->store, log, cli_org(cli), cli->args.operands[0], to, &fault) != RS_OK)
        code = cli_fail(cli, "%s", fault.message);
    eventlog_close(log);
    if (to != STDOUT_FILENO && close(to) < 0 && code == EXIT_DONE)
        code = cli_fail(cli, "%s: %s", where, strerror(errno));
    return code;
}
