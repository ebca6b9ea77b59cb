/* Many who have much to send: a few at a time, in the order in which they began to wait. */
#include "bridge/turns.h"
#include "tests/unit/unit.h"

#define N 40

static uv_loop_t loop;
static struct turns turns;
static struct turn all[N];
static int order[4 * N], n_given;

static void on_turn(void *owner)
{
    order[n_given++] = (int)((struct turn *)owner - all);
}

static void setup(void)
{
    uv_loop_init(&loop);
    turns_init(&turns, &loop, on_turn);
    memset(all, 0, sizeof all);
    n_given = 0;
}

static void teardown(void)
{
    uv_close((uv_handle_t *)&turns.more, NULL);
    uv_run(&loop, UV_RUN_DEFAULT);
    ck_assert_int_eq(uv_loop_close(&loop), 0);
}

static void wait_all(void)
{
    for (int i = 0; i < N; i++)
        turns_wait(&turns, &all[i], &all[i]);
}

START_TEST(few_at_a_time_and_none_for_ever)
{
    wait_all();
    for (int given = 0; given < N; given = n_given) {
        ck_assert(uv_is_active((uv_handle_t *)&turns.more));
        turns_give(&turns);
        ck_assert_int_eq(n_given, given + TURNS_AT_ONCE < N ? given + TURNS_AT_ONCE : N);
    }
    for (int i = 0; i < N; i++) {
        ck_assert_int_eq(order[i], i);
        ck_assert_uint_eq(all[i].bytes, TURN_BYTES);
    }
    ck_assert(!uv_is_active((uv_handle_t *)&turns.more));
}
END_TEST

START_TEST(who_has_had_a_turn_stands_behind_those_who_wait)
{
    wait_all();
    turns_give(&turns);
    turns_wait(&turns, &all[0], &all[0]);
    turns_wait(&turns, &all[N - 1], &all[N - 1]); /* keeps its place */
    while (turns.first)
        turns_give(&turns);
    ck_assert_int_eq(n_given, N + 1);
    ck_assert_int_eq(order[N - 1], N - 1);
    ck_assert_int_eq(order[N], 0);
}
END_TEST

START_TEST(who_leaves_is_not_called)
{
    wait_all();
    turns_leave(&turns, &all[0]);
    turns_leave(&turns, &all[N - 1]);
    turns_leave(&turns, &all[N - 1]);
    while (turns.first)
        turns_give(&turns);
    ck_assert_int_eq(n_given, N - 2);
    ck_assert_int_eq(order[0], 1);
    ck_assert_int_eq(order[N - 3], N - 2);
    wait_all();
    for (int i = 0; i < N; i++)
        turns_leave(&turns, &all[i]);
    turns_give(&turns);
    ck_assert_int_eq(n_given, N - 2);
    ck_assert(!uv_is_active((uv_handle_t *)&turns.more));
}
END_TEST

static Suite *suite(void)
{
    Suite *s = suite_create("turns");
    TCase *tc = tcase_create("turns");

    tcase_add_checked_fixture(tc, setup, teardown);
    tcase_add_test(tc, few_at_a_time_and_none_for_ever);
    tcase_add_test(tc, who_has_had_a_turn_stands_behind_those_who_wait);
    tcase_add_test(tc, who_leaves_is_not_called);
    suite_add_tcase(s, tc);
    return s;
}

UNIT_MAIN(suite)
