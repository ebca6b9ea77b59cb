/* Runs as readers see them: one whole record, and pages of short ones. */
#include "model/run_row.h"

#include "base/clock.h"
#include "model/model_usage.h"
#include "model/expected.h"
#include "model/list_page.h"
#include "model/params.h"

#include <string.h>

#define LIST_SQL_MAX 1024

/* What a list and a record share; rows: these columns first. */
#define HEAD_COLUMNS                                                                                                   \
    "n, id, workflow_id, workflow_version, name, status, org, created, started, finished, progress, attempt, crew_id," \
    " session_id, error, priority, pause, expected_ms, parent_run_id, parent_node_id, parent_item, depth"
enum { PARENT = 18, CONTENTS = 22 };

static struct json_object *stored_json(const char *text)
{
    struct json_object *value = NULL;

    if (text == NULL || json_parse(text, strlen(text), JSON_BODY_MAX, &value, NULL) != RS_OK)
        return NULL;
    return value;
}

static void put_times(struct json_object *record, int64_t started, int64_t finished)
{
    json_set_time(record, "startedAt", started);
    json_set_time(record, "finishedAt", finished);
    if (finished > 0 && started > 0)
        json_set_int(record, "durationMs", run_duration(started, finished));
}

static struct json_object *head_of(struct db_rows *rows)
{
    struct json_object *record = json_object_new_object();

    if (record == NULL)
        return NULL;
    json_set_string(record, "id", db_text(rows, 1));
    json_set_string(record, "workflowId", db_text(rows, 2));
    json_set_int(record, "workflowVersion", db_int(rows, 3));
    json_set_string(record, "name", db_text(rows, 4));
    json_set_string(record, "status", db_text(rows, 5));
    json_set_string(record, "org", db_text(rows, 6));
    json_set_time(record, "createdAt", db_int(rows, 7));
    put_times(record, db_int(rows, 8), db_int(rows, 9));
    json_set_int(record, "progress", db_int(rows, 10));
    json_set_int(record, "attempt", db_int(rows, 11));
    json_set_string(record, "crewId", db_text(rows, 12));
    json_set_string(record, "sessionId", db_text(rows, 13));
    json_set(record, "error", stored_json(db_text(rows, 14)));
    json_set_int(record, "priority", db_int(rows, 15));
    json_set_string(record, "parentRunId", db_text(rows, PARENT));
    json_set_string(record, "parentNodeId", db_text(rows, PARENT + 1));
    if (db_int(rows, PARENT + 2) >= 0)
        json_set_int(record, "parentItem", db_int(rows, PARENT + 2));
    if (db_int(rows, PARENT + 3) > 0)
        json_set_int(record, "depth", db_int(rows, PARENT + 3));
    if (db_int(rows, 16) != 0)
        json_set_bool(record, "pausing", true);
    if (db_int(rows, 17) > 0)
        json_set_int(record, "expectedMs", db_int(rows, 17));
    if (db_int(rows, 17) > 0 && strcmp(db_text(rows, 5), "running") == 0)
        json_set_time(record, "expectedFinishAt", db_int(rows, 8) + db_int(rows, 17));
    return record;
}

/* state: what a subworkflow keeps; NULL: nothing. */
static void put_child(struct json_object *node, const char *state)
{
    struct json_object *kept = stored_json(state);

    json_set_string(node, "childRunId", json_get_string(kept, "runId", NULL));
    json_object_put(kept);
}

static enum rs_err put_nodes(struct store *store, const char *run_id, bool whole, struct json_object *record,
                             struct fault *fault)
{
    struct json_object *nodes = json_object_new_object(), *expected = NULL, *node;
    struct db_rows *rows = NULL;
    int64_t usual;
    enum rs_err err = expected_nodes(store, run_id, &expected, fault);

    if (err == RS_OK)
        err = db_query(store->db, &rows, fault,
                       "SELECT node_id, status, started, finished, attempt,"
                       " CASE WHEN $1 <> 0 THEN output END, error, kind, slow,"
                       " CASE WHEN kind = 'subworkflow' THEN state END FROM node"
                       " WHERE run_id = $2 ORDER BY place",
                       "it", (int64_t)whole, run_id);
    while (err == RS_OK && (err = db_next(rows, fault)) == RS_OK) {
        node = json_object_new_object();
        if (node == NULL)
            break;
        json_set_string(node, "kind", db_text(rows, 7));
        json_set_string(node, "status", db_text(rows, 1));
        put_times(node, db_int(rows, 2), db_int(rows, 3));
        json_set_int(node, "attempt", db_int(rows, 4));
        if (whole)
            json_set(node, "output", stored_json(db_text(rows, 5)));
        json_set(node, "error", stored_json(db_text(rows, 6)));
        if ((usual = expected_usual_ms(expected, db_text(rows, 0))) > 0)
            json_set_int(node, "expectedMs", usual);
        if (db_int(rows, 8) != 0)
            json_set_bool(node, "slow", true);
        put_child(node, db_text(rows, 9));
        json_set(nodes, db_text(rows, 0), node);
    }
    db_done(rows);
    json_object_put(expected);
    json_set(record, "nodes", nodes);
    return err == RS_NOT_FOUND ? RS_OK : err;
}

