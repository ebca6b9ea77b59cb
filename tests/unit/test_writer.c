/* The writer's thread: what it does between batches. */
#include "bridge/writer.h"
#include "tests/unit/instance.h"
#include "model/store.h"
#include "store/db.h"
#include "base/clock.h"
#include "base/file.h"
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sqlite3.h>
#include <stdatomic.h>
#include <sys/inotify.h>
#include <sys/syscall.h>
#include <unistd.h>

static struct datadir dd;
static struct fault fault;
static uv_loop_t loop;
static struct writer *writer;
static struct peer *peer;
static int64_t head;
/* Sums over the outcomes so far. */
static int64_t n_stored, n_trimmed, n_foreign, n_pending, n_events, n_failures;
static bool ended;

static int last_number; /* of put_numbered */

static void on_outcome(void *ctx, struct outcome *o)
{
    (void)ctx;
    for (int i = 0; i < o->n_events; i++) {
        int number = 0;
        if (sscanf(o->events[i]->data, "{\"number\":%d}", &number) == 1) {
            ck_assert_int_eq(number, last_number + 1);
            last_number = number;
        }
    }
    n_stored += o->n_stored;
    n_failures += o->n_failures;
    n_trimmed += o->upkeep.n_trimmed;
    n_foreign += o->n_foreign;
    n_pending += o->upkeep.n_pending;
    n_events += o->n_events;
    ended = ended || o->last;
}

static void start_writer(void)
{
    ck_assert_int_eq(uv_loop_init(&loop), 0);
    ck_assert_msg(writer_start(&loop, &dd, on_outcome, NULL, &writer, &head, &fault) == RS_OK, "%s", fault.message);
    peer = peer_new(NULL);
}

static void start(const char *const *overrides)
{
    instance_open(&dd, overrides);
    start_writer();
}

static void until(const int64_t *sum, int64_t n)
{
    while (*sum < n)
        uv_run(&loop, UV_RUN_ONCE);
    ck_assert_int_eq(*sum, n);
}

static void stop(void)
{
    writer_stop(writer);
    while (!ended)
        uv_run(&loop, UV_RUN_ONCE);
    writer_free(writer);
    uv_run(&loop, UV_RUN_DEFAULT);
    ck_assert_int_eq(uv_loop_close(&loop), 0);
    peer_unref(peer);
    instance_close(&dd);
}

static void put_lines(int n)
{
    struct buf text;
    buf_init(&text, 1 << 20);
    for (int i = 0; i < n; i++)
        buf_puts(&text, "{\"stream\":\"run:x\",\"type\":\"log\",\"data\":{}}\n");
    ck_assert_int_eq(text.err, RS_OK);
    writer_put(writer, intake_new(peer, text.data, text.len));
    buf_release(&text);
}

static void put_to(const char *stream, int number)
{
    char text[256];
    int len = snprintf(text, sizeof text, "{\"stream\":\"%s\",\"type\":\"log\",\"data\":{\"number\":%d}}\n", stream, number);
    writer_put(writer, intake_new(peer, text, (size_t)len));
}

static void put_numbered(int number)
{
    put_to("run:x", number);
}

START_TEST(retention_goes_on_between_batches)
{
    const char *overrides[] = {"eventlog.keep_count=10", NULL};
    start(overrides);
    for (int i = 0; i < 20; i++)
        put_lines(100);
    until(&n_stored, 2000);
    until(&n_trimmed, 1990);
    put_lines(5);
    until(&n_trimmed, 1995);
    stop();
}
END_TEST

START_TEST(what_others_append_is_published)
{
    struct eventlog *other;
    struct eventlog_entry e = {.stream = "run:y", .type = "log", .data = "{}", .data_len = 2};
    start(NULL);
    ck_assert_ok(eventlog_open(&dd, EVENTLOG_WRITE, NULL, NULL, &other, &fault));
    for (int i = 1; i <= 20; i++) {
        ck_assert_ok(eventlog_append(other, &e, 1, &fault));
        event_unref(e.event);
        until(&n_foreign, i);
    }
    eventlog_close(other);
    stop();
}
END_TEST

