#include "model/session_row.h"

#include "base/clock.h"
#include "model/list_page.h"

#include <stdio.h>
#include <string.h>

#define CURSOR_MAX (ID_MAX + 32) /* bytes of a list's */
#define SESSION_COLUMNS "id, name, model, version, created, updated, org, messages, n_messages"

static enum rs_err put_tools(struct db *db, const char *id, struct json_object *session, struct fault *fault)
{
    struct json_object *tools = json_object_new_object();
    struct db_rows *rows = NULL;
    enum rs_err err = db_query(db, &rows, fault, "SELECT tool, enabled FROM session_tool WHERE session_id = $1 ORDER BY tool",
                               "t", id);

    while (err == RS_OK && (err = db_next(rows, fault)) == RS_OK)
        json_set_bool(tools, db_text(rows, 0), db_int(rows, 1) != 0);
    db_done(rows);
    json_set(session, "tools", tools);
    return err == RS_NOT_FOUND ? RS_OK : err;
}

static enum rs_err stored_messages(const char *text, struct json_object **ret, struct fault *fault)
{
    enum rs_err err = json_parse(text, strlen(text), SESSION_JSON_MAX, ret, fault);

    if (err == RS_OK && !json_object_is_type(*ret, json_type_array)) {
        json_object_put(*ret);
        err = fault_set(fault, RS_IO, "the stored messages of a session are not readable");
    }
    return err;
}

/* rows: SESSION_COLUMNS. Tools are put in by the caller. */
static enum rs_err session_of(struct db_rows *rows, bool whole, struct json_object **ret, struct fault *fault)
{
    struct json_object *session = json_object_new_object(), *messages = NULL;
    enum rs_err err = RS_OK;

    if (session == NULL)
        return fault_set(fault, RS_NOMEM, "no memory for a session");
    if (whole && (err = stored_messages(db_text(rows, 7), &messages, fault)) != RS_OK) {
        json_object_put(session);
        return err;
    }
    json_set_string(session, "id", db_text(rows, 0));
    json_set(session, "name", json_object_new_string(db_text(rows, 1)));
    json_set(session, "model", db_is_null(rows, 2) ? NULL : json_object_new_string(db_text(rows, 2)));
    json_set(session, "tools", NULL); /* its place */
    if (whole)
        json_set(session, "messages", messages);
    else
        json_set_int(session, "messageCount", db_int(rows, 8));
    json_set_time(session, "createdAt", db_int(rows, 4));
    json_set_time(session, "updatedAt", db_int(rows, 5));
    json_set_int(session, "version", db_int(rows, 3));
    json_set_string(session, "org", db_text(rows, 6));
    *ret = session;
    return RS_OK;
}

static enum rs_err none(const char *id, struct fault *fault)
{
    return fault_set(fault, RS_NOT_FOUND, "there is no session %.*s", ID_MAX, id);
}

static enum rs_err read_session(struct db *db, const char *org, const char *id, struct json_object **ret,
                                struct fault *fault)
{
    struct db_rows *rows = NULL;
    struct json_object *session = NULL;
    enum rs_err err = db_query(db, &rows, fault, "SELECT " SESSION_COLUMNS " FROM session WHERE id = $1", "t", id);

    if (err == RS_OK)
        err = db_next(rows, fault);
    if (err == RS_NOT_FOUND || (err == RS_OK && org != NULL && strcmp(org, db_text(rows, 6)) != 0))
        err = none(id, fault);
    if (err == RS_OK)
        err = session_of(rows, true, &session, fault);
    /* Before db_done: what is read under an open row is of the same moment. */
    if (err == RS_OK)
        err = put_tools(db, id, session, fault);
    db_done(rows);
    if (err == RS_OK)
        *ret = session;
    else
        json_object_put(session);
    return err;
}

enum rs_err session_get(struct store *store, const char *org, const char *id, struct json_object **ret,
                        struct fault *fault)
{
    return read_session(store->db, org, id, ret, fault);
}

static const char *text_of(struct json_object *value)
{
    return value != NULL ? json_object_get_string(value) : NULL;
}

/* The messages after the change, as text to store. *ret: owned. */
static enum rs_err merge_messages(struct json_object *before, const struct session_change *what, struct json_object **ret,
                                  struct fault *fault)
{
    struct json_object *all = NULL, *base = what->messages != NULL ? what->messages : json_get(before, "messages");
    size_t i, len, n;

