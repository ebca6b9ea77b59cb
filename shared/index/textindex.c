#include "index/textindex.h"
#include "base/clock.h"
#include "base/file.h"
#include "index/textindex_db.h"
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#define SCHEMA_VERSION 1

/* The texts are kept once, in passages; FTS5 has only its index of them (external content by a view). */
static const char schema[] =
    "CREATE TABLE indexes (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, root TEXT NOT NULL,"
    "  updated INTEGER NOT NULL DEFAULT 0, generation INTEGER NOT NULL DEFAULT 0);"
    "CREATE TABLE files (id INTEGER PRIMARY KEY, idx INTEGER NOT NULL, path TEXT NOT NULL, mtime INTEGER NOT NULL,"
    "  size INTEGER NOT NULL, hash INTEGER NOT NULL, seen INTEGER NOT NULL, UNIQUE (idx, path));"
    "CREATE TABLE passages (id INTEGER PRIMARY KEY AUTOINCREMENT, file INTEGER NOT NULL, line INTEGER NOT NULL,"
    "  title TEXT NOT NULL, text TEXT NOT NULL);"
    "CREATE INDEX passages_file ON passages (file);"
    "CREATE VIEW texts AS SELECT p.id AS id, f.path AS path, p.title AS title, p.text AS text"
    "  FROM passages p JOIN files f ON f.id = p.file;"
    "CREATE VIRTUAL TABLE words USING fts5(path, title, text, content='texts', content_rowid='id',"
    "  tokenize='porter unicode61 remove_diacritics 2');"
    "PRAGMA user_version = 1;";

static const char *const texts[N_INDEX_STATEMENTS] = {
    [INDEX_FILE_FIND] = "SELECT id, mtime, size, hash FROM files WHERE idx = ?1 AND path = ?2",
    [INDEX_FILE_ADD] = "INSERT INTO files (idx, path, mtime, size, hash, seen) VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
    [INDEX_FILE_CHANGE] = "UPDATE files SET mtime = ?2, size = ?3, hash = ?4, seen = max(seen, ?5) WHERE id = ?1",
    [INDEX_FILE_SEEN] = "UPDATE files SET seen = max(seen, ?2) WHERE id = ?1",
    [INDEX_PASSAGE_ADD] = "INSERT INTO passages (file, line, title, text) VALUES (?1, ?2, ?3, ?4)",
    [INDEX_TEXT_ADD] = "INSERT INTO words (rowid, path, title, text) VALUES (?1, ?2, ?3, ?4)",
    [INDEX_TEXTS_FORGET] =
        ("INSERT INTO words (words, rowid, path, title, text) SELECT 'delete', p.id, f.path, p.title, p.text"
         " FROM passages p JOIN files f ON f.id = p.file WHERE p.file = ?1"),
    [INDEX_PASSAGES_DELETE] = "DELETE FROM passages WHERE file = ?1",
    [INDEX_FILE_DELETE] = "DELETE FROM files WHERE id = ?1",
};

enum rs_err textindex_failed(const struct textindex *index, struct fault *fault)
{
    switch (sqlite3_errcode(index->db) & 0xff) {
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
        return fault_set(fault, RS_BUSY, "the text index is being written by another process");
    case SQLITE_NOMEM:
        return fault_set(fault, RS_NOMEM, "no memory for the text index");
    default:
        return fault_set(fault, RS_IO, "text index: %s", sqlite3_errmsg(index->db));
    }
}

enum rs_err textindex_exec(struct textindex *index, const char *sql, struct fault *fault)
{
    return sqlite3_exec(index->db, sql, NULL, NULL, NULL) == SQLITE_OK ? RS_OK : textindex_failed(index, fault);
}

static enum rs_err bind(struct textindex *index, enum index_statement which, sqlite3_stmt **ret, struct fault *fault,
                        const char *types, va_list args)
{
    sqlite3_stmt **statement = &index->statements[which];

    if (!*statement && sqlite3_prepare_v3(index->db, texts[which], -1, SQLITE_PREPARE_PERSISTENT, statement, NULL))
        return textindex_failed(index, fault);
    sqlite3_reset(*statement);
    for (int i = 0; types[i]; i++) {
        int rc = types[i] == 'i'
                     ? sqlite3_bind_int64(*statement, i + 1, va_arg(args, int64_t))
                     : sqlite3_bind_text(*statement, i + 1, va_arg(args, const char *), -1, SQLITE_TRANSIENT);
        if (rc != SQLITE_OK)
            return textindex_failed(index, fault);
    }
    *ret = *statement;
    return RS_OK;
}

