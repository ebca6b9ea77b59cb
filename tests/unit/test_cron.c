#include "model/cron.h"
#include "unit.h"

#include "base/clock.h"
#include <time.h>

static struct fault fault;

static struct tz *zone(const char *name)
{
    struct tz *tz = NULL;
    ck_assert_msg(tz_load(name, &tz, &fault) == RS_OK, "%s: %s", name, fault.message);
    return tz;
}

static int64_t at(const char *text)
{
    int64_t ms;
    ck_assert_int_eq(clock_parse(text, &ms), RS_OK);
    return ms;
}

static struct cron cron_of(const char *text)
{
    struct cron cron;
    ck_assert_msg(cron_parse(text, &cron, &fault) == RS_OK, "%s: %s", text, fault.message);
    return cron;
}

/* The times after `after`, each as RFC 3339 without its seconds, joined by spaces. */
static const char *times(const char *text, const char *zone_name, const char *after, int n)
{
    static char out[2000];
    char one[CLOCK_TEXT_MAX];
    struct tz *tz = zone(zone_name);
    struct cron cron = cron_of(text);
    int64_t t = at(after);
    out[0] = '\0';
    for (int i = 0; i < n; i++) {
        ck_assert_int_eq(cron_next(&cron, tz, t, &t), RS_OK);
        clock_format(t, one);
        ck_assert_str_eq(one + 16, ":00.000Z");
        one[16] = '\0';
        snprintf(out + strlen(out), sizeof out - strlen(out), "%s%s", i ? " " : "", one);
    }
    tz_free(tz);
    return out;
}

