/* Pending lines: each once, whatever happens to the drainer; nothing of a file that is still written to is lost. */
#include "event/pending.h"
#include "tests/unit/instance.h"
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static struct datadir dd;
static struct eventlog *log_;
static struct pending *pending_;
static struct fault fault;
static char folder[PATH_MAX];

#define EVENT(message) "{\"stream\":\"run:a\",\"type\":\"log\",\"data\":{\"message\":\"" message "\"}}\n"
#define NUMBERED(n, message) "{\"n\":" #n ",\"stream\":\"run:a\",\"type\":\"log\",\"data\":{\"message\":\"" message "\"}}\n"

static void open_log(void)
{
    ck_assert_msg(eventlog_open(&dd, EVENTLOG_WRITE, NULL, NULL, &log_, &fault) == RS_OK, "%s", fault.message);
}

static void setup(void)
{
    instance_open(&dd, NULL);
    datadir_path(&dd, folder, "pending");
    open_log();
    pending_ = pending_new(&dd, 0);
}

static void teardown(void)
{
    pending_free(pending_);
    eventlog_close(log_);
    instance_close(&dd);
}

static void append(const char *name, const char *text)
{
    char path[PATH_MAX];
    int fd = open(unit_path(path, folder, name), O_WRONLY | O_APPEND | O_CREAT, 0660);

    ck_assert_int_ge(fd, 0);
    ck_assert_int_eq(write(fd, text, strlen(text)), (ssize_t)strlen(text));
    close(fd);
}

static struct pending_drained drain(void)
{
    struct pending_drained sum = {0}, step;
    int steps = 0;

    do {
        ck_assert_msg(pending_step(pending_, log_, &step, &fault) == RS_OK, "%s", fault.message);
        sum.stored += step.stored;
        sum.duplicates += step.duplicates;
        sum.rejected += step.rejected;
        sum.waiting = step.waiting;
        ck_assert_int_lt(++steps, 10000);
    } while (step.more);
    return sum;
}

static void forget(void)
{
    pending_free(pending_);
    pending_ = pending_new(&dd, 0);
}

static bool exists(const char *name)
{
    char path[PATH_MAX];

    return access(unit_path(path, folder, name), F_OK) == 0;
}

/* Visible files there, but for rejected lines. */
static int n_files(void)
{
    char command[PATH_MAX + 64], text[32] = "";
    FILE *f;

    snprintf(command, sizeof command, "ls %s | grep -vc rejected", folder);
    f = popen(command, "r");
    ck_assert_ptr_nonnull(f);
    ck_assert_ptr_nonnull(fgets(text, sizeof text, f));
    pclose(f);
    return atoi(text);
}

/* The messages of run:a, joined. */
static const char *messages(void)
{
    static char text[65536];
    const char *stream = "run:a";
    struct eventlog_query query = {.streams = &stream, .n_streams = 1};
    struct event **events;
    int64_t examined;
    int n;

    text[0] = '\0';
    ck_assert_ok(eventlog_read(log_, &query, 5000, &events, &n, &examined, &fault));
    for (int i = 0; i < n; i++) {
        struct json_object *data = event_data(events[i]), *message;
        ck_assert(json_object_object_get_ex(data, "message", &message));
        snprintf(text + strlen(text), sizeof text - strlen(text), "%s ", json_object_get_string(message));
        json_object_put(data);
    }
    eventlog_events_free(events, n);
    return text;
}

static int64_t count(void)
{
    struct eventlog_stream stream = {0};

    return eventlog_stream(log_, "run:a", &stream, NULL) ? 0 : stream.last_seq;
}

START_TEST(lines_are_stored_and_the_file_goes)
{
    struct pending_drained d;

    append("x.jsonl", EVENT("a") EVENT("b"));
    append("y.jsonl", EVENT("c"));
    d = drain();
    ck_assert_int_eq(d.stored, 3);
    ck_assert(!d.waiting);
    ck_assert_int_eq(n_files(), 0);
    append("x.jsonl", EVENT("d")); /* its first line is not taken for the other file's */
    ck_assert_int_eq(drain().stored, 1);
    ck_assert_int_eq(count(), 4);
    ck_assert_int_eq(drain().stored, 0);
}
END_TEST

START_TEST(a_half_line_waits_for_its_newline)
{
    struct pending_drained d;

    append("x.jsonl", EVENT("a") "{\"stream\":\"run:a\",\"type\":\"log\",");
    d = drain();
    ck_assert_int_eq(d.stored, 1);
    ck_assert(d.waiting);
    ck_assert(exists("x.jsonl"));
    ck_assert_int_eq(drain().stored, 0);
    append("x.jsonl", "\"data\":{\"message\":\"b\"}}\n");
    ck_assert_int_eq(drain().stored, 1);
    ck_assert_str_eq(messages(), "a b ");
    ck_assert_int_eq(n_files(), 0);
}
END_TEST

