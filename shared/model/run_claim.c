/* Who executes a run: claims, leases, fences. A claim raises the fence; whoever holds an older one is refused. */
#include "model/run_row.h"

#include "base/clock.h"

#include <stdio.h>
#include <string.h>

void run_claim_release(struct run_claim *claim)
{
    if (claim == NULL)
        return;
    json_object_put(claim->definition);
    json_object_put(claim->input);
    *claim = (struct run_claim){0};
}

/* A JSON column; what we stored ourselves parses. */
static enum rs_err column_json(struct db_rows *rows, int column, struct json_object **ret, struct fault *fault)
{
    const char *text = db_text(rows, column);

    return json_parse(text, strlen(text), JSON_BODY_MAX, ret, fault);
}

/* RS_UNPROCESSABLE: what is stored of it cannot be read. */
static enum rs_err load(struct store *store, const char *run_id, int64_t fence, struct run_claim *ret,
                        struct fault *fault)
{
    struct run_claim claim = {.fence = fence};
    struct db_rows *rows = NULL;
    struct fault why = {0};
    enum rs_err err;

    err = db_query(store->db, &rows, fault,
                   "SELECT org, attempt, session_id, input, definition, ran FROM run"
                   " WHERE id = $1 AND fence = $2 AND status IN ('queued', 'running')",
                   "ti", run_id, fence);
    if (err != RS_OK)
        return err;
    err = db_next(rows, fault);
    if (err == RS_NOT_FOUND)
        err = fault_set(fault, RS_CONFLICT, "run %.*s is not claimed with this fence", ID_MAX, run_id);
    if (err == RS_OK) {
        snprintf(claim.id, sizeof(claim.id), "%s", run_id);
        snprintf(claim.org, sizeof(claim.org), "%s", db_text(rows, 0));
        claim.attempt = (int)db_int(rows, 1);
        claim.ran_ms = db_int(rows, 5);
        snprintf(claim.session_id, sizeof(claim.session_id), "%s", db_is_null(rows, 2) ? "" : db_text(rows, 2));
        if (column_json(rows, 3, &claim.input, &why) != RS_OK)
            err = fault_set(fault, RS_UNPROCESSABLE, "the stored input cannot be read: %s", why.message);
        else if (column_json(rows, 4, &claim.definition, &why) != RS_OK)
            err = fault_set(fault, RS_UNPROCESSABLE, "the stored definition cannot be read: %s", why.message);
    }
    db_done(rows);
    if (err == RS_OK)
        *ret = claim;
    else
        run_claim_release(&claim);
    return err;
}

/* Nobody will ever execute it: it ends, and says why. */
static enum rs_err end_unreadable(struct store *store, const char *run_id, int64_t fence, const struct fault *why,
                                  struct fault *fault)
{
    struct json_object *error = run_error("input", why->message, NULL);
    enum rs_err err = run_end(store, run_id, fence, RUN_ERROR, NULL, error, fault);

    json_object_put(error);
    return err;
}

enum rs_err run_claim_load(struct store *store, const char *run_id, int64_t fence, struct run_claim *ret,
                           struct fault *fault)
{
    struct fault why = {0};
    enum rs_err err = load(store, run_id, fence, ret, &why);

    if (err == RS_OK)
        return err;
    if (err != RS_UNPROCESSABLE)
        return fault_set(fault, err, "%s", why.message);
    if ((err = end_unreadable(store, run_id, fence, &why, fault)) != RS_OK)
        return err;
    return fault_set(fault, RS_CONFLICT, "run %.*s has ended: %s", ID_MAX, run_id, why.message);
}

/* Inside a transaction: take it if it is still as it was read. */
static enum rs_err take(struct db *db, const char *run_id, int64_t fence, const char *owner, int64_t now,
                        struct fault *fault)
{
    int64_t changed = 0;
    enum rs_err err = db_run(db, &changed, fault,
                             "UPDATE run SET owner = $1, fence = fence + 1, lease = $2, place = NULL, pid = 0, pid_start = 0"
                             " WHERE id = $3 AND fence = $4 AND status = 'queued'",
                             "titi", owner, now + RUN_LEASE_MS, run_id, fence);

    if (err == RS_OK && changed != 1)
        err = fault_set(fault, RS_CONFLICT, "run %s was claimed by another process", run_id);
    return err;
}

/* What counts against a limit: running, or claimed and about to be. A wrapped command needs no place of a runner. */
#define UNDER_WAY "o.lease > 0 AND (o.lease > $1 OR o.status <> 'queued')"
/* What waits for a person. */
#define HELD                                                                                                           \
    "(EXISTS (SELECT 1 FROM queue_state q WHERE q.org = r.org AND q.paused <> 0) OR"                                   \
    " EXISTS (SELECT 1 FROM workflow w WHERE w.org = r.org AND w.id = r.workflow_id AND w.paused <> 0))"

