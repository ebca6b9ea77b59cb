/* queue - an organisation's queue as a whole. Threads: as the store. Calls block on the database. */
#ifndef RUNSPOOL_MODEL_QUEUE_H
#define RUNSPOOL_MODEL_QUEUE_H

#include "model/store.h"

/* queue_pause - paused: no queued run of the org begins until it is taken back; what runs goes on. Event state.changed
 * {"paused"} of stream `queue` when that is new. */
enum rs_err queue_pause(struct store *store, const char *org, bool paused, struct fault *fault) RS_MUST_CHECK;
/* queue_event - state.changed of stream `queue`, in the transaction that changes it. The stream belongs to the organisation of
 * the setting spool.org; of another one's queue it tells only that something has changed. data: borrowed. */
enum rs_err queue_event(struct change *change, const char *org, struct json_object *data, struct fault *fault) RS_MUST_CHECK;
/* queue_state - is it paused, and how many runs are queued. */
struct queue_state {
    bool paused;
    int n_queued;
};
enum rs_err queue_state(struct store *store, const char *org, struct queue_state *ret, struct fault *fault) RS_MUST_CHECK;

#endif
