#include "model/run_history.h"

/* The index run_active has just those. */
#define SELECT_ACTIVE                                                                                                  \
    "SELECT id, name, workflow_id, status, started, progress, (SELECT node_id FROM node WHERE run_id = run.id AND"     \
    " node.status IN ('running', 'waiting') ORDER BY place LIMIT 1) FROM run"                                          \
    " WHERE status IN ('queued', 'running', 'paused')"

static void add_run(struct json_object *list, struct db_rows *rows)
{
    struct json_object *item = json_object_new_object();

    json_set_string(item, "id", db_text(rows, 0));
    json_set_string(item, "name", db_text(rows, 1));
    json_set_string(item, "workflow_id", db_text(rows, 2));
    json_set_string(item, "status", db_text(rows, 3));
    json_set(item, "start_time", NULL);
    json_set_time(item, "start_time", db_int(rows, 4));
    json_set_int(item, "progress", db_int(rows, 5));
    json_set(item, "current_node", NULL);
    json_set_string(item, "current_node", db_text(rows, 6));
    json_object_array_add(list, item);
}

enum rs_err runs_active(struct store *store, const char *org, struct json_object **ret, struct fault *fault)
{
    struct json_object *list = json_object_new_array();
    struct db_rows *rows = NULL;
    enum rs_err err = list != NULL ? RS_OK : fault_set(fault, RS_NOMEM, "no memory for a list");

    if (err == RS_OK && org != NULL)
        err = db_query(store->db, &rows, fault, SELECT_ACTIVE " AND org = $1 ORDER BY n LIMIT $2", "ti", org,
                       (int64_t)RUNS_ACTIVE_MAX);
    else if (err == RS_OK)
        err = db_query(store->db, &rows, fault, SELECT_ACTIVE " ORDER BY n LIMIT $1", "i", (int64_t)RUNS_ACTIVE_MAX);
    while (err == RS_OK && (err = db_next(rows, fault)) == RS_OK)
        add_run(list, rows);
    db_done(rows);
    if (err != RS_NOT_FOUND) {
        json_object_put(list);
        return err;
    }
    *ret = list;
    return RS_OK;
}
