#include "http/query.h"
#include "unit.h"

START_TEST(decodes_parameters_in_order)
{
    struct query q = {0};
    ck_assert_ok(query_parse("stream=run%3Ar_1&since=12&stream=a+b&&flag&empty=&x=1=2", &q, NULL));
    int index = 0;
    ck_assert_str_eq(query_next(&q, "stream", &index), "run:r_1");
    ck_assert_str_eq(query_next(&q, "stream", &index), "a b");
    ck_assert_ptr_null(query_next(&q, "stream", &index));
    ck_assert_str_eq(query_get(&q, "since"), "12");
    ck_assert_str_eq(query_get(&q, "flag"), "");
    ck_assert_str_eq(query_get(&q, "empty"), "");
    ck_assert_str_eq(query_get(&q, "x"), "1=2");
    ck_assert_ptr_null(query_get(&q, "none"));
    query_release(&q);
    ck_assert_ok(query_parse(NULL, &q, NULL));
    ck_assert_int_eq(q.n_params, 0);
    query_release(&q);
}
END_TEST

START_TEST(refuses_bad_encodings)
{
    static const char *const bad[] = {"a=%", "a=%1", "a=%zz", "a=%00", "a=%FF", "%C0%AF=1", "a=%E2%82"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct query q = {0};
        struct fault fault = {0};
        ck_assert_msg(query_parse(bad[i], &q, &fault) == RS_INVALID, "%s", bad[i]);
        ck_assert_str_ne(fault.message, "");
        ck_assert_ptr_null(q.storage);
    }
}
END_TEST

START_TEST(count_and_length_are_bounded)
{
    char *text = malloc(QUERY_TEXT_MAX + 2);
    struct query q = {0};
    memset(text, 'a', QUERY_TEXT_MAX + 1);
    text[QUERY_TEXT_MAX + 1] = '\0';
    ck_assert_int_eq(query_parse(text, &q, NULL), RS_LIMIT);
    text[QUERY_TEXT_MAX] = '\0';
    ck_assert_ok(query_parse(text, &q, NULL));
    query_release(&q);
    for (int i = 0; i < QUERY_PARAMS_MAX; i++)
        memcpy(text + 2 * i, "a&", 3);
    ck_assert_int_eq(query_parse(text, &q, NULL), RS_LIMIT);
    text[2 * QUERY_PARAMS_MAX - 1] = '\0';
    ck_assert_ok(query_parse(text, &q, NULL));
    ck_assert_int_eq(q.n_params, QUERY_PARAMS_MAX);
    query_release(&q);
    free(text);
}
END_TEST

START_TEST(decodes_paths)
{
    char out[16];
    ck_assert_ok(path_decode("/a%20b/c+d", out, sizeof out));
    ck_assert_str_eq(out, "/a b/c+d");
    ck_assert_int_eq(path_decode("/a%2Fb", out, sizeof out), RS_INVALID);
    ck_assert_int_eq(path_decode("/a%2fb", out, sizeof out), RS_INVALID);
    ck_assert_int_eq(path_decode("/a%00", out, sizeof out), RS_INVALID);
    ck_assert_int_eq(path_decode("/a%4", out, sizeof out), RS_INVALID);
    ck_assert_ok(path_decode("/23456789012345", out, sizeof out));
    ck_assert_int_eq(path_decode("/234567890123456", out, sizeof out), RS_LIMIT);
}
END_TEST

START_TEST(matches_patterns)
{
    struct path_params p;
    ck_assert(path_match("/api/runs/{id}/logs", "/api/runs/r_1/logs", &p));
    ck_assert_str_eq(path_param(&p, "id"), "r_1");
    ck_assert_ptr_null(path_param(&p, "name"));
    ck_assert(path_match("/api/runs/{id}/artifacts/{name}", "/api/runs/a b/artifacts/..", &p));
    ck_assert_str_eq(path_param(&p, "id"), "a b");
    ck_assert_str_eq(path_param(&p, "name"), "..");
    ck_assert(path_match("/api", "/api", &p));
    ck_assert_int_eq(p.n, 0);
    ck_assert(path_match("", "", &p));
    ck_assert(!path_match("/api/runs/{id}", "/api/runs/", &p));
    ck_assert(!path_match("/api/runs/{id}", "/api/runs/a/", &p));
    ck_assert(!path_match("/api/runs/{id}", "/api/runs/a/b", &p));
    ck_assert(!path_match("/api/runs/{id}/logs", "/api/runs/a/log", &p));
    ck_assert(!path_match("/api/runs", "/api/runsx", &p));
    ck_assert(!path_match("/api/runs", "/api", &p));
}
END_TEST

START_TEST(long_values_are_cut_beyond_validity)
{
    struct path_params p;
    char path[400] = "/x/";
    memset(path + 3, 'a', 300);
    path[303] = '\0';
    ck_assert(path_match("/x/{id}", path, &p));
    ck_assert_uint_eq(strlen(path_param(&p, "id")), 129);
}
END_TEST

static Suite *suite(void)
{
    Suite *s = suite_create("query");
    TCase *t = tcase_create("query");
    tcase_add_test(t, decodes_parameters_in_order);
    tcase_add_test(t, refuses_bad_encodings);
    tcase_add_test(t, count_and_length_are_bounded);
    tcase_add_test(t, decodes_paths);
    tcase_add_test(t, matches_patterns);
    tcase_add_test(t, long_values_are_cut_beyond_validity);
    suite_add_tcase(s, t);
    return s;
}
UNIT_MAIN(suite)
