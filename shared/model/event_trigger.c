/* Triggers of kind event. */
#include "model/event_trigger.h"

#include "model/run_row.h"
#include "model/workflow.h"

#include <stdio.h>
#include <string.h>

#define ANY "*" /* every workflow but the listening one itself; no id */

/* ---- rows of a workflow ---- */

static enum rs_err add_row(struct db *db, const char *org, const char *workflow_id, const char *node_id,
                           const char *source, struct json_object *statuses, struct fault *fault)
{
    static const char *const all[] = {"success", "error", "cancelled"};
    size_t n = statuses != NULL ? json_object_array_length(statuses) : 3, i;
    enum rs_err err = RS_OK;

    for (i = 0; err == RS_OK && i < n; i++)
        err = db_run(db, NULL, fault,
                     "INSERT INTO event_trigger (org, source, status, workflow_id, node_id) VALUES ($1, $2, $3, $4, $5)"
                     " ON CONFLICT (org, source, status, workflow_id, node_id) DO NOTHING",
                     "ttttt", org, source,
                     statuses != NULL ? json_object_get_string(json_object_array_get_idx(statuses, i)) : all[i], workflow_id,
                     node_id);
    return err;
}

static enum rs_err add_rows(struct db *db, const char *org, const char *workflow_id, struct json_object *node,
                            struct fault *fault)
{
    struct json_object *data = json_get(node, "data"), *sources = json_get_array(data, "workflows"),
                       *statuses = json_get_array(data, "status");
    size_t n = sources != NULL ? json_object_array_length(sources) : 0, i;
    const char *node_id = json_get_string(node, "id", "");
    enum rs_err err = RS_OK;

    if (strcmp(json_get_string(data, "kind", ""), "event") != 0 || !json_get_bool(data, "enabled", true))
        return RS_OK;
    if (n == 0)
        return add_row(db, org, workflow_id, node_id, ANY, statuses, fault);
    for (i = 0; err == RS_OK && i < n; i++)
        err = add_row(db, org, workflow_id, node_id, json_object_get_string(json_object_array_get_idx(sources, i)), statuses,
                      fault);
    return err;
}

enum rs_err event_trigger_sync(struct db *db, const char *org, const char *workflow_id, struct json_object *definition,
                               struct fault *fault)
{
    struct json_object *nodes = json_get_array(definition, "nodes");
    size_t n = nodes != NULL ? json_object_array_length(nodes) : 0, i;
    enum rs_err err = db_run(db, NULL, fault, "DELETE FROM event_trigger WHERE org = $1 AND workflow_id = $2", "tt", org,
                             workflow_id);

    for (i = 0; err == RS_OK && i < n; i++)
        err = add_rows(db, org, workflow_id, json_object_array_get_idx(nodes, i), fault);
    return err;
}

/* ---- a run has ended ---- */

struct listeners {
    struct {
        char workflow_id[ID_MAX + 1], node_id[ID_MAX + 1];
    } at[EVENT_TRIGGERS_MAX];
    int n;
};

static enum rs_err find_listeners(struct db *db, const struct run_row *run, struct listeners *ret, struct fault *fault)
{
    struct db_rows *rows = NULL;
    enum rs_err err = db_query(db, &rows, fault,
                               "SELECT workflow_id, MIN(node_id) FROM event_trigger WHERE org = $1 AND status = $2"
                               " AND (source = $3 OR (source = '" ANY "' AND workflow_id <> $3))"
                               " GROUP BY workflow_id ORDER BY workflow_id LIMIT $4",
                               "ttti", run->org, run_status_name(run->status), run->workflow_id,
                               (int64_t)EVENT_TRIGGERS_MAX);

    ret->n = 0;
    while (err == RS_OK && ret->n < EVENT_TRIGGERS_MAX && (err = db_next(rows, fault)) == RS_OK) {
        snprintf(ret->at[ret->n].workflow_id, ID_MAX + 1, "%s", db_text(rows, 0));
        snprintf(ret->at[ret->n++].node_id, ID_MAX + 1, "%s", db_text(rows, 1));
    }
    db_done(rows);
    return err == RS_NOT_FOUND ? RS_OK : err;
}

static struct json_object *input_of(const struct run_row *run, struct json_object *output, struct json_object *error)
{
    struct json_object *input = json_object_new_object(), *about = json_object_new_object();

