#include "model/expected.h"

#include "model/run_row.h"

#include <stdio.h>
#include <string.h>

/* The times of one node, or of the runs themselves, smallest first. */
struct times {
    char id[ID_MAX + 1]; /* "": of the runs */
    int64_t ms[EXPECTED_RUNS];
    int n;
};

static int64_t median(const struct times *t)
{
    return t->n % 2 == 1 ? t->ms[t->n / 2] : (t->ms[t->n / 2 - 1] + t->ms[t->n / 2]) / 2;
}

/* Nearest rank: the smallest that at least 95 % do not exceed. */
static int64_t slow_ms(const struct times *t)
{
    int64_t slow = 2 * t->ms[(t->n * 95 + 99) / 100 - 1];

    if (t->n < EXPECTED_SLOW_RUNS)
        return 0;
    return slow > EXPECTED_SLOW_FLOOR_MS ? slow : EXPECTED_SLOW_FLOOR_MS;
}

static void conclude(const struct times *t, int64_t *ret_run_ms, struct json_object *nodes)
{
    struct json_object *pair;

    if (t->n == 0)
        return;
    if (t->id[0] == '\0') {
        *ret_run_ms = median(t);
        return;
    }
    pair = json_object_new_array();
    json_object_array_add(pair, json_object_new_int64(median(t)));
    json_object_array_add(pair, json_object_new_int64(slow_ms(t)));
    json_set(nodes, t->id, pair);
}

/* rows: id, milliseconds, ordered by both. */
static enum rs_err read_times(struct db_rows *rows, int64_t *ret_run_ms, struct json_object *nodes, struct fault *fault)
{
    struct times t = {.n = 0};
    enum rs_err err;

    while ((err = db_next(rows, fault)) == RS_OK) {
        if (strcmp(t.id, db_text(rows, 0)) != 0) {
            conclude(&t, ret_run_ms, nodes);
            t.n = 0;
            snprintf(t.id, sizeof(t.id), "%s", db_text(rows, 0));
        }
        if (t.n < EXPECTED_RUNS)
            t.ms[t.n++] = db_int(rows, 1) > 0 ? db_int(rows, 1) : 0;
    }
    conclude(&t, ret_run_ms, nodes);
    return err == RS_NOT_FOUND ? RS_OK : err;
}

enum rs_err expected_compute(struct db *db, const char *org, const char *workflow_id, int n_nodes, int64_t *ret_run_ms,
                             struct json_object **ret_nodes, struct fault *fault)
{
    int64_t n = n_nodes > 0 && EXPECTED_ROWS / n_nodes < EXPECTED_RUNS ? EXPECTED_ROWS / n_nodes : EXPECTED_RUNS;
    struct json_object *nodes = json_object_new_object();
    struct db_rows *rows = NULL;
    enum rs_err err;

    *ret_run_ms = 0;
    *ret_nodes = NULL;
    if (nodes == NULL)
        return fault_set(fault, RS_NOMEM, "no memory for a run");
    /* A run that was paused, or tried more than once, says nothing of how long one takes. */
    err = db_query(db, &rows, fault,
                   "WITH past AS (SELECT id, finished - started AS ms FROM run WHERE org = $1 AND workflow_id = $2"
                   " AND status = 'success' AND workflow_version > 0 AND ran = 0 AND attempt = 1 ORDER BY n DESC LIMIT $3)"
                   " SELECT '' AS id, ms FROM past UNION ALL"
                   " SELECT node.node_id, node.finished - node.started FROM past JOIN node ON node.run_id = past.id"
                   " WHERE node.status = 'success' AND node.started IS NOT NULL ORDER BY 1, 2",
                   "tti", org, workflow_id, n);
    if (err == RS_OK)
        err = read_times(rows, ret_run_ms, nodes, fault);
    db_done(rows);
    if (err == RS_OK && json_object_object_length(nodes) > 0)
        *ret_nodes = nodes;
    else
        json_object_put(nodes);
    return err;
}

enum rs_err expected_nodes(struct store *store, const char *run_id, struct json_object **ret_nodes, struct fault *fault)
{
    struct db_rows *rows = NULL;
    const char *text;
    enum rs_err err = db_query(store->db, &rows, fault, "SELECT expected FROM run WHERE id = $1", "t", run_id);

    *ret_nodes = NULL;
    if (err == RS_OK && (err = db_next(rows, fault)) == RS_OK && (text = db_text(rows, 0)) != NULL)
        err = json_parse(text, strlen(text), JSON_BODY_MAX, ret_nodes, fault);
    db_done(rows);
    return err;
}

static int64_t of_pair(struct json_object *nodes, const char *node_id, size_t which)
{
    return json_object_get_int64(json_object_array_get_idx(json_get_array(nodes, node_id), which));
}

int64_t expected_usual_ms(struct json_object *nodes, const char *node_id)
{
    return json_get_array(nodes, node_id) != NULL ? of_pair(nodes, node_id, 0) : 0;
}

int64_t expected_slow_ms(struct json_object *nodes, const char *node_id)
{
    return json_get_array(nodes, node_id) != NULL ? of_pair(nodes, node_id, 1) : 0;
}

static enum rs_err slow_event(struct change *change, const char *run_id, const char *node_id, int64_t expected_ms,
                              int64_t elapsed_ms, struct fault *fault)
{
    struct json_object *data = NULL;
    struct db_rows *rows = NULL;
    enum rs_err err = db_query(change_db(change), &rows, fault,
                               "SELECT kind, attempt, status FROM node WHERE run_id = $1 AND node_id = $2", "tt", run_id,
                               node_id);

    if (err == RS_OK && (err = db_next(rows, fault)) == RS_OK && (data = json_object_new_object()) != NULL) {
        json_set_string(data, "nodeId", node_id);
        json_set_string(data, "kind", db_text(rows, 0));
        json_set_int(data, "attempt", db_int(rows, 1));
        json_set_string(data, "status", db_text(rows, 2));
        json_set_int(data, "expectedMs", expected_ms);
        json_set_int(data, "elapsedMs", elapsed_ms);
    }
    db_done(rows);
    return err == RS_OK ? run_add_event(change, run_id, "node.slow", data, fault) : err;
}

enum rs_err node_slow(struct store *store, const char *run_id, int64_t fence, const char *node_id, int64_t expected_ms,
                      int64_t elapsed_ms, struct fault *fault)
{
    struct change *change = NULL;
    struct run_row run;
    int64_t changed = 0;
    enum rs_err err;

    if ((err = change_begin(store, &change, fault)) != RS_OK)
        return err;
    if ((err = run_row_fenced(store->db, run_id, fence, &run, fault)) == RS_OK)
        err = db_run(store->db, &changed, fault,
                     "UPDATE node SET slow = 1 WHERE run_id = $1 AND node_id = $2 AND status = 'running'", "tt", run_id,
                     node_id);
    if (err == RS_OK && changed != 1)
        err = fault_set(fault, RS_CONFLICT, "node %s of run %s does not run", node_id, run_id);
    if (err == RS_OK && (err = slow_event(change, run_id, node_id, expected_ms, elapsed_ms, fault)) == RS_OK)
        return change_commit(change, fault);
    change_abort(change);
    return err;
}
