/* db - statements, transactions, errors; migrations from nothing, from an older schema, refused from a newer one. */
#include "unit.h"

#include "base/clock.h"
#include "store/db.h"

#include <sqlite3.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static char root[PATH_MAX];
static struct datadir dd;
static struct fault fault;

static void setup(void)
{
    unit_tmpdir(root);
    ck_assert_msg(datadir_open(&dd, root, true, NULL, &fault) == RS_OK, "%s", fault.message);
}

static void teardown(void)
{
    datadir_release(&dd);
    unit_rmdir(root);
}

static struct db *open_db(void)
{
    struct db *db = NULL;

    ck_assert_msg(db_open(&dd, &db, &fault) == RS_OK, "%s", fault.message);
    return db;
}

static int64_t count(struct db *db, const char *sql)
{
    struct db_rows *rows = NULL;
    int64_t n;

    ck_assert_ok(db_query(db, &rows, &fault, sql, ""));
    ck_assert_ok(db_next(rows, &fault));
    n = db_int(rows, 0);
    db_done(rows);
    return n;
}

/* Speak to the file behind the library's back. */
static void raw(const char *sql)
{
    char path[PATH_MAX], *message = NULL;
    sqlite3 *handle;

    ck_assert_int_eq(sqlite3_open(datadir_path(&dd, path, DATADIR_DATABASE), &handle), SQLITE_OK);
    ck_assert_msg(sqlite3_exec(handle, sql, NULL, NULL, &message) == SQLITE_OK, "%s", message);
    sqlite3_close(handle);
}

START_TEST(values)
{
    struct db *db = open_db();
    struct db_rows *rows = NULL;
    int64_t changed = -1;

    ck_assert_ok(db_run(db, NULL, &fault, "CREATE TABLE t (a TEXT, b BIGINT)", ""));
    ck_assert_ok(db_run(db, &changed, &fault, "INSERT INTO t (a, b) VALUES ($2, $1)", "it", INT64_MAX, "é'\"\n"));
    ck_assert_int_eq(changed, 1);
    ck_assert_ok(db_run(db, NULL, &fault, "INSERT INTO t (a, b) VALUES ($2, $1)", "it", INT64_MIN, NULL));
    ck_assert_ok(db_query(db, &rows, &fault, "SELECT a, b FROM t WHERE b <> $1 ORDER BY b DESC", "i", (int64_t)0));
    ck_assert_ok(db_next(rows, &fault));
    ck_assert_str_eq(db_text(rows, 0), "é'\"\n");
    ck_assert_int_eq(db_int(rows, 1), INT64_MAX);
    ck_assert(!db_is_null(rows, 0));
    ck_assert_ok(db_next(rows, &fault));
    ck_assert_ptr_null(db_text(rows, 0));
    ck_assert(db_is_null(rows, 0));
    ck_assert_int_eq(db_int(rows, 0), 0);
    ck_assert_int_eq(db_next(rows, &fault), RS_NOT_FOUND);
    db_done(rows);
    db_done(NULL);
    ck_assert_ok(db_run(db, &changed, &fault, "UPDATE t SET b = 1 WHERE a = $1", "t", "nobody"));
    ck_assert_int_eq(changed, 0);
    ck_assert_ok(db_run(db, &changed, &fault, "SELECT a FROM t", ""));
    ck_assert_int_eq(changed, 0);
    db_close(db);
    db_close(NULL);
}
END_TEST

START_TEST(many_statements)
{
    struct db *db = open_db();
    struct db_rows *kept = NULL, *rows = NULL;
    char sql[64];
    int i;

    /* More than are kept, twice over, while one is in use: that one must not be thrown out. */
    ck_assert_ok(db_query(db, &kept, &fault, "SELECT 1 UNION ALL SELECT 2", ""));
    ck_assert_ok(db_next(kept, &fault));
    for (i = 0; i < 300; i++) {
        snprintf(sql, sizeof(sql), "SELECT %d", i);
        ck_assert_ok(db_query(db, &rows, &fault, sql, ""));
        ck_assert_ok(db_next(rows, &fault));
        ck_assert_int_eq(db_int(rows, 0), i);
        db_done(rows);
    }
    ck_assert_ok(db_next(kept, &fault));
    ck_assert_int_eq(db_int(kept, 0), 2);
    db_done(kept);
    db_close(db);
}
END_TEST

