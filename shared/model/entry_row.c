/* Entries as they are stored and shown. */
#include "model/entry_row.h"

#include "model/queue.h"

#include <stdio.h>
#include <string.h>

#define ENTRY_COLUMNS                                                                                                  \
    "e.id, e.issue, e.parent, e.phase, e.status, e.priority, e.metadata, e.run_id, r.workflow_id, e.created, e.updated, e.org" \
    " FROM queue_entry e LEFT JOIN run r ON r.id = e.run_id"

static void put_stored(struct json_object *entry, const char *member, const char *text)
{
    struct json_object *value = NULL;

    if (text != NULL && json_parse(text, strlen(text), ENTRY_METADATA_MAX, &value, NULL) != RS_OK)
        value = NULL;
    json_set(entry, member, value);
}

/* rows: ENTRY_COLUMNS. NULL: no memory. */
static struct json_object *entry_of(struct db_rows *rows)
{
    struct json_object *entry = json_object_new_object();

    if (entry == NULL)
        return NULL;
    json_set_string(entry, "queue_id", db_text(rows, 0));
    put_stored(entry, "issue_number", db_text(rows, 1));
    put_stored(entry, "parent_issue", db_text(rows, 2));
    put_stored(entry, "phase", db_text(rows, 3));
    json_set_string(entry, "status", db_text(rows, 4));
    json_set_int(entry, "priority", db_int(rows, 5));
    put_stored(entry, "metadata", db_text(rows, 6));
    json_set_string(entry, "run_id", db_text(rows, 7));
    json_set_string(entry, "workflow_id", db_text(rows, 8));
    json_set_time(entry, "created_at", db_int(rows, 9));
    json_set_time(entry, "updated_at", db_int(rows, 10));
    return entry;
}

enum rs_err entry_read(struct db *db, const char *org, const char *id, struct json_object **ret, struct fault *fault)
{
    struct db_rows *rows = NULL;
    enum rs_err err = db_query(db, &rows, fault, "SELECT " ENTRY_COLUMNS " WHERE e.id = $1", "t", id);

    if (err == RS_OK)
        err = db_next(rows, fault);
    if (err == RS_NOT_FOUND || (err == RS_OK && org != NULL && strcmp(org, db_text(rows, 11)) != 0))
        err = fault_set(fault, RS_NOT_FOUND, "there is no entry %.*s in the queue", ID_MAX, id);
    if (err == RS_OK && (*ret = entry_of(rows)) == NULL)
        err = fault_set(fault, RS_NOMEM, "no memory for an entry");
    db_done(rows);
    return err;
}

enum rs_err entry_list(struct store *store, const char *org, struct json_object **ret, struct fault *fault)
{
    struct json_object *answer = json_object_new_object(), *phases = json_object_new_array(), *entry;
    struct db_rows *rows = NULL;
    struct queue_state state = {0};
    enum rs_err err = db_query(store->db, &rows, fault, "SELECT " ENTRY_COLUMNS " WHERE e.org = $1 ORDER BY e.priority DESC, e.n",
                               "t", org);

    while (err == RS_OK && (err = db_next(rows, fault)) == RS_OK) {
        if ((entry = entry_of(rows)) == NULL)
            err = fault_set(fault, RS_NOMEM, "no memory for the queue");
        else
            json_object_array_add(phases, entry);
    }
    db_done(rows);
    if (err == RS_NOT_FOUND)
        err = queue_state(store, org, &state, fault);
    json_set_int(answer, "total", (int64_t)json_object_array_length(phases));
    json_set(answer, "phases", phases);
    json_set_bool(answer, "paused", state.paused);
    if (err == RS_OK)
        *ret = answer;
    else
        json_object_put(answer);
    return err;
}

bool entry_status_ended(const char *status)
{
    return strcmp(status, "completed") == 0 || strcmp(status, "failed") == 0;
}

static enum rs_err make_room(struct db *db, const char *org, struct fault *fault)
{
    return db_run(db, NULL, fault,
                  "DELETE FROM queue_entry WHERE id IN (SELECT id FROM queue_entry WHERE org = $1"
                  " AND status IN ('completed', 'failed') ORDER BY updated DESC, n DESC LIMIT 100 OFFSET $2)",
                  "ti", org, (int64_t)ENTRY_ENDED_KEPT);
}

static enum rs_err org_of(struct db *db, const char *id, char org[ID_MAX + 1], struct fault *fault)
{
    struct db_rows *rows = NULL;
    enum rs_err err = db_query(db, &rows, fault, "SELECT org FROM queue_entry WHERE id = $1", "t", id);

    if (err == RS_OK && (err = db_next(rows, fault)) == RS_OK)
        snprintf(org, ID_MAX + 1, "%s", db_text(rows, 0));
    db_done(rows);
    return err;
}

enum rs_err entry_changed(struct change *change, const char *id, struct fault *fault)
{
    struct json_object *entry = NULL;
    char org[ID_MAX + 1];
    enum rs_err err = org_of(change_db(change), id, org, fault);

    if (err == RS_OK && (err = entry_read(change_db(change), org, id, &entry, fault)) == RS_OK)
        err = queue_event(change, org, entry, fault);
    if (err == RS_OK && entry_status_ended(json_get_string(entry, "status", "")))
        err = make_room(change_db(change), org, fault);
    json_object_put(entry);
    return err;
}

/* ---- what fields may say ---- */

static const char *text_or_number(struct json_object *value)
{
    if (json_object_is_type(value, json_type_int))
        return NULL;
    if (!json_object_is_type(value, json_type_string))
        return "must be a number or a text";
    return json_object_get_string_len(value) > ENTRY_TEXT_MAX ? "is too long" : NULL;
}

static const char *priority_problem(struct json_object *value)
{
    int64_t n = json_object_get_int64(value);

    if (!json_object_is_type(value, json_type_int) || n < -RUN_PRIORITY_MAX || n > RUN_PRIORITY_MAX)
        return "must be a whole number from -1000000 to 1000000";
    return NULL;
}

static const char *metadata_problem(struct json_object *value)
{
    size_t len = 0;

    if (!json_object_is_type(value, json_type_object))
        return "must be an object";
    json_text(value, &len);
    return len > ENTRY_METADATA_MAX ? "is longer than 4096 bytes of JSON" : NULL;
}

static const char *status_problem(struct json_object *value)
{
    const char *text = json_object_is_type(value, json_type_string) ? json_object_get_string(value) : "";

    if (strcmp(text, "queued") == 0 || strcmp(text, "running") == 0 || entry_status_ended(text))
        return NULL;
    return "must be queued, running, completed or failed";
}

enum rs_err entry_check(struct json_object *fields, struct json_object *errors, struct fault *fault)
{
    static const struct {
        const char *member;
        const char *(*problem)(struct json_object *value);
    } all[] = {
        {"issue_number", text_or_number}, {"parent_issue", text_or_number}, {"phase", text_or_number},
        {"priority", priority_problem},   {"metadata", metadata_problem},   {"status", status_problem},
    };
    enum rs_err err = RS_OK;
    size_t i;

    for (i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
        struct json_object *value = json_get(fields, all[i].member), *item;
        const char *problem = value != NULL ? all[i].problem(value) : NULL;

        if (problem == NULL)
            continue;
        err = fault_set(fault, RS_UNPROCESSABLE, "%s %s", all[i].member, problem);
        if (errors == NULL || (item = json_object_new_object()) == NULL)
            continue;
        json_set_string(item, "member", all[i].member);
        json_set_string(item, "code", "value");
        json_set_string(item, "message", problem);
        json_object_array_add(errors, item);
    }
    return err;
}
