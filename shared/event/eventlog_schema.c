/* eventlog_schema - numbered migrations of events.db. Migration N of the list makes version N (PRAGMA user_version). */
#include "event/eventlog_schema.h"
#include "base/file.h"
#include "base/id.h"
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define BUSY_MS 5000

static const char *const migrations[] = {
    /* 1: ids by AUTOINCREMENT, so that none is ever reused. An index on (stream) is one on (stream, id), for id is the
     * row's own number. A stream's row says where it stands, a producer's what was seen of it: both are written in the
     * transaction that adds their events. bulk: event_type_is_bulk, as a number, for an index over it is checked for each
     * row that is added. trims: ranges of ids that retention removed from a stream. */
    "CREATE TABLE streams ("
    "  id INTEGER PRIMARY KEY AUTOINCREMENT, name TEXT NOT NULL UNIQUE, org TEXT NOT NULL,"
    "  last_seq INTEGER NOT NULL DEFAULT 0, last_id INTEGER NOT NULL DEFAULT 0,"
    "  last_oid INTEGER NOT NULL DEFAULT 0, end_id INTEGER NOT NULL DEFAULT 0);"
    "CREATE TABLE stream_tags ("
    "  tag TEXT NOT NULL, stream INTEGER NOT NULL, PRIMARY KEY (tag, stream)) WITHOUT ROWID;"
    "CREATE INDEX stream_tags_stream ON stream_tags (stream);"
    "CREATE TABLE events ("
    "  id INTEGER PRIMARY KEY AUTOINCREMENT, stream INTEGER NOT NULL, seq INTEGER NOT NULL, time INTEGER NOT NULL,"
    "  bulk INTEGER NOT NULL, type TEXT NOT NULL, data TEXT NOT NULL);"
    "CREATE INDEX events_stream ON events (stream);"
    "CREATE INDEX events_state ON events (stream) WHERE bulk = 0;"
    "CREATE TABLE producers ("
    "  name TEXT PRIMARY KEY, last INTEGER NOT NULL, seen INTEGER NOT NULL) WITHOUT ROWID;"
    "CREATE TABLE trims ("
    "  stream INTEGER NOT NULL, first INTEGER NOT NULL, last INTEGER NOT NULL, PRIMARY KEY (stream, first)) WITHOUT ROWID;",
    /* 2: trims are found by how far they reach. voids: ids that were skipped (first..last), and up to which of them may
     * have been given to events that are lost (0: none is known of). meta: what the log knows of itself. */
    "CREATE INDEX trims_last ON trims (last);"
    "CREATE TABLE voids (first INTEGER PRIMARY KEY, last INTEGER NOT NULL, lost INTEGER NOT NULL);"
    "CREATE TABLE meta (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;",
    /* 3: meta has `oid`, not below any that was ever seen. */
    "INSERT INTO meta (name, value) SELECT 'oid', COALESCE(MAX(last_oid), 0) FROM streams;",
    /* 4: what was committed a moment ago is in `arrivals` (eventlog_arrivals.c), the rest is `settled`; to whoever looks, `events`
     * is both. Ids of arrivals are above all of settled; where its stream and its producer stand after an event is with it,
     * until it settles and their rows are written. A program from before, still at work, cannot write to a view: that it
     * may not, for it does not know which ids are given. The row of sqlite_sequence is for its readers: they fail, instead of taking
     * the log for an empty one. */
    "ALTER TABLE events RENAME TO settled;"
    "INSERT INTO sqlite_sequence (name, seq) SELECT 'events', seq FROM sqlite_sequence WHERE name = 'settled';"
    "CREATE TABLE arrivals ("
    "  id INTEGER PRIMARY KEY, stream INTEGER NOT NULL, seq INTEGER NOT NULL, time INTEGER NOT NULL,"
    "  bulk INTEGER NOT NULL, last_oid INTEGER NOT NULL, end_id INTEGER NOT NULL, producer TEXT, n INTEGER,"
    "  type TEXT NOT NULL, data TEXT NOT NULL);"
    "CREATE VIEW events AS"
    "  SELECT id, stream, seq, time, bulk, type, data FROM settled UNION ALL"
    "  SELECT id, stream, seq, time, bulk, type, data FROM arrivals;",
};
#define N_MIGRATIONS ((int)(sizeof migrations / sizeof *migrations))

int eventlog_schema_version(void)
{
    return N_MIGRATIONS;
}

static enum rs_err failed(sqlite3 *db, struct fault *fault)
{
    int rc = sqlite3_errcode(db) & 0xff;

