#include "model/run_emit.h"

#include "model/run_row.h"

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
    if (err == RS_OK && (err = run_add_event(change, run_id, type, json_object_get(data), fault)) == RS_OK)
        return change_commit(change, fault);
    change_abort(change);
    return err;
}
