/* spool - the emitter: hands events to the bridge over DIR/spool.sock, from a thread of its own, and to the event log
 * itself while there is no bridge. Producer name: "<program>-<random>" of this instance; lines are numbered from 1;
 * unacknowledged lines are kept in a bounded ring and resent after reconnecting. In an outage the unacknowledged go
 * to the log first, in order, with the same numbers, so that nothing is stored twice.
 * Threads: spool_append and the rest may be called by any one thread at a time; the emitter thread is internal. */
#ifndef RUNSPOOL_EVENT_SPOOL_H
#define RUNSPOOL_EVENT_SPOOL_H

#include "base/err.h"
#include "base/mask.h"
#include "conf/datadir.h"
#include "event/eventlog.h"
#include <stddef.h>
#include <stdint.h>

#define SPOOL_RING_BYTES (8 * 1024 * 1024)  /* of lines not yet acknowledged */
#define SPOOL_STATE_BYTES (8 * 1024 * 1024) /* more of them for events with an oid */
#define SPOOL_GIVE_UP_MS 8000 /* longer than one append to a log that another process locks */
#define SPOOL_OUTAGE_MS 50                  /* how long an append may wait for room; once in an outage, not each time */

struct spool;

/* spool_open - start the emitter. Does not wait for the bridge. owner: for the fallback log; called on the emitter's
 * thread, so it must not use the caller's database connection. *ret: owned, spool_close. */
enum rs_err spool_open(const struct datadir *dd, const char *program, eventlog_owner_fn *owner, void *owner_ctx,
                       struct spool **ret, struct fault *fault) RS_MUST_CHECK;

/* spool_open_as - the same under a name that others can know (an id). It must be new: the log takes numbers up to the
 * highest it has seen under the name for duplicates. If the log knows it, another one is taken: a database restored from an
 * older copy gives the same names again. Reads the log. */
enum rs_err spool_open_as(const struct datadir *dd, const char *producer, eventlog_owner_fn *owner, void *owner_ctx,
                          struct spool **ret, struct fault *fault) RS_MUST_CHECK;
/* spool_append - hand one event over; copied before return.
 * data: JSON object text. oid: the event's outbox row, 0 for bulk events.
 * Returns: RS_OK, queued (a state event is safe in its outbox row; a bulk event is safe once acknowledged);
 * RS_INVALID (bad stream or type, data not a JSON object), RS_LIMIT (over EVENT_DATA_MAX), RS_NOMEM; RS_BUSY: the ring
 * stayed full for SPOOL_OUTAGE_MS. An event without oid was then counted, and one log.dropped {"count"} of its stream
 * follows when there is room; one with an oid waits in its row, and so must all later ones of its stream: the log
 * takes a stream's oids in rising order only, so they are to be handed over again from the lowest on. */
enum rs_err spool_append(struct spool *spool, const char *stream, const char *type, const char *data, size_t data_len,
                         int64_t oid) RS_MUST_CHECK;

/* spool_append_at - the same for an event that happened at time_ms (wall clock), before it could be handed over: a relayed
 * outbox row keeps its time. spool_append takes the present. */
enum rs_err spool_append_at(struct spool *spool, const char *stream, const char *type, const char *data, size_t data_len,
                            int64_t oid, int64_t time_ms) RS_MUST_CHECK;

/* spool_set_mask - hide this in the data of everything appended from now on; borrowed until spool_close. NULL: nothing. */
void spool_set_mask(struct spool *spool, const struct mask *mask);
/* spool_flush - wait until everything appended so far is acknowledged (by the bridge's commit or the fallback's).
 * Returns: RS_OK, RS_TIMEOUT. */
enum rs_err spool_flush(struct spool *spool, int timeout_ms) RS_MUST_CHECK;

/* spool_give_up - what of a stream has no oid and is not acknowledged is not sent any more, nor is a log.dropped that is
 * owed for it. Returns how many events that is, for the caller to tell. Waits for an append to the fallback log that is
 * under way, SPOOL_GIVE_UP_MS at most. What a bridge that does not answer has already been sent may still be stored: so
 * many at most are missing. */
int64_t spool_give_up(struct spool *spool, const char *stream);

/* spool_take_acked - outbox ids acknowledged since the last call, at most max. Returns how many. */
size_t spool_take_acked(struct spool *spool, int64_t *ret_oids, size_t max);

/* spool_close - flush for at most timeout_ms, end the thread, free. NULL is fine. */
void spool_close(struct spool *spool, int timeout_ms);

#endif
