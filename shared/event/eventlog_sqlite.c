/* eventlog_sqlite - the event log in one SQLite file: connection, statements, and the small questions. */
#include "event/eventlog_sqlite.h"
#include "event/eventlog_vfs.h"
#include "base/file.h"
#include "event/eventlog_schema.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define EVENT_COLUMNS "id, stream, seq, time, type, data"
/* INDEXED BY turns a plan that would scan into an error, so a plan once right stays right. */
#define OF_STREAM(columns, index) \
    "SELECT " columns " FROM settled INDEXED BY " index " WHERE stream = ?1 AND id > ?2 AND id <= ?3"
#define PRODUCER_KNOWN " ON CONFLICT (name) DO UPDATE SET last = max(last, excluded.last), seen = excluded.seen"
#define VIEW_COLUMNS "SELECT s.id FROM "
/* The newest streams first: those are the ones that still get events. */
#define VIEW_LIMITS(order) " AND s.last_id > ?2 AND (?3 IS NULL OR s.org = ?3)" order " LIMIT ?4"

static const char *const texts[N_SQL] = {
    [SQL_BEGIN_READ] = "BEGIN",
    [SQL_BEGIN_WRITE] = "BEGIN IMMEDIATE",
    [SQL_COMMIT] = "COMMIT",
    [SQL_DATA_VERSION] = "PRAGMA data_version",
    [SQL_PAGE_BYTES] = "PRAGMA page_size",
    [SQL_HEAD] = "SELECT max(COALESCE((SELECT max(id) FROM arrivals), 0),"
                 " COALESCE((SELECT seq FROM sqlite_sequence WHERE name = 'settled'), 0))",
    /* The members of the newest arrival go before those of the row. */
    [SQL_STREAM_BY_NAME] = "SELECT s.id, COALESCE(a.seq, s.last_seq), COALESCE(a.id, s.last_id),"
                           " COALESCE(a.last_oid, s.last_oid), COALESCE(a.end_id, s.end_id), s.org FROM streams s"
                           " LEFT JOIN arrivals a ON a.id = (SELECT max(id) FROM arrivals WHERE stream = s.id)"
                           " WHERE s.name = ?1",
    [SQL_STREAM_BY_ID] = "SELECT name, org FROM streams WHERE id = ?1",
    [SQL_STREAM_TAGS] = "SELECT tag FROM stream_tags WHERE stream = ?1 ORDER BY tag",
    [SQL_STREAM_ADD] = "INSERT INTO streams (name, org) VALUES (?1, ?2)",
    [SQL_STREAM_ADD_TAG] = "INSERT OR IGNORE INTO stream_tags (tag, stream) VALUES (?1, ?2)",
    [SQL_STREAM_SET] = "UPDATE streams SET last_seq = ?2, last_id = ?3, last_oid = ?4, end_id = ?5 WHERE id = ?1",
    [SQL_PRODUCER_GET] = "SELECT max(last) FROM (SELECT last FROM producers WHERE name = ?1"
                         " UNION ALL SELECT n FROM arrivals WHERE producer = ?1)",
    [SQL_PRODUCER_SET] = "INSERT INTO producers (name, last, seen) VALUES (?1, ?2, ?3)" PRODUCER_KNOWN,
    [SQL_PRODUCERS_PRUNE] = "DELETE FROM producers WHERE name IN"
                            " (SELECT name FROM producers WHERE seen < ?1 LIMIT ?2)",
    [SQL_EVENT_ADD] = "INSERT INTO settled (stream, seq, time, bulk, type, data) VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
    [SQL_ARRIVAL_ADD] = "INSERT INTO arrivals (stream, seq, time, bulk, type, data, id, last_oid, end_id, producer, n)"
                        " VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)",
    [SQL_ARRIVALS_FIRST] = "SELECT min(id) FROM arrivals",
    [SQL_ARRIVALS_SCAN] = "SELECT " EVENT_COLUMNS " FROM arrivals WHERE id > ?1 AND id <= ?2 ORDER BY id",
    /* Of a statement that fails SQLite need not take back a part: the transaction is rolled back. */
    [SQL_ARRIVALS_MOVE] = "INSERT OR FAIL INTO settled (id, stream, seq, time, bulk, type, data)"
                          " SELECT id, stream, seq, time, bulk, type, data FROM arrivals ORDER BY id",
    /* Beside max() the other columns are those of its row. */
    [SQL_ARRIVALS_STREAMS] = "UPDATE streams SET last_seq = a.seq, last_id = a.id, last_oid = a.last_oid, end_id = a.end_id"
                             " FROM (SELECT stream, seq, max(id) AS id, last_oid, end_id FROM arrivals GROUP BY stream) a"
                             " WHERE streams.id = a.stream",
    [SQL_ARRIVALS_PRODUCERS] = "INSERT INTO producers (name, last, seen) SELECT producer, max(n), ?1 FROM arrivals"
                               " WHERE producer IS NOT NULL GROUP BY producer" PRODUCER_KNOWN,
    [SQL_ARRIVALS_CLEAR] = "DELETE FROM arrivals",
    [SQL_EVENT_BY_ID] = "SELECT " EVENT_COLUMNS " FROM settled WHERE id = ?1",
    [SQL_EVENTS_SCAN] = "SELECT " EVENT_COLUMNS " FROM settled WHERE id > ?1 AND id <= ?2 ORDER BY id",
    [SQL_EVENTS_OF_STREAM] = OF_STREAM(EVENT_COLUMNS, "events_stream") " ORDER BY id LIMIT ?4",
    [SQL_EVENTS_OF_STREAM_STATE] = OF_STREAM(EVENT_COLUMNS, "events_state") " AND bulk = 0 ORDER BY id LIMIT ?4",
    [SQL_IDS_OF_STREAM] = OF_STREAM("id", "events_stream") " ORDER BY id LIMIT ?4",
    [SQL_IDS_OF_STREAM_STATE] = OF_STREAM("id", "events_state") " AND bulk = 0 ORDER BY id LIMIT ?4",
    [SQL_VIEW_HOME] = VIEW_COLUMNS "streams s WHERE s.name = ?1" VIEW_LIMITS(""),
    [SQL_VIEW_HOME_KIND] = VIEW_COLUMNS "streams s WHERE s.name > ?1 || ':' AND s.name < ?1 || ';'"
                           VIEW_LIMITS(" ORDER BY s.name DESC"),
    [SQL_VIEW_TAG] = VIEW_COLUMNS "stream_tags t CROSS JOIN streams s ON s.id = t.stream WHERE t.tag = ?1"
                     VIEW_LIMITS(" ORDER BY t.stream DESC"),
    [SQL_VIEW_TAG_KIND] = VIEW_COLUMNS "stream_tags t CROSS JOIN streams s ON s.id = t.stream"
                                       " WHERE t.tag > ?1 || ':' AND t.tag < ?1 || ';'"
                          VIEW_LIMITS(" ORDER BY t.tag DESC, t.stream DESC"),
    [SQL_TRIMS_REACHING] = "SELECT stream, first, last FROM trims INDEXED BY trims_last WHERE last > ?1 LIMIT ?2",
    [SQL_TRIMS_OF_STREAM] = "SELECT first, last FROM trims WHERE stream = ?1 AND last > ?2 AND first <= ?3",
    [SQL_TRIMS_BELOW] = "SELECT stream, first, last FROM trims INDEXED BY trims_last WHERE last > ?1 AND last < ?2"
                        " ORDER BY last DESC",
    [SQL_TRIMS_EXTEND] = "UPDATE trims SET last = ?2 WHERE stream = ?1 AND first ="
                         " (SELECT max(first) FROM trims WHERE stream = ?1)",
    [SQL_TRIMS_ADD] = "INSERT INTO trims (stream, first, last) VALUES (?1, ?2, ?3)",
    [SQL_TRIM_CANDIDATES] = "SELECT s.id, s.last_seq, s.last_id,"
                            " (SELECT max(t.last) FROM trims t WHERE t.stream = s.id)"
                            " FROM streams s WHERE s.id > ?1 ORDER BY s.id LIMIT ?2",
    [SQL_OLDEST_OF_STREAM] = "SELECT id, seq, time FROM settled INDEXED BY events_stream WHERE stream = ?1"
                             " ORDER BY id LIMIT ?2",
    [SQL_OLDEST] = "SELECT id, stream FROM settled WHERE id <= ?1 ORDER BY id LIMIT ?2",
    [SQL_OLDEST_ID] = "SELECT COALESCE((SELECT min(id) FROM settled), (SELECT min(id) FROM arrivals), 9223372036854775807)",
    [SQL_EVENT_DELETE] = "DELETE FROM settled WHERE id = ?1",
    [SQL_USED_BYTES] = "SELECT (page_count - freelist_count) * page_size"
                       " FROM pragma_page_count, pragma_freelist_count, pragma_page_size",
    /* sqlite_sequence allows no conflict clause. */
    [SQL_HEAD_DROP] = "DELETE FROM sqlite_sequence WHERE name = 'settled'",
    [SQL_HEAD_SET] = "INSERT INTO sqlite_sequence (name, seq) VALUES ('settled', ?1)",
    [SQL_META_BOOT] = "SELECT value FROM meta WHERE name = 'boot'",
    [SQL_META_BOOT_SET] = "INSERT OR REPLACE INTO meta (name, value) VALUES ('boot', ?1)",
    [SQL_META_OID] = "SELECT CAST(value AS INTEGER) FROM meta WHERE name = 'oid'",
    [SQL_META_OID_SET] = "INSERT OR REPLACE INTO meta (name, value) VALUES ('oid', ?1)",
    [SQL_META_BEGUN_SET] = "INSERT OR REPLACE INTO meta (name, value) VALUES ('begun', ?1)",
    [SQL_VOID_ADD] = "INSERT OR REPLACE INTO voids (first, last, lost) VALUES (?1, ?2, ?3)",
    [SQL_VOID_AT] = "SELECT first, last FROM voids WHERE first <= ?1 ORDER BY first DESC LIMIT 1",
    [SQL_VOIDS_LOST] = "SELECT first, lost FROM voids WHERE lost > ?1",
};