static void put_graph(struct json_object *record, struct json_object *definition)
{
    static const char *const parts[] = {"nodes", "edges"};
    struct json_object *graph = json_object_new_object(), *part;
    size_t i;

    if (graph == NULL)
        return;
    for (i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
        part = json_get_array(definition, parts[i]);
        json_set(graph, parts[i], part != NULL ? json_object_get(part) : json_object_new_array());
    }
    json_set(record, "graph", graph);
}

static struct json_object *attempt_of(struct db_rows *rows)
{
    struct json_object *attempt = json_object_new_object();

    json_set_int(attempt, "attempt", db_int(rows, 0));
    json_set_string(attempt, "status", db_text(rows, 1));
    put_times(attempt, db_int(rows, 2), db_int(rows, 3));
    json_set(attempt, "error", stored_json(db_text(rows, 4)));
    return attempt;
}

static enum rs_err put_attempts(struct db *db, const char *run_id, struct json_object *record, struct fault *fault)
{
    struct json_object *attempts = json_object_new_array();
    struct db_rows *rows = NULL;
    enum rs_err err = db_query(db, &rows, fault,
                               "SELECT attempt, status, started, finished, error FROM run_attempt WHERE run_id = $1"
                               " UNION ALL SELECT attempt, status, started, finished, error FROM run WHERE id = $1"
                               " ORDER BY attempt",
                               "t", run_id);

    while (err == RS_OK && (err = db_next(rows, fault)) == RS_OK)
        json_object_array_add(attempts, attempt_of(rows));
    db_done(rows);
    json_set(record, "attempts", attempts);
    return err == RS_NOT_FOUND ? RS_OK : err;
}

enum rs_err run_exists(struct store *store, const char *org, const char *run_id, struct fault *fault)
{
    struct db_rows *rows = NULL;
    enum rs_err err = db_query(store->db, &rows, fault, "SELECT org FROM run WHERE id = $1", "t", run_id);

    if (err == RS_OK)
        err = db_next(rows, fault);
    if (err == RS_NOT_FOUND || (err == RS_OK && org != NULL && strcmp(org, db_text(rows, 0)) != 0))
        err = fault_set(fault, RS_NOT_FOUND, "there is no run %.*s", ID_MAX, run_id);
    db_done(rows);
    return err;
}

static void put_contents(struct json_object *record, struct db_rows *rows)
{
    struct json_object *definition = stored_json(db_text(rows, CONTENTS + 2)), *input = stored_json(db_text(rows, CONTENTS));

    json_set(record, "input", params_shown(definition, input));
    json_object_put(input);
    json_set(record, "output", stored_json(db_text(rows, CONTENTS + 1)));
    put_graph(record, definition);
    json_object_put(definition);
}

/* What its models were asked, when they were. */
static enum rs_err put_usage(struct db *db, const char *run_id, struct json_object *record, struct fault *fault)
{
    struct model_usage usage = {0};
    enum rs_err err = model_usage_of_run(db, run_id, &usage, fault);

    if (err == RS_OK && usage.requests > 0)
        json_set(record, "usage", model_usage_json(&usage));
    return err;
}

static enum rs_err load(struct store *store, const char *org, const char *run_id, bool whole, struct json_object **ret,
                        struct fault *fault)
{
    struct db_rows *rows = NULL;
    struct json_object *record = NULL, *trigger = NULL;
    enum rs_err err = db_query(store->db, &rows, fault,
                               whole ? "SELECT " HEAD_COLUMNS ", input, output, definition FROM run WHERE id = $1"
                                     : "SELECT " HEAD_COLUMNS " FROM run WHERE id = $1",
                               "t", run_id);

