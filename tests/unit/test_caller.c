/* By what a caller is known who comes back. */
#include "http/caller.h"
#include "unit.h"

static struct caller identify(const char *token, const char *client, const char *cookie, bool fresh)
{
    const struct access nobody = {.scope = SCOPE_ADMIN};
    const struct caller_request request = {.access = &nobody, .token = token, .client = client, .cookie = cookie};
    struct caller caller;
    struct fault fault;
    ck_assert_ok(caller_identify(&request, fresh, &caller, &fault));
    ck_assert_int_eq(strlen(caller.name), CALLER_MAX);
    return caller;
}

START_TEST(the_same_sign_is_the_same_caller)
{
    struct caller first = identify(NULL, NULL, NULL, true);
    ck_assert_ptr_nonnull(strstr(first.set_cookie, CALLER_COOKIE "=c_"));
    char header[CALLER_COOKIE_MAX];
    snprintf(header, sizeof header, "a=b; %.*s;c=d", (int)strcspn(first.set_cookie, ";"), first.set_cookie);
    struct caller again = identify(NULL, NULL, header, true);
    ck_assert_str_eq(again.name, first.name);
    ck_assert_str_eq(again.set_cookie, "");
    ck_assert_str_eq(identify(NULL, NULL, header, false).name, first.name);
    ck_assert_str_ne(identify(NULL, NULL, NULL, true).name, first.name);
    ck_assert_str_eq(identify("t", NULL, header, true).name, identify("t", NULL, NULL, true).name);
    ck_assert_str_eq(identify(NULL, NULL, NULL, false).name, identify(NULL, NULL, "x=y", false).name);
}
END_TEST

START_TEST(different_signs_are_different_callers)
{
    const char *names[] = {
        strdup(identify("x", NULL, NULL, true).name),
        strdup(identify("x", "x", NULL, true).name),
        strdup(identify(NULL, "x", NULL, true).name),
        strdup(identify(NULL, NULL, CALLER_COOKIE "=x", true).name),
        strdup(identify(NULL, NULL, NULL, false).name),
    };
    for (int i = 0; i < 5; i++)
        for (int j = 0; j < i; j++)
            ck_assert_str_ne(names[i], names[j]);
    for (int i = 0; i < 5; i++)
        free((char *)names[i]);
}
END_TEST

START_TEST(cookies_that_are_not_ours_make_a_new_caller)
{
    static const char *const headers[] = {"", ";", "=", CALLER_COOKIE, CALLER_COOKIE "=", CALLER_COOKIE "=a b\x01",
                                          CALLER_COOKIE "=../x", "x" CALLER_COOKIE "=a", CALLER_COOKIE "2=a", ";;;=;"};
    for (size_t i = 0; i < sizeof headers / sizeof *headers; i++) {
        bool ours = strncmp(headers[i], CALLER_COOKIE "=a ", sizeof CALLER_COOKIE + 2) == 0;
        ck_assert_msg((identify(NULL, NULL, headers[i], true).set_cookie[0] == '\0') == ours, "%s", headers[i]);
    }
}
END_TEST

START_TEST(a_subject_outweighs_all_else)
{
    const struct access who = {.by_token = true, .sub = "ada"}, other = {.by_token = true, .sub = "bob"};
    struct caller_request request = {.access = &who, .token = "t1", .cookie = CALLER_COOKIE "=x"};
    struct caller one, two, three, four;
    ck_assert_ok(caller_identify(&request, true, &one, NULL));
    request.token = "t2";
    ck_assert_ok(caller_identify(&request, true, &two, NULL));
    ck_assert_str_eq(one.name, two.name);
    request.client = "tab2";
    ck_assert_ok(caller_identify(&request, true, &three, NULL));
    ck_assert_str_ne(three.name, one.name);
    request.access = &other;
    ck_assert_ok(caller_identify(&request, true, &four, NULL));
    ck_assert_str_ne(four.name, three.name);
    request.client = "a/b";
    ck_assert_int_eq(caller_identify(&request, true, &four, NULL), RS_INVALID);
}
END_TEST

START_TEST(tokens_without_a_subject_are_different_callers)
{
    const struct access who = {.by_token = true};
    struct caller_request request = {.access = &who, .token = "t1"};
    struct caller one, again, two, cookie;
    ck_assert_ok(caller_identify(&request, true, &one, NULL));
    ck_assert_ok(caller_identify(&request, true, &again, NULL));
    ck_assert_str_eq(one.name, again.name);
    request.token = "t2";
    ck_assert_ok(caller_identify(&request, true, &two, NULL));
    ck_assert_str_ne(one.name, two.name);
    request.token = NULL; /* it came by the session cookie */
    ck_assert_ok(caller_identify(&request, true, &cookie, NULL));
    ck_assert_str_ne(cookie.set_cookie, "");
}
END_TEST

static Suite *suite(void)
{
    Suite *s = suite_create("caller");
    TCase *t = tcase_create("caller");
    tcase_add_test(t, the_same_sign_is_the_same_caller);
    tcase_add_test(t, different_signs_are_different_callers);
    tcase_add_test(t, cookies_that_are_not_ours_make_a_new_caller);
    tcase_add_test(t, a_subject_outweighs_all_else);
    tcase_add_test(t, tokens_without_a_subject_are_different_callers);
    suite_add_tcase(s, t);
    return s;
}

UNIT_MAIN(suite)
