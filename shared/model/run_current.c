/* Which runs a workflow has at present, and which was its last. */
#include "model/run.h"

#include <stdio.h>

enum rs_err run_list_current(struct store *store, const char *org, const char *workflow_id,
                             struct run_current ret[RUN_CURRENT_MAX], int *ret_n, struct fault *fault)
{
    struct db_rows *rows = NULL;
    int n = 0;
    enum rs_err err = db_query(store->db, &rows, fault,
                               "SELECT id, attempt FROM run WHERE org = $1 AND workflow_id = $2"
                               " AND status IN ('queued', 'running', 'paused') ORDER BY n LIMIT $3",
                               "tti", org, workflow_id, (int64_t)RUN_CURRENT_MAX);

    while (err == RS_OK && n < RUN_CURRENT_MAX && (err = db_next(rows, fault)) == RS_OK) {
        snprintf(ret[n].id, sizeof(ret[n].id), "%s", db_text(rows, 0));
        ret[n++].attempt = db_int(rows, 1);
    }
    db_done(rows);
    if (err != RS_OK && err != RS_NOT_FOUND)
        return err;
    *ret_n = n;
    return RS_OK;
}

enum rs_err run_last_ended(struct store *store, const char *org, const char *workflow_id, char ret_id[ID_MAX + 1],
                           struct fault *fault)
{
    struct db_rows *rows = NULL;
    enum rs_err err = db_query(store->db, &rows, fault,
                               "SELECT id FROM run WHERE org = $1 AND workflow_id = $2"
                               " AND status IN ('success', 'error', 'cancelled') ORDER BY n DESC LIMIT 1",
                               "tt", org, workflow_id);

    if (err == RS_OK && (err = db_next(rows, fault)) == RS_OK)
        snprintf(ret_id, ID_MAX + 1, "%s", db_text(rows, 0));
    db_done(rows);
    return err == RS_NOT_FOUND ? fault_set(fault, err, "workflow %.*s has no ended run", ID_MAX, workflow_id) : err;
}
