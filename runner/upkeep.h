/* upkeep - keeps what ended runs have left within the settings: work folders (runs.keep_work_days), artifacts
 * (artifacts.keep_days, artifacts.keep_bytes). Never of a run that has not ended. Blocks on the disk, for long when
 * there is much; any thread, with a store of its own. */
#ifndef RUNSPOOL_RUNNER_UPKEEP_H
#define RUNSPOOL_RUNNER_UPKEEP_H

#include "base/err.h"
#include "conf/datadir.h"
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#define UPKEEP_EVERY_MS (60 * 60 * 1000LL)

struct upkeep_done {
    int work, artifacts; /* runs whose folder was removed */
    int64_t bytes;       /* of these artifacts */
};
/* upkeep_due - was it last done longer than UPKEEP_EVERY_MS ago, by whomever? Notes that it is done now. */
bool upkeep_due(const struct datadir *dd);
/* upkeep_run - do it. stop (may be NULL): leave soon. Removing goes on with the next run when one cannot be removed;
 * the first such is told. Returns: RS_OK, RS_IO, RS_BUSY. */
enum rs_err upkeep_run(const struct datadir *dd, const atomic_bool *stop, struct upkeep_done *ret,
                       struct fault *fault) RS_MUST_CHECK;

/* upkeep_do - that, told in the log. */
void upkeep_do(const struct datadir *dd, const atomic_bool *stop);

#endif
