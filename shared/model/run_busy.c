/* What becomes of a new run whose workflow has all the runs it may have: `concurrency` of the definition. */
#include "model/run_row.h"

#include <stdio.h>
#include <string.h>

struct run_concurrency run_concurrency(struct json_object *definition)
{
    struct json_object *concurrency = json_get(definition, "concurrency");
    const char *on_busy = json_get_string(concurrency, "onBusy", "queue");

    return (struct run_concurrency){
        .limit = json_get_int(concurrency, "limit", 0),
        .on_busy = strcmp(on_busy, "skip") == 0      ? ON_BUSY_SKIP
                   : strcmp(on_busy, "replace") == 0 ? ON_BUSY_REPLACE
                                                     : ON_BUSY_QUEUE,
    };
}

/* The unfinished runs of the same workflow that nobody has asked to end, but for run itself and those it belongs to: newest
 * first, from the skip-th on. */
struct others {
    char ids[RUN_REPLACE_ROWS + 1][ID_MAX + 1];
    int n;
};

static enum rs_err find_others(struct db *db, const struct run_row *run, int64_t skip, struct others *ret,
                               struct fault *fault)
{
    struct db_rows *rows = NULL;
    enum rs_err err = db_query(db, &rows, fault,
                               "WITH RECURSIVE up(id) AS (SELECT parent_run_id FROM run WHERE id = $3"
                               " UNION ALL SELECT p.parent_run_id FROM run p JOIN up ON p.id = up.id)"
                               " SELECT id FROM run WHERE org = $1 AND workflow_id = $2 AND id <> $3 AND cancel = 0"
                               " AND status IN ('queued', 'running', 'paused')"
                               " AND id NOT IN (SELECT id FROM up WHERE id IS NOT NULL)"
                               " AND n < (SELECT n FROM run WHERE id = $3) ORDER BY n DESC LIMIT $4 OFFSET $5",
                               "tttii", run->org, run->workflow_id, run->id, (int64_t)RUN_REPLACE_ROWS + 1, skip);

    ret->n = 0;
    while (err == RS_OK && ret->n <= RUN_REPLACE_ROWS && (err = db_next(rows, fault)) == RS_OK)
        snprintf(ret->ids[ret->n++], ID_MAX + 1, "%s", db_text(rows, 0));
    db_done(rows);
    return err == RS_NOT_FOUND ? RS_OK : err;
}

static enum rs_err skip(struct change *change, struct run_row *run, int64_t limit, struct fault *fault)
{
    char reason[RUN_REASON_MAX + 1];
    struct json_object *error;
    struct others others;
    enum rs_err err = find_others(change_db(change), run, limit - 1, &others, fault);

    if (err != RS_OK || others.n == 0)
        return err;
    snprintf(reason, sizeof(reason),
             "skipped: run %s of this workflow has not ended, and its concurrency allows %lld at a time (onBusy: skip)",
             others.ids[0], (long long)limit);
    error = run_error("cancelled", reason, NULL);
    err = run_finish(change, run, RUN_CANCELLED, NULL, error, NODE_CANCELLED, NULL, fault);
    json_object_put(error);
    return err;
}

static enum rs_err replace(struct change *change, const struct run_row *run, int64_t limit, bool *ret_more,
                           struct fault *fault)
{
    char reason[RUN_REASON_MAX + 1];
    struct others others;
    struct run_row other;
    enum rs_err err = find_others(change_db(change), run, limit - 1, &others, fault);
    int i;

    snprintf(reason, sizeof(reason), "replaced by run %s of the same workflow (onBusy: replace)", run->id);
    for (i = 0; err == RS_OK && i < others.n && i < RUN_REPLACE_ROWS; i++)
        if ((err = run_row_load(change_db(change), others.ids[i], &other, fault)) == RS_OK)
            err = run_cancel_row(change, &other, reason, fault);
    *ret_more = others.n > RUN_REPLACE_ROWS;
    return err;
}

enum rs_err run_busy(struct change *change, struct run_row *run, const struct run_concurrency *concurrency, bool *ret_more,
                     struct fault *fault)
{
    *ret_more = false;
    if (concurrency->limit == 0 || concurrency->on_busy == ON_BUSY_QUEUE)
        return RS_OK;
    if (concurrency->on_busy == ON_BUSY_SKIP)
        return skip(change, run, concurrency->limit, fault);
    return replace(change, run, concurrency->limit, ret_more, fault);
}

void run_poke_replaced(struct store *store, const struct run_row *run)
{
    struct db_rows *rows = NULL;
    struct others others = {.n = 0};
    int i;

    if (db_query(store->db, &rows, NULL,
                 "SELECT id FROM run WHERE org = $1 AND workflow_id = $2 AND status = 'running' AND cancel <> 0 LIMIT $3", "tti",
                 run->org, run->workflow_id, (int64_t)RUN_REPLACE_ROWS) == RS_OK)
        while (others.n < RUN_REPLACE_ROWS && db_next(rows, NULL) == RS_OK)
            snprintf(others.ids[others.n++], ID_MAX + 1, "%s", db_text(rows, 0));
    db_done(rows);
    for (i = 0; i < others.n; i++)
        run_poke(store, others.ids[i]);
}

enum rs_err run_replace_more(struct store *store, struct run_row *run, const struct run_concurrency *concurrency,
                             struct fault *fault)
{
    struct change *change = NULL;
    bool more = true;
    enum rs_err err = RS_OK;

    while (err == RS_OK && more) {
        if ((err = change_begin(store, &change, fault)) != RS_OK)
            break;
        if ((err = run_busy(change, run, concurrency, &more, fault)) == RS_OK)
            err = change_commit(change, fault);
        else
            change_abort(change);
    }
    return err;
}
