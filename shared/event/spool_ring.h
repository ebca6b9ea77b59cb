/* spool_ring - the lines an emitter still answers for: appended at the tail, sent in order, dropped from the head when
 * acknowledged; and what did not fit. No locking: the spool's lock is held, except that the thread that acknowledges
 * may read the lines between head and tail without it. */
#ifndef RUNSPOOL_EVENT_SPOOL_RING_H
#define RUNSPOOL_EVENT_SPOOL_RING_H

#include "event/stream.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SPOOL_DROPPED_STREAMS 16 /* streams counted apart; what was dropped of others is reported under `system` */
#define SPOOL_ACKED_MAX 65536    /* oids kept for spool_take_acked; rows beyond it are left to outbox_recover */

struct spool_line {
    struct spool_line *next;
    int64_t n, oid;
    bool done; /* answered by an error, or given up: not to be sent again, but not counted by `ack` yet */
    size_t len;
    char text[]; /* with its newline */
};
struct spool_ring {
    struct spool_line *head, *tail;
    struct spool_line *unsent; /* the next one for this connection; NULL: all are under way */
    size_t bytes;
    int64_t last_n; /* of the newest line ever appended */
    struct {
        char stream[STREAM_MAX];
        int64_t count;
    } dropped[SPOOL_DROPPED_STREAMS];
    int n_dropped;
    int64_t *acked; /* oids */
    size_t n_acked, cap_acked;
};
/* A zeroed ring is empty. */
void spool_ring_release(struct spool_ring *ring);
/* spool_ring_push - append a line, copied. Returns false without memory. */
bool spool_ring_push(struct spool_ring *ring, int64_t n, int64_t oid, const char *text, size_t len);
/* spool_ring_ack - everything up to n is done, and what was refused or given up right behind it. Returns how many lines
 * left. */
size_t spool_ring_ack(struct spool_ring *ring, int64_t n);
/* spool_ring_refuse - line n was answered by an error. Returns how many lines left. */
size_t spool_ring_refuse(struct spool_ring *ring, int64_t n);
/* spool_ring_resend - a new connection: everything is unsent again. */
void spool_ring_resend(struct spool_ring *ring);
/* spool_ring_give_up - lines of the stream without an oid are not to be sent any more. They stay where they are until
 * spool_ring_ack. Returns how many events those are, with those a log.dropped among them counts and what was dropped
 * and is still owed. */
int64_t spool_ring_give_up(struct spool_ring *ring, const char *stream);
/* spool_ring_drop - count an event of a stream that did not fit. */
void spool_ring_drop(struct spool_ring *ring, const char *stream);

#endif
