#include "base/json.h"
#include "unit.h"

static enum rs_err parse(const char *text, struct json_object **ret, struct fault *fault)
{
    return json_parse(text, strlen(text), 10000, ret, fault);
}

START_TEST(accepts_json)
{
    static const char *const good[] = {"{}",
                                       " [1,2.5,-3e2] ",
                                       "\"\\u00e9\\ud83d\\ude00\"",
                                       "null",
                                       "true",
                                       "12",
                                       "{\"a\":{\"b\":[null,false]}}\n",
                                       "\"\xC3\xA9\"",
                                       "0",
                                       "-0.5"};
    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        struct json_object *o = (void *)-1;
        struct fault fault = {0};
        ck_assert_msg(parse(good[i], &o, &fault) == RS_OK, "%s: %s", good[i], fault.message);
        ck_assert((o == NULL) == (strcmp(good[i], "null") == 0));
        json_object_put(o);
    }
}
END_TEST

START_TEST(refuses_what_is_not_json)
{
    static const char *const bad[] = {"",
                                      "  ",
                                      "{",
                                      "[1,]",
                                      "{\"a\":1,}",
                                      "{a:1}",
                                      "{'a':1}",
                                      "nul",
                                      "tru",
                                      "[1] x",
                                      "1 2",
                                      "\"abc",
                                      "\"\\x\"",
                                      "/* c */ 1",
                                      "NaN",
                                      "Infinity",
                                      "-Infinity",
                                      "[-Infinity]",
                                      "\"\xFF\"",
                                      "\"\xC0\xAF\"",
                                      "\"\xED\xA0\x80\"",
                                      "['a']",
                                      "-01",
                                      "[1.e3]",
                                      "[1 // c\n]",
                                      "[\f1]",
                                      "[1-]",
                                      "[1,,2]",
                                      "[nulll]",
                                      "[1e+]",
                                      "\"a\x01\"",
                                      "[",
                                      "[1",
                                      "{\"a\":",
                                      "01",
                                      "TRUE",
                                      "Null",
                                      "+1",
                                      "1.",
                                      ".5",
                                      "-",
                                      "1e",
                                      "\"a\nb\"",
                                      "{\"a\" 1}",
                                      "[1 2]",
                                      "}",
                                      "\"\\u12g4\"",
                                      "[01]",
                                      "[1.]",
                                      "[-]",
                                      "\f1"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct json_object *o = NULL;
        struct fault fault = {0};
        ck_assert_msg(parse(bad[i], &o, &fault) == RS_INVALID, "accepted: %s", bad[i]);
        ck_assert_ptr_null(o);
        ck_assert_str_ne(fault.message, "");
    }
    struct json_object *o = NULL;
    ck_assert_int_eq(json_parse("1\0", 2, 10, &o, NULL), RS_INVALID);
    ck_assert_int_eq(json_parse("\"a\0b\"", 5, 10, &o, NULL), RS_INVALID);
}
END_TEST

START_TEST(says_where)
{
    struct json_object *o = NULL;
    struct fault fault = {0};
    ck_assert_int_eq(parse("{\n \"a\": x}", &o, &fault), RS_INVALID);
    ck_assert_msg(strstr(fault.message, "line 2, column 7") != NULL, "%s", fault.message);
}
END_TEST

START_TEST(does_not_read_beyond_len)
{
    struct json_object *o = NULL;
    ck_assert_ok(json_parse("12345", 2, 10, &o, NULL));
    ck_assert_int_eq(json_object_get_int(o), 12);
    json_object_put(o);
}
END_TEST

START_TEST(depth_and_length_are_bounded)
{
    char text[2 * (JSON_DEPTH_MAX + 1) + 2];
    for (int extra = 0; extra <= 1; extra++) {
        int n = JSON_DEPTH_MAX + extra;
        memset(text, '[', (size_t)n);
        text[n] = '1';
        memset(text + n + 1, ']', (size_t)n);
        text[2 * n + 1] = '\0';
        struct json_object *o = NULL;
        struct fault fault = {0};
        enum rs_err err = parse(text, &o, &fault);
        ck_assert_msg(err == (extra ? RS_INVALID : RS_OK), "%d deep: %s", n, fault.message);
        json_object_put(o);
        memmove(text + n, text + n + 1, (size_t)n + 1); /* without the 1 */
        o = NULL;
        err = parse(text, &o, &fault);
        ck_assert_msg(err == (extra ? RS_INVALID : RS_OK), "%d deep, empty: %s", n, fault.message);
        json_object_put(o);
    }
    struct json_object *o = NULL;
    ck_assert_int_eq(json_parse("[1,2]", 5, 4, &o, NULL), RS_LIMIT);
}
END_TEST

