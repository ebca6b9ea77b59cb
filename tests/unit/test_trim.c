/* Retention: what goes, in what order, what is said of it, and that the rest is as it was on every way of reading. */
#include "base/clock.h"
#include "event/eventlog.h"
#include "event/eventlog_sqlite.h"
#include "tests/unit/instance.h"
#include <inttypes.h>
#include <pthread.h>
#include <sqlite3.h>
#include <stdatomic.h>

#define NOW INT64_C(1800000000000)
#define DAY (INT64_C(24) * 3600 * 1000)

static struct datadir dd;
static struct eventlog *log_;
static struct fault fault;

static enum rs_err owner(void *ctx, const char *stream, struct eventlog_owner *ret, struct fault *why)
{
    (void)ctx;
    (void)why;
    if (stream_has_kind(stream, "run")) {
        ret->org = strdup("org-a");
        ret->tags[ret->n_tags++] = strdup(stream_id(stream)[0] == 'l' ? "workflow:lint" : "workflow:site");
    }
    return RS_OK;
}

static void setup(void)
{
    instance_open(&dd, NULL);
    ck_assert_msg(eventlog_open(&dd, EVENTLOG_WRITE, owner, NULL, &log_, &fault) == RS_OK, "%s", fault.message);
}

static void teardown(void)
{
    eventlog_close(log_);
    instance_close(&dd);
}

static int64_t add_data(const char *stream, const char *type, const char *data, int64_t time_ms)
{
    struct eventlog_entry e = {.stream = stream, .type = type, .data = data, .data_len = strlen(data), .time_ms = time_ms};
    int64_t id;

    ck_assert_msg(eventlog_append(log_, &e, 1, &fault) == RS_OK, "%s", fault.message);
    ck_assert_int_eq(e.status, RS_OK);
    id = e.event->id;
    event_unref(e.event);
    return id;
}

static int64_t add(const char *stream, const char *type, int64_t time_ms)
{
    return add_data(stream, type, "{}", time_ms);
}

static void add_many(const char *stream, int n, int64_t time_ms)
{
    struct eventlog_entry *e = calloc((size_t)n, sizeof *e);

    for (int i = 0; i < n; i++)
        e[i] = (struct eventlog_entry){.stream = stream, .type = "log", .data = "{}", .data_len = 2, .time_ms = time_ms};
    ck_assert_msg(eventlog_append(log_, e, (size_t)n, &fault) == RS_OK, "%s", fault.message);
    for (int i = 0; i < n; i++)
        event_unref(e[i].event);
    free(e);
}

/* One whole round. Returns how many events went. */
static int trim(struct eventlog_keep keep)
{
    struct eventlog_trimmed step = {0};
    int n = 0, steps = 0;

    do {
        ck_assert_msg(eventlog_trim(log_, &keep, NOW, &step, &fault) == RS_OK, "%s", fault.message);
        ck_assert_int_le(step.events, EVENTLOG_TRIM_EVENTS);
        ck_assert_int_lt(++steps, 100000);
        n += step.events;
    } while (step.more);
    return n;
}

/* What a query gives: "[first-last]" for each gap, then "id id ...". */
static const char *show_query(struct eventlog_query query)
{
    static char text[65536];
    struct eventlog_gap gaps[EVENTLOG_GAPS_MAX];
    struct event **events;
    int64_t examined;
    size_t len = 0;
    int n;

    text[0] = '\0';
    ck_assert_ok(eventlog_gaps(log_, &query, gaps, &n, &fault));
    for (int i = 0; i < n; i++)
        len += (size_t)sprintf(text + len, "[%" PRId64 "-%" PRId64 "] ", gaps[i].first, gaps[i].last);
    ck_assert_ok(eventlog_read(log_, &query, 1000, &events, &n, &examined, &fault));
    for (int i = 0; i < n; i++)
        len += (size_t)sprintf(text + len, "%" PRId64 " ", events[i]->id);
    eventlog_events_free(events, n);
    return text;
}

static const char *show(const char *stream, int64_t after)
{
    return show_query((struct eventlog_query){.streams = &stream, .n_streams = 1, .after = after});
}

static int64_t number(const char *sql)
{
    return instance_log_number(&dd, sql);
}

START_TEST(without_limits_nothing_goes)
{
    add_many("run:l1", 100, 1);
    ck_assert_int_eq(trim((struct eventlog_keep){0}), 0);
    ck_assert_int_eq(number("SELECT count(*) FROM events"), 100);
}
END_TEST

