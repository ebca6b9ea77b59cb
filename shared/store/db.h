/* db - the database that holds state (workflows, runs, nodes, outbox). SQL is written once, in the subset that
 * SQLite and PostgreSQL share, with $1, $2 placeholders; a driver is one const table of functions.
 * Threads: one struct db per thread. Every call may block on the disk, and on another writer for at most
 * DB_BUSY_MS (db_wait), then RS_BUSY. */
#ifndef RUNSPOOL_STORE_DB_H
#define RUNSPOOL_STORE_DB_H

#include "base/err.h"
#include "conf/datadir.h"
#include <stdbool.h>
#include <stdint.h>

#define DB_BUSY_MS 5000

struct db;
struct db_rows;

/* db_open - open the instance's database (setting `database`, default DIR/runspool.db), creating it and applying
 * the missing migrations, each in one transaction with its number. Returns: RS_OK; RS_VERSION when the schema is
 * newer than this program (message gives both numbers); RS_BUSY, RS_IO. *ret: owned, db_close. */
enum rs_err db_open(const struct datadir *dd, struct db **ret, struct fault *fault) RS_MUST_CHECK;
void db_close(struct db *db); /* NULL is fine; rolls back an open transaction */
/* db_wait - how long a call waits for another writer from now on, instead of DB_BUSY_MS. */
void db_wait(struct db *db, int ms);

/* db_begin - start a transaction that is going to write (SQLite: BEGIN IMMEDIATE). Transactions do not nest. */
enum rs_err db_begin(struct db *db, struct fault *fault) RS_MUST_CHECK;
/* db_begin_read - start a transaction that reads only: its statements see one state of the database. End it by db_rollback. */
enum rs_err db_begin_read(struct db *db, struct fault *fault) RS_MUST_CHECK;
enum rs_err db_commit(struct db *db, struct fault *fault) RS_MUST_CHECK; /* on failure the transaction is rolled back */
void db_rollback(struct db *db);                                         /* nothing to do outside a transaction */

/* db_run - one statement without result rows. types: one letter an argument, in order $1, $2, ...:
 *   't' const char * (NULL binds NULL), 'i' int64_t.
 * *ret_changed (may be NULL): rows inserted, updated or deleted. Statements are prepared once and kept.
 * Returns: RS_OK; RS_CONFLICT (unique or foreign key violated), RS_BUSY, RS_IO. */
enum rs_err db_run(struct db *db, int64_t *ret_changed, struct fault *fault, const char *sql, const char *types, ...)
    RS_MUST_CHECK;

/* db_query - one statement with rows: then db_next until RS_NOT_FOUND, and always db_done.
 * db_next: RS_OK a row is current; RS_NOT_FOUND no more; else the error. Rows of one statement at a time per SQL text. */
enum rs_err db_query(struct db *db, struct db_rows **ret, struct fault *fault, const char *sql, const char *types, ...)
    RS_MUST_CHECK;
enum rs_err db_next(struct db_rows *rows, struct fault *fault) RS_MUST_CHECK;
int64_t db_int(struct db_rows *rows, int column);      /* from 0; NULL gives 0 */
const char *db_text(struct db_rows *rows, int column); /* borrowed until db_next or db_done; NULL for NULL */
bool db_is_null(struct db_rows *rows, int column);
void db_done(struct db_rows *rows); /* NULL is fine */

/* db_insert - like db_run for an INSERT ... RETURNING id; *ret_id gets the id. */
enum rs_err db_insert(struct db *db, int64_t *ret_id, struct fault *fault, const char *sql, const char *types, ...)
    RS_MUST_CHECK;

/* db_schema_version - the number of the newest migration this program knows. */
int db_schema_version(void);

#endif
