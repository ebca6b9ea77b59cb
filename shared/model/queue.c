#include "model/queue.h"

#include <string.h>

static enum rs_err read_paused(struct db *db, const char *org, bool *ret, struct fault *fault)
{
    struct db_rows *rows = NULL;
    enum rs_err err = db_query(db, &rows, fault, "SELECT paused FROM queue_state WHERE org = $1", "t", org);

    *ret = false;
    if (err == RS_OK && (err = db_next(rows, fault)) == RS_OK)
        *ret = db_int(rows, 0) != 0;
    db_done(rows);
    return err == RS_NOT_FOUND ? RS_OK : err;
}

enum rs_err queue_event(struct change *change, const char *org, struct json_object *data, struct fault *fault)
{
    bool owner = strcmp(org, config_text(change_datadir(change)->config, "spool.org")) == 0;
    struct json_object *shown = owner ? json_object_get(data) : json_object_new_object();
    enum rs_err err = shown != NULL ? change_event(change, "queue", "state.changed", shown, fault)
                                    : fault_set(fault, RS_NOMEM, "no memory for an event");

    json_object_put(shown);
    return err;
}

static enum rs_err write_paused(struct change *change, const char *org, bool paused, struct fault *fault)
{
    struct json_object *data;
    enum rs_err err = db_run(change_db(change), NULL, fault,
                             "INSERT INTO queue_state (org, paused, changed) VALUES ($1, $2, $3)"
                             " ON CONFLICT (org) DO UPDATE SET paused = excluded.paused, changed = excluded.changed",
                             "tii", org, (int64_t)paused, change_now(change));

    if (err != RS_OK)
        return err;
    if ((data = json_object_new_object()) == NULL)
        return fault_set(fault, RS_NOMEM, "no memory for an event");
    json_set_bool(data, "paused", paused);
    err = queue_event(change, org, data, fault);
    json_object_put(data);
    return err;
}

enum rs_err queue_pause(struct store *store, const char *org, bool paused, struct fault *fault)
{
    struct change *change = NULL;
    bool is = false;
    enum rs_err err;

    if ((err = change_begin(store, &change, fault)) != RS_OK)
        return err;
    if ((err = read_paused(store->db, org, &is, fault)) == RS_OK && is != paused)
        err = write_paused(change, org, paused, fault);
    if (err != RS_OK) {
        change_abort(change);
        return err;
    }
    if ((err = change_commit(change, fault)) == RS_OK && !paused)
        runner_poke(store->dd);
    return err;
}

enum rs_err queue_state(struct store *store, const char *org, struct queue_state *ret, struct fault *fault)
{
    struct db_rows *rows = NULL;
    enum rs_err err = read_paused(store->db, org, &ret->paused, fault);

    if (err == RS_OK)
        err = db_query(store->db, &rows, fault, "SELECT COUNT(*) FROM run WHERE status = 'queued' AND org = $1", "t", org);
    if (err == RS_OK && (err = db_next(rows, fault)) == RS_OK)
        ret->n_queued = (int)db_int(rows, 0);
    db_done(rows);
    return err;
}
