/* No id is given twice: boots, restored copies, and what clients with cursors from before are told. */
#include "dialect/dialect.h"
#include "event/eventlog.h"
#include "tests/unit/instance.h"
#include <inttypes.h>
#include <sqlite3.h>
#include <signal.h>
#include <sys/resource.h>
#include <unistd.h>

#define JUMP (INT64_C(1) << 20)

static struct datadir dd;
static struct eventlog *log_;
static struct fault fault;
static bool looks_after; /* the log's events are stored beside the others first */

static void open_log(void)
{
    int64_t bytes;
    bool due;

    ck_assert_msg(eventlog_open(&dd, EVENTLOG_WRITE, NULL, NULL, &log_, &fault) == RS_OK, "%s", fault.message);
    if (looks_after)
        ck_assert_ok(eventlog_checkpoint(log_, false, &due, &bytes, &fault));
}

static void close_log(void)
{
    eventlog_close(log_);
    log_ = NULL;
}

static void setup(void)
{
    instance_open(&dd, NULL);
    open_log();
}

static void setup_looking_after(void)
{
    looks_after = true;
    setup();
}

static void teardown(void)
{
    close_log();
    instance_close(&dd);
}

static int64_t add(const char *stream, const char *type)
{
    struct eventlog_entry e = {.stream = stream, .type = type, .data = "{}", .data_len = 2};
    int64_t id;

    ck_assert_msg(eventlog_append(log_, &e, 1, &fault) == RS_OK, "%s", fault.message);
    ck_assert_int_eq(e.status, RS_OK);
    id = e.event->id;
    event_unref(e.event);
    return id;
}

static int64_t head(void)
{
    int64_t id;

    ck_assert_ok(eventlog_head(log_, &id, &fault));
    return id;
}

static void copy(const char *from, const char *to)
{
    char path[PATH_MAX], *text;
    size_t len;

    ck_assert_ok(file_read(datadir_path(&dd, path, "%s", from), 1 << 26, &text, &len, &fault));
    ck_assert_ok(file_write(datadir_path(&dd, path, "%s", to), text, len, 0660, &fault));
    free(text);
}

static void sql(const char *text)
{
    char path[PATH_MAX];
    sqlite3 *db;

    ck_assert_int_eq(sqlite3_open(datadir_path(&dd, path, DATADIR_EVENTLOG), &db), SQLITE_OK);
    ck_assert_msg(sqlite3_exec(db, text, NULL, NULL, NULL) == SQLITE_OK, "%s", sqlite3_errmsg(db));
    sqlite3_close(db);
}

/* Three events, a copy, two more; then the copy is back. Only a closed log is one file. */
static void restore_older(void)
{
    for (int i = 0; i < 3; i++)
        add("run:a", "log");
    add("run:done", "run.finished");
    close_log();
    copy("events.db", "copy.db");
    open_log();
    add("run:a", "log");
    ck_assert_int_eq(add("run:b", "log"), 6);
    close_log();
    copy("copy.db", "events.db");
    open_log();
}

START_TEST(reopening_leaves_no_hole)
{
    ck_assert_int_eq(add("run:a", "log"), 1);
    close_log();
    open_log();
    ck_assert_int_eq(add("run:a", "log"), 2);
}
END_TEST

START_TEST(a_restored_copy_goes_on_beyond_all_ids_given)
{
    struct eventlog_stream stream;

    restore_older();
    ck_assert_int_eq(head(), 6 + JUMP);
    ck_assert_int_eq(add("run:a", "log"), 6 + JUMP + 1);
    ck_assert_ok(eventlog_stream(log_, "run:a", &stream, &fault));
    ck_assert_int_eq(stream.last_seq, 4); /* no hole in seq */
    close_log();
    open_log();
    ck_assert_int_eq(add("run:a", "log"), 6 + JUMP + 2); /* once */
}
END_TEST

START_TEST(a_log_begun_anew_goes_on_beyond_all_ids_given)
{
    char path[PATH_MAX];

    add("run:a", "log");
    add("run:a", "log");
    close_log();
    ck_assert_int_eq(unlink(datadir_path(&dd, path, DATADIR_EVENTLOG)), 0);
    open_log();
    ck_assert_int_eq(add("run:a", "log"), 2 + JUMP + 1);
}
END_TEST

