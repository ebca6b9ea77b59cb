/* hook_row - what is kept of deliveries. Only shared/model/hook*.c includes this. */
#ifndef RUNSPOOL_MODEL_HOOK_ROW_H
#define RUNSPOOL_MODEL_HOOK_ROW_H

#include "model/hook.h"

/* hook_seen - RS_CONFLICT: this delivery was taken before. */
enum rs_err hook_seen(struct db *db, const struct hook_delivery *delivery, int64_t now_ms, struct fault *fault) RS_MUST_CHECK;
/* hook_note_accepted - it was dealt with: from now on it is refused. RS_CONFLICT: another process was faster. */
enum rs_err hook_note_accepted(struct store *store, const struct hook_delivery *delivery, struct json_object *runs,
                               struct json_object *failed, int64_t now_ms, struct fault *fault) RS_MUST_CHECK;

#endif