enum rs_err sqlite_failed(struct sqlite_log *log, struct fault *fault)
{
    int rc = sqlite3_errcode(log->db) & 0xff;

    if (rc == SQLITE_BUSY || rc == SQLITE_LOCKED)
        return fault_set(fault, RS_BUSY, "the event log is locked by another process");
    return fault_set(fault, rc == SQLITE_NOMEM ? RS_NOMEM : RS_IO, "event log %s: %s", log->path,
                     sqlite3_errmsg(log->db));
}

enum rs_err sqlite_statement(struct sqlite_log *log, enum sql sql, sqlite3_stmt **ret, struct fault *fault)
{
    sqlite3_stmt *stmt = log->statements[sql];

    if (!stmt) {
        if (sqlite3_prepare_v3(log->db, texts[sql], -1, SQLITE_PREPARE_PERSISTENT, &stmt, NULL) != SQLITE_OK)
            return sqlite_failed(log, fault);
        log->statements[sql] = stmt;
    }
    sqlite3_reset(stmt);
    sqlite3_clear_bindings(stmt);
    *ret = stmt;
    return RS_OK;
}

enum rs_err sqlite_row(struct sqlite_log *log, sqlite3_stmt *stmt, struct fault *fault)
{
    int rc = sqlite3_step(stmt);
    enum rs_err err;

