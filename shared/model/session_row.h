/* session_row - what the files of sessions share. Only shared/model includes this. */
#ifndef RUNSPOOL_MODEL_SESSION_ROW_H
#define RUNSPOOL_MODEL_SESSION_ROW_H

#include "model/session.h"

/* session_check - is what a change says of the right shape? RS_UNPROCESSABLE with items added to errors (may be NULL). */
enum rs_err session_check(const struct session_change *change, struct json_object *errors, struct fault *fault)
    RS_MUST_CHECK;

#endif
