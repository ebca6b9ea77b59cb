/* Runs whose executor is gone: found, and ended truthfully. */
#include "model/run_row.h"

#include "base/clock.h"
#include "event/eventlog.h"

#include <stdio.h>
#include <string.h>

#define ORPHAN_PGIDS_MAX ((int)(sizeof(((struct run_orphan *)0)->pgids) / sizeof(pid_t)))

/* Is the process group still the one noted? Its leader may be gone while others of the group live: then the number is
 * still theirs. */
static bool group_is(pid_t pgid, int64_t start)
{
    int64_t now = process_start(pgid);

    return now == 0 || now == start;
}

static enum rs_err load_groups(struct db *db, struct run_orphan *orphan, struct fault *fault)
{
    struct db_rows *rows = NULL;
    enum rs_err err = db_query(db, &rows, fault,
                               "SELECT pgid, pgid_start FROM node WHERE run_id = $1 AND status IN ('running', 'waiting')"
                               " AND pgid > 0 UNION ALL SELECT pgid, pgid_start FROM item WHERE run_id = $1"
                               " AND status = 'running' AND pgid > 0",
                               "t", orphan->id);

    while (err == RS_OK && orphan->n_pgids < ORPHAN_PGIDS_MAX && (err = db_next(rows, fault)) == RS_OK)
        if (group_is((pid_t)db_int(rows, 0), db_int(rows, 1)))
            orphan->pgids[orphan->n_pgids++] = (pid_t)db_int(rows, 0);
    db_done(rows);
    return err == RS_NOT_FOUND ? RS_OK : err;
}

enum rs_err run_orphans(struct store *store, struct run_orphan *ret, int max, int *ret_n, struct fault *fault)
{
    char here[PROCESS_PLACE_MAX];
    int64_t now = clock_wall_ms(), lease;
    struct db_rows *rows = NULL;
    bool local, alive;
    int n = 0, i;
    enum rs_err err;

    process_place(here);
    err = db_query(store->db, &rows, fault,
                   "SELECT id, fence, lease, place, pid, pid_start FROM run"
                   " WHERE status IN ('queued', 'running') AND owner IS NOT NULL ORDER BY n",
                   "");
    while (err == RS_OK && n < max && (err = db_next(rows, fault)) == RS_OK) {
        lease = db_int(rows, 2);
        local = db_int(rows, 4) > 0 && !db_is_null(rows, 3) && strcmp(db_text(rows, 3), here) == 0;
        alive = local && process_start((pid_t)db_int(rows, 4)) == db_int(rows, 5) && db_int(rows, 5) != 0;
        if (alive ? lease + RUN_STUCK_MS - RUN_LEASE_MS > now : !local && lease > now)
            continue;
        ret[n] = (struct run_orphan){
            .fence = db_int(rows, 1), .lease_ms = lease, .pid = alive ? (pid_t)db_int(rows, 4) : 0};
        snprintf(ret[n].id, sizeof(ret[n].id), "%s", db_text(rows, 0));
        ret[n].n_pgids = local ? 0 : -1;
        n++;
    }
    db_done(rows);
    if (err == RS_NOT_FOUND)
        err = RS_OK;
    for (i = 0; err == RS_OK && i < n; i++) {
        if (ret[i].n_pgids == 0)
            err = load_groups(store->db, &ret[i], fault);
        else
            ret[i].n_pgids = 0; /* elsewhere: nothing we could kill */
    }
    if (err == RS_OK)
        *ret_n = n;
    return err;
}

static struct json_object *node_data(struct json_object *definition, const char *node_id)
{
    struct json_object *nodes = json_get_array(definition, "nodes"), *node;
    size_t i;

    for (i = 0; nodes != NULL && i < json_object_array_length(nodes); i++) {
        node = json_object_array_get_idx(nodes, i);
        if (strcmp(json_get_string(node, "id", ""), node_id) == 0)
            return json_get(node, "data");
    }
    return NULL;
}

/* The definition, when the run may be resumed once more; NULL: it may not. *ret: owned. */
static enum rs_err resumable(struct db *db, const char *run_id, struct json_object **ret, struct fault *fault)
{
    struct db_rows *rows = NULL;
    const char *text;
    enum rs_err err = db_query(db, &rows, fault, "SELECT resumes, definition FROM run WHERE id = $1", "t", run_id);

    if (err == RS_OK && (err = db_next(rows, fault)) == RS_OK && db_int(rows, 0) < RUN_RESUMES_MAX) {
        text = db_text(rows, 1);
        if (json_parse(text, strlen(text), JSON_BODY_MAX, ret, NULL) != RS_OK)
            *ret = NULL; /* it will never be executed */
    }
    db_done(rows);
    return err;
}

static enum rs_err may_resume(struct db *db, const struct run_row *run, bool *ret, struct fault *fault)
{
    struct json_object *definition = NULL;
    struct db_rows *rows = NULL;
    const struct kind *kind;
    bool may;
    enum rs_err err = resumable(db, run->id, &definition, fault);

