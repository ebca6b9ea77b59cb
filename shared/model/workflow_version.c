/* The versions of saved workflows: what was, and what runs again as it was. */
#include "model/workflow.h"

#include <string.h>

enum rs_err workflow_version(struct store *store, const char *org, const char *id, int64_t version,
                             struct json_object **ret, struct fault *fault)
{
    struct json_object *definition = NULL;
    struct db_rows *rows = NULL;
    const char *text;
    enum rs_err err = db_query(store->db, &rows, fault,
                               "SELECT created, definition FROM workflow_version WHERE org = $1 AND id = $2 AND version = $3",
                               "tti", org, id, version);

    if (err == RS_OK)
        err = db_next(rows, fault);
    if (err == RS_NOT_FOUND)
        err = fault_set(fault, RS_NOT_FOUND, "there is no version %lld of a workflow %.*s", (long long)version, ID_MAX, id);
    if (err == RS_OK) {
        text = db_text(rows, 1);
        err = json_parse(text, strlen(text), JSON_BODY_MAX, &definition, fault);
    }
    if (err == RS_OK) {
        json_set_int(definition, "version", version);
        json_set_time(definition, "createdAt", db_int(rows, 0));
        json_set_string(definition, "org", org);
        *ret = definition;
    }
    db_done(rows);
    return err;
}

/* rows: version, created, definition, saved_by. */
static struct json_object *item_of(struct db_rows *rows, const char *id)
{
    struct json_object *item = json_object_new_object(), *definition = NULL, *nodes;
    const char *text = db_text(rows, 2);

    if (item == NULL || json_parse(text, strlen(text), JSON_BODY_MAX, &definition, NULL) != RS_OK) {
        json_object_put(item);
        return NULL;
    }
    nodes = json_get_array(definition, "nodes");
    json_set_int(item, "version", db_int(rows, 0));
    json_set_time(item, "createdAt", db_int(rows, 1));
    json_set_string(item, "by", db_text(rows, 3));
    json_set_string(item, "name", json_get_string(definition, "name", id));
    json_set_int(item, "nodeCount", nodes != NULL ? (int64_t)json_object_array_length(nodes) : 0);
    json_object_put(definition);
    return item;
}

static enum rs_err list_read(struct db_rows *rows, const char *id, int limit, struct json_object *answer, int *ret_n,
                             struct fault *fault)
{
    struct json_object *items = json_object_new_array(), *item;
    int64_t last = 0;
    enum rs_err err;

    json_set(answer, "items", items);
    json_set(answer, "next", NULL);
    while ((err = db_next(rows, fault)) == RS_OK) {
        if (*ret_n == limit) { /* one more than asked for: there is a next page */
            json_set_int(answer, "next", last);
            return RS_OK;
        }
        if ((item = item_of(rows, id)) == NULL)
            return fault_set(fault, RS_NOMEM, "no memory for a list");
        json_object_array_add(items, item);
        last = db_int(rows, 0);
        ++*ret_n;
    }
    return err == RS_NOT_FOUND ? RS_OK : err;
}

enum rs_err workflow_versions(struct store *store, const char *org, const char *id, int limit, int64_t before,
                              struct json_object **ret, struct fault *fault)
{
    struct json_object *answer = json_object_new_object();
    struct db_rows *rows = NULL;
    int n = 0;
    enum rs_err err;

    if (answer == NULL)
        return fault_set(fault, RS_NOMEM, "no memory for a list");
    limit = limit < 1 ? 1 : limit > WORKFLOW_VERSIONS_MAX ? WORKFLOW_VERSIONS_MAX : limit;
    err = db_query(store->db, &rows, fault,
                   "SELECT version, created, definition, saved_by FROM workflow_version WHERE org = $1 AND id = $2 AND version < $3"
                   " ORDER BY version DESC LIMIT $4",
                   "ttii", org, id, before > 0 ? before : INT64_MAX, (int64_t)limit + 1);
    if (err == RS_OK)
        err = list_read(rows, id, limit, answer, &n, fault);
    if (err == RS_OK && n == 0 && before <= 0)
        err = fault_set(fault, RS_NOT_FOUND, "there is no workflow %.*s", ID_MAX, id);
    db_done(rows);
    if (err == RS_OK)
        *ret = answer;
    else
        json_object_put(answer);
    return err;
}