START_TEST(errors)
{
    struct db *db = open_db();
    struct db_rows *rows = NULL;

    ck_assert_int_eq(db_run(db, NULL, &fault, "SELEKT 1", ""), RS_IO);
    ck_assert_ptr_nonnull(strstr(fault.message, "SELEKT"));
    ck_assert_int_eq(db_query(db, &rows, &fault, "SELECT * FROM nowhere", ""), RS_IO);
    ck_assert_ok(db_run(db, NULL, &fault, "INSERT INTO runner (id, seen) VALUES ('a', 1)", ""));
    ck_assert_int_eq(db_run(db, NULL, &fault, "INSERT INTO runner (id, seen) VALUES ('a', 1)", ""), RS_CONFLICT);
    ck_assert_int_eq(db_run(db, NULL, &fault, "INSERT INTO runner (id, seen) VALUES ('b', NULL)", ""), RS_IO);
    ck_assert_int_eq(db_run(db, NULL, &fault,
                            "INSERT INTO node (run_id, node_id, place, kind, continue_on_error, status, attempt, pgid,"
                            " pgid_start) VALUES ('none', 'n', 0, 'shell', 0, 'pending', 0, 0, 0)",
                            ""),
                     RS_CONFLICT);
    /* A statement that failed can be used again. */
    ck_assert_int_eq(db_run(db, NULL, &fault, "INSERT INTO runner (id, seen) VALUES ('a', 1)", ""), RS_CONFLICT);
    ck_assert_int_eq(count(db, "SELECT COUNT(*) FROM runner"), 1);
    db_close(db);
}
END_TEST

START_TEST(transactions)
{
    struct db *db = open_db(), *other = open_db();

    ck_assert_ok(db_begin(db, &fault));
    ck_assert_ok(db_run(db, NULL, &fault, "INSERT INTO runner (id, seen) VALUES ('a', 1)", ""));
    ck_assert_int_eq(count(other, "SELECT COUNT(*) FROM runner"), 0);
    db_rollback(db);
    db_rollback(db);
    ck_assert_int_eq(count(db, "SELECT COUNT(*) FROM runner"), 0);
    ck_assert_ok(db_begin(db, &fault));
    ck_assert_ok(db_run(db, NULL, &fault, "INSERT INTO runner (id, seen) VALUES ('a', 1)", ""));
    ck_assert_ok(db_commit(db, &fault));
    ck_assert_int_eq(count(other, "SELECT COUNT(*) FROM runner"), 1);
    /* Closing rolls back. */
    ck_assert_ok(db_begin(db, &fault));
    ck_assert_ok(db_run(db, NULL, &fault, "DELETE FROM runner", ""));
    db_close(db);
    ck_assert_int_eq(count(other, "SELECT COUNT(*) FROM runner"), 1);
    db_close(other);
}
END_TEST

START_TEST(locked)
{
    struct db *db = open_db(), *other = open_db();

    ck_assert_ok(db_begin(db, &fault));
    ck_assert_int_eq(db_begin(other, &fault), RS_BUSY);
    ck_assert_int_eq(fault.code, RS_BUSY);
    db_wait(other, 0);
    int64_t asked = clock_mono_ms();
    ck_assert_int_eq(db_begin(other, &fault), RS_BUSY);
    ck_assert_int_lt(clock_mono_ms() - asked, DB_BUSY_MS);
    db_rollback(db);
    ck_assert_ok(db_begin(other, &fault));
    db_close(other);
    db_close(db);
}
END_TEST

START_TEST(ids_never_again)
{
    struct db *db = open_db();
    static const char insert[] =
        "INSERT INTO outbox (stream, type, created, data) VALUES ('run:a', 'log', 0, '{}') RETURNING id";
    int64_t first = 0, second = 0;

    ck_assert_ok(db_insert(db, &first, &fault, insert, ""));
    ck_assert_ok(db_run(db, NULL, &fault, "DELETE FROM outbox", ""));
    db_close(db);
    db = open_db();
    ck_assert_ok(db_insert(db, &second, &fault, insert, ""));
    ck_assert_int_gt(second, first);
    ck_assert_int_eq(count(db, "SELECT COUNT(*) FROM outbox"), 1);
    db_close(db);
}
END_TEST

START_TEST(fresh)
{
    struct db *db = open_db();
    struct stat st;
    char path[PATH_MAX];

    ck_assert_int_eq(count(db, "SELECT MAX(version) FROM schema_version"), db_schema_version());
    ck_assert_int_eq(count(db, "SELECT COUNT(*) FROM schema_version"), db_schema_version());
    db_close(db);
    ck_assert_int_eq(stat(datadir_path(&dd, path, DATADIR_DATABASE), &st), 0);
    ck_assert_int_eq(st.st_mode & 0007, 0);
    db = open_db();
    ck_assert_int_eq(count(db, "SELECT COUNT(*) FROM schema_version"), db_schema_version());
    db_close(db);
}
END_TEST

START_TEST(older)
{
    struct db *db;

    /* As left by a program that died before the first step: the number table, and nothing else. */
    raw("CREATE TABLE schema_version (version BIGINT NOT NULL PRIMARY KEY, applied BIGINT NOT NULL)");
    db = open_db();
    ck_assert_int_eq(count(db, "SELECT MAX(version) FROM schema_version"), db_schema_version());
    ck_assert_int_eq(count(db, "SELECT COUNT(*) FROM run"), 0);
    db_close(db);
}
END_TEST

START_TEST(half_way)
{
    struct db *db = NULL;

    /* Something stands in the way of a step: it fails whole, with its number, and works once that is gone. */
    raw("CREATE TABLE outbox (x TEXT)");
    ck_assert_int_eq(db_open(&dd, &db, &fault), RS_IO);
    ck_assert_ptr_nonnull(strstr(fault.message, "outbox"));
    raw("DROP TABLE outbox");
    db = open_db();
    ck_assert_int_eq(count(db, "SELECT COUNT(*) FROM schema_version"), db_schema_version());
    db_close(db);
}
END_TEST

