/* eventlog_query - reading the SQLite log. Three ways, the cheapest is taken:
 *   one stream        its index, in order
 *   some streams      the lowest ids of each from the index, merged, then the events by id
 *   a range of ids    all events of it, kept when their home fits a view
 * so that a view over few streams never scans the log, and following the newest events never looks at old streams. What
 * arrived last (eventlog_arrivals.c) comes after, all of it is looked at. */
#include "event/eventlog_sqlite.h"
#include <stdlib.h>
#include <string.h>

#define SCAN_ALWAYS 512 /* a range of ids so short is scanned without asking which streams a view shows */
#define SEEK_COST 16    /* looking into one stream's index costs as much as scanning so many events */
#define MANY_STREAMS 32 /* a view over so many is likely to show much of the log: a scan is tried first, */
#define TRY_SCAN 4      /* of so many times the events wanted */

/* One read: what was asked, what was found. */
struct reading {
    struct sqlite_log *log;
    const struct eventlog_query *query;
    struct view *views; /* one a stream asked for */
    int64_t after, until;
    int limit;
    size_t bytes;
    bool full; /* limit or EVENTLOG_READ_BYTES was reached */
    struct event **events;
    int n, cap;
    struct fault *fault;
};

static enum rs_err no_memory(struct fault *fault)
{
    return fault_set(fault, RS_NOMEM, "out of memory");
}

/* The current row (EVENT_COLUMNS) as the next event of the answer. */
static enum rs_err take_row(struct reading *r, sqlite3_stmt *stmt, struct home *home)
{
    const char *data = (const char *)sqlite3_column_text(stmt, 5);
    size_t len = (size_t)sqlite3_column_bytes(stmt, 5);
    struct event *ev;

    if (r->n == r->cap) {
        int cap = r->cap ? r->cap * 2 : 32;
        struct event **events = realloc(r->events, (size_t)cap * sizeof(struct event *));
        if (!events)
            return no_memory(r->fault);
        r->events = events;
        r->cap = cap;
    }
    ev = data ? event_new(sqlite3_column_int64(stmt, 0), sqlite3_column_int64(stmt, 2), sqlite3_column_int64(stmt, 3),
                          home, (const char *)sqlite3_column_text(stmt, 4), data, len)
              : NULL;
    if (!ev)
        return no_memory(r->fault);
    r->events[r->n++] = ev;
    r->bytes += len;
    r->full = r->n == r->limit || r->bytes >= EVENTLOG_READ_BYTES;
    return RS_OK;
}

static enum rs_err take_rows(struct reading *r, sqlite3_stmt *stmt)
{
    enum rs_err err = RS_OK;

    while (!r->full && !(err = sqlite_row(r->log, stmt, r->fault))) {
        struct home *home;
        err = sqlite_home(r->log, sqlite3_column_int64(stmt, 1), &home, r->fault);
        if (!err)
            err = take_row(r, stmt, home);
        if (err)
            break;
    }
    sqlite3_reset(stmt);
    return err == RS_NOT_FOUND ? RS_OK : err;
}

static bool fits(const struct reading *r, const struct home *home)
{
    if (r->query->org && strcmp(r->query->org, home->org) != 0)
        return false;
    for (int i = 0; i < r->query->n_streams; i++) {
        if (view_has(&r->views[i], home))
            return true;
    }
    return false;
}

/* The events of the range that are asked for, out of the first `most` of all: r->after is then how far that was.
 * scan: SQL_EVENTS_SCAN or SQL_ARRIVALS_SCAN; wanted: NULL, or the only streams there can be among those asked for */
static enum rs_err read_range(struct reading *r, enum sql scan, const struct numbers *wanted, int64_t most)
{
    sqlite3_stmt *stmt;
    enum rs_err err = sqlite_statement(r->log, scan, &stmt, r->fault);

    if (err)
        return err;
    sqlite3_bind_int64(stmt, 1, r->after);
    sqlite3_bind_int64(stmt, 2, r->until);
    for (; most > 0 && !r->full && !(err = sqlite_row(r->log, stmt, r->fault)); most--) {
        struct home *home;
        r->after = sqlite3_column_int64(stmt, 0);
        if (r->query->without_bulk && event_type_is_bulk((const char *)sqlite3_column_text(stmt, 4)))
            continue;
        if (wanted && !numbers_has(wanted, sqlite3_column_int64(stmt, 1)))
            continue;
        err = sqlite_home(r->log, sqlite3_column_int64(stmt, 1), &home, r->fault);
        if (!err && fits(r, home))
            err = take_row(r, stmt, home);
        if (err)
            break;
    }
    sqlite3_reset(stmt);
    if (err == RS_NOT_FOUND)
        r->after = r->until;
    return err == RS_NOT_FOUND ? RS_OK : err;
}

