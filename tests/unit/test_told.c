/* Answers of polls that are shared: each poll is told, byte for byte, what it would be told alone. */
#include "bridge/told.h"
#include "bridge/bridge.h"
#include "bridge/group.h"
#include "bridge/stretch.h"
#include "dialect/rows.h"
#include "tests/unit/dialect_help.h"

static struct bridge bridge;

static void setup(void)
{
    struct fault fault;
    instance_setup();
    bridge = (struct bridge){.dd = instance.dd, .config = instance.dd.config, .store = instance.store};
    ck_assert_ok(eventlog_open(&instance.dd, EVENTLOG_READ, NULL, NULL, &bridge.log, &fault));
    uv_loop_init(&bridge.loop);
    bridge.stretches = stretches_new(&bridge);
    bridge.tolds = tolds_new(&bridge);
}

static void teardown(void)
{
    tolds_free(bridge.tolds);
    ck_assert_int_eq(bridge.metrics.values[METRIC_REPLAY_BYTES], 0);
    stretches_free(bridge.stretches);
    eventlog_close(bridge.log);
    ck_assert_int_eq(uv_loop_close(&bridge.loop), 0);
    instance_teardown();
}

static struct feed *open_kind(int kind)
{
    static const char *const streams[] = {"run:a", "run:b", "run:a"};
    return kind < 3 ? open_native(streams + (kind == 2), kind == 0 ? 1 : 2) : open_triple();
}
#define N_KINDS 4 /* of a; of a and b; of b and a; three messages an event */

static int64_t shared(void)
{
    return bridge.metrics.values[METRIC_POLLS_SHARED];
}

/* What this feed is told, and would be alone. Returns whether it says anything. */
static bool ask(struct feed *feed, bool held, struct cursor since, bool strict, const char *group)
{
    struct feed alone = *feed;
    struct poll_said said;
    struct told *told = NULL;
    struct buf text;
    bool empty;
    struct told_place place = held ? told_held(group, feed) : (struct told_place){.group = group, .at = since, .strict = strict};
    buf_init(&text, POLL_TEXT_MAX);
    ck_assert_ok(poll_answer(&alone, held, since, &bridge.store, bridge.log, &text, &said, NULL));
    ck_assert_ok(told_answer(bridge.tolds, &place, feed, &told, &empty, NULL));
    ck_assert_str_eq(told->text, text.data);
    ck_assert_uint_eq(told->len, text.len);
    ck_assert_int_eq(empty, said.empty);
    if (empty) { /* and goes on from there */
        ck_assert_int_eq(feed->at.kind, CURSOR_AT);
        ck_assert_int_eq(feed->at.id, alone.at.id);
        ck_assert_int_eq(feed->at.part, alone.at.part);
        ck_assert_int_eq(feed->whole, alone.whole);
        ck_assert_int_eq(feed->gap_to, alone.gap_to);
    }
    told_unref(told);
    buf_release(&text);
    return !empty;
}

static void ask_once(int kind, const char *since)
{
    struct feed *feed = open_kind(kind);
    char *group = group_key(feed);
    (void)ask(feed, false, cursor_of(since), true, group);
    free(group);
    feed_free(feed);
}

START_TEST(those_woken_together_share_one_answer)
{
    struct feed *feeds[4];
    char *group = NULL;
    append_event("run:a", "log", "{}");
    for (int i = 0; i < 4; i++) {
        feeds[i] = open_kind(i == 3 ? 1 : 0);
        group = i == 0 ? group_key(feeds[0]) : group;
        char *own = group_key(feeds[i]);
        ck_assert(!ask(feeds[i], false, cursor_of("now"), true, own));
        free(own);
        append_event("run:c", "log", "{}"); /* they stand at different ids */
    }
    append_event("run:a", "log", "{\"n\":1}");
    tolds_wake(bridge.tolds);
    for (int i = 0; i < 3; i++) {
        struct told *told;
        bool empty;
        struct told_place place = told_held(group, feeds[i]);
        ck_assert_ok(told_answer(bridge.tolds, &place, feeds[i], &told, &empty, NULL));
        ck_assert_int_eq(shared(), i);
        ck_assert_int_eq(bridge.metrics.values[METRIC_REPLAY_BYTES], told->len);
        told_unref(told);
    }
    char *other = group_key(feeds[3]);
    ck_assert(ask(feeds[3], true, cursor_of(""), false, other));
    ck_assert_int_eq(shared(), 2);
    for (int i = 0; i < 4; i++)
        feed_free(feeds[i]);
    free(other);
    free(group);
}
END_TEST

START_TEST(those_who_ask_share_while_the_log_is_the_same)
{
    append_event("run:a", "log", "{\"n\":1}");
    append_event("run:a", "log", "{\"n\":2}");
    for (int i = 0; i < 3; i++)
        ask_once(0, "start");
    ck_assert_int_eq(shared(), 2);
    ask_once(0, "1");
    ck_assert_int_eq(shared(), 2);
    append_event("run:a", "log", "{\"n\":3}");
    ask_once(0, "start");
    ck_assert_int_eq(shared(), 2);
    trim_log("run:a", 1);
    ask_once(0, "start"); /* what is missing is said */
    ask_once(0, "start");
    ck_assert_int_eq(shared(), 2);
    ask_once(0, "1");
    ask_once(0, "1");
    ck_assert_int_eq(shared(), 3);
    append_event("run:a", "run.finished", "{}");
    ask_once(0, "2");
    ask_once(0, "2"); /* with the run's end */
    ck_assert_int_eq(shared(), 4);
}
END_TEST

