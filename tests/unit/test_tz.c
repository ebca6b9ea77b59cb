#include "base/tz.h"
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
    return ms / 1000;
}

START_TEST(the_calendar_goes_both_ways)
{
    int64_t year;
    int month, day;
    ck_assert_int_eq(tz_days(1970, 1, 1), 0);
    ck_assert_int_eq(tz_days(2000, 3, 1), 11017);
    ck_assert_int_eq(tz_days(2025, 13, 1), tz_days(2026, 1, 1));
    for (int64_t days = -800000; days < 3000000; days += 37) {
        tz_date(days, &year, &month, &day);
        ck_assert_int_eq(tz_days(year, month, day), days);
        ck_assert(month >= 1 && month <= 12 && day >= 1 && day <= 31);
    }
}
END_TEST

/* Every zone that tzdata lists, at moments of three centuries, against the C library. */
START_TEST(offsets_are_those_of_the_c_library)
{
    FILE *list = fopen("/usr/share/zoneinfo/zone1970.tab", "r");
    char line[1000], name[200];
    int n = 0;
    ck_assert_msg(list != NULL, "tzdata is not installed");
    srandom(7);
    while (fgets(line, sizeof line, list)) {
        if (line[0] == '#' || sscanf(line, "%*s %*s %199s", name) != 1)
            continue;
        struct tz *tz = zone(name);
        setenv("TZ", name, 1);
        tzset();
        for (int i = 0; i < 800; i++) {
            time_t t = at("1890-01-01T00:00:00Z") + (int64_t)(random() % 3600000) * 3100 + random() % 3600;
            struct tm tm;
            localtime_r(&t, &tm);
            struct tz_span span = tz_span_at(tz, t);
            ck_assert_msg(span.offset == tm.tm_gmtoff, "%s at %lld: %d, the C library has %ld", name, (long long)t, span.offset,
                          tm.tm_gmtoff);
            ck_assert(span.start <= t && t < span.end);
        }
        tz_free(tz);
        n++;
    }
    fclose(list);
    ck_assert_int_gt(n, 250);
}
END_TEST

/* From one change to the next, with no hole and no overlap, into the years that only the rule knows. */
START_TEST(spans_follow_one_another)
{
    static const char *const names[] = {"Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Europe/Dublin",
                                        "Africa/Casablanca", "Asia/Kolkata"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        struct tz *tz = zone(names[i]);
        struct tz_span span = tz_span_at(tz, at("2020-01-01T00:00:00Z"));
        while (span.end < at("2150-01-01T00:00:00Z")) {
            struct tz_span next = tz_span_at(tz, span.end), last = tz_span_at(tz, span.end - 1);
            ck_assert_int_eq(next.start, span.end);
            ck_assert_int_eq(last.offset, span.offset);
            ck_assert_int_gt(next.end, next.start);
            span = next;
        }
        tz_free(tz);
    }
}
END_TEST

START_TEST(local_times_in_gap_and_fold)
{
    struct tz *tz = zone("Europe/Berlin");
    bool gap;
    ck_assert_int_eq(tz_to_utc(tz, at("2026-03-29T01:59:00Z"), &gap), at("2026-03-29T00:59:00Z"));
    ck_assert(!gap);
    ck_assert_int_eq(tz_to_utc(tz, at("2026-03-29T02:30:00Z"), &gap), at("2026-03-29T01:00:00Z"));
    ck_assert(gap);
    ck_assert_int_eq(tz_to_utc(tz, at("2026-03-29T03:00:00Z"), &gap), at("2026-03-29T01:00:00Z"));
    ck_assert(!gap);
    ck_assert_int_eq(tz_to_utc(tz, at("2026-10-25T02:30:00Z"), &gap), at("2026-10-25T00:30:00Z"));
    ck_assert(!gap);
    ck_assert_int_eq(tz_to_utc(tz, at("2026-10-25T03:00:00Z"), &gap), at("2026-10-25T02:00:00Z"));
    tz_free(tz);
    tz = zone("Pacific/Apia"); /* 30 December 2011 was left out */
    ck_assert_int_eq(tz_to_utc(tz, at("2011-12-30T12:00:00Z"), &gap), at("2011-12-30T10:00:00Z"));
    ck_assert(gap);
    tz_free(tz);
}
END_TEST

static struct tz *of_rule(const char *rule)
{
    char file[300] = {0};
    struct tz *tz = NULL;
    /* Two empty blocks, the second with one type; version 2. */
    memcpy(file, "TZif2", 5);
    file[39] = 1;
    file[43] = 1;
    char *second = file + 44 + 6 + 1;
    memcpy(second, "TZif2", 5);
    second[39] = 1;
    second[43] = 1;
    int n = snprintf(second + 44 + 6 + 1, 100, "\n%s\n", rule);
    enum rs_err err = tz_parse(file, (size_t)(second + 44 + 7 + n - file), &tz, &fault);
    return err == RS_OK ? tz : NULL;
}