    json_set_string(about, "id", run->id);
    json_set_string(about, "workflowId", run->workflow_id);
    json_set_string(about, "status", run_status_name(run->status));
    json_set(about, "output", json_object_get(output));
    json_set(about, "error", json_object_get(error));
    json_set(input, "run", about);
    return input;
}

static enum rs_err depth_of(struct db *db, const char *run_id, int64_t *ret, struct fault *fault)
{
    struct db_rows *rows = NULL;
    enum rs_err err = db_query(db, &rows, fault, "SELECT depth FROM run WHERE id = $1", "t", run_id);

    if (err == RS_OK && (err = db_next(rows, fault)) == RS_OK)
        *ret = db_int(rows, 0);
    db_done(rows);
    return err;
}

/* One run of a listening workflow. RS_UNPROCESSABLE, RS_LIMIT: it cannot be made, and nothing was. */
static enum rs_err start(struct change *change, const struct run_row *run, const char *workflow_id, const char *node_id,
                         struct json_object *input, struct fault *fault)
{
    struct json_object *record = NULL, *checked = NULL, *errors = json_object_new_array(),
                       *trigger = json_object_new_object();
    char run_id[ID_MAX + 1];
    int64_t depth = 0;
    int version, i;
    enum rs_err err = depth_of(change_db(change), run->id, &depth, fault);

    if (err == RS_OK && ++depth > RUN_DEPTH_MAX)
        err = fault_set(fault, RS_LIMIT, "runs may start runs that start runs, but only %d deep", RUN_DEPTH_MAX);
    if (err == RS_OK)
        err = workflow_get_in(change_db(change), run->org, workflow_id, &record, fault);
    version = (int)json_get_int(record, "version", 0);
    for (i = 0; err == RS_OK && workflow_record_members[i] != NULL; i++)
        json_object_object_del(record, workflow_record_members[i]);
    if (err == RS_OK && (err = graph_check_input(record, input, errors, &checked, fault)) == RS_UNPROCESSABLE)
        fault_set(fault, err, "%s", json_get_string(json_object_array_get_idx(errors, 0), "message", fault->message));
    json_set_string(trigger, "kind", "event");
    json_set_string(trigger, "nodeId", node_id);
    json_set_string(trigger, "runId", run->id);
    if (err == RS_OK) {
        struct run_new new = {.org = run->org,
                              .workflow_id = workflow_id,
                              .workflow_version = version,
                              .definition = record,
                              .input = checked,
                              .trigger = trigger};

        err = run_create_in(change, &new, run_id, fault);
    }
    if (err == RS_OK)
        err = db_run(change_db(change), NULL, fault, "UPDATE run SET depth = $1 WHERE id = $2", "it", depth, run_id);
    json_object_put(record);
    json_object_put(checked);
    json_object_put(errors);
    json_object_put(trigger);
    return err;
}

static enum rs_err say(struct change *change, const struct run_row *run, const char *workflow_id, const struct fault *why,
                       struct fault *fault)
{
    struct json_object *data = json_object_new_object();
    char message[FAULT_MESSAGE_MAX + ID_MAX + 64];

    snprintf(message, sizeof(message), "the end of this run did not start workflow %s: %s", workflow_id, why->message);
    json_set_string(data, "level", "warning");
    json_set_string(data, "message", message);
    json_set_string(data, "source", "runner");
    return run_add_event(change, run->id, "log", data, fault);
}

enum rs_err event_trigger_fire(struct change *change, const struct run_row *run, struct json_object *output,
                               struct json_object *error, struct fault *fault)
{
    struct listeners listeners;
    struct json_object *input;
    struct fault why = {0};
    int i;
    enum rs_err err = find_listeners(change_db(change), run, &listeners, fault);

    if (err != RS_OK || listeners.n == 0)
        return err;
    input = input_of(run, output, error);
    for (i = 0; err == RS_OK && i < listeners.n; i++) {
        err = start(change, run, listeners.at[i].workflow_id, listeners.at[i].node_id, input, &why);
        if (err == RS_UNPROCESSABLE || err == RS_LIMIT || err == RS_INVALID)
            err = say(change, run, listeners.at[i].workflow_id, &why, fault);
        else if (err != RS_OK)
            fault_set(fault, err, "%s", why.message);
    }
    json_object_put(input);
    change_poke(change);
    return err;
}
