/* Few events are stored beside the others first: whatever is asked, whoever asks, they are part of the log, also after a kill. */
#include "event/eventlog.h"
#include "tests/unit/instance.h"
#include <signal.h>
#include <sqlite3.h>
#include <sys/wait.h>
#include <unistd.h>

#define STREAMS 7
#define PRODUCERS 3
#define MOST 3000

static struct datadir dd;
static struct eventlog *log_;
static struct fault fault;

/* What the log must say. */
static struct {
    int64_t ids[MOST];
    int stream[MOST];
    int n;
    int64_t seq[STREAMS], last_id[STREAMS], end_id[STREAMS], oid[STREAMS], given[PRODUCERS];
} model;

static void look_after(struct eventlog *log, bool idle)
{
    int64_t bytes;
    bool due;

    ck_assert_msg(eventlog_checkpoint(log, idle, &due, &bytes, &fault) == RS_OK, "%s", fault.message);
}

static struct eventlog *open_log(enum eventlog_mode mode)
{
    struct eventlog *log;

    ck_assert_msg(eventlog_open(&dd, mode, NULL, NULL, &log, &fault) == RS_OK, "%s", fault.message);
    return log;
}

static void setup(void)
{
    memset(&model, 0, sizeof model);
    instance_open(&dd, NULL);
    log_ = open_log(EVENTLOG_WRITE);
    look_after(log_, false);
}

static void teardown(void)
{
    eventlog_close(log_);
    instance_close(&dd);
}

static int64_t number(const char *sql)
{
    return instance_log_number(&dd, sql);
}

static const char *name_of(int stream)
{
    static const char *const names[STREAMS] = {"run:a", "run:b", "queue", "tool:t", "run:c", "mission:m", "run:d"};

    return names[stream];
}

static unsigned next(unsigned *random, unsigned below)
{
    *random = *random * 1103515245 + 12345;
    return (*random >> 16) % below;
}

/* One append of some events by somebody; what came of each is held against the model. */
static void append(struct eventlog *log, unsigned *random)
{
    static const char *const types[] = {"log", "node.started", "log", "run.finished", "run.retried"};
    static const char *const producers[PRODUCERS] = {"p-0", "p-1", "p-2"};
    static char large[9000];
    enum { BATCH = 40 };
    struct eventlog_entry entries[BATCH];
    int n = next(random, 8) == 0 ? (int)next(random, BATCH) + 1 : 1, stream[BATCH], from[BATCH];

    if (!*large) {
        memset(large, ' ', sizeof large - 1);
        large[0] = '{';
        large[sizeof large - 2] = '}';
    }
    for (int i = 0; i < n; i++) {
        const char *type = types[next(random, 40) == 0 ? 3 + next(random, 2) : next(random, 3)];
        stream[i] = (int)next(random, STREAMS);
        from[i] = next(random, 2) ? (int)next(random, PRODUCERS) : -1;
        const char *data = next(random, 50) == 0 ? large : "{}";
        entries[i] = (struct eventlog_entry){.stream = name_of(stream[i]), .type = type, .data = data, .data_len = strlen(data)};
        if (from[i] >= 0) {
            entries[i].producer = producers[from[i]];
            entries[i].producer_seq = model.given[from[i]] + (next(random, 6) ? 1 : 0);
        } else if (next(random, 3) == 0) {
            entries[i].oid = model.oid[stream[i]] + (next(random, 5) ? 1 : 0);
        }
        if (from[i] >= 0 && entries[i].producer_seq > model.given[from[i]])
            model.given[from[i]]++;
        else if (from[i] >= 0)
            continue;
        if (entries[i].oid && entries[i].oid <= model.oid[stream[i]])
            continue;
        if (!model.end_id[stream[i]] || strcmp(type, "run.retried") == 0) {
            model.end_id[stream[i]] = strcmp(type, "run.finished") == 0 && strncmp(name_of(stream[i]), "run:", 4) == 0 ? -1 : 0;
            model.oid[stream[i]] = entries[i].oid ? entries[i].oid : model.oid[stream[i]];
            model.stream[model.n] = stream[i];
            model.ids[model.n++] = -1 - i;
        }
    }
    ck_assert_msg(eventlog_append(log, entries, (size_t)n, &fault) == RS_OK, "%s", fault.message);
    for (int k = model.n - 1; k >= 0 && model.ids[k] < 0; k--) {
        struct eventlog_entry *e = &entries[-1 - model.ids[k]];
        ck_assert_ptr_nonnull(e->event);
        model.ids[k] = e->event->id;
        ck_assert(k == 0 || model.ids[k - 1] < model.ids[k]);
        if (model.last_id[model.stream[k]] < e->event->id) {
            model.last_id[model.stream[k]] = e->event->id;
            if (model.end_id[model.stream[k]])
                model.end_id[model.stream[k]] = e->event->id;
        }
    }
    for (int i = 0; i < n; i++) {
        if (entries[i].event)
            ck_assert_int_eq(entries[i].event->seq, ++model.seq[stream[i]]);
        event_unref(entries[i].event);
    }
}

