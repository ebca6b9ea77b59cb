/* Rows of items: written by the process that executes their run. */
#include "model/item.h"

#include "model/run_row.h"

#include <string.h>

static enum rs_err fenced(struct db *db, const char *run_id, int64_t fence, struct fault *fault)
{
    struct run_row run;
    enum rs_err err = run_row_fenced(db, run_id, fence, &run, fault);

    if (err == RS_OK && run.status != RUN_RUNNING)
        err = fault_set(fault, RS_CONFLICT, "run %s is %s", run_id, run_status_name(run.status));
    return err;
}

static enum rs_err write_one(struct db *db, const char *run_id, const char *node_id, const struct item_change *item,
                             struct fault *fault)
{
    const char *output = NULL, *error = NULL;
    enum rs_err err;

    if ((err = run_json_text(item->output, ITEM_OUTPUT_MAX, "the item's output", &output, fault)) != RS_OK ||
        (err = run_json_text(item->error, RUN_ERROR_MAX, "the item's error", &error, fault)) != RS_OK)
        return err;
    return db_run(db, NULL, fault,
                  "INSERT INTO item (run_id, node_id, idx, status, attempt, started, finished, error, output,"
                  " bytes) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) ON CONFLICT (run_id, node_id, idx) DO UPDATE SET"
                  " status = excluded.status, attempt = excluded.attempt, started = excluded.started,"
                  " finished = excluded.finished, error = excluded.error, output = excluded.output,"
                  " bytes = excluded.bytes, pgid = 0, pgid_start = 0",
                  "ttitiiitti", run_id, node_id, item->index, node_status_name(item->status), (int64_t)item->attempt,
                  item->started_ms, item->finished_ms, error, output, (int64_t)(output != NULL ? strlen(output) : 4));
}

enum rs_err items_write(struct store *store, const char *run_id, int64_t fence, const char *node_id,
                        const struct item_change *items, int n, struct fault *fault)
{
    enum rs_err err;
    int i;

    if ((err = db_begin(store->db, fault)) != RS_OK)
        return err;
    err = fenced(store->db, run_id, fence, fault);
    for (i = 0; err == RS_OK && i < n; i++)
        err = write_one(store->db, run_id, node_id, &items[i], fault);
    if (err == RS_OK)
        err = db_commit(store->db, fault);
    db_rollback(store->db);
    return err;
}

enum rs_err items_clear(struct store *store, const char *run_id, int64_t fence, const char *node_id, struct fault *fault)
{
    enum rs_err err;

    if ((err = db_begin(store->db, fault)) != RS_OK)
        return err;
    if ((err = fenced(store->db, run_id, fence, fault)) == RS_OK &&
        (err = db_run(store->db, NULL, fault, "DELETE FROM item WHERE run_id = $1 AND node_id = $2", "tt", run_id,
                      node_id)) == RS_OK)
        err = db_commit(store->db, fault);
    db_rollback(store->db);
    return err;
}

enum rs_err items_forget(struct db *db, const char *run_id, struct fault *fault)
{
    return db_run(db, NULL, fault, "DELETE FROM item WHERE run_id = $1", "t", run_id);
}

enum rs_err items_close(struct db *db, const char *run_id, const char *node_id, struct fault *fault)
{
    return db_run(db, NULL, fault,
                  "UPDATE item SET status = 'cancelled' WHERE run_id = $1 AND node_id = $2 AND status = 'running'", "tt",
                  run_id, node_id);
}

enum rs_err items_each(struct store *store, const char *run_id, const char *node_id, item_fn *fn, void *ctx,
                       struct fault *fault)
{
    enum node_status status = NODE_PENDING;
    struct db_rows *rows = NULL;
    enum rs_err err = db_query(store->db, &rows, fault,
                               "SELECT idx, status, error FROM item WHERE run_id = $1 AND node_id = $2 ORDER BY idx", "tt", run_id,
                               node_id);

    while (err == RS_OK && (err = db_next(rows, fault)) == RS_OK)
        if (node_status_parse(db_text(rows, 1), &status) == RS_OK)
            fn(ctx, db_int(rows, 0), status, db_text(rows, 2));
    db_done(rows);
    return err == RS_NOT_FOUND ? RS_OK : err;
}

