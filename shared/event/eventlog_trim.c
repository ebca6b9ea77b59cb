/* eventlog_trim - retention of the SQLite log, in steps so short that an append between two of them hardly waits. */
#include "base/clock.h"
#include "event/eventlog_sqlite.h"

#define CANDIDATES 32  /* streams looked at in one step: there must be time for them all, or each step looks at one */
#define ROWS 64        /* events read at once */
#define FORGET_MS (INT64_C(3600) * 1000) /* between two looks for silent producers, for which all are read */

/* One step. What it reads first it reads in one transaction, for beginning one costs more than a look at a stream; another
 * begins with the first removal. */
struct step {
    struct sqlite_log *log;
    const struct eventlog_keep *keep;
    int64_t now_ms, began_us; /* wall clock, monotonic clock */
    bool reading, writing;
    struct eventlog_trimmed *done;
    struct fault *fault;
};

static bool spent(const struct step *s)
{
    int64_t most_us = s->writing ? EVENTLOG_TRIM_US : EVENTLOG_TRIM_LOOK_US;

    return s->done->events >= EVENTLOG_TRIM_EVENTS || clock_mono_us() >= s->began_us + most_us;
}

static enum rs_err end_reading(struct step *s)
{
    enum rs_err err = s->reading ? sqlite_do(s->log, SQL_COMMIT, s->fault) : RS_OK;

    s->reading = s->reading && err;
    return err;
}

static enum rs_err begin(struct step *s)
{
    enum rs_err err = end_reading(s);

    if (!err && !s->writing)
        err = sqlite_do(s->log, SQL_BEGIN_WRITE, s->fault);
    s->writing = s->writing || !err;
    return err;
}

static enum rs_err delete_event(struct step *s, int64_t id)
{
    sqlite3_stmt *stmt;
    enum rs_err err = sqlite_statement(s->log, SQL_EVENT_DELETE, &stmt, s->fault);

    if (err)
        return err;
    sqlite3_bind_int64(stmt, 1, id);
    s->done->events++;
    return sqlite_run(s->log, stmt, s->fault);
}

/* Events first..last of a stream are gone: its range grows, for it was its oldest that went. */
static enum rs_err note(struct step *s, int64_t stream, int64_t first, int64_t last)
{
    sqlite3_stmt *stmt;
    enum rs_err err = sqlite_statement(s->log, SQL_TRIMS_EXTEND, &stmt, s->fault);

    if (err)
        return err;
    sqlite3_bind_int64(stmt, 1, stream);
    sqlite3_bind_int64(stmt, 2, last);
    err = sqlite_run(s->log, stmt, s->fault);
    if (err || sqlite3_changes(s->log->db) > 0)
        return err;
    err = sqlite_statement(s->log, SQL_TRIMS_ADD, &stmt, s->fault);
    if (err)
        return err;
    sqlite3_bind_int64(stmt, 1, stream);
    sqlite3_bind_int64(stmt, 2, first);
    sqlite3_bind_int64(stmt, 3, last);
    return sqlite_run(s->log, stmt, s->fault);
}

struct oldest {
    int64_t id[ROWS], stream[ROWS];
    int n;
};

/* The stream's oldest events, as far as they are over a limit. Nothing is read while it is being removed. */
static enum rs_err find_over(struct step *s, int64_t stream, int64_t last_seq, struct oldest *ret)
{
    int64_t seq_until = s->keep->events > 0 ? last_seq - s->keep->events : 0;
    int64_t time_until = s->keep->age_ms > 0 ? s->now_ms - s->keep->age_ms : INT64_MIN;
    sqlite3_stmt *stmt;
    enum rs_err err = sqlite_statement(s->log, SQL_OLDEST_OF_STREAM, &stmt, s->fault);

    ret->n = 0;
    if (err)
        return err;
    sqlite3_bind_int64(stmt, 1, stream);
    sqlite3_bind_int(stmt, 2, ROWS);
    while (!(err = sqlite_row(s->log, stmt, s->fault))) {
        if (sqlite3_column_int64(stmt, 1) > seq_until && sqlite3_column_int64(stmt, 2) >= time_until)
            break;
        ret->stream[ret->n] = stream;
        ret->id[ret->n++] = sqlite3_column_int64(stmt, 0);
    }
    sqlite3_reset(stmt);
    return err == RS_NOT_FOUND ? RS_OK : err;
}

/* Remove them, or as many as there is time for: one at least. Of each run of one stream a range is noted. */
static enum rs_err delete_oldest(struct step *s, struct oldest *oldest)
{
    int from = 0, i = 0;
    enum rs_err err = begin(s);

    while (!err && i < oldest->n && (i == 0 || !spent(s))) {
        err = delete_event(s, oldest->id[i++]);
        if (!err && (i == oldest->n || oldest->stream[i] != oldest->stream[from] || spent(s))) {
            err = note(s, oldest->stream[from], oldest->id[from], oldest->id[i - 1]);
            from = i;
        }
    }
    /* The time may have ended between the two looks at the clock. */
    if (!err && from < i)
        err = note(s, oldest->stream[from], oldest->id[from], oldest->id[i - 1]);
    return err;
}

static enum rs_err trim_stream(struct step *s, int64_t stream, int64_t last_seq, bool *ret_finished)
{
    struct oldest over;
    int before;
    enum rs_err err;