/* Bind and open a statement over one stream's events. */
static enum rs_err open_stream(struct reading *r, enum sql all, enum sql state, int64_t stream, int64_t until, int limit,
                               sqlite3_stmt **ret)
{
    enum rs_err err = sqlite_statement(r->log, r->query->without_bulk ? state : all, ret, r->fault);

    if (err)
        return err;
    sqlite3_bind_int64(*ret, 1, stream);
    sqlite3_bind_int64(*ret, 2, r->after);
    sqlite3_bind_int64(*ret, 3, until);
    sqlite3_bind_int(*ret, 4, limit);
    return RS_OK;
}

static enum rs_err read_one(struct reading *r, int64_t stream)
{
    sqlite3_stmt *stmt;
    enum rs_err err =
        open_stream(r, SQL_EVENTS_OF_STREAM, SQL_EVENTS_OF_STREAM_STATE, stream, r->until, r->limit, &stmt);

    return err ? err : take_rows(r, stmt);
}

/* The lowest ids over all streams, as many as are wanted yet. Once so many are known, none above the highest of them is looked at. */
static enum rs_err merge_ids(struct reading *r, const struct numbers *streams, struct numbers *ids)
{
    size_t wanted = (size_t)(r->limit - r->n), sorted = 0;
    int64_t until = r->until;
    sqlite3_stmt *stmt;
    enum rs_err err;

    for (size_t i = 0; i < streams->n; i++) {
        err = open_stream(r, SQL_IDS_OF_STREAM, SQL_IDS_OF_STREAM_STATE, streams->at[i], until, (int)wanted, &stmt);
        if (err)
            return err;
        while (!(err = sqlite_row(r->log, stmt, r->fault))) {
            err = numbers_add(ids, sqlite3_column_int64(stmt, 0), r->fault);
            if (err)
                break;
        }
        sqlite3_reset(stmt);
        if (err != RS_NOT_FOUND)
            return err;
        if (ids->n >= wanted && ids->n > sorted) {
            numbers_sort_unique(ids);
            sorted = ids->n = wanted;
            until = ids->at[wanted - 1];
        }
    }
    numbers_sort_unique(ids);
    return RS_OK;
}

static enum rs_err read_some(struct reading *r, const struct numbers *streams)
{
    struct numbers ids = {NULL, 0, 0};
    enum rs_err err = merge_ids(r, streams, &ids);

    for (size_t i = 0; !err && !r->full && i < ids.n; i++) {
        sqlite3_stmt *stmt;
        err = sqlite_statement(r->log, SQL_EVENT_BY_ID, &stmt, r->fault);
        if (err)
            break;
        sqlite3_bind_int64(stmt, 1, ids.at[i]);
        err = take_rows(r, stmt);
    }
    free(ids.at);
    return err;
}

static bool homes_only(const struct reading *r)
{
    for (int i = 0; i < r->query->n_streams; i++) {
        if (!view_is_home(&r->views[i]))
            return false;
    }
    return true;
}

/* Whose home an arrival has costs more than to see that its stream is none of those asked for. */
static enum rs_err read_arrivals(struct reading *r)
{
    struct numbers streams = {NULL, 0, 0};
    bool homes = homes_only(r);
    enum rs_err err = RS_OK;

    for (int i = 0; !err && homes && i < r->query->n_streams; i++)
        err = sqlite_view_streams(r->log, &r->views[i], r->query->org, -1, -1, &streams, r->fault);
    numbers_sort_unique(&streams);
    if (!err)
        err = read_range(r, SQL_ARRIVALS_SCAN, homes ? &streams : NULL, INT64_MAX);
    free(streams.at);
    return err;
}

/* Those with events after r->after. most: of each view's kinds, -1 for all */
static enum rs_err list_streams(struct reading *r, int most, struct numbers *streams)
{
    enum rs_err err = RS_OK;

    streams->n = 0;
    for (int i = 0; !err && i < r->query->n_streams; i++)
        err = sqlite_view_streams(r->log, &r->views[i], r->query->org, r->after, most, streams, r->fault);
    return err;
}

static bool is_over(const struct reading *r)
{
    return r->full || r->after == r->until;
}

/* Many streams: of the first events, so many are theirs. When to fill the answer at that rate is cheaper than to look into as many
 * streams as there are, the scan goes on; so they are not even listed, which would take the longer the more there ever were.
 * Unless the answer is whole then, `streams` is all of them. */