    if (base == NULL)
        all = json_object_new_array();
    else if (json_object_deep_copy(base, &all, NULL) != 0)
        all = NULL;
    if (all == NULL)
        return fault_set(fault, RS_NOMEM, "no memory for a session");
    n = what->say != NULL ? json_object_array_length(what->say) : 0;
    for (i = 0; i < n; i++)
        json_object_array_add(all, json_object_get(json_object_array_get_idx(what->say, i)));
    /* What grows by itself makes room by itself; half of the room is left for what else there is. */
    while (n > 0 && (json_text(all, &len), len > SESSION_JSON_MAX / 2) && json_object_array_length(all) > n)
        json_object_array_del_idx(all, 0, 1 + json_object_array_length(all) / 8);
    *ret = all;
    return RS_OK;
}

static enum rs_err write_row(struct change *change, const char *org, const char *id, struct json_object *before,
                             const struct session_change *what, struct fault *fault)
{
    struct json_object *messages = NULL;
    const char *name = text_of(what->name), *model = text_of(what->model);
    enum rs_err err = merge_messages(before, what, &messages, fault);

    if (err != RS_OK)
        return err;
    if (name == NULL)
        name = json_get_string(before, "name", id);
    if (model == NULL)
        model = json_get_string(before, "model", NULL);
    err = db_run(change_db(change), NULL, fault,
                 "INSERT INTO session (id, org, name, model, version, created, updated, messages, n_messages)"
                 " VALUES ($1, $2, $3, $4, 1, $5, $5, $6, $7)"
                 " ON CONFLICT (id) DO UPDATE SET name = excluded.name, model = excluded.model,"
                 " version = session.version + 1, updated = excluded.updated, messages = excluded.messages,"
                 " n_messages = excluded.n_messages",
                 "ttttiti", id, org, name, model, change_now(change), json_text(messages, NULL),
                 (int64_t)json_object_array_length(messages));
    json_object_put(messages);
    return err;
}

static enum rs_err write_tools(struct change *change, const char *id, struct json_object *tools, struct fault *fault)
{
    enum rs_err err = RS_OK;

    if (tools == NULL)
        return RS_OK;
    json_object_object_foreach(tools, name, value)
    {
        if (err == RS_OK)
            err = db_run(change_db(change), NULL, fault,
                         "INSERT INTO session_tool (session_id, tool, enabled) VALUES ($1, $2, $3)"
                         " ON CONFLICT (session_id, tool) DO UPDATE SET enabled = excluded.enabled",
                         "tti", id, name, (int64_t)json_object_get_boolean(value));
    }
    return err;
}

static enum rs_err changed_event(struct change *change, const char *id, struct json_object *data, struct fault *fault)
{
    char stream[ID_MAX + 16];

    snprintf(stream, sizeof(stream), "session:%s", id);
    return change_event(change, stream, "session.changed", data, fault);
}

static enum rs_err check_size(struct json_object *session, struct fault *fault)
{
    size_t len;

    if (json_object_object_length(json_get(session, "tools")) > SESSION_TOOLS_MAX)
        return fault_set(fault, RS_LIMIT, "a session has at most %d tools", SESSION_TOOLS_MAX);
    json_text(session, &len);
    if (len > SESSION_JSON_MAX)
        return fault_set(fault, RS_LIMIT, "the session is %zu bytes of JSON; at most %d are kept", len, SESSION_JSON_MAX);
    return RS_OK;
}

/* Was it another organisation's until it was deleted? Their clients may still follow its stream. */
static enum rs_err check_gone(struct db *db, const char *org, const char *id, struct fault *fault)
{
    struct db_rows *rows = NULL;
    enum rs_err err = db_query(db, &rows, fault, "SELECT 1 FROM session_gone WHERE id = $1 AND org <> $2", "tt", id, org);

    if (err == RS_OK)
        err = db_next(rows, fault);
    db_done(rows);
    return err == RS_NOT_FOUND ? RS_OK : err == RS_OK ? none(id, fault) : err;
}

