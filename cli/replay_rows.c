/* Rows of runs that are played. */
#include "cli/replay_rows.h"

#include "base/id.h"
#include "event/stream.h"
#include "model/kind.h"

#include <stdio.h>
#include <string.h>

#define OWNER "replay"
#define LEASE_MS INT64_C(315360000000) /* ten years: nobody else is to take the run up */

static struct json_object *member(struct json_object *object, const char *key)
{
    struct json_object *inner = json_get(object, key);

    if (inner == NULL)
        json_set(object, key, inner = json_object_new_object());
    return inner;
}

static void survey_event(struct json_object *run, const char *type, struct json_object *data)
{
    const char *node_id = json_get_string(data, "nodeId", ""), *kind_name = json_get_string(data, "kind", NULL);
    const char *crew_id = json_get_string(data, "crewId", NULL), *tool_id = json_get_string(data, "toolId", NULL);
    struct json_object *nodes = member(run, "nodes"), *tools = member(run, "tools");

    if (strncmp(type, "run.", 4) == 0) {
        json_set_string(run, "workflowId", json_get_string(data, "workflowId", "replay"));
        json_set_string(run, "name", json_get_string(data, "name", "replay"));
    }
    if (crew_id != NULL && id_valid(crew_id))
        json_set_string(run, "crewId", crew_id);
    if (tool_id != NULL && id_valid(tool_id))
        json_set_bool(tools, tool_id, true);
    if (strncmp(type, "node.", 5) == 0 && id_valid(node_id) && json_get(nodes, node_id) == NULL) {
        const struct kind *kind = kind_name != NULL ? kind_find(kind_name) : NULL;
        json_set_string(nodes, node_id, kind != NULL ? kind->name : "transform");
        if (kind != NULL && strcmp(kind->group, "tool") == 0)
            json_set_bool(tools, node_id, true);
    }
}

struct json_object *replay_survey(struct json_object *events)
{
    struct json_object *survey = json_object_new_object();

    for (size_t i = 0; i < json_object_array_length(events); i++) {
        struct json_object *event = json_object_array_get_idx(events, i);
        const char *stream = json_get_string(event, "stream", "");
        if (stream_has_kind(stream, "run"))
            survey_event(member(survey, stream_id(stream)), json_get_string(event, "type", ""), json_get(event, "data"));
    }
    return survey;
}

static struct json_object *tags_of(struct json_object *run)
{
    struct json_object *tags = json_object_new_array();
    char tag[STREAM_MAX];

    snprintf(tag, sizeof(tag), "workflow:%s", json_get_string(run, "workflowId", "replay"));
    json_object_array_add(tags, json_object_new_string(tag));
    if (json_get(run, "crewId") != NULL) {
        snprintf(tag, sizeof(tag), "crew:%s", json_get_string(run, "crewId", ""));
        json_object_array_add(tags, json_object_new_string(tag));
    }
    json_object_object_foreach(member(run, "tools"), tool_id, unused)
    {
        (void)unused;
        snprintf(tag, sizeof(tag), "tool:%s", tool_id);
        if (json_object_array_length(tags) < HOME_TAGS_MAX)
            json_object_array_add(tags, json_object_new_string(tag));
    }
    return tags;
}

/* The graph as far as the events tell of it: its nodes, in the order in which they first did something. */
static struct json_object *definition_of(struct json_object *run)
{
    struct json_object *definition = json_object_new_object(), *nodes = json_object_new_array();

    json_set_string(definition, "id", json_get_string(run, "workflowId", "replay"));
    json_set_string(definition, "name", json_get_string(run, "name", "replay"));
    json_set_string(definition, "crewId", json_get_string(run, "crewId", NULL));
    json_object_object_foreach(member(run, "nodes"), node_id, kind)
    {
        struct json_object *node = json_object_new_object(), *data = json_object_new_object();
        const struct kind *known = kind_find(json_object_get_string(kind));
        json_set_string(node, "id", node_id);
        json_set_string(node, "type", known != NULL ? known->group : "control");
        json_set_string(data, "kind", json_object_get_string(kind));
        json_set(node, "data", data);
        json_object_array_add(nodes, node);
    }
    json_set(definition, "nodes", nodes);
    json_set(definition, "edges", json_object_new_array());
    return definition;
}

