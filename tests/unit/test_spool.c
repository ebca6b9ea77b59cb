#include "event/spool.h"
#include "base/buf.h"
#include "event/line.h"
#include "tests/unit/instance.h"
#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <sqlite3.h>
#include <stdatomic.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#define RUN "run:s1"
#define LONG_MS 30000 /* far longer than anything here takes */

static struct datadir dd;
static struct fault fault;

/* A small bridge: one connection, each piece read is one transaction, acknowledged after its commit. */
struct bridge {
    pthread_t thread;
    int listener, stop_fd[2];
    struct eventlog *log;
    atomic_bool hold;      /* store, but do not acknowledge */
    atomic_bool mute;      /* do not even read */
    int die_after;         /* lines stored, then gone without acknowledging; 0: never */
    atomic_int lines;      /* event lines seen */
    atomic_int refused;
    int64_t last_n;
    char producer[ID_MAX + 1];
};

static void bridge_answer(int fd, const char *fmt, int64_t n)
{
    char text[64];
    int len = snprintf(text, sizeof text, fmt, n);

    if (send(fd, text, (size_t)len, MSG_NOSIGNAL) < 0) /* the emitter may be gone by now */
        ck_assert_int_eq(errno, EPIPE);
}

static void bridge_line(struct bridge *b, int fd, const char *text, size_t len)
{
    struct eventlog_entry e = {.producer = b->producer};
    struct line line;
    int64_t last;

    ck_assert_msg(line_parse(text, len, &line, &fault) == RS_OK, "%s", fault.message);
    if (line.kind == LINE_HELLO) {
        ck_assert(line.ack);
        memcpy(b->producer, line.producer, sizeof b->producer);
        ck_assert_ok(eventlog_producer(b->log, line.producer, &last, NULL));
        b->last_n = last;
        bridge_answer(fd, "{\"hello\":1,\"lastSeq\":%" PRId64 "}\n", last);
        return;
    }
    b->lines++;
    e.stream = line.stream;
    e.type = line.type;
    e.data = line.data;
    e.data_len = line.data_len;
    e.time_ms = line.time_ms;
    e.oid = line.oid;
    e.producer_seq = line.n;
    ck_assert_ok(eventlog_append(b->log, &e, 1, NULL));
    if (e.status) {
        b->refused++;
        bridge_answer(fd, "{\"error\":\"refused\",\"n\":%" PRId64 "}\n", line.n);
    } else {
        b->last_n = line.n;
    }
    event_unref(e.event);
}

static void *bridge_main(void *arg)
{
    struct bridge *b = arg;
    struct buf in;
    int fd = -1;
    int64_t acked = 0;

    buf_init(&in, 4 * EVENT_LINE_MAX);
    for (;;) {
        struct pollfd fds[3] = {{b->stop_fd[0], POLLIN, 0}, {b->listener, POLLIN, 0}, {fd, POLLIN, 0}};
        char bytes[65536], *newline;
        ssize_t n;
        if (b->mute)
            fds[1].fd = fds[2].fd = -1;
        poll(fds, 3, 20);
        if (fds[0].revents)
            break;
        if (fds[1].revents) {
            if (fd >= 0)
                close(fd);
            fd = accept(b->listener, NULL, NULL);
            buf_clear(&in);
            continue;
        }
        if (fds[2].revents && (n = recv(fd, bytes, sizeof bytes, MSG_DONTWAIT)) >= 0) {
            if (n == 0) {
                close(fd);
                fd = -1;
                continue;
            }
            ck_assert_ok(buf_append(&in, bytes, (size_t)n));
            while ((newline = memchr(in.data, '\n', in.len))) {
                bridge_line(b, fd, in.data, (size_t)(newline - in.data));
                buf_consume(&in, (size_t)(newline - in.data) + 1);
                if (b->die_after && b->lines >= b->die_after)
                    goto out;
            }
        }
        if (fd >= 0 && !b->hold && *b->producer && b->last_n > acked) {
            bridge_answer(fd, "{\"ack\":%" PRId64 "}\n", b->last_n);
            acked = b->last_n;
        }
    }
out:
    close(b->listener);
    if (fd >= 0)
        close(fd);
    buf_release(&in);
    return NULL;
}

