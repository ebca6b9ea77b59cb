/* outbox - the relay half of the store. Only shared/model includes this. */
#ifndef RUNSPOOL_MODEL_OUTBOX_H
#define RUNSPOOL_MODEL_OUTBOX_H

#include "model/store.h"

struct outbox; /* what this store has handed to its emitter, and what of that was acknowledged */
struct outbox *outbox_new(void); /* NULL: no memory */
void outbox_free(struct outbox *outbox);

/* outbox_delete_acked - inside a transaction: delete the acknowledged rows. outbox_forget_acked - it was committed. */
enum rs_err outbox_delete_acked(struct store *store, struct fault *fault) RS_MUST_CHECK;
void outbox_forget_acked(struct store *store);
/* outbox_relay - hand every pending row of one stream to the emitter, as far as it has room. */
enum rs_err outbox_relay(struct store *store, const char *stream, struct fault *fault) RS_MUST_CHECK;

/* outbox_raise_ids - inside the first transaction of a store that adds events: the ids given from now on are above all that
 * the log has seen. *ret_known: whether it could be asked. */
enum rs_err outbox_raise_ids(struct store *store, bool *ret_known, struct fault *fault) RS_MUST_CHECK;

#endif
