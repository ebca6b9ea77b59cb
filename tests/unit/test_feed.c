/* Feeds: cursors, cuts at every message, gaps in their place, ends, polls. A test-only endpoint gives up to three
 * messages an event, as the later dialects do. */
#include "dialect/one_run.h"
#include "tests/unit/dialect_help.h"

/* The expected ids are written down while the events are appended, independently of feeds. */
static struct taken expected;

static void expect(int64_t event_id, int n)
{
    for (int i = 0; i < n; i++) {
        char id[CURSOR_TEXT_MAX];
        if (i == 0)
            snprintf(id, sizeof(id), "%lld", (long long)event_id);
        else
            snprintf(id, sizeof(id), "%lld.%d", (long long)event_id, i);
        memcpy(expected.at[expected.n].id, id, sizeof(id));
        expected.at[expected.n++].json = NULL;
    }
}

static void append_mixture(void)
{
    append_event("run:a", "run.started", "{}");
    for (int i = 0; i < 4; i++) {
        append_event("run:b", "log", "{}");
        expect(append_event("run:a", "log", "{\"message\":\"x\"}"), 3);
        expect(append_event("run:a", "node.started", "{\"nodeId\":\"n\"}"), 1);
        append_event("run:a", "run.progress", "{}");
        append_event("run:b", "node.started", "{}");
    }
    expect(append_event("run:a", "log", "{}"), 3);
}

static void assert_expected(const struct taken *taken, int from, const char *how, int k)
{
    ck_assert_msg(taken->n == expected.n - from, "%s %d: %d messages instead of %d", how, k, taken->n,
                  expected.n - from);
    for (int i = 0; i < taken->n; i++)
        ck_assert_msg(strcmp(taken->at[i].id, expected.at[from + i].id) == 0, "%s %d: message %d is %s instead of %s",
                      how, k, i, taken->at[i].id, expected.at[from + i].id);
}

START_TEST(whole_sequence_whatever_the_chunk)
{
    append_mixture();
    for (int max = 1; max < 25; max++) {
        struct feed *feed = open_triple();
        static struct taken taken;
        start_feed(feed, "start", &taken);
        read_feed(feed, max, &taken);
        assert_expected(&taken, 0, "chunks of", max);
        taken_clear(&taken);
        feed_free(feed);
    }
}
END_TEST

START_TEST(every_cut_resumes_by_cursor)
{
    append_mixture();
    static struct taken taken;
    for (int k = 1; k <= expected.n; k++) {
        for (int max = 1; max <= 8; max += 7) {
            struct feed *feed = open_triple();
            start_feed(feed, expected.at[k - 1].id, &taken);
            read_feed(feed, max, &taken);
            assert_expected(&taken, k, "cut after", k);
            taken_clear(&taken);
            feed_free(feed);
        }
    }
}
END_TEST

START_TEST(every_refusal_is_given_again)
{
    append_mixture();
    static struct taken taken;
    for (int k = 1; k <= expected.n; k++) {
        struct feed *feed = open_triple();
        start_feed(feed, "start", &taken);
        taken.room = k;
        read_feed(feed, 5, &taken);
        ck_assert_int_eq(taken.n, k);
        struct cursor last = cursor_of(expected.at[k - 1].id);
        ck_assert_int_ge(feed->at.id, last.id); /* beyond it when what follows gives no message */
        if (feed->at.id == last.id)
            ck_assert_int_eq(feed->at.part, last.part);
        taken.room = 0;
        read_feed(feed, 5, &taken);
        assert_expected(&taken, 0, "refused after", k);
        taken_clear(&taken);
        feed_free(feed);
    }
}
END_TEST