START_TEST(fields)
{
    static const struct {
        const char *text, *after, *want;
    } rows[] = {
        {"* * * * *", "2026-11-21T10:00:00Z", "2026-11-21T10:01"},
        {"* * * * *", "2026-11-21T10:00:59.999Z", "2026-11-21T10:01"},
        {"* * * * *", "2026-11-21T09:59:59.999Z", "2026-11-21T10:00"},
        {"*/15 * * * *", "2026-11-21T10:00:00Z", "2026-11-21T10:15"},
        {"5/20 * * * *", "2026-11-21T10:05:00Z", "2026-11-21T10:25"},
        {"10-20/5 3 * * *", "2026-11-21T03:15:00Z", "2026-11-21T03:20"},
        {"10-20/5 3 * * *", "2026-11-21T03:20:00Z", "2026-11-22T03:10"},
        {"0 9,17 * * *", "2026-11-21T10:00:00Z", "2026-11-21T17:00"},
        {"0 0 1 jan *", "2026-11-21T10:00:00Z", "2027-01-01T00:00"},
        {"0 0 * Feb Mon", "2026-11-21T10:00:00Z", "2027-02-01T00:00"},
        {"30 8 * * mon-fri", "2026-11-20T10:00:00Z", "2026-11-23T08:30"},
        {"0 0 * * 7", "2026-11-21T10:00:00Z", "2026-11-22T00:00"},
        {"0 0 * * 0", "2026-11-21T10:00:00Z", "2026-11-22T00:00"},
        {"0 0 * * 5-7", "2026-11-21T10:00:00Z", "2026-11-22T00:00"},
        {"0 0 29 2 *", "2026-11-21T10:00:00Z", "2028-02-29T00:00"},
        {"0 0 29 2 *", "2096-03-01T00:00:00Z", "2104-02-29T00:00"}, /* 2100 is no leap year */
        {"0 0 29 2 */7", "2026-11-21T10:00:00Z", "2032-02-29T00:00"}, /* a Sunday: a star asks for both days */
        {"0 0 L * *", "2026-02-01T00:00:00Z", "2026-02-28T00:00"},
        {"0 0 L 2 *", "2027-03-01T00:00:00Z", "2028-02-29T00:00"},
        {"0 0 15,L * *", "2026-04-15T00:00:00Z", "2026-04-30T00:00"},
        {"@hourly", "2026-11-21T10:00:00Z", "2026-11-21T11:00"},
        {"@daily", "2026-11-21T10:00:00Z", "2026-11-22T00:00"},
        {"@midnight", "2026-11-21T10:00:00Z", "2026-11-22T00:00"},
        {"@weekly", "2026-11-21T10:00:00Z", "2026-11-22T00:00"},
        {"@monthly", "2026-11-21T10:00:00Z", "2026-12-01T00:00"},
        {"@Yearly ", "2026-11-21T10:00:00Z", "2027-01-01T00:00"},
        {" 0\t0 * * * ", "2026-11-21T10:00:00Z", "2026-11-22T00:00"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        ck_assert_msg(strcmp(times(rows[i].text, "UTC", rows[i].after, 1), rows[i].want) == 0, "%s after %s: %s, not %s",
                      rows[i].text, rows[i].after, times(rows[i].text, "UTC", rows[i].after, 1), rows[i].want);
}
END_TEST

START_TEST(either_day_is_enough_when_both_are_given)
{
    /* The 13th, or any Friday. */
    ck_assert_str_eq(times("0 0 13 * fri", "UTC", "2026-11-01T00:00:00Z", 6),
                     "2026-11-06T00:00 2026-11-13T00:00 2026-11-20T00:00 2026-11-27T00:00 2026-12-04T00:00 2026-12-11T00:00");
    ck_assert_str_eq(times("0 0 13 * *", "UTC", "2026-11-01T00:00:00Z", 2), "2026-11-13T00:00 2026-12-13T00:00");
    ck_assert_str_eq(times("0 0 L * sun", "UTC", "2026-11-22T00:00:00Z", 3), "2026-11-29T00:00 2026-11-30T00:00 2026-12-06T00:00");
}
END_TEST

START_TEST(what_is_not_taken)
{
    static const char *const bad[] = {
        "", "*", "* * * *", "* * * * * *", "60 * * * *", "* 24 * * *", "* * 0 * *", "* * 32 * *", "* * * 0 *", "* * * 13 *",
        "* * * * 8", "*/0 * * * *", "*/60 * * * *", "* */99999999999 * * *", "5-1 * * * *", "* * * * fri-mon", "a * * * *",
        "* * * foo *", "* * * mond *", "1, * * * *", ",1 * * * *", "1- * * * *", "-1 * * * *", "1/ * * * *", "** * * * *",
        "*5 * * * *", "? * * * *", "* * 15W * *", "* * L-3 * *", "* * * * 5L", "* * * * mon#2", "H * * * *", "@reboot", "@every 5m",
        "@daily 3", "0 0 30 2 *", "0 0 31 4,6,9,11 *", "0 0 30,31 2 */2", "1.5 * * * *", "\xC3\xA9 * * * *", "1 1 1 1 1\n",
        "999999999999999999999 * * * *",
    };
    struct cron cron;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        fault = (struct fault){0};
        ck_assert_msg(cron_parse(bad[i], &cron, &fault) == RS_INVALID, "\"%s\" was taken", bad[i]);
        ck_assert_msg(strncmp(fault.message, "cron: ", 6) == 0, "%s: %s", bad[i], fault.message);
    }
    char *longest = calloc(1, 2 * CRON_TEXT_MAX);
    memset(longest, '1', 2 * CRON_TEXT_MAX - 1);
    ck_assert_int_eq(cron_parse(longest, &cron, &fault), RS_INVALID);
    free(longest);
    ck_assert_int_eq(cron_parse("0 25 * * *", &cron, &fault), RS_INVALID);
    ck_assert_str_eq(fault.message, "cron: \"25\" in the field hour: it takes 0 to 23");
    (void)cron_of("0 0 30 2 1"); /* a Monday in February is one */
}
END_TEST

START_TEST(a_time_in_the_spring_gap_is_due_once)
{
    /* Berlin: 2:00 becomes 3:00 on 29 March 2026, 1:00 UTC. */
    ck_assert_str_eq(times("30 2 * * *", "Europe/Berlin", "2026-03-27T12:00:00Z", 3),
                     "2026-03-28T01:30 2026-03-29T01:00 2026-03-30T00:30");
    ck_assert_str_eq(times("0,15,30 2 * * *", "Europe/Berlin", "2026-03-28T12:00:00Z", 2), "2026-03-29T01:00 2026-03-30T00:00");
    ck_assert_str_eq(times("0 2,3 * * *", "Europe/Berlin", "2026-03-28T12:00:00Z", 2), "2026-03-29T01:00 2026-03-30T00:00");
    ck_assert_str_eq(times("0 */2 * * *", "Europe/Berlin", "2026-03-28T23:00:00Z", 3),
                     "2026-03-29T01:00 2026-03-29T02:00 2026-03-29T04:00");
    /* New York: 8 March 2026, 7:00 UTC. */
    ck_assert_str_eq(times("30 2 * * *", "America/New_York", "2026-03-07T12:00:00Z", 2), "2026-03-08T07:00 2026-03-09T06:30");
    /* Lord Howe: 2:00 becomes 2:30 on 4 October 2026, 15:30 UTC of the day before. */
    ck_assert_str_eq(times("15 2 * * *", "Australia/Lord_Howe", "2026-10-03T00:00:00Z", 2), "2026-10-03T15:30 2026-10-04T15:15");
    ck_assert_str_eq(times("45 2 * * *", "Australia/Lord_Howe", "2026-10-03T00:00:00Z", 1), "2026-10-03T15:45");
    /* Only a day that does not exist: Samoa had no 30 December 2011. */
    ck_assert_str_eq(times("0 12 30 12 *", "Pacific/Apia", "2011-12-01T00:00:00Z", 2), "2011-12-30T10:00 2012-12-29T22:00");
}
END_TEST

START_TEST(a_time_in_the_autumn_fold_is_due_once)
{
    /* Berlin: 3:00 becomes 2:00 on 25 October 2026, 1:00 UTC. */
    ck_assert_str_eq(times("30 2 * * *", "Europe/Berlin", "2026-10-24T12:00:00Z", 2), "2026-10-25T00:30 2026-10-26T01:30");
    ck_assert_str_eq(times("30 2 * * *", "Europe/Berlin", "2026-10-25T00:45:00Z", 1), "2026-10-26T01:30");
    ck_assert_str_eq(times("30 2 * * *", "Europe/Berlin", "2026-10-25T01:15:00Z", 1), "2026-10-26T01:30");
    ck_assert_str_eq(times("*/30 2 * * *", "Europe/Berlin", "2026-10-24T12:00:00Z", 3),
                     "2026-10-25T00:00 2026-10-25T00:30 2026-10-26T01:00");
    ck_assert_str_eq(times("0 3 * * *", "Europe/Berlin", "2026-10-24T12:00:00Z", 1), "2026-10-25T02:00");
    ck_assert_str_eq(times("30 1 * * *", "America/New_York", "2026-10-31T12:00:00Z", 2), "2026-11-01T05:30 2026-11-02T06:30");
    ck_assert_str_eq(times("45 1 * * *", "Australia/Lord_Howe", "2026-04-04T00:00:00Z", 2), "2026-04-04T14:45 2026-04-05T15:15");
}
END_TEST

START_TEST(intervals_go_by_real_time)
{
    static const struct {
        const char *zone, *from;
    } rows[] = {{"Europe/Berlin", "2026-03-28T23:00:00Z"},    {"Europe/Berlin", "2026-10-24T23:00:00Z"},
                {"America/New_York", "2026-03-08T05:00:00Z"}, {"America/New_York", "2026-11-01T04:00:00Z"},
                {"Australia/Lord_Howe", "2026-10-03T14:00:00Z"}, {"Australia/Lord_Howe", "2026-04-04T13:00:00Z"},
                {"UTC", "2026-01-01T00:00:00Z"}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct tz *tz = zone(rows[i].zone);
        struct cron cron = cron_of("*/5 * * * *");
        int64_t t = at(rows[i].from), next;
        for (int n = 0; n < 60; n++, t = next) {
            ck_assert_int_eq(cron_next(&cron, tz, t, &next), RS_OK);
            ck_assert_int_eq(next - t, 300000);
        }
        tz_free(tz);
    }
    ck_assert_str_eq(times("0 * * * *", "Europe/Berlin", "2026-03-29T00:00:00Z", 2), "2026-03-29T01:00 2026-03-29T02:00");
    ck_assert_str_eq(times("0 * * * *", "Europe/Berlin", "2026-10-24T23:00:00Z", 3),
                     "2026-10-25T00:00 2026-10-25T01:00 2026-10-25T02:00");
}
END_TEST

START_TEST(times_out_of_reach)
{
    struct tz *tz = zone("UTC");
    struct cron cron = cron_of("* * * * *");
    int64_t t = 42;
    ck_assert_int_eq(cron_next(&cron, tz, -1, &t), RS_NOT_FOUND);
    ck_assert_int_eq(cron_next(&cron, tz, INT64_MAX, &t), RS_NOT_FOUND);
    ck_assert_int_eq(cron_next(&cron, tz, INT64_MIN, &t), RS_NOT_FOUND);
    ck_assert_int_eq(t, 42);
    tz_free(tz);
}
END_TEST

/* --- against a walk from minute to minute by the C library's clock --- */

static void random_field(char *out, size_t size, int min, int max)
{
    int a = min + (int)(random() % (max - min + 1)), b = a + (int)(random() % (max - a + 1));
    switch (random() % 6) {
    case 0:
    case 1:
        snprintf(out, size, "*");
        break;
    case 2:
        snprintf(out, size, "*/%d", 1 + (int)(random() % max));
        break;
    case 3:
        snprintf(out, size, "%d-%d", a, b);
        break;
    case 4:
        snprintf(out, size, "%d-%d/%d,%d", a, b, 1 + (int)(random() % 4), min + (int)(random() % (max - min + 1)));
        break;
    default:
        snprintf(out, size, "%d,%d", a, b);
    }
}

static time_t reading(time_t t)
{
    struct tm tm;
    localtime_r(&t, &tm);
    return t + tm.tm_gmtoff;
}

/* Is the minute due? What clocks show is all it looks at: this minute's reading, and those of a day around. */
static bool walk_is_due(const struct cron *cron, time_t t)
{
    time_t now = reading(t), before = reading(t - 60);
    if (cron->every_hour)
        return cron_fits(cron, now);
    for (time_t missed = before + 60; missed < now; missed += 60) /* the clocks have jumped */
        if (cron_fits(cron, missed))
            return true;
    if (!cron_fits(cron, now))
        return false;
    for (time_t earlier = t - 3 * 3600; earlier < t; earlier += 60) /* shown already? */
        if (reading(earlier) == now)
            return false;
    return true;
}

START_TEST(agrees_with_a_walk_from_minute_to_minute)
{
    static const struct {
        const char *zone, *change;
    } rows[] = {{"Europe/Berlin", "2026-03-29T01:00:00Z"},       {"Europe/Berlin", "2026-10-25T01:00:00Z"},
                {"Europe/Berlin", "2061-03-27T01:00:00Z"},       {"America/New_York", "2026-03-08T07:00:00Z"},
                {"America/New_York", "2026-11-01T06:00:00Z"},    {"Australia/Lord_Howe", "2026-04-04T15:00:00Z"},
                {"Australia/Lord_Howe", "2026-10-03T15:30:00Z"}, {"Europe/Dublin", "2026-10-25T01:00:00Z"},
                {"Asia/Kathmandu", "2026-05-01T00:00:00Z"},      {"UTC", "2026-12-31T23:00:00Z"}};
    srandom(20261121);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct tz *tz = zone(rows[i].zone);
        time_t from = (time_t)(at(rows[i].change) / 1000) - 9 * 3600, to = from + 30 * 3600;
        setenv("TZ", rows[i].zone, 1);
        tzset();
        for (int n = 0; n < 60; n++) {
            char field[5][40], text[CRON_TEXT_MAX];
            struct cron cron;
            random_field(field[0], sizeof field[0], 0, 59);
            random_field(field[1], sizeof field[1], n % 2 ? 0 : 1, n % 2 ? 23 : 4); /* often where the changes are */
            random_field(field[2], sizeof field[2], 1, 31);
            random_field(field[3], sizeof field[3], 1, 12);
            random_field(field[4], sizeof field[4], 0, 6);
            snprintf(text, sizeof text, "%s %s %s %s %s", field[0], field[1], n % 3 ? "*" : field[2], n % 5 ? "*" : field[3],
                     n % 4 ? "*" : field[4]);
            if (cron_parse(text, &cron, &fault) != RS_OK)
                continue;
            int64_t next;
            enum rs_err err = cron_next(&cron, tz, (int64_t)from * 1000, &next);
            for (time_t t = from + 60; t < to; t += 60) {
                bool due = walk_is_due(&cron, t);
                ck_assert_msg(due == (err == RS_OK && next == (int64_t)t * 1000), "%s in %s at %lld: the walk says %d", text,
                              rows[i].zone, (long long)t, due);
                if (due)
                    err = cron_next(&cron, tz, next, &next);
            }
        }
        tz_free(tz);
    }
}
END_TEST

static Suite *suite(void)
{
    Suite *s = suite_create("cron");
    TCase *tc = tcase_create("cron");
    tcase_set_timeout(tc, 60);
    tcase_add_test(tc, fields);
    tcase_add_test(tc, either_day_is_enough_when_both_are_given);
    tcase_add_test(tc, what_is_not_taken);
    tcase_add_test(tc, a_time_in_the_spring_gap_is_due_once);
    tcase_add_test(tc, a_time_in_the_autumn_fold_is_due_once);
    tcase_add_test(tc, intervals_go_by_real_time);
    tcase_add_test(tc, times_out_of_reach);
    tcase_add_test(tc, agrees_with_a_walk_from_minute_to_minute);
    suite_add_tcase(s, tc);
    return s;
}

UNIT_MAIN(suite)