/* What the process of its parent executes, as long as that lives. */
#define A_CHILD                                                                                                        \
    "(r.parent_run_id IS NOT NULL AND EXISTS (SELECT 1 FROM run p WHERE p.id = r.parent_run_id"                        \
    " AND p.status IN ('queued', 'running', 'paused')))"

/* One that its caller wants to begin after another (model/assistant.h). */
#define NOT_ITS_TURN                                                                                                   \
    "EXISTS (SELECT 1 FROM assistant_run a JOIN run b ON b.id = a.after_run_id WHERE a.run_id = r.id"                  \
    " AND b.status IN ('queued', 'running', 'paused'))"

/* The oldest of the highest priority whose workflow has room, while fewer than max_runs are under way. */
static enum rs_err find_next(struct db *db, int64_t now, int64_t max_runs, char run_id[ID_MAX + 1], int64_t *fence,
                             struct fault *fault)
{
    struct db_rows *rows = NULL;
    /* Counted once, in the index of leased runs, not again for each of the thousands that may wait. */
    enum rs_err err = db_query(db, &rows, fault,
                               "WITH under_way AS MATERIALIZED (SELECT o.org, o.workflow_id, COUNT(*) AS n,"
                               " SUM(CASE WHEN o.owner LIKE 'wrap-%' OR o.idle <> 0 THEN 0 ELSE 1 END) AS n_places"
                               " FROM run o WHERE " UNDER_WAY " GROUP BY o.org, o.workflow_id)"
                               " SELECT r.id, r.fence FROM run r"
                               " WHERE r.status = 'queued' AND r.lease <= $1 AND r.cancel = 0"
                               " AND (CAST($2 AS BIGINT) = 0"
                               " OR CAST($2 AS BIGINT) > (SELECT COALESCE(SUM(n_places), 0) FROM under_way))"
                               " AND (r.concurrency = 0 OR NOT EXISTS (SELECT 1 FROM under_way u WHERE u.org = r.org"
                               " AND u.workflow_id = r.workflow_id AND u.n >= r.concurrency))"
                               " AND NOT " HELD " AND NOT " A_CHILD " AND NOT " NOT_ITS_TURN " ORDER BY r.priority DESC, r.n LIMIT 1",
                               "ii", now, max_runs);

    if (err == RS_OK && (err = db_next(rows, fault)) == RS_OK) {
        snprintf(run_id, ID_MAX + 1, "%s", db_text(rows, 0));
        *fence = db_int(rows, 1);
    }
    db_done(rows);
    return err;
}

static enum rs_err claim_next(struct store *store, const char *owner, int max_runs, char run_id[ID_MAX + 1],
                              int64_t *fence, struct fault *fault)
{
    int64_t now = clock_wall_ms();
    enum rs_err err;

    /* Most looks find nothing: see that without waiting for a writer. */
    if ((err = find_next(store->db, now, max_runs, run_id, fence, fault)) != RS_OK)
        return err;
    if ((err = db_begin(store->db, fault)) != RS_OK)
        return err;
    if ((err = find_next(store->db, now, max_runs, run_id, fence, fault)) == RS_OK &&
        (err = take(store->db, run_id, *fence, owner, now, fault)) == RS_OK)
        err = db_commit(store->db, fault);
    db_rollback(store->db);
    ++*fence;
    return err;
}

static enum rs_err find_child(struct db *db, int64_t now, const char *run_id, int64_t *fence, struct fault *fault)
{
    struct db_rows *rows = NULL;
    enum rs_err err = db_query(db, &rows, fault,
                               "SELECT r.fence FROM run r"
                               " WHERE r.id = $2 AND r.status = 'queued' AND r.lease <= $1 AND r.cancel = 0"
                               " AND (r.concurrency = 0 OR r.concurrency > (SELECT COUNT(*) FROM run o"
                               " WHERE o.org = r.org AND o.workflow_id = r.workflow_id AND " UNDER_WAY
                               " AND o.id NOT IN (WITH RECURSIVE up(id) AS"
                               " (SELECT parent_run_id FROM run WHERE id = $2"
                               " UNION ALL SELECT p.parent_run_id FROM run p JOIN up ON p.id = up.id)"
                               " SELECT id FROM up WHERE id IS NOT NULL)))"
                               " AND NOT " HELD,
                               "it", now, run_id);

    if (err == RS_OK && (err = db_next(rows, fault)) == RS_OK)
        *fence = db_int(rows, 0);
    db_done(rows);
    return err;
}

enum rs_err run_claim_child(struct store *store, const char *run_id, const char *owner, int64_t *ret_fence,
                            struct fault *fault)
{
    int64_t now = clock_wall_ms(), fence = 0;
    enum rs_err err;

