#include "base/map.h"
#include "tests/unit/unit.h"

START_TEST(many_keys)
{
    enum { N = 5000 };
    static int values[N];
    struct map m = {0};
    char key[32];
    ck_assert_ptr_null(map_get(&m, "x"));
    map_remove(&m, "x");
    for (int i = 0; i < N; i++) {
        snprintf(key, sizeof key, "run:%d", i);
        ck_assert_ok(map_put(&m, key, &values[i]));
    }
    ck_assert_uint_eq(m.n, N);
    for (int i = 0; i < N; i += 2) {
        snprintf(key, sizeof key, "run:%d", i);
        map_remove(&m, key);
        map_remove(&m, key);
    }
    ck_assert_uint_eq(m.n, N / 2);
    for (int i = 0; i < N; i++) {
        snprintf(key, sizeof key, "run:%d", i);
        ck_assert_ptr_eq(map_get(&m, key), i % 2 ? &values[i] : NULL);
    }
    ck_assert_ok(map_put(&m, "run:1", &values[7]));
    ck_assert_ptr_eq(map_get(&m, "run:1"), &values[7]);
    ck_assert_uint_eq(m.n, N / 2);
    map_clear(&m, NULL);
    ck_assert_ptr_null(map_get(&m, "run:1"));
}
END_TEST

static int n_freed;

static void count_freed(void *value)
{
    n_freed++;
    free(value);
}

START_TEST(clear_frees_the_values)
{
    struct map m = {0};
    ck_assert_ok(map_put(&m, "a", malloc(1)));
    ck_assert_ok(map_put(&m, "b", malloc(1)));
    map_clear(&m, count_freed);
    ck_assert_int_eq(n_freed, 2);
    ck_assert_ptr_null(map_get(&m, "a"));
    ck_assert_ok(map_put(&m, "a", &m));
    ck_assert_ptr_eq(map_get(&m, "a"), &m);
    map_clear(&m, NULL);
}
END_TEST

static Suite *suite(void)
{
    Suite *s = suite_create("map");
    TCase *t = tcase_create("all");
    tcase_add_test(t, many_keys);
    tcase_add_test(t, clear_frees_the_values);
    suite_add_tcase(s, t);
    return s;
}
UNIT_MAIN(suite)
