/* system_status - how the parts of an instance are, each asked now. Threads: as the store. Blocks on the database and the
 * disk, on the bridge for at most SYSTEM_STATUS_WAIT_MS. */
#ifndef RUNSPOOL_MODEL_SYSTEM_STATUS_H
#define RUNSPOOL_MODEL_SYSTEM_STATUS_H

#include "model/store.h"

#define SYSTEM_STATUS_WAIT_MS 1000
#define SYSTEM_STATUS_DISK_LOW (512LL * 1024 * 1024) /* bytes left where the data directory is: degraded below */

/* system_status - *ret: {status, components: {database, event_log, bridge, runner, scheduler, disk: {status, latency_ms?,
 * detail}}, checked_at}, owned. status: healthy, degraded or down; of a component also disabled: not set up here. scheduler
 * has `late`, too: the schedules that should have fired and did not, or could not. org NULL: those of all. A part that does
 * not answer is in the answer, not an error. */
enum rs_err system_status(struct store *store, const char *org, int64_t now_ms, struct json_object **ret, struct fault *fault)
    RS_MUST_CHECK;

#endif