START_TEST(another_boot_jumps)
{
    add("run:a", "log");
    add("run:a", "log");
    close_log();
    sql("UPDATE meta SET value = 'of before' WHERE name = 'boot'");
    open_log();
    ck_assert_int_eq(head(), 2 + JUMP);
    ck_assert_int_eq(add("run:a", "log"), 2 + JUMP + 1);
    close_log();
    open_log();
    ck_assert_int_eq(add("run:a", "log"), 2 + JUMP + 2);
}
END_TEST

START_TEST(an_empty_log_does_not_jump)
{
    close_log();
    sql("UPDATE meta SET value = 'of before' WHERE name = 'boot'");
    open_log();
    ck_assert_int_eq(add("run:a", "log"), 1);
}
END_TEST

/* What a query misses: "[first-last] ...". */
static const char *missing(const char *stream, int64_t after)
{
    static char text[1024];
    struct eventlog_query query = {.streams = &stream, .n_streams = 1, .after = after};
    struct eventlog_gap gaps[EVENTLOG_GAPS_MAX];
    int n;

    text[0] = '\0';
    ck_assert_ok(eventlog_gaps(log_, &query, gaps, &n, &fault));
    for (int i = 0; i < n; i++)
        snprintf(text + strlen(text), sizeof text - strlen(text), "[%" PRId64 "-%" PRId64 "]", gaps[i].first, gaps[i].last);
    return text;
}

START_TEST(what_is_known_to_be_lost_is_a_gap)
{
    restore_older();
    add("run:a", "log");
    ck_assert_str_eq(missing("run:a", 0), "[5-6]");
    ck_assert_str_eq(missing("run:a", 5), "[6-6]");
    ck_assert_str_eq(missing("run:a", 6), "");
    ck_assert_str_eq(missing("runs", 2), "[5-6]");
    ck_assert_str_eq(missing("run:done", 0), ""); /* it has its end */
}
END_TEST

START_TEST(after_a_boot_nothing_is_known_to_be_lost)
{
    add("run:a", "log");
    close_log();
    sql("UPDATE meta SET value = 'of before' WHERE name = 'boot'");
    open_log();
    add("run:a", "log");
    ck_assert_str_eq(missing("run:a", 0), "");
}
END_TEST

static char taken[4096];

static bool take(void *ctx, const char *id, const char *json, size_t len)
{
    (void)ctx;
    snprintf(taken + strlen(taken), sizeof taken - strlen(taken), "%s %.*s\n", id ? id : "-", (int)(id ? 0 : len), json);
    return true;
}

/* What a native client gets that follows run:a from a cursor. */
static const char *follow(int64_t id)
{
    struct message_sink sink = {.message = take};
    struct cursor since = {.kind = CURSOR_AT, .id = id};
    struct path_params params;
    const char *stream = "run:a";
    struct store store = {0}; /* the native endpoint asks it nothing */
    struct feed *feed;
    bool more = true;

    taken[0] = '\0';
    ck_assert_ok(feed_open(endpoint_find("", &params), &params, &stream, 1, &store, "default", &feed, &fault));
    ck_assert_ok(feed_start(feed, since, &store, log_, &sink, &fault));
    while (more)
        ck_assert_ok(feed_read(feed, log_, 100, &sink, &more, &fault));
    feed_free(feed);
    return taken;
}

START_TEST(a_cursor_of_lost_events_gets_a_gap_then_what_is_new)
{
    char want[1024];

    restore_older();
    add("run:a", "log");
    snprintf(want, sizeof want, "- {\"op\":\"gap\",\"stream\":\"run:a\",\"first\":\"5\",\"last\":\"6\"}\n%d \n", 6 + (int)JUMP + 1);
    ck_assert_str_eq(follow(6), want); /* it has seen events that are lost */
    ck_assert_str_eq(follow(4), want); /* they are lost for it too */
    ck_assert_str_eq(follow(6 + JUMP), strchr(want, '\n') + 1);
    ck_assert_str_eq(follow(6 + JUMP + 1), "");
}
END_TEST

