/* Lines of a run that got lost: told in its stream, for good. */
#include "model/run_row.h"

#include <inttypes.h>

enum rs_err run_dropped(struct store *store, const char *run_id, int64_t fence, int64_t count, struct fault *fault)
{
    struct change *change = NULL;
    struct json_object *data;
    struct run_row run;
    enum rs_err err;

    if ((err = change_begin(store, &change, fault)) != RS_OK)
        return err;
    if ((err = run_row_fenced(store->db, run_id, fence, &run, fault)) == RS_OK) {
        data = json_object_new_object();
        json_set_int(data, "count", count);
        err = run_add_event(change, run_id, "log.dropped", data, fault);
    }
    if (err == RS_OK)
        return change_commit(change, fault);
    change_abort(change);
    return err;
}
