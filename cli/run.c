/* runspool run WORKFLOW */
#include "cli/cli.h"
#include "cli/definition.h"
#include "cli/follow.h"
#include "cli/runinput.h"
#include "model/launch.h"
#include "model/run.h"
#include "model/workflow.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define OUTBOX_WAIT_MS 5000

const struct arg_option run_options[] = {
    {"input", 'i', "JSON", NULL, false, "the input, a JSON object; @FILE reads a file, - standard input"},
    {"follow", 'f', NULL, NULL, false, "show it until it ends"},
    {"priority", 0, "N", NULL, false, "higher ones begin first (default: the workflow's, else 0)"},
    {"session", 0, "ID", NULL, false, "session its agents work in: its model, messages and the tools enabled there"},
    {"name", 0, "TEXT", NULL, false, "name of the run (default: the workflow's)"},
    {0},
};

static void not_found(const struct cli *cli, const char *workflow)
{
    const char *dot = strrchr(workflow, '.');
    if (dot && (strcmp(dot, ".yaml") == 0 || strcmp(dot, ".yml") == 0))
        cli_fail(cli, "%s is no definition of ours; save one made from it: runspool workflow import %s", workflow, workflow);
    else
        cli_fail(cli,
                 "there is no workflow \"%s\"; `runspool workflow list` shows the saved ones, and a file is named by "
                 "its path: ./%s.json",
                 workflow, workflow);
}

/* The definition: of a file when WORKFLOW is a path, else a saved one; its id and version. */
static enum rs_err run_definition(struct cli *cli, const char *workflow, struct json_object **ret, const char **ret_id,
                                  int *ret_version)
{
    struct fault fault = {0};
    size_t len = strlen(workflow);
    bool path =
        strchr(workflow, '/') || (len > 5 && strcmp(workflow + len - 5, ".json") == 0) || strcmp(workflow, "-") == 0;
    enum rs_err err;
    if (path) {
        if ((err = definition_read(cli, workflow, ret)) != RS_OK ||
            (err = definition_check(cli, workflow, *ret)) != RS_OK)
            return err;
        *ret_id = json_get_string(*ret, "id", "inline");
        return RS_OK;
    }
    err = workflow_get(&cli->store, cli_org(cli), workflow, ret, &fault);
    if (err == RS_NOT_FOUND)
        not_found(cli, workflow);
    else if (err != RS_OK)
        cli_fail(cli, "%s", fault.message);
    *ret_id = workflow;
    *ret_version = (int)json_get_int(*ret, "version", 0);
    return err;
}

/* record: of the run, as run_outline gives it. */
static void run_say(struct cli *cli, const char *run_id, const char *workflow_id, struct json_object *record, bool follow)
{
    char url[PATH_MAX];
    struct fault fault = {0};
    const char *status = json_get_string(record, "status", "queued");
    cli_url(cli, url);
    if (cli->json && !follow) {
        struct json_object *answer = json_object_new_object();
        char page[PATH_MAX + ID_MAX + 16];
        snprintf(page, sizeof(page), "%s/#/runs/%s", url, run_id);
        json_set_string(answer, "runId", run_id);
        json_set_string(answer, "workflowId", workflow_id);
        json_set_string(answer, "status", status);
        json_set_string(answer, "page", *url ? page : NULL);
        cli_print_json(cli, answer);
        json_object_put(answer);
    } else if (!cli->json && *url) {
        printf("%s%s%s  %s%s/#/runs/%s%s\n", term_on(&cli->out, TERM_BOLD), run_id, term_off(&cli->out),
               term_on(&cli->out, TERM_DIM), url, run_id, term_off(&cli->out));
    } else if (!cli->json) {
        printf("%s\n", run_id);
    }
    fflush(stdout);
    if (strcmp(status, "cancelled") == 0)
        cli_note(cli, "it was not started: %s", json_get_string(json_get(record, "error"), "message", status));
    else if (launch_queued(&cli->dd, &fault) != RS_OK)
        cli_note(cli, "the run waits in the queue: %s; start a runner with: runspool %s --data %s", fault.message,
                 *url ? "start runner" : "up", cli->dd.root);
}

static enum rs_err run_priority(const struct cli *cli, int *priority, const int **ret)
{
    const char *given = args_value(&cli->args, "priority");
    char *end = NULL;
    long value = given ? strtol(given, &end, 10) : 0;
    if (!given)
        return RS_OK;
    if (end == given || *end != '\0' || value < -RUN_PRIORITY_MAX || value > RUN_PRIORITY_MAX) {
        cli_fail(cli, "--priority wants a whole number from %d to %d", -RUN_PRIORITY_MAX, RUN_PRIORITY_MAX);
        return RS_INVALID;
    }
    *priority = (int)value;
    *ret = priority;
    return RS_OK;
}

int command_run(struct cli *cli)
{
    struct json_object *record = NULL, *definition = NULL, *given = NULL, *input = NULL, *errors = NULL;
    const char *id = NULL;
    char run_id[ID_MAX + 1];
    struct fault fault = {0};
    bool follow = args_has(&cli->args, "follow");
    int version = 0, status = EXIT_FAILED, priority = 0;
    const int *with_priority = NULL;
    const char *session = args_value(&cli->args, "session");

    if (session && !id_valid(session))
        return cli_fail(cli, "--session: an id is 1 to %d of A-Z a-z 0-9 . _ -", ID_MAX);
    errors = json_object_new_array();
    if (run_priority(cli, &priority, &with_priority) != RS_OK || cli_open_store(cli, false) != RS_OK ||
        run_definition(cli, cli->args.operands[0], &definition, &id, &version) != RS_OK ||
        run_input(cli, definition, &given) != RS_OK)
        goto out;
    enum rs_err err = graph_check_input(definition, given, errors, &input, &fault);
    if (json_object_array_length(errors)) {
        definition_errors(cli, cli->args.operands[0], errors);
        goto out;
    }
    struct run_new new = {.org = cli_org(cli),
                          .workflow_id = id,
                          .workflow_version = version,
                          .definition = definition,
                          .input = input,
                          .name = args_value(&cli->args, "name"),
                          .session_id = session,
                          .priority = with_priority};
    if (err != RS_OK || run_create(&cli->store, &new, run_id, &fault) != RS_OK ||
        run_outline(&cli->store, cli_org(cli), run_id, &record, &fault) != RS_OK) {
        cli_fail(cli, "%s", fault.message);
        goto out;
    }
    if (outbox_wait(&cli->store, OUTBOX_WAIT_MS, &fault) != RS_OK) /* relayed later, by the runner */
        cli_note(cli, "its first event is on its way: %s", fault.message);
    run_say(cli, run_id, id, record, follow);
    status = follow ? follow_run(cli, run_id) : EXIT_DONE;
out:
    json_object_put(record);
    json_object_put(errors);
    json_object_put(input);
    json_object_put(given);
    json_object_put(definition);
    return status;
}