static enum rs_err try_scan(struct reading *r, struct numbers *streams)
{
    int64_t tried = (int64_t)r->limit * TRY_SCAN, rest, most;
    enum rs_err err = read_range(r, SQL_EVENTS_SCAN, NULL, tried);

    if (err || is_over(r))
        return err;
    rest = r->n > 0 ? (r->limit - r->n) * tried / r->n : r->until - r->after;
    most = rest / SEEK_COST < INT_MAX ? rest / SEEK_COST : INT_MAX;
    err = list_streams(r, (int)most, streams);
    if (err || streams->n < (size_t)most)
        return err;
    err = read_range(r, SQL_EVENTS_SCAN, NULL, 2 * rest);
    return err || is_over(r) ? err : list_streams(r, -1, streams);
}

/* Streams that show most of the log are cheaper read in one go, the others by their indexes. */
static enum rs_err read_cheapest(struct reading *r)
{
    struct numbers streams = {NULL, 0, 0};
    enum rs_err err = RS_OK;

    if (!homes_only(r) && r->until - r->after <= SCAN_ALWAYS)
        return read_range(r, SQL_EVENTS_SCAN, NULL, INT64_MAX);
    err = list_streams(r, MANY_STREAMS, &streams);
    if (!err && streams.n >= MANY_STREAMS) { /* there may be more */
        err = try_scan(r, &streams);
        if (err || is_over(r))
            goto out;
    }
    numbers_sort_unique(&streams);
    if (!err && streams.n == 1)
        err = read_one(r, streams.at[0]);
    else if (!err && streams.n > 1)
        err = streams.n >= (uint64_t)(r->until - r->after) / SEEK_COST ? read_range(r, SQL_EVENTS_SCAN, NULL, INT64_MAX)
                                                                       : read_some(r, &streams);
out:
    free(streams.at);
    return err;
}

static enum rs_err reading_init(struct reading *r, struct sqlite_log *log, const struct eventlog_query *query,
                                struct fault *fault)
{
    *r = (struct reading){.log = log, .query = query, .fault = fault, .after = query->after < 0 ? 0 : query->after};
    if (query->n_streams > 0) {
        r->views = calloc((size_t)query->n_streams, sizeof *r->views);
        if (!r->views)
            return no_memory(fault);
    }
    for (int i = 0; i < query->n_streams; i++)
        view_init(&r->views[i], query->streams[i]);
    return RS_OK;
}

/* What has been moved, then the arrivals: their ids are above. */
static enum rs_err read_all(struct reading *r)
{
    int64_t first, until = r->until;
    enum rs_err err = sqlite_number(r->log, SQL_ARRIVALS_FIRST, &first, r->fault);

    if (err)
        return err;
    if (first > 0 && first <= until)
        r->until = first - 1;
    if (r->after < r->until)
        err = read_cheapest(r);
    if (err || r->full || r->until == until)
        return err;
    r->until = until;
    return read_arrivals(r);
}

static enum rs_err find_missing(struct reading *r, struct eventlog_missing *missing)
{
    struct eventlog_query query = *r->query;

    query.after = missing->after;
    return sqlite_find_gaps(r->log, &query, missing->gaps, &missing->n, r->fault);
}

enum rs_err sqlite_read(struct eventlog *base, const struct eventlog_query *query, int limit, struct event ***ret,
                        int *ret_n, int64_t *ret_examined, struct eventlog_missing *missing, struct fault *fault)
{
    struct sqlite_log *log = (struct sqlite_log *)base;
    struct reading r;
    int64_t head = 0;
    bool exists;
    enum rs_err err = reading_init(&r, log, query, fault);

    if (!err)
        err = sqlite_ready(log, &exists, fault);
    if (err)
        goto out;
    r.limit = limit;
    if (missing)
        missing->n = 0;
    /* One transaction: the head, and what is missing, belong to the events read, so nothing slips in between. */
    if (exists) {
        err = sqlite_do(log, SQL_BEGIN_READ, fault);
        if (!err)
            err = sqlite_number(log, SQL_HEAD, &head, fault);
        r.until = query->until > 0 && query->until < head ? query->until : head;
        if (!err && r.after < r.until)
            err = read_all(&r);
        if (!err && missing)
            err = find_missing(&r, missing);
        if (!err)
            err = sqlite_do(log, SQL_COMMIT, fault);
        if (err)
            sqlite_rollback(log);
    }
    if (err)
        goto out;
    if (r.full)
        *ret_examined = r.events[r.n - 1]->id;
    else
        *ret_examined = r.after > r.until && r.after <= head ? r.after : r.until;
    *ret = r.events;
    *ret_n = r.n;
    r.events = NULL;
    r.n = 0;
out:
    eventlog_events_free(r.events, r.n);
    free(r.views);
    return err;
}