START_TEST(files_of_pending_lines_are_drained_and_published)
{
    char folder[PATH_MAX];
    start(NULL);
    unit_write(datadir_path(&dd, folder, "pending"), "x.jsonl",
               "{\"stream\":\"run:y\",\"type\":\"log\",\"data\":{}}\n{\"stream\":\"run:y\",\"type\":\"log\",\"data\":{}}\n");
    until(&n_events, 2);
    until(&n_pending, 2);
    stop();
}
END_TEST

/* Unless the thread is at work just then. */
START_TEST(an_idle_writer_commits_within_the_turn)
{
    int at_once = 0;
    start(NULL);
    for (int i = 1; i <= 50 || at_once == 0; i++) { /* after a slow commit it is the thread's for a while */
        put_lines(3);
        uv_run(&loop, UV_RUN_NOWAIT);
        at_once += n_stored == 3 * i;
        until(&n_stored, 3 * i);
    }
    stop();
}
END_TEST

START_TEST(a_turn_of_the_writer_commits_without_one_of_the_loop)
{
    int at_once = 0;
    start(NULL);
    for (int i = 1; i <= 50 || at_once == 0; i++) { /* after a slow commit it is the thread's for a while */
        put_lines(3);
        writer_turn(writer);
        at_once += n_stored == 3 * i;
        until(&n_stored, 3 * i);
    }
    stop();
}
END_TEST

/* Order is kept between what the loop took and could not store, and what came after. */
START_TEST(what_the_loop_cannot_commit_the_thread_does)
{
    char path[PATH_MAX];
    sqlite3 *other;
    start(NULL);
    ck_assert_int_eq(sqlite3_open(datadir_path(&dd, path, DATADIR_EVENTLOG), &other), SQLITE_OK);
    for (int i = 0; i < 5; i++) {
        ck_assert_int_eq(sqlite3_exec(other, "BEGIN IMMEDIATE", NULL, NULL, NULL), SQLITE_OK);
        put_numbered(2 * i + 1);
        uv_run(&loop, UV_RUN_NOWAIT);
        put_numbered(2 * i + 2);
        uv_run(&loop, UV_RUN_NOWAIT);
        ck_assert_int_eq(n_stored, 2 * i);
        ck_assert_int_eq(sqlite3_exec(other, "COMMIT", NULL, NULL, NULL), SQLITE_OK);
        until(&n_stored, 2 * i + 2);
        ck_assert_int_eq(last_number, 2 * i + 2);
    }
    sqlite3_close(other);
    stop();
}
END_TEST

static bool has_open(const char *name)
{
    DIR *dir = opendir("/proc/self/fd");
    char path[PATH_MAX + 1];
    bool found = false;
    ck_assert_ptr_nonnull(dir);
    for (struct dirent *entry; (entry = readdir(dir));) {
        ssize_t len = readlinkat(dirfd(dir), entry->d_name, path, sizeof path - 1);
        path[len > 0 ? len : 0] = '\0';
        found = found || strstr(path, name);
    }
    closedir(dir);
    return found;
}

/* Where the loop has a connection to ask by whose a new stream is, it need not be left to the thread. */
START_TEST(a_new_stream_is_the_loops_when_it_can_ask)
{
    char stream[STREAM_MAX];
    int at_once = 0;
    start(NULL);
    store_owner_open(&dd);
    for (int i = 1; i <= 200 || at_once == 0; i++) { /* now and then the thread is at work */
        snprintf(stream, sizeof stream, "run:new-%d", i);
        put_to(stream, i);
        uv_run(&loop, UV_RUN_NOWAIT);
        at_once += n_stored == i;
        until(&n_stored, i);
    }
    stop();
    store_owner_release();
}
END_TEST