    do {
        before = s->done->events;
        err = find_over(s, stream, last_seq, &over);
        if (!err && over.n > 0)
            err = delete_oldest(s, &over);
    } while (!err && over.n == ROWS && !spent(s));
    *ret_finished = over.n < ROWS && s->done->events - before == over.n;
    return err;
}

/* The next streams of the round. */
static enum rs_err trim_streams(struct step *s)
{
    struct {
        int64_t id, last_seq;
        bool empty;
    } streams[CANDIDATES];
    sqlite3_stmt *stmt;
    int n = 0;
    enum rs_err err = sqlite_statement(s->log, SQL_TRIM_CANDIDATES, &stmt, s->fault);

    if (err)
        return err;
    sqlite3_bind_int64(stmt, 1, s->log->trim_stream);
    sqlite3_bind_int(stmt, 2, CANDIDATES);
    for (; !(err = sqlite_row(s->log, stmt, s->fault)); n++) {
        streams[n].id = sqlite3_column_int64(stmt, 0);
        streams[n].last_seq = sqlite3_column_int64(stmt, 1);
        streams[n].empty = sqlite3_column_int64(stmt, 2) <= sqlite3_column_int64(stmt, 3);
    }
    err = err == RS_NOT_FOUND ? RS_OK : err;
    for (int i = 0; !err && i < n; i++) {
        bool finished = streams[i].empty;
        if (!finished)
            err = trim_stream(s, streams[i].id, streams[i].last_seq, &finished);
        if (finished)
            s->log->trim_stream = streams[i].id;
        s->done->more = !finished || spent(s);
        if (s->done->more)
            return err;
    }
    s->done->more = n == CANDIDATES;
    if (n < CANDIDATES)
        s->log->trim_stream = 0;
    return err;
}

static enum rs_err find_oldest(struct step *s, int64_t until, struct oldest *ret)
{
    sqlite3_stmt *stmt;
    enum rs_err err = sqlite_statement(s->log, SQL_OLDEST, &stmt, s->fault);

    ret->n = 0;
    if (err)
        return err;
    sqlite3_bind_int64(stmt, 1, until);
    sqlite3_bind_int(stmt, 2, ROWS);
    for (; !(err = sqlite_row(s->log, stmt, s->fault)); ret->n++) {
        ret->id[ret->n] = sqlite3_column_int64(stmt, 0);
        ret->stream[ret->n] = sqlite3_column_int64(stmt, 1);
    }
    return err == RS_NOT_FOUND ? RS_OK : err;
}

/* The oldest events of all, whosever they are, while the log is too large. */
static enum rs_err trim_bytes(struct step *s)
{
    int64_t head, used;
    struct oldest oldest;
    enum rs_err err = s->keep->bytes > 0 ? sqlite_number(s->log, SQL_HEAD, &head, s->fault) : RS_OK;

    while (!err && s->keep->bytes > 0 && !spent(s)) {
        err = sqlite_number(s->log, SQL_USED_BYTES, &used, s->fault);
        if (err || used <= s->keep->bytes)
            return err;
        err = find_oldest(s, head - EVENTLOG_TRIM_SPARES, &oldest);
        if (err || oldest.n == 0)
            return err;
        err = delete_oldest(s, &oldest);
    }
    return err;
}

/* Who has been silent for so long will not send again what it had sent. */
static enum rs_err forget_producers(struct step *s)
{
    sqlite3_stmt *stmt;
    enum rs_err err;

    if (clock_mono_ms() < s->log->forget_at)
        return RS_OK;
    err = sqlite_statement(s->log, SQL_PRODUCERS_PRUNE, &stmt, s->fault);
    if (err)
        return err;
    sqlite3_bind_int64(stmt, 1, s->now_ms - EVENTLOG_PRODUCER_IDLE_MS);
    sqlite3_bind_int(stmt, 2, EVENTLOG_TRIM_EVENTS);
    err = sqlite_run(s->log, stmt, s->fault);
    s->done->producers = sqlite3_changes(s->log->db);
    s->done->more = s->done->producers == EVENTLOG_TRIM_EVENTS;
    if (!err && !s->done->more)
        s->log->forget_at = clock_mono_ms() + FORGET_MS;
    return err;
}

enum rs_err sqlite_trim(struct eventlog *base, const struct eventlog_keep *keep, int64_t now_ms,
                        struct eventlog_trimmed *ret, struct fault *fault)
{
    struct sqlite_log *log = (struct sqlite_log *)base;
    struct step s = {.log = log, .keep = keep, .now_ms = now_ms, .began_us = clock_mono_us(),
                     .done = ret, .fault = fault};
    enum rs_err err;

    *ret = (struct eventlog_trimmed){0};
    err = sqlite_do(log, SQL_BEGIN_READ, fault);
    s.reading = !err;
    if (!err)
        err = trim_bytes(&s);
    ret->more = spent(&s);
    if (!err && !ret->more && (keep->events > 0 || keep->age_ms > 0))
        err = trim_streams(&s);
    if (!err)
        err = end_reading(&s);
    if (!err && !ret->more)
        err = forget_producers(&s);
    if (!err && s.writing)
        err = sqlite_do(log, SQL_COMMIT, fault);
    if (err) {
        sqlite_rollback(log);
        *ret = (struct eventlog_trimmed){0};
    }
    return err;
}
