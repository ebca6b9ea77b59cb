/* runspool status */
#include "base/clock.h"
#include "cli/cli.h"
#include "cli/control.h"
#include "cli/table.h"
#include "event/eventlog.h"
#include "model/run.h"
#include "model/schedule.h"
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define STATUS_WAIT_MS 5000

/* How many runs there are in each state that is not an end. */
static enum rs_err status_runs(struct cli *cli, struct json_object *runs, struct fault *fault)
{
    static const char *const active[] = {"queued", "running", "paused"};
    struct db_rows *rows = NULL;
    for (unsigned i = 0; i < sizeof(active) / sizeof(*active); i++)
        json_set_int(runs, active[i], 0);
    enum rs_err err = db_query(
        cli->store.db, &rows, fault,
        "SELECT status, count(*) FROM run WHERE status IN ('queued', 'running', 'paused') GROUP BY status", "");
    if (err != RS_OK)
        return err;
    while ((err = db_next(rows, fault)) == RS_OK)
        json_set_int(runs, db_text(rows, 0), db_int(rows, 1));
    db_done(rows);
    return err == RS_NOT_FOUND ? RS_OK : err;
}

/* "schedules": {"active": n, "late": [...]}: those that should have fired, or could not. */
static enum rs_err status_schedules(struct cli *cli, struct json_object *answer, struct fault *fault)
{
    struct json_object *schedules, *late = NULL;
    int n = 0;
    enum rs_err err = schedule_late(&cli->store, NULL, clock_wall_ms(), &n, &late, fault);
    if (err != RS_OK)
        return err;
    schedules = json_object_new_object();
    json_set_int(schedules, "active", n);
    json_set(schedules, "late", late);
    json_set(answer, "schedules", schedules);
    return RS_OK;
}

static void status_late(struct cli *cli, struct json_object *answer, struct buf *out)
{
    struct json_object *schedules = json_get(answer, "schedules"), *late = json_get_array(schedules, "late");
    if (json_get_int(schedules, "active", 0) > 0)
        buf_printf(out, "schedules: %d\n", (int)json_get_int(schedules, "active", 0));
    for (size_t i = 0; late && i < json_object_array_length(late); i++) {
        struct json_object *item = json_object_array_get_idx(late, i);
        buf_printf(out, "%sschedule %s of workflow %s ", term_on(&cli->out, TERM_RED), json_get_string(item, "nodeId", ""),
                   json_get_string(item, "workflowId", ""));
        if (json_get(item, "error")) {
            buf_printf(out, "cannot start it: %s", json_get_string(item, "error", ""));
        } else {
            buf_puts(out, "is late by ");
            buf_put_duration(out, json_get_int(item, "lateMs", 0));
        }
        buf_printf(out, "%s\n", term_off(&cli->out));
    }
}

static enum rs_err status_log(struct cli *cli, struct json_object *answer, struct fault *fault)
{
    struct eventlog *log = NULL;
    char text[24];
    int64_t head = 0;
    enum rs_err err = eventlog_open(&cli->dd, EVENTLOG_READ, NULL, NULL, &log, fault);
    if (err == RS_OK)
        err = eventlog_head(log, &head, fault);
    eventlog_close(log);
    snprintf(text, sizeof(text), "%" PRId64, head);
    if (err == RS_OK)
        json_set_string(answer, "head", text);
    return err;
}

static void status_part(struct table *table, const struct term *term, const char *name, struct json_object *part)
{
    const char *state = json_get_string(part, "state", "?");
    bool up = strcmp(state, "up") == 0, off = strcmp(state, "stopped") == 0;
    int64_t since, restarts = json_get_int(part, "restarts", 0);
    char text[64] = "";
    struct buf age;
    buf_init(&age, sizeof(text));
    if (clock_parse(json_get_string(part, "since", ""), &since) == RS_OK)
        term_put_age(&age, clock_wall_ms() - since);
    const struct term_state *look = term_state(up ? "success" : off ? "skipped" : "waiting");
    table_cell(table, TERM_PLAIN, "%s", name);
    table_cell(table, look->color, "%s %s", term->utf8 ? look->symbol : look->ascii, state);
    table_cell(table, TERM_PLAIN, "%.0d", (int)json_get_int(part, "pid", 0));
    table_cell(table, TERM_PLAIN, "%s", age.len ? age.data : "");
    if (restarts)
        snprintf(text, sizeof(text), "%d", (int)restarts);
    table_cell(table, TERM_AMBER, "%s", text);
    table_cell(table, TERM_DIM, "%s", json_get_string(part, "lastEnd", ""));
    buf_release(&age);
}

static int status_text(struct cli *cli, struct json_object *answer, bool up)
{
    static const char *const heads[] = {"PART", "STATE", "PID", "SINCE", "RESTARTS", "LAST END"};
    struct json_object *runs = json_get(answer, "runs"), *parts = json_get(answer, "components");
    const char *url = json_get_string(answer, "url", "");
    struct table table;
    struct buf out;
    buf_init(&out, TABLE_TEXT_MAX);
    table_init(&table, heads, 6, 5);
    if (up)
        buf_printf(&out, "%s%s%s%s  %s\n\n", term_on(&cli->out, TERM_BOLD), *url ? url : "Up", *url ? "/" : "",
                   term_off(&cli->out), cli->dd.root);
    else
        buf_printf(&out, "Nothing is up in %s\n\n", cli->dd.root);
    if (parts) {
        json_object_object_foreach(parts, name, part) status_part(&table, &cli->out, name, part);
    }
    (void)table_put(&table, &cli->out, &out);
    buf_printf(&out, "%sruns: %d running, %d queued, %d paused; runners alive: %d; events up to %s\n",
               parts ? "\n" : "", (int)json_get_int(runs, "running", 0), (int)json_get_int(runs, "queued", 0),
               (int)json_get_int(runs, "paused", 0), (int)json_get_int(answer, "runnersAlive", 0),
               json_get_string(answer, "head", "0"));
    status_late(cli, answer, &out);
    int status = cli_print(cli, &out);
    table_release(&table);
    buf_release(&out);
    return status;
}

int command_status(struct cli *cli)
{
    struct json_object *answer = NULL, *runs;
    struct fault fault = {0};
    int alive = 0, status;

    if (cli_open(cli, false) != RS_OK)
        return EXIT_DOWN;
    enum rs_err err = control_call(&cli->dd, "status", STATUS_WAIT_MS, &answer, &fault);
    bool up = err == RS_OK;
    if (err != RS_OK && err != RS_NOT_FOUND)
        return cli_fail(cli, "%s", fault.message);
    if (!up) {
        answer = json_object_new_object();
        json_set_string(answer, "data", cli->dd.root);
    }
    json_set_bool(answer, "up", up);
    runs = json_object_new_object();
    json_set(answer, "runs", runs);
    err = store_open(&cli->store, &cli->dd, "cli", &fault);
    if (err == RS_OK)
        err = status_runs(cli, runs, &fault);
    if (err == RS_OK)
        err = runner_count_alive(&cli->store, &alive, &fault);
    if (err == RS_OK)
        err = status_schedules(cli, answer, &fault);
    if (err == RS_OK)
        err = status_log(cli, answer, &fault);
    json_set_int(answer, "runnersAlive", alive);
    if (err != RS_OK)
        cli_note(cli, "%s", fault.message);
    status = cli->json ? cli_print_json(cli, answer) : status_text(cli, answer, up);
    json_object_put(answer);
    return status != EXIT_DONE ? status : up ? err == RS_OK ? EXIT_DONE : EXIT_FAILED : EXIT_DOWN;
}
