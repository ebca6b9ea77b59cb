#include "model/run_emit.h"

#include "model/run_row.h"

#include <stdio.h>
#include <string.h>

#define BEGUN_DATA_MAX (64 * 1024)

/* What a type begins or ends, "agent" of "agent.started"; false: neither. */
static bool what_of(const char *type, const char *ending, char what[EVENT_TYPE_MAX + 1])
{
    const char *dot = strchr(type, '.');

    if (dot == NULL || strcmp(dot, ending) != 0)
        return false;
    snprintf(what, EVENT_TYPE_MAX + 1, "%.*s", (int)(dot - type), type);
    return true;
}

/* What a `.finished` event repeats of its beginning. */
static struct json_object *outline_of(struct json_object *data)
{
    static const char *const members[] = {"crewId", "nodeId", "agentId", "taskId", "callId", "tool", "name"};
    struct json_object *out = json_object_new_object(), *value;
    size_t i;

    for (i = 0; out != NULL && i < sizeof(members) / sizeof(members[0]); i++)
        if (json_object_object_get_ex(data, members[i], &value))
            json_set(out, members[i], json_object_get(value));
    return out;
}

static enum rs_err note(struct change *change, const char *run_id, const char *type, struct json_object *data,
                        struct fault *fault)
{
    const char *node_id = json_get_string(data, "nodeId", ""), *ref = json_get_string(data, "callId", "");
    char what[EVENT_TYPE_MAX + 1];
    struct json_object *outline;
    enum rs_err err = RS_OK;

    if (what_of(type, ".finished", what))
        return db_run(change_db(change), NULL, fault,
                      "DELETE FROM begun WHERE run_id = $1 AND node_id = $2 AND what = $3 AND ref = $4", "tttt", run_id,
                      node_id, what, ref);
    if (!what_of(type, ".started", what))
        return RS_OK;
    if ((outline = outline_of(data)) == NULL)
        return fault_set(fault, RS_NOMEM, "no memory for an event");
    err = db_run(change_db(change), NULL, fault,
                 "INSERT INTO begun (run_id, node_id, what, ref, since, data) VALUES ($1, $2, $3, $4, $5, $6)"
                 " ON CONFLICT (run_id, node_id, what, ref) DO NOTHING",
                 "ttttit", run_id, node_id, what, ref, change_now(change), json_text(outline, NULL));
    json_object_put(outline);
    return err;
}

enum rs_err run_emit(struct store *store, const char *run_id, int64_t fence, const char *type, struct json_object *data,
                     struct fault *fault)
{
    struct change *change = NULL;
    struct run_row run;
    enum rs_err err;

    if ((err = change_begin(store, &change, fault)) != RS_OK)
        return err;
    if ((err = run_row_fenced(store->db, run_id, fence, &run, fault)) == RS_OK && run.status != RUN_RUNNING)
        err = fault_set(fault, RS_CONFLICT, "run %s is %s", run_id, run_status_name(run.status));
    if (err == RS_OK && (err = note(change, run_id, type, data, fault)) == RS_OK &&
        (err = run_add_event(change, run_id, type, json_object_get(data), fault)) == RS_OK)
        return change_commit(change, fault);
    change_abort(change);
    return err;
}

/* One `.finished`, from a row of begun: what, since, data. */
static enum rs_err close_one(struct change *change, const char *run_id, struct db_rows *rows, struct fault *fault)
{
    struct json_object *data = NULL;
    char type[EVENT_TYPE_MAX + 16], seconds[32];
    int64_t took = run_duration(db_int(rows, 1), change_now(change));
    const char *text = db_text(rows, 2);
    enum rs_err err;

    snprintf(type, sizeof(type), "%s.finished", db_text(rows, 0));
    snprintf(seconds, sizeof(seconds), "%lld.%03lld", (long long)(took / 1000), (long long)(took % 1000));
    if ((err = json_parse(text, strlen(text), BEGUN_DATA_MAX, &data, fault)) != RS_OK)
        return err;
    json_set(data, "durationS", json_object_new_double_s((double)took / 1000, seconds));
    if (strcmp(db_text(rows, 0), "tool") == 0)
        json_set(data, "exitCode", NULL);
    json_set_string(data, "status", "error");
    return run_add_event(change, run_id, type, data, fault);
}

enum rs_err run_begun_close(struct change *change, const char *run_id, const char *node_id, struct fault *fault)
{
    struct db_rows *rows = NULL;
    enum rs_err err = db_query(change_db(change), &rows, fault,
                               "SELECT what, since, data FROM begun WHERE run_id = $1 AND node_id = $2"
                               " ORDER BY CASE what WHEN 'tool' THEN 0 WHEN 'task' THEN 1 ELSE 2 END, since DESC",
                               "tt", run_id, node_id);

    while (err == RS_OK && (err = db_next(rows, fault)) == RS_OK)
        err = close_one(change, run_id, rows, fault);
    db_done(rows);
    if (err == RS_NOT_FOUND)
        err = db_run(change_db(change), NULL, fault, "DELETE FROM begun WHERE run_id = $1 AND node_id = $2", "tt", run_id,
                     node_id);
    return err;
}
