/* runspool retry|resume|rerun RUN: the three ways to run an ended run again */
#include "cli/cli.h"
#include "cli/definition.h"
#include "cli/follow.h"
#include "cli/runinput.h"
#include "model/launch.h"
#include "model/run.h"
#include <stdio.h>
#include <string.h>

#define OUTBOX_WAIT_MS 5000
#define VERSION_MAX 1000000000L

const struct arg_option rerun_options[] = {
    {"version", 0, "N|same|current", NULL, false, "the workflow of this version, as it was, or as it is now (default: same)"},
    {"input", 'i', "JSON", NULL, false, "another input, a JSON object; @FILE reads a file, - standard input"},
    {"follow", 'f', NULL, NULL, false, "show it until it ends"},
    {0},
};

/* The run waits in the queue: tell everybody, see that something executes it, and say its id. */
static int queued(struct cli *cli, const char *run_id)
{
    struct fault fault = {0};
    if (outbox_wait(&cli->store, OUTBOX_WAIT_MS, &fault) != RS_OK) /* relayed later: no loss, so no error */
        cli_note(cli, "its event is on its way: %s", fault.message);
    if (launch_queued(&cli->dd, &fault) != RS_OK)
        cli_note(cli, "the run waits in the queue: %s", fault.message);
    bool follow = args_has(&cli->args, "follow");
    if (!cli->json) {
        printf("%s queued\n", run_id);
        fflush(stdout);
    } else if (!follow) {
        struct json_object *answer = json_object_new_object();
        json_set_string(answer, "runId", run_id);
        json_set_string(answer, "status", "queued");
        int code = cli_print_json(cli, answer);
        json_object_put(answer);
        return code;
    }
    return follow ? follow_run(cli, run_id) : EXIT_DONE;
}

int command_retry(struct cli *cli)
{
    struct fault fault = {0};
    if (cli_open_store(cli, false) != RS_OK)
        return EXIT_FAILED;
    if (run_retry(&cli->store, cli_org(cli), cli->args.operands[0], &fault) != RS_OK)
        return cli_fail(cli, "%s", fault.message);
    return queued(cli, cli->args.operands[0]);
}

int command_resume(struct cli *cli)
{
    struct fault fault = {0};
    if (cli_open_store(cli, false) != RS_OK)
        return EXIT_FAILED;
    if (run_resume(&cli->store, cli_org(cli), cli->args.operands[0], &fault) != RS_OK)
        return cli_fail(cli, "%s", fault.message);
    return queued(cli, cli->args.operands[0]);
}

static enum rs_err which_version(const struct cli *cli, int *ret)
{
    const char *given = args_value(&cli->args, "version");
    struct fault fault = {0};
    long n = RUN_VERSION_SAME;
    *ret = RUN_VERSION_SAME;
    if (!given || strcmp(given, "same") == 0)
        return RS_OK;
    if (strcmp(given, "current") == 0) {
        *ret = RUN_VERSION_CURRENT;
        return RS_OK;
    }
    enum rs_err err = args_count(&cli->args, "version", 1, VERSION_MAX, RUN_VERSION_SAME, &n, &fault);
    if (err != RS_OK)
        cli_fail(cli, "--version wants `same`, `current` or the number of a version, not \"%s\"", given);
    *ret = (int)n;
    return err;
}

int command_rerun(struct cli *cli)
{
    const char *old = cli->args.operands[0];
    struct json_object *given = NULL, *errors = json_object_new_array();
    char run_id[ID_MAX + 1];
    struct fault fault = {0};
    int code = EXIT_FAILED, version;
    enum rs_err err = which_version(cli, &version);
    if (err != RS_OK || cli_open_store(cli, false) != RS_OK || run_input(cli, NULL, &given) != RS_OK)
        goto out;
    err = run_rerun(&cli->store, cli_org(cli), old, version, given, errors, run_id, &fault);
    if (json_object_array_length(errors))
        definition_errors(cli, old, errors);
    else if (err != RS_OK)
        cli_fail(cli, "%s", fault.message);
    else
        code = queued(cli, run_id);
out:
    json_object_put(given);
    json_object_put(errors);
    return code;
}