/* Without one the loop does not ask. It is no reason to keep to the thread either. */
START_TEST(a_new_stream_is_left_to_the_thread)
{
    char stream[STREAM_MAX];
    int at_once = 0;
    start(NULL);
    for (int i = 1; i <= 50 || at_once == 0; i++) { /* after a slow commit it is the thread's for a while */
        snprintf(stream, sizeof stream, "run:new-%d", i);
        put_to(stream, 2 * i - 1);
        uv_run(&loop, UV_RUN_NOWAIT);
        until(&n_stored, 2 * i - 1);
        put_to(stream, 2 * i);
        uv_run(&loop, UV_RUN_NOWAIT);
        at_once += n_stored == 2 * i;
        until(&n_stored, 2 * i);
    }
    stop();
    ck_assert(!has_open(DATADIR_DATABASE)); /* the thread closed its connection, and the loop has none */
}
END_TEST

/* Nothing is stored under a wrong owner while the database cannot be asked. */
START_TEST(a_new_stream_waits_for_the_database_that_knows_its_owner)
{
    char path[PATH_MAX], away[PATH_MAX + 8], seen[4096];
    struct eventlog_stream known;
    struct eventlog *reader;
    struct db *db;
    int watch = inotify_init1(IN_CLOEXEC);
    instance_open(&dd, NULL);
    ck_assert_ok(db_open(&dd, &db, &fault));
    ck_assert_ok(db_run(db, NULL, &fault, "INSERT INTO adw (org, id, version, deleted, created, updated, state) VALUES"
                                          " ('acme', 'a1', 1, 0, 1, 1, '{}')", ""));
    db_close(db);
    snprintf(away, sizeof away, "%s.away", datadir_path(&dd, path, DATADIR_DATABASE));
    ck_assert_int_eq(rename(path, away), 0);
    unit_write(dd.root, DATADIR_DATABASE, "This is no database, however long one looks at it: it is a sentence of English.\n"
                                          "And another one, so that it is longer than the head of a database would be.\n");
    start_writer();
    writer_poke(writer);
    put_to("queue", 1);
    until(&n_stored, 1); /* nobody need be asked for that; the thread has begun: while it is poked the loop leaves it all to it */
    ck_assert_int_ge(inotify_add_watch(watch, path, IN_ACCESS), 0);
    put_to("adw:a1", 2);
    uv_run(&loop, UV_RUN_NOWAIT);
    ck_assert_int_gt(read(watch, seen, sizeof seen), 0); /* it is being read */
    ck_assert_int_eq(n_stored, 1);
    ck_assert_int_eq(rename(away, path), 0);
    until(&n_stored, 2);
    ck_assert_int_ge(n_failures, 1);
    close(watch);
    ck_assert_ok(eventlog_open(&dd, EVENTLOG_READ, NULL, NULL, &reader, &fault));
    ck_assert_ok(eventlog_stream(reader, "adw:a1", &known, &fault));
    ck_assert_str_eq(known.org, "acme");
    eventlog_close(reader);
    stop();
}
END_TEST

/* What is brought to the disk is that of checkpoints, and can be held up, or fail: commits with eventlog.sync = normal do not
 * wait for it. */
enum { SYNC, SYNC_HELD, SYNC_FAILS };
static atomic_int sync_mode;
static atomic_int n_syncs; /* that were held, or failed */

static int sync_as_told(int fd, long call)
{
    if (sync_mode != SYNC)
        n_syncs++;
    while (sync_mode == SYNC_HELD)
        usleep(1000);
    if (sync_mode == SYNC)
        return (int)syscall(call, fd);
    errno = EIO;
    return -1;
}

int fsync(int fd)
{
    return sync_as_told(fd, SYS_fsync);
}

int fdatasync(int fd)
{
    return sync_as_told(fd, SYS_fdatasync);
}

/* Until the log is worth a checkpoint, and that has come to the disk. */
static void write_until_sync(void)
{
    char *text = malloc(50000);
    memset(text, 'x', 50000);
    for (int64_t n = n_stored + 1; n_syncs == 0; n++) {
        int len = snprintf(text, 100, "{\"stream\":\"run:x\",\"type\":\"log\",\"data\":{\"text\":\"");
        text[len] = 'x';
        memcpy(text + 49990, "\"}}\n", 4);
        writer_put(writer, intake_new(peer, text, 49994));
        until(&n_stored, n);
    }
    free(text);
}

