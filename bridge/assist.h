/* assist - the action socket of the assistant console: actions of the client, and the messages of the one run it follows.
 * Actions are carried out one at a time, in their order; what comes while one is under way, or while a run is being
 * replayed, waits. A connection follows its own runs only, one after the other.
 * Threads: the loop; the database is asked on the worker (assist_job.h). */
#ifndef RUNSPOOL_BRIDGE_ASSIST_H
#define RUNSPOOL_BRIDGE_ASSIST_H

#include "bridge/subscriber.h"
#include "http/caller.h"
#include <stddef.h>

#define ASSIST_HELD_MAX 32               /* actions that may wait */
#define ASSIST_HELD_BYTES (256 * 1024)   /* and the bytes of their texts */
#define ASSIST_NEXT_MAX 32               /* runs of one connection that may be queued (assistant.busy = queue) */

/* Who opens it; copied. */
struct assist_opening {
    const char *org;
    struct caller caller;
};

/* assist_open - feed: of the run asked for, not started, ownership passes; NULL: the caller's run that is under way, or that
 * `since` is a cursor of, is looked for and shown. RS_NOMEM, RS_BUSY. */
enum rs_err assist_open(struct subscriber *sub, const struct assist_opening *opening, struct feed *feed, struct cursor since,
                        struct fault *fault) RS_MUST_CHECK;
void assist_close(struct subscriber *sub); /* sub->assist NULL is fine; runs go on */
/* assist_message - one text message of the client; what is wrong with it is answered. */
void assist_message(struct subscriber *sub, const char *text, size_t len);
/* assist_live - for the subscriber: it has caught up. */
void assist_live(struct subscriber *sub);

#endif
