/* Ended runs that run again: retried, resumed, or as a new run. */
#include "model/approval.h"
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
                         "UPDATE node SET status = 'pending', attempt = 0, started = NULL, finished = NULL, pgid = 0,"
                         " pgid_start = 0, output = NULL, error = NULL WHERE run_id = $1 AND node_id = $2",
                         "tt", run->id, node_id);
    }
    if (err == RS_OK && how == REQUEUE_ALL)
        err = node_forget(change_db(change), run->id, fault);
    if (err == RS_OK && how == REQUEUE_ALL)
        err = approval_forget(change_db(change), run->id, fault);
    return err;
}

static enum rs_err reset_run(struct db *db, const struct run_row *run, struct fault *fault)
{
    return db_run(db, NULL, fault,
                  "UPDATE run SET status = 'queued', attempt = $1, progress = $2, n_ended = $3, fence = $4, cancel = 0,"
                  " cancel_reason = NULL, ran = 0, started = NULL, finished = NULL, output = NULL, error = NULL, owner = NULL, lease = 0, place = NULL,"
                  " pid = 0, pid_start = 0 WHERE id = $5",
                  "iiiit", (int64_t)run->attempt, (int64_t)run->progress, (int64_t)run->n_ended, run->fence, run->id);
}

enum rs_err run_requeue(struct change *change, struct run_row *run, enum requeue how, struct fault *fault)
{
    struct json_object *again = json_object_new_array(), *data = NULL;
    enum rs_err err;

    if (again == NULL)
        return fault_set(fault, RS_NOMEM, "no memory for a run's nodes");
    if ((err = choose(change, run, how, again, fault)) != RS_OK ||
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
    if ((err = change_commit(change, fault)) == RS_OK)
        runner_poke(store->dd);
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

/* What a new run of the same takes over. */
struct copy {
    char org[ID_MAX + 1], workflow_id[ID_MAX + 1], session_id[ID_MAX + 1], name[RUN_NAME_MAX + 1];
    int version, priority;
    bool session;
    struct json_object *definition, *input; /* owned */
};

static enum rs_err copy_json(const char *run_id, const char *text, struct json_object **ret, struct fault *fault)
{
    struct fault why = {0};

    if (json_parse(text, strlen(text), JSON_BODY_MAX, ret, &why) != RS_OK)
        return fault_set(fault, RS_UNPROCESSABLE, "what is stored of run %.*s cannot be read: %s", ID_MAX, run_id,
                         why.message);
    return RS_OK;
}

static enum rs_err copy_load(struct db *db, const char *org, const char *run_id, struct copy *copy, struct fault *fault)
{
    struct db_rows *rows = NULL;
    enum rs_err err = db_query(db, &rows, fault,
                               "SELECT org, workflow_id, workflow_version, session_id, name, priority, input, definition"
                               " FROM run WHERE id = $1",
                               "t", run_id);

    if (err == RS_OK)
        err = db_next(rows, fault);
    if (err == RS_NOT_FOUND || (err == RS_OK && org != NULL && strcmp(org, db_text(rows, 0)) != 0))
        err = fault_set(fault, RS_NOT_FOUND, "there is no run %.*s", ID_MAX, run_id);
    if (err == RS_OK) {
        snprintf(copy->org, sizeof(copy->org), "%s", db_text(rows, 0));
        snprintf(copy->workflow_id, sizeof(copy->workflow_id), "%s", db_text(rows, 1));
        copy->version = (int)db_int(rows, 2);
        copy->session = !db_is_null(rows, 3);
        snprintf(copy->session_id, sizeof(copy->session_id), "%s", copy->session ? db_text(rows, 3) : "");
        snprintf(copy->name, sizeof(copy->name), "%s", db_text(rows, 4));
        copy->priority = (int)db_int(rows, 5);
        err = copy_json(run_id, db_text(rows, 6), &copy->input, fault);
    }
    if (err == RS_OK)
        err = copy_json(run_id, db_text(rows, 7), &copy->definition, fault);
    db_done(rows);
    return err;
}

enum rs_err run_rerun(struct store *store, const char *org, const char *run_id, struct json_object *input,
                      struct json_object *errors, char ret_id[ID_MAX + 1], struct fault *fault)
{
    struct json_object *checked = NULL, *trigger = NULL;
    struct copy copy = {.version = 0};
    enum rs_err err = copy_load(store->db, org, run_id, &copy, fault);

    if (err == RS_OK)
        err = run_trigger(store, run_id, &trigger, fault);
    if (err == RS_OK && input != NULL)
        err = graph_check_input(copy.definition, input, errors, &checked, fault);
    if (err == RS_OK) {
        struct run_new run = {.org = copy.org,
                              .workflow_id = copy.workflow_id,
                              .workflow_version = copy.version,
                              .definition = copy.definition,
                              .input = checked != NULL ? checked : copy.input,
                              .session_id = copy.session ? copy.session_id : NULL,
                              .name = copy.name,
                              .trigger = trigger,
                              .priority = &copy.priority};

        err = run_create(store, &run, ret_id, fault);
    }
    json_object_put(copy.definition);
    json_object_put(copy.input);
    json_object_put(checked);
    json_object_put(trigger);
    return err;
}
