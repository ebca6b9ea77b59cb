#include "event/spool_ring.h"
#include "tests/unit/unit.h"

static struct spool_ring ring;

static void fill(int n)
{
    for (int i = 1; i <= n; i++)
        ck_assert(spool_ring_push(&ring, i, i % 2 ? i * 10 : 0, "x\n", 2));
}

START_TEST(lines_leave_when_acknowledged)
{
    fill(10);
    ck_assert_uint_eq(ring.bytes, 20);
    ck_assert_int_eq(ring.unsent->n, 1);
    ck_assert_uint_eq(spool_ring_ack(&ring, 3), 3);
    ck_assert_int_eq(ring.head->n, 4);
    ck_assert_int_eq(ring.unsent->n, 4); /* acknowledged without having been sent here */
    ck_assert_uint_eq(ring.n_acked, 2);
    ck_assert_int_eq(ring.acked[1], 30);
    ring.unsent = NULL; /* all sent */
    spool_ring_resend(&ring);
    ck_assert_int_eq(ring.unsent->n, 4);
    ck_assert_uint_eq(spool_ring_ack(&ring, 2), 0);
    ck_assert_uint_eq(spool_ring_ack(&ring, 99), 7);
    ck_assert_ptr_null(ring.head);
    ck_assert_ptr_null(ring.unsent);
    ck_assert_uint_eq(ring.bytes, 0);
    ck_assert(spool_ring_push(&ring, 11, 0, "y\n", 2));
    ck_assert_int_eq(ring.head->n, 11);
    ck_assert_int_eq(ring.last_n, 11);
    spool_ring_release(&ring);
}
END_TEST

START_TEST(a_refused_line_leaves_in_its_turn)
{
    fill(5);
    ck_assert_uint_eq(spool_ring_refuse(&ring, 2), 0); /* 1 is still under way */
    ck_assert_uint_eq(spool_ring_ack(&ring, 1), 2);
    ck_assert_int_eq(ring.head->n, 3);
    ck_assert_uint_eq(spool_ring_refuse(&ring, 3), 1);
    ck_assert_uint_eq(spool_ring_refuse(&ring, 99), 0);
    ck_assert_int_eq(ring.head->n, 4);
    spool_ring_release(&ring);
}
END_TEST

START_TEST(dropped_events_are_counted_by_stream)
{
    char name[16];
    int64_t sum = 0;

    for (int i = 0; i < 40; i++) {
        snprintf(name, sizeof name, "run:%d", i);
        spool_ring_drop(&ring, name);
        spool_ring_drop(&ring, "run:0");
    }
    ck_assert_int_eq(ring.n_dropped, SPOOL_DROPPED_STREAMS);
    ck_assert_int_eq(ring.dropped[0].count, 41);
    ck_assert_str_eq(ring.dropped[SPOOL_DROPPED_STREAMS - 1].stream, "system");
    for (int i = 0; i < ring.n_dropped; i++)
        sum += ring.dropped[i].count;
    ck_assert_int_eq(sum, 80);
    spool_ring_release(&ring);
}
END_TEST

static Suite *suite(void)
{
    Suite *s = suite_create("spool_ring");
    TCase *tc = tcase_create("spool_ring");

    tcase_add_test(tc, lines_leave_when_acknowledged);
    tcase_add_test(tc, a_refused_line_leaves_in_its_turn);
    tcase_add_test(tc, dropped_events_are_counted_by_stream);
    suite_add_tcase(s, tc);
    return s;
}

UNIT_MAIN(suite)
