/* spool_emitter - the emitter's inside: what the callers of spool.c and the thread of spool_emitter.c share. */
#ifndef RUNSPOOL_EVENT_SPOOL_EMITTER_H
#define RUNSPOOL_EVENT_SPOOL_EMITTER_H

#include "base/buf.h"
#include "base/id.h"
#include "event/spool.h"
#include "event/spool_ring.h"
#include <pthread.h>

struct spool {
    /* Fixed once open. */
    const struct datadir *dd;
    char producer[ID_MAX + 1];
    eventlog_owner_fn *owner;
    void *owner_ctx;
    pthread_t thread;
    int wake_fd; /* eventfd */
    const struct mask *mask; /* of the thread that appends */

    pthread_mutex_t lock; /* for all below */
    pthread_cond_t moved; /* lines left the ring; monotonic clock */
    struct spool_ring ring;
    struct buf line;      /* the line being made */
    bool asleep;          /* the thread waits: write to wake_fd */
    bool appending;       /* lines are being written to the fallback log */
    bool stop;
    bool stalled;         /* an append waited in vain; the next ones don't wait, until the ring has drained */
};

/* The thread's own things. */
struct emitter;
struct emitter *spool_emitter_new(struct spool *spool); /* NULL: no memory */
void spool_emitter_free(struct emitter *e);             /* NULL is fine */
/* spool_emitter_main - the thread. arg: its emitter, freed at the end. */
void *spool_emitter_main(void *arg);
/* spool_drained - lines have left the ring: say so, and put in what is owed for dropped events. Lock held. */
void spool_drained(struct spool *spool);

#endif
