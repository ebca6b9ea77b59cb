/* system_status - how the parts of an instance are, each asked now. Threads: as the store. Blocks on the database, the disk,
 * and on each other part for at most PROBE_WAIT_MS (model/probe.h). */
#ifndef RUNSPOOL_MODEL_SYSTEM_STATUS_H
#define RUNSPOOL_MODEL_SYSTEM_STATUS_H

#include "model/store.h"

#define SYSTEM_STATUS_DISK_LOW (512LL * 1024 * 1024) /* bytes left where the data directory is: degraded below */

/* system_status - *ret: {status, components: {bridge, runner, database, event_log, redis, model_endpoint, disk, scheduler:
 * {status, latency_ms, version, uptime_s, detail, since}}, checked_at}, owned. status: healthy, degraded or down; of a component also
 * disabled: not set up here. What is not known of one is null. The whole is down when database or event log are, degraded when
 * any part is not well. scheduler has `late`, too: the schedules that should have fired and did not, or could not. org NULL: those
 * of all. store->db may be NULL: the database cannot be opened. A part that does not answer is in the answer, not an error. */
enum rs_err system_status(struct store *store, const char *org, int64_t now_ms, struct json_object **ret, struct fault *fault)
    RS_MUST_CHECK;

#endif
