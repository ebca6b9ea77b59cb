/* takeup - a run that was executed before, in part: what its ended nodes left is taken up as it is recorded. */
#ifndef RUNSPOOL_RUNNER_TAKEUP_H
#define RUNSPOOL_RUNNER_TAKEUP_H

#include "runner/execution.h"

/* takeup - on an execution made and not begun: nodes the database has as ended are settled, their outputs can be read, and
 * their edges are decided (conditions from the loop). Is there none, the run starts over, in empty folders. Nothing to do
 * for a first attempt. Blocks on database and disk. */
enum rs_err takeup(struct execution *x, struct fault *fault) RS_MUST_CHECK;

#endif
