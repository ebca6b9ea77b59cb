/* The SQLite driver. One connection a thread, WAL, statements prepared once and found again by their text. */
#include "base/clock.h"
#include "base/file.h"
#include "store/driver.h"

#include <assert.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define STATEMENTS_MAX 128

struct statement { /* is the db_rows of its own execution */
    struct db_rows rows;
    sqlite3_stmt *stmt;
    const char *sql; /* SQLite's copy of the text */
    bool busy;       /* between query and done */
    unsigned used;   /* when it was last used, for making room */
};
struct db_sqlite {
    struct db db;
    sqlite3 *handle;
    struct statement statements[STATEMENTS_MAX];
    int n_statements;
    unsigned uses;
};

static struct db_sqlite *sqlite_of(struct db *db)
{
    return (struct db_sqlite *)db;
}

static struct statement *statement_of(struct db_rows *rows)
{
    return (struct statement *)rows;
}

static enum rs_err error_of(sqlite3 *handle, int rc, struct fault *fault)
{
    int extended = sqlite3_extended_errcode(handle);

    switch (rc & 0xff) {
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
        return fault_set(fault, RS_BUSY, "the database is locked by another process");
    case SQLITE_CONSTRAINT:
        if (extended == SQLITE_CONSTRAINT_UNIQUE || extended == SQLITE_CONSTRAINT_PRIMARYKEY ||
            extended == SQLITE_CONSTRAINT_FOREIGNKEY || extended == SQLITE_CONSTRAINT_ROWID)
            return fault_set(fault, RS_CONFLICT, "database: %s", sqlite3_errmsg(handle));
        return fault_set(fault, RS_IO, "database: %s", sqlite3_errmsg(handle));
    case SQLITE_NOMEM:
        return fault_set(fault, RS_NOMEM, "no memory for the database");
    case SQLITE_TOOBIG:
        return fault_set(fault, RS_LIMIT, "a value is too large for the database");
    default:
        return fault_set(fault, RS_IO, "database: %s", sqlite3_errmsg(handle));
    }
}

static enum rs_err exec(struct db_sqlite *s, const char *sql, struct fault *fault)
{
    int rc = sqlite3_exec(s->handle, sql, NULL, NULL, NULL);

    return rc == SQLITE_OK ? RS_OK : error_of(s->handle, rc, fault);
}

/* Changing the journal mode does not call the busy handler: when several processes make the same new database, all
 * but one must try again. */
static enum rs_err journal_wal(struct db_sqlite *s, struct fault *fault)
{
    const struct timespec pause = {.tv_nsec = 5 * 1000 * 1000};
    int64_t deadline = clock_mono_ms() + DB_BUSY_MS;
    enum rs_err err;

    while ((err = exec(s, "PRAGMA journal_mode=WAL", fault)) == RS_BUSY && clock_mono_ms() < deadline)
        nanosleep(&pause, NULL);
    return err;
}

static void sqlite_close(struct db *db)
{
    struct db_sqlite *s = sqlite_of(db);
    int i;

    for (i = 0; i < s->n_statements; i++)
        sqlite3_finalize(s->statements[i].stmt);
    sqlite3_close(s->handle); /* rolls back */
    free(s);
}

static enum rs_err sqlite_open(const struct datadir *dd, const char *target, struct db **ret, struct fault *fault)
{
    char path[PATH_MAX];
    struct db_sqlite *s = NULL;
    size_t n = strlen(db_sqlite.scheme);
    struct fault why = {0};
    int rc;
    enum rs_err err;

    if (target != NULL && strncmp(target, db_sqlite.scheme, n) == 0)
        target += n;
    if (target == NULL)
        datadir_path(dd, path, DATADIR_DATABASE);
    else if ((size_t)snprintf(path, sizeof(path), "%s%s%s", target[0] == '/' ? "" : dd->root,
                              target[0] == '/' ? "" : "/", target) >= sizeof(path))
        return fault_set(fault, RS_INVALID, "setting database: the path is too long");
    /* SQLite would make it unwritable for the group, which is who the web server's programs are. */
    if ((err = file_create(path, 0660, &why)) != RS_OK)
        return fault_set(fault, RS_IO, "cannot open the database: %s", why.message);

    s = calloc(1, sizeof(*s));
    if (s == NULL)
        return fault_set(fault, RS_NOMEM, "no memory for the database");
    s->db.driver = &db_sqlite;
    rc = sqlite3_open_v2(path, &s->handle, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX, NULL);
    if (rc != SQLITE_OK) {
        err = fault_set(fault, RS_IO, "cannot open the database %s: %s", path, sqlite3_errstr(rc));
        goto out;
    }
    sqlite3_busy_timeout(s->handle, DB_BUSY_MS);
    if ((err = journal_wal(s, fault)) != RS_OK)
        goto out;
    if ((err = exec(s, "PRAGMA foreign_keys=ON", fault)) != RS_OK)
        goto out;
    /* An event must not outlive the state it tells of, nor the other way round: one promise for both files. */
    err = exec(s, config_is(dd->config, "eventlog.sync", "full") ? "PRAGMA synchronous=FULL"
                                                                 : "PRAGMA synchronous=NORMAL", fault);
out:
    if (err == RS_OK)
        *ret = &s->db;
    else
        sqlite_close(&s->db);
    return err;
}

