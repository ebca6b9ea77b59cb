/* eventlog - the one log every door reads. Interface, and one driver per engine (eventlog_sqlite.c).
 * Ids strictly increase and are never reused. Several processes may append (the bridge normally, emitters while there
 * is no bridge); each append is one transaction, `seq` is read inside it.
 * What an acknowledgement survives: with sync `normal` any process dying; with `full` the machine failing too.
 * Threads: one struct eventlog per thread. Calls block on the disk. */
#ifndef RUNSPOOL_EVENT_EVENTLOG_H
#define RUNSPOOL_EVENT_EVENTLOG_H

#include "base/err.h"
#include "conf/datadir.h"
#include "base/id.h"
#include "event/event.h"
#include "event/stream.h"
#include <stdbool.h>
#include <stdint.h>

#define EVENTLOG_READ_BYTES (16 * 1024 * 1024) /* of data in one answer; then it ends as if limit had been reached */
#define EVENTLOG_GAPS_MAX 16

struct eventlog;

/* Who owns a stream: asked when its first event is appended, and kept for good. */
struct eventlog_owner {
    char *org;                     /* malloc'ed; NULL: nobody, the setting spool.org is taken */
    char *tags[HOME_TAGS_MAX];     /* malloc'ed */
    int n_tags;
};
void eventlog_owner_release(struct eventlog_owner *owner); /* zeroed is fine */
/* An answer is RS_OK, also that nobody owns it; *ret_owner (zeroed before) is then the caller's. Anything else: whose it is
 * could not be found out now, and nothing was left in *ret_owner. Then nothing is appended. */
typedef enum rs_err eventlog_owner_fn(void *ctx, const char *stream, struct eventlog_owner *ret_owner, struct fault *fault);

enum eventlog_mode { EVENTLOG_READ, EVENTLOG_WRITE };

/* eventlog_open - open (creating when mode is EVENTLOG_WRITE) the instance's log, setting `eventlog`: "sqlite"
 * (DIR/events.db, the default) or "sqlite:PATH". READ on a log that does not exist yet is RS_OK and reads as empty
 * until it does.
 * owner: used by EVENTLOG_WRITE only; may be NULL. *ret: owned, eventlog_close. */
enum rs_err eventlog_open(const struct datadir *dd, enum eventlog_mode mode, eventlog_owner_fn *owner, void *owner_ctx,
                          struct eventlog **ret, struct fault *fault) RS_MUST_CHECK;
void eventlog_close(struct eventlog *log); /* NULL is fine */

/* One event to append. Members up to producer_seq are the caller's and borrowed for the call. */
struct eventlog_entry {
    const char *stream, *type;
    const char *data; /* JSON object text */
    size_t data_len;
    int64_t time_ms;      /* 0: now */
    int64_t oid;          /* outbox id: an event whose oid is not above the stream's last is a duplicate; 0: none */
    const char *producer; /* NULL: not deduplicated; else producer_seq <= its last is a duplicate */
    int64_t producer_seq;
    /* Results, set when the append returned RS_OK: */
    enum rs_err status;   /* RS_OK stored; RS_CONFLICT the run has ended; RS_INVALID bad stream or type; RS_LIMIT.
                             Refused or not, producer_seq counts as seen: it is acknowledged, not tried again. */
    bool duplicate;       /* with status RS_OK: already there, nothing stored */
    struct event *event;  /* the stored event, a reference the caller owns; NULL when not stored */
};
/* eventlog_append - append all in one transaction, in order, with ids in order. Bad ones are marked, the rest stored.
 * Returns: RS_OK (look at each status); RS_BUSY (another process is writing; whose a new stream is cannot be found out
 * now), RS_IO: nothing was stored. */
enum rs_err eventlog_append(struct eventlog *log, struct eventlog_entry *entries, size_t n, struct fault *fault)
    RS_MUST_CHECK;
/* eventlog_append_now - the same without waiting: RS_BUSY at once, RS_NOT_FOUND where a stream is new and nobody is there to be
 * asked (eventlog_ask_now). */
enum rs_err eventlog_append_now(struct eventlog *log, struct eventlog_entry *entries, size_t n, struct fault *fault)
    RS_MUST_CHECK;
