/* A node's move, its events, and the run's progress. */
#include "model/approval.h"
#include "model/item.h"
#include "model/run_row.h"

#include "base/clock.h"
#include "model/run_emit.h"

#include <stdio.h>
#include <string.h>

/* What a move decides on. */
struct node_row {
    char kind[64];
    char tool[ID_MAX + 1]; /* "" none */
    bool continue_on_error;
    enum node_status status;
    int attempt;
    int64_t started;
};

static enum rs_err node_load(struct db *db, const char *run_id, const char *node_id, struct node_row *ret,
                             struct fault *fault)
{
    struct db_rows *rows = NULL;
    enum rs_err err = db_query(db, &rows, fault,
                               "SELECT kind, tool, continue_on_error, status, attempt, started FROM node"
                               " WHERE run_id = $1 AND node_id = $2",
                               "tt", run_id, node_id);

    if (err == RS_OK && (err = db_next(rows, fault)) == RS_OK) {
        *ret = (struct node_row){
            .continue_on_error = db_int(rows, 2) != 0, .attempt = (int)db_int(rows, 4), .started = db_int(rows, 5)};
        snprintf(ret->kind, sizeof(ret->kind), "%s", db_text(rows, 0));
        snprintf(ret->tool, sizeof(ret->tool), "%s", db_is_null(rows, 1) ? "" : db_text(rows, 1));
        if (node_status_parse(db_text(rows, 3), &ret->status) != RS_OK)
            err = fault_set(fault, RS_IO, "node %s has a status this program does not know", node_id);
    } else if (err == RS_NOT_FOUND) {
        err = fault_set(fault, RS_NOT_FOUND, "run %s has no node %.*s", run_id, ID_MAX, node_id);
    }
    db_done(rows);
    return err;
}

static const char *event_type(const struct node_change *node)
{
    static const char *const types[] = {
        [NODE_RUNNING] = "node.started", [NODE_WAITING] = "node.waiting", [NODE_SUCCESS] = "node.finished",
        [NODE_ERROR] = "node.failed",    [NODE_SKIPPED] = "node.skipped", [NODE_CANCELLED] = "node.cancelled",
    };

    return node->retried ? "node.retried" : types[node->status];
}

static enum rs_err node_event(struct change *change, const struct run_row *run, const struct node_row *row,
                              const struct node_change *node, int64_t duration_ms, struct fault *fault)
{
    struct json_object *data = json_object_new_object();

    if (data != NULL) {
        json_set_string(data, "nodeId", node->node_id);
        json_set_string(data, "kind", row->kind);
        json_set_int(data, "attempt", row->attempt);
        json_set_string(data, "status", node_status_name(node->status));
        json_set_string(data, "message", node->message);
        json_set_time(data, "deadline", node->deadline_ms);
        json_set_string(data, "childRunId", node->child_run_id);
        if (node->output != NULL)
            json_set(data, "output", json_object_get(node->output));
        if (node->error != NULL)
            json_set(data, "error", json_object_get(node->error));
        if (duration_ms >= 0)
            json_set_int(data, "durationMs", duration_ms);
        if (node->expected_ms > 0)
            json_set_int(data, "expectedMs", node->expected_ms);
    }
    return run_add_event(change, run->id, event_type(node), data, fault);
}

static struct json_object *tool_data(const struct run_row *run, const struct node_row *row, const char *node_id)
{
    struct json_object *data = json_object_new_object();

    if (data != NULL) {
        json_set(data, "crewId", run->crew_id[0] != '\0' ? json_object_new_string(run->crew_id) : NULL);
        json_set_string(data, "nodeId", node_id);
        json_set(data, "agentId", NULL);
        json_set_string(data, "tool", row->tool);
    }
    return data;
}

static enum rs_err tool_started(struct change *change, const struct run_row *run, const struct node_row *row,
                                const struct node_change *node, struct fault *fault)
{
    struct json_object *data = tool_data(run, row, node->node_id);

    if (data != NULL)
        json_set(data, "params", node->params != NULL ? json_object_get(node->params) : json_object_new_object());
    return run_add_event(change, run->id, "tool.started", data, fault);
}

/* Milliseconds as a number of seconds with three decimals. */
static struct json_object *seconds(int64_t ms)
{
    char text[32];

