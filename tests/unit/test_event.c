#include "event/event.h"
#include "base/json.h"
#include "event/line.h"
#include "tests/unit/unit.h"

START_TEST(types)
{
    static const char *const good[] = {"log", "run.finished", "log.dropped", "a", "x.y_z", "a._"};
    static const char *const bad[] = {"", ".", "a.", ".a", "A", "a.B", "a.b.c", "a_b", "a1", "a.b1", "a b", "run.finished "};
    char longest[EVENT_TYPE_MAX + 2];

    for (size_t i = 0; i < sizeof good / sizeof *good; i++)
        ck_assert_msg(event_type_valid(good[i], strlen(good[i])), "%s", good[i]);
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        ck_assert_msg(!event_type_valid(bad[i], strlen(bad[i])), "%s", bad[i]);
    memset(longest, 'a', sizeof longest);
    ck_assert(event_type_valid(longest, EVENT_TYPE_MAX));
    ck_assert(!event_type_valid(longest, EVENT_TYPE_MAX + 1));
    ck_assert(event_type_ends("run.cancelled") && !event_type_ends("node.finished"));
    ck_assert(event_type_reopens("run.retried") && event_type_reopens("run.resumed") && !event_type_reopens("run.started"));
    ck_assert(event_type_is_bulk("log") && event_type_is_bulk("agent.delta") && !event_type_is_bulk("run.started"));
}
END_TEST

START_TEST(canonical_json)
{
    const char *const tags[] = {"workflow:lint", "crew:q"};
    struct home *home = home_new("run:r_1", "ac\"me", tags, 2);
    struct event *ev = event_new(1287, 17, 1763737445123, home, "node.finished", "{\"a\":[1,2]}", 11);
    struct json_object *data;
    struct buf out;

    home_unref(home); /* the event holds it */
    buf_init(&out, 1000);
    ck_assert_ok(event_put_json(ev, &out));
    ck_assert_str_eq(out.data, "{\"id\":\"1287\",\"stream\":\"run:r_1\",\"seq\":17,\"type\":\"node.finished\","
                               "\"time\":\"2025-11-21T15:04:05.123Z\",\"org\":\"ac\\\"me\",\"data\":{\"a\":[1,2]}}");
    ck_assert_int_eq(ev->home->n_tags, 2);
    ck_assert_str_eq(ev->home->tags[1], "crew:q");
    data = event_data(ev);
    ck_assert_int_eq(json_object_array_length(json_get_array(data, "a")), 2);
    json_object_put(data);
    buf_release(&out);
    buf_init(&out, 20);
    ck_assert_int_eq(event_put_json(ev, &out), RS_LIMIT);
    buf_release(&out);
    ck_assert_ptr_eq(event_ref(ev), ev);
    event_unref(ev);
    event_unref(ev);
    event_unref(NULL);
    home_unref(NULL);
}
END_TEST

/* Data as deep as a line may hold can be read back. */
START_TEST(the_deepest_data_is_readable)
{
    char text[512], data[256] = "";
    struct home *home = home_new("run:r", "o", NULL, 0);
    struct json_object *object;
    struct event *ev;
    struct line line;

    for (int i = 0; i < JSON_DEPTH_MAX; i++)
        strcat(data, i == 0 ? "{\"a\":" : "[");
    strcat(data, "1");
    for (int i = 0; i < JSON_DEPTH_MAX; i++)
        strcat(data, i == JSON_DEPTH_MAX - 1 ? "}" : "]");
    snprintf(text, sizeof text, "{\"stream\":\"run:r\",\"type\":\"log\",\"data\":%s}", data);
    ck_assert_ok(line_parse(text, strlen(text), &line, NULL));
    ev = event_new(1, 1, 1, home, line.type, line.data, line.data_len);
    object = event_data(ev);
    ck_assert_ptr_nonnull(object);
    json_object_put(object);
    event_unref(ev);
    home_unref(home);
}
END_TEST

static Suite *suite(void)
{
    Suite *s = suite_create("event");
    TCase *tc = tcase_create("event");

    tcase_add_test(tc, types);
    tcase_add_test(tc, canonical_json);
    tcase_add_test(tc, the_deepest_data_is_readable);
    suite_add_tcase(s, tc);
    return s;
}

UNIT_MAIN(suite)
