/* Reports of tests: TAP, pytest's output, JUnit XML. */
#include "runner/testreport.h"
#include "unit.h"

static struct testreport report;

static void lines(enum testreport_format format, const char *text)
{
    testreport_release(&report);
    testreport_init(&report, format);
    while (*text) {
        size_t n = strcspn(text, "\n");
        testreport_line(&report, text, n);
        text += n + (text[n] == '\n');
    }
    testreport_end(&report);
}

#define COUNTS(p, f, s, e)                                                                                             \
    do {                                                                                                               \
        ck_assert(report.found);                                                                                       \
        ck_assert_int_eq(report.passed, p);                                                                            \
        ck_assert_int_eq(report.failed, f);                                                                            \
        ck_assert_int_eq(report.skipped, s);                                                                           \
        ck_assert_int_eq(report.errors, e);                                                                            \
    } while (0)

static struct json_object *failure(int i)
{
    return json_object_array_get_idx(report.failures, (size_t)i);
}

static void setup(void)
{
    testreport_init(&report, TESTREPORT_AUTO);
}

static void teardown(void)
{
    testreport_release(&report);
}

START_TEST(test_tap)
{
    lines(TESTREPORT_AUTO,
          "building\nTAP version 14\n1..7\nok 1 - one\nnot ok 2 - two\n  ---\n  message: 'it broke'\n  at: src/a.c:12\n"
          "  ...\nok 3 # SKIP no network\nnot ok 4 - four # TODO some day\n    # Subtest: five\n    not ok 1 - inner\n"
          "not ok 5 - five\n#   Failed test 'five'\n#   at t/a.t line 7.\nok 6 - a \\# skip\nok 7\n");
    COUNTS(3, 2, 2, 0);
    ck_assert_int_eq(report.format, TESTREPORT_TAP);
    ck_assert_str_eq(json_get_string(failure(0), "name", ""), "two");
    ck_assert_str_eq(json_get_string(failure(0), "message", ""), "'it broke'");
    ck_assert_str_eq(json_get_string(failure(0), "file", ""), "src/a.c");
    ck_assert_int_eq(json_get_int(failure(0), "line", 0), 12);
    ck_assert_str_eq(json_get_string(failure(1), "name", ""), "five");
    ck_assert_str_eq(json_get_string(failure(1), "file", ""), "t/a.t");
    ck_assert_int_eq(json_get_int(failure(1), "line", 0), 7);
}
END_TEST

START_TEST(test_tap_that_ends_early)
{
    lines(TESTREPORT_AUTO, "1..10\nok 1\nok 2\n");
    COUNTS(2, 0, 0, 8);
    ck_assert_str_eq(json_get_string(failure(0), "message", ""), "10 tests were planned, 2 ran");
    lines(TESTREPORT_TAP, "1..3\nok 1\nBail out! no database\n");
    COUNTS(1, 0, 0, 1);
    ck_assert_str_eq(json_get_string(failure(0), "message", ""), "no database");
    lines(TESTREPORT_TAP, "1..0 # SKIP nothing here\n");
    ck_assert_int_eq(report.errors, 0);
    lines(TESTREPORT_TAP, "1..2\nok 1\nok 2\n1..1\nnot ok 1 - x\n"); /* two programs */
    COUNTS(2, 1, 0, 0);
}
END_TEST

START_TEST(test_what_is_no_report)
{
    lines(
        TESTREPORT_AUTO,
        "ok\nok then, let us go\nnot ok at all\nFAILED to start\n3 files in 4 folders\n==== done ====\n1...2\n1..x\n");
    ck_assert(!report.found);
    lines(TESTREPORT_AUTO, "12 apples in 3s\n");
    ck_assert(!report.found);
}
END_TEST