/* Ids of `events` of an answer go to taken; returns `next` (static). */
static const char *poll_once(struct feed *feed, const char *since, struct taken *taken, bool *ret_end)
{
    static char next[CURSOR_TEXT_MAX];
    struct fault fault = {0};
    struct buf out;
    struct poll_said said;
    buf_init(&out, POLL_TEXT_MAX);
    ck_assert_msg(poll_answer(feed, false, cursor_of(since), &instance.store, instance.log, &out, &said, &fault) ==
                      RS_OK,
                  "%s", fault.message);
    struct json_object *answer = parse(out.data), *events = json_get_array(answer, "events");
    ck_assert_ptr_nonnull(events);
    for (size_t i = 0; i < json_object_array_length(events); i++) {
        struct json_object *message = json_object_array_get_idx(events, i);
        const char *text = json_text(message, NULL);
        take(taken, json_get_string(message, "id", NULL), text, strlen(text));
    }
    bool end = json_get_bool(answer, "end", false);
    ck_assert_int_eq(said.empty, json_object_array_length(events) == 0 && !end);
    if (ret_end)
        *ret_end = end;
    snprintf(next, sizeof(next), "%s", json_get_string(answer, "next", "(null)"));
    ck_assert_ok(cursor_parse(next, &(struct cursor){.id = 0}));
    json_object_put(answer);
    buf_release(&out);
    return next;
}

START_TEST(polls_at_every_moment_give_the_sequence)
{
    /* One poll after each append, each with a new feed and the `next` of the last. */
    static struct taken taken;
    char next[CURSOR_TEXT_MAX] = "start";
    static const char *const types[] = {"log", "run.progress", "node.started", "log", "log"};
    for (int i = 0; i < 20; i++) {
        const char *type = types[i % 5];
        int64_t id = append_event(i % 4 == 3 ? "run:b" : "run:a", type, "{}");
        if (i % 4 != 3)
            expect(id, strcmp(type, "log") == 0 ? 3 : strcmp(type, "node.started") == 0 ? 1 : 0);
        struct feed *feed = open_triple();
        snprintf(next, sizeof(next), "%s", poll_once(feed, next, &taken, NULL));
        assert_expected(&taken, 0, "poll", i);
        feed_free(feed);
    }
    taken_clear(&taken);
}
END_TEST

START_TEST(next_is_the_last_position_examined)
{
    static struct taken taken;
    struct feed *feed = open_triple();
    ck_assert_str_eq(poll_once(feed, "now", &taken, NULL), "0");
    feed_free(feed);
    int64_t three = append_event("run:a", "log", "{}");
    char want[CURSOR_TEXT_MAX];
    feed = open_triple();
    snprintf(want, sizeof(want), "%lld.2", (long long)three);
    ck_assert_str_eq(poll_once(feed, "start", &taken, NULL), want);
    feed_free(feed);
    int64_t other = append_event("run:b", "log", "{}");
    feed = open_triple();
    snprintf(want, sizeof(want), "%lld", (long long)other);
    ck_assert_str_eq(poll_once(feed, "start", &taken, NULL), want);
    feed_free(feed);
    taken_clear(&taken);
}
END_TEST

START_TEST(poll_stops_at_its_byte_limit_and_goes_on)
{
    size_t len = 300000;
    char *data = malloc(len + 1);
    ck_assert_ptr_nonnull(data);
    int at = snprintf(data, len, "{\"message\":\"");
    memset(data + at, 'x', len - (size_t)at - 2);
    memcpy(data + len - 2, "\"}", 3);
    for (int i = 0; i < 8; i++)
        expect(append_event("run:a", "log", data), 1);
    free(data);
    static struct taken taken;
    char next[CURSOR_TEXT_MAX] = "start";
    int polls = 0;
    while (taken.n < 8 && polls++ < 8) {
        const char *stream = "run:a";
        struct feed *feed = open_native(&stream, 1);
        int before = taken.n;
        snprintf(next, sizeof(next), "%s", poll_once(feed, next, &taken, NULL));
        ck_assert_int_gt(taken.n, before);
        feed_free(feed);
    }
    ck_assert_int_gt(polls, 1);
    assert_expected(&taken, 0, "polls", polls);
    taken_clear(&taken);
}
END_TEST

START_TEST(without_since_native_means_now)
{
    append_event("run:a", "log", "{}");
    const char *stream = "run:a";
    struct feed *feed = open_native(&stream, 1);
    static struct taken taken;
    start_feed(feed, "", &taken);
    read_feed(feed, 10, &taken);
    ck_assert_int_eq(taken.n, 0);
    expect(append_event("run:a", "log", "{}"), 1);
    read_feed(feed, 10, &taken);
    assert_expected(&taken, 0, "live", 0);
    taken_clear(&taken);
    feed_free(feed);
}
END_TEST

