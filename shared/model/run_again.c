/* Ended runs that run again: retried or resumed. */
#include "model/approval.h"
#include "model/entry.h"
#include "model/item.h"
#include "model/run_row.h"

#include <stdio.h>
#include <string.h>

/* Did the node end because something else did: its run's process, or the time the whole run had? */
static bool cut_short(const char *error_text, bool run_timed_out)
{
    struct json_object *error = NULL;
    const char *code;
    bool cut;

    if (error_text == NULL || json_parse(error_text, strlen(error_text), RUN_ERROR_MAX, &error, NULL) != RS_OK)
        return false;
    code = json_get_string(error, "code", "");
    cut = strcmp(code, "orphaned") == 0 || (run_timed_out && strcmp(code, "timeout") == 0);
    json_object_put(error);
    return cut;
}

static enum rs_err timed_out(struct db *db, const char *run_id, bool *ret, struct fault *fault)
{
    struct db_rows *rows = NULL;
    struct json_object *error = NULL;
    const char *text;
    enum rs_err err = db_query(db, &rows, fault, "SELECT error FROM run WHERE id = $1", "t", run_id);

    *ret = false;
    if (err == RS_OK && (err = db_next(rows, fault)) == RS_OK && (text = db_text(rows, 0)) != NULL &&
        json_parse(text, strlen(text), RUN_ERROR_MAX, &error, NULL) == RS_OK)
        *ret = strcmp(json_get_string(error, "code", ""), "timeout") == 0 && json_get(error, "nodeId") == NULL;
    json_object_put(error);
    db_done(rows);
    return err;
}

/* Rows: node_id, status, continue_on_error, error. */
static bool starts_again(struct db_rows *rows, enum requeue how, bool run_timed_out)
{
    enum node_status status = NODE_PENDING;

    if (how == REQUEUE_ALL || node_status_parse(db_text(rows, 1), &status) != RS_OK)
        return true;
    if (status == NODE_ERROR && how == REQUEUE_FAILED)
        return db_int(rows, 2) == 0 || cut_short(db_text(rows, 3), run_timed_out);
    return status != NODE_SUCCESS && status != NODE_ERROR;
}

/* The ids of the nodes to start again; those that were running are of no use to anyone any more. */
static enum rs_err choose(struct change *change, const struct run_row *run, enum requeue how, struct json_object *again,
                          struct fault *fault)
{
    struct db_rows *rows = NULL;
    bool run_timed_out = false;
    enum rs_err err = timed_out(change_db(change), run->id, &run_timed_out, fault);

    if (err == RS_OK)
        err = db_query(change_db(change), &rows, fault,
                       "SELECT node_id, status, continue_on_error, error FROM node WHERE run_id = $1 ORDER BY place", "t",
                       run->id);
    while (err == RS_OK && (err = db_next(rows, fault)) == RS_OK)
        if (starts_again(rows, how, run_timed_out))
            json_object_array_add(again, json_object_new_string(db_text(rows, 0)));
    db_done(rows);
    return err == RS_NOT_FOUND ? RS_OK : err;
}

static enum rs_err reset_nodes(struct change *change, const struct run_row *run, enum requeue how,
                               struct json_object *again, struct fault *fault)
{
    const char *node_id;
    enum rs_err err = RS_OK;
    size_t i;

    for (i = 0; err == RS_OK && i < json_object_array_length(again); i++) {
        node_id = json_object_get_string(json_object_array_get_idx(again, i));
        if (run->status == RUN_RUNNING)
            err = node_interrupted(change, run, node_id, fault);
        if (err == RS_OK)
            err = db_run(change_db(change), NULL, fault,
                         "UPDATE node SET status = 'pending', attempt = 0, started = NULL, finished = NULL, slow = 0, pgid = 0,"
                         " pgid_start = 0, output = NULL, error = NULL WHERE run_id = $1 AND node_id = $2",
                         "tt", run->id, node_id);
    }
    if (err == RS_OK && how == REQUEUE_ALL)
        err = node_forget(change_db(change), run->id, fault);
    if (err == RS_OK && how == REQUEUE_ALL)
        err = approval_forget(change_db(change), run->id, fault);
    if (err == RS_OK && how == REQUEUE_ALL)
        err = items_forget(change_db(change), run->id, fault);
    return err;
}

/* The attempt that is over, as it ended; of one whose process died there is nothing in the row yet. */
static enum rs_err keep_attempt(struct change *change, const struct run_row *run, struct fault *fault)
{
    struct json_object *error = run_error("orphaned", "the process that executed the run died", NULL);
    enum rs_err err = db_run(change_db(change), NULL, fault,
                             "INSERT INTO run_attempt (run_id, attempt, status, started, finished, error)"
                             " SELECT id, attempt, CASE status WHEN 'running' THEN 'error' ELSE status END, started,"
                             " COALESCE(finished, $1), CASE status WHEN 'running' THEN $2 ELSE error END FROM run WHERE id = $3",
                             "itt", change_now(change), json_text(error, NULL), run->id);

