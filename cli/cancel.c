/* runspool cancel RUN */
#include "cli/cli.h"
#include "model/run.h"
#include <stdio.h>

#define OUTBOX_WAIT_MS 5000

int command_cancel(struct cli *cli)
{
    const char *run_id = cli->args.operands[0];
    struct fault fault = {0};
    enum run_status status;
    if (cli_open_store(cli, false) != RS_OK)
        return EXIT_FAILED;
    if (run_cancel(&cli->store, cli_org(cli), run_id, &status, &fault) != RS_OK)
        return cli_fail(cli, "%s", fault.message);
    /* A row left in the outbox is relayed later: no loss, so no error. */
    if (outbox_wait(&cli->store, OUTBOX_WAIT_MS, &fault) != RS_OK)
        cli_note(cli, "its event is on its way: %s", fault.message);
    if (cli->json) {
        struct json_object *answer = json_object_new_object();
        json_set_string(answer, "runId", run_id);
        json_set_string(answer, "status", run_status_name(status));
        int code = cli_print_json(cli, answer);
        json_object_put(answer);
        return code;
    }
    printf("%s %s\n", run_id, status == RUN_CANCELLED ? "is cancelled" : "is asked to end");
    return EXIT_DONE;
}