/* Inside the transaction. *ret: owned. */
static enum rs_err apply(struct change *change, const char *org, const char *id, const struct session_change *what,
                         bool *ret_created, struct json_object **ret, struct fault *fault)
{
    struct json_object *before = NULL, *after = NULL;
    enum rs_err err = read_session(change_db(change), NULL, id, &before, fault);

    *ret_created = err == RS_NOT_FOUND;
    if (err == RS_NOT_FOUND)
        err = check_gone(change_db(change), org, id, fault);
    else if (err == RS_OK && strcmp(org, json_get_string(before, "org", "")) != 0)
        err = none(id, fault);
    if (err == RS_OK && what->if_version < 0 && before == NULL)
        err = fault_set(fault, RS_PRECONDITION, "there is no session %s", id);
    if (err == RS_OK && what->if_version > 0 && json_get_int(before, "version", 0) != what->if_version)
        err = fault_set(fault, RS_PRECONDITION, "the session was changed since: read it again");
    if (err != RS_OK || (err = write_row(change, org, id, before, what, fault)) != RS_OK ||
        (err = write_tools(change, id, what->tools, fault)) != RS_OK ||
        (err = read_session(change_db(change), org, id, &after, fault)) != RS_OK ||
        (err = check_size(after, fault)) != RS_OK || (err = changed_event(change, id, after, fault)) != RS_OK)
        json_object_put(after);
    else
        *ret = after;
    json_object_put(before);
    return err;
}

enum rs_err session_save(struct store *store, const char *org, const char *id, const struct session_change *what,
                         bool *ret_created, struct json_object *errors, struct json_object **ret, struct fault *fault)
{
    struct change *change = NULL;
    struct json_object *session = NULL;
    bool created = false;
    enum rs_err err;

    if (!id_valid(id) || !id_valid(org))
        return fault_set(fault, RS_INVALID, "a session's id has 1 to %d letters, digits, dots, underscores or hyphens",
                         ID_MAX);
    if ((err = session_check(what, errors, fault)) != RS_OK || (err = change_begin(store, &change, fault)) != RS_OK)
        return err;
    if ((err = apply(change, org, id, what, &created, &session, fault)) != RS_OK) {
        change_abort(change);
        return err;
    }
    if ((err = change_commit(change, fault)) != RS_OK) {
        json_object_put(session);
        return err;
    }
    if (ret_created != NULL)
        *ret_created = created;
    *ret = session;
    return RS_OK;
}

enum rs_err session_delete(struct store *store, const char *org, const char *id, struct fault *fault)
{
    struct change *change = NULL;
    struct json_object *data = NULL;
    int64_t changed = 0;
    enum rs_err err;

    if ((err = change_begin(store, &change, fault)) != RS_OK)
        return err;
    err = db_run(change_db(change), NULL, fault,
                 "INSERT INTO session_gone (id, org) SELECT id, org FROM session WHERE id = $1 AND org = COALESCE($2, org)"
                 " ON CONFLICT (id) DO NOTHING",
                 "tt", id, org);
    if (err == RS_OK)
        err = db_run(change_db(change), &changed, fault, "DELETE FROM session WHERE id = $1 AND org = COALESCE($2, org)", "tt", id,
                     org);
    if (err == RS_OK && changed == 0)
        err = none(id, fault);
    if (err == RS_OK)
        err = db_run(change_db(change), NULL, fault, "DELETE FROM session_tool WHERE session_id = $1", "t", id);
    if (err == RS_OK && (data = json_object_new_object()) == NULL)
        err = fault_set(fault, RS_NOMEM, "no memory for an event");
    if (err == RS_OK) {
        json_set_string(data, "id", id);
        json_set_bool(data, "deleted", true);
        err = changed_event(change, id, data, fault);
    }
    json_object_put(data);
    if (err == RS_OK)
        return change_commit(change, fault);
    change_abort(change);
    return err;
}

/* rows: SESSION_COLUMNS, then the cursor. */
static enum rs_err list_read(struct db *db, struct db_rows *rows, int limit, struct json_object *answer,
                             struct fault *fault)
{
    struct json_object *items = json_object_new_array(), *item = NULL;
    char last[CURSOR_MAX] = "";
    int n = 0;
    enum rs_err err;

