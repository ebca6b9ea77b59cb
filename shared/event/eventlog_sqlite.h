/* eventlog_sqlite - what the files of the SQLite driver share: connection, prepared statements, known homes.
 * eventlog_sqlite.c opens and asks small things, eventlog_append.c writes, with eventlog_arrivals.c where events are few;
 * eventlog_query.c and eventlog_newest.c read, eventlog_mark.c sees to it that no id is given twice, eventlog_wal.c to
 * checkpoints, eventlog_trim.c removes what is old, eventlog_views.c finds the streams of views, eventlog_gaps.c what is
 * missing. */
#ifndef RUNSPOOL_EVENT_EVENTLOG_SQLITE_H
#define RUNSPOOL_EVENT_EVENTLOG_SQLITE_H

#include "event/eventlog_driver.h"
#include "event/view.h"
#include <limits.h>
#include <sqlite3.h>
#include <stdatomic.h>

#define SQLITE_BUSY_MS 5000 /* how long another process may hold the write lock */
#define SQLITE_HOMES 1024 /* homes kept by a connection, a power of two */

/* Statements, prepared when first used; their texts are in eventlog_sqlite.c. */
enum sql {
    SQL_BEGIN_READ,
    SQL_BEGIN_WRITE,
    SQL_COMMIT,
    SQL_DATA_VERSION,
    SQL_PAGE_BYTES,
    SQL_HEAD,
    SQL_STREAM_BY_NAME,
    SQL_STREAM_BY_ID,
    SQL_STREAM_TAGS,
    SQL_STREAM_ADD,
    SQL_STREAM_ADD_TAG,
    SQL_STREAM_SET,
    SQL_PRODUCER_GET,
    SQL_PRODUCER_SET,
    SQL_PRODUCERS_PRUNE,
    SQL_EVENT_ADD,
    SQL_ARRIVAL_ADD,
    SQL_ARRIVALS_FIRST,
    SQL_ARRIVALS_SCAN,
    SQL_ARRIVALS_MOVE,
    SQL_ARRIVALS_STREAMS,
    SQL_ARRIVALS_PRODUCERS,
    SQL_ARRIVALS_CLEAR,
    SQL_EVENT_BY_ID,
    SQL_EVENTS_SCAN,
    SQL_EVENTS_OF_STREAM,
    SQL_EVENTS_OF_STREAM_STATE,
    SQL_IDS_OF_STREAM,
    SQL_IDS_OF_STREAM_STATE,
    SQL_VIEW_HOME,
    SQL_VIEW_HOME_KIND,
    SQL_VIEW_TAG,
    SQL_VIEW_TAG_KIND,
    SQL_TRIMS_REACHING,
    SQL_TRIMS_OF_STREAM,
    SQL_TRIMS_BELOW,
    SQL_TRIMS_EXTEND,
    SQL_TRIMS_ADD,
    SQL_TRIM_CANDIDATES,
    SQL_OLDEST_OF_STREAM,
    SQL_OLDEST,
    SQL_OLDEST_ID,
    SQL_EVENT_DELETE,
    SQL_USED_BYTES,
    SQL_HEAD_DROP,
    SQL_HEAD_SET,
    SQL_META_BOOT,
    SQL_META_BOOT_SET,
    SQL_META_OID,
    SQL_META_OID_SET,
    SQL_META_BEGUN_SET,
    SQL_VOID_ADD,
    SQL_VOID_AT,
    SQL_VOIDS_LOST,
    N_SQL
};

struct append_cache;

/* An event that is being stored, and what it has with it while it is in `arrivals`. */
struct arrival {
    const struct eventlog_entry *entry;
    int64_t stream, seq, time_ms;
    int64_t last_oid, end_id; /* of the stream, after it; */
    bool ends;                /* or it is the end itself */
};
struct sqlite_arrivals {
    int n;        /* -1: not known */
    int64_t head; /* of the log, while there are any */
    bool taking;  /* the present transaction stores there */
};

