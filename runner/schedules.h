/* schedules - the runner's part of schedules: be the one that fires them, when anything is due. Threads: one. */
#ifndef RUNSPOOL_RUNNER_SCHEDULES_H
#define RUNSPOOL_RUNNER_SCHEDULES_H

#include "model/lease.h"

#define SCHEDULES_LOOK_MS 500 /* one look begins no further batch after so long */

struct schedules {
    struct lease lease; /* zeroed: not held */
    bool more;          /* there is more to do than one look did */
    int64_t checked_ms; /* when it was last looked whether the clock had been set back; 0: never */
};
/* schedules_look - make runs of what is due at now_ms (wall clock), unless another process has the lease. owner: an id of
 * this process. Says in the log what it did. Returns how many runs it made. Blocks on the database. */
int schedules_look(struct schedules *schedules, struct store *store, const char *owner, int64_t now_ms);
/* schedules_place - an owner's name that the next runner of this name (NULL: the first), data directory and host bears, too.
 * Returns out. */
char *schedules_place(const char *root, const char *name, char out[ID_MAX + 1]);
/* schedules_leave - let another do it at once. */
void schedules_leave(struct schedules *schedules, struct store *store);

#endif
