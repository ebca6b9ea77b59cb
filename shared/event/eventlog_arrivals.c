/* eventlog_arrivals - where few events are stored first. One event of its own changes six pages where it stays: those of
 * events, of two indexes, of its stream, of its producer, of the sequence; here it changes one or two. What has gathered
 * is moved in one transaction, which changes each of those pages once for all of it. A reader reads both.
 * Only the process that looks after the log (eventlog_checkpoint) stores here, for it is there to move it; whoever else
 * writes moves first what it finds, so ids rise in either. */
#include "base/clock.h"
#include "event/eventlog_cache.h"

#define TAKEN_EVENTS 16 /* of one append at most, */
#define TAKEN_BYTES 8192
#define DUE_EVENTS 128 /* are moved when there is time, */
#define MOST_EVENTS 512 /* in any case: a reader looks at all of them */

/* Where the streams and the producers stand after them. */
static enum rs_err write_rows(struct sqlite_log *log, struct fault *fault)
{
    static const enum sql steps[] = {SQL_ARRIVALS_STREAMS, SQL_ARRIVALS_PRODUCERS};
    enum rs_err err = RS_OK;

    if (log->arrivals.n >= 0) /* all are ours, and remembered */
        return cache_write(log, fault);
    for (size_t i = 0; !err && i < sizeof steps / sizeof *steps; i++) {
        sqlite3_stmt *stmt;
        err = sqlite_statement(log, steps[i], &stmt, fault);
        if (!err && steps[i] == SQL_ARRIVALS_PRODUCERS)
            sqlite3_bind_int64(stmt, 1, clock_wall_ms());
        if (!err)
            err = sqlite_run(log, stmt, fault);
    }
    return err;
}

static enum rs_err move(struct sqlite_log *log, struct fault *fault)
{
    enum rs_err err = sqlite_do(log, SQL_ARRIVALS_MOVE, fault);

    if (!err)
        err = write_rows(log, fault);
    if (!err)
        err = sqlite_do(log, SQL_ARRIVALS_CLEAR, fault);
    if (!err)
        log->arrivals.n = 0;
    return err;
}

static bool are_few(const struct eventlog_entry *entries, size_t n)
{
    size_t bytes = 0;

    for (size_t i = 0; n <= TAKEN_EVENTS && i < n; i++)
        bytes += entries[i].data_len;
    return n <= TAKEN_EVENTS && bytes <= TAKEN_BYTES;
}

enum rs_err sqlite_arrivals_begin(struct sqlite_log *log, const struct eventlog_entry *entries, size_t n,
                                  struct fault *fault)
{
    struct sqlite_arrivals *arrivals = &log->arrivals;
    enum rs_err err = RS_OK;

    arrivals->taking = log->wal.ours && !log->full_sync && are_few(entries, n);
    if (arrivals->n < 0 || arrivals->n >= MOST_EVENTS || (arrivals->n > 0 && !arrivals->taking))
        err = move(log, fault);
    if (!err && arrivals->taking && arrivals->n == 0)
        err = sqlite_number(log, SQL_HEAD, &arrivals->head, fault);
    return err;
}

enum rs_err sqlite_arrivals_add(struct sqlite_log *log, const struct arrival *arrival, int64_t *ret_id, struct fault *fault)
{
    const struct eventlog_entry *entry = arrival->entry;
    bool taking = log->arrivals.taking;
    int64_t id = log->arrivals.head + 1;
    sqlite3_stmt *stmt;
    enum rs_err err = sqlite_statement(log, taking ? SQL_ARRIVAL_ADD : SQL_EVENT_ADD, &stmt, fault);

    if (err)
        return err;
    sqlite3_bind_int64(stmt, 1, arrival->stream);
    sqlite3_bind_int64(stmt, 2, arrival->seq);
    sqlite3_bind_int64(stmt, 3, arrival->time_ms);
    sqlite3_bind_int(stmt, 4, event_type_is_bulk(entry->type));
    sqlite3_bind_text(stmt, 5, entry->type, -1, SQLITE_STATIC);
    sqlite3_bind_text(stmt, 6, entry->data, (int)entry->data_len, SQLITE_STATIC);
    if (taking) {
        sqlite3_bind_int64(stmt, 7, id);
        sqlite3_bind_int64(stmt, 8, arrival->last_oid);
        sqlite3_bind_int64(stmt, 9, arrival->ends ? id : arrival->end_id);
    }
    if (taking && entry->producer) {
        sqlite3_bind_text(stmt, 10, entry->producer, -1, SQLITE_STATIC);
        sqlite3_bind_int64(stmt, 11, entry->producer_seq);
    }
    err = sqlite_run(log, stmt, fault);
    if (err)
        return err;
    *ret_id = sqlite3_last_insert_rowid(log->db);
    if (taking) {
        log->arrivals.head = id;
        log->arrivals.n++;
    }
    return RS_OK;
}

static enum rs_err move_all(struct sqlite_log *log, struct fault *fault)
{
    enum rs_err err = move(log, fault);

    if (!err)
        err = sqlite_do(log, SQL_COMMIT, fault);
    if (err)
        cache_forget(log);
    return err;
}

enum rs_err sqlite_arrivals_due(struct sqlite_log *log, bool idle, struct fault *fault)
{
    struct fault why = {.code = RS_OK};
    enum rs_err err;

    if (idle ? log->arrivals.n == 0 : log->arrivals.n < DUE_EVENTS)
        return RS_OK;
    sqlite3_busy_timeout(log->db, 0);
    err = cache_begin(log, &why);
    if (!err)
        err = move_all(log, &why);
    if (err)
        sqlite_rollback(log);
    sqlite3_busy_timeout(log->db, SQLITE_BUSY_MS);
    return !err || err == RS_BUSY ? RS_OK : fault_set(fault, err, "%s", why.message);
}

enum rs_err sqlite_settle(struct eventlog *base, struct fault *fault)
{
    return sqlite_arrivals_due((struct sqlite_log *)base, false, fault);
}