/* Everything a log is asked. */
static void compare(struct eventlog *log, unsigned *random)
{
    int64_t head, last, examined, after = model.n ? model.ids[next(random, (unsigned)model.n)] : 0;
    struct event **events;
    char name[16];
    int n, k = 0, s = (int)next(random, STREAMS);

    ck_assert_ok(eventlog_head(log, &head, &fault));
    ck_assert_int_eq(head, model.n ? model.ids[model.n - 1] : 0);
    for (int i = 0; i < PRODUCERS; i++) {
        snprintf(name, sizeof name, "p-%d", i);
        ck_assert_ok(eventlog_producer(log, name, &last, &fault));
        ck_assert_int_eq(last, model.given[i]);
    }
    for (int i = 0; i < STREAMS; i++) {
        struct eventlog_stream stream = {.last_id = 0};
        enum rs_err err = eventlog_stream(log, name_of(i), &stream, &fault);
        ck_assert(err == RS_OK || (err == RS_NOT_FOUND && model.seq[i] == 0));
        ck_assert_int_eq(stream.last_seq, model.seq[i]);
        ck_assert_int_eq(stream.last_id, model.last_id[i]);
        ck_assert_int_eq(stream.end_id, model.end_id[i]);
    }
    for (const char *names[] = {name_of(s), name_of((s + 3) % STREAMS)}; k < 2;) {
        struct eventlog_query query = {.streams = names, .n_streams = 1 + (int)next(random, 2), .after = after};
        int i = 0, limit = 1 + (int)next(random, 9);
        while (i < model.n && model.ids[i] <= after)
            i++;
        for (; query.after < head; query.after = examined) {
            ck_assert_ok(eventlog_read(log, &query, limit, &events, &n, &examined, &fault));
            ck_assert_int_gt(examined, query.after);
            for (int e = 0; e < n; e++, i++) {
                while (i < model.n && model.stream[i] != s && (query.n_streams == 1 || model.stream[i] != (s + 3) % STREAMS))
                    i++;
                ck_assert_int_lt(i, model.n);
                ck_assert_int_eq(events[e]->id, model.ids[i]);
            }
            eventlog_events_free(events, n);
        }
        for (; i < model.n; i++)
            ck_assert(model.stream[i] != s && (query.n_streams == 1 || model.stream[i] != (s + 3) % STREAMS));
        k++;
    }
    ck_assert_ok(eventlog_read_newest(log, name_of(s), NULL, 0, 5, &events, &n, &fault));
    ck_assert_int_eq(n, model.seq[s] < 5 ? model.seq[s] : 5);
    for (int i = 0; i < n; i++)
        ck_assert_int_eq(events[i]->seq, model.seq[s] - n + 1 + i);
    eventlog_events_free(events, n);
}