START_TEST(an_event_of_several_streams_comes_once)
{
    const char *streams[] = {"run:a", "run:*", "runs", "run:b", "run:a"};
    expect(append_event("run:a", "log", "{}"), 1);
    expect(append_event("run:b", "log", "{}"), 1);
    expect(append_event("run:c", "log", "{}"), 1);
    struct feed *feed = open_native(streams, 5);
    ck_assert_int_eq(feed->n_streams, 4);
    ck_assert_str_eq(feed->run_id, "");
    static struct taken taken;
    start_feed(feed, "start", &taken);
    read_feed(feed, 2, &taken);
    assert_expected(&taken, 0, "streams", 4);
    taken_clear(&taken);
    feed_free(feed);
}
END_TEST

START_TEST(streams_change_and_the_run_is_known_again)
{
    const char *stream = "run:a";
    struct feed *feed = open_native(&stream, 1);
    ck_assert_str_eq(feed->run_id, "a");
    ck_assert_ok(feed_add_stream(feed, "run:b"));
    ck_assert_str_eq(feed->run_id, "");
    feed_remove_stream(feed, "run:a");
    ck_assert_str_eq(feed->run_id, "b");
    feed_remove_stream(feed, "run:nobody");
    ck_assert_int_eq(feed->n_streams, 1);
    ck_assert_int_eq(feed_add_stream(feed, "run:"), RS_INVALID);
    feed_free(feed);
    const char *wild = "run:*";
    feed = open_native(&wild, 1);
    ck_assert_str_eq(feed->run_id, "");
    feed_free(feed);
}
END_TEST

START_TEST(bad_streams_are_refused)
{
    struct path_params params;
    const struct endpoint *native = endpoint_find("", &params);
    const char *bad[] = {"run:a", "nonsense:b"};
    struct fault fault = {0};
    struct feed *feed = NULL;
    ck_assert_int_eq(feed_open(native, &params, bad, 2, &instance.store, "default", &feed, &fault), RS_INVALID);
    ck_assert_int_eq(feed_open(native, &params, bad, 0, &instance.store, "default", &feed, &fault), RS_INVALID);
    ck_assert_ptr_null(feed);
    static char names[FEED_STREAMS_MAX + 1][16];
    static const char *many[FEED_STREAMS_MAX + 1];
    for (int i = 0; i <= FEED_STREAMS_MAX; i++) {
        snprintf(names[i], sizeof(names[i]), "run:%d", i);
        many[i] = names[i];
    }
    ck_assert_int_eq(feed_open(native, &params, many, FEED_STREAMS_MAX + 1, &instance.store, "default", &feed, &fault),
                     RS_LIMIT);
    ck_assert_ok(feed_open(native, &params, many, FEED_STREAMS_MAX, &instance.store, "default", &feed, &fault));
    feed_free(feed);
}
END_TEST

START_TEST(another_org_sees_nothing)
{
    append_event("run:a", "log", "{}");
    struct path_params params;
    const struct endpoint *native = endpoint_find("", &params);
    const char *stream = "run:a";
    struct feed *feed = NULL;
    ck_assert_ok(feed_open(native, &params, &stream, 1, &instance.store, "foreign", &feed, NULL));
    static struct taken taken;
    start_feed(feed, "start", &taken);
    read_feed(feed, 10, &taken);
    ck_assert_int_eq(taken.n, 0);
    append_event("run:a", "run.finished", "{}");
    ck_assert(!ended(feed));
    feed_free(feed);
}
END_TEST

START_TEST(live_events_are_wanted_once)
{
    struct feed *feed = open_triple();
    static struct taken taken;
    int64_t id = append_event("run:a", "log", "{}");
    start_feed(feed, "start", &taken);
    taken.room = 2;
    read_feed(feed, 10, &taken); /* N and N.1 */
    struct home *home = home_new("run:a", "default", NULL, 0);
    struct event *same = event_new(id, 1, 0, home, "log", "{}", 2),
                 *later = event_new(id + 1, 2, 0, home, "log", "{}", 2);
    ck_assert(feed_wants(feed, same)); /* N.2 is missing */
    feed_passed(feed, id, 3);
    ck_assert(!feed_wants(feed, same));
    ck_assert(feed_wants(feed, later));
    ck_assert_int_eq(feed->at.part, 2);
    event_unref(same);
    event_unref(later);
    home_unref(home);
    taken_clear(&taken);
    feed_free(feed);
}
END_TEST

