/* Topics: the hash of a state, cursors, the query that counts, polls. A test-only topic whose state the test sets. */
#include "dialect/topic.h"
#include "tests/unit/dialect_help.h"

static const char *present;  /* the state, as text; NULL: there is nothing of that name */
static char asked_param[ID_MAX + 1], asked_color[32];

static enum rs_err build(struct store *store, struct eventlog *log, const struct topic_asked *asked, struct json_object **ret,
                         struct fault *fault)
{
    (void)store, (void)log;
    const char *color = query_get(asked->query, "color");
    snprintf(asked_param, sizeof asked_param, "%s", asked->param);
    snprintf(asked_color, sizeof asked_color, "%s", color ? color : "");
    if (!present)
        return fault_set(fault, RS_NOT_FOUND, "nothing there");
    *ret = parse(present);
    return RS_OK;
}

static enum rs_err check(const struct query *query, struct fault *fault)
{
    const char *color = query_get(query, "color");
    return color && strcmp(color, "none") == 0 ? fault_set(fault, RS_INVALID, "no such color") : RS_OK;
}

static const char *const streams[] = {"runs", "adw:", NULL};
static const char *const parameters[] = {"color", "size", NULL};
static const char *const unhashed[] = {"checked_at", "parts/*/latency_ms", "parts/disk/detail", NULL};
static const struct topic topic = {
    .type = "test_update", .build = build, .check = check, .streams = streams, .query = parameters, .unhashed = unhashed};
static const struct endpoint endpoint = {.path = "/test/{name}", .description = "for tests", .topic = &topic};

static uint32_t hash_of(const char *text, const char *const *patterns)
{
    struct json_object *data = parse(text);
    uint32_t hash = 0;
    ck_assert_ok(topic_hash(data, patterns, &hash));
    json_object_put(data);
    return hash;
}