START_TEST(test_pytest)
{
    lines(TESTREPORT_AUTO,
          "============================= test session starts ==============================\n"
          "collected 6 items\n\ntests/a.py ..F\n"
          "\033[31m=================================== FAILURES ===================================\033[0m\n"
          "_______________________________ TestX.test_y[a] ________________________________\n\n"
          "    def test_y():\n>       helper()\n\ntests/a.py:5: \n_ _ _ _ _ _ _\ntests/help.py:9: AssertionError\n"
          "=========================== short test summary info ============================\n"
          "FAILED tests/a.py::TestX::test_y[a] - AssertionError: no - never\n"
          "ERROR tests/b.py - ImportError: gone\n"
          "=== \033[31m1 failed\033[0m, 3 passed, 1 skipped, 1 xfailed, 2 warnings, 1 error in 61.25s (0:01:01) ===\n");
    COUNTS(3, 1, 2, 1);
    ck_assert_int_eq(report.format, TESTREPORT_PYTEST);
    ck_assert_int_eq(report.duration_ms, 61250);
    ck_assert_str_eq(json_get_string(failure(0), "name", ""), "tests/a.py::TestX::test_y[a]");
    ck_assert_str_eq(json_get_string(failure(0), "message", ""), "AssertionError: no - never");
    ck_assert_str_eq(json_get_string(failure(0), "file", ""), "tests/help.py");
    ck_assert_int_eq(json_get_int(failure(0), "line", 0), 9);
    ck_assert_str_eq(json_get_string(failure(1), "file", ""), "tests/b.py");
    lines(TESTREPORT_AUTO, "..\n2 passed in 0.01s\n");
    COUNTS(2, 0, 0, 0);
    lines(TESTREPORT_PYTEST, "no tests ran in 0.00s\n");
    COUNTS(0, 0, 0, 0);
}
END_TEST

START_TEST(test_junit)
{
    static const char text[] = "\xef\xbb\xbf<?xml version=\"1.0\"?>\n<!DOCTYPE x [<!ENTITY e SYSTEM "
                               "\"file:///etc/passwd\">]>\n<testsuites time=\"1.5\">"
                               "<testsuite name=\"s\"><testcase classname=\"a.B\" name=\"one\" time=\"0.5\"/>"
                               "<testcase classname=\"a.B\" name=\"two\" file=\"a.py\" line=\"3\"><failure message=\"x "
                               "&lt; y\">long</failure></testcase>"
                               "<testsuite><testcase name=\"three\"><error>  trace\n</error></testcase><testcase "
                               "name=\"four\"><skipped/></testcase></testsuite>"
                               "<testcase name=\"five\"><failure>&e;</failure></testcase></testsuite></testsuites>";
    struct fault fault;
    ck_assert_ok(testreport_file(&report, text, sizeof text - 1, &fault));
    COUNTS(1, 2, 1, 1);
    ck_assert_int_eq(report.duration_ms, 1500);
    ck_assert_str_eq(json_get_string(failure(0), "name", ""), "a.B.two");
    ck_assert_str_eq(json_get_string(failure(0), "message", ""), "x < y");
    ck_assert_int_eq(json_get_int(failure(0), "line", 0), 3);
    ck_assert_str_eq(json_get_string(failure(1), "message", ""), "trace\n");
    ck_assert_ptr_null(strstr(json_get_string(failure(2), "message", ""), "root:"));
    ck_assert_int_eq(testreport_file(&report, "<html/>", 7, &fault), RS_INVALID);
    ck_assert_int_eq(testreport_file(&report, "<testsuite>", 11, &fault), RS_INVALID);
}
END_TEST

START_TEST(test_failures_are_bounded)
{
    char line[4000];
    memset(line, 'x', sizeof line);
    memcpy(line, "not ok 1 - ", 11);
    testreport_line(&report, "1..1000", 7);
    for (int i = 0; i < 1000; i++)
        testreport_line(&report, line, sizeof line);
    testreport_end(&report);
    COUNTS(0, 1000, 0, 0);
    ck_assert_uint_eq(json_object_array_length(report.failures), TESTREPORT_FAILURES_MAX);
    ck_assert_uint_le(strlen(json_get_string(failure(99), "name", "")), TESTREPORT_NAME_MAX + 3);
}
END_TEST

static Suite *suite(void)
{
    Suite *s = suite_create("testreport");
    TCase *tc = tcase_create("testreport");
    tcase_add_checked_fixture(tc, setup, teardown);
    tcase_add_test(tc, test_tap);
    tcase_add_test(tc, test_tap_that_ends_early);
    tcase_add_test(tc, test_what_is_no_report);
    tcase_add_test(tc, test_pytest);
    tcase_add_test(tc, test_junit);
    tcase_add_test(tc, test_failures_are_bounded);
    suite_add_tcase(s, tc);
    return s;
}
UNIT_MAIN(suite)