static void bridge_start(struct bridge *b)
{
    struct sockaddr_un addr = {.sun_family = AF_UNIX};
    char path[PATH_MAX];

    datadir_path(&dd, path, DATADIR_SPOOL_SOCKET);
    memcpy(addr.sun_path, path, strlen(path) + 1);
    unlink(path);
    ck_assert_ok(eventlog_open(&dd, EVENTLOG_WRITE, NULL, NULL, &b->log, &fault));
    b->listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    ck_assert_int_eq(bind(b->listener, (struct sockaddr *)&addr, sizeof addr), 0);
    ck_assert_int_eq(listen(b->listener, 8), 0);
    ck_assert_int_eq(pipe(b->stop_fd), 0);
    ck_assert_int_eq(pthread_create(&b->thread, NULL, bridge_main, b), 0);
}

/* The bridge ends by itself (die_after), or is told to. */
static void bridge_join(struct bridge *b)
{
    pthread_join(b->thread, NULL);
    close(b->stop_fd[0]);
    close(b->stop_fd[1]);
    eventlog_close(b->log);
}

static void bridge_stop(struct bridge *b)
{
    ck_assert_int_eq(write(b->stop_fd[1], "x", 1), 1);
    bridge_join(b);
}

static struct spool *spool_start(void)
{
    struct spool *spool;

    ck_assert_msg(spool_open(&dd, "test", NULL, NULL, &spool, &fault) == RS_OK, "%s", fault.message);
    return spool;
}

static enum rs_err put(struct spool *spool, int i, int64_t oid)
{
    char data[64];
    int len = snprintf(data, sizeof data, "{\"i\":%d}", i);

    return spool_append(spool, RUN, oid ? "node.progress" : "log", data, (size_t)len, oid);
}

static void put_range(struct spool *spool, int from, int to)
{
    for (int i = from; i <= to; i++)
        ck_assert_ok(put(spool, i, 0));
}

/* The run's log as a whole: i counts from 1, each once, in order. Returns how many; *ret_dropped: sum of log.dropped. */
static int check_log(int64_t *ret_dropped)
{
    const char *run = RUN;
    struct eventlog_query query = {.streams = &run, .n_streams = 1};
    struct eventlog *log;
    int64_t head, dropped = 0, seq = 0;
    int last = 0;

    ck_assert_ok(eventlog_open(&dd, EVENTLOG_READ, NULL, NULL, &log, &fault));
    ck_assert_ok(eventlog_head(log, &head, &fault));
    while (query.after < head) {
        struct event **events;
        int n;
        ck_assert_ok(eventlog_read(log, &query, 1000, &events, &n, &query.after, &fault));
        for (int i = 0; i < n; i++) {
            struct json_object *data = event_data(events[i]), *value;
            ck_assert_int_eq(events[i]->seq, ++seq);
            if (json_object_object_get_ex(data, "count", &value))
                dropped += json_object_get_int64(value);
            else if (json_object_object_get_ex(data, "i", &value))
                ck_assert_int_eq(json_object_get_int(value), ++last);
            json_object_put(data);
        }
        eventlog_events_free(events, n);
    }
    eventlog_close(log);
    if (ret_dropped)
        *ret_dropped = dropped;
    return last;
}

static void setup(void)
{
    instance_open(&dd, NULL);
}

static void teardown(void)
{
    instance_close(&dd);
}

