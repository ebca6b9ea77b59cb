#include "base/utf8.h"
#include "unit.h"

START_TEST(knows_characters_of_each_length)
{
    static const char *const good[] = {"a",
                                       "\x7F",
                                       "\xC2\x80",
                                       "\xDF\xBF",
                                       "\xE0\xA0\x80",
                                       "\xED\x9F\xBF",
                                       "\xEF\xBF\xBF",
                                       "\xF0\x90\x80\x80",
                                       "\xF4\x8F\xBF\xBF"};
    for (size_t i = 0; i < sizeof good / sizeof *good; i++)
        ck_assert_uint_eq(utf8_char(good[i], strlen(good[i])), strlen(good[i]));
}
END_TEST

START_TEST(refuses_all_else)
{
    static const char *const bad[] = {"\x80",
                                      "\xBF",
                                      "\xC0\x80",
                                      "\xC1\xBF",
                                      "\xE0\x9F\xBF",
                                      "\xED\xA0\x80",
                                      "\xF0\x8F\xBF\xBF",
                                      "\xF4\x90\x80\x80",
                                      "\xF5\x80\x80\x80",
                                      "\xFF",
                                      "\xC3\x28",
                                      "\xE2\x82",
                                      "\xF0\x9F\x98"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        ck_assert_uint_eq(utf8_char(bad[i], strlen(bad[i])), 0);
        ck_assert(!utf8_valid(bad[i], strlen(bad[i])));
    }
    ck_assert_uint_eq(utf8_char("\xC3\xA9", 1), 0);
}
END_TEST

START_TEST(whole_texts)
{
    ck_assert(utf8_valid("", 0));
    ck_assert(utf8_valid("a\0\xC3\xA9", 4));
    ck_assert(!utf8_valid("ok\xC3", 3));
}
END_TEST

START_TEST(repairs_what_was_cut)
{
    char text[] = "a\xC3\xA9\xE2\x82-\xF0\x9F\x98";
    utf8_repair(text);
    ck_assert_str_eq(text, "a\xC3\xA9?\?-?\?\?");
}
END_TEST

static Suite *suite(void)
{
    Suite *s = suite_create("utf8");
    TCase *t = tcase_create("utf8");
    tcase_add_test(t, knows_characters_of_each_length);
    tcase_add_test(t, refuses_all_else);
    tcase_add_test(t, whole_texts);
    tcase_add_test(t, repairs_what_was_cut);
    suite_add_tcase(s, t);
    return s;
}
UNIT_MAIN(suite)
