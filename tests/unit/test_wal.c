/* Own checkpoints: what was committed gets to its place, and no reader stops the writer. */
#include "event/eventlog.h"
#include "tests/unit/instance.h"
#include <sqlite3.h>
#include <sys/stat.h>
#include <unistd.h>

#define LARGE (64 << 20)
#define KEPT (96 << 20) /* of the file, at most, however large it was */
#define BATCH 200

#define WAL_HEAD 32
#define BEGUN (WAL_HEAD + 24 + 2048) /* one page, of no event */

static struct datadir dd;
static struct eventlog *log_;
static struct fault fault;
static char data[4001];
static char begun_last[WAL_HEAD];

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
    bool due = true;

    ck_assert_msg(eventlog_checkpoint(log_, idle, &due, &bytes, &fault) == RS_OK, "%s", fault.message);
    if (due)
        ck_assert_msg(eventlog_checkpoint_beside(log_, &fault) == RS_OK, "%s", fault.message);
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

static void wal_head(char head[WAL_HEAD])
{
    char path[PATH_MAX];
    FILE *f = fopen(datadir_path(&dd, path, DATADIR_EVENTLOG "-wal"), "r");

    ck_assert_ptr_nonnull(f);
    ck_assert_int_eq(fread(head, 1, WAL_HEAD, f), WAL_HEAD);
    fclose(f);
}

static int times_begun(void)
{
    char now[WAL_HEAD];
    int begun = memcmp(begun_last, (wal_head(now), now), WAL_HEAD) != 0;

    memcpy(begun_last, now, WAL_HEAD);
    return begun;
}

/* Two that wait for readers are a second apart. */
static void idle(void)
{
    usleep(1100 * 1000);
    checkpoint(true);
}

START_TEST(idle_leaves_nothing_behind)
{
    checkpoint(false);
    for (int i = 0; i < 5; i++)
        append();
    checkpoint(false);
    ck_assert_int_gt(wal_size(), 2 << 20);
    ck_assert_int_eq(checkpoint(true), BEGUN);
    ck_assert_int_eq(wal_size(), BEGUN);
    (void)times_begun();
    idle();
    ck_assert_int_eq(times_begun(), 0); /* not again and again */
    append();
    ck_assert_int_gt(wal_size(), BEGUN);
    idle();
    ck_assert_int_eq(wal_size(), BEGUN);
}
END_TEST

START_TEST(idle_leaves_nothing_of_a_file_that_was_begun_anew)
{
    checkpoint(false);
    for (int i = 0; i < 10; i++)
        append();
    checkpoint(false);
    checkpoint(false);
    ck_assert_int_gt(wal_size(), 8 << 20); /* and its head is followed by one page */
    checkpoint(true);
    ck_assert_int_eq(wal_size(), BEGUN);
}
END_TEST

