/* After retention: what is said of the events that are gone, and that the rest is as it was, on every way of reading. */
#include "event/eventlog_sqlite.h"
#include "tests/unit/trim.h"
#include <pthread.h>
#include <stdatomic.h>

START_TEST(every_way_of_reading_tells_the_gap)
{
    const char *two[] = {"run:s1", "queue"}, *both[] = {"run:l1", "run:s1"};

    for (int i = 0; i < 5; i++) {
        add("run:l1", i == 4 ? "run.finished" : "log", NOW);
        add("run:s1", "node.started", NOW);
    }
    trim((struct eventlog_keep){.events = 2});
    /* gone: 1 3 5 of run:l1, 2 4 6 of run:s1 */
    ck_assert_str_eq(show("run:l1", 2), "[3-5] 7 9 "); /* a cursor within what is gone */
    ck_assert_str_eq(show("run:l1", 5), "7 9 ");
    ck_assert_str_eq(show("workflow:lint", 0), "[1-5] 7 9 ");
    ck_assert_str_eq(show("runs", 0), "[1-6] 7 8 9 10 ");
    ck_assert_str_eq(show("run:*", 4), "[5-6] 7 8 9 10 ");
    ck_assert_str_eq(show("workflow:*", 6), "7 8 9 10 ");
    ck_assert_str_eq(show("queue", 0), "");
    ck_assert_str_eq(show_query((struct eventlog_query){.streams = two, .n_streams = 2}), "[2-6] 8 10 ");
    ck_assert_str_eq(show_query((struct eventlog_query){.streams = both, .n_streams = 2}), "[1-5] [2-6] 7 8 9 10 ");
    ck_assert_str_eq(show_query((struct eventlog_query){.streams = both, .n_streams = 1, .without_bulk = true}), "[1-5] 9 ");
    ck_assert_str_eq(show_query((struct eventlog_query){.streams = both, .n_streams = 1, .org = "other"}), "");
    ck_assert_str_eq(show_query((struct eventlog_query){.streams = both, .n_streams = 1, .until = 4}), "[1-4] ");
}
END_TEST

/* Beyond a number of trims the other way of finding gaps is taken. */
START_TEST(many_trimmed_streams_give_the_same_gaps)
{
    char name[32];

    for (int round = 0; round < 2; round++)
        for (int i = 0; i < 300; i++) {
            snprintf(name, sizeof name, "run:%c%d", i % 2 ? 'l' : 's', i);
            add(name, "log", NOW);
        }
    ck_assert_int_eq(trim((struct eventlog_keep){.events = 1}), 300);
    ck_assert_int_eq(number("SELECT count(*) FROM trims"), 300);
    ck_assert_str_eq(show("run:l299", 299), "[300-300] 600 ");
    ck_assert_str_eq(show("run:l299", 0), "[300-300] 600 ");
    ck_assert_str_eq(show("run:s0", 0), "[1-1] 301 ");
    ck_assert_ptr_eq(strstr(show("runs", 0), "[1-300] 301 302 "), show("runs", 0));
    ck_assert_ptr_eq(strstr(show("workflow:lint", 298), "[299-300] 302 304 "), show("workflow:lint", 298));
    ck_assert_str_eq(show("queue", 0), "");
}
END_TEST

/* The gaps of a view as its definition has them: all its streams' ranges beyond the cursor, those made one that touch, overlap, or
 * have no event of the log between them, nor before the first. shown: SQL, which streams s are the view's. */