    if (err == RS_OK)
        err = db_run(change_db(change), NULL, fault, "DELETE FROM run_attempt WHERE run_id = $1 AND attempt <= $2", "ti",
                     run->id, (int64_t)run->attempt - RUN_ATTEMPTS_MAX);
    json_object_put(error);
    return err;
}

static enum rs_err reset_run(struct db *db, const struct run_row *run, struct fault *fault)
{
    return db_run(db, NULL, fault,
                  "UPDATE run SET status = 'queued', attempt = $1, progress = $2, n_ended = $3, fence = $4, cancel = 0,"
                  " cancel_reason = NULL, ran = 0, started = NULL, finished = NULL, output = NULL, error = NULL, owner = NULL, lease = 0, place = NULL,"
                  " pid = 0, pid_start = 0, idle = 0 WHERE id = $5",
                  "iiiit", (int64_t)run->attempt, (int64_t)run->progress, (int64_t)run->n_ended, run->fence, run->id);
}

enum rs_err run_requeue(struct change *change, struct run_row *run, enum requeue how, struct fault *fault)
{
    struct json_object *again = json_object_new_array(), *data = NULL;
    enum rs_err err;

    if (again == NULL)
        return fault_set(fault, RS_NOMEM, "no memory for a run's nodes");
    if ((err = choose(change, run, how, again, fault)) != RS_OK || (err = keep_attempt(change, run, fault)) != RS_OK ||
        (err = reset_nodes(change, run, how, again, fault)) != RS_OK)
        goto out;
    run->status = RUN_QUEUED;
    run->attempt++;
    run->fence++;
    run->started = 0;
    run->n_ended = run->n_nodes - (int)json_object_array_length(again);
    run->progress = run->n_nodes > 0 ? (int)((int64_t)run->n_ended * 100 / run->n_nodes) : 0;
    if ((err = reset_run(change_db(change), run, fault)) != RS_OK)
        goto out;
    if ((data = run_state_data(run)) != NULL && how != REQUEUE_ALL)
        json_set(data, "nodes", json_object_get(again));
    err = run_add_event(change, run->id, how == REQUEUE_ALL ? "run.retried" : "run.resumed", data, fault);
    if (err == RS_OK)
        err = entry_follow(change, run, fault);
out:
    json_object_put(again);
    return err;
}

static enum rs_err check(const struct run_row *run, const char *org, enum requeue how, struct fault *fault)
{
    if (org != NULL && strcmp(org, run->org) != 0)
        return fault_set(fault, RS_NOT_FOUND, "there is no run %s", run->id);
    if (how == REQUEUE_FAILED && (run->status == RUN_PAUSED || (run->pause && !run_status_ended(run->status))))
        return RS_OK;
    if (!run_status_ended(run->status) || !run_may_move(run->status, RUN_QUEUED))
        return fault_set(fault, RS_CONFLICT, "run %s is %s: it can be run again when it has ended", run->id,
                         run_status_name(run->status));
    if (how == REQUEUE_FAILED && run->status == RUN_SUCCESS)
        return fault_set(fault, RS_CONFLICT, "run %s has succeeded: there is nothing left to resume", run->id);
    return RS_OK;
}

static enum rs_err requeue_ended(struct change *change, struct run_row *run, enum requeue how, struct fault *fault)
{
    enum rs_err err = run_requeue(change, run, how, fault);

    if (err == RS_OK)
        err = db_run(change_db(change), NULL, fault, "UPDATE run SET resumes = 0 WHERE id = $1", "t", run->id);
    return err;
}

static enum rs_err again(struct store *store, const char *org, const char *run_id, enum requeue how,
                         struct fault *fault)
{
    struct change *change = NULL;
    struct run_row run;
    enum rs_err err;

    if ((err = change_begin(store, &change, fault)) != RS_OK)
        return err;
    if ((err = run_row_load(store->db, run_id, &run, fault)) == RS_OK && (err = check(&run, org, how, fault)) == RS_OK)
        err = run_status_ended(run.status) ? requeue_ended(change, &run, how, fault) : run_go_on(change, &run, fault);
    if (err != RS_OK) {
        change_abort(change);
        return err;
    }
    if ((err = change_commit(change, fault)) == RS_OK) {
        if (run.status == RUN_RUNNING) /* it was only about to pause */
            run_poke(store, run.id);
        runner_poke(store->dd);
    }
    return err;
}

enum rs_err run_retry(struct store *store, const char *org, const char *run_id, struct fault *fault)
{
    return again(store, org, run_id, REQUEUE_ALL, fault);
}

enum rs_err run_resume(struct store *store, const char *org, const char *run_id, struct fault *fault)
{
    return again(store, org, run_id, REQUEUE_FAILED, fault);
}
