#include "base/tz.h"

#include "base/file.h"
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define DAY_S INT64_C(86400)
#define TZ_FOLDER "/usr/share/zoneinfo"
#define HEAD_BYTES 44
#define TYPE_BYTES 6
#define OFFSET_MAX (26 * 3600) /* RFC 9636, section 3.2: -25 to 26 hours */
#define RULE_NAME_MAX 64

/* One date of a rule in the footer: Mm.w.d, Jn or n, at `time` seconds of local clocks. */
struct rule_date {
    char form; /* 'M', 'J', or '0' for a day of the year that counts 29 February */
    int month, week, day;
    int time;
};
struct tz {
    int64_t *times; /* of the changes, rising */
    int *offsets;   /* from each on */
    int n_times;
    int first;      /* offset before the first change */
    bool has_rule;  /* for what comes after the last */
    bool has_dst;
    int std, dst;   /* offsets */
    struct rule_date to_dst, to_std;
};

/* --- the calendar (proleptic Gregorian, by eras of 400 years that begin with March) --- */

int64_t tz_days(int64_t year, int month, int day)
{
    year += (month - 1) / 12;
    month = (month - 1) % 12 + 1;
    if (month <= 2)
        year--;
    int64_t era = (year >= 0 ? year : year - 399) / 400, of_era = year - era * 400;
    int64_t of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
    return era * 146097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719468;
}

void tz_date(int64_t days, int64_t *ret_year, int *ret_month, int *ret_day)
{
    days += 719468;
    int64_t era = (days >= 0 ? days : days - 146096) / 146097, of_era = days - era * 146097;
    int64_t year = (of_era - of_era / 1460 + of_era / 36524 - of_era / 146096) / 365;
    int64_t of_year = of_era - (365 * year + year / 4 - year / 100), month = (5 * of_year + 2) / 153;
    *ret_day = (int)(of_year - (153 * month + 2) / 5 + 1);
    *ret_month = (int)(month < 10 ? month + 3 : month - 9);
    *ret_year = year + era * 400 + (*ret_month <= 2);
}