START_TEST(newer)
{
    struct db *db = open_db();
    char sql[100];

    db_close(db);
    db = NULL;
    snprintf(sql, sizeof(sql), "INSERT INTO schema_version VALUES (%d, 0)", db_schema_version() + 7);
    raw(sql);
    ck_assert_int_eq(db_open(&dd, &db, &fault), RS_VERSION);
    ck_assert_ptr_null(db);
    snprintf(sql, sizeof(sql), "%d", db_schema_version() + 7);
    ck_assert_ptr_nonnull(strstr(fault.message, sql));
}
END_TEST

START_TEST(opened_by_many)
{
    pid_t pids[8];
    int i, status;
    struct db *db = NULL;

    for (i = 0; i < 8; i++) {
        pids[i] = fork();
        ck_assert_int_ge(pids[i], 0);
        if (pids[i] == 0)
            _exit(db_open(&dd, &db, &fault) == RS_OK ? 0 : 1);
    }
    for (i = 0; i < 8; i++) {
        ck_assert_int_eq(waitpid(pids[i], &status, 0), pids[i]);
        ck_assert(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    }
    db = open_db();
    ck_assert_int_eq(count(db, "SELECT COUNT(*) FROM schema_version"), db_schema_version());
    db_close(db);
}
END_TEST

/* Closing any descriptor of a file drops all of a process's locks on it (fcntl(2)). If opening a second connection did
 * so, another process would take itself for the last one and remove the write-ahead log under the first. */
START_TEST(opening_keeps_locks)
{
    struct db *first, *second, *other = NULL;
    char path[PATH_MAX], go;
    int fds[2], status;
    pid_t pid;

    ck_assert_int_eq(pipe(fds), 0);
    pid = fork(); /* before there is a connection that would go with it */
    ck_assert_int_ge(pid, 0);
    if (pid == 0) {
        if (read(fds[0], &go, 1) != 1 || db_open(&dd, &other, &fault) != RS_OK)
            _exit(1);
        db_close(other);
        _exit(0);
    }
    first = open_db();
    ck_assert_ok(db_run(first, NULL, &fault, "INSERT INTO runner (id, seen) VALUES ('a', 1)", ""));
    second = open_db();
    ck_assert_int_eq(write(fds[1], "g", 1), 1);
    ck_assert_int_eq(waitpid(pid, &status, 0), pid);
    ck_assert_msg(WIFEXITED(status) && WEXITSTATUS(status) == 0, "other process: %d", status);
    ck_assert_int_eq(access(datadir_path(&dd, path, "%s-wal", DATADIR_DATABASE), F_OK), 0);
    db_close(second);
    db_close(first);
    close(fds[0]);
    close(fds[1]);
}
END_TEST

static enum rs_err open_with(const char *setting)
{
    const char *overrides[] = {setting, NULL};
    struct datadir other;
    struct db *db = NULL;
    enum rs_err err;

    ck_assert_ok(datadir_open(&other, root, true, overrides, &fault));
    err = db_open(&other, &db, &fault);
    db_close(db);
    datadir_release(&other);
    return err;
}

START_TEST(chosen)
{
    char path[PATH_MAX], setting[PATH_MAX + 20];

    ck_assert_ok(open_with("database=elsewhere.db"));
    ck_assert_int_eq(access(unit_path(path, root, "elsewhere.db"), F_OK), 0);
    snprintf(setting, sizeof(setting), "database=sqlite:%s", unit_path(path, root, "third.db"));
    ck_assert_ok(open_with(setting));
    ck_assert_int_eq(access(path, F_OK), 0);
    ck_assert_int_eq(open_with("database=oracle://host/x"), RS_INVALID);
    ck_assert_ptr_nonnull(strstr(fault.message, "oracle:"));
    ck_assert_int_eq(open_with("database=/nowhere/at/all.db"), RS_IO);
    ck_assert_ptr_nonnull(strstr(fault.message, "/nowhere/at/all.db"));
    unit_write(root, "rubbish.db", "this is not a database at all, but long enough to look at ...................");
    ck_assert_int_eq(open_with("database=rubbish.db"), RS_IO);
}
END_TEST

static Suite *suite(void)
{
    Suite *s = suite_create("db");
    TCase *c = tcase_create("db");

    tcase_add_checked_fixture(c, setup, teardown);
    tcase_set_timeout(c, 60);
    tcase_add_test(c, values);
    tcase_add_test(c, many_statements);
    tcase_add_test(c, errors);
    tcase_add_test(c, transactions);
    tcase_add_test(c, locked);
    tcase_add_test(c, ids_never_again);
    tcase_add_test(c, fresh);
    tcase_add_test(c, older);
    tcase_add_test(c, half_way);
    tcase_add_test(c, newer);
    tcase_add_test(c, opened_by_many);
    tcase_add_test(c, opening_keeps_locks);
    tcase_add_test(c, chosen);
    suite_add_tcase(s, c);
    return s;
}

UNIT_MAIN(suite)