/* Polls come, are held, and are woken, in any order, while the log grows and loses events. */
START_TEST(everyone_is_told_what_it_would_be_told_alone)
{
    enum { N = 24 };
    static const char *const names[] = {"run:a", "run:b", "run:c"}, *const types[] = {"log", "node.started", "run.progress"};
    struct { struct feed *feed; char *group; } polls[N] = {{NULL, NULL}};
    int64_t head = 0, of_a[200];
    int n_of_a = 0, n_trimmed = 0;
    srand((unsigned)_i);
    for (int round = 0; round < 60; round++) {
        tolds_wake(bridge.tolds);
        for (int i = 0; i < N; i++) { /* those that are held */
            if (!polls[i].feed || !ask(polls[i].feed, true, cursor_of(""), false, polls[i].group))
                continue;
            feed_free(polls[i].feed);
            free(polls[i].group);
            polls[i].feed = NULL;
        }
        for (int i = 0; i < N; i++) {
            char since[CURSOR_TEXT_MAX];
            if (polls[i].feed)
                continue;
            struct feed *feed = open_kind(rand() % N_KINDS);
            char *group = group_key(feed);
            int64_t id = head > 3 ? head - 3 + rand() % 5 : rand() % 3; /* one in a while is beyond the end */
            cursor_format(id, rand() % 3, since);
            if (!ask(feed, false, rand() % 8 ? cursor_of(since) : cursor_of(rand() % 2 ? "start" : ""), rand() % 2, group)) {
                polls[i].feed = feed;
                polls[i].group = group;
                continue;
            }
            feed_free(feed);
            free(group);
        }
        for (int n = rand() % 4, name; n > 0; n--) {
            name = rand() % 3;
            head = append_event(names[name], types[rand() % 3], "{\"x\":\"y\"}");
            if (name == 0)
                of_a[n_of_a++] = head;
        }
        if (rand() % 8 == 0 && n_trimmed < n_of_a)
            trim_log("run:a", of_a[n_trimmed++]);
    }
    for (int i = 0; i < N; i++)
        if (polls[i].feed) {
            feed_free(polls[i].feed);
            free(polls[i].group);
        }
    ck_assert_int_gt(shared(), 0);
}
END_TEST

/* A poll that is to wait may lack what comes while the requests of one turn are answered: it is woken for that. */
START_TEST(who_waits_is_held_where_another_found_nothing)
{
    int64_t head = append_event("run:a", "log", "{}");
    char since[CURSOR_TEXT_MAX];
    struct feed *feeds[3];
    cursor_format(head, 0, since);
    tolds_wake(bridge.tolds);
    for (int i = 0; i < 3; i++) {
        struct told *told;
        bool empty;
        feeds[i] = open_kind(0);
        char *group = group_key(feeds[i]);
        struct told_place place = {.group = group, .at = cursor_of(since), .strict = i == 2};
        ck_assert_ok(told_answer(bridge.tolds, &place, feeds[i], &told, &empty, NULL));
        ck_assert_int_eq(empty, i < 2);
        ck_assert_int_eq(feeds[i]->at.id, i < 2 ? head : head + 1);
        told_unref(told);
        free(group);
        if (i == 0)
            append_event("run:a", "log", "{}");
    }
    tolds_wake(bridge.tolds);
    for (int i = 0; i < 2; i++) {
        char *group = group_key(feeds[i]);
        ck_assert(ask(feeds[i], true, cursor_of(""), false, group));
        free(group);
    }
    ck_assert_int_eq(shared(), 1);
    for (int i = 0; i < 3; i++)
        feed_free(feeds[i]);
}
END_TEST

START_TEST(what_is_kept_is_bounded_and_forgotten)
{
    append_event("run:a", "log", "{}");
    for (int i = 0; i < 40; i++) {
        char since[CURSOR_TEXT_MAX];
        append_event("run:a", "log", "{}");
        ask_once(0, cursor_format(i, 0, since));
    }
    ck_assert_int_gt(bridge.metrics.values[METRIC_REPLAY_BYTES], 0);
    for (int i = 0; i < 20; i++) {
        char since[CURSOR_TEXT_MAX];
        ask_once(0, cursor_format(i, 0, since));
    }
    ask_once(0, "0"); /* the newest are kept: this one is not any more */
    ck_assert_int_eq(shared(), 0);
    uint64_t until = uv_now(&bridge.loop) + TOLD_KEPT_MS;
    while (uv_now(&bridge.loop) < until)
        uv_update_time(&bridge.loop);
    tolds_sweep(bridge.tolds);
    ck_assert_int_eq(bridge.metrics.values[METRIC_REPLAY_BYTES], 0);
}
END_TEST

static Suite *suite(void)
{
    Suite *s = suite_create("told");
    TCase *t = tcase_create("told");
    tcase_add_checked_fixture(t, setup, teardown);
    tcase_set_timeout(t, 60);
    tcase_add_test(t, those_woken_together_share_one_answer);
    tcase_add_test(t, those_who_ask_share_while_the_log_is_the_same);
    tcase_add_loop_test(t, everyone_is_told_what_it_would_be_told_alone, 0, 8);
    tcase_add_test(t, who_waits_is_held_where_another_found_nothing);
    tcase_add_test(t, what_is_kept_is_bounded_and_forgotten);
    suite_add_tcase(s, t);
    return s;
}
UNIT_MAIN(suite)
