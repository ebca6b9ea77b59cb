/* What started a run. */
#include "model/run_row.h"

#include <string.h>

#define TRIGGER_MAX 4096 /* bytes of JSON */

enum rs_err run_trigger_set(struct change *change, const char *run_id, struct json_object *trigger, struct fault *fault)
{
    const char *text = NULL;
    enum rs_err err;

    if (trigger == NULL)
        return RS_OK;
    if ((err = run_json_text(trigger, TRIGGER_MAX, "what started the run", &text, fault)) != RS_OK)
        return err;
    return db_run(change_db(change), NULL, fault, "UPDATE run SET started_by = $1 WHERE id = $2", "tt", text, run_id);
}

enum rs_err run_trigger(struct store *store, const char *run_id, struct json_object **ret, struct fault *fault)
{
    struct json_object *trigger = NULL;
    struct db_rows *rows = NULL;
    const char *text;
    enum rs_err err = db_query(store->db, &rows, fault, "SELECT started_by FROM run WHERE id = $1", "t", run_id);

    if (err == RS_OK)
        err = db_next(rows, fault);
    if (err == RS_NOT_FOUND)
        err = fault_set(fault, RS_NOT_FOUND, "there is no run %.*s", ID_MAX, run_id);
    if (err == RS_OK && (text = db_text(rows, 0)) != NULL)
        err = json_parse(text, strlen(text), TRIGGER_MAX, &trigger, fault);
    db_done(rows);
    if (err == RS_OK)
        *ret = trigger;
    return err;
}
