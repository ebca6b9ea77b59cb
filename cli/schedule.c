/* runspool schedule list|next|pause|resume */
#include "model/schedule.h"
#include "base/clock.h"
#include "cli/cli.h"
#include "cli/table.h"
#include <stdio.h>
#include <string.h>

#define NEXT_DEFAULT 10

const struct arg_option schedule_options[] = {
    {"count", 'n', "N", NULL, false, "next: so many times (default 10)"},
    {0},
};

static const char *state_of(struct json_object *item)
{
    if (!json_get_bool(item, "enabled", false))
        return "off";
    if (json_get_bool(item, "paused", false))
        return "paused";
    if (json_get(item, "lateMs"))
        return "late";
    return json_get(item, "error") ? "error" : "on";
}

static int say_list(struct cli *cli, struct json_object *items)
{
    static const char *const heads[] = {"WORKFLOW", "NODE", "STATE", "CRON", "ZONE", "NEXT", "LAST RUN", "MISSED"};
    struct table table;
    struct buf out;
    buf_init(&out, TABLE_TEXT_MAX);
    table_init(&table, heads, 8, -1);
    for (size_t i = 0; i < json_object_array_length(items); i++) {
        struct json_object *item = json_object_array_get_idx(items, i), *next = json_get_array(item, "next");
        struct json_object *first = next ? json_object_array_get_idx(next, 0) : NULL;
        const char *state = state_of(item);
        bool fires = strcmp(state, "off") != 0 && strcmp(state, "paused") != 0;
        table_cell(&table, TERM_BOLD, "%s", json_get_string(item, "workflowId", ""));
        table_cell(&table, TERM_PLAIN, "%s", json_get_string(item, "nodeId", ""));
        table_cell(&table, strcmp(state, "on") == 0 ? TERM_GREEN : fires ? TERM_RED : TERM_DIM, "%s", state);
        table_cell(&table, TERM_PLAIN, "%s", json_get_string(item, "cron", ""));
        table_cell(&table, TERM_PLAIN, "%s", json_get_string(item, "timezone", ""));
        table_cell(&table, TERM_PLAIN, "%.16s%s", first && fires ? json_object_get_string(first) : "",
                   first && fires ? "Z" : "");
        table_cell(&table, TERM_PLAIN, "%s", json_get_string(item, "lastRunId", ""));
        table_cell(&table, TERM_PLAIN, "%.0d", (int)json_get_int(item, "missed", 0));
    }
    (void)table_put(&table, &cli->out, &out);
    if (table.n_rows == 0)
        buf_puts(&out, "No saved workflow has a schedule.\n");
    for (size_t i = 0; i < json_object_array_length(items); i++) {
        struct json_object *item = json_object_array_get_idx(items, i);
        if (json_get(item, "error"))
            buf_printf(&out, "%s: %s\n", json_get_string(item, "workflowId", ""), json_get_string(item, "error", ""));
    }
    int status = cli_print(cli, &out);
    table_release(&table);
    buf_release(&out);
    return status;
}

/* The times alone, one a line; of several schedules each under its node's name. */
static int say_next(struct cli *cli, struct json_object *items)
{
    size_t n = json_object_array_length(items);
    struct buf out;
    buf_init(&out, TABLE_TEXT_MAX);
    for (size_t i = 0; i < n; i++) {
        struct json_object *item = json_object_array_get_idx(items, i), *next = json_get_array(item, "next");
        if (n > 1)
            buf_printf(&out, "%s%s:\n", i ? "\n" : "", json_get_string(item, "nodeId", ""));
        for (size_t k = 0; next && k < json_object_array_length(next); k++)
            buf_printf(&out, "%s\n", json_object_get_string(json_object_array_get_idx(next, k)));
        if (strcmp(state_of(item), "off") == 0 || strcmp(state_of(item), "paused") == 0)
            cli_note(cli, "schedule %s is %s: it starts nothing", json_get_string(item, "nodeId", ""), state_of(item));
    }
    int status = cli_print(cli, &out);
    buf_release(&out);
    return status;
}

int command_schedule(struct cli *cli)
{
    static const char *const names[] = {"list", "next", "pause", "resume", NULL};
    const char *name = cli->args.operands[0], *workflow = cli->args.operands[1];
    bool list = strcmp(name, "list") == 0, next = strcmp(name, "next") == 0, pause = strcmp(name, "pause") == 0;
    struct json_object *items = NULL;
    struct fault fault = {0};
    long n;
    if (!list && !next && !pause && strcmp(name, "resume") != 0) {
        const char *near = nearest(name, names);
        return near ? cli_usage(cli, "there is no \"%s\"; did you mean \"%s\"?", name, near)
                    : cli_usage(cli, "there is no \"%s\", only list, next, pause and resume", name);
    }
    if (list == (workflow != NULL))
        return list ? cli_usage(cli, "list takes no operand") : cli_usage(cli, "%s wants a workflow's id", name);
    if (args_count(&cli->args, "count", 1, SCHEDULE_NEXT_MAX, NEXT_DEFAULT, &n, &fault) != RS_OK)
        return cli_usage(cli, "%s", fault.message);
    if (cli_open_store(cli, false) != RS_OK)
        return EXIT_FAILED;
    enum rs_err err = RS_OK;
    if (!list && !next)
        err = schedule_pause(&cli->store, cli_org(cli), workflow, pause, clock_wall_ms(), &fault);
    if (err == RS_OK)
        err = schedule_list(&cli->store, cli_org(cli), workflow, (int)n, clock_wall_ms(), &items, &fault);
    if (err == RS_OK && next && json_object_array_length(items) == 0)
        err = fault_set(&fault, RS_NOT_FOUND, "workflow %s has no schedule", workflow);
    if (err != RS_OK) {
        json_object_put(items);
        return cli_fail(cli, "%s", fault.message);
    }
    int status;
    if (cli->json) {
        struct json_object *answer = json_object_new_object();
        json_set(answer, "items", json_object_get(items));
        status = cli_print_json(cli, answer);
        json_object_put(answer);
    } else if (list) {
        status = say_list(cli, items);
    } else if (next) {
        status = say_next(cli, items);
    } else {
        printf("the schedule of %s is %s\n", workflow, pause ? "paused" : "on again");
        status = EXIT_DONE;
    }
    json_object_put(items);
    return status;
}