    if (err == RS_OK)
        err = db_next(rows, fault);
    if (err == RS_NOT_FOUND || (err == RS_OK && org != NULL && strcmp(org, db_text(rows, 6)) != 0))
        err = fault_set(fault, RS_NOT_FOUND, "there is no run %.*s", ID_MAX, run_id);
    if (err == RS_OK && (record = head_of(rows)) == NULL)
        err = fault_set(fault, RS_NOMEM, "no memory for a run");
    if (err == RS_OK) {
        if (whole)
            put_contents(record, rows);
        /* Before db_done: what is read under an open row is of the same moment. */
        err = put_nodes(store, run_id, whole, record, fault);
        if (err == RS_OK)
            err = run_trigger(store, run_id, &trigger, fault);
        if (trigger != NULL)
            json_set(record, "trigger", trigger);
        if (err == RS_OK && whole)
            err = put_attempts(store->db, run_id, record, fault);
        if (err == RS_OK)
            err = put_usage(store->db, run_id, record, fault);
    }
    db_done(rows);
    if (err == RS_OK)
        *ret = record;
    else
        json_object_put(record);
    return err;
}

enum rs_err run_record(struct store *store, const char *org, const char *run_id, struct json_object **ret,
                       struct fault *fault)
{
    return load(store, org, run_id, true, ret, fault);
}

enum rs_err run_outline(struct store *store, const char *org, const char *run_id, struct json_object **ret,
                        struct fault *fault)
{
    return load(store, org, run_id, false, ret, fault);
}

/* ---- lists ---- */

/* A filter that is not asked for still names its argument, so that one call fits all. */
static void list_sql(const struct run_filter *f, bool by_text, struct buf *sql)
{
    const struct { bool asked; const char *where, *else_where; } filters[] = {
        {f->org != NULL, " AND org = $2", " AND CAST($2 AS TEXT) IS NULL"},
        {f->workflow_id != NULL, " AND workflow_id = $3", " AND CAST($3 AS TEXT) IS NULL"},
        {f->status != NULL, " AND status = $4", " AND CAST($4 AS TEXT) IS NULL"},
        {f->session_id != NULL, " AND session_id = $5", " AND CAST($5 AS TEXT) IS NULL"},
        {f->crew_id != NULL, " AND crew_id = $6", " AND CAST($6 AS TEXT) IS NULL"},
        {f->kind != NULL, " AND EXISTS (SELECT 1 FROM node WHERE run_id = run.id AND kind = $7)", " AND CAST($7 AS TEXT) IS NULL"},
        {by_text, RUN_TEXT_LIKE("$8"), " AND CAST($8 AS TEXT) IS NULL"},
    };
    buf_puts(sql, "SELECT " HEAD_COLUMNS " FROM run WHERE n < $1");
    for (size_t i = 0; i < sizeof(filters) / sizeof(filters[0]); i++)
        buf_puts(sql, filters[i].asked ? filters[i].where : filters[i].else_where);
    buf_puts(sql, " AND created >= $9 ORDER BY n DESC LIMIT $10");
}

enum rs_err run_list(struct store *store, const struct run_filter *filter, int limit, const char *cursor,
                     struct json_object **ret, struct fault *fault)
{
    struct db_rows *rows = NULL;
    enum run_status status;
    char pattern[LIST_PATTERN_MAX];
    struct buf sql;
    int64_t before;
    enum rs_err err;

    buf_init(&sql, LIST_SQL_MAX);
    limit = limit < 1 ? 1 : limit > RUN_LIST_MAX ? RUN_LIST_MAX : limit;
    if ((err = list_page_cursor(cursor, INT64_MAX, &before, fault)) != RS_OK)
        goto out;
    if (filter->status != NULL && run_status_parse(filter->status, &status) != RS_OK) {
        err = fault_set(fault, RS_INVALID, "no status of a run: use queued, running, success, error, cancelled or paused");
        goto out;
    }
    if ((err = list_page_pattern(filter->text, pattern, fault)) != RS_OK)
        goto out;
    list_sql(filter, pattern[0] != '\0', &sql);
    if (sql.err != RS_OK) {
        err = fault_set(fault, RS_NOMEM, "no memory for a list");
        goto out;
    }
    if ((err = db_query(store->db, &rows, fault, sql.data, "itttttttii", before, filter->org, filter->workflow_id,
                        filter->status, filter->session_id, filter->crew_id, filter->kind, pattern[0] != '\0' ? pattern : NULL,
                        filter->from_ms, (int64_t)limit + 1)) == RS_OK)
        err = list_page_read(rows, limit, head_of, ret, fault);
    db_done(rows);
out:
    buf_release(&sql);
    return err;
}
