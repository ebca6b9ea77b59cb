/* A run's own moves: it begins, it ends, somebody cancels it. */
#include "model/entry.h"
#include "model/event_trigger.h"
#include "model/run_row.h"

#include "base/clock.h"
#include "model/expected.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static enum rs_err begin_row(struct change *change, struct run_row *run, int64_t expected_ms, struct json_object *expected,
                             struct fault *fault)
{
    struct json_object *data;
    enum rs_err err;

    if (!run_may_move(run->status, RUN_RUNNING))
        return fault_set(fault, RS_CONFLICT, "run %s is %s", run->id, run_status_name(run->status));
    run->status = RUN_RUNNING;
    err = db_run(change_db(change), NULL, fault,
                 "UPDATE run SET status = 'running', started = COALESCE(started, $1), lease = $2, expected_ms = $3,"
                 " expected = $4 WHERE id = $5",
                 "iiitt", change_now(change), change_now(change) + RUN_LEASE_MS, expected_ms,
                 expected != NULL ? json_text(expected, NULL) : NULL, run->id);
    if (err != RS_OK)
        return err;
    if ((data = run_state_data(run)) != NULL && expected_ms > 0)
        json_set_int(data, "expectedMs", expected_ms);
    err = run_add_event(change, run->id, "run.started", data, fault);
    return err == RS_OK ? entry_follow(change, run, fault) : err;
}

enum rs_err run_begin(struct store *store, const char *run_id, int64_t fence, struct fault *fault)
{
    struct json_object *expected = NULL;
    struct change *change = NULL;
    struct run_row run;
    int64_t expected_ms = 0;
    enum rs_err err;

    /* Before the transaction: nobody waits for this. */
    if ((err = run_row_load(store->db, run_id, &run, fault)) != RS_OK ||
        (run.workflow_version > 0 && (err = expected_compute(store->db, run.org, run.workflow_id, run.n_nodes, &expected_ms,
                                                             &expected, fault)) != RS_OK))
        return err;
    if ((err = change_begin(store, &change, fault)) != RS_OK)
        goto out;
    if ((err = run_row_fenced(store->db, run_id, fence, &run, fault)) == RS_OK &&
        (err = begin_row(change, &run, expected_ms, expected, fault)) == RS_OK)
        err = change_commit(change, fault);
    else
        change_abort(change);
out:
    json_object_put(expected);
    return err;
}

/* A node that has not ended. */
struct open_node {
    char id[ID_MAX + 1];
    bool pending;
};

static enum rs_err open_nodes(struct db *db, const char *run_id, struct open_node **ret, int *ret_n, struct fault *fault)
{
    struct open_node *nodes = calloc(GRAPH_NODES_MAX, sizeof(*nodes));
    struct db_rows *rows = NULL;
    int n = 0;
    enum rs_err err;

    if (nodes == NULL)
        return fault_set(fault, RS_NOMEM, "no memory for a run's nodes");
    err = db_query(db, &rows, fault,
                   "SELECT node_id, status FROM node WHERE run_id = $1 AND status IN ('pending', 'running', 'waiting')"
                   " ORDER BY place",
                   "t", run_id);
    while (err == RS_OK && n < GRAPH_NODES_MAX && (err = db_next(rows, fault)) == RS_OK) {
        snprintf(nodes[n].id, sizeof(nodes[n].id), "%s", db_text(rows, 0));
        nodes[n++].pending = strcmp(db_text(rows, 1), "pending") == 0;
    }
    db_done(rows);
    if (err == RS_OK || err == RS_NOT_FOUND) {
        *ret = nodes;
        *ret_n = n;
        return RS_OK;
    }
    free(nodes);
    return err;
}

static enum rs_err finish_nodes(struct change *change, struct run_row *run, enum node_status running_to,
                                struct json_object *running_error, struct fault *fault)
{
    struct open_node *nodes = NULL;
    int i, n = 0;
    enum rs_err err = open_nodes(change_db(change), run->id, &nodes, &n, fault);

    for (i = 0; err == RS_OK && i < n; i++) {
        struct node_change node = {.node_id = nodes[i].id, .status = nodes[i].pending ? NODE_SKIPPED : running_to};

        if (!nodes[i].pending)
            node.error = running_error;
        err = node_apply(change, run, &node, fault);
    }
    free(nodes);
    return err;
}

static const char *end_type(enum run_status status)
{
    return status == RUN_SUCCESS ? "run.finished" : status == RUN_ERROR ? "run.failed" : "run.cancelled";
}

