#include "event/stream.h"
#include "event/view.h"
#include "tests/unit/unit.h"

START_TEST(names_a_subscriber_may_ask_for)
{
    static const char *const good[] = {"run:r_1",   "run:*",     "workflow:lint", "tool:a.b-c", "session:s", "crew:*",
                                       "mission:m", "adw:7",     "runs",          "workflows",  "history",   "queue",
                                       "adws",      "routes",    "system",        "webhooks",   "workflow:*"};
    static const char *const bad[] = {"",        "run",       "run:",  ":x",      "run:a/b", "run:**",   "run:a*", "*",
                                      "runs:x",  "Run:x",     "run:.", "run:..",  "runs ",   "run:a b",  "nope",   "nope:x",
                                      "run:a:b", "run:\xc3\xa4", "que", "queued"};
    struct fault fault;

    for (size_t i = 0; i < sizeof good / sizeof *good; i++)
        ck_assert_msg(stream_check(good[i], NULL) == RS_OK, "%s", good[i]);
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        fault = (struct fault){RS_OK, ""};
        ck_assert_msg(stream_check(bad[i], &fault) == RS_INVALID, "%s", bad[i]);
        ck_assert_int_eq(fault.code, RS_INVALID);
        ck_assert_uint_gt(strlen(fault.message), 0);
        ck_assert_int_eq(stream_check_home(bad[i], NULL), RS_INVALID);
    }
    ck_assert_int_eq(stream_check(NULL, NULL), RS_INVALID);
}
END_TEST

START_TEST(names_events_may_be_appended_to)
{
    static const char *const home[] = {"run:r", "tool:t", "session:s", "crew:c", "mission:m", "adw:a",
                                       "queue", "system", "webhooks"};
    static const char *const view[] = {"run:*", "workflow:x", "workflow:*", "runs", "workflows", "history", "adws", "routes"};

    for (size_t i = 0; i < sizeof home / sizeof *home; i++)
        ck_assert_msg(stream_check_home(home[i], NULL) == RS_OK, "%s", home[i]);
    for (size_t i = 0; i < sizeof view / sizeof *view; i++)
        ck_assert_msg(stream_check_home(view[i], NULL) == RS_INVALID, "%s", view[i]);
}
END_TEST

START_TEST(the_longest_id_fits)
{
    char name[STREAM_MAX + 8] = "workflow:";

    memset(name + 9, 'x', 128);
    name[9 + 128] = '\0';
    ck_assert_ok(stream_check(name, NULL));
    strcat(name, "x");
    ck_assert_int_eq(stream_check(name, NULL), RS_INVALID);
}
END_TEST

START_TEST(parts_of_a_name)
{
    ck_assert(stream_is_wildcard("run:*"));
    ck_assert(!stream_is_wildcard("run:a"));
    ck_assert(!stream_is_wildcard("runs"));
    ck_assert_str_eq(stream_id("run:a"), "a");
    ck_assert_ptr_null(stream_id("runs"));
    ck_assert(stream_has_kind("run:a", "run"));
    ck_assert(!stream_has_kind("runs", "run"));
    ck_assert(!stream_has_kind("run:a", "ru"));
}
END_TEST

/* Every name events may be appended to is shown by one of stream_homes, and none of them shows nothing. */
START_TEST(homes_are_all_there)
{
    static const char *const names[] = {
        "run:a", "workflow:a", "tool:a", "session:a", "crew:a", "mission:a", "adw:a",    "runs",
        "workflows", "history", "queue", "adws", "routes", "system", "webhooks",
    };
    const char *homes[STREAM_HOMES_MAX];
    int n = stream_homes(homes), n_shown = 0;

    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        int shown = 0;
        for (int h = 0; h < n; h++) {
            struct view view;
            struct home home = {.name = (char *)names[i]};
            ck_assert_ok(stream_check(homes[h], NULL));
            view_init(&view, homes[h]);
            shown += view_has(&view, &home);
        }
        ck_assert_int_eq(shown, stream_check_home(names[i], NULL) == RS_OK);
        n_shown += shown;
    }
    ck_assert_int_eq(n_shown, n);
}
END_TEST

static Suite *suite(void)
{
    Suite *s = suite_create("stream");
    TCase *tc = tcase_create("stream");

    tcase_add_test(tc, names_a_subscriber_may_ask_for);
    tcase_add_test(tc, names_events_may_be_appended_to);
    tcase_add_test(tc, the_longest_id_fits);
    tcase_add_test(tc, parts_of_a_name);
    tcase_add_test(tc, homes_are_all_there);
    suite_add_tcase(s, tc);
    return s;
}

UNIT_MAIN(suite)
