/* runspool queue list|add|move|remove|pause|resume */
#include "model/queue.h"
#include "cli/cli.h"
#include "cli/definition.h"
#include "cli/runinput.h"
#include "cli/table.h"
#include "model/entry.h"
#include "model/launch.h"
#include "model/workflow.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define OUTBOX_WAIT_MS 5000

const struct arg_option queue_options[] = {
    {"priority", 'p', "N", NULL, false, "add, move: higher ones begin first (default 0)"},
    {"input", 'i', "JSON", NULL, false, "add: the run's input, a JSON object; @FILE reads a file, - standard input"},
    {"issue", 0, "ISSUE", NULL, false, "add: number or name of the issue it is about"},
    {"parent", 0, "ISSUE", NULL, false, "add: the issue that one belongs to"},
    {"phase", 0, "PHASE", NULL, false, "add: number or name of its phase"},
    {"metadata", 'm', "JSON", NULL, false, "add: whatever else is to be kept with it, a JSON object; @FILE, -"},
    {0},
};

static enum term_color color_of(const char *status)
{
    if (strcmp(status, "failed") == 0)
        return TERM_RED;
    return strcmp(status, "completed") == 0 ? TERM_GREEN : strcmp(status, "running") == 0 ? TERM_BOLD : TERM_PLAIN;
}

/* A number or a text of an entry, as text. */
static const char *text_of(struct json_object *entry, const char *member)
{
    struct json_object *value = json_get(entry, member);
    return value ? json_object_get_string(value) : "";
}

static int queue_list(struct cli *cli)
{
    static const char *const heads[] = {"ENTRY", "STATUS", "PRIORITY", "ISSUE", "PHASE", "WORKFLOW", "RUN"};
    static const char *const members[] = {"issue_number", "phase", "workflow_id", "run_id"};
    struct json_object *list = NULL;
    struct fault fault = {0};
    struct table table;
    struct buf out;
    if (entry_list(&cli->store, cli_org(cli), &list, &fault) != RS_OK)
        return cli_fail(cli, "%s", fault.message);
    if (cli->json) {
        int status = cli_print_json(cli, list);
        json_object_put(list);
        return status;
    }
    struct json_object *phases = json_get_array(list, "phases");
    buf_init(&out, TABLE_TEXT_MAX);
    table_init(&table, heads, 7, -1);
    for (size_t i = 0; i < json_object_array_length(phases); i++) {
        struct json_object *entry = json_object_array_get_idx(phases, i);
        const char *status = json_get_string(entry, "status", "");
        table_cell(&table, TERM_BOLD, "%s", json_get_string(entry, "queue_id", ""));
        table_cell(&table, color_of(status), "%s", status);
        table_cell(&table, TERM_PLAIN, "%lld", (long long)json_get_int(entry, "priority", 0));
        for (size_t m = 0; m < sizeof members / sizeof *members; m++)
            table_cell(&table, TERM_PLAIN, "%s", text_of(entry, members[m]));
    }
    if (json_get_bool(list, "paused", false))
        buf_puts(&out, "The queue is paused: no run begins.\n");
    if (table.n_rows == 0)
        buf_puts(&out, "The queue is empty.\n");
    (void)table_put(&table, &cli->out, &out);
    int status = cli_print(cli, &out);
    table_release(&table);
    buf_release(&out);
    json_object_put(list);
    return status;
}

/* What was changed is told, and the queue goes on. Takes entry, which may be NULL. */
static int done(struct cli *cli, struct json_object *entry, const char *what, const char *id)
{
    struct fault fault = {0};
    int status = EXIT_DONE;
    if (outbox_wait(&cli->store, OUTBOX_WAIT_MS, &fault) != RS_OK) /* relayed later */
        cli_note(cli, "its event is on its way: %s", fault.message);
    if (cli->json && entry)
        status = cli_print_json(cli, entry);
    else if (!cli->json)
        printf("%s %s\n", id, what);
    json_object_put(entry);
    return status;
}

static void launch(const struct cli *cli)
{
    struct fault fault = {0};
    if (launch_queued(&cli->dd, &fault) != RS_OK)
        cli_note(cli, "it waits in the queue: %s", fault.message);
}

/* An option's text as a number where it is one. */
static void put_option(const struct cli *cli, const char *option, struct json_object *fields, const char *member)
{
    const char *text = args_value(&cli->args, option);
    char *end = NULL;
    long long n = text ? strtoll(text, &end, 10) : 0;
    if (text && *text && *end == '\0')
        json_set_int(fields, member, n);
    else
        json_set_string(fields, member, text);
}

