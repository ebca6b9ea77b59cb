/* runspool approve|reject RUN NODE */
#include "cli/cli.h"
#include "model/approval.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define OUTBOX_WAIT_MS 5000

const struct arg_option approve_options[] = {
    {"by", 0, "NAME", NULL, false, "who decides (default: the user's name)"},
    {"comment", 'c', "TEXT", NULL, false, "what is said to it"},
    {"data", 0, "JSON", NULL, false, "handed to the run as the node's output.data"},
    {0},
};

int command_approve(struct cli *cli)
{
    const char *run_id = cli->args.operands[0], *node_id = cli->args.operands[1], *user = getenv("USER"),
               *data = args_value(&cli->args, "data");
    struct approval_answer answer = {.approved = strcmp(cli->command->name, "approve") == 0,
                                     .by = args_value(&cli->args, "by"),
                                     .comment = args_value(&cli->args, "comment")};
    struct json_object *decision = NULL;
    struct fault fault = {0};
    int status = EXIT_DONE;

    if (!answer.by && user && *user)
        answer.by = user;
    if (data && json_parse(data, strlen(data), APPROVAL_DATA_MAX, &answer.data, &fault) != RS_OK)
        return cli_usage(cli, "--data: %s", fault.message);
    if (cli_open_store(cli, false) != RS_OK) {
        status = EXIT_FAILED;
    } else if (approval_decide(&cli->store, cli_org(cli), run_id, node_id, &answer, &decision, &fault) != RS_OK) {
        status = cli_fail(cli, "%s", fault.message);
    } else {
        /* A row left in the outbox is relayed later: no loss, so no error. */
        if (outbox_wait(&cli->store, OUTBOX_WAIT_MS, &fault) != RS_OK)
            cli_note(cli, "its event is on its way: %s", fault.message);
        json_set_string(decision, "runId", run_id);
        json_set_string(decision, "nodeId", node_id);
        if (cli->json)
            status = cli_print_json(cli, decision);
        else
            printf("%s %s is %s\n", run_id, node_id, answer.approved ? "approved" : "rejected");
    }
    json_object_put(decision);
    json_object_put(answer.data);
    return status;
}
