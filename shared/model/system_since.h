/* system_since - only shared/model/system_status.c includes this. */
#ifndef RUNSPOOL_MODEL_SYSTEM_SINCE_H
#define RUNSPOOL_MODEL_SYSTEM_SINCE_H

#include "base/json.h"
#include "store/db.h"

/* system_since - add `since` to each part ({name: {status, ...}}): when it came to be as it is; null when that cannot be told.
 * Writes when a part has changed. db may be NULL. */
void system_since(struct db *db, const char *org, int64_t now_ms, struct json_object *components);

#endif