    if (rc == SQLITE_ROW)
        return RS_OK;
    err = rc == SQLITE_DONE ? RS_NOT_FOUND : sqlite_failed(log, fault);
    sqlite3_reset(stmt);
    return err;
}

enum rs_err sqlite_run(struct sqlite_log *log, sqlite3_stmt *stmt, struct fault *fault)
{
    enum rs_err err = sqlite_row(log, stmt, fault);

    sqlite3_reset(stmt);
    return err == RS_NOT_FOUND ? RS_OK : err;
}

enum rs_err sqlite_do(struct sqlite_log *log, enum sql sql, struct fault *fault)
{
    sqlite3_stmt *stmt;
    enum rs_err err = sqlite_statement(log, sql, &stmt, fault);

    return err ? err : sqlite_run(log, stmt, fault);
}

static void forget_homes(struct sqlite_log *log)
{
    for (int i = 0; i < SQLITE_HOMES; i++)
        home_unref(log->homes[i].home);
    memset(log->homes, 0, sizeof log->homes);
}

void sqlite_rollback(struct sqlite_log *log)
{
    for (int i = 0; i < N_SQL; i++)
        sqlite3_reset(log->statements[i]);
    if (!sqlite3_get_autocommit(log->db))
        sqlite3_exec(log->db, "ROLLBACK", NULL, NULL, NULL);
    /* The number of a stream that was just being added may now go to another one. */
    forget_homes(log);
}

