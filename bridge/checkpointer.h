/* checkpointer - a thread that moves what was committed to where it stays in the event log, when upkeep wants that: the disk
 * takes its time, and neither the loop nor the writer is to wait for it.
 * Threads: the functions are the writer's. */
#ifndef RUNSPOOL_BRIDGE_CHECKPOINTER_H
#define RUNSPOOL_BRIDGE_CHECKPOINTER_H

#include "event/eventlog.h"

struct checkpointer;
/* checkpointer_start - log: borrowed until checkpointer_stop. NULL: there is no memory, or no thread may be made, now. */
struct checkpointer *checkpointer_start(struct eventlog *log);
/* checkpointer_begin - one is wanted. While one is being made, that is enough. */
void checkpointer_begin(struct checkpointer *c);
/* checkpointer_ended - has one ended since the last call? *ret_err, *fault: how. */
bool checkpointer_ended(struct checkpointer *c, enum rs_err *ret_err, struct fault *fault);
/* checkpointer_stop - waits for the one that is being made. NULL is fine. */
void checkpointer_stop(struct checkpointer *c);

#endif
