/* eventlog_newest - the SQLite log's newest events of one stream, read backwards. */
#include "base/buf.h"
#include "event/eventlog_sqlite.h"
#include <stdlib.h>
#include <string.h>

#define SQL_MAX 4096

/* Types come from our own tables; they are bound, their number varies. Without bulk among them the index of what is
 * not bulk is the shorter way. */
static enum rs_err prepare(struct sqlite_log *log, const char *const *types, sqlite3_stmt **ret, struct fault *fault)
{
    struct buf sql;
    bool bulk = !types;
    enum rs_err err;

    for (int i = 0; types && types[i]; i++)
        bulk = bulk || event_type_is_bulk(types[i]);
    buf_init(&sql, SQL_MAX);
    for (int table = 0; table < 2; table++) {
        buf_printf(&sql, "%sSELECT id, seq, time, type, data FROM %s WHERE stream = ?1 AND id <= ?2%s",
                   table == 0 ? "" : " UNION ALL ",
                   table == 1 ? "arrivals" : bulk ? "settled INDEXED BY events_stream" : "settled INDEXED BY events_state",
                   bulk ? "" : " AND bulk = 0");
        for (int i = 0; types && types[i]; i++)
            buf_printf(&sql, "%s?%d", i == 0 ? " AND type IN (" : ", ", 4 + i);
        if (types)
            buf_putc(&sql, ')');
    }
    err = buf_puts(&sql, " ORDER BY id DESC LIMIT ?3");
    if (err)
        fault_set(fault, err, "too many types asked for");
    else if (sqlite3_prepare_v2(log->db, sql.data, (int)sql.len, ret, NULL) != SQLITE_OK)
        err = sqlite_failed(log, fault);
    for (int i = 0; !err && types && types[i]; i++)
        sqlite3_bind_text(*ret, 4 + i, types[i], -1, SQLITE_STATIC);
    buf_release(&sql);
    return err;
}

/* The stream's number and home. RS_NOT_FOUND: nothing was appended to it. */
static enum rs_err find_stream(struct sqlite_log *log, const char *stream, int64_t *ret_id, struct home **ret_home,
                               struct fault *fault)
{
    sqlite3_stmt *stmt;
    enum rs_err err = sqlite_statement(log, SQL_STREAM_BY_NAME, &stmt, fault);

    if (err)
        return err;
    sqlite3_bind_text(stmt, 1, stream, -1, SQLITE_STATIC);
    err = sqlite_row(log, stmt, fault);
    if (err)
        return err;
    *ret_id = sqlite3_column_int64(stmt, 0);
    sqlite3_reset(stmt);
    return sqlite_home(log, *ret_id, ret_home, fault);
}

static void reverse(struct event **events, int n)
{
    for (int i = 0; i < n / 2; i++) {
        struct event *ev = events[i];
        events[i] = events[n - 1 - i];
        events[n - 1 - i] = ev;
    }
}

static enum rs_err collect(struct sqlite_log *log, sqlite3_stmt *stmt, struct home *home, int limit,
                           struct event **events, int *n, struct fault *fault)
{
    size_t bytes = 0;
    enum rs_err err = RS_OK;

    while (*n < limit && bytes < EVENTLOG_READ_BYTES && !(err = sqlite_row(log, stmt, fault))) {
        const char *data = (const char *)sqlite3_column_text(stmt, 4);
        size_t len = (size_t)sqlite3_column_bytes(stmt, 4);
        struct event *ev = data ? event_new(sqlite3_column_int64(stmt, 0), sqlite3_column_int64(stmt, 1),
                                            sqlite3_column_int64(stmt, 2), home,
                                            (const char *)sqlite3_column_text(stmt, 3), data, len)
                                : NULL;
        if (!ev)
            return fault_set(fault, RS_NOMEM, "out of memory");
        events[(*n)++] = ev;
        bytes += len;
    }
    return err == RS_NOT_FOUND ? RS_OK : err;
}

enum rs_err sqlite_read_newest(struct eventlog *base, const char *stream, const char *const *types, int64_t until,
                               int limit, struct event ***ret, int *ret_n, struct fault *fault)
{
    struct sqlite_log *log = (struct sqlite_log *)base;
    struct event **events = NULL;
    sqlite3_stmt *stmt = NULL;
    struct home *home = NULL;
    int64_t id = 0;
    bool exists;
    int n = 0;
    enum rs_err err = sqlite_ready(log, &exists, fault);

    if (types && !types[0])
        types = NULL;
    if (!err)
        err = exists ? find_stream(log, stream, &id, &home, fault) : RS_NOT_FOUND;
    if (err == RS_NOT_FOUND) {
        *ret = NULL;
        *ret_n = 0;
        return RS_OK;
    }
    if (err)
        return err;
    home_ref(home);
    events = calloc((size_t)limit, sizeof(struct event *));
    err = events ? prepare(log, types, &stmt, fault) : fault_set(fault, RS_NOMEM, "out of memory");
    if (err)
        goto out;
    sqlite3_bind_int64(stmt, 1, id);
    sqlite3_bind_int64(stmt, 2, until > 0 ? until : INT64_MAX);
    sqlite3_bind_int(stmt, 3, limit);
    err = collect(log, stmt, home, limit, events, &n, fault);
    if (err)
        goto out;
    reverse(events, n);
    *ret = events;
    *ret_n = n;
    events = NULL;
out:
    sqlite3_finalize(stmt);
    if (events)
        eventlog_events_free(events, n);
    home_unref(home);
    return err;
}
