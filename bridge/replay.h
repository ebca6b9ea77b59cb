/* replay - gives subscribers that have not caught up what they lack: the opening state, then the log in bounded steps. What
 * the members of a group lack is read once for all of them (bridge/stretch.h). Threads: the loop only. */
#ifndef RUNSPOOL_BRIDGE_REPLAY_H
#define RUNSPOOL_BRIDGE_REPLAY_H

#include "bridge/subscriber.h"

#define REPLAY_EVENTS 256                /* events read from the log in one step */
#define REPLAY_BLOCK_BYTES (64 * 1024)   /* a step ends when its messages are larger than that */
#define REPLAY_QUEUE_BYTES (128 * 1024)  /* no step while more than that is queued */
#define REPLAY_STEPS_MIN 4               /* so many there may be in a turn of the loop, however long they take */
#define REPLAY_ALIGN 64                  /* what is read for many begins at a multiple of it: their cursors differ a little */

/* replay_step - one step; false: not to be called again until it is scheduled. For the hub. */
bool replay_step(struct subscriber *sub);

#endif