static enum rs_err add(struct cli *cli, struct json_object *fields, struct json_object *errors, struct json_object **ret,
                       struct fault *fault)
{
    struct run_new run = {.org = cli_org(cli), .workflow_id = cli->args.operands[1]};
    struct json_object *definition = NULL, *given = NULL, *input = NULL;
    struct cli inputs = *cli; /* of this command the workflow is the second operand */
    if (!run.workflow_id)
        return entry_add(&cli->store, run.org, fields, NULL, NULL, ret, fault);
    enum rs_err err = workflow_get(&cli->store, run.org, run.workflow_id, &definition, fault);
    inputs.args.operands++;
    inputs.args.n_operands--;
    if (!err)
        err = run_input(&inputs, definition, &given); /* which says itself what is wrong */
    if (!err)
        err = graph_check_input(definition, given, errors, &input, fault);
    run.workflow_version = (int)json_get_int(definition, "version", 0);
    for (size_t i = 0; !err && workflow_record_members[i]; i++)
        json_object_object_del(definition, workflow_record_members[i]);
    run.definition = definition;
    run.input = input;
    if (!err)
        err = entry_add(&cli->store, run.org, fields, &run, NULL, ret, fault);
    json_object_put(definition);
    json_object_put(given);
    json_object_put(input);
    return err;
}

static int queue_add(struct cli *cli)
{
    struct json_object *fields = json_object_new_object(), *metadata = NULL, *errors = json_object_new_array(), *entry = NULL;
    const char *given = args_value(&cli->args, "metadata");
    struct fault fault = {0};
    int status = EXIT_FAILED;
    put_option(cli, "priority", fields, "priority");
    put_option(cli, "issue", fields, "issue_number");
    put_option(cli, "parent", fields, "parent_issue");
    put_option(cli, "phase", fields, "phase");
    if (given && cli_read_object(cli, given, ENTRY_METADATA_MAX, &metadata) != RS_OK)
        goto out;
    if (metadata)
        json_set(fields, "metadata", metadata);
    if (add(cli, fields, errors, &entry, &fault) == RS_OK) {
        char id[ID_MAX + 1];
        snprintf(id, sizeof id, "%s", json_get_string(entry, "queue_id", ""));
        if (json_get(entry, "run_id"))
            launch(cli);
        status = done(cli, entry, "queued", id);
    } else if (json_object_array_length(errors)) {
        definition_errors(cli, cli->args.operands[1], errors);
    } else if (*fault.message) {
        cli_fail(cli, "%s", fault.message);
    }
out:
    json_object_put(fields);
    json_object_put(errors);
    return status;
}

static int queue_move(struct cli *cli)
{
    struct json_object *patch = json_object_new_object(), *entry = NULL;
    const char *id = cli->args.operands[1];
    struct fault fault = {0};
    put_option(cli, "priority", patch, "priority");
    enum rs_err err = entry_patch(&cli->store, cli_org(cli), id, patch, NULL, &entry, &fault);
    json_object_put(patch);
    return err ? cli_fail(cli, "%s", fault.message) : done(cli, entry, "moved", id);
}

static int queue_remove(struct cli *cli)
{
    struct fault fault = {0};
    int status = EXIT_DONE;
    for (int i = 1; i < cli->args.n_operands; i++) {
        const char *id = cli->args.operands[i];
        if (entry_delete(&cli->store, cli_org(cli), id, &fault) != RS_OK)
            status = cli_fail(cli, "%s", fault.message);
        else
            (void)done(cli, NULL, "removed", id);
    }
    return status;
}

static int pause_queue(struct cli *cli, bool paused)
{
    struct json_object *answer = json_object_new_object();
    struct fault fault = {0};
    json_set_bool(answer, "paused", paused);
    if (queue_pause(&cli->store, cli_org(cli), paused, &fault) != RS_OK) {
        json_object_put(answer);
        return cli_fail(cli, "%s", fault.message);
    }
    if (!paused)
        launch(cli);
    return done(cli, answer, paused ? "is paused" : "goes on", "the queue");
}

static int queue_pause_it(struct cli *cli)
{
    return pause_queue(cli, true);
}

static int queue_resume(struct cli *cli)
{
    return pause_queue(cli, false);
}

static const struct {
    const char *name;
    int min, max; /* operands, with its name */
    int (*run)(struct cli *cli);
} parts[] = {
    {"list", 0, 1, queue_list},      {"add", 1, 200, queue_add},      {"move", 2, 2, queue_move},
    {"remove", 2, 200, queue_remove}, {"pause", 1, 1, queue_pause_it}, {"resume", 1, 1, queue_resume},
};

int command_queue(struct cli *cli)
{
    static const char *const names[] = {"list", "add", "move", "remove", "pause", "resume", NULL};
    const char *name = cli->args.n_operands ? cli->args.operands[0] : "list";
    int n = cli->args.n_operands;
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
        if (strcmp(parts[i].name, name) != 0)
            continue;
        if (n < parts[i].min || n > parts[i].max)
            return cli_usage(cli, "%s", n < parts[i].min ? "wants the id of an entry" : "too many operands");
        if (parts[i].run == queue_move && !args_value(&cli->args, "priority"))
            return cli_usage(cli, "move wants --priority N");
        return cli_open_store(cli, false) == RS_OK ? parts[i].run(cli) : EXIT_FAILED;
    }
    const char *near = nearest(name, names);
    return near ? cli_usage(cli, "there is no \"%s\"; did you mean \"%s\"?", name, near)
                : cli_usage(cli, "there is no \"%s\", only list, add, move, remove, pause and resume", name);
}
