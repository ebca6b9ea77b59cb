/* entry_row - what the files of the queue's entries share. Only shared/model includes this. */
#ifndef RUNSPOOL_MODEL_ENTRY_ROW_H
#define RUNSPOOL_MODEL_ENTRY_ROW_H

#include "model/entry.h"

/* entry_read - one entry; org NULL: any. *ret: owned. RS_NOT_FOUND. */
enum rs_err entry_read(struct db *db, const char *org, const char *id, struct json_object **ret, struct fault *fault)
    RS_MUST_CHECK;
/* entry_check - are the fields, and `status`, of the right shape? RS_UNPROCESSABLE with items added to errors (may be NULL). */
enum rs_err entry_check(struct json_object *fields, struct json_object *errors, struct fault *fault) RS_MUST_CHECK;
/* entry_changed - the event with the entry as it is now, and, as it has ended, room for it. */
enum rs_err entry_changed(struct change *change, const char *id, struct fault *fault) RS_MUST_CHECK;
bool entry_status_ended(const char *status);

#endif
