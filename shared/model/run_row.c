#include "model/run_row.h"

#include <stdio.h>
#include <string.h>

static void copy(char *to, size_t size, const char *from)
{
    snprintf(to, size, "%s", from != NULL ? from : "");
}

enum rs_err run_row_load(struct db *db, const char *run_id, struct run_row *ret, struct fault *fault)
{
    struct db_rows *rows = NULL;
    enum rs_err err;

    err = db_query(db, &rows, fault,
                   "SELECT org, workflow_id, crew_id, name, status, attempt, progress, n_nodes, n_ended, fence, lease,"
                   " started, cancel, pause, COALESCE(owner, '') LIKE 'wrap-%', cancel_reason, workflow_version FROM run WHERE id = $1",
                   "t", run_id);
    if (err == RS_OK && (err = db_next(rows, fault)) == RS_OK) {
        *ret = (struct run_row){
            .attempt = (int)db_int(rows, 5),
            .progress = (int)db_int(rows, 6),
            .n_nodes = (int)db_int(rows, 7),
            .n_ended = (int)db_int(rows, 8),
            .fence = db_int(rows, 9),
            .lease = db_int(rows, 10),
            .started = db_int(rows, 11),
            .cancel = db_int(rows, 12) != 0,
            .pause = db_int(rows, 13) != 0,
            .wrapped = db_int(rows, 14) != 0,
        };
        copy(ret->cancel_reason, sizeof(ret->cancel_reason), db_text(rows, 15));
        ret->workflow_version = (int)db_int(rows, 16);
        copy(ret->id, sizeof(ret->id), run_id);
        copy(ret->org, sizeof(ret->org), db_text(rows, 0));
        copy(ret->workflow_id, sizeof(ret->workflow_id), db_text(rows, 1));
        copy(ret->crew_id, sizeof(ret->crew_id), db_text(rows, 2));
        copy(ret->name, sizeof(ret->name), db_text(rows, 3));
        if (run_status_parse(db_text(rows, 4), &ret->status) != RS_OK)
            err = fault_set(fault, RS_IO, "run %s has a status this program does not know", run_id);
    } else if (err == RS_NOT_FOUND) {
        err = fault_set(fault, RS_NOT_FOUND, "there is no run %.*s", ID_MAX, run_id);
    }
    db_done(rows);
    return err;
}

enum rs_err run_row_fenced(struct db *db, const char *run_id, int64_t fence, struct run_row *ret, struct fault *fault)
{
    enum rs_err err = run_row_load(db, run_id, ret, fault);

    if (err == RS_OK && ret->fence != fence)
        err = fault_set(fault, RS_CONFLICT, "run %s was taken over by another process", run_id);
    return err;
}

enum rs_err run_add_event(struct change *change, const char *run_id, const char *type, struct json_object *data,
                          struct fault *fault)
{
    char stream[RUN_STREAM_MAX];
    enum rs_err err;

    if (data == NULL)
        return fault_set(fault, RS_NOMEM, "no memory for an event");
    snprintf(stream, sizeof(stream), "run:%s", run_id);
    err = change_event(change, stream, type, data, fault);
    json_object_put(data);
    return err;
}

struct json_object *run_state_data(const struct run_row *run)
{
    struct json_object *data = json_object_new_object();

    if (data != NULL) {
        json_set_string(data, "workflowId", run->workflow_id);
        json_set_string(data, "name", run->name);
        json_set_string(data, "status", run_status_name(run->status));
        json_set_int(data, "progress", run->progress);
        json_set_int(data, "attempt", run->attempt);
    }
    return data;
}

enum rs_err run_state_event(struct change *change, const struct run_row *run, const char *type,
                            struct json_object *output, struct json_object *error, int64_t duration_ms,
                            struct fault *fault)
{
    struct json_object *data = run_state_data(run);

    if (data != NULL) {
        if (output != NULL)
            json_set(data, "output", json_object_get(output));
        if (error != NULL)
            json_set(data, "error", json_object_get(error));
        if (duration_ms >= 0)
            json_set_int(data, "durationMs", duration_ms);
    }
    return run_add_event(change, run->id, type, data, fault);
}

enum rs_err run_json_text(struct json_object *value, size_t max, const char *what, const char **ret,
                          struct fault *fault)
{
    size_t len = 0;

    *ret = value != NULL ? json_text(value, &len) : NULL;
    if (len > max)
        return fault_set(fault, RS_LIMIT, "%s is %zu bytes of JSON; at most %zu are kept", what, len, max);
    return RS_OK;
}

int64_t run_duration(int64_t started, int64_t now)
{
    if (started <= 0)
        return -1;
    return now > started ? now - started : 0;
}

struct json_object *run_error(const char *code, const char *message, const char *node_id)
{
    struct json_object *error = json_object_new_object();

    if (error != NULL) {
        json_set_string(error, "code", code);
        json_set_string(error, "message", message);
        json_set_string(error, "nodeId", node_id);
    }
    return error;
}