/* The one number a statement without arguments gives, 0 without a row. */
enum rs_err sqlite_number(struct sqlite_log *log, enum sql sql, int64_t *ret, struct fault *fault)
{
    sqlite3_stmt *stmt;
    enum rs_err err = sqlite_statement(log, sql, &stmt, fault);

    if (err)
        return err;
    err = sqlite_row(log, stmt, fault);
    if (err && err != RS_NOT_FOUND)
        return err;
    *ret = err ? 0 : sqlite3_column_int64(stmt, 0);
    sqlite3_reset(stmt);
    return RS_OK;
}

enum rs_err sqlite_home(struct sqlite_log *log, int64_t stream, struct home **ret, struct fault *fault)
{
    size_t slot = (size_t)stream & (SQLITE_HOMES - 1);
    const char *tags[HOME_TAGS_MAX];
    char *copies[HOME_TAGS_MAX];
    sqlite3_stmt *stmt, *tag_stmt;
    struct home *home = NULL;
    int n_tags = 0;
    enum rs_err err;

    if (log->homes[slot].stream == stream) {
        *ret = log->homes[slot].home;
        return RS_OK;
    }
    err = sqlite_statement(log, SQL_STREAM_TAGS, &tag_stmt, fault);
    if (err)
        goto out;
    sqlite3_bind_int64(tag_stmt, 1, stream);
    while (n_tags < HOME_TAGS_MAX && !(err = sqlite_row(log, tag_stmt, fault))) {
        copies[n_tags] = strdup((const char *)sqlite3_column_text(tag_stmt, 0));
        if (!copies[n_tags]) {
            err = fault_set(fault, RS_NOMEM, "out of memory");
            goto out;
        }
        tags[n_tags] = copies[n_tags];
        n_tags++;
    }
    if (err && err != RS_NOT_FOUND)
        goto out;
    sqlite3_reset(tag_stmt);
    err = sqlite_statement(log, SQL_STREAM_BY_ID, &stmt, fault);
    if (err)
        goto out;
    sqlite3_bind_int64(stmt, 1, stream);
    err = sqlite_row(log, stmt, fault);
    if (err) {
        if (err == RS_NOT_FOUND)
            err = fault_set(fault, RS_IO, "event log %s: an event has no stream", log->path);
        goto out;
    }
    home = home_new((const char *)sqlite3_column_text(stmt, 0), (const char *)sqlite3_column_text(stmt, 1), tags, n_tags);
    sqlite3_reset(stmt);
    if (!home) {
        err = fault_set(fault, RS_NOMEM, "out of memory");
        goto out;
    }
    home_unref(log->homes[slot].home);
    log->homes[slot].stream = stream;
    log->homes[slot].home = home;
    *ret = home;
out:
    while (n_tags > 0)
        free(copies[--n_tags]);
    return err;
}

