/* Runs that nodes of other runs started: who their parent is, how they are claimed, and that they end with it. */
#include "model/run_row.h"

#include "base/clock.h"

#include <stdio.h>
#include <string.h>

#define CHILDREN_AT_ONCE 64

enum rs_err run_parent_set(struct change *change, const char *run_id, const struct run_parent *parent, struct fault *fault)
{
    struct db_rows *rows = NULL;
    int64_t depth = 0;
    enum rs_err err;

    if (parent == NULL)
        return RS_OK;
    err = db_query(change_db(change), &rows, fault,
                   "SELECT depth FROM run WHERE id = $1 AND fence = $2 AND status = 'running' AND cancel = 0", "ti",
                   parent->run_id, parent->fence);
    if (err == RS_OK && (err = db_next(rows, fault)) == RS_OK)
        depth = db_int(rows, 0) + 1;
    else if (err == RS_NOT_FOUND)
        err = fault_set(fault, RS_CONFLICT, "run %s was taken over, or is about to end", parent->run_id);
    db_done(rows);
    if (err == RS_OK && depth > RUN_DEPTH_MAX)
        err = fault_set(fault, RS_LIMIT, "runs may start runs that start runs, but only %d deep", RUN_DEPTH_MAX);
    if (err == RS_OK)
        err = db_run(change_db(change), NULL, fault,
                     "UPDATE run SET parent_run_id = $1, parent_node_id = $2, parent_item = $3, depth = $4 WHERE id = $5",
                     "ttiit", parent->run_id, parent->node_id, (int64_t)parent->item, depth, run_id);
    return err;
}

/* Ids of those that have not ended, and that nobody has asked to. */
static enum rs_err find_children(struct db *db, const char *run_id, char ids[][ID_MAX + 1], int *ret_n,
                                 struct fault *fault)
{
    struct db_rows *rows = NULL;
    enum rs_err err = db_query(db, &rows, fault,
                               "SELECT id FROM run WHERE parent_run_id = $1 AND cancel = 0"
                               " AND status IN ('queued', 'running', 'paused') ORDER BY n LIMIT $2",
                               "ti", run_id, (int64_t)CHILDREN_AT_ONCE);

    *ret_n = 0;
    while (err == RS_OK && *ret_n < CHILDREN_AT_ONCE && (err = db_next(rows, fault)) == RS_OK)
        snprintf(ids[(*ret_n)++], ID_MAX + 1, "%s", db_text(rows, 0));
    db_done(rows);
    return err == RS_NOT_FOUND ? RS_OK : err;
}

enum rs_err run_children_end(struct change *change, const struct run_row *run, struct fault *fault)
{
    char ids[CHILDREN_AT_ONCE][ID_MAX + 1], reason[RUN_REASON_MAX];
    struct run_row child;
    int i, n = 0;
    enum rs_err err;

    snprintf(reason, sizeof(reason), "run %s, which had started it, has ended", run->id);
    do {
        err = find_children(change_db(change), run->id, ids, &n, fault);
        for (i = 0; err == RS_OK && i < n; i++)
            if ((err = run_row_load(change_db(change), ids[i], &child, fault)) == RS_OK)
                err = run_cancel_row(change, &child, reason, fault);
    } while (err == RS_OK && n == CHILDREN_AT_ONCE);
    return err;
}

enum rs_err run_child_look(struct store *store, const char *run_id, struct run_child *ret, struct fault *fault)
{
    struct run_child child = {.status = RUN_QUEUED};
    struct db_rows *rows = NULL;
    const char *text;
    enum rs_err err = db_query(store->db, &rows, fault,
                               "SELECT status, output, error FROM run WHERE id = $1", "t", run_id);

    if (err == RS_OK && (err = db_next(rows, fault)) == RS_OK) {
        err = run_status_parse(db_text(rows, 0), &child.status);
        if (err == RS_OK && (text = db_text(rows, 1)) != NULL)
            err = json_parse(text, strlen(text), RUN_OUTPUT_MAX, &child.output, fault);
        if (err == RS_OK && (text = db_text(rows, 2)) != NULL)
            err = json_parse(text, strlen(text), RUN_ERROR_MAX, &child.error, fault);
    } else if (err == RS_NOT_FOUND) {
        err = fault_set(fault, RS_NOT_FOUND, "there is no run %.*s", ID_MAX, run_id);
    }
    db_done(rows);
    if (err == RS_OK)
        *ret = child;
    else
        run_child_release(&child);
    return err;
}

void run_child_release(struct run_child *child)
{
    json_object_put(child->output);
    json_object_put(child->error);
    *child = (struct run_child){.status = RUN_QUEUED};
}

enum rs_err run_set_idle(struct store *store, const char *run_id, int64_t fence, bool idle, struct fault *fault)
{
    int64_t changed = 0;
    enum rs_err err = db_run(store->db, &changed, fault,
                             "UPDATE run SET idle = $1 WHERE id = $2 AND fence = $3 AND status = 'running'", "iti",
                             (int64_t)idle, run_id, fence);

    if (err == RS_OK && changed != 1)
        err = fault_set(fault, RS_CONFLICT, "run %.*s was taken over or has ended", ID_MAX, run_id);
    if (err == RS_OK && idle)
        runner_poke(store->dd); /* its place is another's */
    return err;
}