START_TEST(events_go_through_the_bridge)
{
    struct bridge b = {0};
    struct spool *spool;
    int64_t oids[64];
    size_t n;

    bridge_start(&b);
    spool = spool_start();
    put_range(spool, 1, 5000);
    for (int i = 1; i <= 50; i++)
        ck_assert_ok(put(spool, 5000 + i, i));
    ck_assert_ok(spool_flush(spool, LONG_MS));
    n = spool_take_acked(spool, oids, 20);
    ck_assert_uint_eq(n, 20);
    n += spool_take_acked(spool, oids + n, 44);
    ck_assert_uint_eq(n, 50);
    for (int i = 0; i < 50; i++)
        ck_assert_int_eq(oids[i], i + 1);
    spool_close(spool, LONG_MS);
    ck_assert_int_eq(b.lines, 5050);
    bridge_stop(&b);
    ck_assert_int_eq(check_log(NULL), 5050);
}
END_TEST

START_TEST(a_late_acknowledgement_is_waited_for)
{
    struct bridge b = {.hold = true};
    struct spool *spool;
    int64_t oid;

    bridge_start(&b);
    spool = spool_start();
    ck_assert_ok(put(spool, 1, 7));
    ck_assert_int_eq(spool_flush(spool, 100), RS_TIMEOUT);
    ck_assert_uint_eq(spool_take_acked(spool, &oid, 1), 0);
    b.hold = false;
    ck_assert_ok(spool_flush(spool, LONG_MS));
    ck_assert_uint_eq(spool_take_acked(spool, &oid, 1), 1);
    ck_assert_int_eq(oid, 7);
    spool_close(spool, LONG_MS);
    bridge_stop(&b);
    ck_assert_int_eq(check_log(NULL), 1);
}
END_TEST

START_TEST(without_a_bridge_events_go_to_the_log)
{
    struct spool *spool = spool_start();

    put_range(spool, 1, 2000);
    ck_assert_ok(spool_flush(spool, LONG_MS));
    ck_assert_int_eq(check_log(NULL), 2000);
    spool_close(spool, LONG_MS);
}
END_TEST

/* What the bridge stored without acknowledging is handed over again, and stored once. */
START_TEST(a_bridge_that_dies_and_comes_back_loses_nothing)
{
    struct bridge first = {.hold = true, .die_after = 700}, second = {.die_after = 300}, third = {0};
    struct spool *spool;
    int n = 2500;

    bridge_start(&first);
    spool = spool_start();
    put_range(spool, 1, 1500);
    bridge_join(&first);
    put_range(spool, 1501, n);
    ck_assert_ok(spool_flush(spool, LONG_MS)); /* by the log */
    ck_assert_int_eq(check_log(NULL), n);

    bridge_start(&second);
    while (second.lines == 0) { /* until it is noticed that there is one again */
        ck_assert_ok(put(spool, ++n, 0));
        ck_assert_ok(spool_flush(spool, LONG_MS));
    }
    put_range(spool, n + 1, n + 1000);
    n += 1000;
    while (second.lines < 300) {
        ck_assert_ok(put(spool, ++n, 0));
        ck_assert_ok(spool_flush(spool, LONG_MS));
    }
    bridge_join(&second);

    bridge_start(&third);
    while (third.lines == 0) {
        ck_assert_ok(put(spool, ++n, 0));
        ck_assert_ok(spool_flush(spool, LONG_MS));
    }
    spool_close(spool, LONG_MS);
    bridge_stop(&third);
    ck_assert_int_eq(check_log(NULL), n);
}
END_TEST

