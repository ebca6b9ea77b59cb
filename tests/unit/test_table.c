#include "bridge/table.h"
#include "tests/unit/unit.h"

START_TEST(many_keys)
{
    enum { N = 5000 };
    static int values[N];
    struct table t = {0};
    char key[32];
    ck_assert_ptr_null(table_get(&t, "x"));
    table_remove(&t, "x");
    for (int i = 0; i < N; i++) {
        snprintf(key, sizeof key, "run:%d", i);
        ck_assert_ok(table_put(&t, key, &values[i]));
    }
    ck_assert_uint_eq(t.n, N);
    for (int i = 0; i < N; i += 2) {
        snprintf(key, sizeof key, "run:%d", i);
        table_remove(&t, key);
        table_remove(&t, key);
    }
    ck_assert_uint_eq(t.n, N / 2);
    for (int i = 0; i < N; i++) {
        snprintf(key, sizeof key, "run:%d", i);
        ck_assert_ptr_eq(table_get(&t, key), i % 2 ? &values[i] : NULL);
    }
    ck_assert_ok(table_put(&t, "run:1", &values[7]));
    ck_assert_ptr_eq(table_get(&t, "run:1"), &values[7]);
    ck_assert_uint_eq(t.n, N / 2);
    table_release(&t);
    ck_assert_ptr_null(table_get(&t, "run:1"));
}
END_TEST

static Suite *suite(void)
{
    Suite *s = suite_create("table");
    TCase *t = tcase_create("all");
    tcase_add_test(t, many_keys);
    suite_add_tcase(s, t);
    return s;
}
UNIT_MAIN(suite)
