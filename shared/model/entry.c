#include "model/entry_row.h"

#include "model/queue.h"
#include "model/run_row.h"

#include <string.h>

enum rs_err entry_get(struct store *store, const char *org, const char *id, struct json_object **ret, struct fault *fault)
{
    return entry_read(store->db, org, id, ret, fault);
}

/* JSON text to store; NULL for what is not there. */
static const char *stored(struct json_object *fields, const char *member, const char *fallback)
{
    struct json_object *value = json_get(fields, member);

    return value != NULL ? json_text(value, NULL) : fallback;
}

/* ---- adding ---- */

static enum rs_err check_room(struct db *db, const char *org, struct fault *fault)
{
    struct db_rows *rows = NULL;
    enum rs_err err = db_query(db, &rows, fault,
                               "SELECT COUNT(*) FROM queue_entry WHERE org = $1 AND status IN ('queued', 'running')", "t", org);

    if (err == RS_OK && (err = db_next(rows, fault)) == RS_OK && db_int(rows, 0) >= ENTRY_OPEN_MAX)
        err = fault_set(fault, RS_LIMIT, "the queue has %d entries that have not ended, and takes no more", ENTRY_OPEN_MAX);
    db_done(rows);
    return err;
}

/* An entry on its way into the database. */
struct draft {
    const char *org;
    struct json_object *fields;
    char id[ID_MAX + 1];
};

static enum rs_err insert(struct change *change, const char *run_id, void *ctx, struct fault *fault)
{
    struct draft *draft = ctx;
    enum rs_err err = check_room(change_db(change), draft->org, fault);

    if (err != RS_OK)
        return err;
    change_note(change, draft->id);
    return db_run(change_db(change), NULL, fault,
                  "INSERT INTO queue_entry (id, org, issue, parent, phase, status, priority, metadata, run_id, created, updated)"
                  " VALUES ($1, $2, $3, $4, $5, 'queued', $6, $7, $8, $9, $9)",
                  "tttttitti", draft->id, draft->org, stored(draft->fields, "issue_number", NULL),
                  stored(draft->fields, "parent_issue", NULL), stored(draft->fields, "phase", NULL),
                  json_get_int(draft->fields, "priority", 0), stored(draft->fields, "metadata", "{}"), run_id, change_now(change));
}

static enum rs_err add_tracked(struct store *store, struct draft *draft, struct fault *fault)
{
    struct change *change = NULL;
    enum rs_err err = change_begin(store, &change, fault);

    if (err != RS_OK)
        return err;
    if ((err = insert(change, NULL, draft, fault)) == RS_OK && (err = entry_changed(change, draft->id, fault)) == RS_OK)
        return change_commit(change, fault);
    change_abort(change);
    return err;
}

enum rs_err entry_add(struct store *store, const char *org, struct json_object *fields, struct run_new *run,
                      struct json_object *errors, struct json_object **ret, struct fault *fault)
{
    struct draft draft = {.org = org, .fields = fields};
    int priority = (int)json_get_int(fields, "priority", 0);
    char run_id[ID_MAX + 1];
    enum rs_err err = entry_check(fields, errors, fault);

    if (err != RS_OK)
        return err;
    id_new("q_", draft.id);
    if (run == NULL) {
        err = add_tracked(store, &draft, fault);
    } else {
        run->priority = &priority;
        run->within = insert;
        run->within_ctx = &draft;
        err = run_create(store, run, run_id, fault); /* which says entry_follow */
    }
    return err == RS_OK ? entry_read(store->db, org, draft.id, ret, fault) : err;
}

/* ---- changing ---- */

static enum rs_err check_run(struct db *db, struct json_object *before, struct json_object *after, struct fault *fault)
{
    const char *run_id = json_get_string(before, "run_id", NULL);
    struct run_row run;
    enum rs_err err;