static void disconnect(struct sqlite_log *log)
{
    for (int i = 0; i < N_SQL; i++)
        sqlite3_finalize(log->statements[i]);
    memset(log->statements, 0, sizeof log->statements);
    sqlite3_close(log->wal.beside);
    log->wal.beside = NULL;
    sqlite3_close(log->db);
    log->db = NULL;
    if (log->mark_fd >= 0)
        close(log->mark_fd);
    log->mark_fd = -1;
}

static enum rs_err set_up(struct sqlite_log *log, struct fault *fault)
{
    const char *pragmas = "PRAGMA query_only = ON";
    enum rs_err err;

    sqlite3_busy_timeout(log->db, SQLITE_BUSY_MS);
    err = eventlog_schema_update(log->db, fault);
    if (err)
        return err;
    if (log->base.mode == EVENTLOG_WRITE)
        pragmas = log->full_sync ? "PRAGMA synchronous = FULL; PRAGMA cache_size = -16000"
                                 : "PRAGMA synchronous = NORMAL; PRAGMA cache_size = -16000";
    if (sqlite3_exec(log->db, pragmas, NULL, NULL, NULL) != SQLITE_OK)
        return sqlite_failed(log, fault);
    return log->base.mode == EVENTLOG_WRITE ? sqlite_mark_open(log, fault) : RS_OK;
}

enum rs_err sqlite_ready(struct sqlite_log *log, bool *ret_exists, struct fault *fault)
{
    enum rs_err err;

    *ret_exists = log->db != NULL;
    if (log->db || access(log->path, F_OK) != 0)
        return RS_OK;
    if (sqlite3_open_v2(log->path, &log->db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, eventlog_vfs()) != SQLITE_OK)
        err = log->db ? sqlite_failed(log, fault) : fault_set(fault, RS_NOMEM, "out of memory");
    else
        err = set_up(log, fault);
    if (err)
        disconnect(log);
    else
        *ret_exists = true;
    /* A file without tables is one that is not there yet. */
    return err == RS_NOT_FOUND && log->base.mode == EVENTLOG_READ ? RS_OK : err;
}

static void sqlite_log_close(struct eventlog *base)
{
    struct sqlite_log *log = (struct sqlite_log *)base;

    if (log->wal.ours)
        (void)sqlite_arrivals_due(log, true, NULL); /* else whoever writes next does it */
    sqlite_mark_head(log);
    append_cache_free(log->cache);
    disconnect(log);
    forget_homes(log);
    free(log);
}

static enum rs_err sqlite_log_open(const struct eventlog_options *options, struct eventlog **ret, struct fault *fault)
{
    struct sqlite_log *log = calloc(1, sizeof *log);
    const char *org = config_text(options->dd->config, "spool.org");
    bool exists;
    enum rs_err err = RS_OK;

    if (!log)
        return fault_set(fault, RS_NOMEM, "out of memory");
    log->base.mode = options->mode;
    log->mark_fd = log->arrivals.n = -1;
    log->owner = options->owner;
    log->owner_ctx = options->owner_ctx;
    log->full_sync = config_is(options->dd->config, "eventlog.sync", "full");
    snprintf(log->default_org, sizeof log->default_org, "%s", org ? org : "default");
    if (!*options->place)
        datadir_path(options->dd, log->path, "%s", DATADIR_EVENTLOG);
    else if (*options->place == '/')
        snprintf(log->path, sizeof log->path, "%s", options->place);
    else
        datadir_path(options->dd, log->path, "%s", options->place);
    if (options->mode == EVENTLOG_WRITE)
        err = eventlog_schema_create(log->path, fault);
    if (!err && options->mode == EVENTLOG_WRITE && log->full_sync) /* whoever made the file, before anything is promised */
        err = file_sync_name(log->path, fault);
    if (!err)
        err = sqlite_ready(log, &exists, fault);
    if (err)
        sqlite_log_close(&log->base);
    else
        *ret = &log->base;
    return err;
}

static enum rs_err sqlite_producer(struct eventlog *base, const char *producer, int64_t *ret_last, struct fault *fault)
{
    struct sqlite_log *log = (struct sqlite_log *)base;
    sqlite3_stmt *stmt;
    bool exists;
    int64_t last = 0;
    enum rs_err err = sqlite_ready(log, &exists, fault);