    if (ms < 0)
        ms = 0;
    snprintf(text, sizeof(text), "%lld.%03lld", (long long)(ms / 1000), (long long)(ms % 1000));
    return json_object_new_double_s((double)ms / 1000, text);
}

static enum rs_err tool_finished(struct change *change, const struct run_row *run, const struct node_row *row,
                                 const struct node_change *node, int64_t duration_ms, struct fault *fault)
{
    struct json_object *data = tool_data(run, row, node->node_id), *exit_code = json_get(node->output, "exitCode");
    const char *status = "success";

    if (node->status != NODE_SUCCESS)
        status = node->status == NODE_ERROR && row->continue_on_error ? "completed_with_errors" : "error";
    if (data != NULL) {
        json_set(data, "durationS", seconds(duration_ms));
        json_set(data, "exitCode", json_object_is_type(exit_code, json_type_int) ? json_object_get(exit_code) : NULL);
        json_set_string(data, "status", status);
    }
    return run_add_event(change, run->id, "tool.finished", data, fault);
}

/* The node has ended: count it, and tell of progress where it shows. */
static enum rs_err count_ended(struct change *change, struct run_row *run, const char *node_id, struct fault *fault)
{
    struct json_object *data;
    int progress;
    bool grew;
    enum rs_err err;

    run->n_ended++;
    progress = run->n_nodes > 0 ? (int)((int64_t)run->n_ended * 100 / run->n_nodes) : 0;
    grew = progress > run->progress;
    if (grew)
        run->progress = progress;
    err = db_run(change_db(change), NULL, fault, "UPDATE run SET n_ended = $1, progress = $2 WHERE id = $3", "iit",
                 (int64_t)run->n_ended, (int64_t)run->progress, run->id);
    if (err != RS_OK || !grew)
        return err;
    if ((data = run_state_data(run)) != NULL)
        json_set_string(data, "step", node_id);
    return run_add_event(change, run->id, "run.progress", data, fault);
}

static enum rs_err node_store(struct db *db, const struct run_row *run, const struct node_row *row,
                              const struct node_change *node, int64_t now, struct fault *fault)
{
    const char *output = NULL, *error = NULL;
    enum rs_err err;

    if ((err = run_json_text(node->output, RUN_OUTPUT_MAX, "the node's output", &output, fault)) != RS_OK ||
        (err = run_json_text(node->error, RUN_ERROR_MAX, "the node's error", &error, fault)) != RS_OK)
        return err;
    return db_run(db, NULL, fault,
                  "UPDATE node SET status = $1, attempt = $2, started = NULLIF(CAST($3 AS BIGINT), 0),"
                  " finished = NULLIF(CAST($4 AS BIGINT), 0), pgid = $5, pgid_start = $6, output = $7, error = $8"
                  " WHERE run_id = $9 AND node_id = $10",
                  "tiiiiitttt", node_status_name(node->status), (int64_t)row->attempt, row->started,
                  node_status_ended(node->status) ? now : (int64_t)0, (int64_t)node->pgid, process_start(node->pgid),
                  output, error, run->id, node->node_id);
}

/* Running again is another try, or the end of waiting. */
static bool retry_fits(enum node_status from, const struct node_change *node)
{
    if (node->retried)
        return node->status == NODE_RUNNING && (from == NODE_RUNNING || from == NODE_WAITING);
    return from != NODE_RUNNING || node->status != NODE_RUNNING;
}

/* May something in it have begun that has an end of its own, told by run_emit? */
static bool has_parts(const struct node_row *row)
{
    static const char *const kinds_with[] = {"agent", "tool_calls", "foreach"};
    size_t i;

    for (i = 0; i < sizeof(kinds_with) / sizeof(kinds_with[0]); i++)
        if (strcmp(row->kind, kinds_with[i]) == 0)
            return true;
    return false;
}

enum rs_err node_apply(struct change *change, struct run_row *run, const struct node_change *node, struct fault *fault)
{
    int64_t now = change_now(change), duration = -1;
    struct node_row row;
    bool first, ended = node_status_ended(node->status);
    enum rs_err err;

