#include "http/problem.h"
#include "unit.h"

START_TEST(is_rfc_9457_json)
{
    struct buf out;
    struct fault fault = {0};
    struct json_object *errors = json_object_new_array(), *o = NULL;
    json_object_array_add(errors, json_object_new_string("e\"1"));
    fault_set(&fault, RS_UNPROCESSABLE, "two \"problems\"");
    buf_init(&out, 10000);
    ck_assert_ok(problem_put(&out, &fault, errors));
    ck_assert_ok(json_parse(out.data, out.len, 10000, &o, NULL));
    ck_assert_str_eq(json_get_string(o, "type", ""), "about:blank");
    ck_assert_str_eq(json_get_string(o, "title", ""), "Unprocessable Content");
    ck_assert_int_eq(json_get_int(o, "status", 0), 422);
    ck_assert_str_eq(json_get_string(o, "code", ""), "unprocessable");
    ck_assert_str_eq(json_get_string(o, "detail", ""), "two \"problems\"");
    ck_assert_str_eq(json_object_get_string(json_object_array_get_idx(json_get_array(o, "errors"), 0)), "e\"1");
    json_object_put(o);
    json_object_put(errors);
    buf_clear(&out);
    ck_assert_ok(problem_put(&out, &fault, NULL));
    ck_assert_ptr_null(strstr(out.data, "errors"));
    buf_release(&out);
}
END_TEST

START_TEST(every_error_has_a_reason)
{
    for (int e = 0; e < RS_N_ERRS; e++)
        ck_assert_str_ne(http_reason(rs_err_http((enum rs_err)e)), "Unknown");
}
END_TEST

static Suite *suite(void)
{
    Suite *s = suite_create("problem");
    TCase *t = tcase_create("problem");
    tcase_add_test(t, is_rfc_9457_json);
    tcase_add_test(t, every_error_has_a_reason);
    suite_add_tcase(s, t);
    return s;
}
UNIT_MAIN(suite)