static void assert_gap(const char *json, const char *op, const char *stream, int64_t first, int64_t last)
{
    char want[256];
    snprintf(want, sizeof(want), "{\"%s\":\"gap\",\"stream\":\"%s\",\"first\":\"%lld\",\"last\":\"%lld\"}", op, stream,
             (long long)first, (long long)last);
    ck_assert_str_eq(json, want);
}

START_TEST(a_cursor_beyond_the_end_gets_a_gap_then_live)
{
    int64_t head = append_event("run:a", "log", "{}");
    char since[CURSOR_TEXT_MAX];
    snprintf(since, sizeof(since), "%lld", (long long)head + 1000);
    const char *stream = "run:a";
    struct feed *feed = open_native(&stream, 1);
    static struct taken taken;
    start_feed(feed, since, &taken);
    ck_assert_int_eq(taken.n, 1);
    ck_assert_str_eq(taken.at[0].id, "");
    assert_gap(taken.at[0].json, "op", "run:a", head + 1, head + 1000);
    ck_assert_int_eq(feed->at.id, head);
    taken_clear(&taken);
    expect(append_event("run:a", "log", "{}"), 1);
    read_feed(feed, 10, &taken);
    assert_expected(&taken, 0, "live", 0);
    feed_free(feed);
    /* The same in a poll, where next must not be the future cursor. */
    taken_clear(&taken);
    feed = open_triple();
    snprintf(since, sizeof(since), "%lld", (long long)head + 1000);
    char next[CURSOR_TEXT_MAX];
    snprintf(next, sizeof(next), "%lld", (long long)head + 1);
    ck_assert_str_eq(poll_once(feed, since, &taken, NULL), next);
    assert_gap(taken.at[0].json, "type", "run:a", head + 2, head + 1000);
    taken_clear(&taken);
    feed_free(feed);
}
END_TEST

START_TEST(gaps_stand_in_their_place)
{
    int64_t first_a = append_event("run:a", "log", "{}");
    int64_t last_a = append_event("run:a", "log", "{}");
    expect(append_event("run:b", "log", "{}"), 1);
    expect(append_event("run:a", "log", "{}"), 1);
    int64_t gone_b = append_event("run:b", "log", "{}");
    expect(append_event("run:a", "log", "{}"), 1);
    trim_log("run:a", last_a);
    const char *a = "run:a";
    static struct taken taken;
    for (int max = 1; max < 5; max++) {
        struct feed *feed = open_native(&a, 1);
        start_feed(feed, "start", &taken);
        read_feed(feed, max, &taken);
        ck_assert_int_eq(taken.n, 3);
        assert_gap(taken.at[0].json, "op", "run:a", first_a, last_a);
        ck_assert_str_eq(taken.at[1].id, expected.at[1].id);
        ck_assert_str_eq(taken.at[2].id, expected.at[2].id);
        taken_clear(&taken);
        feed_free(feed);
    }
    /* Refused, the gap is given again, and only then. */
    struct feed *feed = open_native(&a, 1);
    struct message_sink none = {take, &taken};
    taken.room = 1;
    taken.n = 1;
    taken.at[0].json = NULL;
    start_feed(feed, "start", &taken);
    bool more = false;
    ck_assert_ok(feed_read(feed, instance.log, 10, &none, &more, NULL));
    ck_assert(more);
    ck_assert_int_eq(feed->at.id, 0);
    taken_clear(&taken);
    read_feed(feed, 1, &taken);
    ck_assert_int_eq(taken.n, 3);
    assert_gap(taken.at[0].json, "op", "run:a", first_a, last_a);
    taken_clear(&taken);
    feed_free(feed);
    /* A cursor inside the removed part: only what comes after it is missing. One behind it: nothing is. */
    char since[CURSOR_TEXT_MAX];
    feed = open_native(&a, 1);
    start_feed(feed, cursor_format(first_a, 0, since), &taken);
    read_feed(feed, 10, &taken);
    ck_assert_int_eq(taken.n, 3);
    assert_gap(taken.at[0].json, "op", "run:a", first_a + 1, last_a);
    taken_clear(&taken);
    feed_free(feed);
    feed = open_native(&a, 1);
    start_feed(feed, cursor_format(last_a, 0, since), &taken);
    read_feed(feed, 10, &taken);
    ck_assert_int_eq(taken.n, 2);
    taken_clear(&taken);
    feed_free(feed);
    /* Of two streams, each gap comes before the first event above it. */
    trim_log("run:b", gone_b);
    const char *both[] = {"run:a", "run:b"};
    feed = open_native(both, 2);
    start_feed(feed, "start", &taken);
    read_feed(feed, 1, &taken);
    int64_t told = 0;
    int events = 0;
    for (int i = 0; i < taken.n; i++) {
        struct json_object *message = parse(taken.at[i].json);
        if (taken.at[i].id[0] == '\0')
            told = strtoll(json_get_string(message, "last", "0"), NULL, 10);
        else if (events++ == 1)
            ck_assert_int_ge(told, gone_b);
        else
            ck_assert_int_ge(told, strtoll(expected.at[0].id, NULL, 10)); /* b's first, removed below a's event */
        json_object_put(message);
    }
    ck_assert_int_eq(events, 2);
    taken_clear(&taken);
    feed_free(feed);
}
END_TEST

