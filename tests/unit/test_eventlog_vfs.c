/* eventlog_vfs - what was committed is with the kernel, whatever becomes of the process. */
#include "unit.h"

#include "event/eventlog_vfs.h"

#include <sqlite3.h>
#include <sys/wait.h>

enum { ROWS = 2000 };

static char root[PATH_MAX];
static char path[PATH_MAX + 16];

static void setup(void)
{
    unit_tmpdir(root);
    snprintf(path, sizeof path, "%s/log", root);
}

static void teardown(void)
{
    unit_rmdir(root);
}

static sqlite3 *open_db(const char *vfs)
{
    sqlite3 *db = NULL;
    ck_assert_int_eq(sqlite3_open_v2(path, &db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, vfs), SQLITE_OK);
    return db;
}

static void sql(sqlite3 *db, const char *text)
{
    char *why = NULL;
    ck_assert_msg(sqlite3_exec(db, text, NULL, NULL, &why) == SQLITE_OK, "%s: %s", text, why);
}

static int count(const char *vfs)
{
    sqlite3 *db = open_db(vfs);
    sqlite3_stmt *statement = NULL;
    ck_assert_int_eq(sqlite3_prepare_v2(db, "SELECT COUNT(*) FROM t", -1, &statement, NULL), SQLITE_OK);
    ck_assert_int_eq(sqlite3_step(statement), SQLITE_ROW);
    int n = sqlite3_column_int(statement, 0);
    sqlite3_finalize(statement);
    sqlite3_close(db);
    return n;
}

/* One transaction of rows in no order, beginning at this one, by a process that then dies. */
static void write_and_die(int pages_of_cache, int first)
{
    char text[200];
    pid_t pid = fork();
    if (pid == 0) {
        sqlite3 *db = open_db(eventlog_vfs());
        snprintf(text, sizeof text, "PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; PRAGMA wal_autocheckpoint = 0; "
                                    "PRAGMA cache_size = %d", pages_of_cache);
        sql(db, text);
        sql(db, "CREATE TABLE IF NOT EXISTS t (id INTEGER PRIMARY KEY, k INT, x BLOB); CREATE INDEX IF NOT EXISTS t_k ON t (k); BEGIN");
        for (int i = 0; i < ROWS; i++) {
            snprintf(text, sizeof text, "INSERT INTO t VALUES (%d, %d, randomblob(500))", first + i * 7919 % ROWS, i * 6007 % ROWS);
            sql(db, text);
        }
        sql(db, "COMMIT");
        _exit(0);
    }
    int status = -1;
    ck_assert_int_eq(waitpid(pid, &status, 0), pid);
    ck_assert_int_eq(status, 0);
}

START_TEST(a_commit_outlives_its_process)
{
    write_and_die(10000, 0);
    ck_assert_int_eq(count(NULL), ROWS);
    write_and_die(10000, ROWS);
    ck_assert_int_eq(count(eventlog_vfs()), 2 * ROWS);
}
END_TEST

/* Its pages are written more than once, and the heads of all frames since anew at its end. */
START_TEST(so_does_one_that_is_larger_than_the_cache)
{
    write_and_die(20, 0);
    ck_assert_int_eq(count(NULL), ROWS);
    write_and_die(20, ROWS);
    ck_assert_int_eq(count(eventlog_vfs()), 2 * ROWS);
}
END_TEST

static Suite *suite(void)
{
    Suite *s = suite_create("eventlog_vfs");
    TCase *tc = tcase_create("commit");
    tcase_add_checked_fixture(tc, setup, teardown);
    tcase_add_test(tc, a_commit_outlives_its_process);
    tcase_add_test(tc, so_does_one_that_is_larger_than_the_cache);
    suite_add_tcase(s, tc);
    return s;
}

UNIT_MAIN(suite)
