/* run_emit - state events of a run that are no node's move: an agent begins, one of its tools ends.
 * Threads: as the store. Blocks on the database. */
#ifndef RUNSPOOL_MODEL_RUN_EMIT_H
#define RUNSPOOL_MODEL_RUN_EMIT_H

#include "model/store.h"

/* run_emit - add the event to the run's stream, through the outbox. data: borrowed.
 * RS_CONFLICT: the fence is old, or the run is not running; RS_LIMIT: over EVENT_DATA_MAX. */
enum rs_err run_emit(struct store *store, const char *run_id, int64_t fence, const char *type, struct json_object *data,
                     struct fault *fault) RS_MUST_CHECK;

#endif