/* eventlog_ask_now - whom eventlog_append_now asks for a new stream's owner, because he answers without waiting; with the ctx
 * of the log's; he says RS_NOT_FOUND where he cannot. NULL, as it is at first: nobody. */
void eventlog_ask_now(struct eventlog *log, eventlog_owner_fn *owner);
/* eventlog_producer - the highest producer_seq stored for a producer, 0 for a new one. */
enum rs_err eventlog_producer(struct eventlog *log, const char *producer, int64_t *ret_last, struct fault *fault)
    RS_MUST_CHECK;

/* eventlog_read - events of any of the streams (homes, views and wildcards mixed; each event once) with id > after
 * (and <= until, when until > 0), oldest first, at most limit. org: only that org's (NULL: all).
 * without_bulk: leave out log, log.dropped and agent.delta (uses its own index).
 * *ret: array of references, the caller unrefs each and frees the array (eventlog_events_free); *ret_n may be 0.
 * *ret_examined: every matching event up to this id is in the answer (the last event's id when limit or
 * EVENTLOG_READ_BYTES was reached, else the log's head or `until`), so it is the next `after`; there is more to read
 * now exactly when it is below both head and `until`. */
struct eventlog_query {
    const char *const *streams;
    int n_streams;
    const char *org;
    int64_t after, until;
    bool without_bulk;
};
enum rs_err eventlog_read(struct eventlog *log, const struct eventlog_query *query, int limit, struct event ***ret,
                          int *ret_n, int64_t *ret_examined, struct fault *fault) RS_MUST_CHECK;
/* eventlog_read_newest - the newest `limit` events of one home stream whose id <= until (0: all) and whose type is in
 * the NULL-terminated list types (NULL: all), oldest first. */
enum rs_err eventlog_read_newest(struct eventlog *log, const char *stream, const char *const *types, int64_t until,
                                 int limit, struct event ***ret, int *ret_n, struct fault *fault) RS_MUST_CHECK;
void eventlog_events_free(struct event **events, int n); /* NULL is fine */

/* eventlog_head - id of the newest event ever appended (also when retention removed it), 0 for an empty log; after a jump
 * (eventlog_skipped) the last id skipped, plus one. The next event's id is above it. */
enum rs_err eventlog_head(struct eventlog *log, int64_t *ret_head, struct fault *fault) RS_MUST_CHECK;

/* eventlog_last_oid - no event ever appended has an oid above it; 0: none has any. It may be a little above them all. */
enum rs_err eventlog_last_oid(struct eventlog *log, int64_t *ret_oid, struct fault *fault) RS_MUST_CHECK;

/* What is known of one home stream. */
struct eventlog_stream {
    int64_t last_seq;
    int64_t last_id;    /* 0: empty */
    int64_t end_id;     /* id of the terminal event while ended, else 0 */
    char org[ID_MAX + 1];
};
/* eventlog_stream - RS_NOT_FOUND when nothing was ever appended to it. */
enum rs_err eventlog_stream(struct eventlog *log, const char *stream, struct eventlog_stream *ret, struct fault *fault)
    RS_MUST_CHECK;

/* eventlog_gaps - ranges of ids in (after, until] that retention removed from the streams asked, or that are known to be
 * lost by all (an older copy was restored; a run that has ended is complete without them), oldest first, those made one that
 * touch, overlap, or have no event of the log between them; that of a view begins behind `after` when there is none before it.
 * At most EVENTLOG_GAPS_MAX: the last one then reaches to the end of the removed. A gap carries the name asked for. */
struct eventlog_gap {
    char stream[STREAM_MAX];
    int64_t first, last;
};
enum rs_err eventlog_gaps(struct eventlog *log, const struct eventlog_query *query, struct eventlog_gap ret[EVENTLOG_GAPS_MAX],
                          int *ret_n, struct fault *fault) RS_MUST_CHECK;
