/* A new run: its row, its nodes, its tags. */
#include "model/run_row.h"

#include "base/clock.h"
#include "model/params.h"
#include "base/utf8.h"

#include <stdio.h>
#include <string.h>

static void cut_name(const char *name, char out[RUN_NAME_MAX + 1])
{
    size_t len = strlen(name), at = 0, n;

    while (at < len && (n = utf8_char(name + at, len - at)) > 0 && at + n <= RUN_NAME_MAX)
        at += n;
    memcpy(out, name, at);
    out[at] = '\0';
}

/* The tool stream of a node, or NULL. */
static const char *tool_of(const struct graph_node *node)
{
    if (strcmp(node->kind->group, "tool") != 0)
        return NULL;
    return json_get_string(node->data, "toolId", node->id);
}

static void add_tag(struct json_object *tags, const char *kind, const char *id)
{
    char tag[STREAM_MAX];
    size_t i;

    if (!id_valid(id) || json_object_array_length(tags) == HOME_TAGS_MAX)
        return;
    snprintf(tag, sizeof(tag), "%s:%s", kind, id);
    for (i = 0; i < json_object_array_length(tags); i++)
        if (strcmp(json_object_get_string(json_object_array_get_idx(tags, i)), tag) == 0)
            return;
    json_object_array_add(tags, json_object_new_string(tag));
}

static struct json_object *tags_of(const struct run_new *run, const struct graph *graph)
{
    struct json_object *tags = json_object_new_array();
    int i;

    if (tags == NULL)
        return NULL;
    add_tag(tags, "workflow", run->workflow_id);
    add_tag(tags, "crew", json_get_string(run->definition, "crewId", NULL));
    add_tag(tags, "session", run->session_id);
    for (i = 0; i < graph->n_nodes; i++)
        add_tag(tags, "tool", tool_of(&graph->nodes[i]));
    return tags;
}

static enum rs_err insert_nodes(struct db *db, const char *run_id, const struct graph *graph, struct fault *fault)
{
    const struct graph_node *node;
    enum rs_err err = RS_OK;
    int i;

    for (i = 0; err == RS_OK && i < graph->n_nodes; i++) {
        node = &graph->nodes[i];
        err = db_run(db, NULL, fault,
                     "INSERT INTO node (run_id, node_id, place, kind, tool, continue_on_error, status, attempt, pgid,"
                     " pgid_start) VALUES ($1, $2, $3, $4, $5, $6, 'pending', 0, 0, 0)",
                     "ttitti", run_id, node->id, (int64_t)i, node->kind->name, tool_of(node),
                     (int64_t)json_get_bool(node->data, "continueOnError", false));
    }
    return err;
}

static enum rs_err insert_run(struct change *change, const struct run_new *run, const struct run_row *row,
                              int64_t concurrency, const char *tags, struct fault *fault)
{
    const char *definition = NULL, *input = NULL;
    int64_t now = change_now(change);
    int64_t priority = run->priority != NULL ? *run->priority : json_get_int(run->definition, "priority", 0);
    enum rs_err err;

    if ((err = run_json_text(run->definition, JSON_BODY_MAX, "the workflow", &definition, fault)) != RS_OK ||
        (err = run_json_text(run->input, JSON_BODY_MAX, "the input", &input, fault)) != RS_OK)
        return err;
    return db_run(change_db(change), NULL, fault,
                  "INSERT INTO run (id, org, workflow_id, workflow_version, name, crew_id, session_id, status, priority,"
                  " concurrency, attempt, progress, n_nodes, n_ended, cancel, created, fence, lease, pid, pid_start,"
                  " tags, input, definition, owner)"
                  " VALUES ($1, $2, $3, $4, $5, $6, $7, 'queued', $8, $9, 1, 0, $10, 0, 0, $11, $15, $16, 0, 0, $12, $13, $14, $17)",
                  "tttitttiiiitttiit", row->id, row->org, row->workflow_id, (int64_t)run->workflow_version, row->name,
                  row->crew_id[0] != '\0' ? row->crew_id : NULL, run->session_id, priority, concurrency,
                  (int64_t)row->n_nodes, now, tags, input != NULL ? input : "{}", definition, (int64_t)(run->owner != NULL),
                  run->owner != NULL ? now + RUN_LEASE_MS : 0, run->owner);
}

