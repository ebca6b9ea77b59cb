/* Items as readers see them. */
#include "model/item.h"

#include "model/list_page.h"
#include "model/run_row.h"

#include <string.h>

static struct json_object *stored_json(const char *text)
{
    struct json_object *value = NULL;

    if (text == NULL || json_parse(text, strlen(text), ITEM_OUTPUT_MAX, &value, NULL) != RS_OK)
        return NULL;
    return value;
}

static struct json_object *item_of(struct db_rows *rows)
{
    struct json_object *item = json_object_new_object();
    int64_t started = db_int(rows, 3), finished = db_int(rows, 4);

    if (item == NULL)
        return NULL;
    json_set_int(item, "index", db_int(rows, 0));
    json_set_string(item, "status", db_text(rows, 1));
    json_set_int(item, "attempt", db_int(rows, 2));
    json_set_time(item, "startedAt", started);
    json_set_time(item, "finishedAt", finished);
    if (started > 0 && finished > 0)
        json_set_int(item, "durationMs", run_duration(started, finished));
    json_set(item, "output", stored_json(db_text(rows, 5)));
    json_set(item, "error", stored_json(db_text(rows, 6)));
    return item;
}

static enum rs_err put_counts(struct db *db, const char *run_id, const char *node_id, struct json_object *answer,
                              struct fault *fault)
{
    struct json_object *counts = json_object_new_object();
    struct db_rows *rows = NULL;
    enum rs_err err = db_query(db, &rows, fault,
                               "SELECT status, COUNT(*) FROM item WHERE run_id = $1 AND node_id = $2 GROUP BY status", "tt",
                               run_id, node_id);

    while (err == RS_OK && (err = db_next(rows, fault)) == RS_OK)
        json_set_int(counts, db_text(rows, 0), db_int(rows, 1));
    db_done(rows);
    json_set(answer, "counts", counts);
    return err == RS_NOT_FOUND ? RS_OK : err;
}

/* The run is the org's, and has the node. */
static enum rs_err check_node(struct db *db, const char *org, const char *run_id, const char *node_id,
                              struct fault *fault)
{
    struct db_rows *rows = NULL;
    enum rs_err err = db_query(db, &rows, fault,
                               "SELECT r.org FROM node n JOIN run r ON r.id = n.run_id WHERE n.run_id = $1 AND n.node_id = $2",
                               "tt", run_id, node_id);

    if (err == RS_OK)
        err = db_next(rows, fault);
    if (err == RS_NOT_FOUND || (err == RS_OK && org != NULL && strcmp(org, db_text(rows, 0)) != 0))
        err = fault_set(fault, RS_NOT_FOUND, "there is no run %.*s with a node %.*s", ID_MAX, run_id, ID_MAX, node_id);
    db_done(rows);
    return err;
}

enum rs_err items_list(struct store *store, const char *org, const char *run_id, const char *node_id, const char *status,
                       int limit, const char *cursor, struct json_object **ret, struct fault *fault)
{
    struct json_object *answer = NULL;
    enum node_status known = NODE_PENDING;
    struct db_rows *rows = NULL;
    int64_t after;
    enum rs_err err = list_page_cursor(cursor, -1, &after, fault);

    if (err == RS_OK && status != NULL && node_status_parse(status, &known) != RS_OK)
        err = fault_set(fault, RS_INVALID, "no status of an item: use running, success, error or cancelled");
    if (err == RS_OK)
        err = check_node(store->db, org, run_id, node_id, fault);
    if (err == RS_OK)
        err = db_query(store->db, &rows, fault,
                       "SELECT idx, status, attempt, started, finished, output, error FROM item WHERE run_id = $1"
                       " AND node_id = $2 AND idx > $3 AND (CAST($4 AS TEXT) IS NULL OR status = $4) ORDER BY idx LIMIT $5",
                       "ttiti", run_id, node_id, after, status, (int64_t)limit + 1);
    if (err == RS_OK)
        err = list_page_read(rows, limit, item_of, &answer, fault);
    db_done(rows);
    if (err == RS_OK)
        err = put_counts(store->db, run_id, node_id, answer, fault);
    if (err == RS_OK)
        *ret = answer;
    else
        json_object_put(answer);
    return err;
}