/* eventlog_read_with_gaps - both, as of one moment: no event is given and called missing too, however busy retention is. */
struct eventlog_missing {
    int64_t after; /* set by the caller: gaps are asked for behind it, instead of query->after */
    struct eventlog_gap gaps[EVENTLOG_GAPS_MAX];
    int n;
};
enum rs_err eventlog_read_with_gaps(struct eventlog *log, const struct eventlog_query *query, int limit, struct event ***ret,
                                    int *ret_n, int64_t *ret_examined, struct eventlog_missing *missing,
                                    struct fault *fault) RS_MUST_CHECK;

/* What is kept; 0 means without that limit. The limits hold for every stream alike, also for a run that has not ended:
 * what a run is, the database knows, and a dialect's opening takes it from there. */
struct eventlog_keep {
    int64_t age_ms; /* by the events' own time */
    int64_t events; /* of each stream */
    int64_t bytes;  /* of the whole log, as far as it is in use: freed space is used again, the file does not shrink */
};
struct eventlog_trimmed {
    int events;    /* removed by this step */
    int producers; /* forgotten: silent for EVENTLOG_PRODUCER_IDLE_MS */
    bool more;     /* there is more to look at: take another step */
};
#define EVENTLOG_TRIM_EVENTS 512 /* removed in one step at most; it also ends after */
#define EVENTLOG_TRIM_US 3000    /* of removing, or */
#define EVENTLOG_TRIM_LOOK_US 300 /* of finding nothing to remove */
#define EVENTLOG_TRIM_SPARES 1000 /* newest events of the log that a limit on bytes leaves alone */
#define EVENTLOG_PRODUCER_IDLE_MS (INT64_C(7) * 24 * 3600 * 1000)
/* eventlog_trim - take one short step of retention: remove oldest events that are over a limit, in a transaction of its
 * own if there are any. Of a stream always its oldest go, so what is missing of it is one range of ids (eventlog_gaps).
 * Steps go round the streams, with a limit on age or events; `more` is false at the end of a round that left nothing over a
 * limit. Mode EVENTLOG_WRITE. */
enum rs_err eventlog_trim(struct eventlog *log, const struct eventlog_keep *keep, int64_t now_ms,
                          struct eventlog_trimmed *ret, struct fault *fault) RS_MUST_CHECK;

/* eventlog_settle - for the same process as eventlog_checkpoint, between appends, more often: if a hundred events or so
 * have gathered where few are stored, move them. Blocks as long as a write does, and waits for nobody. Mode EVENTLOG_WRITE. */
enum rs_err eventlog_settle(struct eventlog *log, struct fault *fault) RS_MUST_CHECK;

/* eventlog_checkpoint - for the one process that looks after the log: called between appends, it moves what was committed
 * to where it stays, when that is worth it. From the first call on, this connection's appends leave it to these calls, and
 * few events at once are stored where it costs least, for these calls to move. Readers see no difference.
 * idle: nothing has been appended for a while, so leave nothing behind. Waits for readers a few milliseconds at most.
 * *ret_due: much is to be moved, which takes the disk some time: call eventlog_checkpoint_beside.
 * *ret_bytes: what is not yet where it stays, as a size on disk. Mode EVENTLOG_WRITE. */
enum rs_err eventlog_checkpoint(struct eventlog *log, bool idle, bool *ret_due, int64_t *ret_bytes, struct fault *fault)
    RS_MUST_CHECK;
/* eventlog_checkpoint_beside - move it, waiting for the disk but for no reader. Another thread may use the log meanwhile, except
 * for closing it and for this call. */
enum rs_err eventlog_checkpoint_beside(struct eventlog *log, struct fault *fault) RS_MUST_CHECK;

/* eventlog_skipped - is id one of those skipped by a jump? Ids jump by 2^20 when some may have been given that the log no
 * longer knows: after a boot, and when an older copy was restored. Who has such a cursor saw events that are lost.
 * *ret_first, *ret_last: the range skipped, 0 when id is in none. */
enum rs_err eventlog_skipped(struct eventlog *log, int64_t id, int64_t *ret_first, int64_t *ret_last,
                             struct fault *fault) RS_MUST_CHECK;

/* eventlog_changed - has another connection committed since the last call on this one? Cheap (microseconds). */
bool eventlog_changed(struct eventlog *log);

#endif
