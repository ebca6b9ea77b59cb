/* draft - the outcome that ingest is making: what its peers are told, and the events to be published. Threads: as ingest. */
#ifndef RUNSPOOL_BRIDGE_DRAFT_H
#define RUNSPOOL_BRIDGE_DRAFT_H

#include "bridge/ingest.h"

/* Zeroed: nothing so far. */
struct draft {
    struct outcome *outcome; /* NULL: nothing in it yet */
    struct peer *to_ack;     /* borrowed; to be acknowledged after the next commit */
};

/* draft_outcome - the outcome itself; waits for memory as long as there is none. */
struct outcome *draft_outcome(struct draft *d);
/* draft_answer - what a peer is told by it. NULL: no memory; the peer asks again after a time, and learns then. */
struct answer *draft_answer(struct draft *d, struct peer *peer);
/* draft_error - tell it that a line (n: its number, 0: it has none) is refused. */
void draft_error(struct draft *d, struct peer *peer, int64_t n, const char *message);
/* draft_ack_later - its lines are to be acknowledged by draft_acks, if it wants that. */
void draft_ack_later(struct draft *d, struct peer *peer);
/* draft_acks - of all those; stored: what came before has been committed, else nothing is said. */
void draft_acks(struct draft *d, bool stored);
/* draft_event - takes the reference. false: no memory, the reference is still the caller's. */
bool draft_event(struct draft *d, struct event *ev);
/* draft_take - the outcome passes to the caller, and another one begins. NULL: there is nothing in it. */
struct outcome *draft_take(struct draft *d);

#endif
