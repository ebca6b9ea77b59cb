#include "base/log.h"
#include "unit.h"
#include <fcntl.h>
#include <unistd.h>

static char tmp[PATH_MAX], path[PATH_MAX];

/* stderr goes to a file: each test runs in a process of its own. */
static void setup(void)
{
    unit_tmpdir(tmp);
    unit_path(path, tmp, "log");
    int fd = open(path, O_WRONLY | O_CREAT | O_APPEND, 0600);
    ck_assert_int_ge(fd, 0);
    ck_assert_int_ge(dup2(fd, STDERR_FILENO), 0);
    close(fd);
    unsetenv("JOURNAL_STREAM");
}

static void teardown(void)
{
    unit_rmdir(tmp);
}

static char *logged(void)
{
    char *text = NULL;
    ck_assert_ok(file_read(path, 100000, &text, NULL, NULL));
    return text;
}

START_TEST(line_has_time_program_level_event)
{
    log_open("tester", LOG_LEVEL_INFO, LOG_TO_STDERR);
    log_event(LOG_LEVEL_WARN, "spool.refused", "reason=%s n=%d", "full", 3);
    log_event(LOG_LEVEL_INFO, "bare.event", "%s", "");
    char *text = logged(), rest[64];
    snprintf(rest, sizeof rest, "tester[%d] warn spool.refused reason=full n=3\n", (int)getpid());
    ck_assert_ptr_eq(strstr(text, rest), text + 25);
    ck_assert_int_eq(text[23], 'Z');
    ck_assert_ptr_nonnull(strstr(text, "info bare.event\n"));
    free(text);
}
END_TEST

START_TEST(level_filters)
{
    enum log_level level = LOG_LEVEL_INFO;
    log_open("tester", LOG_LEVEL_ERROR, LOG_TO_STDERR);
    log_event(LOG_LEVEL_WARN, "not.shown", "%s", "");
    ck_assert_ok(log_level_parse("debug", &level));
    log_set_level(level);
    log_event(LOG_LEVEL_DEBUG, "is.shown", "%s", "");
    char *text = logged();
    ck_assert_ptr_null(strstr(text, "not.shown"));
    ck_assert_ptr_nonnull(strstr(text, "debug is.shown\n"));
    free(text);
    ck_assert_int_eq(log_level_parse("loud", &level), RS_INVALID);
    ck_assert_int_eq(level, LOG_LEVEL_DEBUG);
}
END_TEST

START_TEST(no_line_breaks_out_or_grows)
{
    char *big = malloc(5001);
    memset(big, 'x', 5000);
    big[5000] = '\0';
    log_open("tester", LOG_LEVEL_INFO, LOG_TO_STDERR);
    log_event(LOG_LEVEL_INFO, "a.b", "v=%s", "one\ntwo\x1B[0m");
    log_event(LOG_LEVEL_INFO, "a.b", "v=%s", big);
    char *text = logged();
    ck_assert_ptr_nonnull(strstr(text, "v=one?two?[0m\n"));
    char *second = strchr(text, '\n') + 1;
    ck_assert_uint_eq(strlen(second), 1000);
    ck_assert_int_eq(second[999], '\n');
    free(text);
    free(big);
}
END_TEST

START_TEST(journal_prefix)
{
    setenv("JOURNAL_STREAM", "8:1", 1);
    log_open("tester", LOG_LEVEL_INFO, LOG_TO_STDERR);
    log_event(LOG_LEVEL_WARN, "spool.refused", "n=%d", 1);
    char *text = logged();
    ck_assert_str_eq(text, "<4>spool.refused n=1\n");
    free(text);
}
END_TEST

static Suite *suite(void)
{
    Suite *s = suite_create("log");
    TCase *t = tcase_create("log");
    tcase_add_checked_fixture(t, setup, teardown);
    tcase_add_test(t, line_has_time_program_level_event);
    tcase_add_test(t, level_filters);
    tcase_add_test(t, no_line_breaks_out_or_grows);
    tcase_add_test(t, journal_prefix);
    suite_add_tcase(s, t);
    return s;
}
UNIT_MAIN(suite)