static bool is_leap(int64_t year)
{
    return (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
}

/* --- the rule in the footer (POSIX TZ with the extensions of RFC 9636, section 3.3.1) --- */

static bool read_number(const char **p, int max, int *ret)
{
    int n = 0, digits = 0;
    for (; **p >= '0' && **p <= '9'; ++*p, digits++)
        if ((n = n * 10 + (**p - '0')) > max)
            return false;
    *ret = n;
    return digits > 0;
}

/* [+-]hh[:mm[:ss]] in seconds. */
static bool read_time(const char **p, int max_hours, int *ret)
{
    int sign = **p == '-' ? -1 : 1, hours = 0, minutes = 0, seconds = 0;
    if (**p == '-' || **p == '+')
        ++*p;
    if (!read_number(p, max_hours, &hours))
        return false;
    if (**p == ':' && (++*p, !read_number(p, 59, &minutes)))
        return false;
    if (**p == ':' && (++*p, !read_number(p, 59, &seconds)))
        return false;
    *ret = sign * (hours * 3600 + minutes * 60 + seconds);
    return true;
}

/* CET or <+0330>. */
static bool skip_name(const char **p)
{
    const char *start = *p;
    if (*start == '<') {
        *p = strchr(start, '>');
        return *p && (++*p, true);
    }
    while ((**p >= 'a' && **p <= 'z') || (**p >= 'A' && **p <= 'Z'))
        ++*p;
    return *p - start >= 3;
}

static bool read_date(const char **p, struct rule_date *ret)
{
    ret->time = 2 * 3600;
    if (**p == 'M') {
        ret->form = 'M';
        ++*p;
        if (!read_number(p, 12, &ret->month) || ret->month < 1 || **p != '.' ||
            (++*p, !read_number(p, 5, &ret->week)) || ret->week < 1 || **p != '.' ||
            (++*p, !read_number(p, 6, &ret->day)))
            return false;
    } else if (**p == 'J') {
        ret->form = 'J';
        ++*p;
        if (!read_number(p, 365, &ret->day) || ret->day < 1)
            return false;
    } else {
        ret->form = '0';
        if (!read_number(p, 365, &ret->day))
            return false;
    }
    return **p != '/' || (++*p, read_time(p, 167, &ret->time));
}

static bool read_rule(const char *p, struct tz *tz)
{
    if (!skip_name(&p) || !read_time(&p, 24, &tz->std))
        return false;
    tz->std = -tz->std; /* POSIX counts westwards */
    tz->has_rule = true;
    if (!*p)
        return true;
    if (!skip_name(&p))
        return false;
    tz->dst = tz->std + 3600;
    if (*p != ',') {
        if (!read_time(&p, 24, &tz->dst))
            return false;
        tz->dst = -tz->dst;
    }
    tz->has_dst = true;
    return *p++ == ',' && read_date(&p, &tz->to_dst) && *p++ == ',' && read_date(&p, &tz->to_std) && !*p;
}

/* When the date comes in a year, by clocks that are `offset` ahead of UTC. */
static int64_t date_in(const struct rule_date *date, int64_t year, int offset)
{
    int64_t day;
    if (date->form == 'M') {
        int64_t first = tz_days(year, date->month, 1), after = tz_days(year, date->month + 1, 1);
        int weekday = (int)(((first + 4) % 7 + 7) % 7); /* 1970-01-01 was a Thursday */
        day = first + (date->day - weekday + 7) % 7 + (date->week - 1) * 7;
        while (day >= after)
            day -= 7; /* week 5 is the last */
    } else if (date->form == 'J') {
        day = tz_days(year, 1, 1) + date->day - 1 + (is_leap(year) && date->day >= 60);
    } else {
        day = tz_days(year, 1, 1) + date->day;
    }
    return day * DAY_S + date->time - offset;
}

/* The stretch by the rule alone. */
static struct tz_span rule_span(const struct tz *tz, int64_t t)
{
    struct tz_span span = {INT64_MIN, INT64_MAX, tz->std};
    int64_t year, day_of = t >= 0 ? t / DAY_S : -((-t + DAY_S - 1) / DAY_S);
    int month, day;
    if (!tz->has_dst)
        return span;
    tz_date(day_of, &year, &month, &day);
    /* Of the changes in the years around, the newest at or before t and the oldest after it. */
    for (int64_t y = year - 1; y <= year + 1; y++) {
        int64_t changes[] = {date_in(&tz->to_dst, y, tz->std), date_in(&tz->to_std, y, tz->dst)};
        for (int i = 0; i < 2; i++) {
            if (changes[i] <= t && changes[i] >= span.start) {
                /* Both at once (daylight saving all the year): it is kept on. */
                if (changes[i] > span.start || i == 0)
                    span.offset = i == 0 ? tz->dst : tz->std;
                span.start = changes[i];
            } else if (changes[i] > t && changes[i] < span.end) {
                span.end = changes[i];
            }
        }
    }
    return span;
}

/* --- the file --- */

static int64_t read_be(const unsigned char *p, int bytes)
{
    uint64_t n = p[0] & 0x80 ? UINT64_MAX : 0;
    for (int i = 0; i < bytes; i++)
        n = n << 8 | p[i];
    return (int64_t)n;
}

struct block {
    int64_t n_utc, n_std, n_leap, n_time, n_type, n_char;
    const unsigned char *data; /* behind the head */
    int64_t bytes;
    int width; /* of a time */
};

static bool read_head(const unsigned char *p, size_t len, int width, struct block *ret)
{
    if (len < HEAD_BYTES || memcmp(p, "TZif", 4) != 0)
        return false;
    int64_t *const counts[] = {&ret->n_utc, &ret->n_std, &ret->n_leap, &ret->n_time, &ret->n_type, &ret->n_char};
    for (int i = 0; i < 6; i++) {
        *counts[i] = read_be(p + 20 + 4 * i, 4);
        if (*counts[i] < 0 || *counts[i] > TZ_FILE_MAX)
            return false;
    }
    ret->width = width;
    ret->data = p + HEAD_BYTES;
    ret->bytes = ret->n_time * (width + 1) + ret->n_type * TYPE_BYTES + ret->n_char + ret->n_leap * (width + 4) + ret->n_std +
                 ret->n_utc;
    return ret->bytes <= (int64_t)(len - HEAD_BYTES);
}

static bool read_block(const struct block *b, struct tz *tz)
{
    const unsigned char *indexes = b->data + b->n_time * b->width, *types = indexes + b->n_time;
    if (b->n_type < 1)
        return false;
    tz->n_times = (int)b->n_time;
    tz->times = calloc((size_t)b->n_time + 1, sizeof *tz->times);
    tz->offsets = calloc((size_t)b->n_time + 1, sizeof *tz->offsets);
    if (!tz->times || !tz->offsets)
        return false;
    for (int i = -1; i < tz->n_times; i++) {
        int type = i < 0 ? 0 : indexes[i];
        if (type >= b->n_type)
            return false;
        int64_t offset = read_be(types + type * TYPE_BYTES, 4);
        if (offset <= -OFFSET_MAX || offset >= OFFSET_MAX)
            return false;
        if (i < 0) {
            tz->first = (int)offset;
            continue;
        }
        tz->offsets[i] = (int)offset;
        tz->times[i] = read_be(b->data + i * b->width, b->width);
        if (i > 0 && tz->times[i] <= tz->times[i - 1])
            return false;
    }
    return true;
}

static bool read_footer(const unsigned char *p, size_t len, struct tz *tz)
{
    char rule[RULE_NAME_MAX * 2];
    const unsigned char *end = len > 1 && p[0] == '\n' ? memchr(p + 1, '\n', len - 1) : NULL;
    if (!end || (size_t)(end - p - 1) >= sizeof rule)
        return false;
    memcpy(rule, p + 1, (size_t)(end - p - 1));
    rule[end - p - 1] = '\0';
    return !*rule || read_rule(rule, tz);
}

enum rs_err tz_parse(const void *data, size_t len, struct tz **ret, struct fault *fault)
{
    const unsigned char *p = data, *second;
    struct block b = {0};
    struct tz *tz = calloc(1, sizeof *tz);
    if (!tz)
        return fault_set(fault, RS_NOMEM, "no memory for a time zone");
    bool good = read_head(p, len, 4, &b);
    if (good && p[4] >= '2') { /* the first block is for readers of 1987 */
        second = b.data + b.bytes;
        good = read_head(second, len - (size_t)(second - p), 8, &b);
    }
    good = good && read_block(&b, tz);
    if (good && b.width == 8) {
        const unsigned char *footer = b.data + b.bytes;
        good = read_footer(footer, len - (size_t)(footer - p), tz);
    }
    if (good && b.n_leap == 0) {
        *ret = tz;
        return RS_OK;
    }
    tz_free(tz);
    return fault_set(fault, RS_INVALID, good ? "the time zone counts leap seconds" : "the time zone's file is not in TZif form");
}

static bool name_valid(const char *name)
{
    size_t len = strlen(name);
    if (len == 0 || len > TZ_NAME_MAX || name[0] == '/' || name[len - 1] == '/' || strstr(name, "//") || strstr(name, ".."))
        return false;
    for (const char *p = name; *p; p++)
        if (!((*p >= 'a' && *p <= 'z') || (*p >= 'A' && *p <= 'Z') || (*p >= '0' && *p <= '9') || strchr("_+-/.", *p)))
            return false;
    return true;
}

static bool is_utc(const char *name)
{
    static const char *const names[] = {"UTC", "Etc/UTC", "GMT", "Etc/GMT", "Z", "Zulu", "Universal"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (strcmp(names[i], name) == 0)
            return true;
    return false;
}

enum rs_err tz_load(const char *name, struct tz **ret, struct fault *fault)
{
    const char *folder = getenv("TZDIR");
    char path[PATH_MAX], *data = NULL;
    struct fault why = {0};
    size_t len;
    if (!name_valid(name))
        return fault_set(fault, RS_INVALID, "\"%.*s\" is no time zone: give a name such as Europe/Berlin or UTC", TZ_NAME_MAX,
                         name);
    if (is_utc(name)) {
        struct tz *tz = calloc(1, sizeof *tz);
        if (!tz)
            return fault_set(fault, RS_NOMEM, "no memory for a time zone");
        *ret = tz;
        return RS_OK;
    }
    if (!folder || folder[0] != '/')
        folder = TZ_FOLDER;
    if ((size_t)snprintf(path, sizeof path, "%s/%s", folder, name) >= sizeof path)
        return fault_set(fault, RS_INVALID, "the folder of time zones has too long a name");
    enum rs_err err = file_read(path, TZ_FILE_MAX, &data, &len, &why);
    if (err == RS_NOMEM)
        return fault_set(fault, err, "no memory for a time zone");
    if (err == RS_OK) {
        err = tz_parse(data, len, ret, &why);
        free(data);
        return err == RS_OK ? err : fault_set(fault, err, "time zone %s: %s", name, why.message);
    }
    snprintf(path, sizeof path, "%s/Europe/Berlin", folder);
    if (file_read(path, TZ_FILE_MAX, &data, &len, &why) == RS_NOT_FOUND)
        return fault_set(fault, RS_INVALID, "time zone %s is not known here: there is no tz database in %s (package tzdata)", name,
                         folder);
    free(data);
    return fault_set(fault, RS_INVALID, "there is no time zone %s; names are like Europe/Berlin or UTC", name);
}

void tz_free(struct tz *tz)
{
    if (!tz)
        return;
    free(tz->times);
    free(tz->offsets);
    free(tz);
}

/* --- asking --- */

struct tz_span tz_span_at(const struct tz *tz, int64_t t)
{
    int low = 0, high = tz->n_times; /* the number of changes at or before t */
    while (low < high) {
        int middle = low + (high - low) / 2;
        if (tz->times[middle] <= t)
            low = middle + 1;
        else
            high = middle;
    }
    if (low == tz->n_times && tz->has_rule) {
        struct tz_span span = rule_span(tz, t);
        if (low > 0 && span.start < tz->times[low - 1])
            span.start = tz->times[low - 1];
        return span;
    }
    return (struct tz_span){.start = low > 0 ? tz->times[low - 1] : INT64_MIN,
                            .end = low < tz->n_times ? tz->times[low] : INT64_MAX,
                            .offset = low > 0 ? tz->offsets[low - 1] : tz->first};
}

int64_t tz_to_utc(const struct tz *tz, int64_t local, bool *ret_gap)
{
    struct tz_span span = tz_span_at(tz, local - OFFSET_MAX);
    if (ret_gap)
        *ret_gap = false;
    for (;;) {
        int64_t t = local - span.offset;
        if (t < span.start) { /* the clocks stood lower before, and stand higher now */
            if (ret_gap)
                *ret_gap = true;
            return span.start;
        }
        if (t < span.end)
            return t;
        span = tz_span_at(tz, span.end);
    }
}