/* A limit on bytes alone, below it: however many streams there are, none is looked at. */
START_TEST(streams_are_looked_at_only_for_limits_of_theirs)
{
    struct eventlog_keep keep = {.bytes = INT64_MAX};
    struct eventlog_trimmed step;
    char stream[STREAM_MAX];
    int steps = 0;

    for (int i = 0; i < 3000; i++) {
        snprintf(stream, sizeof stream, "run:%d", i);
        add_many(stream, 1, NOW);
    }
    do
        ck_assert_msg(eventlog_trim(log_, &keep, NOW, &step, &fault) == RS_OK, "%s", fault.message);
    while (++steps < 10 && step.more); /* one that was interrupted for longer than it may take is taken again */
    ck_assert_int_lt(steps, 10);
    keep.events = 1;
    for (steps = 1; step.more || steps == 1; steps++)
        ck_assert_msg(eventlog_trim(log_, &keep, NOW, &step, &fault) == RS_OK, "%s", fault.message);
    ck_assert_int_gt(steps, 10);
}
END_TEST

START_TEST(each_stream_keeps_its_newest)
{
    for (int i = 0; i < 5; i++) { /* run:l1 gets 1 3 5 7 9, run:s1 2 4 6 8 10 */
        add("run:l1", "log", NOW);
        add("run:s1", "node.started", NOW);
    }
    add("queue", "state.changed", NOW);
    ck_assert_int_eq(trim((struct eventlog_keep){.events = 3}), 4);
    ck_assert_str_eq(show("run:l1", 0), "[1-3] 5 7 9 ");
    ck_assert_str_eq(show("run:s1", 0), "[2-4] 6 8 10 ");
    ck_assert_str_eq(show("queue", 0), "11 ");
    ck_assert_int_eq(trim((struct eventlog_keep){.events = 3}), 0);
    /* The range grows, it does not split. */
    ck_assert_int_eq(trim((struct eventlog_keep){.events = 1}), 4);
    ck_assert_str_eq(show("run:l1", 0), "[1-7] 9 ");
    ck_assert_int_eq(number("SELECT count(*) FROM trims"), 2);
    /* seq and id go on. */
    ck_assert_int_eq(add("run:l1", "log", NOW), 12);
    ck_assert_int_eq(number("SELECT seq FROM events WHERE id = 12"), 6);
}
END_TEST

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

START_TEST(age_takes_the_old_of_each_stream)
{
    add("run:l1", "log", NOW - 3 * DAY);
    add("run:s1", "log", NOW + DAY); /* a clock that is wrong holds up its own stream only */
    add("run:s1", "log", NOW - 5 * DAY);
    add("run:l1", "log", NOW - 2 * DAY);
    add("run:l1", "run.finished", NOW - DAY / 2);
    ck_assert_int_eq(trim((struct eventlog_keep){.age_ms = DAY}), 2);
    ck_assert_str_eq(show("run:l1", 0), "[1-4] 5 ");
    ck_assert_str_eq(show("run:s1", 0), "2 3 ");
    ck_assert_int_eq(trim((struct eventlog_keep){.age_ms = DAY / 4}), 1);
    ck_assert_str_eq(show("run:l1", 0), "[1-5] ");
}
END_TEST

START_TEST(an_emptied_stream_remembers_its_end)
{
    struct eventlog_entry late = {.stream = "run:l1", .type = "log", .data = "{}", .data_len = 2};
    struct eventlog_stream stream;

    add("run:l1", "run.started", NOW - 3 * DAY);
    add("run:l1", "run.finished", NOW - 3 * DAY);
    ck_assert_int_eq(trim((struct eventlog_keep){.age_ms = DAY}), 2);
    ck_assert_ok(eventlog_stream(log_, "run:l1", &stream, &fault));
    ck_assert_int_eq(stream.last_seq, 2);
    ck_assert_int_eq(stream.end_id, 2);
    ck_assert_ok(eventlog_append(log_, &late, 1, &fault));
    ck_assert_int_eq(late.status, RS_CONFLICT);
    ck_assert_int_eq(add("run:l1", "run.retried", NOW), 3);
    ck_assert_str_eq(show("run:l1", 0), "[1-2] 3 ");
}
END_TEST

