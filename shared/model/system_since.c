/* Since when each part is as it is. Kept by whoever sees it change, so that all doors tell the same, and a state that comes back
 * is another than the one before. */
#include "model/system_since.h"

#include "base/clock.h"

#include <string.h>

static enum rs_err note(struct db *db, const char *org, const char *name, const char *status, int64_t now_ms)
{
    return db_run(db, NULL, NULL,
                  "INSERT INTO component (org, name, status, since) VALUES ($1, $2, $3, $4) ON CONFLICT (org, name)"
                  " DO UPDATE SET status = excluded.status, since = excluded.since WHERE component.status <> excluded.status",
                  "ttti", org, name, status, now_ms);
}

/* What is known already of those that are as they were: *ret_n of them. */
static enum rs_err read_known(struct db *db, const char *org, struct json_object *components, size_t *ret_n)
{
    struct db_rows *rows = NULL;
    enum rs_err err = db_query(db, &rows, NULL, "SELECT name, status, since FROM component WHERE org = $1", "t", org);

    while (err == RS_OK && (err = db_next(rows, NULL)) == RS_OK) {
        struct json_object *part = json_get(components, db_text(rows, 0));
        if (part == NULL || strcmp(json_get_string(part, "status", ""), db_text(rows, 1)) != 0)
            continue;
        json_set_time(part, "since", db_int(rows, 2));
        ++*ret_n;
    }
    db_done(rows);
    return err == RS_NOT_FOUND ? RS_OK : err;
}

void system_since(struct db *db, const char *org, int64_t now_ms, struct json_object *components)
{
    size_t n = 0;
    enum rs_err err = RS_OK;

    json_object_object_foreach(components, unknown, each)
    {
        (void)unknown;
        json_set(each, "since", NULL);
    }
    if (db == NULL || read_known(db, org, components, &n) != RS_OK || n == (size_t)json_object_object_length(components))
        return;
    if (db_begin(db, NULL) != RS_OK)
        return; /* the next one who asks notes it */
    json_object_object_foreach(components, name, part)
    {
        if (err == RS_OK && json_get(part, "since") == NULL)
            err = note(db, org, name, json_get_string(part, "status", ""), now_ms);
    }
    if (err == RS_OK)
        err = db_commit(db, NULL);
    db_rollback(db);
    if (err == RS_OK)
        (void)!read_known(db, org, components, &n);
}
