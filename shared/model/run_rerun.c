/* A new run of what ran before: as it was, or as its workflow is now. */
#include "model/run_row.h"

#include "model/params.h"
#include "model/workflow.h"

#include <stdio.h>
#include <string.h>

/* What a new run of the same takes over. */
struct copy {
    char org[ID_MAX + 1], workflow_id[ID_MAX + 1], session_id[ID_MAX + 1], name[RUN_NAME_MAX + 1];
    int version, priority;
    bool session;
    struct json_object *definition, *input; /* owned */
};

static enum rs_err copy_json(const char *run_id, const char *text, struct json_object **ret, struct fault *fault)
{
    struct fault why = {0};

    if (json_parse(text, strlen(text), JSON_BODY_MAX, ret, &why) != RS_OK)
        return fault_set(fault, RS_UNPROCESSABLE, "what is stored of run %.*s cannot be read: %s", ID_MAX, run_id,
                         why.message);
    return RS_OK;
}

static enum rs_err copy_load(struct db *db, const char *org, const char *run_id, struct copy *copy, struct fault *fault)
{
    struct db_rows *rows = NULL;
    enum rs_err err = db_query(db, &rows, fault,
                               "SELECT org, workflow_id, workflow_version, session_id, name, priority, input, definition"
                               " FROM run WHERE id = $1",
                               "t", run_id);

    if (err == RS_OK)
        err = db_next(rows, fault);
    if (err == RS_NOT_FOUND || (err == RS_OK && org != NULL && strcmp(org, db_text(rows, 0)) != 0))
        err = fault_set(fault, RS_NOT_FOUND, "there is no run %.*s", ID_MAX, run_id);
    if (err == RS_OK) {
        snprintf(copy->org, sizeof(copy->org), "%s", db_text(rows, 0));
        snprintf(copy->workflow_id, sizeof(copy->workflow_id), "%s", db_text(rows, 1));
        copy->version = (int)db_int(rows, 2);
        copy->session = !db_is_null(rows, 3);
        snprintf(copy->session_id, sizeof(copy->session_id), "%s", copy->session ? db_text(rows, 3) : "");
        snprintf(copy->name, sizeof(copy->name), "%s", db_text(rows, 4));
        copy->priority = (int)db_int(rows, 5);
        err = copy_json(run_id, db_text(rows, 6), &copy->input, fault);
    }
    if (err == RS_OK)
        err = copy_json(run_id, db_text(rows, 7), &copy->definition, fault);
    db_done(rows);
    return err;
}

/* Another version in place of the run's own. */
static enum rs_err take_version(struct store *store, const char *run_id, int version, struct copy *copy, struct fault *fault)
{
    struct json_object *definition = NULL;
    bool own_name = strcmp(copy->name, json_get_string(copy->definition, "name", copy->workflow_id)) != 0;
    size_t i;
    enum rs_err err;

    if (version == RUN_VERSION_CURRENT)
        err = workflow_get(store, copy->org, copy->workflow_id, &definition, fault);
    else
        err = workflow_version(store, copy->org, copy->workflow_id, version, &definition, fault);
    if (err == RS_NOT_FOUND)
        return fault_set(fault, RS_CONFLICT, "run %.*s: its workflow %s is not saved, or has no such version", ID_MAX, run_id,
                         copy->workflow_id);
    if (err != RS_OK)
        return err;
    copy->version = (int)json_get_int(definition, "version", 0);
    for (i = 0; workflow_record_members[i] != NULL; i++)
        json_object_object_del(definition, workflow_record_members[i]);
    if (!own_name)
        copy->name[0] = '\0';
    json_object_put(copy->definition);
    copy->definition = definition;
    return RS_OK;
}

enum rs_err run_rerun(struct store *store, const char *org, const char *run_id, int version, struct json_object *input,
                      struct json_object *errors, char ret_id[ID_MAX + 1], struct fault *fault)
{
    struct json_object *checked = NULL, *trigger = NULL, *given = NULL;
    struct copy copy = {.version = 0};
    enum rs_err err = copy_load(store->db, org, run_id, &copy, fault);

    if (err == RS_OK)
        err = run_trigger(store, run_id, &trigger, fault);
    if (err == RS_OK && version != RUN_VERSION_SAME && version != copy.version)
        err = take_version(store, run_id, version, &copy, fault);
    if (err == RS_OK && json_object_is_type(input, json_type_object))
        given = params_kept(copy.definition, input, copy.input);
    if (err == RS_OK && (input != NULL || version != RUN_VERSION_SAME))
        err = graph_check_input(copy.definition, given != NULL ? given : input != NULL ? input : copy.input, errors, &checked,
                                fault);
    if (err == RS_OK) {
        struct run_new run = {.org = copy.org,
                              .workflow_id = copy.workflow_id,
                              .workflow_version = copy.version,
                              .definition = copy.definition,
                              .input = checked != NULL ? checked : copy.input,
                              .session_id = copy.session ? copy.session_id : NULL,
                              .name = copy.name[0] != '\0' ? copy.name : NULL,
                              .trigger = trigger,
                              .priority = &copy.priority};

        err = run_create(store, &run, ret_id, fault);
    }
    json_object_put(copy.definition);
    json_object_put(copy.input);
    json_object_put(checked);
    json_object_put(given);
    json_object_put(trigger);
    return err;
}