    may = definition != NULL;
    if (err == RS_OK)
        err = db_query(db, &rows, fault,
                       "SELECT node_id, kind FROM node WHERE run_id = $1 AND status IN ('running', 'waiting')", "t",
                       run->id);
    while (err == RS_OK && (err = db_next(rows, fault)) == RS_OK) {
        kind = kind_find(db_text(rows, 1));
        may = may && kind != NULL && kind_may_repeat(kind, node_data(definition, db_text(rows, 0)));
    }
    db_done(rows);
    json_object_put(definition);
    *ret = may;
    return err == RS_NOT_FOUND ? RS_OK : err;
}

static enum rs_err resume_row(struct change *change, struct run_row *run, struct fault *fault)
{
    enum rs_err err = run_requeue(change, run, REQUEUE_INTERRUPTED, fault);

    if (err == RS_OK && run->pause)
        err = run_hold(change, run, fault);
    if (err == RS_OK)
        err = db_run(change_db(change), NULL, fault, "UPDATE run SET resumes = resumes + 1 WHERE id = $1", "t", run->id);
    return err;
}

/* Inside a transaction. */
static enum rs_err end_row(struct change *change, struct run_row *run, bool resume, struct fault *fault)
{
    struct json_object *error;
    enum rs_err err;

    if (resume && run->status == RUN_RUNNING && !run->cancel &&
        ((err = may_resume(change_db(change), run, &resume, fault)) != RS_OK || resume))
        return err == RS_OK ? resume_row(change, run, fault) : err;

    if (run->status == RUN_QUEUED && !run->cancel && run->pause)
        return run_hold(change, run, fault);
    if (run->status == RUN_QUEUED && !run->cancel)
        return db_run(change_db(change), NULL, fault,
                      "UPDATE run SET owner = NULL, lease = 0, place = NULL, pid = 0, pid_start = 0 WHERE id = $1", "t",
                      run->id);
    if (run->cancel) {
        error = run_error("cancelled", "cancelled", NULL);
        err = run_finish(change, run, RUN_CANCELLED, NULL, error, NODE_CANCELLED, error, fault);
    } else {
        error = run_error("orphaned", "the process that executed the run died", NULL);
        err = run_finish(change, run, RUN_ERROR, NULL, error, NODE_ERROR, error, fault);
    }
    json_object_put(error);
    return err;
}

char *run_producer(const char *run_id, int64_t fence, char out[ID_MAX + 1])
{
    snprintf(out, ID_MAX + 1, "run-%.*s-%lld", ID_MAX - 32, run_id, (long long)fence);
    return out;
}

/* Everything of the producer counts as seen from now on: the log drops what may still lie in a socket. An entry that is
 * refused does just that. */
static enum rs_err silence(struct store *store, const struct run_orphan *orphan, struct fault *fault)
{
    char producer[ID_MAX + 1];
    struct eventlog_entry last = {.stream = "", .type = "", .data = "{}", .data_len = 2,
                                  .producer = run_producer(orphan->id, orphan->fence, producer), .producer_seq = INT64_MAX};
    struct eventlog *log = NULL;
    enum rs_err err = eventlog_open(store->dd, EVENTLOG_WRITE, store_owner, (void *)store->dd, &log, fault);

    if (err == RS_OK)
        err = eventlog_append(log, &last, 1, fault);
    eventlog_close(log);
    return err;
}

enum rs_err run_orphan_take(struct store *store, struct run_orphan *orphan, struct fault *fault)
{
    int64_t changed = 0;
    enum rs_err err = db_run(store->db, &changed, fault,
                             "UPDATE run SET fence = fence + 1, lease = $1, place = NULL, pid = 0, pid_start = 0"
                             " WHERE id = $2 AND fence = $3 AND status IN ('queued', 'running')",
                             "iti", clock_wall_ms() + RUN_LEASE_MS, orphan->id, orphan->fence);

    if (err == RS_OK && changed != 1)
        err = fault_set(fault, RS_CONFLICT, "run %s was taken over by another process, or has ended", orphan->id);
    if (err == RS_OK)
        orphan->taken = orphan->fence + 1;
    return err;
}

enum rs_err run_orphan_end(struct store *store, const struct run_orphan *orphan, enum run_status *ret_status,
                           struct fault *fault)
{
    bool resume = config_is(store->dd->config, "runner.orphan", "resume");
    struct change *change = NULL;
    struct run_row run;
    enum rs_err err;

    if ((err = silence(store, orphan, fault)) != RS_OK || (err = change_begin(store, &change, fault)) != RS_OK)
        return err;
    if ((err = run_row_fenced(store->db, orphan->id, orphan->taken > 0 ? orphan->taken : orphan->fence, &run,
                              fault)) == RS_OK &&
        run.status != RUN_QUEUED && run.status != RUN_RUNNING)
        err = fault_set(fault, RS_CONFLICT, "run %s is %s", run.id, run_status_name(run.status));
    if (err == RS_OK)
        err = db_run(store->db, NULL, fault, "UPDATE run SET fence = fence + 1 WHERE id = $1", "t", run.id);
    run.fence++;
    if (err == RS_OK && (err = end_row(change, &run, resume, fault)) == RS_OK)
        err = change_commit(change, fault);
    else
        change_abort(change);
    if (err != RS_OK)
        return err;
    *ret_status = run.status;
    runner_poke(store->dd); /* it may be queued again, or have held its workflow's only place */
    return RS_OK;
}