START_TEST(a_gap_at_the_very_end_is_told_and_passed)
{
    append_event("run:a", "log", "{}");
    int64_t last = append_event("run:a", "run.finished", "{}");
    trim_log("run:a", last);
    const char *a = "run:a";
    static struct taken taken;
    struct feed *feed = open_native(&a, 1);
    bool end = false;
    const char *next = poll_once(feed, "start", &taken, &end);
    ck_assert_int_eq(taken.n, 1);
    ck_assert(end);
    char want[CURSOR_TEXT_MAX];
    ck_assert_str_eq(next, cursor_format(last, 0, want));
    taken_clear(&taken);
    feed_free(feed);
}
END_TEST

START_TEST(a_removed_event_of_which_parts_were_missing_is_told)
{
    int64_t id = append_event("run:a", "log", "{}");
    append_event("run:a", "log", "{}");
    trim_log("run:a", id);
    static struct taken taken;
    char since[CURSOR_TEXT_MAX];
    struct feed *feed = open_triple();
    start_feed(feed, cursor_format(id, 1, since), &taken);
    read_feed(feed, 10, &taken);
    ck_assert_int_eq(taken.n, 4);
    assert_gap(taken.at[0].json, "type", "run:a", id, id);
    taken_clear(&taken);
    feed_free(feed);
}
END_TEST

START_TEST(ends_where_the_last_message_was)
{
    int64_t log_id = append_event("run:a", "log", "{}");
    struct feed *feed = open_triple();
    static struct taken taken;
    start_feed(feed, "start", &taken);
    read_feed(feed, 10, &taken);
    ck_assert(!ended(feed));
    append_event("run:a", "run.finished", "{}"); /* gives no message here */
    ck_assert(ended(feed));
    feed_free(feed);
    char since[CURSOR_TEXT_MAX];
    for (int part = 0; part < 3; part++) {
        feed = open_triple();
        start_feed(feed, cursor_format(log_id, part, since), &taken);
        ck_assert_int_eq(ended(feed), part == 2);
        feed_free(feed);
    }
    /* Retried, it goes on. */
    append_event("run:a", "run.retried", "{}");
    feed = open_triple();
    start_feed(feed, "now", &taken);
    ck_assert(!ended(feed));
    feed_free(feed);
    taken_clear(&taken);
}
END_TEST

