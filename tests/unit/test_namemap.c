#include "event/namemap.h"
#include "tests/unit/unit.h"

START_TEST(finds_what_was_put)
{
    enum { N = 5000 };
    struct namemap map = {NULL, 0, 0};
    char (*names)[16] = calloc(N, sizeof *names);

    ck_assert_ptr_null(namemap_get(&map, "x"));
    for (int i = 0; i < N; i++) {
        snprintf(names[i], sizeof names[i], "run:%d", i);
        ck_assert(namemap_put(&map, names[i], names[i]));
    }
    for (int i = 0; i < N; i++) {
        char name[16];
        snprintf(name, sizeof name, "run:%d", i);
        ck_assert_ptr_eq(namemap_get(&map, name), names[i]);
    }
    ck_assert_ptr_null(namemap_get(&map, "run:5000"));
    ck_assert_uint_eq(map.n, N);
    namemap_clear(&map, NULL);
    ck_assert_ptr_null(namemap_get(&map, "run:1"));
    free(names);
}
END_TEST

static Suite *suite(void)
{
    Suite *s = suite_create("namemap");
    TCase *tc = tcase_create("namemap");

    tcase_add_test(tc, finds_what_was_put);
    suite_add_tcase(s, tc);
    return s;
}

UNIT_MAIN(suite)
