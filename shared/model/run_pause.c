/* Runs that pause: no further node begins, those that run end; then nobody executes it until it goes on. And what a person
 * changes of one that waits. */
#include "model/entry.h"
#include "model/run_row.h"

#include <stdio.h>
#include <string.h>

enum rs_err run_hold(struct change *change, struct run_row *run, struct fault *fault)
{
    enum rs_err err;

    if (!run_may_move(run->status, RUN_PAUSED))
        return fault_set(fault, RS_CONFLICT, "run %s is %s", run->id, run_status_name(run->status));
    run->status = RUN_PAUSED;
    run->pause = false;
    err = db_run(change_db(change), NULL, fault,
                 "UPDATE run SET status = 'paused', pause = 0, fence = fence + 1, owner = NULL, lease = 0, place = NULL,"
                 " pid = 0, pid_start = 0, idle = 0 WHERE id = $1",
                 "t", run->id);
    if (err == RS_OK)
        err = run_state_event(change, run, "run.paused", NULL, NULL, -1, fault);
    return err == RS_OK ? entry_follow(change, run, fault) : err;
}

static enum rs_err own_row(struct db *db, const char *org, const char *run_id, struct run_row *run, struct fault *fault)
{
    enum rs_err err = run_row_load(db, run_id, run, fault);

    if (err == RS_OK && org != NULL && strcmp(org, run->org) != 0)
        err = fault_set(fault, RS_NOT_FOUND, "there is no run %.*s", ID_MAX, run_id);
    return err;
}

/* Inside a transaction: hold it if nobody has it, else leave the wish. */
static enum rs_err pause_row(struct change *change, struct run_row *run, struct fault *fault)
{
    if (run_status_ended(run->status))
        return fault_set(fault, RS_CONFLICT, "run %s has ended (%s)", run->id, run_status_name(run->status));
    if (run->wrapped)
        return fault_set(fault, RS_CONFLICT, "run %s is one command that `runspool wrap` executes: it has no node to stop at",
                         run->id);
    if (run->cancel)
        return fault_set(fault, RS_CONFLICT, "run %s is about to be cancelled", run->id);
    if (run->status == RUN_PAUSED)
        return RS_OK;
    if (run->status == RUN_RUNNING || run->lease > change_now(change)) {
        run->pause = true;
        return db_run(change_db(change), NULL, fault, "UPDATE run SET pause = 1 WHERE id = $1", "t", run->id);
    }
    return run_hold(change, run, fault);
}

static enum rs_err unpause_row(struct change *change, struct run_row *run, struct fault *fault)
{
    if (run->status != RUN_PAUSED && (run_status_ended(run->status) || !run->pause))
        return fault_set(fault, RS_CONFLICT, "run %s is %s, not paused", run->id, run_status_name(run->status));
    return run_go_on(change, run, fault);
}

typedef enum rs_err row_fn(struct change *change, struct run_row *run, struct fault *fault);

static enum rs_err change_row(struct store *store, const char *org, const char *run_id, row_fn *fn,
                              enum run_status *ret_status, struct fault *fault)
{
    struct change *change = NULL;
    struct run_row run;
    enum rs_err err;

    if ((err = change_begin(store, &change, fault)) != RS_OK)
        return err;
    if ((err = own_row(store->db, org, run_id, &run, fault)) != RS_OK ||
        (err = fn(change, &run, fault)) != RS_OK) {
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

enum rs_err run_pause(struct store *store, const char *org, const char *run_id, enum run_status *ret_status,
                      struct fault *fault)
{
    return change_row(store, org, run_id, pause_row, ret_status, fault);
}

enum rs_err run_unpause(struct store *store, const char *org, const char *run_id, enum run_status *ret_status,
                        struct fault *fault)
{
    return change_row(store, org, run_id, unpause_row, ret_status, fault);
}

enum rs_err run_pause_now(struct store *store, const char *run_id, int64_t fence, int64_t ran_ms, bool *ret_paused,
                          struct fault *fault)
{
    struct change *change = NULL;
    struct run_row run;
    bool paused = false;
    enum rs_err err;

    if ((err = change_begin(store, &change, fault)) != RS_OK)
        return err;
    if ((err = run_row_fenced(store->db, run_id, fence, &run, fault)) == RS_OK && run.pause && !run.cancel) {
        paused = true;
        if ((err = db_run(store->db, NULL, fault, "UPDATE run SET ran = $1 WHERE id = $2", "it", ran_ms, run_id)) == RS_OK)
            err = run_hold(change, &run, fault);
    }
    if (err == RS_OK)
        err = change_commit(change, fault);
    else
        change_abort(change);
    if (err == RS_OK)
        *ret_paused = paused;
    return err;
}

enum rs_err run_go_on(struct change *change, struct run_row *run, struct fault *fault)
{
    struct json_object *data;
    enum rs_err err;

    if (run->status != RUN_PAUSED) { /* it was only asked to */
        run->pause = false;
        return db_run(change_db(change), NULL, fault, "UPDATE run SET pause = 0 WHERE id = $1", "t", run->id);
    }
    run->status = RUN_QUEUED;
    if ((err = db_run(change_db(change), NULL, fault, "UPDATE run SET status = 'queued' WHERE id = $1", "t", run->id)) != RS_OK)
        return err;
    if ((data = run_state_data(run)) != NULL)
        json_set(data, "nodes", json_object_new_array()); /* none begins again */
    err = run_add_event(change, run->id, "run.resumed", data, fault);
    return err == RS_OK ? entry_follow(change, run, fault) : err;
}

enum rs_err run_set_priority(struct store *store, const char *org, const char *run_id, int64_t priority, struct fault *fault)
{
    struct change *change = NULL;
    struct run_row run;
    enum rs_err err;

    if (priority < -RUN_PRIORITY_MAX || priority > RUN_PRIORITY_MAX)
        return fault_set(fault, RS_INVALID, "a priority is a whole number from %d to %d", -RUN_PRIORITY_MAX, RUN_PRIORITY_MAX);
    if ((err = change_begin(store, &change, fault)) != RS_OK)
        return err;
    if ((err = own_row(store->db, org, run_id, &run, fault)) == RS_OK && run.status != RUN_QUEUED && run.status != RUN_PAUSED)
        err = fault_set(fault, RS_CONFLICT, "run %s is %s: its priority is of no use any more", run.id,
                        run_status_name(run.status));
    if (err == RS_OK)
        err = db_run(store->db, NULL, fault, "UPDATE run SET priority = $1 WHERE id = $2", "it", priority, run_id);
    if (err == RS_OK && (err = entry_priority(change, &run, priority, fault)) == RS_OK)
        return change_commit(change, fault);
    change_abort(change);
    return err;
}
