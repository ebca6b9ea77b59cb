/* A new run: its row, its nodes, its tags. */
#include "model/crew.h"
#include "model/entry.h"
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

/* A run on its way into the database. */
struct draft {
    struct run_new run; /* with its input sealed */
    struct run_row row;
    struct graph *graph;
    struct json_object *tags, *input;
    struct run_concurrency concurrency;
};

static void draft_release(struct draft *draft)
{
    graph_free(draft->graph);
    json_object_put(draft->tags);
    json_object_put(draft->input);
}

static enum rs_err check_ids(const struct run_new *run, struct fault *fault)
{
    if (!id_valid(run->org) || !id_valid(run->workflow_id) || (run->session_id != NULL && !id_valid(run->session_id)))
        return fault_set(fault, RS_INVALID, "org, workflow or session is not an id");
    if (run->priority != NULL && (*run->priority < -RUN_PRIORITY_MAX || *run->priority > RUN_PRIORITY_MAX))
        return fault_set(fault, RS_INVALID, "a priority is a whole number from %d to %d", -RUN_PRIORITY_MAX, RUN_PRIORITY_MAX);
    return RS_OK;
}

/* All that can be said without the database. Released by the caller in every case. */
static enum rs_err draft_make(const struct datadir *dd, const struct run_new *run, struct draft *draft, struct fault *fault)
{
    struct json_object *errors = json_object_new_array();
    struct run_row *row = &draft->row;
    const char *name;
    enum rs_err err;

    *draft = (struct draft){.run = *run, .row = {.status = RUN_QUEUED, .attempt = 1}};
    if (errors == NULL)
        return fault_set(fault, RS_NOMEM, "no memory for a run");
    if ((err = check_ids(run, fault)) == RS_OK && (err = graph_parse(run->definition, errors, &draft->graph, fault)) == RS_OK)
        err = params_sealed(dd, run->org, run->definition, run->input, &draft->input, fault);
    json_object_put(errors);
    if (err != RS_OK)
        return err;
    draft->run.input = draft->input;
    draft->concurrency = run_concurrency(run->definition);
    if ((draft->tags = tags_of(run, draft->graph)) == NULL)
        return fault_set(fault, RS_NOMEM, "no memory for a run");
    id_new("r_", row->id);
    snprintf(row->org, sizeof(row->org), "%s", run->org);
    snprintf(row->workflow_id, sizeof(row->workflow_id), "%s", run->workflow_id);
    snprintf(row->crew_id, sizeof(row->crew_id), "%s", json_get_string(run->definition, "crewId", ""));
    name = run->name != NULL ? run->name : json_get_string(run->definition, "name", run->workflow_id);
    cut_name(name, row->name);
    row->n_nodes = draft->graph->n_nodes;
    return RS_OK;
}

static enum rs_err insert_all(struct change *change, struct draft *draft, bool *more, struct fault *fault)
{
    const struct run_new *run = &draft->run;
    struct run_row *row = &draft->row;
    enum rs_err err;

    if ((run->within != NULL && (err = run->within(change, row->id, run->within_ctx, fault)) != RS_OK) ||
        (err = insert_run(change, run, row, draft->concurrency.limit, json_text(draft->tags, NULL), fault)) != RS_OK ||
        (err = run_trigger_set(change, row->id, run->trigger, fault)) != RS_OK ||
        (err = run_parent_set(change, row->id, run->parent, fault)) != RS_OK ||
        (err = crew_note(change_db(change), row->org, row->crew_id, fault)) != RS_OK ||
        (err = insert_nodes(change_db(change), row->id, draft->graph, fault)) != RS_OK ||
        (err = run_state_event(change, row, "run.queued", NULL, NULL, -1, fault)) != RS_OK ||
        (err = entry_follow(change, row, fault)) != RS_OK)
        return err;
    return run->owner == NULL ? run_busy(change, row, &draft->concurrency, more, fault) : RS_OK;
}

enum rs_err run_create_in(struct change *change, const struct run_new *run, char ret_id[ID_MAX + 1], struct fault *fault)
{
    struct draft draft;
    bool more = false;
    enum rs_err err = draft_make(change_datadir(change), run, &draft, fault);

    if (err == RS_OK && (err = insert_all(change, &draft, &more, fault)) == RS_OK)
        memcpy(ret_id, draft.row.id, sizeof(draft.row.id));
    draft_release(&draft);
    return err;
}

enum rs_err run_create(struct store *store, const struct run_new *run, char ret_id[ID_MAX + 1], struct fault *fault)
{
    struct change *change = NULL;
    struct draft draft;
    bool more = false;
    enum rs_err err;

    if ((err = draft_make(store->dd, run, &draft, fault)) != RS_OK || (err = change_begin(store, &change, fault)) != RS_OK)
        goto out;
    if ((err = insert_all(change, &draft, &more, fault)) != RS_OK) {
        change_abort(change);
        goto out;
    }
    if ((err = change_commit(change, fault)) == RS_OK && more)
        err = run_replace_more(store, &draft.row, &draft.concurrency, fault);
    if (err != RS_OK)
        goto out;
    memcpy(ret_id, draft.row.id, sizeof(draft.row.id));
    if (run->owner == NULL && draft.concurrency.on_busy == ON_BUSY_REPLACE)
        run_poke_replaced(store, &draft.row);
    if (run->owner == NULL)
        runner_poke(store->dd);
out:
    draft_release(&draft);
    return err;
}
