/* lease - what only one process of many may do: who holds it is a row in the database, with a time at which it ends and a
 * fencing token. Threads: as the store. Calls block on the database. */
#ifndef RUNSPOOL_MODEL_LEASE_H
#define RUNSPOOL_MODEL_LEASE_H

#include "base/id.h"
#include "model/store.h"

#define LEASE_MAX_MS (10 * 60 * 1000LL) /* no lease is taken for longer */

struct lease {
    const char *name; /* "schedules"; static storage */
    char owner[ID_MAX + 1];
    int64_t fence;    /* raised whenever it changes hands */
    int64_t until_ms; /* wall clock */
};
/* lease_take - take or renew it for ms from now on, where it is free, has ended, or is owner's already. lease->name and
 * owner are set, the rest is filled in. A new process may take over from a dead one at once by bearing its name: the fence
 * is raised. RS_BUSY: another holds it. */
enum rs_err lease_take(struct store *store, struct lease *lease, int64_t now_ms, int64_t ms, struct fault *fault) RS_MUST_CHECK;
/* lease_check - inside a transaction: is it still the holder's? RS_CONFLICT: it has changed hands. */
enum rs_err lease_check(struct change *change, const struct lease *lease, struct fault *fault) RS_MUST_CHECK;
/* lease_drop - give it back before its time. One that is held by another stays as it is. */
enum rs_err lease_drop(struct store *store, const struct lease *lease, struct fault *fault) RS_MUST_CHECK;

#endif
