/* What a node's kind keeps for the next process that executes it. */
#include "model/run_row.h"

#include <string.h>

enum rs_err node_set_state(struct store *store, const char *run_id, int64_t fence, const char *node_id,
                           struct json_object *state, struct fault *fault)
{
    const char *text = NULL;
    int64_t changed = 0;
    enum rs_err err = run_json_text(state, RUN_NODE_STATE_MAX, "what the node keeps", &text, fault);

    if (err == RS_OK)
        err = db_run(store->db, &changed, fault,
                     "UPDATE node SET state = $1 WHERE run_id = $2 AND node_id = $3"
                     " AND EXISTS (SELECT 1 FROM run WHERE id = $2 AND fence = $4 AND status = 'running')",
                     "ttti", text, run_id, node_id, fence);
    if (err == RS_OK && changed != 1)
        err = fault_set(fault, RS_CONFLICT, "run %.*s was taken over, or has no node %.*s", ID_MAX, run_id, ID_MAX,
                        node_id);
    return err;
}

enum rs_err node_get_state(struct store *store, const char *run_id, const char *node_id, struct json_object **ret,
                           struct fault *fault)
{
    struct db_rows *rows = NULL;
    const char *text;
    enum rs_err err = db_query(store->db, &rows, fault, "SELECT state FROM node WHERE run_id = $1 AND node_id = $2", "tt",
                               run_id, node_id);

    *ret = NULL;
    if (err == RS_OK && (err = db_next(rows, fault)) == RS_OK && (text = db_text(rows, 0)) != NULL)
        err = json_parse(text, strlen(text), RUN_NODE_STATE_MAX, ret, fault);
    else if (err == RS_NOT_FOUND)
        err = fault_set(fault, RS_NOT_FOUND, "run %.*s has no node %.*s", ID_MAX, run_id, ID_MAX, node_id);
    db_done(rows);
    return err;
}

enum rs_err node_forget(struct db *db, const char *run_id, struct fault *fault)
{
    return db_run(db, NULL, fault, "UPDATE node SET state = NULL WHERE run_id = $1", "t", run_id);
}