struct sqlite_wal {
    bool ours;           /* checkpoints are left to sqlite_checkpoint */
    int page_bytes;      /* when it is */
    int pages, tried;    /* in the file; when a checkpoint was last tried */
    int begun;           /* of them of no event, since it was emptied; 0: it was not */
    int64_t wait_at;     /* monotonic ms: what waits for readers is not to be tried before */
    int64_t bytes;       /* of the file, as last seen */
    _Atomic bool moved;  /* by a passive one, since */
    _Atomic bool emptied; /* by that: all there was when it began */
    sqlite3 *beside;     /* sqlite_checkpoint_beside's own connection, NULL before the first */
};

struct sqlite_log {
    struct eventlog base;
    char path[PATH_MAX];
    sqlite3 *db; /* NULL while a reader's log does not exist */
    sqlite3_stmt *statements[N_SQL];
    int64_t seen_version; /* of eventlog_changed */
    struct {
        int64_t stream; /* 0: none */
        struct home *home;
    } homes[SQLITE_HOMES];
    /* Of a writer: */
    bool full_sync;
    char default_org[ID_MAX + 1];
    eventlog_owner_fn *owner;
    void *owner_ctx;
    int mark_fd;       /* -1: none */
    int64_t marked_at; /* of sqlite_mark_due */
    bool mark_stale;   /* it may not be the head */
    struct append_cache *cache;
    struct sqlite_arrivals arrivals;
    struct sqlite_wal wal;
    int64_t trim_stream; /* eventlog_trim has looked at the streams up to this number */
    int64_t forget_at;   /* monotonic ms: when it looks for silent producers again */
};

/* sqlite_ready - connect when there is a log by now. *ret_exists false: the log is empty so far. */
enum rs_err sqlite_ready(struct sqlite_log *log, bool *ret_exists, struct fault *fault) RS_MUST_CHECK;
/* sqlite_statement - the prepared statement, reset and with its bindings cleared. */
enum rs_err sqlite_statement(struct sqlite_log *log, enum sql sql, sqlite3_stmt **ret, struct fault *fault) RS_MUST_CHECK;
/* sqlite_row - step: RS_OK a row is current; RS_NOT_FOUND no more, the statement is reset; else the error. */
enum rs_err sqlite_row(struct sqlite_log *log, sqlite3_stmt *stmt, struct fault *fault) RS_MUST_CHECK;
/* sqlite_run - step a statement without rows, and reset it. */
enum rs_err sqlite_run(struct sqlite_log *log, sqlite3_stmt *stmt, struct fault *fault) RS_MUST_CHECK;
/* sqlite_do - the same for one without arguments. */
enum rs_err sqlite_do(struct sqlite_log *log, enum sql sql, struct fault *fault) RS_MUST_CHECK;
/* sqlite_rollback - leave whatever transaction is open. */
void sqlite_rollback(struct sqlite_log *log);
/* sqlite_failed - the connection's last error as a fault. */
enum rs_err sqlite_failed(struct sqlite_log *log, struct fault *fault);
enum rs_err sqlite_number(struct sqlite_log *log, enum sql sql, int64_t *ret, struct fault *fault) RS_MUST_CHECK;
/* sqlite_home - the home of a stream's number; borrowed, valid until the next call. */
enum rs_err sqlite_home(struct sqlite_log *log, int64_t stream, struct home **ret, struct fault *fault) RS_MUST_CHECK;

/* sqlite_mark_open - a writer's connection: open the mark beside the log, and make the next id jump if ids may have been
 * given that the log no longer knows. */
enum rs_err sqlite_mark_open(struct sqlite_log *log, struct fault *fault) RS_MUST_CHECK;
/* sqlite_mark_head - the mark is to be the log's head again: after a failed append, and when closing. */
void sqlite_mark_head(struct sqlite_log *log);
/* sqlite_mark_due - ids up to this one are about to be committed, those up to `committed` are: write the mark, if it is
 * time. The write lock is held. */