START_TEST(getters_fall_back)
{
    struct json_object *o = NULL;
    ck_assert_ok(parse("{\"s\":\"x\",\"i\":7,\"b\":true,\"n\":null,\"a\":[1],\"d\":1.5}", &o, NULL));
    ck_assert_str_eq(json_get_string(o, "s", "-"), "x");
    ck_assert_str_eq(json_get_string(o, "i", "-"), "-");
    ck_assert_ptr_null(json_get_string(o, "none", NULL));
    ck_assert_int_eq(json_get_int(o, "i", -1), 7);
    ck_assert_int_eq(json_get_int(o, "s", -1), -1);
    ck_assert_int_eq(json_get_int(o, "d", -1), -1);
    ck_assert(json_get_bool(o, "b", false));
    ck_assert(json_get_bool(o, "n", true));
    ck_assert_ptr_null(json_get(o, "n"));
    ck_assert_ptr_nonnull(json_get(o, "d"));
    ck_assert_ptr_nonnull(json_get_array(o, "a"));
    ck_assert_ptr_null(json_get_array(o, "s"));
    ck_assert_ptr_null(json_get(NULL, "x"));
    ck_assert_int_eq(json_get_int(json_get_array(o, "a"), "x", 3), 3);
    json_object_put(o);
}
END_TEST

/* C strings end there: what would be checked and what would be stored would not be the same. */
START_TEST(a_string_with_a_nul_is_no_string)
{
    struct json_object *o = NULL;
    const char *text = "{\"a\":\"x\\u0000y\",\"b\":\"xy\"}";
    ck_assert_ok(json_parse(text, strlen(text), 100, &o, NULL));
    ck_assert_str_eq(json_get_string(o, "a", "-"), "-");
    ck_assert_str_eq(json_get_string(o, "b", "-"), "xy");
    json_object_put(o);
}
END_TEST

START_TEST(setters_and_text)
{
    struct json_object *o = json_object_new_object();
    json_set_string(o, "s", "a/b");
    json_set_string(o, "absent", NULL);
    json_set_int(o, "i", INT64_MAX);
    json_set_bool(o, "b", false);
    json_set_time(o, "t", 1795273445123);
    json_set_time(o, "never", 0);
    json_set(o, "n", NULL);
    size_t len;
    const char *text = json_text(o, &len);
    ck_assert_str_eq(
        text, "{\"s\":\"a/b\",\"i\":9223372036854775807,\"b\":false,\"t\":\"2026-11-21T15:04:05.123Z\",\"n\":null}");
    ck_assert_uint_eq(len, strlen(text));
    json_object_put(o);
    ck_assert_str_eq(json_text(NULL, &len), "null");
    ck_assert_uint_eq(len, 4);
}
END_TEST

/* The examples of RFC 7396, appendix A, of objects. */
START_TEST(merge_patch)
{
    static const char *const cases[][3] = {
        {"{\"a\":\"b\"}", "{\"a\":\"c\"}", "{\"a\":\"c\"}"},
        {"{\"a\":\"b\"}", "{\"b\":\"c\"}", "{\"a\":\"b\",\"b\":\"c\"}"},
        {"{\"a\":\"b\"}", "{\"a\":null}", "{}"},
        {"{\"a\":\"b\",\"b\":\"c\"}", "{\"a\":null}", "{\"b\":\"c\"}"},
        {"{\"a\":[\"b\"]}", "{\"a\":\"c\"}", "{\"a\":\"c\"}"},
        {"{\"a\":\"c\"}", "{\"a\":[\"b\"]}", "{\"a\":[\"b\"]}"},
        {"{\"a\":{\"b\":\"c\"}}", "{\"a\":{\"b\":\"d\",\"c\":null}}", "{\"a\":{\"b\":\"d\"}}"},
        {"{\"a\":[{\"b\":\"c\"}]}", "{\"a\":[1]}", "{\"a\":[1]}"},
        {"{\"e\":null}", "{\"a\":1}", "{\"e\":null,\"a\":1}"},
        {"{}", "{\"a\":{\"bb\":{\"ccc\":null}}}", "{\"a\":{\"bb\":{}}}"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct json_object *target = NULL, *patch = NULL, *want = NULL;
        ck_assert_ok(json_parse(cases[i][0], strlen(cases[i][0]), 1000, &target, NULL));
        ck_assert_ok(json_parse(cases[i][1], strlen(cases[i][1]), 1000, &patch, NULL));
        ck_assert_ok(json_parse(cases[i][2], strlen(cases[i][2]), 1000, &want, NULL));
        json_merge(target, patch);
        ck_assert_msg(json_object_equal(target, want), "%s with %s gives %s", cases[i][0], cases[i][1], json_text(target, NULL));
        json_object_put(target);
        json_object_put(patch);
        json_object_put(want);
    }
}
END_TEST

static Suite *suite(void)
{
    Suite *s = suite_create("json");
    TCase *t = tcase_create("json");
    tcase_add_test(t, accepts_json);
    tcase_add_test(t, refuses_what_is_not_json);
    tcase_add_test(t, says_where);
    tcase_add_test(t, does_not_read_beyond_len);
    tcase_add_test(t, depth_and_length_are_bounded);
    tcase_add_test(t, getters_fall_back);
    tcase_add_test(t, a_string_with_a_nul_is_no_string);
    tcase_add_test(t, setters_and_text);
    tcase_add_test(t, merge_patch);
    suite_add_tcase(s, t);
    return s;
}
UNIT_MAIN(suite)