    if ((err = node_load(change_db(change), run->id, node->node_id, &row, fault)) != RS_OK)
        return err;
    if (!node_may_move(row.status, node->status) || node->status == NODE_PENDING ||
        !retry_fits(row.status, node))
        return fault_set(fault, RS_CONFLICT, "node %s is %s and cannot become %s", node->node_id,
                         node_status_name(row.status), node_status_name(node->status));
    first = row.status == NODE_PENDING && node->status == NODE_RUNNING;
    if (first)
        row.started = now;
    if (node->attempt > 0)
        row.attempt = node->attempt;
    if (ended)
        duration = run_duration(row.started, now);
    if (ended && node->status != NODE_SUCCESS && has_parts(&row) &&
        (err = run_begun_close(change, run->id, node->node_id, fault)) != RS_OK)
        return err;
    if ((err = node_store(change_db(change), run, &row, node, now, fault)) != RS_OK ||
        (err = node_event(change, run, &row, node, duration, fault)) != RS_OK)
        return err;
    if (row.tool[0] != '\0' && first)
        err = tool_started(change, run, &row, node, fault);
    else if (row.tool[0] != '\0' && ended && row.started > 0)
        err = tool_finished(change, run, &row, node, duration, fault);
    if (err == RS_OK && ended && strcmp(row.kind, "approval") == 0)
        err = approval_close(change_db(change), run->id, node->node_id, fault);
    if (err == RS_OK && ended && node->status != NODE_SUCCESS && strcmp(row.kind, "foreach") == 0)
        err = items_close(change_db(change), run->id, node->node_id, fault);
    if (err == RS_OK && ended)
        err = count_ended(change, run, node->node_id, fault);
    return err;
}

enum rs_err node_interrupted(struct change *change, const struct run_row *run, const char *node_id, struct fault *fault)
{
    struct node_change node = {.node_id = node_id, .status = NODE_CANCELLED};
    struct node_row row;
    enum rs_err err = node_load(change_db(change), run->id, node_id, &row, fault);

    if (err == RS_OK && has_parts(&row))
        err = run_begun_close(change, run->id, node_id, fault);
    if (err != RS_OK || row.tool[0] == '\0' || row.started == 0)
        return err;
    return tool_finished(change, run, &row, &node, run_duration(row.started, change_now(change)), fault);
}

enum rs_err node_move_all(struct store *store, const char *run_id, int64_t fence, struct node_change *changes, int n,
                       struct fault *fault)
{
    struct change *change = NULL;
    struct run_row run;
    enum rs_err err;
    int i;

    if ((err = change_begin(store, &change, fault)) != RS_OK)
        return err;
    if ((err = run_row_fenced(store->db, run_id, fence, &run, fault)) == RS_OK && run.status != RUN_RUNNING)
        err = fault_set(fault, RS_CONFLICT, "run %s is %s", run_id, run_status_name(run.status));
    for (i = 0; err == RS_OK && i < n; i++) {
        changes[i].denied = run.pause && changes[i].unless_pausing;
        if (!changes[i].denied)
            err = node_apply(change, &run, &changes[i], fault);
    }
    if (err == RS_OK)
        return change_commit(change, fault);
    change_abort(change);
    return err;
}

enum rs_err node_move(struct store *store, const char *run_id, int64_t fence, const struct node_change *node,
                      struct fault *fault)
{
    struct node_change change = *node;
    enum rs_err err = node_move_all(store, run_id, fence, &change, 1, fault);

    return err == RS_OK && change.denied ? fault_set(fault, RS_DENIED, "run %s is to pause", run_id) : err;
}

enum rs_err node_set_pgid(struct store *store, const char *run_id, int64_t fence, const char *node_id, pid_t pgid,
                          struct fault *fault)
{
    int64_t changed = 0;
    enum rs_err err = db_run(store->db, &changed, fault,
                             "UPDATE node SET pgid = $1, pgid_start = $2 WHERE run_id = $3 AND node_id = $4"
                             " AND status IN ('running', 'waiting')"
                             " AND EXISTS (SELECT 1 FROM run WHERE id = $3 AND fence = $5 AND status = 'running')",
                             "iitti", (int64_t)pgid, process_start(pgid), run_id, node_id, fence);

    if (err == RS_OK && changed != 1)
        err = fault_set(fault, RS_CONFLICT, "node %.*s is not running, or its run was taken over", ID_MAX, node_id);
    return err;
}