/* For it waits until the disk has the file's head. */
START_TEST(no_append_begins_the_file)
{
    int begun = 0;

    for (int i = 0; i < 150; i++) {
        checkpoint(i % 70 == 69);
        checkpoint(false);
        begun += times_begun();
        append();
        ck_assert_int_eq(times_begun(), 0);
    }
    ck_assert_int_ge(begun, 1 + 2 + 1); /* at first, when idle, when there was much */
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

/* A log keeps the pages it was made with. */
START_TEST(what_is_due_is_told_by_bytes_whatever_the_pages)
{
    char text[160];
    int64_t bytes;
    bool due = false;
    sqlite3 *db = open_reader();

    eventlog_close(log_);
    snprintf(text, sizeof text, "PRAGMA journal_mode = DELETE; PRAGMA page_size = %d; VACUUM; PRAGMA journal_mode = WAL", 1024 << _i);
    sql(db, text);
    sqlite3_close(db);
    ck_assert_msg(eventlog_open(&dd, EVENTLOG_WRITE, NULL, NULL, &log_, &fault) == RS_OK, "%s", fault.message);
    for (int i = 0; i < 20 && !due; i++) {
        ck_assert_msg(eventlog_checkpoint(log_, false, &due, &bytes, &fault) == RS_OK, "%s", fault.message);
        if (!due)
            append();
    }
    ck_assert_int_ge(wal_size(), 8 << 20);
    ck_assert_int_le(wal_size(), 10 << 20);
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
    ck_assert_int_gt(size, KEPT); /* the reader does hold it */
    sql(reader, "COMMIT");
    for (int i = 0; i < 20; i++) {
        append();
        checkpoint(false);
    }
    ck_assert_int_le(wal_size(), KEPT); /* without ever being idle, */
    ck_assert_int_ge(wal_size(), LARGE); /* and what comes is written over what was there */
    sqlite3_close(reader);
}
END_TEST

static sqlite3 *other;

/* With anything left open by the call before, what is appended now could not be moved and the file not be emptied. */
static void nothing_is_held(const char *what)
{
    append();
    ck_assert_int_gt(wal_size(), 0);
    ck_assert_msg(sqlite3_wal_checkpoint_v2(other, NULL, SQLITE_CHECKPOINT_TRUNCATE, NULL, NULL) == SQLITE_OK, "%s: %s", what,
                  sqlite3_errmsg(other));
    ck_assert_msg(wal_size() == 0, "%s holds the log", what);
}

/* Every way of asking, of a reader and of the writer, also where it ends early or there is nothing to say. */
START_TEST(no_question_leaves_a_transaction_open)
{
    static const char *const lists[][3] = {{"run:a"}, {"run:*"}, {"runs", "tool:*"}, {"run:a", "run:b", "tool:t"}, {"run:none"}};
    static const char *const types[] = {"log", NULL};
    struct eventlog_keep keep = {.events = 3 * BATCH};
    struct eventlog_trimmed trimmed;
    struct eventlog_entry entry = {.stream = "run:b", .type = "run.finished", .data = "{}", .data_len = 2};
    struct eventlog *reader, *logs[2];

    other = open_reader();
    ck_assert_ok(eventlog_open(&dd, EVENTLOG_READ, NULL, NULL, &reader, &fault));
    logs[0] = reader;
    logs[1] = log_;
    for (int i = 0; i < 5; i++)
        append();
    ck_assert_ok(eventlog_append(log_, &entry, 1, &fault));
    event_unref(entry.event);
    do
        ck_assert_ok(eventlog_trim(log_, &keep, 0, &trimmed, &fault));
    while (trimmed.more);
    sql(other, "INSERT INTO voids VALUES (100000, 200000, 150000)");
    nothing_is_held("eventlog_trim");
    for (int i = 0; i < 10; i++) {
        const char *const *list = lists[i / 2];
        struct eventlog *log = logs[i % 2];
        int n_streams = 0;
        while (n_streams < 3 && list[n_streams])
            n_streams++;
        for (int limit = 1; limit <= 1000; limit *= 10) {
            struct eventlog_query query = {.streams = list, .n_streams = n_streams, .without_bulk = limit == 10};
            struct eventlog_gap gaps[EVENTLOG_GAPS_MAX];
            struct eventlog_stream stream;
            struct event **events = NULL;
            int64_t number, last;
            int n;
            ck_assert_ok(eventlog_read(log, &query, limit, &events, &n, &number, &fault));
            eventlog_events_free(events, n);
            nothing_is_held("eventlog_read");
            ck_assert_ok(eventlog_read_newest(log, list[0], limit == 1 ? types : NULL, 0, limit, &events, &n, &fault));
            eventlog_events_free(events, n);
            nothing_is_held("eventlog_read_newest");
            ck_assert_ok(eventlog_gaps(log, &query, gaps, &n, &fault));
            nothing_is_held("eventlog_gaps");
            struct eventlog_missing missing = {0};
            ck_assert_ok(eventlog_read_with_gaps(log, &query, limit, &events, &n, &number, &missing, &fault));
            eventlog_events_free(events, n);
            nothing_is_held("eventlog_read_with_gaps");
            ck_assert_ok(eventlog_head(log, &number, &fault));
            nothing_is_held("eventlog_head");
            (void)!eventlog_stream(log, list[0], &stream, &fault); /* not all are there */
            nothing_is_held("eventlog_stream");
            ck_assert_ok(eventlog_producer(log, "nobody", &number, &fault));
            ck_assert_ok(eventlog_skipped(log, limit == 1 ? 150000 : 1, &number, &last, &fault));
            nothing_is_held("eventlog_skipped");
            (void)eventlog_changed(log);
            nothing_is_held("eventlog_changed");
        }
    }
    eventlog_close(reader);
    sqlite3_close(other);
}
END_TEST

static Suite *suite(void)
{
    Suite *s = suite_create("wal");
    TCase *tc = tcase_create("wal");

    tcase_add_checked_fixture(tc, setup, teardown);
    tcase_set_timeout(tc, 120);
    tcase_add_test(tc, idle_leaves_nothing_behind);
    tcase_add_test(tc, idle_leaves_nothing_of_a_file_that_was_begun_anew);
    tcase_add_test(tc, no_append_begins_the_file);
    tcase_add_test(tc, under_load_with_short_readers_it_stays_small);
    tcase_add_loop_test(tc, what_is_due_is_told_by_bytes_whatever_the_pages, 0, 4);
    tcase_add_test(tc, a_reader_that_stays_stops_nobody);
    tcase_add_test(tc, no_question_leaves_a_transaction_open);
    suite_add_tcase(s, tc);
    return s;
}

UNIT_MAIN(suite)
