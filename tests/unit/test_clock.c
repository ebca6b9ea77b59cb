#include "base/clock.h"
#include "unit.h"
#include <unistd.h>

START_TEST(formats_utc_with_milliseconds)
{
    char text[CLOCK_TEXT_MAX];
    ck_assert_str_eq(clock_format(0, text), "1970-01-01T00:00:00.000Z");
    ck_assert_str_eq(clock_format(1795273445123, text), "2026-11-21T15:04:05.123Z");
    ck_assert_str_eq(clock_format(-1, text), "1969-12-31T23:59:59.999Z");
    ck_assert_uint_lt(strlen(clock_format(INT64_MAX, text)), CLOCK_TEXT_MAX);
    ck_assert_uint_lt(strlen(clock_format(INT64_MIN, text)), CLOCK_TEXT_MAX);
}
END_TEST

START_TEST(parses_every_offset_and_fraction)
{
    static const struct {
        const char *text;
        int64_t ms;
    } good[] = {
        {"1970-01-01T00:00:00Z", 0},
        {"2026-11-21T15:04:05.123Z", 1795273445123},
        {"2026-11-21t16:04:05.123456+01:00", 1795273445123},
        {"2026-11-21 09:34:05.1-05:30", 1795273445100},
        {"2024-02-29T00:00:00.05Z", 1709164800050},
    };
    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        int64_t ms = -7;
        ck_assert_msg(clock_parse(good[i].text, &ms) == RS_OK, "%s", good[i].text);
        ck_assert_int_eq(ms, good[i].ms);
    }
}
END_TEST

START_TEST(refuses_what_is_no_time)
{
    static const char *const bad[] = {"",
                                      "2026",
                                      "2026-13-01T00:00:00Z",
                                      "2026-02-29T00:00:00Z",
                                      "2026-11-21T24:00:00Z",
                                      "2026-11-21T15:04:05",
                                      "2026-11-21T15:04:05.Z",
                                      "2026-11-21T15:04:05Zx",
                                      "2026-11-21T15:04:05+1:00",
                                      "2026-11-21T15:04:05+24:00"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        int64_t ms = -7;
        ck_assert_msg(clock_parse(bad[i], &ms) == RS_INVALID, "%s", bad[i]);
        ck_assert_int_eq(ms, -7);
    }
}
END_TEST

START_TEST(round_trip_of_now)
{
    char text[CLOCK_TEXT_MAX];
    int64_t now = clock_wall_ms(), back;
    ck_assert_ok(clock_parse(clock_format(now, text), &back));
    ck_assert_int_eq(now, back);
    ck_assert_int_gt(now, 1700000000000);
    int64_t mono = clock_mono_ms();
    ck_assert_int_ge(clock_mono_ms(), mono);
}
END_TEST

START_TEST(cpu_time_stands_still_while_the_thread_sleeps)
{
    int64_t mono = clock_mono_us(), cpu = clock_cpu_us();
    usleep(50000);
    cpu = clock_cpu_us() - cpu;
    ck_assert_int_lt(cpu, clock_mono_us() - mono);
    cpu = clock_cpu_us();
    while (clock_cpu_us() == cpu)
        ;
}
END_TEST

static Suite *suite(void)
{
    Suite *s = suite_create("clock");
    TCase *t = tcase_create("clock");
    tcase_add_test(t, formats_utc_with_milliseconds);
    tcase_add_test(t, parses_every_offset_and_fraction);
    tcase_add_test(t, refuses_what_is_no_time);
    tcase_add_test(t, round_trip_of_now);
    tcase_add_test(t, cpu_time_stands_still_while_the_thread_sleeps);
    suite_add_tcase(s, t);
    return s;
}
UNIT_MAIN(suite)