    json_set(answer, "items", items);
    json_set(answer, "next", NULL);
    while ((err = db_next(rows, fault)) == RS_OK) {
        if (n++ == limit) { /* one more than asked for: there is a next page */
            json_set_string(answer, "next", last);
            return RS_OK;
        }
        if ((err = session_of(rows, false, &item, fault)) != RS_OK)
            return err;
        json_object_array_add(items, item);
        snprintf(last, sizeof(last), "%s", db_text(rows, 9));
        if ((err = put_tools(db, json_get_string(item, "id", ""), item, fault)) != RS_OK)
            return err;
    }
    return err == RS_NOT_FOUND ? RS_OK : err;
}

#define LIST_COLUMNS "SELECT id, name, model, version, created, updated, org, '[]', n_messages, "

/* Takes err, that of the query, and the rows. */
static enum rs_err list_answer(struct store *store, enum rs_err err, struct db_rows *rows, int limit, struct json_object **ret,
                               struct fault *fault)
{
    struct json_object *answer = json_object_new_object();

    if (err == RS_OK)
        err = answer != NULL ? list_read(store->db, rows, limit, answer, fault) : fault_set(fault, RS_NOMEM, "no memory for a list");
    db_done(rows);
    if (err == RS_OK)
        *ret = answer;
    else
        json_object_put(answer);
    return err;
}

static int list_limit(int limit)
{
    return limit < 1 ? 1 : limit > SESSION_LIST_MAX ? SESSION_LIST_MAX : limit;
}

enum rs_err session_list(struct store *store, const char *org, int limit, const char *cursor, struct json_object **ret,
                         struct fault *fault)
{
    struct db_rows *rows = NULL;
    enum rs_err err;

    limit = list_limit(limit);
    err = db_query(store->db, &rows, fault, LIST_COLUMNS "id FROM session WHERE org = $1 AND id > $2 ORDER BY id LIMIT $3", "tti",
                   org, cursor != NULL ? cursor : "", (int64_t)limit + 1);
    return list_answer(store, err, rows, limit, ret, fault);
}

enum rs_err session_list_recent(struct store *store, const char *org, const char *text, int limit, const char *cursor,
                                struct json_object **ret, struct fault *fault)
{
    char pattern[LIST_PATTERN_MAX], updated[CURSOR_MAX] = "";
    const char *dot = cursor != NULL ? strchr(cursor, '.') : NULL;
    struct db_rows *rows = NULL;
    int64_t before;
    enum rs_err err;

    limit = list_limit(limit);
    if (dot != NULL && (size_t)(dot - cursor) < sizeof(updated))
        memcpy(updated, cursor, (size_t)(dot - cursor));
    if (cursor != NULL && updated[0] == '\0')
        return fault_set(fault, RS_INVALID, "cursor must be the `next` of an earlier answer");
    if ((err = list_page_cursor(updated, INT64_MAX, &before, fault)) != RS_OK ||
        (err = list_page_pattern(text, pattern, fault)) != RS_OK)
        return err;
    err = db_query(store->db, &rows, fault,
                   LIST_COLUMNS "CAST(updated AS TEXT) || '.' || id FROM session"
                   " WHERE org = $1 AND (updated < $2 OR (updated = $2 AND id < $3))"
                   " AND ($4 = '' OR LOWER(name) LIKE LOWER($4) ESCAPE '!' OR LOWER(messages) LIKE LOWER($4) ESCAPE '!')"
                   " ORDER BY updated DESC, id DESC LIMIT $5",
                   "titti", org, before, dot != NULL ? dot + 1 : "", pattern, (int64_t)limit + 1);
    return list_answer(store, err, rows, limit, ret, fault);
}

enum rs_err session_tool_enabled(struct store *store, const char *org, const char *id, const char *tool, bool *ret,
                                 struct fault *fault)
{
    struct db_rows *rows = NULL;
    enum rs_err err = db_query(store->db, &rows, fault,
                               "SELECT t.enabled FROM session_tool t JOIN session s ON s.id = t.session_id"
                               " WHERE s.id = $1 AND s.org = $2 AND t.tool = $3",
                               "ttt", id, org, tool);

    if (err == RS_OK)
        err = db_next(rows, fault);
    if (err == RS_OK || err == RS_NOT_FOUND)
        *ret = err == RS_OK && db_int(rows, 0) != 0;
    db_done(rows);
    return err == RS_NOT_FOUND ? RS_OK : err;
}