START_TEST(hash_leaves_out_what_is_named)
{
    const char *base = "{\"checked_at\":1,\"parts\":{\"disk\":{\"detail\":\"x\",\"latency_ms\":1},\"log\":{\"detail\":\"x\",\"latency_ms\":1}}}";
    static const struct {
        const char *text;
        bool same;
    } rows[] = {
        {"{\"checked_at\":2,\"parts\":{\"disk\":{\"detail\":\"x\",\"latency_ms\":1},\"log\":{\"detail\":\"x\",\"latency_ms\":1}}}", true},
        {"{\"checked_at\":1,\"parts\":{\"disk\":{\"detail\":\"y\",\"latency_ms\":2},\"log\":{\"detail\":\"x\",\"latency_ms\":3}}}", true},
        {"{\"parts\":{\"disk\":{},\"log\":{\"detail\":\"x\"}}}", true},
        {"{\"checked_at\":1,\"parts\":{\"disk\":{\"detail\":\"x\",\"latency_ms\":1},\"log\":{\"detail\":\"y\",\"latency_ms\":1}}}", false},
        {"{\"parts\":{\"disk\":{\"checked_at\":1},\"log\":{\"detail\":\"x\"}}}", false},
        {"{\"parts\":{\"disk\":{\"a\":{\"latency_ms\":1}},\"log\":{\"detail\":\"x\"}}}", false},
        {"{\"parts\":{\"log\":{\"detail\":\"x\"},\"disk\":{}}}", false},
        {"[]", false},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        ck_assert_msg((hash_of(base, unhashed) == hash_of(rows[i].text, unhashed)) == rows[i].same, "%s", rows[i].text);
    ck_assert_uint_ne(hash_of(rows[0].text, NULL), hash_of(base, NULL));
}
END_TEST

START_TEST(hash_tells_shapes_apart)
{
    static const char *const texts[] = {"{}", "[]", "[[]]", "[{}]", "[1,2]", "[12]", "[\"1\",\"2\"]", "{\"a\":1}", "{\"a\":\"1\"}",
                                        "{\"a\":{\"b\":1}}", "{\"a\":{},\"b\":1}", "{\"ab\":1}", "[null]", "[false]", "[0]", "[\"\"]"};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        for (size_t j = 0; j < i; j++)
            ck_assert_msg(hash_of(texts[i], unhashed) != hash_of(texts[j], unhashed), "%s %s", texts[i], texts[j]);
    /* Paths longer than anybody keeps are hashed whole. */
    char deep[2048] = "", *at = deep;
    for (int i = 0; i < 50; i++)
        at += sprintf(at, "{\"checked_at_or_so\":");
    strcpy(at, "1");
    memset(at + 1, '}', 50);
    at[51] = 0;
    uint32_t one = hash_of(deep, unhashed);
    *at = '2';
    ck_assert_uint_ne(one, hash_of(deep, unhashed));
}
END_TEST

static struct feed *open_test(const char *name, const char *text)
{
    struct path_params params = {.n = 1};
    struct query query;
    struct feed *feed = NULL;
    strcpy(params.at[0].name, "name");
    strcpy(params.at[0].value, name);
    ck_assert_ok(feed_open(&endpoint, &params, NULL, 0, &instance.store, "default", &feed, NULL));
    ck_assert_ok(query_parse(text, &query, NULL));
    enum rs_err err = feed_set_query(feed, &query, NULL);
    query_release(&query);
    if (!err)
        return feed;
    feed_free(feed);
    return NULL;
}

START_TEST(path_and_query)
{
    struct feed *feed = open_test("x1", "size=2&other=3&color=red&since=5&size=9");
    ck_assert_str_eq(feed->param, "x1");
    ck_assert_int_eq(feed->n_streams, 2);
    ck_assert_str_eq(feed->streams[0], "runs");
    ck_assert_str_eq(feed->streams[1], "adw:x1");
    /* In the topic's order, the first of each, and nothing else. */
    ck_assert_int_eq(feed->query.n_params, 2);
    ck_assert_str_eq(feed->query.params[0].name, "color");
    ck_assert_str_eq(feed->query.params[0].value, "red");
    ck_assert_str_eq(feed->query.params[1].value, "2");
    feed_free(feed);
    ck_assert_ptr_null(open_test("x1", "color=none"));
    feed = open_test("x1", "");
    ck_assert_int_eq(feed->query.n_params, 0);
    feed_free(feed);
}
END_TEST

/* One poll by a new feed: its `events` as text, its `next` in next. */
static char *poll_once(const char *query, const char *since, char next[CURSOR_TEXT_MAX])
{
    struct feed *feed = open_test("x1", query);
    struct buf out;
    struct poll_said said;
    buf_init(&out, POLL_TEXT_MAX);
    ck_assert_ok(poll_answer(feed, false, cursor_of(since), &instance.store, instance.log, &out, &said, NULL));
    struct json_object *answer = parse(out.data), *events = json_get_array(answer, "events");
    ck_assert_int_eq(said.empty, json_object_array_length(events) == 0);
    snprintf(next, CURSOR_TEXT_MAX, "%s", json_get_string(answer, "next", ""));
    char *text = strdup(json_text(events, NULL));
    json_object_put(answer);
    buf_release(&out);
    feed_free(feed);
    return text;
}

static bool gives(const char *since, char next[CURSOR_TEXT_MAX])
{
    char *events = poll_once("color=blue", since, next);
    bool given = strstr(events, "\"test_update\"") != NULL;
    ck_assert_msg(given || strcmp(events, "[]") == 0, "%s", events);
    free(events);
    return given;
}

START_TEST(cursors_of_states)
{
    char first[CURSOR_TEXT_MAX], second[CURSOR_TEXT_MAX], third[CURSOR_TEXT_MAX];
    struct cursor at;
    int64_t head = append_event("run:a", "run.started", "{}");
    present = "{\"n\":1}";
    ck_assert(gives("", first));
    ck_assert_str_eq(asked_param, "x1");
    ck_assert_str_eq(asked_color, "blue");
    ck_assert_ok(cursor_parse(first, &at));
    ck_assert(at.hashed && at.id == head);
    ck_assert(!gives(first, second));
    ck_assert_str_eq(first, second);
    /* More happens, the state stays: the cursor's head moves, its hash does not. */
    append_event("run:a", "run.progress", "{}");
    ck_assert(!gives(first, second));
    ck_assert_str_ne(first, second);
    ck_assert_str_eq(strchr(first, '.'), strchr(second, '.'));
    present = "{\"n\":2}";
    ck_assert(gives(first, third));
    ck_assert_str_ne(strchr(first, '.'), strchr(third, '.'));
    ck_assert(gives("start", second));
    ck_assert(gives("0", second));
    ck_assert(gives("1.2", second));
    ck_assert(!gives("now", second));
    ck_assert_str_eq(second, third);
    present = "{\"n\":2,\"checked_at\":7}";
    ck_assert(!gives(third, second));
}
END_TEST

START_TEST(what_is_not_there_is_empty)
{
    char next[CURSOR_TEXT_MAX];
    present = NULL;
    char *events = poll_once("", "", next);
    ck_assert_ptr_nonnull(strstr(events, "\"data\":{}"));
    free(events);
    present = "{}";
    ck_assert(!gives(next, next));
}
END_TEST

START_TEST(a_cursor_beyond_the_end_gets_a_gap_of_each_stream)
{
    char next[CURSOR_TEXT_MAX];
    append_event("run:a", "run.started", "{}");
    present = "[]";
    char *events = poll_once("", "99.01234567", next);
    struct json_object *list = parse(events);
    ck_assert_int_eq(json_object_array_length(list), 3);
    for (int i = 0; i < 2; i++)
        ck_assert_str_eq(json_get_string(json_object_array_get_idx(list, (size_t)i), "type", ""), "gap");
    ck_assert_str_eq(json_get_string(json_object_array_get_idx(list, 2), "type", ""), "test_update");
    json_object_put(list);
    free(events);
}
END_TEST

START_TEST(a_held_poll_is_answered_when_the_state_is_another)
{
    struct feed *feed = open_test("x1", "");
    struct buf out;
    struct poll_said said;
    const struct cursor nowhere = {.kind = CURSOR_NONE};
    present = "[1]";
    buf_init(&out, POLL_TEXT_MAX);
    ck_assert_ok(poll_answer(feed, false, cursor_of("now"), &instance.store, instance.log, &out, &said, NULL));
    ck_assert(said.empty);
    for (int i = 0; i < 2; i++) {
        buf_clear(&out);
        ck_assert_ok(poll_answer(feed, true, nowhere, &instance.store, instance.log, &out, &said, NULL));
        ck_assert(said.empty);
    }
    present = "[2]";
    for (int i = 0; i < 2; i++) { /* asked again, it says it again */
        buf_clear(&out);
        ck_assert_ok(poll_answer(feed, true, nowhere, &instance.store, instance.log, &out, &said, NULL));
        ck_assert(!said.empty);
    }
    buf_release(&out);
    feed_free(feed);
}
END_TEST

static Suite *suite(void)
{
    Suite *s = suite_create("topic");
    TCase *tc = tcase_create("topic");
    tcase_set_timeout(tc, 60);
    tcase_add_checked_fixture(tc, instance_setup, instance_teardown);
    tcase_add_test(tc, hash_leaves_out_what_is_named);
    tcase_add_test(tc, hash_tells_shapes_apart);
    tcase_add_test(tc, path_and_query);
    tcase_add_test(tc, cursors_of_states);
    tcase_add_test(tc, what_is_not_there_is_empty);
    tcase_add_test(tc, a_cursor_beyond_the_end_gets_a_gap_of_each_stream);
    tcase_add_test(tc, a_held_poll_is_answered_when_the_state_is_another);
    suite_add_tcase(s, tc);
    return s;
}

UNIT_MAIN(suite)