enum rs_err textindex_statement(struct textindex *index, enum index_statement which, sqlite3_stmt **ret,
                                struct fault *fault, const char *types, ...)
{
    va_list args;

    va_start(args, types);
    enum rs_err err = bind(index, which, ret, fault, types, args);
    va_end(args);
    return err;
}

enum rs_err textindex_run(struct textindex *index, enum index_statement which, struct fault *fault, const char *types,
                          ...)
{
    sqlite3_stmt *statement;
    va_list args;
    int rc;

    va_start(args, types);
    enum rs_err err = bind(index, which, &statement, fault, types, args);
    va_end(args);
    if (err)
        return err;
    while ((rc = sqlite3_step(statement)) == SQLITE_ROW)
        continue;
    err = rc == SQLITE_DONE ? RS_OK : textindex_failed(index, fault);
    sqlite3_reset(statement);
    return err;
}

enum rs_err textindex_forget_file(struct textindex *index, int64_t file, struct fault *fault)
{
    enum rs_err err = textindex_run(index, INDEX_TEXTS_FORGET, fault, "i", file);
    return err ? err : textindex_run(index, INDEX_PASSAGES_DELETE, fault, "i", file);
}

static int on_version(void *ctx, int n, char **values, char **names)
{
    (void)names;
    *(int *)ctx = n > 0 && values[0] ? atoi(values[0]) : 0;
    return 0;
}

/* Changing the journal mode does not call the busy handler: when several processes make a new index, all but one must
 * try again. */
static enum rs_err begin(struct textindex *index, struct fault *fault)
{
    const struct timespec pause = {.tv_nsec = 5 * 1000 * 1000};
    int64_t deadline = clock_mono_ms() + TEXTINDEX_BUSY_MS;
    enum rs_err err;

    while ((err = textindex_exec(index, "PRAGMA journal_mode=WAL", fault)) == RS_BUSY && clock_mono_ms() < deadline)
        nanosleep(&pause, NULL);
    return err ? err : textindex_exec(index, "PRAGMA synchronous=NORMAL; BEGIN IMMEDIATE", fault);
}

/* The schema, made by whoever comes first. */
static enum rs_err prepare(struct textindex *index, bool write, struct fault *fault)
{
    int version = 0;
    enum rs_err err;

    if (write) {
        err = begin(index, fault);
        if (err)
            return err;
    }
    if (sqlite3_exec(index->db, "PRAGMA user_version", on_version, &version, NULL) != SQLITE_OK)
        err = textindex_failed(index, fault);
    else if (version > SCHEMA_VERSION)
        err = fault_set(fault, RS_VERSION,
                        "the text index has schema %d, this program knows up to %d: use a newer Runspool", version,
                        SCHEMA_VERSION);
    else if (version == 0 && !write)
        err = fault_set(fault, RS_NOT_FOUND, "nothing is indexed yet: runspool index DIR");
    else if (version == 0)
        err = textindex_exec(index, schema, fault);
    else
        err = RS_OK;
    if (write && !err)
        err = textindex_exec(index, "COMMIT", fault);
    return err;
}

enum rs_err textindex_open(const struct datadir *dd, bool write, struct textindex **ret, struct fault *fault)
{
    char path[PATH_MAX];
    struct stat st;
    struct textindex *index;
    enum rs_err err;
    int flags = SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_READWRITE;

    datadir_path(dd, path, DATADIR_INDEX);
    if (!write && stat(path, &st) < 0)
        return fault_set(fault, RS_NOT_FOUND, "nothing is indexed yet: runspool index DIR");
    /* SQLite would make it unwritable for the group. */
    if (write && (err = file_create(path, 0660, fault)))
        return err;
    index = calloc(1, sizeof *index);
    if (!index)
        return fault_set(fault, RS_NOMEM, "no memory for the text index");
    if (stat(dd->root, &st) == 0) {
        index->data_dev = st.st_dev;
        index->data_ino = st.st_ino;
    }
    if (sqlite3_open_v2(path, &index->db, flags, NULL) != SQLITE_OK) {
        err = fault_set(fault, RS_IO, "%s: %s", path, sqlite3_errmsg(index->db));
    } else {
        sqlite3_busy_timeout(index->db, TEXTINDEX_BUSY_MS);
        err = prepare(index, write, fault);
    }
    if (err)
        textindex_close(index);
    else
        *ret = index;
    return err;
}

void textindex_close(struct textindex *index)
{
    if (!index)
        return;
    for (int i = 0; i < N_INDEX_STATEMENTS; i++)
        sqlite3_finalize(index->statements[i]);
    sqlite3_close(index->db); /* rolls back */
    free(index);
}