START_TEST(a_line_never_completed_is_refused_in_the_end)
{
    char path[PATH_MAX];
    struct timespec times[2] = {{.tv_sec = 1000000000}, {.tv_sec = 1000000000}};
    struct pending_drained d;

    append("x.jsonl", EVENT("a") "{\"stream\":");
    ck_assert_int_eq(utimensat(AT_FDCWD, unit_path(path, folder, "x.jsonl"), times, 0), 0);
    d = drain();
    ck_assert_int_eq(d.stored, 1);
    ck_assert_int_eq(d.rejected, 1);
    ck_assert_int_eq(n_files(), 0);
}
END_TEST

/* Killed after the commit, before the files were removed: all is read again, nothing stored again. */
START_TEST(a_drainer_that_forgot_everything_stores_nothing_twice)
{
    struct pending_drained d;

    pending_free(pending_);
    pending_ = pending_new(&dd, INT64_C(1) << 40); /* the file stays */
    append("x.jsonl", EVENT("a") NUMBERED(1, "b") "rubbish\n" EVENT("c") NUMBERED(2, "d"));
    d = drain();
    ck_assert_int_eq(d.stored, 4);
    ck_assert_int_eq(d.rejected, 1);
    ck_assert_int_eq(n_files(), 1);
    forget();
    d = drain();
    ck_assert_int_eq(d.stored, 0);
    ck_assert_int_eq(d.rejected, 0);
    ck_assert_int_eq(d.duplicates, 5);
    ck_assert_str_eq(messages(), "a b c d ");
    ck_assert_int_eq(n_files(), 0);
}
END_TEST

START_TEST(a_drainer_killed_anywhere_loses_and_doubles_nothing)
{
    int rounds = 0, written = 0;
    char line[200];

    for (; rounds < 30; rounds++) {
        for (int i = 0; i < 400; i++) {
            snprintf(line, sizeof line, EVENT("%d"), written++);
            append(i % 2 ? "x.jsonl" : "y.jsonl", line);
        }
        eventlog_close(log_);
        log_ = NULL;
        pid_t pid = fork();
        ck_assert_int_ge(pid, 0);
        if (pid == 0) {
            struct pending_drained step;
            forget();
            open_log();
            for (;;)
                if (pending_step(pending_, log_, &step, &fault))
                    _exit(1);
        }
        usleep((useconds_t)(rand() % 15000)); /* anywhere */
        kill(pid, SIGKILL);
        waitpid(pid, NULL, 0);
        open_log();
    }
    forget();
    drain();
    ck_assert_int_eq(count(), written);
    ck_assert_int_eq(n_files(), 0);
}
END_TEST

START_TEST(numbered_lines_are_the_producers_own)
{
    struct eventlog_entry e = {.stream = "run:a", .type = "log", .data = "{\"message\":\"sent\"}", .data_len = 18,
                               .producer = "x", .producer_seq = 7};
    int64_t last;

    ck_assert_ok(eventlog_append(log_, &e, 1, &fault));
    event_unref(e.event);
    append("x.jsonl", NUMBERED(6, "old") NUMBERED(7, "sent") NUMBERED(8, "new"));
    ck_assert_int_eq(drain().stored, 1);
    ck_assert_str_eq(messages(), "sent new ");
    ck_assert_ok(eventlog_producer(log_, "x", &last, &fault));
    ck_assert_int_eq(last, 8);
}
END_TEST

START_TEST(bad_lines_are_kept_apart_with_a_reason)
{
    char path[PATH_MAX], *text;
    struct pending_drained d;
    static char lengthy[EVENT_LINE_MAX * 3];

    memset(lengthy, 'x', sizeof lengthy - 1);
    append("x.jsonl", "no json\n{\"hello\":1,\"producer\":\"p\"}\n{\"stream\":\"bad\",\"type\":\"log\",\"data\":{}}\n\n");
    append("x.jsonl", lengthy);
    append("x.jsonl", "\n" EVENT("a"));
    append("x.jsonl", "{\"stream\":\"run:a\",\"type\":\"run.finished\",\"data\":{\"message\":\"end\"}}\n" EVENT("late"));
    d = drain();
    ck_assert_int_eq(d.stored, 2);
    ck_assert_int_eq(d.rejected, 5);
    ck_assert_str_eq(messages(), "a end ");
    ck_assert_ok(file_read(unit_path(path, folder, "x.rejected"), 1 << 20, &text, NULL, &fault));
    ck_assert_ptr_nonnull(strstr(text, "\"line\":\"no json\"}\n"));
    ck_assert_ptr_nonnull(strstr(text, "{\"reason\":\"not an event\""));
    ck_assert_ptr_nonnull(strstr(text, "{\"reason\":\"the line is too long\",\"line\":\"xxx"));
    ck_assert_ptr_nonnull(strstr(text, "{\"reason\":\"the run has ended\""));
    free(text);
    ck_assert_int_eq(n_files(), 0);
}
END_TEST

