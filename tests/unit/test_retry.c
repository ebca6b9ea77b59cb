/* retry - which failures are followed by another attempt, and after which pause. */
#include "runner/retry.h"
#include "unit.h"
#include <string.h>

static struct json_object *json(const char *text)
{
    struct json_object *value = NULL;

    ck_assert_int_eq(json_parse(text, strlen(text), JSON_BODY_MAX, &value, NULL), RS_OK);
    return value;
}

static bool wanted(const char *setting, int attempt, const char *code, const char *output_text, bool final)
{
    struct json_object *retry = json(setting), *output = json(output_text);
    struct retry_failure failure = {attempt, code, output, final};
    bool is = retry_wanted(retry, &failure);

    json_object_put(output);
    json_object_put(retry);
    return is;
}

static double pause_ms(const char *setting, int attempt, double random)
{
    struct json_object *retry = json(setting);
    double pause = retry_pause_ms(retry, attempt, random);

    json_object_put(retry);
    return pause;
}

START_TEST(everything_that_may_help_until_the_attempts_are_used_up)
{
    struct retry_failure failure = {1, "exit", NULL, false};

    ck_assert(!retry_wanted(NULL, &failure));
    ck_assert(wanted("{\"attempts\":3}", 2, "exit", "{}", false));
    ck_assert(!wanted("{\"attempts\":3}", 3, "exit", "{}", false));
    ck_assert(!wanted("{\"attempts\":3}", 1, "input", "{}", true));
}
END_TEST

START_TEST(only_what_is_named)
{
    static const char on[] = "{\"attempts\":9,\"on\":[\"timeout\",429,\"5xx\",\"exit:75\",\"limit\"]}";

    ck_assert(wanted(on, 1, "timeout", "{}", false));
    ck_assert(!wanted(on, 1, "exit", "{}", false));
    ck_assert(wanted(on, 1, "exit", "{\"status\":429}", false));
    ck_assert(wanted(on, 1, "exit", "{\"status\":503}", false));
    ck_assert(!wanted(on, 1, "exit", "{\"status\":404}", false));
    ck_assert(wanted(on, 1, "exit", "{\"exitCode\":75}", false));
    ck_assert(!wanted(on, 1, "exit", "{\"exitCode\":7}", false));
    ck_assert(wanted(on, 1, "limit", "{}", true)); /* a person knows better */
    ck_assert(!wanted(on, 1, "input", "{}", true));
}
END_TEST

START_TEST(pauses_grow_vary_and_are_bounded)
{
    ck_assert_double_eq(pause_ms("{}", 1, 0.9), 1000);
    ck_assert_double_eq(pause_ms("{}", 4, 0), 8000);
    ck_assert_double_eq(pause_ms("{\"backoffMs\":10,\"factor\":1}", 9, 0), 10);
    ck_assert_double_eq(pause_ms("{}", 99, 0), RETRY_MAX_MS);
    ck_assert_double_eq(pause_ms("{\"maxBackoffMs\":1500}", 2, 0), 1500);
    ck_assert_double_eq(pause_ms("{\"jitter\":0.5}", 1, 0), 500);
    ck_assert_double_eq(pause_ms("{\"jitter\":0.5}", 1, 0.75), 1250);
    ck_assert_double_eq(pause_ms("{\"jitter\":1,\"maxBackoffMs\":1500}", 1, 0.99), 1500);
    ck_assert_double_eq(pause_ms("{\"jitter\":1}", 3, 0), 0);
}
END_TEST

static Suite *suite(void)
{
    Suite *s = suite_create("retry");
    TCase *t = tcase_create("policy");

    tcase_add_test(t, everything_that_may_help_until_the_attempts_are_used_up);
    tcase_add_test(t, only_what_is_named);
    tcase_add_test(t, pauses_grow_vary_and_are_bounded);
    suite_add_tcase(s, t);
    return s;
}
UNIT_MAIN(suite)