enum rs_err sqlite_mark_due(struct sqlite_log *log, int64_t id, int64_t committed, struct fault *fault) RS_MUST_CHECK;

/* sqlite_arrivals_begin - at the beginning of an append's transaction: is it one that stores in `arrivals`? If not, or when
 * there are many, what is there is moved first. */
enum rs_err sqlite_arrivals_begin(struct sqlite_log *log, const struct eventlog_entry *entries, size_t n,
                                  struct fault *fault) RS_MUST_CHECK;
/* sqlite_arrivals_add - store an event, in `arrivals` or where it stays, as the transaction does. */
enum rs_err sqlite_arrivals_add(struct sqlite_log *log, const struct arrival *arrival, int64_t *ret_id,
                                struct fault *fault) RS_MUST_CHECK;
/* sqlite_arrivals_due - between appends: move them when it is worth it; idle: if there are any. Waits for nobody. */
enum rs_err sqlite_arrivals_due(struct sqlite_log *log, bool idle, struct fault *fault);

/* A growing list of numbers: of streams or of events. Zeroed is empty; free(at). */
struct numbers {
    int64_t *at;
    size_t n, cap;
};
enum rs_err numbers_add(struct numbers *numbers, int64_t number, struct fault *fault) RS_MUST_CHECK;
void numbers_sort_unique(struct numbers *numbers);
bool numbers_has(const struct numbers *numbers, int64_t number); /* sorted */
/* sqlite_view_streams - add the numbers of the streams a view shows that ever had an event after `after`; org NULL: any.
 * most: by each way the view finds streams, -1 for all. */
enum rs_err sqlite_view_streams(struct sqlite_log *log, const struct view *view, const char *org, int64_t after, int most,
                                struct numbers *streams, struct fault *fault) RS_MUST_CHECK;
/* sqlite_find_gaps - eventlog_gaps, within the transaction of the caller: what is left in the log belongs to what is missing. */
enum rs_err sqlite_find_gaps(struct sqlite_log *log, const struct eventlog_query *query,
                             struct eventlog_gap ret[EVENTLOG_GAPS_MAX], int *ret_n, struct fault *fault) RS_MUST_CHECK;

/* The driver's functions that live in the other files. */
enum rs_err sqlite_settle(struct eventlog *log, struct fault *fault);
enum rs_err sqlite_checkpoint(struct eventlog *log, bool idle, bool *ret_due, int64_t *ret_bytes, struct fault *fault);
enum rs_err sqlite_checkpoint_beside(struct eventlog *log, struct fault *fault);
enum rs_err sqlite_void(struct eventlog *log, int64_t id, int64_t *ret_first, int64_t *ret_last, struct fault *fault);
enum rs_err sqlite_trim(struct eventlog *log, const struct eventlog_keep *keep, int64_t now_ms,
                        struct eventlog_trimmed *ret, struct fault *fault);
enum rs_err sqlite_append(struct eventlog *log, struct eventlog_entry *entries, size_t n, struct fault *fault);
enum rs_err sqlite_append_now(struct eventlog *log, struct eventlog_entry *entries, size_t n, struct fault *fault);
void append_cache_free(struct append_cache *cache);
enum rs_err sqlite_read(struct eventlog *log, const struct eventlog_query *query, int limit, struct event ***ret,
                        int *ret_n, int64_t *ret_examined, struct eventlog_missing *missing, struct fault *fault);
enum rs_err sqlite_read_newest(struct eventlog *log, const char *stream, const char *const *types, int64_t until,
                               int limit, struct event ***ret, int *ret_n, struct fault *fault);
enum rs_err sqlite_gaps(struct eventlog *log, const struct eventlog_query *query,
                        struct eventlog_gap ret[EVENTLOG_GAPS_MAX], int *ret_n, struct fault *fault);

#endif
