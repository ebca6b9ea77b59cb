/* runspool ps */
#include "base/clock.h"
#include "cli/cli.h"
#include "cli/table.h"
#include "model/approval.h"
#include "model/run.h"
#include <stdio.h>
#include <string.h>

#define PS_LIMIT 20
#define PS_LIMIT_MAX 1000

const struct arg_option ps_options[] = {
    {"all", 'a', NULL, NULL, false, "the ended ones too, newest first"},
    {"limit", 'n', "N", NULL, false, "at most N runs (default 20)"},
    {"workflow", 0, "ID", NULL, false, "only runs of this workflow"},
    {0},
};

/* Append the items of one list; *ret_next (may be NULL) gets its `next`, owned. */
static enum rs_err ps_add(struct cli *cli, struct json_object *items, const char *status, int limit,
                          struct json_object **ret_next, struct fault *fault)
{
    struct run_filter filter = {.org = cli_org(cli), .workflow_id = args_value(&cli->args, "workflow"), .status = status};
    struct json_object *list = NULL;
    int room = limit - (int)json_object_array_length(items);
    if (room <= 0)
        return RS_OK;
    enum rs_err err = run_list(&cli->store, &filter, room, NULL, &list, fault);
    if (err != RS_OK)
        return err;
    struct json_object *found = json_get_array(list, "items");
    for (size_t i = 0; found && i < json_object_array_length(found); i++)
        json_object_array_add(items, json_object_get(json_object_array_get_idx(found, i)));
    if (ret_next)
        *ret_next = json_object_get(json_get(list, "next"));
    json_object_put(list);
    return RS_OK;
}

/* Runs of which a node waits for a person: a member "waitingFor", the ids of those nodes. */
static enum rs_err ps_mark_waiting(struct cli *cli, struct json_object *items, struct fault *fault)
{
    struct json_object *page = NULL;
    enum rs_err err = approval_list(&cli->store, cli_org(cli), PS_LIMIT_MAX, NULL, &page, fault);
    struct json_object *asked = err ? NULL : json_get_array(page, "items");
    for (size_t i = 0; i < json_object_array_length(items); i++) {
        struct json_object *run = json_object_array_get_idx(items, i), *nodes = NULL;
        for (size_t k = 0; asked && k < json_object_array_length(asked); k++) {
            struct json_object *one = json_object_array_get_idx(asked, k);
            if (strcmp(json_get_string(one, "runId", ""), json_get_string(run, "id", "?")) != 0)
                continue;
            if (!nodes)
                nodes = json_object_new_array();
            json_object_array_add(nodes, json_object_get(json_get(one, "nodeId")));
        }
        if (nodes)
            json_set(run, "waitingFor", nodes);
    }
    json_object_put(page);
    return err;
}

static int64_t time_of(struct json_object *run, const char *key, int64_t fallback)
{
    int64_t ms;
    const char *text = json_get_string(run, key, NULL);
    return text && clock_parse(text, &ms) == RS_OK ? ms : fallback;
}

static int ps_table(struct cli *cli, struct json_object *items)
{
    static const char *const heads[] = {"RUN", "STATE", "%", "AGE", "TIME", "WORKFLOW", "NAME"};
    struct table table;
    struct buf out, cell;
    int64_t now = clock_wall_ms();
    table_init(&table, heads, 7, 6);
    buf_init(&out, TABLE_TEXT_MAX);
    buf_init(&cell, 256);
    for (size_t i = 0; i < json_object_array_length(items); i++) {
        struct json_object *run = json_object_array_get_idx(items, i);
        const char *status = json_get(run, "waitingFor") ? "waiting" : json_get_string(run, "status", "");
        const struct term_state *state = term_state(status);
        int64_t started = time_of(run, "startedAt", 0);
        table_cell(&table, TERM_PLAIN, "%s", json_get_string(run, "id", ""));
        table_cell(&table, state->color, "%s %s", cli->out.utf8 ? state->symbol : state->ascii, status);
        table_cell(&table, TERM_PLAIN, "%d", (int)json_get_int(run, "progress", 0));
        buf_clear(&cell);
        term_put_age(&cell, now - time_of(run, "createdAt", now));
        table_cell(&table, TERM_DIM, "%s", cell.data);
        buf_clear(&cell);
        if (started)
            buf_put_duration(&cell, time_of(run, "finishedAt", now) - started);
        table_cell(&table, TERM_PLAIN, "%s", cell.len ? cell.data : "");
        table_cell(&table, TERM_PLAIN, "%s", json_get_string(run, "workflowId", ""));
        table_cell(&table, TERM_PLAIN, "%s", json_get_string(run, "name", ""));
    }
    (void)table_put(&table, &cli->out, &out);
    if (table.n_rows == 0)
        buf_puts(&out, args_has(&cli->args, "all") ? "No runs yet.\n"
                                                   : "Nothing is queued or running (--all shows ended runs).\n");
    int status = cli_print(cli, &out);
    buf_release(&cell);
    buf_release(&out);
    table_release(&table);
    return status;
}

int command_ps(struct cli *cli)
{
    static const char *const active[] = {"running", "paused", "queued"};
    struct json_object *items = NULL, *next = NULL;
    struct fault fault = {0};
    enum rs_err err = RS_OK;
    long limit;
    int status = EXIT_FAILED;

    if (args_count(&cli->args, "limit", 1, PS_LIMIT_MAX, PS_LIMIT, &limit, &fault) != RS_OK)
        return cli_usage(cli, "%s", fault.message);
    if (cli_open_store(cli, false) != RS_OK)
        return EXIT_FAILED;
    items = json_object_new_array();
    if (args_has(&cli->args, "all"))
        err = ps_add(cli, items, NULL, (int)limit, &next, &fault);
    else
        for (unsigned i = 0; i < sizeof(active) / sizeof(*active) && err == RS_OK; i++)
            err = ps_add(cli, items, active[i], (int)limit, NULL, &fault);
    if (err == RS_OK)
        err = ps_mark_waiting(cli, items, &fault);
    if (err != RS_OK) {
        cli_fail(cli, "%s", fault.message);
    } else if (cli->json) {
        struct json_object *answer = json_object_new_object();
        json_set(answer, "items", json_object_get(items));
        json_set(answer, "next", json_object_get(next));
        status = cli_print_json(cli, answer);
        json_object_put(answer);
    } else {
        status = ps_table(cli, items);
    }
    json_object_put(next);
    json_object_put(items);
    return status;
}
