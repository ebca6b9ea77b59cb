/* driver - what an engine provides to db.c. A new engine is one file with one const table, and one row in db.c.
 * Only shared/store includes this. */
#ifndef RUNSPOOL_STORE_DRIVER_H
#define RUNSPOOL_STORE_DRIVER_H

#include "store/db.h"

#define DB_VALUES_MAX 32 /* arguments of one statement */

/* One argument: text (NULL is SQL NULL) or number. Borrowed for the call. */
struct db_value {
    char type; /* 't' or 'i' */
    const char *text;
    int64_t number;
};

struct db_driver {
    const char *scheme;   /* how the setting `database` begins, with its colon: "sqlite:" */
    const char *identity; /* column type of a key the engine numbers itself, never giving a number twice */
    /* open - target: the whole setting, or NULL when it is unset (only the default driver is asked then). */
    enum rs_err (*open)(const struct datadir *dd, const char *target, struct db **ret, struct fault *fault);
    void (*close)(struct db *db); /* rolls back */
    void (*wait)(struct db *db, int ms); /* for another writer, at most */
    /* begin - the transaction must see what others committed before it and must not let two of its kind interleave. */
    enum rs_err (*begin)(struct db *db, struct fault *fault);
    /* begin_read - all that the transaction reads is of one state. */
    enum rs_err (*begin_read)(struct db *db, struct fault *fault);
    enum rs_err (*commit)(struct db *db, struct fault *fault);
    void (*rollback)(struct db *db);
    enum rs_err (*query)(struct db *db, const char *sql, const struct db_value *values, int n, struct db_rows **ret,
                         struct fault *fault);
    enum rs_err (*next)(struct db_rows *rows, struct fault *fault);
    int64_t (*number)(struct db_rows *rows, int column);
    const char *(*text)(struct db_rows *rows, int column);
    bool (*is_null)(struct db_rows *rows, int column);
    int64_t (*changed)(struct db_rows *rows); /* after next said RS_NOT_FOUND */
    void (*done)(struct db_rows *rows);
};

/* First member of each driver's own structures. */
struct db {
    const struct db_driver *driver;
    bool in_transaction;
};
struct db_rows {
    struct db *db;
};

extern const struct db_driver db_sqlite;

/* migrations_apply - bring the schema up to date. RS_VERSION when it is newer than this program. */
enum rs_err migrations_apply(struct db *db, struct fault *fault) RS_MUST_CHECK;

#endif