/* It accepts and answers nothing, like one that was stopped: the log is used, and it finds only duplicates later. */
START_TEST(a_mute_bridge_is_gone_around)
{
    struct bridge b = {.mute = true};
    struct spool *spool;
    int n = 500;

    bridge_start(&b);
    spool = spool_start();
    put_range(spool, 1, n);
    ck_assert_ok(spool_flush(spool, LONG_MS));
    ck_assert_int_eq(b.lines, 0);
    ck_assert_int_eq(check_log(NULL), n);
    b.mute = false;
    while (b.lines == 0) {
        ck_assert_ok(put(spool, ++n, 0));
        ck_assert_ok(spool_flush(spool, LONG_MS));
    }
    b.mute = true; /* with a connection this time: lines are under way and not read */
    put_range(spool, n + 1, n + 500);
    n += 500;
    ck_assert_ok(spool_flush(spool, LONG_MS));
    b.mute = false;
    put_range(spool, n + 1, n + 500);
    n += 500;
    spool_close(spool, LONG_MS);
    bridge_stop(&b);
    ck_assert_int_eq(check_log(NULL), n);
}
END_TEST

/* Neither bridge nor log: the ring fills, bulk is counted, state still fits; then all that was taken arrives. */
START_TEST(a_full_ring_counts_what_it_drops)
{
    enum { BIG = 200 * 1024, TRIES = 100 };
    char *data = malloc(BIG), path[PATH_MAX];
    struct eventlog *log;
    struct spool *spool;
    sqlite3 *db;
    int64_t dropped = 0, counted;
    int taken = 0;

    ck_assert_ok(eventlog_open(&dd, EVENTLOG_WRITE, NULL, NULL, &log, &fault));
    eventlog_close(log);
    ck_assert_int_eq(sqlite3_open(datadir_path(&dd, path, DATADIR_EVENTLOG), &db), SQLITE_OK);
    ck_assert_int_eq(sqlite3_exec(db, "BEGIN IMMEDIATE", NULL, NULL, NULL), SQLITE_OK);
    spool = spool_start();
    for (int i = 0; i < TRIES; i++) {
        int len = snprintf(data, BIG, "{\"i\":%d,\"message\":\"%*s\"}", taken + 1, BIG - 40, "");
        enum rs_err err = spool_append(spool, RUN, "log", data, (size_t)len, 0);
        ck_assert(err == RS_OK || err == RS_BUSY);
        taken += err == RS_OK;
        dropped += err == RS_BUSY;
    }
    ck_assert_int_gt(dropped, 0);
    ck_assert_int_ge(taken, SPOOL_RING_BYTES / BIG - 1);
    ck_assert_ok(put(spool, ++taken, 1));
    ck_assert_int_eq(spool_flush(spool, 10), RS_TIMEOUT);
    ck_assert_int_eq(sqlite3_exec(db, "ROLLBACK", NULL, NULL, NULL), SQLITE_OK);
    sqlite3_close(db);
    ck_assert_ok(spool_flush(spool, LONG_MS));
    ck_assert_ok(put(spool, ++taken, 0)); /* and it takes bulk again */
    ck_assert_ok(spool_flush(spool, LONG_MS));
    spool_close(spool, LONG_MS);
    free(data);
    ck_assert_int_eq(check_log(&counted), taken);
    ck_assert_int_eq(counted, dropped);
}
END_TEST

/* Neither bridge nor log, and the caller has waited enough: what it is told to be missing is, and nothing else. */
START_TEST(lines_given_up_are_counted)
{
    char path[PATH_MAX];
    struct eventlog *log;
    struct spool *spool;
    sqlite3 *db;

    ck_assert_ok(eventlog_open(&dd, EVENTLOG_WRITE, NULL, NULL, &log, &fault));
    eventlog_close(log);
    ck_assert_int_eq(sqlite3_open(datadir_path(&dd, path, DATADIR_EVENTLOG), &db), SQLITE_OK);
    ck_assert_int_eq(sqlite3_exec(db, "BEGIN IMMEDIATE", NULL, NULL, NULL), SQLITE_OK);
    spool = spool_start();
    ck_assert_ok(put(spool, 1, 1));
    put_range(spool, 2, 11);
    ck_assert_ok(spool_append(spool, RUN, "log.dropped", "{\"count\":30}", 12, 0));
    ck_assert_ok(spool_append(spool, "run:other", "log", "{}", 2, 0));
    ck_assert_int_eq(spool_flush(spool, 10), RS_TIMEOUT);
    ck_assert_int_eq(spool_give_up(spool, RUN), 40);
    ck_assert_int_eq(spool_give_up(spool, RUN), 0);
    ck_assert_ok(put(spool, 2, 2));
    ck_assert_int_eq(sqlite3_exec(db, "ROLLBACK", NULL, NULL, NULL), SQLITE_OK);
    sqlite3_close(db);
    ck_assert_ok(spool_flush(spool, LONG_MS));
    ck_assert_ok(put(spool, 3, 0));
    ck_assert_ok(spool_append(spool, "run:other", "log", "{}", 2, 0));
    ck_assert_int_eq(spool_give_up(spool, "run:nobody"), 0);
    ck_assert_ok(spool_flush(spool, LONG_MS));
    spool_close(spool, LONG_MS);
    ck_assert_int_eq(check_log(NULL), 3);
}
END_TEST