/* The process that looks after the log, another that writes at times, a third that only reads; starts in between. */
START_TEST(whoever_asks_the_log_is_one)
{
    struct eventlog *other = open_log(EVENTLOG_WRITE), *reader = open_log(EVENTLOG_READ);
    unsigned random = 4711 + (unsigned)_i;

    while (model.n < MOST - 40) {
        unsigned what = next(&random, 100);
        append(what < 5 ? other : log_, &random);
        if (what % 8 == 0)
            compare(what % 3 ? reader : what % 2 ? other : log_, &random);
        if (what % 16 == 1)
            look_after(log_, what == 17);
        if (what % 8 == 3)
            ck_assert_ok(eventlog_settle(log_, &fault));
        if (what == 99 && next(&random, 4) == 0) {
            eventlog_close(log_);
            log_ = open_log(EVENTLOG_WRITE);
            look_after(log_, false);
        }
    }
    compare(log_, &random);
    compare(reader, &random);
    look_after(log_, true);
    ck_assert_int_eq(number("SELECT count(*) FROM arrivals"), 0);
    ck_assert_int_eq(number("SELECT count(*) FROM settled"), model.n);
    compare(reader, &random);
    eventlog_close(other);
    eventlog_close(reader);
}
END_TEST

START_TEST(one_at_a_time_they_are_moved_by_many)
{
    struct eventlog_entry e = {.stream = "run:a", .type = "log", .data = "{}", .data_len = 2};

    for (int i = 1; i <= 300; i++) {
        ck_assert_ok(eventlog_append(log_, &e, 1, &fault));
        event_unref(e.event);
        if (i % 10 == 5)
            look_after(log_, false);
        if (i == 10)
            ck_assert_int_eq(number("SELECT count(*) FROM settled"), 0);
    }
    ck_assert_int_ge(number("SELECT count(*) FROM settled"), 200);
    ck_assert_int_gt(number("SELECT count(*) FROM arrivals"), 0);
    ck_assert_int_eq(number("SELECT count(*) FROM events"), 300);
    for (int i = 0; i < 300; i++) { /* also when nobody looks after it */
        ck_assert_ok(eventlog_append(log_, &e, 1, &fault));
        event_unref(e.event);
    }
    ck_assert_int_le(number("SELECT count(*) FROM arrivals"), 512);
    look_after(log_, true);
    ck_assert_int_eq(number("SELECT count(*) FROM arrivals"), 0);
    ck_assert_int_eq(number("SELECT count(*) FROM settled"), 600);
}
END_TEST

/* What was acknowledged is there, and known as such, after the one that had it was killed. */
START_TEST(a_kill_leaves_them)
{
    struct eventlog_entry e = {.stream = "run:a", .type = "log", .data = "{}", .data_len = 2, .producer = "p"};
    struct eventlog_stream stream;
    int64_t last, head;
    pid_t pid = fork();
    int status;

    ck_assert_int_ge(pid, 0);
    if (pid == 0) {
        struct eventlog *mine = open_log(EVENTLOG_WRITE);
        look_after(mine, false);
        for (e.producer_seq = 1; e.producer_seq <= 20; e.producer_seq++)
            if (eventlog_append(mine, &e, 1, NULL) || !e.event)
                _exit(1);
        kill(getpid(), SIGKILL);
    }
    ck_assert_int_eq(waitpid(pid, &status, 0), pid);
    ck_assert(WIFSIGNALED(status));
    ck_assert_int_eq(number("SELECT count(*) FROM arrivals"), 20);
    ck_assert_ok(eventlog_producer(log_, "p", &last, &fault));
    ck_assert_int_eq(last, 20);
    ck_assert_ok(eventlog_stream(log_, "run:a", &stream, &fault));
    ck_assert_int_eq(stream.last_seq, 20);
    e.producer_seq = 20;
    ck_assert_ok(eventlog_append(log_, &e, 1, &fault));
    ck_assert(e.duplicate);
    e.producer_seq = 21;
    ck_assert_ok(eventlog_append(log_, &e, 1, &fault));
    ck_assert_int_eq(e.event->seq, 21);
    ck_assert_ok(eventlog_head(log_, &head, &fault));
    ck_assert_int_eq(head, e.event->id);
    event_unref(e.event);
    ck_assert_int_eq(number("SELECT last_seq FROM streams WHERE name = 'run:a'"), 20);
    ck_assert_int_eq(number("SELECT last FROM producers"), 20);
}
END_TEST

