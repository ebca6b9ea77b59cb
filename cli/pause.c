/* runspool pause|unpause [RUN...] */
#include "cli/cli.h"
#include "model/launch.h"
#include "model/queue.h"
#include "model/run.h"
#include "model/workflow.h"
#include <stdio.h>
#include <string.h>

#define OUTBOX_WAIT_MS 5000

const struct arg_option pause_options[] = {
    {"workflow", 'w', "ID", NULL, false, "all runs of this workflow that have not begun, and later ones"},
    {"all", 'a', NULL, NULL, false, "all runs that have not begun, and later ones"},
    {0},
};

/* What became of one thing, as a line or as an item of the answer. */
static void say(struct cli *cli, struct json_object *answer, const char *member, const char *name, const char *status)
{
    struct json_object *item = json_object_new_object();
    json_set_string(item, member, name);
    json_set_string(item, "status", status);
    json_object_array_add(answer, item);
    if (!cli->json)
        printf("%s %s\n", name, status);
}

static enum rs_err pause_run(struct cli *cli, const char *run_id, bool pause, struct json_object *answer, struct fault *fault)
{
    enum run_status status = RUN_QUEUED;
    enum rs_err err = pause ? run_pause(&cli->store, cli_org(cli), run_id, &status, fault)
                            : run_unpause(&cli->store, cli_org(cli), run_id, &status, fault);
    if (err == RS_OK)
        say(cli, answer, "runId", run_id,
            pause && status == RUN_RUNNING ? "pauses when its running nodes have ended" : run_status_name(status));
    return err;
}

static enum rs_err pause_all(struct cli *cli, bool pause, struct json_object *answer, struct fault *fault)
{
    const char *workflow = args_value(&cli->args, "workflow"), *status = pause ? "paused" : "active";
    enum rs_err err = RS_OK;
    if (workflow && (err = workflow_pause(&cli->store, cli_org(cli), workflow, pause, fault)) == RS_OK)
        say(cli, answer, "workflowId", workflow, status);
    if (err == RS_OK && args_has(&cli->args, "all") &&
        (err = queue_pause(&cli->store, cli_org(cli), pause, fault)) == RS_OK)
        say(cli, answer, "queue", "queue", status);
    return err;
}

static int pause_or_not(struct cli *cli, bool pause)
{
    struct fault fault = {0};
    if (cli->args.n_operands == 0 && !args_value(&cli->args, "workflow") && !args_has(&cli->args, "all"))
        return cli_usage(cli, "wants RUN..., --workflow ID or --all");
    if (cli_open_store(cli, false) != RS_OK)
        return EXIT_FAILED;
    struct json_object *answer = json_object_new_array();
    int code = EXIT_DONE;
    if (pause_all(cli, pause, answer, &fault) != RS_OK)
        code = cli_fail(cli, "%s", fault.message);
    for (int i = 0; i < cli->args.n_operands; i++)
        if (pause_run(cli, cli->args.operands[i], pause, answer, &fault) != RS_OK)
            code = cli_fail(cli, "%s", fault.message);
    /* A row left in the outbox is relayed later: no loss, so no error. */
    if (outbox_wait(&cli->store, OUTBOX_WAIT_MS, &fault) != RS_OK)
        cli_note(cli, "its event is on its way: %s", fault.message);
    if (!pause && launch_queued(&cli->dd, &fault) != RS_OK)
        cli_note(cli, "what was paused waits in the queue: %s", fault.message);
    if (cli->json && cli_print_json(cli, answer) != EXIT_DONE)
        code = EXIT_FAILED;
    json_object_put(answer);
    return code;
}

int command_pause(struct cli *cli)
{
    return pause_or_not(cli, true);
}

int command_unpause(struct cli *cli)
{
    return pause_or_not(cli, false);
}
