#include "base/err.h"
#include "unit.h"

START_TEST(every_error_has_name_and_status)
{
    for (int e = 0; e < RS_N_ERRS; e++) {
        ck_assert_ptr_nonnull(rs_err_name((enum rs_err)e));
        ck_assert_int_ge(rs_err_http((enum rs_err)e), 200);
    }
    ck_assert_int_eq(rs_err_http(RS_NOT_FOUND), 404);
    ck_assert_int_eq(rs_err_http(RS_UNPROCESSABLE), 422);
    ck_assert_str_eq(rs_err_name(RS_NOT_FOUND), "not_found");
}
END_TEST

START_TEST(fault_takes_null_and_returns_code)
{
    ck_assert_int_eq(fault_set(NULL, RS_IO, "x"), RS_IO);
    struct fault f = {0};
    ck_assert_int_eq(fault_set(&f, RS_INVALID, "line %d\nnext", 3), RS_INVALID);
    ck_assert_int_eq(f.code, RS_INVALID);
    ck_assert_str_eq(f.message, "line 3 next");
}
END_TEST

START_TEST(long_message_is_cut_between_characters)
{
    struct fault f = {0};
    char text[2 * FAULT_MESSAGE_MAX + 2] = "x";
    for (int i = 0; i < FAULT_MESSAGE_MAX; i++)
        memcpy(text + 1 + 2 * i, "\xC3\xA9", 3);
    fault_set(&f, RS_INVALID, "%s", text);
    size_t len = strlen(f.message);
    ck_assert_uint_eq(len % 2, 1); /* x and whole two-byte characters */
    ck_assert_uint_ge(len, FAULT_MESSAGE_MAX - 3);
}
END_TEST

START_TEST(what_a_precision_cuts_is_valid_too)
{
    struct fault fault;
    fault_set(&fault, RS_INVALID, "\"%.4s\"", "x\xC3\xA9\xC3\xA9");
    ck_assert_str_eq(fault.message, "\"x\xC3\xA9?\"");
}
END_TEST

static Suite *suite(void)
{
    Suite *s = suite_create("err");
    TCase *t = tcase_create("err");
    tcase_add_test(t, every_error_has_name_and_status);
    tcase_add_test(t, fault_takes_null_and_returns_code);
    tcase_add_test(t, long_message_is_cut_between_characters);
    tcase_add_test(t, what_a_precision_cuts_is_valid_too);
    suite_add_tcase(s, t);
    return s;
}
UNIT_MAIN(suite)
