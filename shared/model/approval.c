/* Requests for a person's decision, and the decisions. */
#include "model/approval.h"

#include "base/utf8.h"
#include "model/list_page.h"
#include "model/run_row.h"

#include <stdio.h>
#include <string.h>

/* A row: status waiting, approved, rejected, or closed (nobody can decide any more). */
struct approval_row {
    char status[16];
    int64_t deadline_ms;
    struct json_object *decision; /* owned; NULL: none */
};

static void row_release(struct approval_row *row)
{
    json_object_put(row->decision);
}

static struct json_object *column_json(struct db_rows *rows, int column)
{
    const char *text = db_text(rows, column);
    struct json_object *value = NULL;

    if (text == NULL || json_parse(text, strlen(text), APPROVAL_DATA_MAX, &value, NULL) != RS_OK)
        return NULL;
    return value;
}

static struct json_object *text_or_null(const char *text)
{
    return text != NULL ? json_object_new_string(text) : NULL;
}

static struct json_object *decision_of(struct db_rows *rows)
{
    struct json_object *decision = json_object_new_object();

    if (decision == NULL)
        return NULL;
    json_set_bool(decision, "approved", strcmp(db_text(rows, 0), "approved") == 0);
    json_set(decision, "by", text_or_null(db_text(rows, 3)));
    json_set(decision, "comment", text_or_null(db_text(rows, 4)));
    json_set_time(decision, "at", db_int(rows, 2));
    json_set(decision, "data", column_json(rows, 5));
    return decision;
}

/* RS_NOT_FOUND: it has never asked. */
static enum rs_err row_load(struct db *db, const char *run_id, const char *node_id, struct approval_row *ret,
                            struct fault *fault)
{
    struct db_rows *rows = NULL;
    enum rs_err err = db_query(db, &rows, fault,
                               "SELECT status, deadline, decided, decided_by, comment, data FROM approval"
                               " WHERE run_id = $1 AND node_id = $2",
                               "tt", run_id, node_id);

    *ret = (struct approval_row){.deadline_ms = 0};
    if (err == RS_OK && (err = db_next(rows, fault)) == RS_OK) {
        snprintf(ret->status, sizeof(ret->status), "%s", db_text(rows, 0));
        ret->deadline_ms = db_int(rows, 1);
        if (strcmp(ret->status, "approved") == 0 || strcmp(ret->status, "rejected") == 0)
            ret->decision = decision_of(rows);
    }
    db_done(rows);
    return err;
}

/* Ask, again when what was asked before is closed. */
static enum rs_err ask(struct change *change, const struct run_row *run, const char *node_id, const char *message,
                       int64_t deadline_ms, struct fault *fault)
{
    struct json_object *data;
    enum rs_err err = db_run(change_db(change), NULL, fault,
                             "INSERT INTO approval (run_id, node_id, org, status, message, requested, deadline)"
                             " VALUES ($1, $2, $3, 'waiting', $4, $5, $6) ON CONFLICT (run_id, node_id) DO UPDATE"
                             " SET status = 'waiting', message = excluded.message, requested = excluded.requested,"
                             " deadline = excluded.deadline, decided = 0, decided_by = NULL, comment = NULL, data = NULL",
                             "ttttii", run->id, node_id, run->org, message, change_now(change), deadline_ms);

    if (err != RS_OK)
        return err;
    if ((data = json_object_new_object()) != NULL) {
        json_set_string(data, "nodeId", node_id);
        json_set_string(data, "prompt", message);
        json_set_time(data, "deadline", deadline_ms);
    }
    return run_add_event(change, run->id, "approval.requested", data, fault);
}

static enum rs_err request(struct change *change, struct run_row *run, const char *node_id, const char *message,
                           struct approval_row *row, int64_t deadline_ms, struct fault *fault)
{
    struct node_change node = {.node_id = node_id, .status = NODE_WAITING, .message = message};
    enum rs_err err = row_load(change_db(change), run->id, node_id, row, fault);

    if ((err != RS_OK && err != RS_NOT_FOUND) || row->decision != NULL)
        return err;
    if (strcmp(row->status, "waiting") == 0) {
        err = RS_OK;
    } else {
        row->deadline_ms = deadline_ms;
        err = ask(change, run, node_id, message, deadline_ms, fault);
    }
    node.deadline_ms = row->deadline_ms;
    return err == RS_OK ? node_apply(change, run, &node, fault) : err;
}

enum rs_err approval_request(struct store *store, const char *run_id, int64_t fence, const char *node_id,
                             const char *message, int64_t deadline_ms, int64_t *ret_deadline_ms,
                             struct json_object **ret, struct fault *fault)
{
    struct approval_row row = {.deadline_ms = 0};
    struct change *change = NULL;
    char cut[APPROVAL_TEXT_MAX];
    struct run_row run;
    enum rs_err err;

