/* runspool adw list|get|set|patch|delete */
#include "model/adw.h"
#include "cli/cli.h"
#include "cli/table.h"
#include <stdio.h>
#include <string.h>

#define OUTBOX_WAIT_MS 5000

static int adw_show(struct cli *cli)
{
    static const char *const heads[] = {"ADW", "STATUS", "ISSUE", "BRANCH", "WORKFLOW"};
    static const char *const members[] = {"status", "issue_number", "branch_name", "workflow_template"};
    struct json_object *list = NULL;
    struct fault fault = {0};
    struct table table;
    struct buf out;
    if (adw_list(&cli->store, cli_org(cli), &list, &fault) != RS_OK)
        return cli_fail(cli, "%s", fault.message);
    if (cli->json) {
        int status = cli_print_json(cli, list);
        json_object_put(list);
        return status;
    }
    struct json_object *states = json_get_array(list, "workflows");
    size_t total = (size_t)json_get_int(json_get(list, "summary"), "total", 0), n = json_object_array_length(states);
    table_init(&table, heads, 5, -1);
    for (size_t i = 0; i < n; i++) {
        struct json_object *state = json_object_array_get_idx(states, i);
        table_cell(&table, TERM_BOLD, "%s", json_get_string(state, "adw_id", ""));
        for (size_t m = 0; m < sizeof members / sizeof *members; m++) {
            struct json_object *value = json_get(state, members[m]);
            table_cell(&table, TERM_PLAIN, "%s", value ? json_object_get_string(value) : "");
        }
    }
    buf_init(&out, TABLE_TEXT_MAX);
    if (n == 0)
        buf_puts(&out, "No state of an ADW was told yet.\n");
    (void)table_put(&table, &cli->out, &out);
    if (total > n)
        buf_printf(&out, "and %zu more, changed before these\n", total - n);
    int status = cli_print(cli, &out);
    table_release(&table);
    buf_release(&out);
    json_object_put(list);
    return status;
}

static int adw_show_one(struct cli *cli)
{
    struct json_object *state = NULL;
    struct fault fault = {0};
    int64_t version;
    if (adw_get(&cli->store, cli_org(cli), cli->args.operands[1], &version, &state, &fault) != RS_OK)
        return cli_fail(cli, "%s", fault.message);
    int status = cli_print_json(cli, state);
    json_object_put(state);
    return status;
}

static void wait_for_event(struct cli *cli)
{
    struct fault fault = {0};
    if (outbox_wait(&cli->store, OUTBOX_WAIT_MS, &fault) != RS_OK) /* relayed later */
        cli_note(cli, "its event is on its way: %s", fault.message);
}

static int adw_change(struct cli *cli, bool patch)
{
    struct adw_save change = {.patch = patch};
    struct json_object *state = NULL;
    struct fault fault = {0};
    int64_t version;
    if (cli_read_object(cli, cli->args.operands[2], JSON_BODY_MAX, &change.state) != RS_OK)
        return EXIT_FAILED;
    enum rs_err err = adw_save(&cli->store, cli_org(cli), cli->args.operands[1], &change, NULL, &version, &state, &fault);
    json_object_put(change.state);
    if (err)
        return cli_fail(cli, "%s", fault.message);
    wait_for_event(cli);
    int status = cli_print_json(cli, state);
    json_object_put(state);
    return status;
}

static int adw_set(struct cli *cli)
{
    return adw_change(cli, false);
}

static int adw_patch(struct cli *cli)
{
    return adw_change(cli, true);
}

static int adw_remove(struct cli *cli)
{
    struct fault fault = {0};
    if (adw_delete(&cli->store, cli_org(cli), cli->args.operands[1], 0, &fault) != RS_OK)
        return cli_fail(cli, "%s", fault.message);
    wait_for_event(cli);
    return EXIT_DONE;
}

static const struct {
    const char *name, *wants;
    int n_operands; /* with its name */
    int (*run)(struct cli *cli);
} parts[] = {
    {"list", "no operand", 1, adw_show},
    {"get", "the id of an ADW", 2, adw_show_one},
    {"set", "the id of an ADW and a JSON object", 3, adw_set},
    {"patch", "the id of an ADW and a JSON object", 3, adw_patch},
    {"delete", "the id of an ADW", 2, adw_remove},
};

int command_adw(struct cli *cli)
{
    static const char *const names[] = {"list", "get", "set", "patch", "delete", NULL};
    const char *name = cli->args.n_operands ? cli->args.operands[0] : "list";
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
        if (strcmp(parts[i].name, name) != 0)
            continue;
        if (cli->args.n_operands && cli->args.n_operands != parts[i].n_operands)
            return cli_usage(cli, "%s wants %s", name, parts[i].wants);
        return cli_open_store(cli, false) == RS_OK ? parts[i].run(cli) : EXIT_FAILED;
    }
    const char *near = nearest(name, names);
    return near ? cli_usage(cli, "there is no \"%s\"; did you mean \"%s\"?", name, near)
                : cli_usage(cli, "there is no \"%s\", only list, get, set, patch and delete", name);
}