/* The log's size ends below the limit, the oldest of all went, and each stream says what is missing of it. */
START_TEST(bytes_take_the_oldest_of_all)
{
    static char data[2000];
    char name[32];
    int64_t first;

    snprintf(data, sizeof data, "{\"message\":\"%*s\"}", 1900, "");
    for (int i = 0; i < 3000; i++) {
        snprintf(name, sizeof name, "run:l%d", i % 10);
        add_data(name, "log", data, NOW);
    }
    ck_assert_int_eq(trim((struct eventlog_keep){.bytes = 1 << 30}), 0);
    ck_assert_int_gt(trim((struct eventlog_keep){.bytes = 4 << 20}), 0);
    first = number("SELECT min(id) FROM events");
    ck_assert_int_gt(first, 500);
    ck_assert_int_le(first, 3000 - EVENTLOG_TRIM_SPARES + 1);
    ck_assert_int_eq(number("SELECT count(*) FROM events"), 3000 - first + 1);
    ck_assert_int_le(number("SELECT (page_count - freelist_count) * page_size"
                            " FROM pragma_page_count, pragma_freelist_count, pragma_page_size"), 4 << 20);
    ck_assert_int_eq(number("SELECT max(last) FROM trims"), first - 1);
    ck_assert_int_eq(number("SELECT count(*) FROM trims"), 10);
    /* What no limit may reach: the newest ones, however small the limit. */
    trim((struct eventlog_keep){.bytes = 1});
    ck_assert_int_eq(number("SELECT count(*) FROM events"), EVENTLOG_TRIM_SPARES);
}
END_TEST

START_TEST(a_step_is_short_and_another_writer_comes_in_between)
{
    struct eventlog_keep keep = {.events = 10};
    struct eventlog_trimmed step;
    int64_t id = 0;
    int n = 0, steps = 0;

    add_many("run:l1", 2000, NOW);
    add_many("run:s1", 2000, NOW);
    do {
        ck_assert_ok(eventlog_trim(log_, &keep, NOW, &step, &fault));
        ck_assert_int_le(step.events, EVENTLOG_TRIM_EVENTS);
        n += step.events;
        steps++;
        id = add("run:x", "log", NOW);
    } while (step.more);
    ck_assert_int_ge(steps, 2 * 1990 / EVENTLOG_TRIM_EVENTS);
    ck_assert_int_eq(id, 4000 + steps);
    ck_assert_int_ge(n, 2 * 1990);
    ck_assert_int_eq(number("SELECT count(*) FROM events WHERE stream = 1"), 10);
    ck_assert_ptr_eq(strstr(show("run:l1", 0), "[1-1990] 1991 "), show("run:l1", 0));
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

START_TEST(silent_producers_are_forgotten)
{
    struct eventlog_entry e = {.stream = "run:x", .type = "log", .data = "{}", .data_len = 2, .producer = "p", .producer_seq = 7};
    struct eventlog_trimmed step;
    struct eventlog_keep keep = {0};
    int64_t last;

    ck_assert_ok(eventlog_append(log_, &e, 1, &fault));
    event_unref(e.event);
    ck_assert_ok(eventlog_trim(log_, &keep, clock_wall_ms(), &step, &fault));
    ck_assert_int_eq(step.producers, 0);
    eventlog_close(log_); /* one looks once an hour */
    ck_assert_ok(eventlog_open(&dd, EVENTLOG_WRITE, owner, NULL, &log_, &fault));
    ck_assert_ok(eventlog_trim(log_, &keep, clock_wall_ms() + EVENTLOG_PRODUCER_IDLE_MS + 1000, &step, &fault));
    ck_assert_int_eq(step.producers, 1);
    ck_assert_ok(eventlog_producer(log_, "p", &last, &fault));
    ck_assert_int_eq(last, 0);
}
END_TEST

static Suite *suite(void)
{
    Suite *s = suite_create("trim");
    TCase *tc = tcase_create("trim");

    tcase_add_checked_fixture(tc, setup, teardown);
    tcase_set_timeout(tc, 60);
    tcase_add_test(tc, without_limits_nothing_goes);
    tcase_add_test(tc, streams_are_looked_at_only_for_limits_of_theirs);
    tcase_add_test(tc, each_stream_keeps_its_newest);
    tcase_add_test(tc, every_way_of_reading_tells_the_gap);
    tcase_add_test(tc, many_trimmed_streams_give_the_same_gaps);
    tcase_add_test(tc, gaps_of_views_are_those_of_their_streams);
    tcase_add_test(tc, what_is_asked_for_gaps_of_views_does_not_grow_with_the_log);
    tcase_add_test(tc, reading_a_view_from_the_beginning_does_not_grow_with_the_log);
    tcase_add_test(tc, age_takes_the_old_of_each_stream);
    tcase_add_test(tc, an_emptied_stream_remembers_its_end);
    tcase_add_test(tc, bytes_take_the_oldest_of_all);
    tcase_add_test(tc, a_step_is_short_and_another_writer_comes_in_between);
    tcase_add_test(tc, events_and_gaps_are_of_one_moment);
    tcase_add_test(tc, silent_producers_are_forgotten);
    suite_add_tcase(s, tc);
    return s;
}

UNIT_MAIN(suite)