    snprintf(cut, sizeof(cut), "%s", message);
    utf8_repair(cut);
    if ((err = change_begin(store, &change, fault)) != RS_OK)
        return err;
    if ((err = run_row_fenced(store->db, run_id, fence, &run, fault)) == RS_OK &&
        (err = request(change, &run, node_id, cut, &row, deadline_ms, fault)) == RS_OK)
        err = change_commit(change, fault);
    else
        change_abort(change);
    if (err == RS_OK) {
        *ret_deadline_ms = row.deadline_ms;
        *ret = row.decision;
        return RS_OK;
    }
    row_release(&row);
    return err;
}

enum rs_err approval_look(struct store *store, const char *run_id, const char *node_id, struct json_object **ret,
                          struct fault *fault)
{
    struct approval_row row;
    enum rs_err err = row_load(store->db, run_id, node_id, &row, fault);

    *ret = row.decision;
    return err == RS_NOT_FOUND ? RS_OK : err;
}

/* --- deciding --- */

/* Inside a transaction, on a row that waits. answer NULL: nobody decides. */
static enum rs_err decide(struct change *change, const char *run_id, const char *node_id,
                          const struct approval_answer *answer, struct fault *fault)
{
    const char *data_text = NULL, *status = answer == NULL ? "closed" : answer->approved ? "approved" : "rejected";
    struct json_object *data;
    enum rs_err err;

    if (answer != NULL &&
        (err = run_json_text(answer->data, APPROVAL_DATA_MAX, "the decision's data", &data_text, fault)) != RS_OK)
        return err;
    err = db_run(change_db(change), NULL, fault,
                 "UPDATE approval SET status = $1, decided = $2, decided_by = $3, comment = $4, data = $5"
                 " WHERE run_id = $6 AND node_id = $7",
                 "tittttt", status, change_now(change), answer != NULL ? answer->by : NULL,
                 answer != NULL ? answer->comment : NULL, data_text, run_id, node_id);
    if (err != RS_OK || answer == NULL)
        return err;
    if ((data = json_object_new_object()) != NULL) {
        json_set_string(data, "nodeId", node_id);
        json_set_string(data, "decision", status);
        json_set(data, "by", text_or_null(answer->by));
        json_set(data, "comment", text_or_null(answer->comment));
    }
    return run_add_event(change, run_id, "approval.decided", data, fault);
}

static enum rs_err check_text(const char *text, size_t max, const char *what, struct fault *fault)
{
    if (text != NULL && strlen(text) > max)
        return fault_set(fault, RS_LIMIT, "%s is longer than %zu bytes", what, max);
    if (text != NULL && !utf8_valid(text, strlen(text)))
        return fault_set(fault, RS_INVALID, "%s is not UTF-8", what);
    return RS_OK;
}

/* Why the node cannot be decided on, when it has never asked. */
static enum rs_err not_asked(struct db *db, const char *run_id, const char *node_id, struct fault *fault)
{
    struct db_rows *rows = NULL;
    enum rs_err err = db_query(db, &rows, fault, "SELECT kind FROM node WHERE run_id = $1 AND node_id = $2", "tt", run_id,
                               node_id);

    if (err == RS_OK && (err = db_next(rows, fault)) == RS_OK)
        err = fault_set(fault, RS_CONFLICT, "node %.*s does not wait for a decision", ID_MAX, node_id);
    else if (err == RS_NOT_FOUND)
        err = fault_set(fault, RS_NOT_FOUND, "run %s has no node %.*s", run_id, ID_MAX, node_id);
    db_done(rows);
    return err;
}

/* Does it wait for a person? The run may be between two processes. */
static enum rs_err check_waits(struct db *db, const struct run_row *run, const char *node_id,
                               const struct approval_row *row, struct fault *fault)
{
    if (row->status[0] == '\0')
        return not_asked(db, run->id, node_id, fault);
    if (row->decision != NULL)
        return fault_set(fault, RS_CONFLICT, "node %s was %s already%s%.*s", node_id, row->status,
                         json_get(row->decision, "by") != NULL ? ", by " : "", APPROVAL_NAME_MAX,
                         json_get_string(row->decision, "by", ""));
    if (strcmp(row->status, "waiting") != 0 || run_status_ended(run->status))
        return fault_set(fault, RS_CONFLICT, "node %s does not wait for a decision any more", node_id);
    return RS_OK;
}

