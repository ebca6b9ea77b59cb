/* run_emit - state events of a run that are no node's move: an agent begins, one of its tools ends.
 * Threads: as the store. Blocks on the database. */
#ifndef RUNSPOOL_MODEL_RUN_EMIT_H
#define RUNSPOOL_MODEL_RUN_EMIT_H

#include "model/store.h"

/* run_emit - add the event to the run's stream, through the outbox. data: borrowed, has `nodeId`. One that ends with
 * `.started` is noted as begun until its `.finished` of the same node and callId comes.
 * RS_CONFLICT: the fence is old, or the run is not running; RS_LIMIT: over EVENT_DATA_MAX. */
enum rs_err run_emit(struct store *store, const char *run_id, int64_t fence, const char *type, struct json_object *data,
                     struct fault *fault) RS_MUST_CHECK;
/* run_begun_close - inside a transaction: the node ended, or its process died: whatever it had begun ends with it, the newest
 * first, with `.finished` events of status error. */
enum rs_err run_begun_close(struct change *change, const char *run_id, const char *node_id, struct fault *fault)
    RS_MUST_CHECK;

#endif