static enum rs_err declare_nodes(struct db *db, const char *run_id, struct json_object *run, struct fault *fault)
{
    struct json_object *tools = member(run, "tools");
    enum rs_err err = RS_OK;
    int64_t place = 0;

    json_object_object_foreach(member(run, "nodes"), node_id, kind)
    {
        if (err == RS_OK)
            err = db_run(db, NULL, fault,
                         "INSERT INTO node (run_id, node_id, place, kind, tool, continue_on_error, status, attempt, pgid,"
                         " pgid_start) VALUES ($1, $2, $3, $4, $5, 0, 'pending', 0, 0, 0)",
                         "ttitt", run_id, node_id, place++, json_object_get_string(kind),
                         json_get_bool(tools, node_id, false) ? node_id : NULL);
    }
    return err;
}

static enum rs_err declare_run(struct change *change, const char *org, const char *run_id, struct json_object *run,
                               struct fault *fault)
{
    struct json_object *tags = tags_of(run), *own = definition_of(run), *given = json_get(run, "definition");
    const char *workflow_id = json_get_string(run, "workflowId", "replay"), *name = json_get_string(run, "name", "replay");
    const char *crew_id = json_get_string(run, "crewId", NULL), *definition = json_text(given != NULL ? given : own, NULL);
    struct json_object *summary = json_object_new_object();
    int64_t now = change_now(change), n_nodes = json_object_object_length(member(run, "nodes"));
    struct db *db = change_db(change);

    json_set_string(summary, "name", name);
    json_set_string(summary, "crewId", crew_id);
    json_set_int(summary, "nodeCount", n_nodes);
    json_set(summary, "params", json_object_new_array());
    enum rs_err err = db_run(db, NULL, fault,
                             "INSERT INTO workflow (org, id, version, created, updated, summary, definition)"
                             " VALUES ($1, $2, 1, $3, $3, $4, $5) ON CONFLICT (org, id) DO NOTHING",
                             "ttitt", org, workflow_id, now, json_text(summary, NULL), definition);
    if (err == RS_OK)
        err = db_run(db, NULL, fault,
                     "INSERT INTO run (id, org, workflow_id, workflow_version, name, crew_id, session_id, status, priority,"
                     " concurrency, attempt, progress, n_nodes, n_ended, cancel, created, fence, lease, pid, pid_start,"
                     " tags, input, definition, owner)"
                     " VALUES ($1, $2, $3, 1, $4, $5, NULL, 'queued', 0, 0, 1, 0, $6, 0, 0, $7, 1, $8, 0, 0, $9, '{}', $10, $11)",
                     "tttttiiittt", run_id, org, workflow_id, name, crew_id, n_nodes, now, now + LEASE_MS,
                     json_text(tags, NULL), definition, OWNER);
    if (err == RS_OK)
        err = declare_nodes(db, run_id, run, fault);
    json_object_put(summary);
    json_object_put(tags);
    json_object_put(own);
    return err;
}

enum rs_err replay_declare(struct store *store, const char *org, struct json_object *survey, struct fault *fault)
{
    struct change *change = NULL;
    enum rs_err err = change_begin(store, &change, fault);

    if (err != RS_OK)
        return err;
    json_object_object_foreach(survey, run_id, run)
    {
        if (err == RS_OK)
            err = declare_run(change, org, run_id, run, fault);
    }
    if (err == RS_OK)
        return change_commit(change, fault);
    change_abort(change);
    return err;
}

static const char *text_of(struct json_object *data, const char *key)
{
    struct json_object *value = json_get(data, key);
    return value != NULL ? json_text(value, NULL) : NULL;
}

/* The words of the record's status are those of the event. */
static enum rs_err apply_run(struct change *change, const char *run_id, struct json_object *data, struct fault *fault)
{
    const char *status = json_get_string(data, "status", NULL);

    if (status == NULL)
        return RS_OK;
    return db_run(change_db(change), NULL, fault,
                  "UPDATE run SET status = $1, progress = $2, attempt = $3,"
                  " started = CASE WHEN $1 = 'running' THEN COALESCE(started, $4) ELSE started END,"
                  " finished = CASE WHEN $1 IN ('success', 'error', 'cancelled') THEN $4 ELSE NULL END,"
                  " output = $5, error = $6 WHERE id = $7",
                  "tiiittt", status, json_get_int(data, "progress", 0), json_get_int(data, "attempt", 1), change_now(change),
                  text_of(data, "output"), text_of(data, "error"), run_id);
}