enum rs_err run_finish(struct change *change, struct run_row *run, enum run_status status, struct json_object *output,
                       struct json_object *error, enum node_status running_to, struct json_object *running_error,
                       struct fault *fault)
{
    const char *output_text = NULL, *error_text = NULL;
    struct json_object *because = NULL;
    int64_t now = change_now(change);
    int progress = run->progress;
    enum rs_err err;

    if (!run_status_ended(status) || !run_may_move(run->status, status))
        return fault_set(fault, RS_CONFLICT, "run %s is %s and cannot become %s", run->id, run_status_name(run->status),
                         run_status_name(status));
    if (status == RUN_CANCELLED && run->cancel_reason[0] != '\0')
        error = because = run_error("cancelled", run->cancel_reason, NULL);
    if ((err = run_json_text(output, RUN_OUTPUT_MAX, "the run's output", &output_text, fault)) != RS_OK ||
        (err = run_json_text(error, RUN_ERROR_MAX, "the run's error", &error_text, fault)) != RS_OK)
        goto out;
    /* Nodes that end because the run does are no progress. */
    run->progress = 100;
    if ((err = finish_nodes(change, run, running_to, running_error, fault)) != RS_OK)
        goto out;
    run->progress = status == RUN_SUCCESS ? 100 : progress;
    run->status = status;
    err = db_run(change_db(change), NULL, fault,
                 "UPDATE run SET status = $1, finished = $2, output = $3, error = $4, progress = $5, lease = 0, owner = NULL,"
                 " place = NULL, pid = 0, pid_start = 0, pause = 0, idle = 0 WHERE id = $6",
                 "tittit", run_status_name(status), now, output_text, error_text, (int64_t)run->progress, run->id);
    if (err == RS_OK)
        err = run_children_end(change, run, fault);
    if (err == RS_OK)
        err = event_trigger_fire(change, run, output, error, fault);
    if (err == RS_OK)
        err = run_state_event(change, run, end_type(status), output, error, run_duration(run->started, now), fault);
    if (err == RS_OK)
        err = entry_follow(change, run, fault);
out:
    json_object_put(because);
    return err;
}

enum rs_err run_end(struct store *store, const char *run_id, int64_t fence, enum run_status status,
                    struct json_object *output, struct json_object *error, struct fault *fault)
{
    struct json_object *cancelled = run_error("cancelled", "cancelled", NULL);
    struct change *change = NULL;
    struct run_row run;
    enum rs_err err;

    if ((err = change_begin(store, &change, fault)) != RS_OK)
        goto out;
    if ((err = run_row_fenced(store->db, run_id, fence, &run, fault)) == RS_OK)
        err = run_finish(change, &run, status, output, error, NODE_CANCELLED, cancelled, fault);
    if (err == RS_OK)
        err = change_commit(change, fault);
    else
        change_abort(change);
out:
    json_object_put(cancelled);
    return err;
}

enum rs_err run_cancel_row(struct change *change, struct run_row *run, const char *reason, struct fault *fault)
{
    struct json_object *error;
    enum rs_err err;

    if (run_status_ended(run->status))
        return fault_set(fault, RS_CONFLICT, "run %s has ended (%s)", run->id, run_status_name(run->status));
    if (run->status == RUN_RUNNING || (run->status == RUN_QUEUED && run->lease > clock_wall_ms()))
        return db_run(change_db(change), NULL, fault, "UPDATE run SET cancel = 1, cancel_reason = $1 WHERE id = $2", "tt",
                      reason, run->id);
    error = run_error("cancelled", reason != NULL ? reason : run->status == RUN_PAUSED ? "cancelled while it was paused"
                                                                                       : "cancelled before it began", NULL);
    err = run_finish(change, run, RUN_CANCELLED, NULL, error, NODE_CANCELLED, error, fault);
    json_object_put(error);
    return err;
}

enum rs_err run_cancel(struct store *store, const char *org, const char *run_id, enum run_status *ret_status,
                       struct fault *fault)
{
    struct change *change = NULL;
    struct run_row run;
    enum rs_err err;

    if ((err = change_begin(store, &change, fault)) != RS_OK)
        return err;
    if ((err = run_row_load(store->db, run_id, &run, fault)) == RS_OK && org != NULL && strcmp(org, run.org) != 0)
        err = fault_set(fault, RS_NOT_FOUND, "there is no run %.*s", ID_MAX, run_id);
    if (err == RS_OK)
        err = run_cancel_row(change, &run, NULL, fault);
    if (err != RS_OK) {
        change_abort(change);
        return err;
    }
    if ((err = change_commit(change, fault)) == RS_OK) {
        *ret_status = run.status;
        run_poke(store, run_id);
        runner_poke(store->dd);
    }
    return err;
}