    if (run_id == NULL)
        return RS_OK;
    if ((err = run_row_load(db, run_id, &run, fault)) != RS_OK)
        return err;
    if (strcmp(json_get_string(before, "status", ""), json_get_string(after, "status", "queued")) != 0)
        return fault_set(fault, RS_CONFLICT, "the status of this entry is that of its run %s: cancel, pause or resume the run", run_id);
    if (json_get_int(before, "priority", 0) != json_get_int(after, "priority", 0) && run.status != RUN_QUEUED &&
        run.status != RUN_PAUSED)
        return fault_set(fault, RS_CONFLICT, "run %s is %s: its priority is of no use any more", run_id,
                         run_status_name(run.status));
    return RS_OK;
}

static enum rs_err write(struct change *change, const char *id, struct json_object *after, struct fault *fault)
{
    int64_t priority = json_get_int(after, "priority", 0);
    enum rs_err err = db_run(change_db(change), NULL, fault,
                             "UPDATE queue_entry SET issue = $1, parent = $2, phase = $3, status = $4, priority = $5,"
                             " metadata = $6, updated = $7 WHERE id = $8",
                             "ttttitit", stored(after, "issue_number", NULL), stored(after, "parent_issue", NULL),
                             stored(after, "phase", NULL), json_get_string(after, "status", "queued"), priority,
                             stored(after, "metadata", "{}"), change_now(change), id);

    if (err == RS_OK)
        err = db_run(change_db(change), NULL, fault,
                     "UPDATE run SET priority = $1 WHERE id = (SELECT run_id FROM queue_entry WHERE id = $2)", "it", priority, id);
    return err == RS_OK ? entry_changed(change, id, fault) : err;
}

/* The members a patch may name, of those it names. Owned. */
static struct json_object *own_members(struct json_object *patch)
{
    static const char *const names[] = {"issue_number", "parent_issue", "phase", "priority", "metadata", "status"};
    struct json_object *own = json_object_new_object(), *value;
    size_t i;

    for (i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        if (json_object_object_get_ex(patch, names[i], &value))
            json_set(own, names[i], json_object_get(value));
    return own;
}

static enum rs_err apply(struct change *change, const char *org, const char *id, struct json_object *patch,
                         struct json_object *errors, struct json_object **ret, struct fault *fault)
{
    struct json_object *before = NULL, *after = NULL;
    enum rs_err err;

    if ((err = entry_read(change_db(change), org, id, &before, fault)) != RS_OK ||
        (err = entry_read(change_db(change), org, id, &after, fault)) != RS_OK)
        goto out;
    json_merge(after, patch);
    if ((err = entry_check(after, errors, fault)) != RS_OK || (err = check_run(change_db(change), before, after, fault)) != RS_OK ||
        json_object_equal(before, after))
        goto out;
    if (entry_status_ended(json_get_string(before, "status", "")) && !entry_status_ended(json_get_string(after, "status", "queued")))
        err = check_room(change_db(change), org, fault);
    if (err == RS_OK)
        err = write(change, id, after, fault);
out:
    if (err == RS_OK)
        err = entry_read(change_db(change), org, id, ret, fault);
    json_object_put(before);
    json_object_put(after);
    return err;
}

enum rs_err entry_patch(struct store *store, const char *org, const char *id, struct json_object *patch,
                        struct json_object *errors, struct json_object **ret, struct fault *fault)
{
    struct json_object *own = own_members(patch), *entry = NULL;
    struct change *change = NULL;
    enum rs_err err = change_begin(store, &change, fault);

    if (err != RS_OK)
        goto out;
    if ((err = apply(change, org, id, own, errors, &entry, fault)) != RS_OK)
        change_abort(change);
    else if ((err = change_commit(change, fault)) == RS_OK)
        *ret = entry;
    if (err != RS_OK)
        json_object_put(entry);
out:
    json_object_put(own);
    return err;
}

/* ---- taking out ---- */

static enum rs_err end_run(struct change *change, struct json_object *entry, struct fault *fault)
{
    const char *run_id = json_get_string(entry, "run_id", NULL);
    struct run_row run;
    enum rs_err err;