    return fault_set(fault, rc == SQLITE_BUSY || rc == SQLITE_LOCKED ? RS_BUSY : RS_IO, "event log schema: %s",
                     sqlite3_errmsg(db));
}

static enum rs_err read_version(sqlite3 *db, int *ret, struct fault *fault)
{
    sqlite3_stmt *stmt = NULL;
    enum rs_err err = RS_OK;

    if (sqlite3_prepare_v2(db, "PRAGMA user_version", -1, &stmt, NULL) == SQLITE_OK && sqlite3_step(stmt) == SQLITE_ROW)
        *ret = sqlite3_column_int(stmt, 0);
    else
        err = failed(db, fault);
    sqlite3_finalize(stmt);
    if (!err && *ret > N_MIGRATIONS)
        return fault_set(fault, RS_VERSION, "the event log has schema %d, this program knows up to %d: use a newer Runspool",
                         *ret, N_MIGRATIONS);
    return err;
}

/* From whatever version to the newest. */
static enum rs_err migrate(sqlite3 *db, struct fault *fault)
{
    char pragma[64];
    int version;
    enum rs_err err;

    if (sqlite3_exec(db, "BEGIN IMMEDIATE", NULL, NULL, NULL) != SQLITE_OK)
        return failed(db, fault);
    err = read_version(db, &version, fault); /* again: another process may have been faster */
    for (; !err && version < N_MIGRATIONS; version++) {
        snprintf(pragma, sizeof pragma, "PRAGMA user_version = %d", version + 1);
        if (sqlite3_exec(db, migrations[version], NULL, NULL, NULL) != SQLITE_OK ||
            sqlite3_exec(db, pragma, NULL, NULL, NULL) != SQLITE_OK)
            err = failed(db, fault);
    }
    if (!err && sqlite3_exec(db, "COMMIT", NULL, NULL, NULL) != SQLITE_OK)
        err = failed(db, fault);
    if (!sqlite3_get_autocommit(db))
        sqlite3_exec(db, "ROLLBACK", NULL, NULL, NULL);
    return err;
}

enum rs_err eventlog_schema_update(sqlite3 *db, struct fault *fault)
{
    int version;
    enum rs_err err = read_version(db, &version, fault);

    if (err || version == N_MIGRATIONS)
        return err;
    if (version == 0)
        return fault_set(fault, RS_NOT_FOUND, "the event log is not set up yet");
    return migrate(db, fault);
}

/* A complete log under a name of its own. */
static enum rs_err fill(const char *path, struct fault *fault)
{
    sqlite3 *db = NULL;
    enum rs_err err;

    if (sqlite3_open_v2(path, &db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, NULL) != SQLITE_OK) {
        err = db ? failed(db, fault) : fault_set(fault, RS_NOMEM, "out of memory");
        goto out;
    }
    sqlite3_busy_timeout(db, BUSY_MS);
    /* Both are kept in the file. One event is one page in the write-ahead log, and what is written there has to go to the disk:
     * with pages half as large as SQLite's own half as much. Where shared memory does not work SQLite stays with its
     * rollback journal. */
    if (sqlite3_exec(db, "PRAGMA page_size = 2048; PRAGMA journal_mode = WAL", NULL, NULL, NULL) != SQLITE_OK)
        err = failed(db, fault);
    else
        err = migrate(db, fault);
out:
    if (sqlite3_close(db) != SQLITE_OK && !err)
        err = fault_set(fault, RS_IO, "event log: cannot close %s", path);
    return err;
}

enum rs_err eventlog_schema_create(const char *path, struct fault *fault)
{
    char temporary[PATH_MAX + 32], unique[ID_MAX + 1];
    enum rs_err err;
    int fd;

    if (access(path, F_OK) == 0)
        return RS_OK;
    snprintf(temporary, sizeof temporary, "%s%s", path, id_new(".new-", unique));
    /* SQLite would make it 0644; the group's other programs write too. */
    fd = open(temporary, O_CREAT | O_EXCL | O_RDWR | O_CLOEXEC, 0660);
    if (fd < 0)
        return fault_set(fault, RS_IO, "cannot create %s: %s", path, strerror(errno));
    close(fd);
    err = fill(temporary, fault);
    if (!err) /* what has a name is whole, also after a loss of power */
        err = file_sync(temporary, fault);
    if (!err && link(temporary, path) != 0 && errno != EEXIST)
        err = fault_set(fault, RS_IO, "cannot create %s: %s", path, strerror(errno));
    unlink(temporary);
    return err;
}
