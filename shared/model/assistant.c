#include "model/assistant.h"

#include "model/graph.h"
#include "model/launch.h"
#include "model/run.h"
#include "model/session.h"
#include "model/workflow.h"

#include <stdio.h>
#include <string.h>

/* A member that may be missing or null, else is of that type. */
static enum rs_err check_member(struct json_object *json, const char *name, enum json_type type, const char *words,
                                struct fault *fault)
{
    struct json_object *value = json_get(json, name);

    if (value == NULL || json_object_is_type(value, type))
        return RS_OK;
    return fault_set(fault, RS_UNPROCESSABLE, "\"%s\" must be %s", name, words);
}

static enum rs_err read_id(struct json_object *json, const char *name, const char **ret, struct fault *fault)
{
    *ret = json_get_string(json, name, NULL);
    if (json_get(json, name) == NULL || id_valid(*ret))
        return RS_OK;
    return fault_set(fault, RS_UNPROCESSABLE, "\"%s\" must be a text of 1 to %d of A-Z a-z 0-9 . _ -", name, ID_MAX);
}

static enum rs_err parse_execute(struct assistant_action *action, struct fault *fault)
{
    struct json_object *json = action->json;
    enum rs_err err;

    if ((err = check_member(json, "model", json_type_string, "a string", fault)) != RS_OK ||
        (err = check_member(json, "deltas", json_type_boolean, "true or false", fault)) != RS_OK ||
        (err = read_id(json, "sessionId", &action->session_id, fault)) != RS_OK)
        return err;
    action->input = json_get_string(json, "input", NULL);
    action->model = json_get_string(json, "model", NULL);
    action->deltas = json_get_bool(json, "deltas", false);
    if (action->input == NULL)
        return fault_set(fault, RS_UNPROCESSABLE, "\"input\" must be a string: the message to answer");
    return RS_OK;
}

static enum rs_err parse_cancel(struct assistant_action *action, struct fault *fault)
{
    return read_id(action->json, "runId", &action->run_id, fault);
}

static const struct {
    const char *name;
    enum assistant_verb verb;
    enum rs_err (*parse)(struct assistant_action *action, struct fault *fault);
} verbs[] = {
    {"execute_workflow", ASSISTANT_EXECUTE, parse_execute},
    {"cancel_workflow", ASSISTANT_CANCEL, parse_cancel},
};

enum rs_err assistant_parse(struct json_object *json, struct assistant_action *ret, struct fault *fault)
{
    const char *name = json_get_string(json, "action", NULL);
    size_t i;

    *ret = (struct assistant_action){.json = json_object_get(json)};
    if (name == NULL)
        return fault_set(fault, RS_INVALID, "an action is an object with a string \"action\"");
    for (i = 0; i < sizeof(verbs) / sizeof(verbs[0]); i++) {
        if (strcmp(verbs[i].name, name) != 0)
            continue;
        ret->verb = verbs[i].verb;
        return verbs[i].parse(ret, fault);
    }
    return fault_set(fault, RS_INVALID, "unknown action; there are execute_workflow and cancel_workflow");
}

void assistant_action_release(struct assistant_action *action)
{
    json_object_put(action->json);
    *action = (struct assistant_action){.json = NULL};
}

/* The caller's newest runs, the newest first. */
#define NEWEST_RUNS                                                                                                    \
    "SELECT a.run_id, a.after_run_id, r.status FROM (SELECT n, run_id, after_run_id FROM assistant_run"                \
    " WHERE org = $1 AND caller = $2 ORDER BY n DESC LIMIT $3) a JOIN run r ON r.id = a.run_id ORDER BY a.n DESC"

static enum rs_err read_runs(struct db *db, const char *org, const char *caller,
                             struct assistant_run ret[ASSISTANT_RUNS_MAX], int *ret_n, struct fault *fault)
{
    struct db_rows *rows = NULL;
    enum run_status status;
    int n = 0;
    enum rs_err err =
        db_query(db, &rows, fault, NEWEST_RUNS, "tti", org, caller, (int64_t)ASSISTANT_RUNS_MAX);

    for (; err == RS_OK && (err = db_next(rows, fault)) == RS_OK; n++) {
        snprintf(ret[n].id, sizeof(ret[n].id), "%s", db_text(rows, 0));
        snprintf(ret[n].after, sizeof(ret[n].after), "%s", db_is_null(rows, 1) ? "" : db_text(rows, 1));
        ret[n].ended = run_status_parse(db_text(rows, 2), &status) == RS_OK && run_status_ended(status);
    }
    db_done(rows);
    *ret_n = n;
    return err == RS_NOT_FOUND ? RS_OK : err;
}

enum rs_err assistant_runs(struct store *store, const char *org, const char *caller,
                           struct assistant_run ret[ASSISTANT_RUNS_MAX], int *ret_n, struct fault *fault)
{
    struct assistant_run other;
    enum rs_err err = read_runs(store->db, org, caller, ret, ret_n, fault);
    int i, n = *ret_n;

    for (i = 0; i < n / 2; i++) {
        other = ret[i];
        ret[i] = ret[n - 1 - i];
        ret[n - 1 - i] = other;
    }
    return err;
}

/* The newest unfinished one, or with `oldest` the oldest. ret_id: "" when there is none. */
static enum rs_err find_unfinished(struct db *db, const char *org, const char *caller, bool oldest, char ret_id[ID_MAX + 1],
                                   struct fault *fault)
{
    struct assistant_run runs[ASSISTANT_RUNS_MAX];
    int i, n = 0;
    enum rs_err err = read_runs(db, org, caller, runs, &n, fault);