    if (run_id == NULL)
        return RS_OK;
    if ((err = run_row_load(change_db(change), run_id, &run, fault)) != RS_OK || run_status_ended(run.status))
        return err;
    if (strcmp(json_get_string(entry, "status", ""), "queued") != 0)
        return fault_set(fault, RS_CONFLICT, "run %s of this entry has begun: cancel it first", run_id);
    return run_cancel_row(change, &run, "it was taken out of the queue", fault);
}

static enum rs_err remove_row(struct change *change, const char *org, const char *id, struct fault *fault)
{
    struct json_object *data = json_object_new_object();
    enum rs_err err;

    json_set_string(data, "queue_id", id);
    json_set_bool(data, "deleted", true);
    if ((err = db_run(change_db(change), NULL, fault, "DELETE FROM queue_entry WHERE id = $1", "t", id)) == RS_OK)
        err = queue_event(change, org, data, fault);
    json_object_put(data);
    return err;
}

enum rs_err entry_delete(struct store *store, const char *org, const char *id, struct fault *fault)
{
    struct json_object *entry = NULL;
    struct change *change = NULL;
    enum rs_err err;

    if ((err = change_begin(store, &change, fault)) != RS_OK)
        return err;
    if ((err = entry_read(change_db(change), org, id, &entry, fault)) == RS_OK && (err = end_run(change, entry, fault)) == RS_OK)
        err = remove_row(change, org, id, fault);
    json_object_put(entry);
    if (err != RS_OK) {
        change_abort(change);
        return err;
    }
    change_poke(change); /* whoever has taken its run and not begun it */
    return change_commit(change, fault);
}

/* ---- following a run ---- */

static const char *status_of(const struct run_row *run)
{
    switch (run->status) {
    case RUN_QUEUED:
        return "queued";
    case RUN_RUNNING:
        return "running";
    case RUN_PAUSED:
        return run->started > 0 ? "running" : "queued";
    case RUN_SUCCESS:
        return "completed";
    case RUN_ERROR:
    case RUN_CANCELLED:
        break;
    }
    return "failed";
}

static enum rs_err entry_of_run(struct db *db, const char *run_id, char id[ID_MAX + 1], struct fault *fault)
{
    struct db_rows *rows = NULL;
    enum rs_err err = db_query(db, &rows, fault, "SELECT id FROM queue_entry WHERE run_id = $1", "t", run_id);

    id[0] = '\0';
    if (err == RS_OK && (err = db_next(rows, fault)) == RS_OK)
        memcpy(id, db_text(rows, 0), strlen(db_text(rows, 0)) + 1);
    db_done(rows);
    return err == RS_NOT_FOUND ? RS_OK : err;
}

enum rs_err entry_follow(struct change *change, const struct run_row *run, struct fault *fault)
{
    char id[ID_MAX + 1];
    enum rs_err err = entry_of_run(change_db(change), run->id, id, fault);

    if (err != RS_OK || id[0] == '\0')
        return err;
    err = db_run(change_db(change), NULL, fault, "UPDATE queue_entry SET status = $1, updated = $2 WHERE id = $3", "tit",
                 status_of(run), change_now(change), id);
    return err == RS_OK ? entry_changed(change, id, fault) : err;
}

enum rs_err entry_priority(struct change *change, const struct run_row *run, int64_t priority, struct fault *fault)
{
    char id[ID_MAX + 1];
    enum rs_err err = entry_of_run(change_db(change), run->id, id, fault);

    if (err != RS_OK || id[0] == '\0')
        return err;
    err = db_run(change_db(change), NULL, fault, "UPDATE queue_entry SET priority = $1, updated = $2 WHERE id = $3", "iit",
                 priority, change_now(change), id);
    return err == RS_OK ? entry_changed(change, id, fault) : err;
}
