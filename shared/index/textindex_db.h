/* textindex_db - what the files of the text index share; no one else includes this. */
#ifndef RUNSPOOL_INDEX_TEXTINDEX_DB_H
#define RUNSPOOL_INDEX_TEXTINDEX_DB_H

#include "index/textindex.h"
#include <sqlite3.h>
#include <sys/types.h>

enum index_statement {
    INDEX_FILE_FIND,
    INDEX_FILE_ADD,
    INDEX_FILE_CHANGE,
    INDEX_FILE_SEEN,
    INDEX_PASSAGE_ADD,
    INDEX_TEXT_ADD,
    INDEX_TEXTS_FORGET,
    INDEX_PASSAGES_DELETE,
    INDEX_FILE_DELETE,
    N_INDEX_STATEMENTS
};
struct textindex {
    sqlite3 *db;
    sqlite3_stmt *statements[N_INDEX_STATEMENTS]; /* prepared when first used */
    dev_t data_dev; /* the data directory itself is never indexed */
    ino_t data_ino;
};
/* textindex_failed - the connection's error as ours. */
enum rs_err textindex_failed(const struct textindex *index, struct fault *fault);
enum rs_err textindex_exec(struct textindex *index, const char *sql, struct fault *fault) RS_MUST_CHECK;
/* textindex_statement - the prepared statement, with these arguments bound: 't' const char *, 'i' int64_t. */
enum rs_err textindex_statement(struct textindex *index, enum index_statement which, sqlite3_stmt **ret,
                                struct fault *fault, const char *types, ...) RS_MUST_CHECK;
/* textindex_run - the same, executed; its rows are passed over. */
enum rs_err textindex_run(struct textindex *index, enum index_statement which, struct fault *fault, const char *types,
                          ...) RS_MUST_CHECK;
/* textindex_forget_file - a file's passages leave the index; the file's own row stays. */
enum rs_err textindex_forget_file(struct textindex *index, int64_t file, struct fault *fault) RS_MUST_CHECK;

#endif
