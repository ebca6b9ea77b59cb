/* Retention: what goes, in what order, and what is remembered of it. */
#include "base/clock.h"
#include "tests/unit/trim.h"

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
    tcase_add_test(tc, age_takes_the_old_of_each_stream);
    tcase_add_test(tc, an_emptied_stream_remembers_its_end);
    tcase_add_test(tc, bytes_take_the_oldest_of_all);
    tcase_add_test(tc, a_step_is_short_and_another_writer_comes_in_between);
    tcase_add_test(tc, silent_producers_are_forgotten);
    suite_add_tcase(s, tc);
    return s;
}

UNIT_MAIN(suite)