START_TEST(an_emitter_that_has_it_open_is_waited_for)
{
    char path[PATH_MAX];
    int fd = open(unit_path(path, folder, "x.jsonl"), O_WRONLY | O_APPEND | O_CREAT, 0660);
    static const char first[] = EVENT("a"), second[] = EVENT("b"), third[] = EVENT("c");

    ck_assert_int_eq(flock(fd, LOCK_SH), 0);
    ck_assert_int_eq(write(fd, first, strlen(first)), (ssize_t)strlen(first));
    ck_assert(drain().waiting);
    ck_assert(exists("x.jsonl"));
    ck_assert_int_eq(write(fd, second, strlen(second)), (ssize_t)strlen(second));
    ck_assert_int_eq(drain().stored, 1);
    forget();
    ck_assert_int_eq(write(fd, third, strlen(third)), (ssize_t)strlen(third));
    ck_assert_int_eq(drain().stored, 1);
    close(fd);
    drain();
    ck_assert_int_eq(n_files(), 0);
    ck_assert_str_eq(messages(), "a b c ");
}
END_TEST

/* Without the lock: what is written soon after the file was drained is found by its second name. */
START_TEST(what_is_written_late_is_found)
{
    char path[PATH_MAX];
    int fd = open(unit_path(path, folder, "x.jsonl"), O_WRONLY | O_APPEND | O_CREAT, 0660);
    static const char late[] = EVENT("late");
    struct pending_drained d;

    append("x.jsonl", EVENT("a"));
    ck_assert_ok(eventlog_drain_pending(&dd, log_, &d, &fault));
    ck_assert_int_eq(d.stored, 1);
    ck_assert(d.waiting);
    ck_assert(!exists("x.jsonl"));
    append("x.jsonl", EVENT("new"));
    ck_assert_int_eq(write(fd, late, strlen(late)), (ssize_t)strlen(late));
    close(fd);
    d = drain();
    ck_assert_int_eq(d.stored, 2);
    ck_assert_int_eq(count(), 3);
    ck_assert_int_eq(n_files(), 0);
}
END_TEST

START_TEST(one_drainer_at_a_time)
{
    char path[PATH_MAX];
    int fd = open(unit_path(path, folder, ".lock"), O_RDWR | O_CREAT, 0660);
    struct pending_drained d;

    append("x.jsonl", EVENT("a"));
    ck_assert_int_eq(flock(fd, LOCK_EX), 0);
    d = drain();
    ck_assert_int_eq(d.stored, 0);
    ck_assert(d.waiting);
    close(fd);
    ck_assert_int_eq(drain().stored, 1);
}
END_TEST

START_TEST(what_is_no_file_of_ours_is_left_alone)
{
    char path[PATH_MAX];

    ck_assert_int_eq(symlink("/etc/passwd", unit_path(path, folder, "link.jsonl")), 0);
    ck_assert_int_eq(mkfifo(unit_path(path, folder, "fifo.jsonl"), 0600), 0);
    ck_assert_int_eq(mkdir(unit_path(path, folder, "dir.jsonl"), 0700), 0);
    append("bad name.jsonl", EVENT("a"));
    append(".jsonl", EVENT("a"));
    append("x.short.taken", EVENT("a"));
    append("notes.txt", EVENT("a"));
    ck_assert_int_eq(drain().stored, 0);
    ck_assert_int_eq(n_files(), 6);
}
END_TEST

static Suite *suite(void)
{
    Suite *s = suite_create("pending");
    TCase *tc = tcase_create("pending");

    tcase_add_checked_fixture(tc, setup, teardown);
    tcase_set_timeout(tc, 120);
    tcase_add_test(tc, lines_are_stored_and_the_file_goes);
    tcase_add_test(tc, a_half_line_waits_for_its_newline);
    tcase_add_test(tc, a_line_never_completed_is_refused_in_the_end);
    tcase_add_test(tc, a_drainer_that_forgot_everything_stores_nothing_twice);
    tcase_add_test(tc, a_drainer_killed_anywhere_loses_and_doubles_nothing);
    tcase_add_test(tc, numbered_lines_are_the_producers_own);
    tcase_add_test(tc, bad_lines_are_kept_apart_with_a_reason);
    tcase_add_test(tc, an_emitter_that_has_it_open_is_waited_for);
    tcase_add_test(tc, what_is_written_late_is_found);
    tcase_add_test(tc, one_drainer_at_a_time);
    tcase_add_test(tc, what_is_no_file_of_ours_is_left_alone);
    suite_add_tcase(s, tc);
    return s;
}

UNIT_MAIN(suite)