/* Given up while a bridge has all of it and answers nothing: nobody waits for it, and what follows arrives. */
START_TEST(lines_given_up_are_not_waited_for)
{
    struct bridge b = {.hold = true};
    struct spool *spool;

    bridge_start(&b);
    spool = spool_start();
    put_range(spool, 1, 20);
    while (b.lines < 20)
        usleep(1000);
    ck_assert_int_le(spool_give_up(spool, RUN), 20); /* fewer when the machine is slow: it was gone around already */
    ck_assert_ok(spool_flush(spool, LONG_MS));
    b.hold = false;
    ck_assert_ok(put(spool, 21, 0));
    ck_assert_ok(spool_flush(spool, LONG_MS));
    spool_close(spool, LONG_MS);
    bridge_stop(&b);
    ck_assert_int_eq(check_log(NULL), 21);
}
END_TEST

/* A name that was used before, as a database from an older copy gives it: what comes under it now is no duplicate. */
START_TEST(a_name_known_to_the_log_is_not_used_again)
{
    struct spool *spool;

    for (int i = 1; i <= 3; i++) {
        ck_assert_ok(spool_open_as(&dd, "run-s1-1", NULL, NULL, &spool, &fault));
        ck_assert_ok(put(spool, i, 0));
        ck_assert_ok(spool_flush(spool, LONG_MS));
        spool_close(spool, LONG_MS);
    }
    ck_assert_int_eq(check_log(NULL), 3);
}
END_TEST

/* Events after a run's end are refused, by the bridge as by the log: they do not hold up what follows. */
START_TEST(refused_events_are_done)
{
    struct bridge b = {0};
    struct spool *spool = spool_start();
    int64_t oids[8];

    put_range(spool, 1, 1);
    ck_assert_ok(spool_append(spool, RUN, "run.finished", "{}", 2, 3));
    ck_assert_ok(put(spool, 99, 4));
    ck_assert_ok(spool_append(spool, "run:other", "log", "{}", 2, 0));
    ck_assert_ok(spool_flush(spool, LONG_MS));
    ck_assert_uint_eq(spool_take_acked(spool, oids, 8), 2);
    bridge_start(&b);
    while (b.lines == 0) {
        ck_assert_ok(spool_append(spool, "run:other", "log", "{}", 2, 0));
        ck_assert_ok(spool_flush(spool, LONG_MS));
    }
    ck_assert_ok(put(spool, 99, 5));
    ck_assert_ok(put(spool, 99, 0));
    ck_assert_ok(spool_flush(spool, LONG_MS));
    ck_assert_int_eq(b.refused, 2);
    ck_assert_uint_eq(spool_take_acked(spool, oids, 8), 1);
    ck_assert_int_eq(oids[0], 5);
    spool_close(spool, LONG_MS);
    bridge_stop(&b);
    ck_assert_int_eq(check_log(NULL), 1);
}
END_TEST

