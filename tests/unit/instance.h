/* instance - a data directory of its own for a test, as `runspool up` would make it, and removing it. */
#ifndef RUNSPOOL_TESTS_INSTANCE_H
#define RUNSPOOL_TESTS_INSTANCE_H

#include "conf/datadir.h"
#include "tests/unit/unit.h"
#include <sqlite3.h>

static inline void instance_open(struct datadir *dd, const char *const *overrides)
{
    char root[PATH_MAX];
    struct fault fault = {RS_OK, ""};

    unit_tmpdir(root);
    ck_assert_msg(datadir_open(dd, root, true, overrides, &fault) == RS_OK, "%s", fault.message);
}

static inline void instance_close(struct datadir *dd)
{
    char root[PATH_MAX];

    snprintf(root, sizeof root, "%s", dd->root);
    datadir_release(dd);
    unit_rmdir(root);
}

/* The number that a statement gives of the event log's file. */
static inline int64_t instance_log_number(const struct datadir *dd, const char *sql)
{
    char path[PATH_MAX];
    sqlite3_stmt *stmt;
    sqlite3 *db;
    int64_t n;

    ck_assert_int_eq(sqlite3_open(datadir_path(dd, path, DATADIR_EVENTLOG), &db), SQLITE_OK);
    ck_assert_msg(sqlite3_prepare_v2(db, sql, -1, &stmt, NULL) == SQLITE_OK, "%s", sqlite3_errmsg(db));
    ck_assert_int_eq(sqlite3_step(stmt), SQLITE_ROW);
    n = sqlite3_column_int64(stmt, 0);
    sqlite3_finalize(stmt);
    sqlite3_close(db);
    return n;
}

#endif