    ret_id[0] = '\0';
    for (i = 0; err == RS_OK && i < n && (oldest || ret_id[0] == '\0'); i++)
        if (!runs[i].ended)
            memcpy(ret_id, runs[i].id, sizeof(runs[i].id));
    return err;
}

/* Within the transaction that makes the run, so that of two at once one is the first. */
static enum rs_err note(struct change *change, const char *run_id, void *ctx, struct fault *fault)
{
    const struct assistant_start *start = ctx;
    char other[ID_MAX + 1] = "";
    enum rs_err err = RS_OK;

    if (start->after != NULL)
        snprintf(other, sizeof(other), "%s", start->after);
    if (start->busy != ASSISTANT_BUSY_FREE)
        err = find_unfinished(change_db(change), start->org, start->caller, false, other, fault);
    if (err == RS_OK && start->busy == ASSISTANT_BUSY_REFUSE && other[0] != '\0')
        err = fault_set(fault, RS_OCCUPIED, "run %s is under way: wait for its end, or cancel it", other);
    if (err != RS_OK)
        return err;
    return db_run(change_db(change), NULL, fault,
                  "INSERT INTO assistant_run (run_id, org, caller, after_run_id, deltas) VALUES ($1, $2, $3, $4, $5)", "tttti",
                  run_id, start->org, start->caller, other[0] != '\0' ? other : NULL, (int64_t)start->action->deltas);
}

static enum rs_err check_session(struct store *store, const struct assistant_start *start, struct fault *fault)
{
    const char *id = start->action->session_id;
    struct json_object *session = NULL;
    enum rs_err err = id != NULL ? session_get(store, start->org, id, &session, NULL) : RS_OK;

    json_object_put(session);
    if (err == RS_NOT_FOUND)
        return fault_set(fault, err, "there is no session %s; PUT /api/sessions/%s makes it", id, id);
    return err != RS_OK ? fault_set(fault, err, "session %s cannot be read", id) : RS_OK;
}

static struct json_object *input_of(const struct assistant_action *action)
{
    struct json_object *input = json_object_new_object();

    if (input == NULL)
        return NULL;
    json_set_string(input, "input", action->input);
    json_set_string(input, "model", action->model);
    return input;
}

static enum rs_err create(struct store *store, const struct assistant_start *start, struct json_object *definition,
                          struct json_object *input, char ret_run_id[ID_MAX + 1], struct fault *fault)
{
    struct run_new run = {
        .org = start->org,
        .workflow_id = ASSISTANT_WORKFLOW,
        .workflow_version = (int)json_get_int(definition, "version", 0),
        .definition = definition,
        .input = input,
        .session_id = start->action->session_id,
        .within = note,
        .within_ctx = (void *)start,
    };
    enum rs_err err;
    size_t i;

    for (i = 0; workflow_record_members[i] != NULL; i++)
        json_object_object_del(definition, workflow_record_members[i]);
    err = run_create(store, &run, ret_run_id, fault);
    if (err == RS_OK && launch_queued(store->dd, NULL) != RS_OK) {
        /* It waits in the queue until somebody executes it. */
    }
    return err;
}

enum rs_err assistant_execute(struct store *store, const struct assistant_start *start, char ret_run_id[ID_MAX + 1],
                              struct fault *fault)
{
    struct json_object *definition = NULL, *given = NULL, *input = NULL, *errors = json_object_new_array();
    enum rs_err err = errors != NULL ? check_session(store, start, fault) : fault_set(fault, RS_NOMEM, "no memory for a run");

    if (err == RS_OK && (given = input_of(start->action)) == NULL)
        err = fault_set(fault, RS_NOMEM, "no memory for a run");
    if (err == RS_OK)
        err = workflow_get(store, start->org, ASSISTANT_WORKFLOW, &definition, fault);
    if (err == RS_OK)
        err = graph_check_input(definition, given, errors, &input, fault);
    if (err == RS_UNPROCESSABLE && json_object_array_length(errors) > 0)
        fault_set(fault, err, "%s", json_get_string(json_object_array_get_idx(errors, 0), "message", "the input is not usable"));
    if (err == RS_OK)
        err = create(store, start, definition, input, ret_run_id, fault);
    json_object_put(definition);
    json_object_put(given);
    json_object_put(input);
    json_object_put(errors);
    return err;
}

enum rs_err assistant_cancel(struct store *store, const char *org, const char *caller, const char *run_id,
                             char ret_run_id[ID_MAX + 1], struct fault *fault)
{
    enum run_status status;
    enum rs_err err = RS_OK;

    if (run_id != NULL)
        snprintf(ret_run_id, ID_MAX + 1, "%s", run_id);
    else
        err = find_unfinished(store->db, org, caller, true, ret_run_id, fault);
    if (err == RS_OK)
        err = ret_run_id[0] != '\0' ? run_cancel(store, org, ret_run_id, &status, fault) : RS_CONFLICT;
    return err == RS_CONFLICT ? fault_set(fault, err, "nothing is running that could be cancelled") : err;
}

enum rs_err assistant_wants_deltas(struct store *store, const char *run_id, bool *ret, struct fault *fault)
{
    struct db_rows *rows = NULL;
    enum rs_err err = db_query(store->db, &rows, fault, "SELECT deltas FROM assistant_run WHERE run_id = $1", "t", run_id);

    if (err == RS_OK && (err = db_next(rows, fault)) == RS_OK)
        *ret = db_int(rows, 0) != 0;
    else if (err == RS_NOT_FOUND)
        *ret = false;
    db_done(rows);
    return err == RS_NOT_FOUND ? RS_OK : err;
}