/* Between appends, by whoever has time: a hundred at once. Somebody else's transaction is not waited for, and what is known
 * stays known. */
START_TEST(they_settle_when_nobody_writes)
{
    enum { ALL = 200 };
    struct eventlog_entry e = {.stream = "run:a", .type = "log", .data = "{}", .data_len = 2, .producer = "p"};
    char path[PATH_MAX];
    sqlite3 *db;

    datadir_path(&dd, path, DATADIR_EVENTLOG);
    ck_assert_int_eq(sqlite3_open(path, &db), SQLITE_OK);
    for (e.producer_seq = 1; e.producer_seq <= ALL; e.producer_seq++) {
        ck_assert_ok(eventlog_append(log_, &e, 1, &fault));
        ck_assert_int_eq(e.event->seq, e.producer_seq);
        event_unref(e.event);
        if (e.producer_seq == 5 || e.producer_seq == ALL) {
            ck_assert_ok(eventlog_settle(log_, &fault));
            ck_assert_int_eq(number("SELECT count(*) FROM settled"), e.producer_seq == 5 ? 0 : ALL);
        }
        if (e.producer_seq == ALL - 5) {
            ck_assert_int_eq(sqlite3_exec(db, "BEGIN IMMEDIATE", NULL, NULL, NULL), SQLITE_OK);
            ck_assert_ok(eventlog_settle(log_, &fault));
            ck_assert_int_eq(number("SELECT count(*) FROM settled"), 0);
            ck_assert_int_eq(sqlite3_exec(db, "COMMIT", NULL, NULL, NULL), SQLITE_OK);
        }
    }
    ck_assert_int_eq(number("SELECT last_seq FROM streams WHERE name = 'run:a'"), ALL);
    ck_assert_int_eq(number("SELECT last FROM producers"), ALL);
    sqlite3_close(db);
}
END_TEST

/* Their stream's end, and that it is open again, also while neither has been moved. */
START_TEST(an_end_among_them_holds)
{
    struct eventlog_entry e = {.stream = "run:a", .type = "run.finished", .data = "{}", .data_len = 2};

    for (int round = 0; round < 2; round++) {
        e.type = "run.finished";
        ck_assert_ok(eventlog_append(log_, &e, 1, &fault));
        ck_assert_int_eq(e.status, RS_OK);
        event_unref(e.event);
        if (round == 1) { /* nobody remembers */
            eventlog_close(log_);
            log_ = open_log(EVENTLOG_WRITE);
        }
        e.type = "log";
        ck_assert_ok(eventlog_append(log_, &e, 1, &fault));
        ck_assert_int_eq(e.status, RS_CONFLICT);
        e.type = "run.retried";
        ck_assert_ok(eventlog_append(log_, &e, 1, &fault));
        ck_assert_int_eq(e.status, RS_OK);
        event_unref(e.event);
    }
}
END_TEST

static Suite *suite(void)
{
    Suite *s = suite_create("arrivals");
    TCase *tc = tcase_create("arrivals");

    tcase_add_checked_fixture(tc, setup, teardown);
    tcase_set_timeout(tc, 60);
    tcase_add_loop_test(tc, whoever_asks_the_log_is_one, 0, 4);
    tcase_add_test(tc, one_at_a_time_they_are_moved_by_many);
    tcase_add_test(tc, they_settle_when_nobody_writes);
    tcase_add_test(tc, a_kill_leaves_them);
    tcase_add_test(tc, an_end_among_them_holds);
    suite_add_tcase(s, tc);
    return s;
}

UNIT_MAIN(suite)