START_TEST(bad_events_are_refused_at_once)
{
    struct spool *spool = spool_start();
    char *big = malloc(EVENT_DATA_MAX + 1);

    ck_assert_int_eq(spool_append(spool, "runs", "log", "{}", 2, 0), RS_INVALID);
    ck_assert_int_eq(spool_append(spool, RUN, "Log", "{}", 2, 0), RS_INVALID);
    ck_assert_int_eq(spool_append(spool, RUN, "log", "[]", 2, 0), RS_INVALID);
    ck_assert_int_eq(spool_append(spool, RUN, "log", "{", 1, 0), RS_INVALID);
    memset(big, ' ', EVENT_DATA_MAX + 1);
    ck_assert_int_eq(spool_append(spool, RUN, "log", big, EVENT_DATA_MAX + 1, 0), RS_LIMIT);
    free(big);
    ck_assert_ok(spool_append(spool, RUN, "log", "{\"i\":\n1}", 8, 0)); /* two lines would be two messages */
    spool_close(spool, LONG_MS);
    ck_assert_int_eq(check_log(NULL), 1);
}
END_TEST

/* In a process of its own: append and flush, telling how far it is safe, until killed. */
static void emit_until_killed(int tell)
{
    struct spool *spool;

    if (spool_open(&dd, "victim", NULL, NULL, &spool, NULL))
        _exit(1);
    for (int i = 1;; i++) {
        if (put(spool, i, 0) || (i % 50 == 0 && spool_flush(spool, LONG_MS)))
            _exit(2);
        if (i % 50 == 0 && write(tell, &i, sizeof i) != sizeof i)
            _exit(3);
    }
}

START_TEST(what_was_acknowledged_survives_kill_9)
{
    struct bridge b = {0};
    int tell[2], safe = 0, n, status, stored;
    pid_t pid;

    ck_assert_int_eq(pipe(tell), 0);
    pid = fork();
    ck_assert_int_ge(pid, 0);
    if (pid == 0)
        emit_until_killed(tell[1]);
    close(tell[1]);
    if (_i == 1)
        bridge_start(&b);
    while (safe < 2000 && read(tell[0], &n, sizeof n) == sizeof n)
        safe = n;
    ck_assert_int_ge(safe, 2000);
    ck_assert_int_eq(kill(pid, SIGKILL), 0);
    ck_assert_int_eq(waitpid(pid, &status, 0), pid);
    ck_assert(WIFSIGNALED(status));
    while (read(tell[0], &n, sizeof n) == sizeof n) /* told before the end */
        safe = n;
    if (_i == 1)
        bridge_stop(&b);
    stored = check_log(NULL);
    ck_assert_int_ge(stored, safe);
    close(tell[0]);
}
END_TEST

static Suite *suite(void)
{
    Suite *s = suite_create("spool");
    TCase *tc = tcase_create("spool");

    tcase_add_checked_fixture(tc, setup, teardown);
    tcase_set_timeout(tc, 120);
    tcase_add_test(tc, events_go_through_the_bridge);
    tcase_add_test(tc, a_late_acknowledgement_is_waited_for);
    tcase_add_test(tc, without_a_bridge_events_go_to_the_log);
    tcase_add_test(tc, a_bridge_that_dies_and_comes_back_loses_nothing);
    tcase_add_test(tc, a_mute_bridge_is_gone_around);
    tcase_add_test(tc, a_full_ring_counts_what_it_drops);
    tcase_add_test(tc, a_name_known_to_the_log_is_not_used_again);
    tcase_add_test(tc, lines_given_up_are_counted);
    tcase_add_test(tc, lines_given_up_are_not_waited_for);
    tcase_add_test(tc, refused_events_are_done);
    tcase_add_test(tc, bad_events_are_refused_at_once);
    tcase_add_loop_test(tc, what_was_acknowledged_survives_kill_9, 0, 2);
    suite_add_tcase(s, tc);
    return s;
}

UNIT_MAIN(suite)
