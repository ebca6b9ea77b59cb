#include "base/id.h"
#include "unit.h"

START_TEST(valid_ids)
{
    ck_assert(id_valid("a"));
    ck_assert(id_valid("r_8f3k.A-9"));
    ck_assert(id_valid("..."));
    ck_assert(!id_valid(NULL));
    ck_assert(!id_valid(""));
    ck_assert(!id_valid("."));
    ck_assert(!id_valid(".."));
    ck_assert(!id_valid("a/b"));
    ck_assert(!id_valid("a b"));
    ck_assert(!id_valid("\xC3\xA9"));
    ck_assert(!id_valid("a\n"));
    ck_assert(!id_valid_n("a\0b", 3));
    ck_assert(id_valid_n("abc/", 3));
}
END_TEST

START_TEST(length_is_bounded)
{
    char s[ID_MAX + 2];
    memset(s, 'x', sizeof s);
    s[ID_MAX] = '\0';
    ck_assert(id_valid(s));
    s[ID_MAX] = 'x';
    s[ID_MAX + 1] = '\0';
    ck_assert(!id_valid(s));
}
END_TEST

START_TEST(new_ids_are_valid_and_differ)
{
    char a[ID_MAX + 1], b[ID_MAX + 1];
    ck_assert_ptr_eq(id_new("r_", a), a);
    ck_assert(id_valid(a));
    ck_assert_uint_eq(strlen(a), 18);
    ck_assert_int_eq(strncmp(a, "r_", 2), 0);
    ck_assert_uint_eq(strspn(a + 2, "0123456789abcdefghijklmnopqrstuvwxyz"), 16);
    for (int i = 0; i < 1000; i++)
        ck_assert_str_ne(id_new("r_", b), a);
}
END_TEST

static Suite *suite(void)
{
    Suite *s = suite_create("id");
    TCase *t = tcase_create("id");
    tcase_add_test(t, valid_ids);
    tcase_add_test(t, length_is_bounded);
    tcase_add_test(t, new_ids_are_valid_and_differ);
    suite_add_tcase(s, t);
    return s;
}
UNIT_MAIN(suite)
