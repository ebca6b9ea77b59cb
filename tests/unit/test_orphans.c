/* orphans - a run's process that lives and is late hangs only when it stays late on our own clock. */
#include "runner/orphans.h"
#include "unit.h"
#include <stdio.h>

static struct run_orphan late(const char *id, int64_t lease_ms)
{
    struct run_orphan o = {.fence = 1, .lease_ms = lease_ms, .pid = 1};

    snprintf(o.id, sizeof(o.id), "%s", id);
    return o;
}

START_TEST(a_clock_set_forward_makes_nobody_hang)
{
    static struct orphans_watch watch;
    struct run_orphan a = late("a", 1000), renewed = late("a", 99000);

    ck_assert(!orphans_hangs(&watch, &a, 0));
    orphans_forget(&watch);
    ck_assert(!orphans_hangs(&watch, &renewed, ORPHANS_HANG_MS)); /* it has moved */
    orphans_forget(&watch);
    ck_assert_int_eq(watch.n, 1);
    ck_assert(!orphans_hangs(&watch, &renewed, 2 * ORPHANS_HANG_MS - 1));
    ck_assert(orphans_hangs(&watch, &renewed, 2 * ORPHANS_HANG_MS));
}
END_TEST

START_TEST(who_was_in_time_again_is_forgotten)
{
    static struct orphans_watch watch;
    struct run_orphan a = late("a", 1000);

    ck_assert(!orphans_hangs(&watch, &a, 0));
    orphans_forget(&watch);
    orphans_forget(&watch); /* not late at this look */
    ck_assert_int_eq(watch.n, 0);
    ck_assert(!orphans_hangs(&watch, &a, ORPHANS_HANG_MS));
}
END_TEST

START_TEST(more_than_there_is_room_for_wait)
{
    static struct orphans_watch watch;
    char id[16];

    for (int i = 0; i <= ORPHANS_AT_ONCE; i++) {
        snprintf(id, sizeof(id), "r%d", i);
        struct run_orphan o = late(id, 1);
        ck_assert(!orphans_hangs(&watch, &o, 0));
    }
    ck_assert_int_eq(watch.n, ORPHANS_AT_ONCE);
}
END_TEST

static Suite *suite(void)
{
    Suite *s = suite_create("orphans");
    TCase *t = tcase_create("late");

    tcase_add_test(t, a_clock_set_forward_makes_nobody_hang);
    tcase_add_test(t, who_was_in_time_again_is_forgotten);
    tcase_add_test(t, more_than_there_is_room_for_wait);
    suite_add_tcase(s, t);
    return s;
}
UNIT_MAIN(suite)
