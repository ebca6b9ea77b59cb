#include "base/clock.h"

#include <ctype.h>
#include <stdbool.h>
#include <stdio.h>
#include <time.h>

static int64_t read_ms(clockid_t id)
{
    struct timespec ts;
    clock_gettime(id, &ts);
    return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

int64_t clock_wall_ms(void)
{
    return read_ms(CLOCK_REALTIME);
}

int64_t clock_mono_ms(void)
{
    return read_ms(CLOCK_MONOTONIC);
}

static int64_t read_us(clockid_t id)
{
    struct timespec ts;
    clock_gettime(id, &ts);
    return (int64_t)ts.tv_sec * 1000000 + ts.tv_nsec / 1000;
}

int64_t clock_mono_us(void)
{
    return read_us(CLOCK_MONOTONIC);
}

int64_t clock_cpu_us(void)
{
    return read_us(CLOCK_THREAD_CPUTIME_ID);
}

/* RFC 3339 has four digits for the year; times outside are shown as its first or last moment. */
static const int64_t MIN_SECONDS = -62167219200; /* 0000-01-01 */
static const int64_t MAX_SECONDS = 253402300799; /* 9999-12-31T23:59:59 */

char *clock_format(int64_t wall_ms, char text[CLOCK_TEXT_MAX])
{
    int64_t seconds = wall_ms / 1000, ms = wall_ms % 1000;
    if (ms < 0) {
        ms += 1000;
        seconds--;
    }
    seconds = seconds < MIN_SECONDS ? MIN_SECONDS : seconds > MAX_SECONDS ? MAX_SECONDS : seconds;
    time_t t = (time_t)seconds;
    struct tm tm;
    gmtime_r(&t, &tm);
    const int fields[] = {tm.tm_year + 1900, tm.tm_mon + 1, tm.tm_mday, tm.tm_hour, tm.tm_min, tm.tm_sec, (int)ms};
    static const struct {
        int digits;
        char end;
    } formats[] = {{4, '-'}, {2, '-'}, {2, 'T'}, {2, ':'}, {2, ':'}, {2, '.'}, {3, 'Z'}};
    char *p = text;
    for (int i = 0; i < 7; p += formats[i].digits + 1, i++) {
        int value = fields[i];
        for (int d = formats[i].digits - 1; d >= 0; d--, value /= 10)
            p[d] = (char)('0' + value % 10);
        p[formats[i].digits] = formats[i].end;
    }
    *p = '\0';
    return text;
}

/* Read exactly n digits at *p; -1 if there are none such. */
static int digits(const char **p, int n)
{
    int value = 0;
    for (int i = 0; i < n; i++, (*p)++) {
        if (!isdigit((unsigned char)**p))
            return -1;
        value = value * 10 + (**p - '0');
    }
    return value;
}

static int days_in_month(int year, int month)
{
    static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
    return month == 2 && leap ? 29 : days[month - 1];
}

/* "Z", "+hh:mm" or "-hh:mm" at the end of the text. */
static bool parse_offset(const char *p, int *ret_minutes)
{
    if (*p == 'Z' || *p == 'z') {
        *ret_minutes = 0;
        return p[1] == '\0';
    }
    if (*p != '+' && *p != '-')
        return false;
    int sign = *p++ == '-' ? -1 : 1;
    int hours = digits(&p, 2);
    if (hours < 0 || hours > 23 || *p++ != ':')
        return false;
    int minutes = digits(&p, 2);
    if (minutes < 0 || minutes > 59 || *p != '\0')
        return false;
    *ret_minutes = sign * (hours * 60 + minutes);
    return true;
}

enum rs_err clock_parse(const char *text, int64_t *ret_ms)
{
    const char *p = text;
    int year = digits(&p, 4);
    if (year < 0 || *p++ != '-')
        return RS_INVALID;
    int month = digits(&p, 2);
    if (month < 1 || month > 12 || *p++ != '-')
        return RS_INVALID;
    int day = digits(&p, 2);
    if (day < 1 || day > days_in_month(year, month) || (*p != 'T' && *p != 't' && *p != ' '))
        return RS_INVALID;
    p++;
    int hour = digits(&p, 2);
    if (hour < 0 || hour > 23 || *p++ != ':')
        return RS_INVALID;
    int minute = digits(&p, 2);
    if (minute < 0 || minute > 59 || *p++ != ':')
        return RS_INVALID;
    int second = digits(&p, 2);
    if (second < 0 || second > 60) /* 60: a leap second */
        return RS_INVALID;
    int ms = 0, offset = 0;
    if (*p == '.') {
        p++;
        if (!isdigit((unsigned char)*p))
            return RS_INVALID;
        for (int scale = 100; isdigit((unsigned char)*p); p++, scale /= 10)
            ms += (*p - '0') * scale;
    }
    if (!parse_offset(p, &offset))
        return RS_INVALID;
    struct tm tm = {.tm_year = year - 1900,
                    .tm_mon = month - 1,
                    .tm_mday = day,
                    .tm_hour = hour,
                    .tm_min = minute,
                    .tm_sec = second};
    *ret_ms = ((int64_t)timegm(&tm) - offset * 60) * 1000 + ms;
    return RS_OK;
}
