/* Lists of workflows: what is saved, and the built-in ones, each with how its newest runs ended. */
#include "model/workflow.h"

#include "model/builtin.h"
#include "model/list_page.h"
#include "model/workflow_row.h"

#include <string.h>

#define LIST_MAX 1000

/* rows: id, version, created, updated, summary, and of the newest run id, status, created, started, finished, progress; paused. */
static struct json_object *item_of(struct db_rows *rows)
{
    struct json_object *item = NULL, *run;
    const char *summary = db_text(rows, 4);

    if (json_parse(summary, strlen(summary), JSON_BODY_MAX, &item, NULL) != RS_OK)
        return NULL;
    json_set_string(item, "id", db_text(rows, 0));
    json_set_int(item, "version", db_int(rows, 1));
    json_set_time(item, "createdAt", db_int(rows, 2));
    json_set_time(item, "updatedAt", db_int(rows, 3));
    json_set_bool(item, "paused", db_int(rows, 11) != 0);
    run = db_is_null(rows, 5) ? NULL : json_object_new_object();
    if (run != NULL) {
        json_set_string(run, "id", db_text(rows, 5));
        json_set_string(run, "status", db_text(rows, 6));
        json_set_time(run, "createdAt", db_int(rows, 7));
        json_set_time(run, "startedAt", db_int(rows, 8));
        json_set_time(run, "finishedAt", db_int(rows, 9));
        json_set_int(run, "progress", db_int(rows, 10));
        json_set(item, "lastRun", run);
    }
    return item;
}

/* Give each item its `recent`. rows: workflow, run, its status, how long it took; by workflow in the order of items. */
static enum rs_err take_recent(struct db_rows *rows, struct json_object *items, struct fault *fault)
{
    size_t i, at = 0, n = json_object_array_length(items);
    struct json_object *run;
    enum rs_err err;

    for (i = 0; i < n; i++)
        json_set(json_object_array_get_idx(items, i), "recent", json_object_new_array());
    while ((err = db_next(rows, fault)) == RS_OK) {
        for (i = at; i < n && strcmp(json_get_string(json_object_array_get_idx(items, i), "id", ""), db_text(rows, 0)) != 0; i++)
            ;
        if (i == n) /* it was saved just now, after the items were read */
            continue;
        at = i;
        run = json_object_new_object();
        json_set_string(run, "id", db_text(rows, 1));
        json_set_string(run, "status", db_text(rows, 2));
        if (!db_is_null(rows, 3))
            json_set_int(run, "durationMs", db_int(rows, 3));
        json_object_array_add(json_get_array(json_object_array_get_idx(items, at), "recent"), run);
    }
    return err == RS_NOT_FOUND ? RS_OK : err;
}

/* How the newest runs ended of the workflows after the cursor, in one query; from the index, however many runs there are. */
static enum rs_err add_recent(struct store *store, const char *org, int limit, const char *cursor, struct json_object *items,
                              struct fault *fault)
{
    struct db_rows *rows = NULL;
    enum rs_err err = db_query(store->db, &rows, fault,
                               "SELECT p.id, r.id, r.status, r.finished - r.started FROM (SELECT w.id, (SELECT n FROM run"
                               " WHERE org = w.org AND workflow_id = w.id AND finished IS NOT NULL ORDER BY n DESC LIMIT 1 OFFSET $4)"
                               " AS oldest FROM workflow w WHERE w.org = $1 AND w.id > $2 ORDER BY w.id LIMIT $3) p"
                               " JOIN run r ON r.org = $1 AND r.workflow_id = p.id AND r.n >= COALESCE(p.oldest, 0)"
                               " WHERE r.finished IS NOT NULL ORDER BY p.id, r.n DESC",
                               "ttii", org, cursor, (int64_t)limit, (int64_t)WORKFLOW_RECENT - 1);

    if (err == RS_OK)
        err = take_recent(rows, items, fault);
    db_done(rows);
    return err;
}

enum rs_err workflow_list(struct store *store, const char *org, int limit, const char *cursor,
                          struct json_object **ret, struct fault *fault)
{
    struct json_object *answer = NULL;
    struct db_rows *rows = NULL;
    enum rs_err err;

    limit = limit < 1 ? 1 : limit > LIST_MAX ? LIST_MAX : limit;
    cursor = cursor != NULL ? cursor : "";
    err = db_query(store->db, &rows, fault,
                   "SELECT w.id, w.version, w.created, w.updated, w.summary, r.id, r.status, r.created, r.started,"
                   " r.finished, r.progress, w.paused FROM workflow w LEFT JOIN run r ON r.n ="
                   " (SELECT MAX(n) FROM run WHERE org = w.org AND workflow_id = w.id)"
                   " WHERE w.org = $1 AND w.id > $2 ORDER BY w.id LIMIT $3",
                   "tti", org, cursor, (int64_t)limit + 1);
    if (err == RS_OK)
        err = list_page_read(rows, limit, item_of, &answer, fault);
    db_done(rows);
    if (err == RS_OK)
        err = add_recent(store, org, limit, cursor, json_get_array(answer, "items"), fault);
    if (err == RS_OK)
        *ret = answer;
    else
        json_object_put(answer);
    return err;
}

static enum rs_err add_builtin(struct store *store, const char *org, const char *id, struct json_object *definition,
                               struct json_object *items, struct fault *fault)
{
    struct json_object *item = workflow_summary(definition, id), *one = json_object_new_array();
    struct db_rows *rows = NULL;
    enum rs_err err;

    if (item == NULL || one == NULL) {
        json_object_put(item);
        json_object_put(one);
        return fault_set(fault, RS_NOMEM, "no memory for a list");
    }
    json_set_string(item, "id", id);
    json_set_int(item, "version", 0);
    json_set_bool(item, "paused", false);
    json_set_bool(item, "builtin", true);
    json_object_array_add(items, item);
    json_object_array_add(one, json_object_get(item));
    err = db_query(store->db, &rows, fault,
                   "SELECT workflow_id, id, status, finished - started FROM run WHERE org = $1 AND workflow_id = $2"
                   " AND finished IS NOT NULL ORDER BY n DESC LIMIT $3",
                   "tti", org, id, (int64_t)WORKFLOW_RECENT);
    if (err == RS_OK)
        err = take_recent(rows, one, fault);
    db_done(rows);
    json_object_put(one);
    return err;
}

enum rs_err workflow_list_builtin(struct store *store, const char *org, struct json_object *items, struct fault *fault)
{
    struct json_object *definition;
    const char *id;
    unsigned i;
    enum rs_err err = RS_OK;

    for (i = 0; err == RS_OK && (id = builtin_id(i)) != NULL; i++) {
        definition = NULL;
        err = workflow_get(store, org, id, &definition, fault);
        if (err == RS_OK && json_get_int(definition, "version", 0) == 0)
            err = add_builtin(store, org, id, definition, items, fault);
        json_object_put(definition);
    }
    return err;
}
