/* Own checkpoints: what was committed gets to its place, and no reader stops the writer. */
#include "event/eventlog.h"
#include "tests/unit/instance.h"
#include <sqlite3.h>
#include <sys/stat.h>

#define LARGE (64 << 20)
#define BATCH 200

static struct datadir dd;
static struct eventlog *log_;
static struct fault fault;
static char data[4001];

static void setup(void)
{
    instance_open(&dd, NULL);
    ck_assert_msg(eventlog_open(&dd, EVENTLOG_WRITE, NULL, NULL, &log_, &fault) == RS_OK, "%s", fault.message);
    snprintf(data, sizeof data, "{\"message\":\"%*s\"}", 3900, "");
}

static void teardown(void)
{
    eventlog_close(log_);
    instance_close(&dd);
}

/* About a megabyte. */
static void append(void)
{
    struct eventlog_entry entries[BATCH];

    for (int i = 0; i < BATCH; i++)
        entries[i] = (struct eventlog_entry){.stream = "run:a", .type = "log", .data = data, .data_len = strlen(data)};
    ck_assert_msg(eventlog_append(log_, entries, BATCH, &fault) == RS_OK, "%s", fault.message);
    for (int i = 0; i < BATCH; i++)
        event_unref(entries[i].event);
}

static int64_t checkpoint(bool idle)
{
    int64_t bytes = -1;

    ck_assert_msg(eventlog_checkpoint(log_, idle, &bytes, &fault) == RS_OK, "%s", fault.message);
    return bytes;
}

static int64_t wal_size(void)
{
    char path[PATH_MAX];
    struct stat st;

    ck_assert_int_eq(stat(datadir_path(&dd, path, DATADIR_EVENTLOG "-wal"), &st), 0);
    return st.st_size;
}

static sqlite3 *open_reader(void)
{
    char path[PATH_MAX];
    sqlite3 *db;

    ck_assert_int_eq(sqlite3_open(datadir_path(&dd, path, DATADIR_EVENTLOG), &db), SQLITE_OK);
    return db;
}

static void sql(sqlite3 *db, const char *text)
{
    ck_assert_msg(sqlite3_exec(db, text, NULL, NULL, NULL) == SQLITE_OK, "%s", sqlite3_errmsg(db));
}

START_TEST(idle_leaves_nothing_behind)
{
    checkpoint(false);
    for (int i = 0; i < 5; i++)
        append();
    checkpoint(false);
    ck_assert_int_gt(wal_size(), 2 << 20);
    ck_assert_int_eq(checkpoint(true), 0);
    ck_assert_int_eq(wal_size(), 0);
    append();
    ck_assert_int_gt(wal_size(), 0);
}
END_TEST

START_TEST(under_load_with_short_readers_it_stays_small)
{
    sqlite3 *reader = open_reader();

    checkpoint(false);
    for (int i = 0; i < 150; i++) {
        append();
        sql(reader, "SELECT count(*) FROM streams");
        ck_assert_int_le(checkpoint(false), LARGE / 2);
    }
    sqlite3_close(reader);
}
END_TEST

/* A read transaction that stays open holds the file, not the writer; once it goes, the file is small again. */
START_TEST(a_reader_that_stays_stops_nobody)
{
    sqlite3 *reader = open_reader();
    int64_t head, size;

    append();
    checkpoint(false);
    sql(reader, "BEGIN; SELECT count(*) FROM events");
    for (int i = 0; i < 150; i++) {
        append();
        checkpoint(false);
    }
    checkpoint(true);
    ck_assert_ok(eventlog_head(log_, &head, &fault));
    ck_assert_int_eq(head, 151 * BATCH);
    size = wal_size();
    ck_assert_int_gt(size, LARGE); /* the reader does hold it */
    sql(reader, "COMMIT");
    for (int i = 0; i < 20; i++) {
        append();
        checkpoint(false);
    }
    ck_assert_int_le(wal_size(), LARGE); /* without ever being idle */
    sqlite3_close(reader);
}
END_TEST

static Suite *suite(void)
{
    Suite *s = suite_create("wal");
    TCase *tc = tcase_create("wal");

    tcase_add_checked_fixture(tc, setup, teardown);
    tcase_set_timeout(tc, 120);
    tcase_add_test(tc, idle_leaves_nothing_behind);
    tcase_add_test(tc, under_load_with_short_readers_it_stays_small);
    tcase_add_test(tc, a_reader_that_stays_stops_nobody);
    suite_add_tcase(s, tc);
    return s;
}

UNIT_MAIN(suite)