enum rs_err items_outputs(struct store *store, const char *run_id, const char *node_id, item_output_fn *fn, void *ctx,
                          struct fault *fault)
{
    struct db_rows *rows = NULL;
    const char *text;
    enum rs_err err = db_query(store->db, &rows, fault,
                               "SELECT idx, COALESCE(output, 'null') FROM item WHERE run_id = $1 AND node_id = $2"
                               " AND status = 'success' ORDER BY idx",
                               "tt", run_id, node_id);

    while (err == RS_OK && (err = db_next(rows, fault)) == RS_OK) {
        text = db_text(rows, 1);
        if (!fn(ctx, db_int(rows, 0), text, strlen(text)))
            break;
    }
    db_done(rows);
    return err == RS_NOT_FOUND ? RS_OK : err;
}

enum rs_err items_bytes(struct store *store, const char *run_id, const char *node_id, int64_t *ret, struct fault *fault)
{
    struct db_rows *rows = NULL;
    enum rs_err err = db_query(store->db, &rows, fault,
                               "SELECT COALESCE(SUM(bytes), 0) FROM item WHERE run_id = $1"
                               " AND node_id = $2 AND status = 'success'",
                               "tt", run_id, node_id);

    if (err == RS_OK && (err = db_next(rows, fault)) == RS_OK)
        *ret = db_int(rows, 0);
    db_done(rows);
    return err;
}

/* Exactly one row, or the run is another's. */
static enum rs_err one_row(int64_t changed, enum rs_err err, const char *node_id, int64_t index, struct fault *fault)
{
    if (err == RS_OK && changed != 1)
        err = fault_set(fault, RS_CONFLICT, "item %lld of node %.*s is not running, or its run was taken over",
                        (long long)index, ID_MAX, node_id);
    return err;
}

#define OF_RUN " AND EXISTS (SELECT 1 FROM run WHERE id = $1 AND fence = $2 AND status = 'running')"

enum rs_err item_set_pgid(struct store *store, const char *run_id, int64_t fence, const char *node_id, int64_t index,
                          pid_t pgid, struct fault *fault)
{
    int64_t changed = 0;
    enum rs_err err = db_run(store->db, &changed, fault,
                             "UPDATE item SET pgid = $5, pgid_start = $6 WHERE run_id = $1 AND node_id = $3 AND idx = $4"
                             " AND status = 'running'" OF_RUN,
                             "titiii", run_id, fence, node_id, index, (int64_t)pgid, process_start(pgid));

    return one_row(changed, err, node_id, index, fault);
}

enum rs_err item_set_state(struct store *store, const char *run_id, int64_t fence, const char *node_id, int64_t index,
                           struct json_object *state, struct fault *fault)
{
    const char *text = NULL;
    int64_t changed = 0;
    enum rs_err err = run_json_text(state, RUN_NODE_STATE_MAX, "what the item keeps", &text, fault);

    if (err == RS_OK)
        err = db_run(store->db, &changed, fault,
                     "UPDATE item SET state = $5 WHERE run_id = $1 AND node_id = $3 AND idx = $4" OF_RUN, "titit", run_id,
                     fence, node_id, index, text);
    return one_row(changed, err, node_id, index, fault);
}

enum rs_err item_get_state(struct store *store, const char *run_id, const char *node_id, int64_t index,
                           struct json_object **ret, struct fault *fault)
{
    struct db_rows *rows = NULL;
    const char *text;
    enum rs_err err = db_query(store->db, &rows, fault,
                               "SELECT state FROM item WHERE run_id = $1 AND node_id = $2 AND idx = $3", "tti", run_id,
                               node_id, index);

    *ret = NULL;
    if (err == RS_OK && (err = db_next(rows, fault)) == RS_OK && (text = db_text(rows, 0)) != NULL)
        err = json_parse(text, strlen(text), RUN_NODE_STATE_MAX, ret, fault);
    db_done(rows);
    return err == RS_NOT_FOUND ? RS_OK : err;
}