/* The thread has made its first checkpoint, by itself, before it takes the second batch: what comes then is not the first of a
 * write-ahead log that begins anew, for which an append waits for the disk. */
static void write_until_first_checkpoint(void)
{
    for (int i = 1; i <= 2; i++) {
        put_lines(1000);
        until(&n_stored, 1000 * i);
    }
}

/* Those that the loop makes, and those that only the thread makes, of streams that are new. */
START_TEST(appends_go_on_while_a_checkpoint_is_at_work)
{
    char stream[STREAM_MAX];
    start(NULL);
    write_until_first_checkpoint();
    sync_mode = SYNC_HELD;
    write_until_sync();
    for (int i = 1; i <= 50; i++) {
        snprintf(stream, sizeof stream, "run:new-%d", i);
        put_to(i % 2 ? stream : "run:x", i);
        until(&n_stored, n_stored + 1);
    }
    ck_assert_int_eq(n_syncs, 1); /* it is still at work */
    sync_mode = SYNC;
    stop();
}
END_TEST

/* It is said once. */
START_TEST(appends_go_on_when_a_checkpoint_fails)
{
    char path[PATH_MAX], *text = NULL;
    int fd, was = dup(2);
    start(NULL);
    fd = open(datadir_path(&dd, path, "log/stderr"), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    ck_assert_int_ge(fd, 0);
    dup2(fd, 2);
    write_until_first_checkpoint();
    sync_mode = SYNC_FAILS;
    write_until_sync();
    do {
        free(text);
        put_lines(1);
        until(&n_stored, n_stored + 1);
        ck_assert_ok(file_read(path, 100000, &text, NULL, &fault));
    } while (!strstr(text, "checkpoint.failed"));
    dup2(was, 2);
    close(was);
    close(fd);
    free(text);
    sync_mode = SYNC;
    stop();
}
END_TEST

#define DAY INT64_C(86400000)

/* Retention by age must not take a clock that somebody sets for the time that has passed. */
START_TEST(a_clock_that_is_set_is_believed_after_a_day)
{
    struct upkeep_clock clock = {0};
    int64_t mono = 1000, wall = 500 * DAY;

    ck_assert_int_eq(upkeep_now(&clock, wall, mono), wall);
    mono += 1000;
    wall += 1000 + UPKEEP_SET_MS; /* a summer hour, a slow clock: followed */
    ck_assert_int_eq(upkeep_now(&clock, wall, mono), wall);
    for (int i = 0; i < 23; i++) { /* forward by forty days: the time goes on as before */
        mono += UPKEEP_SET_MS;
        wall += UPKEEP_SET_MS;
        ck_assert_int_eq(upkeep_now(&clock, wall + 40 * DAY, mono), wall);
        ck_assert(clock.doubted);
    }
    ck_assert_int_eq(upkeep_now(&clock, wall, mono), wall); /* and back */
    ck_assert(!clock.doubted);
    ck_assert_int_eq(upkeep_now(&clock, wall - 10 * DAY, mono), wall); /* back by ten days, then by others */
    ck_assert_int_eq(upkeep_now(&clock, wall + 7 * DAY, mono + UPKEEP_DOUBT_MS), wall + UPKEEP_DOUBT_MS);
    mono += UPKEEP_DOUBT_MS;
    ck_assert_int_eq(upkeep_now(&clock, wall + 7 * DAY + UPKEEP_DOUBT_MS, mono + UPKEEP_DOUBT_MS), wall + 7 * DAY + UPKEEP_DOUBT_MS);
    ck_assert(!clock.doubted);
}
END_TEST

/* A rest is for what was looked at in vain, and has an end. */
START_TEST(retention_rests_for_what_it_looked_at_in_vain)
{
    ck_assert_int_eq(upkeep_rest_ms(0), UPKEEP_REST_MS);
    ck_assert_int_eq(upkeep_rest_ms(1999), UPKEEP_REST_MS);
    for (int64_t ms = 2; ms < 60; ms++) /* a thousandth of a CPU */
        ck_assert_int_eq(upkeep_rest_ms(ms * 1000), ms * 1000);
    ck_assert_int_eq(upkeep_rest_ms(640 * 1000), UPKEEP_REST_MOST_MS);
    ck_assert_int_eq(upkeep_rest_ms(INT64_MAX), UPKEEP_REST_MOST_MS);
}
END_TEST

/* The clocks by which the loop judges its commits: of the test when it says so. */
static atomic_bool clocks_are_ours;
static uint64_t our_now_ms;
static atomic_uint_fast64_t our_hrtime, hrtime_step; /* of each look at it */

uint64_t uv_now(const uv_loop_t *of)
{
    (void)of;
    return clocks_are_ours ? our_now_ms : (uint64_t)clock_mono_ms();
}

uint64_t uv_hrtime(void)
{
    return clocks_are_ours ? atomic_fetch_add(&our_hrtime, hrtime_step) : (uint64_t)clock_mono_us() * 1000;
}

/* Does the loop commit what is put, within its turn? */
static bool commits_at_once(void)
{
    int64_t n = n_stored + 1;
    put_lines(1);
    uv_run(&loop, UV_RUN_NOWAIT);
    bool at_once = n_stored == n;
    until(&n_stored, n);
    return at_once;
}

/* In a turn in which the thread happens to be at work nothing is tried, nor learnt. */
static void commit_in_loop(bool slow)
{
    hrtime_step = slow ? WRITER_SLOW_US * 1000 + 1 : 0;
    for (int tries = 0; !commits_at_once(); tries++)
        ck_assert_int_lt(tries, 2000);
}

START_TEST(the_loop_leaves_slow_commits_to_the_thread_for_ever_longer)
{
    start(NULL);
    clocks_are_ours = true;
    our_now_ms = 1000;
    for (int again = 0; again < 2; again++) {
        commit_in_loop(false); /* one that is not slow, and it begins anew */
        for (uint64_t ms = WRITER_SLOW_MS, times = 0; times < 8; ms *= 2, times++) {
            if (ms > WRITER_SLOW_MOST_MS)
                ms = WRITER_SLOW_MOST_MS;
            commit_in_loop(true);
            for (int i = 0; i < 10; i++)
                ck_assert(!commits_at_once());
            our_now_ms += ms - 1;
            ck_assert(!commits_at_once());
            our_now_ms++;
        }
    }
    stop();
}
END_TEST

static Suite *suite(void)
{
    Suite *s = suite_create("writer");
    TCase *tc = tcase_create("writer");
    tcase_set_timeout(tc, 60);
    tcase_add_test(tc, retention_goes_on_between_batches);
    tcase_add_test(tc, what_others_append_is_published);
    tcase_add_test(tc, files_of_pending_lines_are_drained_and_published);
    tcase_add_test(tc, an_idle_writer_commits_within_the_turn);
    tcase_add_test(tc, a_turn_of_the_writer_commits_without_one_of_the_loop);
    tcase_add_test(tc, what_the_loop_cannot_commit_the_thread_does);
    tcase_add_test(tc, the_loop_leaves_slow_commits_to_the_thread_for_ever_longer);
    tcase_add_test(tc, a_new_stream_is_the_loops_when_it_can_ask);
    tcase_add_test(tc, a_new_stream_is_left_to_the_thread);
    tcase_add_test(tc, a_new_stream_waits_for_the_database_that_knows_its_owner);
    tcase_add_test(tc, appends_go_on_while_a_checkpoint_is_at_work);
    tcase_add_test(tc, appends_go_on_when_a_checkpoint_fails);
    tcase_add_test(tc, a_clock_that_is_set_is_believed_after_a_day);
    tcase_add_test(tc, retention_rests_for_what_it_looked_at_in_vain);
    suite_add_tcase(s, tc);
    return s;
}

UNIT_MAIN(suite)