START_TEST(after_a_boot_a_cursor_of_lost_events_gets_a_gap)
{
    char want[1024];

    add("run:a", "log");
    close_log();
    sql("UPDATE meta SET value = 'of before' WHERE name = 'boot'");
    open_log();
    add("run:a", "log");
    snprintf(want, sizeof want, "%d \n", 1 + (int)JUMP + 1);
    ck_assert_str_eq(follow(1), want);
    snprintf(want, sizeof want, "- {\"op\":\"gap\",\"stream\":\"run:a\",\"first\":\"2\",\"last\":\"50\"}\n%d \n", 1 + (int)JUMP + 1);
    ck_assert_str_eq(follow(50), want);
}
END_TEST

/* SIGKILL between the mark and the commit: nobody has seen what was about to be given. */
START_TEST(a_writer_killed_before_its_commit_lost_nothing)
{
    add("run:a", "log");
    close_log();
    unit_write(dd.root, "events.head", "0000000000000000005\n0000000000000000001\n");
    open_log();
    ck_assert_int_eq(add("run:a", "log"), 5 + JUMP + 1); /* for who can know */
    ck_assert_str_eq(missing("run:a", 0), "");
    ck_assert_str_eq(missing("run:a", 1), "");
    ck_assert_ptr_nonnull(strstr(follow(5), "\"gap\"")); /* somebody has seen it after all */
    close_log();
    sql("DELETE FROM voids");
    unit_write(dd.root, "events.head", "0000000000009999999\n0000000000009999998\n");
    open_log();
    ck_assert_str_eq(missing("run:a", 5 + JUMP + 1), "[1048583-9999999]"); /* known to be lost */
}
END_TEST

START_TEST(a_damaged_mark_marks_nothing)
{
    add("run:a", "log");
    close_log();
    unit_write(dd.root, "events.head", "rubbish");
    open_log();
    ck_assert_int_eq(add("run:a", "log"), 2);
}
END_TEST

/* A transaction that fails takes its mark back: nothing was given. */
START_TEST(a_failed_append_leaves_the_mark)
{
    static char data[200000];
    struct eventlog_entry e = {.stream = "run:a", .type = "log", .data = data};
    struct rlimit limit = {1 << 20, 1 << 20};
    int64_t last = 0;
    enum rs_err err = RS_OK;

    snprintf(data, sizeof data, "{\"message\":\"%*s\"}", 190000, "");
    e.data_len = strlen(data);
    signal(SIGXFSZ, SIG_IGN);
    ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &limit), 0);
    while (!(err = eventlog_append(log_, &e, 1, &fault))) {
        last = e.event->id;
        event_unref(e.event);
        ck_assert_int_lt(last, 1000);
    }
    ck_assert_int_eq(err, RS_IO);
    close_log();
    open_log();
    ck_assert_int_eq(head(), last);
}
END_TEST

static TCase *tests(const char *name, SFun set_up)
{
    TCase *tc = tcase_create(name);

    tcase_add_checked_fixture(tc, set_up, teardown);
    tcase_add_test(tc, reopening_leaves_no_hole);
    tcase_add_test(tc, a_restored_copy_goes_on_beyond_all_ids_given);
    tcase_add_test(tc, a_log_begun_anew_goes_on_beyond_all_ids_given);
    tcase_add_test(tc, another_boot_jumps);
    tcase_add_test(tc, an_empty_log_does_not_jump);
    tcase_add_test(tc, what_is_known_to_be_lost_is_a_gap);
    tcase_add_test(tc, after_a_boot_nothing_is_known_to_be_lost);
    tcase_add_test(tc, a_cursor_of_lost_events_gets_a_gap_then_what_is_new);
    tcase_add_test(tc, after_a_boot_a_cursor_of_lost_events_gets_a_gap);
    tcase_add_test(tc, a_writer_killed_before_its_commit_lost_nothing);
    tcase_add_test(tc, a_damaged_mark_marks_nothing);
    tcase_add_test(tc, a_failed_append_leaves_the_mark);
    return tc;
}

static Suite *suite(void)
{
    Suite *s = suite_create("mark");

    suite_add_tcase(s, tests("mark", setup));
    suite_add_tcase(s, tests("arrivals", setup_looking_after));
    return s;
}

UNIT_MAIN(suite)
