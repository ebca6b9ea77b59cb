#include "model/workflow.h"

#include "base/clock.h"
#include "base/id.h"
#include "model/builtin.h"
#include "model/crew.h"
#include "model/event_trigger.h"
#include "model/hook.h"
#include "model/schedule.h"
#include "model/workflow_row.h"

#include <string.h>

const char *const workflow_record_members[] = {"version", "createdAt", "updatedAt", "org", "paused", NULL};

static void put_record(struct json_object *definition, int64_t version, int64_t created, int64_t updated, const char *org,
                       bool paused)
{
    json_set_int(definition, "version", version);
    json_set_time(definition, "createdAt", created);
    json_set_time(definition, "updatedAt", updated);
    json_set_string(definition, "org", org);
    json_set_bool(definition, "paused", paused);
}

/* A copy under its id, without what a record adds: a record that was read may be saved again. */
static struct json_object *clean_copy(struct json_object *definition, const char *id)
{
    struct json_object *copy = NULL;
    size_t i;

    if (json_object_deep_copy(definition, &copy, NULL) != 0)
        return NULL;
    for (i = 0; workflow_record_members[i] != NULL; i++)
        json_object_object_del(copy, workflow_record_members[i]);
    json_set_string(copy, "id", id);
    return copy;
}

struct json_object *workflow_summary(struct json_object *definition, const char *id)
{
    struct json_object *summary = json_object_new_object(), *params = json_get_array(definition, "params"),
                       *nodes = json_get_array(definition, "nodes");

    if (summary == NULL)
        return NULL;
    json_set_string(summary, "name", json_get_string(definition, "name", id));
    json_set_string(summary, "description", json_get_string(definition, "description", NULL));
    json_set_string(summary, "crewId", json_get_string(definition, "crewId", NULL));
    json_set_int(summary, "nodeCount", nodes != NULL ? (int64_t)json_object_array_length(nodes) : 0);
    json_set(summary, "params", params != NULL ? json_object_get(params) : json_object_new_array());
    return summary;
}

/* What is there under the id. */
struct present {
    int64_t version; /* 0: nothing */
    int64_t created, updated;
    bool paused;
    struct json_object *definition; /* owned; NULL: nothing, or nothing that can be read */
};

/* Inside a transaction. */
static enum rs_err present(struct db *db, const char *org, const char *id, struct present *ret, struct fault *fault)
{
    struct db_rows *rows = NULL;
    const char *text;
    enum rs_err err = db_query(db, &rows, fault,
                               "SELECT version, created, updated, paused, definition FROM workflow WHERE org = $1 AND id = $2",
                               "tt", org, id);

    if (err == RS_OK && (err = db_next(rows, fault)) == RS_OK) {
        *ret = (struct present){.version = db_int(rows, 0),
                                .created = db_int(rows, 1),
                                .updated = db_int(rows, 2),
                                .paused = db_int(rows, 3) != 0};
        text = db_text(rows, 4);
        if (json_parse(text, strlen(text), JSON_BODY_MAX, &ret->definition, NULL) != RS_OK)
            ret->definition = NULL;
    }
    db_done(rows);
    return err == RS_NOT_FOUND ? RS_OK : err;
}

static enum rs_err write_row(struct db *db, const char *org, const char *id, const char *by, const struct present *row,
                             const char *summary, const char *definition, struct fault *fault)
{
    enum rs_err err = db_run(db, NULL, fault,
                             "INSERT INTO workflow (org, id, version, created, updated, summary, definition)"
                             " VALUES ($1, $2, $3, $4, $5, $6, $7)"
                             " ON CONFLICT (org, id) DO UPDATE SET version = excluded.version, updated = excluded.updated,"
                             " summary = excluded.summary, definition = excluded.definition",
                             "ttiiitt", org, id, row->version, row->created, row->updated, summary, definition);

    if (err == RS_OK)
        err = db_run(db, NULL, fault,
                     "INSERT INTO workflow_version (org, id, version, created, definition, saved_by) VALUES ($1, $2, $3, $4, $5, $6)",
                     "ttiitt", org, id, row->version, row->updated, definition, by != NULL && by[0] != '\0' ? by : NULL);
    if (err == RS_OK)
        err = db_run(db, NULL, fault, "DELETE FROM workflow_version WHERE org = $1 AND id = $2 AND version <= $3", "tti", org,
                     id, row->version - WORKFLOW_VERSIONS_MAX);
    return err;
}