static const char *reference(const char *shown, bool one, int64_t after)
{
    static char text[65536];
    char path[PATH_MAX], sql[1024];
    int64_t first[EVENTLOG_GAPS_MAX], last[EVENTLOG_GAPS_MAX], oldest = number("SELECT min(id) FROM events");
    int n = 0;
    size_t len = 0;
    sqlite3 *db;
    sqlite3_stmt *stmt;

    ck_assert_int_eq(sqlite3_open(datadir_path(&dd, path, DATADIR_EVENTLOG), &db), SQLITE_OK);
    snprintf(sql, sizeof sql, "SELECT max(t.first, %" PRId64 "), t.last FROM trims t JOIN streams s ON s.id = t.stream"
             " WHERE t.last > %" PRId64 " AND (%s) ORDER BY 1", after + 1, after, shown);
    ck_assert_msg(sqlite3_prepare_v2(db, sql, -1, &stmt, NULL) == SQLITE_OK, "%s", sqlite3_errmsg(db));
    while (sqlite3_step(stmt) == SQLITE_ROW) {
        int64_t from = sqlite3_column_int64(stmt, 0), to = sqlite3_column_int64(stmt, 1);
        bool joined = n > 0 && (from <= last[n - 1] + 1 || from <= oldest);
        if (!joined && n < EVENTLOG_GAPS_MAX) {
            first[n] = from;
            last[n++] = to;
        } else if (to > last[n - 1]) {
            last[n - 1] = to;
        }
    }
    sqlite3_finalize(stmt);
    sqlite3_close(db);
    if (n > 0 && !one && first[0] <= oldest)
        first[0] = after + 1;
    text[0] = '\0';
    for (int i = 0; i < n; i++)
        len += (size_t)sprintf(text + len, "[%" PRId64 "-%" PRId64 "] ", first[i], last[i]);
    return text;
}

static const struct {
    const char *name, *shown;
    bool one; /* stream */
} views[] = {
    {"runs", "s.name LIKE 'run:%'", false},
    {"workflow:site", "s.id IN (SELECT stream FROM stream_tags WHERE tag = 'workflow:site')", false},
    {"workflow:lint", "s.id IN (SELECT stream FROM stream_tags WHERE tag = 'workflow:lint')", false},
    {"workflow:*", "s.id IN (SELECT stream FROM stream_tags WHERE tag LIKE 'workflow:%')", false},
    {"run:s77", "s.name = 'run:s77'", true},
    {"queue", "s.name = 'queue'", true},
};

static const char *show_gaps(const char *stream, int64_t after)
{
    static char text[65536];

    snprintf(text, sizeof text, "%s", show(stream, after));
    char *behind = strrchr(text, ']');
    *(behind ? behind + 2 : text) = '\0';
    return text;
}

static void gaps_are_as_defined(const char *when)
{
    int64_t head = number("SELECT max(id) FROM events");

    for (size_t i = 0; i < sizeof views / sizeof *views; i++)
        for (int64_t after = 0; after < head; after += after < 20 ? 1 : 67)
            ck_assert_msg(strcmp(show_gaps(views[i].name, after), reference(views[i].shown, views[i].one, after)) == 0,
                          "%s: %s after %" PRId64 ": %s instead of %s", when, views[i].name, after,
                          show_gaps(views[i].name, after), reference(views[i].shown, views[i].one, after));
}

static bool is_rare(int i)
{
    return i > 350 && i < 450 && i % 7 == 0;
}

/* Many runs, of which several go on at once, and one for ever; those of one workflow are rare, and in the middle. */
START_TEST(gaps_of_views_are_those_of_their_streams)
{
    enum { RUNS = 900, AT_ONCE = 4 };
    char names[AT_ONCE][32];

    for (int i = 0; i < RUNS; i++) {
        struct eventlog_entry e[AT_ONCE + 1];
        int64_t time_ms = i < RUNS - 50 ? NOW - 2 * DAY : NOW;
        for (int k = 0; k < AT_ONCE; k++) {
            snprintf(names[k], sizeof names[k], "run:%c%d", is_rare(i + k) ? 'l' : 's', i + k);
            e[k] = (struct eventlog_entry){.stream = names[k], .type = "log", .data = "{}", .data_len = 2, .time_ms = time_ms};
        }
        e[AT_ONCE] = e[0];
        e[AT_ONCE].stream = i % 3 ? "run:s77" : "queue";
        ck_assert_msg(eventlog_append(log_, e, AT_ONCE + 1, &fault) == RS_OK, "%s", fault.message);
        for (int k = 0; k <= AT_ONCE; k++)
            event_unref(e[k].event);
    }
    gaps_are_as_defined("at first");
    trim((struct eventlog_keep){.age_ms = DAY});
    ck_assert_int_gt(number("SELECT count(*) FROM trims"), RUNS - 60);
    gaps_are_as_defined("without the old");
    trim((struct eventlog_keep){.events = 30});
    gaps_are_as_defined("of long streams only the newest");
    trim((struct eventlog_keep){.events = 1});
    gaps_are_as_defined("of each the newest");
    for (int i = 0; i < 300; i++) {
        snprintf(names[0], sizeof names[0], "run:s%d", i);
        add(names[0], "log", i < 30 ? NOW : NOW - 2 * DAY);
        add(names[0], "log", NOW);
    }
    trim((struct eventlog_keep){.events = 1});
    ck_assert_int_gt(number("SELECT count(*) FROM trims WHERE last > (SELECT min(id) FROM events)"), 256);
    gaps_are_as_defined("ranges that reach beyond the oldest event");
}
END_TEST