START_TEST(poll_queries)
{
    static const struct {
        const char *query;
        enum rs_err err;
        int wait_s;
    } rows[] = {
        {"", RS_OK, 0},
        {"wait=0", RS_OK, 0},
        {"wait=25", RS_OK, 25},
        {"wait=30", RS_OK, 30},
        {"wait=31", RS_OK, 30},
        {"wait=99999999999999999999999", RS_OK, 30},
        {"wait=007", RS_OK, 7},
        {"wait=", RS_INVALID, 0},
        {"wait=-1", RS_INVALID, 0},
        {"wait=1.5", RS_INVALID, 0},
        {"wait=%2B1", RS_INVALID, 0},
        {"wait=+1", RS_INVALID, 0},
        {"wait=1s", RS_INVALID, 0},
        {"since=x", RS_INVALID, 0},
        {"since=-1", RS_INVALID, 0},
        {"since=1.", RS_INVALID, 0},
        {"since=NOW", RS_INVALID, 0},
        {"since=12.1&wait=2", RS_OK, 2},
    };
    for (unsigned i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct query query;
        struct cursor since;
        int wait_s = -1;
        ck_assert_ok(query_parse(rows[i].query, &query, NULL));
        ck_assert_msg(poll_parse(&query, &since, &wait_s, NULL) == rows[i].err, "%s", rows[i].query);
        if (!rows[i].err)
            ck_assert_msg(wait_s == rows[i].wait_s, "%s: %d", rows[i].query, wait_s);
        query_release(&query);
    }
}
END_TEST

static int64_t attempt_of(const char *stream, int64_t attempt)
{
    int64_t id = -1;
    ck_assert_ok(one_run_attempt(instance.log, stream, attempt, &id, NULL));
    return id;
}

START_TEST(an_attempt_the_log_has_not_heard_of_begins_behind_all)
{
    ck_assert_int_eq(attempt_of("run:a", 1), 0);
    int64_t queued = append_event("run:a", "run.queued", "{\"attempt\":1}");
    append_event("run:b", "run.queued", "{\"attempt\":1}");
    int64_t failed = append_event("run:a", "run.failed", "{}");
    ck_assert_int_eq(attempt_of("run:a", 1), queued);
    ck_assert_int_eq(attempt_of("run:a", 0), queued);
    ck_assert_int_eq(attempt_of("run:a", 2), failed + 1); /* its run.retried is on its way */
    append_event("run:b", "log", "{}");
    int64_t retried = append_event("run:a", "run.retried", "{\"attempt\":2}");
    append_event("run:a", "run.resumed", "{\"attempt\":2}");
    ck_assert_int_eq(attempt_of("run:a", 2), retried);
    ck_assert_int_eq(attempt_of("run:a", 1), retried); /* what the database said is older than the log */
}
END_TEST

static Suite *suite(void)
{
    Suite *s = suite_create("feed");
    TCase *tc = tcase_create("feed");
    tcase_set_timeout(tc, 60);
    tcase_add_checked_fixture(tc, instance_setup, instance_teardown);
    tcase_add_test(tc, whole_sequence_whatever_the_chunk);
    tcase_add_test(tc, every_cut_resumes_by_cursor);
    tcase_add_test(tc, every_refusal_is_given_again);
    tcase_add_test(tc, polls_at_every_moment_give_the_sequence);
    tcase_add_test(tc, next_is_the_last_position_examined);
    tcase_add_test(tc, poll_stops_at_its_byte_limit_and_goes_on);
    tcase_add_test(tc, without_since_native_means_now);
    tcase_add_test(tc, an_event_of_several_streams_comes_once);
    tcase_add_test(tc, streams_change_and_the_run_is_known_again);
    tcase_add_test(tc, bad_streams_are_refused);
    tcase_add_test(tc, another_org_sees_nothing);
    tcase_add_test(tc, live_events_are_wanted_once);
    tcase_add_test(tc, a_cursor_beyond_the_end_gets_a_gap_then_live);
    tcase_add_test(tc, gaps_stand_in_their_place);
    tcase_add_test(tc, a_gap_at_the_very_end_is_told_and_passed);
    tcase_add_test(tc, a_removed_event_of_which_parts_were_missing_is_told);
    tcase_add_test(tc, ends_where_the_last_message_was);
    tcase_add_test(tc, poll_queries);
    tcase_add_test(tc, an_attempt_the_log_has_not_heard_of_begins_behind_all);
    suite_add_tcase(s, tc);
    return s;
}

UNIT_MAIN(suite)
