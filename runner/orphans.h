/* orphans - runs whose process died: what it left is killed, then the run is ended, or resumed (runner.orphan). */
#ifndef RUNSPOOL_RUNNER_ORPHANS_H
#define RUNSPOOL_RUNNER_ORPHANS_H

#include "model/store.h"

/* orphans_end - look for them once. Returns: how many were dealt with here. Failures are logged. Blocks on the database. */
int orphans_end(struct store *store);

#endif