/* What SQLite has done since it was asked for last. */
static int64_t steps_done(void)
{
    struct sqlite_log *log = (struct sqlite_log *)log_;
    int64_t sum = 0;

    for (int i = 0; i < N_SQL; i++)
        if (log->statements[i])
            sum += sqlite3_stmt_status(log->statements[i], SQLITE_STMTSTATUS_VM_STEP, 1);
    return sum;
}

static int64_t work_of(const char *stream, int64_t after)
{
    struct eventlog_query query = {.streams = &stream, .n_streams = 1, .after = after};
    struct eventlog_gap gaps[EVENTLOG_GAPS_MAX];
    int n;

    ck_assert_ok(eventlog_gaps(log_, &query, gaps, &n, &fault)); /* the homes it has to do with are known then */
    (void)steps_done();
    ck_assert_ok(eventlog_gaps(log_, &query, gaps, &n, &fault));
    ck_assert_int_eq(n, 1);
    return steps_done();
}

START_TEST(what_is_asked_for_gaps_of_views_does_not_grow_with_the_log)
{
    static const int runs[] = {500, 3000}; /* of which nothing is left but the last */
    int64_t oldest[3][2], middle[3][2];
    char name[32];

    for (int size = 0, i = 0; size < 2; size++) {
        for (; i < runs[size]; i++) {
            snprintf(name, sizeof name, "run:%c%d", i % 3 ? 'l' : 's', i);
            add(name, "log", i == runs[1] - 1 ? NOW : NOW - 2 * DAY);
        }
        trim((struct eventlog_keep){.age_ms = DAY});
        ck_assert_int_gt(number("SELECT count(*) FROM trims"), runs[size] - 200); /* those that arrived last may remain */
        for (int v = 0; v < 3; v++) {
            oldest[v][size] = work_of(views[v].name, 0);
            middle[v][size] = work_of(views[v].name, runs[size] / 3 + 1);
        }
    }
    for (int v = 0; v < 3; v++) {
        ck_assert_msg(oldest[v][1] < 2 * oldest[v][0], "%s: %" PRId64 " steps, then %" PRId64, views[v].name, oldest[v][0], oldest[v][1]);
        ck_assert_msg(middle[v][1] < 2 * middle[v][0], "%s: %" PRId64 " steps, then %" PRId64, views[v].name, middle[v][0], middle[v][1]);
        ck_assert_int_lt(oldest[v][1], runs[1]); /* not a step for each run */
    }
}
END_TEST

/* A workflow to which every eighth run belongs: from the beginning, some events. */
static int64_t work_of_reading(void)
{
    const char *name = "workflow:lint";
    struct eventlog_query query = {.streams = &name, .n_streams = 1};
    struct event **events;
    int64_t examined;
    int n;

    for (int i = 0; i < 2; i++) { /* when the homes it has to do with are known */
        (void)steps_done();
        ck_assert_ok(eventlog_read(log_, &query, 20, &events, &n, &examined, &fault));
        ck_assert_int_eq(n, 20);
        for (int k = 0; k < n; k++)
            ck_assert_int_eq(events[k]->id, 1 + k / 2 * 16 + k % 2);
        ck_assert_int_eq(examined, events[n - 1]->id);
        eventlog_events_free(events, n);
    }
    return steps_done();
}