START_TEST(rules_of_all_forms)
{
    static const struct {
        const char *rule, *time;
        int offset;
    } rows[] = {
        {"<+0330>-3:30", "2026-06-01T00:00:00Z", 12600},
        {"CET-1CEST,M3.5.0,M10.5.0/3", "2026-03-29T00:59:59Z", 3600},
        {"CET-1CEST,M3.5.0,M10.5.0/3", "2026-03-29T01:00:00Z", 7200},
        {"CET-1CEST,M3.5.0,M10.5.0/3", "2026-10-25T00:59:59Z", 7200},
        {"CET-1CEST,M3.5.0,M10.5.0/3", "2026-10-25T01:00:00Z", 3600},
        {"IST-1GMT0,M10.5.0,M3.5.0/1", "2026-07-01T00:00:00Z", 3600}, /* daylight saving in winter, backwards */
        {"IST-1GMT0,M10.5.0,M3.5.0/1", "2026-12-31T00:00:00Z", 0},
        {"<-02>2<-01>,M3.5.0/-1,M10.5.0/0", "2026-03-29T00:59:59Z", -7200}, /* the Saturday evening before */
        {"<-02>2<-01>,M3.5.0/-1,M10.5.0/0", "2026-03-29T01:00:00Z", -3600},
        {"XXX3EDT4,0/0,J365/23", "2026-07-01T00:00:00Z", -14400}, /* all the year */
        {"XXX3EDT4,0/0,J365/23", "2026-12-31T23:59:00Z", -14400},
        {"XXX3EDT4,0/0,J365/23", "2027-01-01T03:30:00Z", -14400},
        {"AAA0BBB,J60/0,J61/0", "2024-03-01T12:00:00Z", 3600}, /* J counts no 29 February */
        {"AAA0BBB,59/0,60/0", "2024-02-29T12:00:00Z", 3600},
        {"<+1030>-10:30<+11>-11,M10.1.0,M4.1.0", "2026-12-01T00:00:00Z", 39600},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct tz *tz = of_rule(rows[i].rule);
        ck_assert_msg(tz != NULL, "%s", rows[i].rule);
        ck_assert_msg(tz_span_at(tz, at(rows[i].time)).offset == rows[i].offset, "%s at %s: %d", rows[i].rule, rows[i].time,
                      tz_span_at(tz, at(rows[i].time)).offset);
        tz_free(tz);
    }
    static const char *const bad[] = {"CET", "CET-1CEST", "CET-1CEST,M3.5.0", "CET-1CEST,M13.1.0,M10.5.0", "C-1",
                                      "CET-1CEST,M3.5.0,M10.5.0/3x", "<+03", "CET-99"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        ck_assert_msg(of_rule(bad[i]) == NULL, "%s", bad[i]);
}
END_TEST

START_TEST(files_cut_anywhere_are_refused)
{
    char *data = NULL;
    size_t len;
    struct tz *tz = NULL;
    ck_assert_int_eq(file_read("/usr/share/zoneinfo/Europe/Berlin", TZ_FILE_MAX, &data, &len, &fault), RS_OK);
    ck_assert_int_eq(tz_parse(data, len, &tz, &fault), RS_OK);
    tz_free(tz);
    for (size_t i = 0; i < len; i++) {
        char *cut = malloc(i + 1); /* of its own, so that a sanitizer sees a read beyond */
        memcpy(cut, data, i);
        ck_assert_int_eq(tz_parse(cut, i, &tz, &fault), RS_INVALID);
        free(cut);
    }
    for (size_t i = 0; i < len; i++) { /* a changed byte may be anything but a crash */
        char was = data[i];
        data[i] = (char)0xFF;
        if (tz_parse(data, len, &tz, &fault) == RS_OK) {
            (void)tz_span_at(tz, 0);
            tz_free(tz);
        }
        data[i] = was;
    }
    free(data);
}
END_TEST

START_TEST(names_that_are_none)
{
    static const char *const bad[] = {"", "/etc/passwd", "../../etc/passwd", "Europe/../../x", "Europe/Nowhere", "Europe", "a b",
                                      "Europe/Berlin/", "tzdata.zi", "Europe/Ber\nlin"};
    struct tz *tz = NULL;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        ck_assert_msg(tz_load(bad[i], &tz, &fault) == RS_INVALID, "%s", bad[i]);
        ck_assert_int_gt(strlen(fault.message), 10);
    }
    char folder[PATH_MAX];
    setenv("TZDIR", unit_tmpdir(folder), 1);
    ck_assert_int_eq(tz_load("Europe/Berlin", &tz, &fault), RS_INVALID);
    ck_assert_ptr_nonnull(strstr(fault.message, "tzdata"));
    ck_assert_int_eq(tz_load("UTC", &tz, &fault), RS_OK); /* needs no file */
    ck_assert_int_eq(tz_span_at(tz, 0).offset, 0);
    ck_assert_int_eq(tz_to_utc(tz, 12345, NULL), 12345);
    tz_free(tz);
    unit_rmdir(folder);
}
END_TEST

static Suite *suite(void)
{
    Suite *s = suite_create("tz");
    TCase *tc = tcase_create("tz");
    tcase_set_timeout(tc, 30);
    tcase_add_test(tc, the_calendar_goes_both_ways);
    tcase_add_test(tc, offsets_are_those_of_the_c_library);
    tcase_add_test(tc, spans_follow_one_another);
    tcase_add_test(tc, local_times_in_gap_and_fold);
    tcase_add_test(tc, rules_of_all_forms);
    tcase_add_test(tc, files_cut_anywhere_are_refused);
    tcase_add_test(tc, names_that_are_none);
    suite_add_tcase(s, tc);
    return s;
}

UNIT_MAIN(suite)