/* How to save: `create` refuses one that is there, `if_version` (not 0) one that has another version or is not there. */
struct condition {
    bool create;
    int64_t if_version;
};

static enum rs_err check_condition(const struct condition *only, const char *id, const struct present *row, struct fault *fault)
{
    if (only->create && row->version > 0)
        return fault_set(fault, RS_CONFLICT, "there is a workflow %s already", id);
    if (only->if_version != 0 && row->version == 0)
        return fault_set(fault, RS_PRECONDITION, "there is no workflow %s any more", id);
    if (only->if_version > 0 && row->version != only->if_version)
        return fault_set(fault, RS_PRECONDITION, "the workflow has been saved since, as version %lld", (long long)row->version);
    return RS_OK;
}

/* Inside a transaction. *row: what is there; then what is there after it. */
static enum rs_err save_row(struct db *db, const char *org, const char *id, const char *by, struct json_object *definition,
                            const struct condition *only, struct present *row, struct fault *fault)
{
    struct json_object *summary;
    int64_t now = clock_wall_ms();
    enum rs_err err = present(db, org, id, row, fault);

    if (err == RS_OK)
        err = check_condition(only, id, row, fault);
    if (err != RS_OK || (row->definition != NULL && json_object_equal(row->definition, definition)))
        return err;
    row->version++;
    row->updated = now;
    row->created = row->version == 1 ? now : row->created;
    if ((summary = workflow_summary(definition, id)) == NULL)
        return fault_set(fault, RS_NOMEM, "no memory for a workflow");
    err = write_row(db, org, id, by, row, json_text(summary, NULL), json_text(definition, NULL), fault);
    json_object_put(summary);
    if (err == RS_OK)
        err = event_trigger_sync(db, org, id, definition, fault);
    if (err == RS_OK)
        err = hook_sync(db, org, id, definition, fault);
    if (err == RS_OK)
        err = crew_note(db, org, json_get_string(definition, "crewId", NULL), fault);
    return err == RS_OK ? schedule_sync(db, org, id, definition, now, fault) : err;
}

static enum rs_err save(struct store *store, const char *org, const char *id, const char *by, struct json_object *definition,
                        const struct condition *only, bool *ret_created, struct json_object **ret, struct fault *fault)
{
    struct json_object *copy = NULL;
    struct present row = {0};
    size_t len;
    enum rs_err err;

    if (!id_valid(id) || !id_valid(org))
        return fault_set(fault, RS_INVALID, "a workflow's id has 1 to %d letters, digits, dots, underscores or hyphens",
                         ID_MAX);
    if (strcmp(id, "active") == 0)
        return fault_set(fault, RS_UNPROCESSABLE, "the id \"active\" is reserved");
    if ((copy = clean_copy(definition, id)) == NULL)
        return fault_set(fault, RS_NOMEM, "no memory for a workflow");
    (void)json_text(copy, &len);
    if (len > JSON_BODY_MAX) {
        err = fault_set(fault, RS_LIMIT, "the workflow is longer than %d bytes", JSON_BODY_MAX);
        goto out;
    }
    if ((err = db_begin(store->db, fault)) != RS_OK)
        goto out;
    if ((err = save_row(store->db, org, id, by, copy, only, &row, fault)) == RS_OK)
        err = db_commit(store->db, fault);
    db_rollback(store->db);
    if (err != RS_OK)
        goto out;
    *ret_created = row.version == 1 && row.definition == NULL;
    if (ret != NULL) {
        put_record(copy, row.version, row.created, row.updated, org, row.paused);
        *ret = json_object_get(copy);
    }
out:
    json_object_put(row.definition);
    json_object_put(copy);
    return err;
}