static enum rs_err apply_node(struct change *change, const char *run_id, struct json_object *data, struct fault *fault)
{
    const char *status = json_get_string(data, "status", NULL), *node_id = json_get_string(data, "nodeId", "");
    enum rs_err err;

    if (status == NULL)
        return RS_OK;
    err = db_run(change_db(change), NULL, fault,
                 "UPDATE node SET status = $1, attempt = $2,"
                 " started = CASE WHEN $1 = 'running' AND status = 'pending' THEN $3 ELSE started END,"
                 " finished = CASE WHEN $1 IN ('success', 'error', 'skipped', 'cancelled') THEN $3 ELSE NULL END,"
                 " output = $4, error = $5 WHERE run_id = $6 AND node_id = $7",
                 "tiitttt", status, json_get_int(data, "attempt", 1), change_now(change), text_of(data, "output"),
                 text_of(data, "error"), run_id, node_id);
    if (err != RS_OK)
        return err;
    return db_run(change_db(change), NULL, fault,
                  "UPDATE run SET n_ended = (SELECT COUNT(*) FROM node WHERE run_id = $1 AND status IN"
                  " ('success', 'error', 'skipped', 'cancelled')) WHERE id = $1",
                  "t", run_id);
}

enum rs_err replay_event(struct store *store, struct json_object *event, int round, struct fault *fault)
{
    const char *stream = json_get_string(event, "stream", ""), *type = json_get_string(event, "type", "");
    bool of_run = stream_has_kind(stream, "run");
    struct json_object *data = NULL;
    struct change *change = NULL;
    enum rs_err err;

    if (json_object_deep_copy(json_get(event, "data"), &data, NULL) != 0)
        return fault_set(fault, RS_NOMEM, "no memory for an event");
    if (of_run && strncmp(type, "run.", 4) == 0)
        json_set_int(data, "attempt", json_get_int(data, "attempt", 1) + round);
    if ((err = change_begin(store, &change, fault)) != RS_OK)
        goto out;
    if (of_run && strncmp(type, "run.", 4) == 0)
        err = apply_run(change, stream_id(stream), data, fault);
    else if (of_run && strncmp(type, "node.", 5) == 0)
        err = apply_node(change, stream_id(stream), data, fault);
    if (err == RS_OK)
        err = change_event(change, stream, type, data, fault);
    if (err == RS_OK)
        err = change_commit(change, fault);
    else
        change_abort(change);
out:
    json_object_put(data);
    return err;
}

static enum rs_err retry_run(struct change *change, const char *run_id, struct json_object *run, int round,
                             struct fault *fault)
{
    struct json_object *data = json_object_new_object();
    char stream[STREAM_MAX];
    enum rs_err err = db_run(change_db(change), NULL, fault,
                             "UPDATE run SET status = 'queued', progress = 0, n_ended = 0, attempt = $1, started = NULL,"
                             " finished = NULL, output = NULL, error = NULL WHERE id = $2",
                             "it", (int64_t)round + 1, run_id);
    if (err == RS_OK)
        err = db_run(change_db(change), NULL, fault,
                     "UPDATE node SET status = 'pending', attempt = 0, started = NULL, finished = NULL, output = NULL,"
                     " error = NULL WHERE run_id = $1",
                     "t", run_id);
    json_set_string(data, "workflowId", json_get_string(run, "workflowId", "replay"));
    json_set_string(data, "name", json_get_string(run, "name", "replay"));
    json_set_string(data, "status", "queued");
    json_set_int(data, "progress", 0);
    json_set_int(data, "attempt", round + 1);
    snprintf(stream, sizeof(stream), "run:%s", run_id);
    if (err == RS_OK)
        err = change_event(change, stream, "run.retried", data, fault);
    json_object_put(data);
    return err;
}

enum rs_err replay_again(struct store *store, struct json_object *survey, int round, struct fault *fault)
{
    struct change *change = NULL;
    enum rs_err err = change_begin(store, &change, fault);

    if (err != RS_OK)
        return err;
    json_object_object_foreach(survey, run_id, run)
    {
        if (err == RS_OK)
            err = retry_run(change, run_id, run, round, fault);
    }
    if (err == RS_OK)
        return change_commit(change, fault);
    change_abort(change);
    return err;
}
