/* eventlog_cache - where streams and producers stand, remembered by a writer of the SQLite log from one transaction to the
 * next, as long as nobody else writes. Their rows are written once for many events: at the end of the transaction, or,
 * while events gather in `arrivals`, when these are moved. One thread. */
#ifndef RUNSPOOL_EVENT_EVENTLOG_CACHE_H
#define RUNSPOOL_EVENT_EVENTLOG_CACHE_H

#include "base/map.h"
#include "event/eventlog_sqlite.h"

struct stream_state {
    int64_t id, last_seq, last_id, last_oid, end_id;
    struct home *home;
    bool dirty;
    struct stream_state *next_dirty;
};
struct producer_state {
    char name[ID_MAX + 1];
    int64_t last;
    bool dirty;
    struct producer_state *next_dirty;
};
struct append_cache {
    int64_t data_version; /* of the database when the cache was right */
    struct map streams, producers;
    struct stream_state *dirty_streams;
    struct producer_state *dirty_producers;
    int64_t known_oid; /* what meta says, as long as the cache is right; -1: to be asked */
    int64_t max_oid;   /* of the transaction, 0: none */
    int64_t first_id, last_id; /* of the events of the transaction, 0: none */
};

struct append_cache *append_cache_new(void); /* NULL: no memory */
/* append_cache_free is in eventlog_sqlite.h. */
/* cache_begin - begin a transaction that writes: as nobody else can then write, what is known stays true until the commit.
 * What others have stored since the last one is forgotten, and has to be looked at. */
enum rs_err cache_begin(struct sqlite_log *log, struct fault *fault) RS_MUST_CHECK;
/* cache_forget - all of it, and what is in `arrivals`: after a transaction that failed. */
void cache_forget(struct sqlite_log *log);

/* cache_stream, cache_producer - what is known, or read, or new (a stream gets its row, with its owner's org and tags).
 * Borrowed, until cache_forget. Within a transaction that writes. */
enum rs_err cache_stream(struct sqlite_log *log, const char *name, struct stream_state **ret, struct fault *fault) RS_MUST_CHECK;
enum rs_err cache_producer(struct sqlite_log *log, const char *name, struct producer_state **ret, struct fault *fault)
    RS_MUST_CHECK;
/* cache_mark_stream, cache_mark_producer - its row is to be written. */
void cache_mark_stream(struct append_cache *cache, struct stream_state *stream);
void cache_mark_producer(struct append_cache *cache, struct producer_state *producer);
/* cache_write_producer - write one now. */
enum rs_err cache_write_producer(struct sqlite_log *log, const struct producer_state *producer, struct fault *fault)
    RS_MUST_CHECK;
/* cache_write - write all that are marked. After an error, forget. */
enum rs_err cache_write(struct sqlite_log *log, struct fault *fault) RS_MUST_CHECK;

#endif
