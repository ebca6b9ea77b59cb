#include "model/adw.h"

#include <stdio.h>
#include <string.h>

#define STATUS_MAX 200 /* bytes of a status that is counted */

/* What is stored of one. */
struct row {
    bool known, deleted;
    char org[ID_MAX + 1];
    int64_t version;
    struct json_object *state; /* owned; NULL: none */
};

static enum rs_err parse_state(const char *text, struct json_object **ret, struct fault *fault)
{
    enum rs_err err = json_parse(text, strlen(text), ADW_STATE_MAX, ret, NULL);

    return err == RS_OK ? err : fault_set(fault, RS_IO, "the stored state of an ADW is not readable");
}

static enum rs_err row_load(struct db *db, const char *id, struct row *ret, struct fault *fault)
{
    struct db_rows *rows = NULL;
    enum rs_err err = db_query(db, &rows, fault, "SELECT org, version, deleted, state FROM adw WHERE id = $1", "t", id);

    *ret = (struct row){0};
    if (err == RS_OK && (err = db_next(rows, fault)) == RS_OK) {
        ret->known = true;
        snprintf(ret->org, sizeof(ret->org), "%s", db_text(rows, 0));
        ret->version = db_int(rows, 1);
        ret->deleted = db_int(rows, 2) != 0;
        if (!ret->deleted)
            err = parse_state(db_text(rows, 3), &ret->state, fault);
    }
    db_done(rows);
    return err == RS_NOT_FOUND ? RS_OK : err;
}

static enum rs_err none(const char *id, struct fault *fault)
{
    return fault_set(fault, RS_NOT_FOUND, "there is no ADW %.*s", ID_MAX, id);
}

static bool is_theirs(const struct row *row, const char *org)
{
    return row->known && org != NULL && strcmp(row->org, org) != 0;
}

enum rs_err adw_get(struct store *store, const char *org, const char *id, int64_t *ret_version, struct json_object **ret,
                    struct fault *fault)
{
    struct row row;
    enum rs_err err = row_load(store->db, id, &row, fault);

    if (err != RS_OK)
        return err;
    if (row.state == NULL || is_theirs(&row, org)) {
        json_object_put(row.state);
        return none(id, fault);
    }
    *ret_version = row.version;
    *ret = row.state;
    return RS_OK;
}

/* ---- changing ---- */

static enum rs_err check_room(struct db *db, const char *org, struct fault *fault)
{
    struct db_rows *rows = NULL;
    enum rs_err err = db_query(db, &rows, fault, "SELECT COUNT(*) FROM adw WHERE org = $1 AND deleted = 0", "t", org);

    if (err == RS_OK && (err = db_next(rows, fault)) == RS_OK && db_int(rows, 0) >= ADW_MAX)
        err = fault_set(fault, RS_LIMIT, "there are %d ADWs: delete some", ADW_MAX);
    db_done(rows);
    return err;
}

static void replace_members(struct json_object *state, struct json_object *with)
{
    json_object_object_foreach(with, name, value)
    {
        json_set(state, name, json_object_get(value));
    }
}

/* The state after the change, its id first. *ret: owned. */
static enum rs_err make_state(const char *id, struct json_object *before, const struct adw_save *save,
                              struct json_object **ret, struct fault *fault)
{
    struct json_object *state = NULL, *given;
    size_t len = 0;

    if (save->patch && before != NULL && json_object_deep_copy(before, &state, NULL) != 0)
        return fault_set(fault, RS_NOMEM, "no memory for a state");
    if (state == NULL && (state = json_object_new_object()) == NULL)
        return fault_set(fault, RS_NOMEM, "no memory for a state");
    json_set_string(state, "adw_id", id);
    if (save->patch)
        json_merge(state, save->state);
    else
        replace_members(state, save->state);
    given = json_get(state, "adw_id");
    if (given == NULL)
        json_set_string(state, "adw_id", id);
    json_text(state, &len);
    if (given != NULL && strcmp(json_get_string(state, "adw_id", ""), id) != 0) {
        json_object_put(state);
        return fault_set(fault, RS_UNPROCESSABLE, "the adw_id in the state is another than in the address");
    }
    if (len > ADW_STATE_MAX) {
        json_object_put(state);
        return fault_set(fault, RS_LIMIT, "the state is %zu bytes of JSON; at most %d are kept", len, ADW_STATE_MAX);
    }
    *ret = state;
    return RS_OK;
}