static enum rs_err insert_all(struct store *store, const struct run_new *run, struct run_row *row,
                              const struct graph *graph, const char *tags, struct fault *fault)
{
    struct run_concurrency concurrency = run_concurrency(run->definition);
    struct change *change = NULL;
    bool more = false;
    enum rs_err err;

    if ((err = change_begin(store, &change, fault)) != RS_OK)
        return err;
    if ((run->within != NULL && (err = run->within(change, row->id, run->within_ctx, fault)) != RS_OK) ||
        (err = insert_run(change, run, row, concurrency.limit, tags, fault)) != RS_OK ||
        (err = run_trigger_set(change, row->id, run->trigger, fault)) != RS_OK ||
        (err = run_parent_set(change, row->id, run->parent, fault)) != RS_OK ||
        (err = insert_nodes(store->db, row->id, graph, fault)) != RS_OK ||
        (err = run_state_event(change, row, "run.queued", NULL, NULL, -1, fault)) != RS_OK ||
        (run->owner == NULL && (err = run_busy(change, row, &concurrency, &more, fault)) != RS_OK)) {
        change_abort(change);
        return err;
    }
    if ((err = change_commit(change, fault)) == RS_OK && more)
        err = run_replace_more(store, row, &concurrency, fault);
    return err;
}

enum rs_err run_create(struct store *store, const struct run_new *run, char ret_id[ID_MAX + 1], struct fault *fault)
{
    struct run_row row = {.status = RUN_QUEUED, .attempt = 1};
    struct json_object *errors = json_object_new_array(), *tags = NULL, *input = NULL;
    struct run_new sealed = *run;
    struct graph *graph = NULL;
    const char *name, *crew_id;
    enum rs_err err;

    if (errors == NULL)
        return fault_set(fault, RS_NOMEM, "no memory for a run");
    if (!id_valid(run->org) || !id_valid(run->workflow_id) || (run->session_id != NULL && !id_valid(run->session_id))) {
        err = fault_set(fault, RS_INVALID, "org, workflow or session is not an id");
        goto out;
    }
    if (run->priority != NULL && (*run->priority < -RUN_PRIORITY_MAX || *run->priority > RUN_PRIORITY_MAX)) {
        err = fault_set(fault, RS_INVALID, "a priority is a whole number from %d to %d", -RUN_PRIORITY_MAX, RUN_PRIORITY_MAX);
        goto out;
    }
    if ((err = graph_parse(run->definition, errors, &graph, fault)) != RS_OK)
        goto out;
    if ((err = params_sealed(store->dd, run->org, run->definition, run->input, &input, fault)) != RS_OK)
        goto out;
    sealed.input = input;
    if ((tags = tags_of(run, graph)) == NULL) {
        err = fault_set(fault, RS_NOMEM, "no memory for a run");
        goto out;
    }
    id_new("r_", row.id);
    snprintf(row.org, sizeof(row.org), "%s", run->org);
    snprintf(row.workflow_id, sizeof(row.workflow_id), "%s", run->workflow_id);
    crew_id = json_get_string(run->definition, "crewId", "");
    snprintf(row.crew_id, sizeof(row.crew_id), "%s", crew_id);
    name = run->name != NULL ? run->name : json_get_string(run->definition, "name", run->workflow_id);
    cut_name(name, row.name);
    row.n_nodes = graph->n_nodes;
    if ((err = insert_all(store, &sealed, &row, graph, json_text(tags, NULL), fault)) != RS_OK)
        goto out;
    memcpy(ret_id, row.id, sizeof(row.id));
    if (run->owner == NULL)
        runner_poke(store->dd);
out:
    graph_free(graph);
    json_object_put(input);
    json_object_put(tags);
    json_object_put(errors);
    return err;
}