    if ((err = db_begin(store->db, fault)) != RS_OK)
        return err;
    if ((err = find_child(store->db, now, run_id, &fence, fault)) == RS_OK &&
        (err = take(store->db, run_id, fence, owner, now, fault)) == RS_OK)
        err = db_commit(store->db, fault);
    db_rollback(store->db);
    if (err == RS_OK)
        *ret_fence = fence + 1;
    return err;
}

enum rs_err run_claim_within(struct store *store, const char *owner, int max_runs, struct run_claim *ret,
                             struct fault *fault)
{
    char run_id[ID_MAX + 1];
    struct fault why = {0};
    int64_t fence = 0;
    enum rs_err err;

    for (;;) {
        if ((err = claim_next(store, owner, max_runs, run_id, &fence, fault)) != RS_OK)
            return err;
        if ((err = load(store, run_id, fence, ret, &why)) == RS_OK)
            return err;
        if (err != RS_UNPROCESSABLE)
            return fault_set(fault, err, "%s", why.message);
        if ((err = end_unreadable(store, run_id, fence, &why, fault)) != RS_OK)
            return err;
    }
}

enum rs_err run_claim_next(struct store *store, const char *owner, struct run_claim *ret, struct fault *fault)
{
    return run_claim_within(store, owner, 0, ret, fault);
}

enum rs_err run_claim_id(struct store *store, const char *run_id, const char *owner, struct run_claim *ret,
                         struct fault *fault)
{
    int64_t now = clock_wall_ms();
    struct run_row run;
    enum rs_err err;

    if ((err = db_begin(store->db, fault)) != RS_OK)
        return err;
    if ((err = run_row_load(store->db, run_id, &run, fault)) == RS_OK) {
        if (run.status != RUN_QUEUED)
            err = fault_set(fault, RS_CONFLICT, "run %s is %s", run_id, run_status_name(run.status));
        else if (run.lease > now)
            err = fault_set(fault, RS_CONFLICT, "run %s was claimed by another process", run_id);
        else if (run.cancel)
            err = fault_set(fault, RS_CONFLICT, "run %s is about to be cancelled", run_id);
        else
            err = take(store->db, run_id, run.fence, owner, now, fault);
    }
    if (err == RS_OK)
        err = db_commit(store->db, fault);
    db_rollback(store->db);
    return err == RS_OK ? run_claim_load(store, run_id, run.fence + 1, ret, fault) : err;
}

enum rs_err run_count_active(struct store *store, int *ret_n, struct fault *fault)
{
    struct db_rows *rows = NULL;
    enum rs_err err = db_query(store->db, &rows, fault,
                               "SELECT COUNT(*) FROM run r WHERE r.status IN ('queued', 'running')"
                               " AND (r.owner IS NULL OR r.owner NOT LIKE 'wrap-%')"
                               " AND NOT (r.status = 'queued' AND " HELD ")",
                               "");

    if (err == RS_OK && (err = db_next(rows, fault)) == RS_OK)
        *ret_n = (int)db_int(rows, 0);
    db_done(rows);
    return err;
}

static enum rs_err note_process(struct db *db, const char *run_id, int64_t fence, pid_t pid, struct fault *fault)
{
    char place[PROCESS_PLACE_MAX];

    return db_run(db, NULL, fault, "UPDATE run SET place = $1, pid = $2, pid_start = $3 WHERE id = $4 AND fence = $5",
                  "tiiti", process_place(place), (int64_t)pid, process_start(pid), run_id, fence);
}

enum rs_err run_lease(struct store *store, const char *run_id, int64_t fence, pid_t pid, enum run_wish *ret_wish,
                      struct fault *fault)
{
    int64_t changed = 0;
    struct run_row run;
    enum rs_err err;

    if ((err = db_begin(store->db, fault)) != RS_OK)
        return err;
    err = db_run(store->db, &changed, fault,
                 "UPDATE run SET lease = $1 WHERE id = $2 AND fence = $3 AND status IN ('queued', 'running')", "iti",
                 clock_wall_ms() + RUN_LEASE_MS, run_id, fence);
    if (err == RS_OK && changed != 1)
        err = fault_set(fault, RS_CONFLICT, "run %.*s was taken over or has ended", ID_MAX, run_id);
    if (err == RS_OK && pid > 0)
        err = note_process(store->db, run_id, fence, pid, fault);
    if (err == RS_OK && (err = run_row_load(store->db, run_id, &run, fault)) == RS_OK)
        err = db_commit(store->db, fault);
    db_rollback(store->db);
    if (err == RS_OK)
        *ret_wish = run.cancel ? RUN_WISH_CANCEL : run.pause ? RUN_WISH_PAUSE : RUN_WISH_NONE;
    return err;
}