static enum rs_err changed_event(struct change *change, const char *id, struct json_object *data, struct fault *fault)
{
    char stream[ID_MAX + 8];

    snprintf(stream, sizeof(stream), "adw:%s", id);
    return change_event(change, stream, "adw.changed", data, fault);
}

static enum rs_err write_row(struct change *change, const char *org, const char *id, int64_t version, struct json_object *state,
                             struct fault *fault)
{
    const char *status = json_get_string(state, "status", NULL);

    if (status != NULL && strlen(status) > STATUS_MAX)
        status = NULL;
    return db_run(change_db(change), NULL, fault,
                  "INSERT INTO adw (id, org, version, deleted, status, created, updated, state)"
                  " VALUES ($1, $2, $3, 0, $4, $5, $5, $6)"
                  " ON CONFLICT (id) DO UPDATE SET version = excluded.version, status = excluded.status,"
                  " created = CASE adw.deleted WHEN 0 THEN adw.created ELSE excluded.created END, deleted = 0,"
                  " updated = excluded.updated, state = excluded.state",
                  "ttitit", id, org, version, status, change_now(change), json_text(state, NULL));
}

static enum rs_err check_version(const struct row *row, const char *id, int64_t if_version, struct fault *fault)
{
    if (if_version != 0 && row->state == NULL)
        return fault_set(fault, RS_PRECONDITION, "there is no ADW %s", id);
    if (if_version > 0 && row->version != if_version)
        return fault_set(fault, RS_PRECONDITION, "the state was changed since: read it again");
    return RS_OK;
}

/* Inside the transaction. *ret: owned. *ret_version: 0 when nothing changes. */
static enum rs_err apply(struct change *change, const char *org, const char *id, const struct adw_save *save, struct row *row,
                         int64_t *ret_version, struct json_object **ret, struct fault *fault)
{
    enum rs_err err;

    if (is_theirs(row, org))
        return none(id, fault);
    if ((err = check_version(row, id, save->if_version, fault)) != RS_OK ||
        (row->state == NULL && (err = check_room(change_db(change), org, fault)) != RS_OK) ||
        (err = make_state(id, row->state, save, ret, fault)) != RS_OK)
        return err;
    *ret_version = row->version;
    if (row->state != NULL && json_object_equal(row->state, *ret))
        return RS_OK;
    *ret_version = row->version + 1;
    if ((err = write_row(change, org, id, *ret_version, *ret, fault)) == RS_OK)
        err = changed_event(change, id, *ret, fault);
    return err;
}

enum rs_err adw_save(struct store *store, const char *org, const char *id, const struct adw_save *save, bool *ret_created,
                     int64_t *ret_version, struct json_object **ret, struct fault *fault)
{
    struct change *change = NULL;
    struct json_object *state = NULL;
    struct row row = {0};
    int64_t version = 0;
    enum rs_err err;

    if (!id_valid(id) || !id_valid(org))
        return fault_set(fault, RS_INVALID, "the id of an ADW has 1 to %d letters, digits, dots, underscores or hyphens", ID_MAX);
    if ((err = change_begin(store, &change, fault)) != RS_OK)
        return err;
    if ((err = row_load(store->db, id, &row, fault)) == RS_OK)
        err = apply(change, org, id, save, &row, &version, &state, fault);
    if (err == RS_OK)
        err = change_commit(change, fault);
    else
        change_abort(change);
    if (err == RS_OK) {
        if (ret_created != NULL)
            *ret_created = row.state == NULL;
        *ret_version = version;
        *ret = state;
    } else {
        json_object_put(state);
    }
    json_object_put(row.state);
    return err;
}