enum rs_err approval_decide(struct store *store, const char *org, const char *run_id, const char *node_id,
                            const struct approval_answer *answer, struct json_object **ret, struct fault *fault)
{
    struct approval_row row = {.deadline_ms = 0};
    struct change *change = NULL;
    struct run_row run;
    enum rs_err err;

    if ((err = check_text(answer->by, APPROVAL_NAME_MAX, "`by`", fault)) != RS_OK ||
        (err = check_text(answer->comment, APPROVAL_TEXT_MAX, "`comment`", fault)) != RS_OK ||
        (err = change_begin(store, &change, fault)) != RS_OK)
        return err;
    if ((err = run_row_load(store->db, run_id, &run, fault)) == RS_OK && org != NULL && strcmp(org, run.org) != 0)
        err = fault_set(fault, RS_NOT_FOUND, "there is no run %.*s", ID_MAX, run_id);
    if (err == RS_OK && ((err = row_load(store->db, run_id, node_id, &row, fault)) == RS_OK || err == RS_NOT_FOUND))
        err = check_waits(store->db, &run, node_id, &row, fault);
    row_release(&row);
    if (err == RS_OK && (err = decide(change, run_id, node_id, answer, fault)) == RS_OK)
        err = row_load(store->db, run_id, node_id, &row, fault);
    if (err != RS_OK) {
        change_abort(change);
        return err;
    }
    if ((err = change_commit(change, fault)) == RS_OK) {
        *ret = row.decision;
        run_poke(store, run_id);
    } else {
        row_release(&row);
    }
    return err;
}

enum rs_err approval_expire(struct store *store, const char *run_id, int64_t fence, const char *node_id,
                            const bool *approved, struct json_object **ret, struct fault *fault)
{
    struct approval_answer answer = {.approved = approved != NULL && *approved,
                                     .comment = "nobody had decided at the deadline"};
    struct approval_row row = {.deadline_ms = 0};
    struct change *change = NULL;
    struct run_row run;
    enum rs_err err;

    *ret = NULL;
    if ((err = change_begin(store, &change, fault)) != RS_OK)
        return err;
    if ((err = run_row_fenced(store->db, run_id, fence, &run, fault)) == RS_OK)
        err = row_load(store->db, run_id, node_id, &row, fault);
    if (err == RS_OK && row.decision == NULL &&
        (err = decide(change, run_id, node_id, approved != NULL ? &answer : NULL, fault)) == RS_OK)
        err = row_load(store->db, run_id, node_id, &row, fault);
    if (err == RS_OK)
        err = change_commit(change, fault);
    else
        change_abort(change);
    if (err == RS_OK)
        *ret = row.decision;
    else
        row_release(&row);
    return err;
}

enum rs_err approval_close(struct db *db, const char *run_id, const char *node_id, struct fault *fault)
{
    return db_run(db, NULL, fault,
                  "UPDATE approval SET status = 'closed' WHERE run_id = $1 AND node_id = $2 AND status = 'waiting'", "tt",
                  run_id, node_id);
}

enum rs_err approval_forget(struct db *db, const char *run_id, struct fault *fault)
{
    return db_run(db, NULL, fault, "DELETE FROM approval WHERE run_id = $1", "t", run_id);
}

/* --- the list --- */

static struct json_object *item_of(struct db_rows *rows)
{
    struct json_object *item = json_object_new_object();

    if (item == NULL)
        return NULL;
    json_set_string(item, "runId", db_text(rows, 1));
    json_set_string(item, "nodeId", db_text(rows, 2));
    json_set_string(item, "message", db_text(rows, 3));
    json_set_time(item, "requestedAt", db_int(rows, 4));
    json_set_time(item, "deadline", db_int(rows, 5));
    json_set_string(item, "workflowId", db_text(rows, 6));
    json_set_string(item, "name", db_text(rows, 7));
    return item;
}

enum rs_err approval_list(struct store *store, const char *org, int limit, const char *cursor, struct json_object **ret,
                          struct fault *fault)
{
    struct db_rows *rows = NULL;
    int64_t after;
    enum rs_err err = list_page_cursor(cursor, 0, &after, fault);

    if (err == RS_OK)
        err = db_query(store->db, &rows, fault,
                       "SELECT a.n, a.run_id, a.node_id, a.message, a.requested, a.deadline, r.workflow_id, r.name"
                       " FROM approval a JOIN run r ON r.id = a.run_id WHERE a.org = $1 AND a.status = 'waiting' AND a.n > $2"
                       " AND r.status IN ('queued', 'running', 'paused') ORDER BY a.n LIMIT $3",
                       "tii", org, after, (int64_t)limit + 1);
    if (err == RS_OK)
        err = list_page_read(rows, limit, item_of, ret, fault);
    db_done(rows);
    return err;
}