static void sqlite_wait(struct db *db, int ms)
{
    sqlite3_busy_timeout(sqlite_of(db)->handle, ms);
}

static enum rs_err sqlite_begin(struct db *db, struct fault *fault)
{
    return exec(sqlite_of(db), "BEGIN IMMEDIATE", fault);
}

static enum rs_err sqlite_begin_read(struct db *db, struct fault *fault)
{
    return exec(sqlite_of(db), "BEGIN", fault);
}

static enum rs_err sqlite_commit(struct db *db, struct fault *fault)
{
    return exec(sqlite_of(db), "COMMIT", fault);
}

static void sqlite_rollback(struct db *db)
{
    /* Some errors have rolled back already; then this fails and nothing is left to do. */
    sqlite3_exec(sqlite_of(db)->handle, "ROLLBACK", NULL, NULL, NULL);
}

/* The prepared statement of a text: a known one, else a new one in place of the one longest unused. */
static enum rs_err statement_get(struct db_sqlite *s, const char *sql, struct statement **ret, struct fault *fault)
{
    struct statement *oldest = NULL, *st;
    sqlite3_stmt *stmt = NULL;
    int i, rc;

    for (i = 0; i < s->n_statements; i++) {
        st = &s->statements[i];
        if (strcmp(st->sql, sql) == 0) {
            assert(!st->busy);
            *ret = st;
            return RS_OK;
        }
        if (!st->busy && (oldest == NULL || (int)(st->used - oldest->used) < 0))
            oldest = st;
    }
    rc = sqlite3_prepare_v3(s->handle, sql, -1, SQLITE_PREPARE_PERSISTENT, &stmt, NULL);
    if (rc != SQLITE_OK)
        return error_of(s->handle, rc, fault);
    if (s->n_statements < STATEMENTS_MAX) {
        st = &s->statements[s->n_statements++];
    } else {
        assert(oldest != NULL);
        st = oldest;
        sqlite3_finalize(st->stmt);
    }
    *st = (struct statement){.rows.db = &s->db, .stmt = stmt, .sql = sqlite3_sql(stmt)};
    *ret = st;
    return RS_OK;
}

static enum rs_err sqlite_query(struct db *db, const char *sql, const struct db_value *values, int n,
                                struct db_rows **ret, struct fault *fault)
{
    struct db_sqlite *s = sqlite_of(db);
    struct statement *st = NULL;
    char name[16];
    int i, at, rc;
    enum rs_err err;

    if ((err = statement_get(s, sql, &st, fault)) != RS_OK)
        return err;
    assert(sqlite3_bind_parameter_count(st->stmt) == n);
    for (i = 0; i < n; i++) {
        snprintf(name, sizeof(name), "$%d", i + 1);
        at = sqlite3_bind_parameter_index(st->stmt, name);
        assert(at > 0);
        if (values[i].type == 'i')
            rc = sqlite3_bind_int64(st->stmt, at, values[i].number);
        else if (values[i].text == NULL)
            rc = sqlite3_bind_null(st->stmt, at);
        else
            rc = sqlite3_bind_text(st->stmt, at, values[i].text, -1, SQLITE_TRANSIENT);
        if (rc != SQLITE_OK)
            return error_of(s->handle, rc, fault);
    }
    st->busy = true;
    st->used = ++s->uses;
    *ret = &st->rows;
    return RS_OK;
}

static enum rs_err sqlite_next(struct db_rows *rows, struct fault *fault)
{
    int rc = sqlite3_step(statement_of(rows)->stmt);

    if (rc == SQLITE_ROW)
        return RS_OK;
    if (rc == SQLITE_DONE)
        return RS_NOT_FOUND;
    return error_of(sqlite_of(rows->db)->handle, rc, fault);
}

static int64_t sqlite_number(struct db_rows *rows, int column)
{
    return sqlite3_column_int64(statement_of(rows)->stmt, column);
}

static const char *sqlite_text(struct db_rows *rows, int column)
{
    return (const char *)sqlite3_column_text(statement_of(rows)->stmt, column);
}

static bool sqlite_is_null(struct db_rows *rows, int column)
{
    return sqlite3_column_type(statement_of(rows)->stmt, column) == SQLITE_NULL;
}

static int64_t sqlite_changed(struct db_rows *rows)
{
    /* sqlite3_changes() keeps its value over statements that cannot write. */
    return sqlite3_stmt_readonly(statement_of(rows)->stmt) ? 0 : sqlite3_changes(sqlite_of(rows->db)->handle);
}

static void sqlite_done(struct db_rows *rows)
{
    struct statement *st = statement_of(rows);

    sqlite3_reset(st->stmt);
    sqlite3_clear_bindings(st->stmt);
    st->busy = false;
}

const struct db_driver db_sqlite = {
    .scheme = "sqlite:",
    .identity = "INTEGER PRIMARY KEY AUTOINCREMENT",
    .open = sqlite_open,
    .close = sqlite_close,
    .wait = sqlite_wait,
    .begin = sqlite_begin,
    .begin_read = sqlite_begin_read,
    .commit = sqlite_commit,
    .rollback = sqlite_rollback,
    .query = sqlite_query,
    .next = sqlite_next,
    .number = sqlite_number,
    .text = sqlite_text,
    .is_null = sqlite_is_null,
    .changed = sqlite_changed,
    .done = sqlite_done,
};