enum rs_err adw_delete(struct store *store, const char *org, const char *id, int64_t if_version, struct fault *fault)
{
    struct json_object *data = json_object_new_object();
    struct change *change = NULL;
    struct row row = {0};
    enum rs_err err;

    if ((err = change_begin(store, &change, fault)) != RS_OK)
        goto out;
    json_set_string(data, "adw_id", id);
    json_set_bool(data, "deleted", true);
    if ((err = row_load(store->db, id, &row, fault)) == RS_OK && (row.state == NULL || is_theirs(&row, org)))
        err = none(id, fault);
    if (err == RS_OK && (err = check_version(&row, id, if_version, fault)) == RS_OK)
        err = db_run(store->db, NULL, fault,
                     "UPDATE adw SET deleted = 1, version = version + 1, status = NULL, state = '{}', updated = $1 WHERE id = $2",
                     "it", change_now(change), id);
    if (err == RS_OK && (err = changed_event(change, id, data, fault)) == RS_OK)
        err = change_commit(change, fault);
    else
        change_abort(change);
out:
    json_object_put(row.state);
    json_object_put(data);
    return err;
}

/* ---- all of them ---- */

static enum rs_err put_states(struct db *db, const char *org, struct json_object *answer, struct fault *fault)
{
    struct json_object *states = json_object_new_array(), *state = NULL;
    struct db_rows *rows = NULL;
    enum rs_err err = db_query(db, &rows, fault,
                               "SELECT state FROM adw WHERE org = $1 AND deleted = 0 ORDER BY updated DESC, id LIMIT $2", "ti", org,
                               (int64_t)ADW_LIST_MAX);

    size_t bytes = 0;
    json_set(answer, "workflows", states);
    while (err == RS_OK && (err = db_next(rows, fault)) == RS_OK) {
        bytes += strlen(db_text(rows, 0));
        if (bytes > ADW_LIST_BYTES)
            break;
        if ((err = parse_state(db_text(rows, 0), &state, fault)) == RS_OK)
            json_object_array_add(states, state);
    }
    db_done(rows);
    return err == RS_NOT_FOUND ? RS_OK : err;
}

static enum rs_err put_summary(struct db *db, const char *org, struct json_object *answer, struct fault *fault)
{
    static const char *const words[] = {"running", "completed", "failed", "paused"};
    struct json_object *summary = json_object_new_object();
    struct db_rows *rows = NULL;
    int64_t total = 0, last = 0;
    size_t i;
    enum rs_err err = db_query(db, &rows, fault,
                               "SELECT status, deleted, COUNT(*), MAX(updated) FROM adw WHERE org = $1 GROUP BY status, deleted",
                               "t", org);

    json_set_int(summary, "total", 0);
    for (i = 0; i < sizeof(words) / sizeof(words[0]); i++)
        json_set_int(summary, words[i], 0);
    while (err == RS_OK && (err = db_next(rows, fault)) == RS_OK) {
        last = db_int(rows, 3) > last ? db_int(rows, 3) : last;
        total += db_int(rows, 1) != 0 ? 0 : db_int(rows, 2);
        for (i = 0; i < sizeof(words) / sizeof(words[0]); i++)
            if (!db_is_null(rows, 0) && strcmp(db_text(rows, 0), words[i]) == 0)
                json_set_int(summary, words[i], db_int(rows, 2));
    }
    db_done(rows);
    json_set_int(summary, "total", total);
    json_set(answer, "summary", summary);
    json_set(answer, "last_updated", NULL);
    json_set_time(answer, "last_updated", last);
    return err == RS_NOT_FOUND ? RS_OK : err;
}

enum rs_err adw_list(struct store *store, const char *org, struct json_object **ret, struct fault *fault)
{
    struct json_object *answer = json_object_new_object();
    enum rs_err err = db_begin_read(store->db, fault); /* the summary counts what the list shows */

    if (err == RS_OK)
        err = put_states(store->db, org, answer, fault);
    if (err == RS_OK)
        err = put_summary(store->db, org, answer, fault);
    db_rollback(store->db);
    if (err == RS_OK)
        *ret = answer;
    else
        json_object_put(answer);
    return err;
}