    if (!err && exists) {
        err = sqlite_statement(log, SQL_PRODUCER_GET, &stmt, fault);
        if (err)
            return err;
        sqlite3_bind_text(stmt, 1, producer, -1, SQLITE_STATIC);
        err = sqlite_row(log, stmt, fault);
        if (!err)
            last = sqlite3_column_int64(stmt, 0);
        else if (err == RS_NOT_FOUND)
            err = RS_OK;
        sqlite3_reset(stmt);
    }
    if (!err)
        *ret_last = last;
    return err;
}

static enum rs_err sqlite_head(struct eventlog *base, int64_t *ret_head, struct fault *fault)
{
    struct sqlite_log *log = (struct sqlite_log *)base;
    bool exists;
    enum rs_err err = sqlite_ready(log, &exists, fault);

    if (err)
        return err;
    if (exists)
        return sqlite_number(log, SQL_HEAD, ret_head, fault);
    *ret_head = 0;
    return RS_OK;
}

static enum rs_err sqlite_last_oid(struct eventlog *base, int64_t *ret_oid, struct fault *fault)
{
    struct sqlite_log *log = (struct sqlite_log *)base;
    bool exists;
    enum rs_err err = sqlite_ready(log, &exists, fault);

    *ret_oid = 0;
    return err || !exists ? err : sqlite_number(log, SQL_META_OID, ret_oid, fault);
}

static enum rs_err sqlite_stream(struct eventlog *base, const char *stream, struct eventlog_stream *ret,
                                 struct fault *fault)
{
    struct sqlite_log *log = (struct sqlite_log *)base;
    sqlite3_stmt *stmt;
    bool exists;
    enum rs_err err = sqlite_ready(log, &exists, fault);

    if (!err && !exists)
        err = RS_NOT_FOUND;
    if (!err)
        err = sqlite_statement(log, SQL_STREAM_BY_NAME, &stmt, fault);
    if (!err) {
        sqlite3_bind_text(stmt, 1, stream, -1, SQLITE_STATIC);
        err = sqlite_row(log, stmt, fault);
    }
    if (err)
        return err == RS_NOT_FOUND ? fault_set(fault, RS_NOT_FOUND, "nothing was ever appended to this stream") : err;
    ret->last_seq = sqlite3_column_int64(stmt, 1);
    ret->last_id = sqlite3_column_int64(stmt, 2);
    ret->end_id = sqlite3_column_int64(stmt, 4);
    snprintf(ret->org, sizeof ret->org, "%s", (const char *)sqlite3_column_text(stmt, 5));
    sqlite3_reset(stmt);
    return RS_OK;
}

static bool sqlite_changed(struct eventlog *base)
{
    struct sqlite_log *log = (struct sqlite_log *)base;
    int64_t version = 0;
    bool exists, changed;

    /* What cannot be asked may have changed: the reader that follows meets the error itself. */
    if (sqlite_ready(log, &exists, NULL))
        return true;
    if (!exists)
        return false;
    if (sqlite_number(log, SQL_DATA_VERSION, &version, NULL))
        return true;
    changed = version != log->seen_version;
    log->seen_version = version;
    return changed;
}

const struct eventlog_driver eventlog_sqlite = {
    .scheme = "sqlite",
    .open = sqlite_log_open,
    .close = sqlite_log_close,
    .append = sqlite_append,
    .append_now = sqlite_append_now,
    .producer = sqlite_producer,
    .read = sqlite_read,
    .read_newest = sqlite_read_newest,
    .head = sqlite_head,
    .last_oid = sqlite_last_oid,
    .stream = sqlite_stream,
    .gaps = sqlite_gaps,
    .trim = sqlite_trim,
    .settle = sqlite_settle,
    .checkpoint = sqlite_checkpoint,
    .checkpoint_beside = sqlite_checkpoint_beside,
    .skipped = sqlite_void,
    .changed = sqlite_changed,
};