START_TEST(reading_a_view_from_the_beginning_does_not_grow_with_the_log)
{
    static const int runs[] = {600, 3000};
    int64_t work[2];
    char name[32];

    for (int size = 0, i = 0; size < 2; size++) {
        for (; i < runs[size]; i++) {
            snprintf(name, sizeof name, "run:%c%d", i % 8 ? 's' : 'l', i);
            add_many(name, 2, NOW);
        }
        work[size] = work_of_reading();
    }
    ck_assert_msg(work[1] < 2 * work[0], "%" PRId64 " steps, then %" PRId64, work[0], work[1]);
}
END_TEST

enum { REMOVED_MEANWHILE = 900 };
static atomic_bool removing;

static void *remove_bit_by_bit(void *ctx)
{
    struct eventlog *log;
    struct eventlog_trimmed step;
    struct fault why;

    (void)ctx;
    if (eventlog_open(&dd, EVENTLOG_WRITE, owner, NULL, &log, &why) != RS_OK)
        abort();
    for (int n = 1; n <= REMOVED_MEANWHILE / 3; n++) {
        struct eventlog_keep keep = {.events = REMOVED_MEANWHILE / 3 + 10 - n};
        do
            if (eventlog_trim(log, &keep, NOW, &step, &why) != RS_OK)
                abort();
        while (step.more);
    }
    eventlog_close(log);
    removing = false;
    return NULL;
}

/* Each event is given or called missing, whatever retention does meanwhile. */
START_TEST(events_and_gaps_are_of_one_moment)
{
    const char *names[] = {"run:l1", "runs"};
    int64_t head;
    pthread_t thread;

    for (int i = 0; i < REMOVED_MEANWHILE / 3 + 10; i++) {
        add("run:l1", "log", NOW);
        add("run:s1", "log", NOW);
        add("run:s2", "log", NOW);
    }
    ck_assert_ok(eventlog_head(log_, &head, &fault));
    removing = true;
    ck_assert_int_eq(pthread_create(&thread, NULL, remove_bit_by_bit, NULL), 0);
    for (bool last = false; !last;) {
        last = !removing;
        for (int i = 0; i < 2; i++) {
            struct eventlog_query query = {.streams = &names[i], .n_streams = 1};
            struct eventlog_missing missing = {.after = 0};
            struct event **events;
            int64_t examined, gone = 0;
            int n;
            ck_assert_ok(eventlog_read_with_gaps(log_, &query, 1000, &events, &n, &examined, &missing, &fault));
            ck_assert_int_le(missing.n, 1);
            if (missing.n == 1)
                gone = missing.gaps[0].last;
            if (i == 0) { /* every third id */
                ck_assert_int_eq((gone + 2) / 3 + n, head / 3);
                ck_assert(n == 0 || events[0]->id > gone);
            } else { /* the three go by turns: there may be some left of the others below the last that is gone */
                ck_assert_int_ge(gone + n, head);
            }
            ck_assert_int_eq(examined, head);
            eventlog_events_free(events, n);
        }
    }
    pthread_join(thread, NULL);
}
END_TEST

static Suite *suite(void)
{
    Suite *s = suite_create("gaps");
    TCase *tc = tcase_create("gaps");

    tcase_add_checked_fixture(tc, setup, teardown);
    tcase_set_timeout(tc, 60);
    tcase_add_test(tc, every_way_of_reading_tells_the_gap);
    tcase_add_test(tc, many_trimmed_streams_give_the_same_gaps);
    tcase_add_test(tc, gaps_of_views_are_those_of_their_streams);
    tcase_add_test(tc, what_is_asked_for_gaps_of_views_does_not_grow_with_the_log);
    tcase_add_test(tc, reading_a_view_from_the_beginning_does_not_grow_with_the_log);
    tcase_add_test(tc, events_and_gaps_are_of_one_moment);
    suite_add_tcase(s, tc);
    return s;
}

UNIT_MAIN(suite)