enum rs_err workflow_save(struct store *store, const char *org, const char *id, const char *by, struct json_object *definition,
                          enum workflow_save how, bool *ret_created, struct json_object **ret, struct fault *fault)
{
    return save(store, org, id, by, definition, &(struct condition){.create = how == WORKFLOW_CREATE}, ret_created, ret, fault);
}

enum rs_err workflow_save_if(struct store *store, const char *org, const char *id, const char *by, struct json_object *definition,
                             int64_t if_version, struct json_object **ret, struct fault *fault)
{
    bool created;

    return save(store, org, id, by, definition, &(struct condition){.if_version = if_version}, &created, ret, fault);
}

enum rs_err workflow_get_in(struct db *db, const char *org, const char *id, struct json_object **ret, struct fault *fault)
{
    struct json_object *definition = NULL;
    struct db_rows *rows = NULL;
    const char *text;
    enum rs_err err = db_query(db, &rows, fault,
                               "SELECT version, created, updated, definition, paused FROM workflow"
                               " WHERE org = $1 AND id = $2",
                               "tt", org, id);

    if (err == RS_OK)
        err = db_next(rows, fault);
    if (err == RS_NOT_FOUND && (definition = builtin_workflow(id)) != NULL) {
        put_record(definition, 0, 0, 0, org, false);
        *ret = definition;
        db_done(rows);
        return RS_OK;
    }
    if (err == RS_NOT_FOUND)
        err = fault_set(fault, RS_NOT_FOUND, "there is no workflow %.*s", ID_MAX, id);
    if (err == RS_OK) {
        text = db_text(rows, 3);
        err = json_parse(text, strlen(text), JSON_BODY_MAX, &definition, fault);
    }
    if (err == RS_OK) {
        put_record(definition, db_int(rows, 0), db_int(rows, 1), db_int(rows, 2), org, db_int(rows, 4) != 0);
        *ret = definition;
    }
    db_done(rows);
    return err;
}

enum rs_err workflow_get(struct store *store, const char *org, const char *id, struct json_object **ret,
                         struct fault *fault)
{
    return workflow_get_in(store->db, org, id, ret, fault);
}

enum rs_err workflow_pause(struct store *store, const char *org, const char *id, bool paused, struct fault *fault)
{
    int64_t changed = 0;
    enum rs_err err = db_run(store->db, &changed, fault, "UPDATE workflow SET paused = $1 WHERE org = $2 AND id = $3",
                             "itt", (int64_t)paused, org, id);

    if (err == RS_OK && changed == 0)
        err = fault_set(fault, RS_NOT_FOUND, "there is no workflow %.*s", ID_MAX, id);
    if (err == RS_OK && !paused)
        runner_poke(store->dd);
    return err;
}

enum rs_err workflow_delete(struct store *store, const char *org, const char *id, struct fault *fault)
{
    int64_t changed = 0;
    enum rs_err err;

    if ((err = db_begin(store->db, fault)) != RS_OK)
        return err;
    err = db_run(store->db, &changed, fault, "DELETE FROM workflow WHERE org = $1 AND id = $2", "tt", org, id);
    if (err == RS_OK && changed == 0)
        err = fault_set(fault, RS_NOT_FOUND, "there is no workflow %.*s", ID_MAX, id);
    if (err == RS_OK)
        err = db_run(store->db, NULL, fault, "DELETE FROM workflow_version WHERE org = $1 AND id = $2", "tt", org, id);
    if (err == RS_OK)
        err = schedule_sync(store->db, org, id, NULL, 0, fault);
    if (err == RS_OK)
        err = event_trigger_sync(store->db, org, id, NULL, fault);
    if (err == RS_OK)
        err = hook_sync(store->db, org, id, NULL, fault);
    if (err == RS_OK)
        err = db_commit(store->db, fault);
    db_rollback(store->db);
    return err;
}
