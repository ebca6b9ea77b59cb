#include "model/cron.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#define DAY_S INT64_C(86400)
#define SEARCH_DAYS (50 * 366) /* 29 February on one day of the week: at most 40 years apart */
#define LAST_MS (INT64_C(250247059200) * 1000) /* 9900 */
#define N_FIELDS 5

enum field { MINUTE, HOUR, DAY, MONTH, WEEKDAY };

static const struct {
    const char *name;
    int min, max;
    const char *const *words; /* of min, min + 1, ... */
} fields[N_FIELDS] = {
    [MINUTE] = {"minute", 0, 59, NULL},
    [HOUR] = {"hour", 0, 23, NULL},
    [DAY] = {"day of month", 1, 31, NULL},
    [MONTH] = {"month", 1, 12,
               (const char *const[]){"jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec", NULL}},
    [WEEKDAY] = {"day of week", 0, 7, (const char *const[]){"sun", "mon", "tue", "wed", "thu", "fri", "sat", NULL}},
};

static const struct {
    const char *name, *fields;
} shorthands[] = {
    {"@hourly", "0 * * * *"},  {"@daily", "0 0 * * *"},   {"@midnight", "0 0 * * *"}, {"@weekly", "0 0 * * 0"},
    {"@monthly", "0 0 1 * *"}, {"@yearly", "0 0 1 1 *"}, {"@annually", "0 0 1 1 *"},
};

/* --- parsing --- */

/* One field's text, without NUL. */
struct piece {
    enum field field;
    const char *at, *end;
};

static enum rs_err refuse(const struct piece *piece, const char *text, size_t len, const char *why, struct fault *fault)
{
    return fault_set(fault, RS_INVALID, "cron: \"%.*s\" in the field %s: %s", (int)len, text, fields[piece->field].name, why);
}

static enum rs_err out_of_range(const struct piece *piece, const char *text, size_t len, struct fault *fault)
{
    char why[96];
    snprintf(why, sizeof why, "it takes %d to %d%s", fields[piece->field].min, fields[piece->field].max,
             fields[piece->field].words ? " or a name of three letters" : piece->field == DAY ? " or L" : "");
    return refuse(piece, text, len, why, fault);
}

/* A number or a name at piece->at, which moves on. */
static enum rs_err read_value(struct piece *piece, int *ret, struct fault *fault)
{
    const char *start = piece->at;
    const char *const *words = fields[piece->field].words;
    int n = 0;
    while (piece->at < piece->end && isalnum((unsigned char)*piece->at))
        piece->at++;
    size_t len = (size_t)(piece->at - start);
    if (len == 0)
        return out_of_range(piece, start, (size_t)(piece->end - start), fault);
    for (int i = 0; words && words[i]; i++) {
        if (len == 3 && strncasecmp(words[i], start, 3) == 0) {
            *ret = fields[piece->field].min + i;
            return RS_OK;
        }
    }
    for (size_t i = 0; i < len; i++) {
        if (!isdigit((unsigned char)start[i]) || len > 4)
            return out_of_range(piece, start, len, fault);
        n = n * 10 + (start[i] - '0');
    }
    if (n < fields[piece->field].min || n > fields[piece->field].max)
        return out_of_range(piece, start, len, fault);
    *ret = n;
    return RS_OK;
}

static enum rs_err read_step(struct piece *piece, int *ret, struct fault *fault)
{
    const char *start = ++piece->at;
    int n = 0;
    while (piece->at < piece->end && isdigit((unsigned char)*piece->at) && n < 1000)
        n = n * 10 + (*piece->at++ - '0');
    if (n < 1 || n > fields[piece->field].max)
        return refuse(piece, start, (size_t)(piece->end - start), "a step is a number from 1 to the field's largest", fault);
    *ret = n;
    return RS_OK;
}

/* One member of the list: *, a, a-b, each with /n. */
static enum rs_err read_member(struct piece *piece, uint64_t *bits, bool *last_day, struct fault *fault)
{
    int first = fields[piece->field].min, last = fields[piece->field].max, step = 1;
    const char *start = piece->at;
    enum rs_err err = RS_OK;
    if (piece->field == DAY && piece->end - piece->at == 1 && (*piece->at == 'L' || *piece->at == 'l')) {
        *last_day = true;
        piece->at++;
        return RS_OK;
    }
    if (piece->at < piece->end && *piece->at == '*') {
        piece->at++;
        last = piece->field == WEEKDAY ? 6 : last;
    } else {
        err = read_value(piece, &first, fault);
        bool range = !err && piece->at < piece->end && *piece->at == '-';
        if (range) {
            piece->at++;
            err = read_value(piece, &last, fault);
        } else if (!err && !(piece->at < piece->end && *piece->at == '/')) {
            last = first;
        } else if (piece->field == WEEKDAY) {
            last = 6;
        }
        if (!err && first > last)
            err = refuse(piece, start, (size_t)(piece->end - start), "the range runs backwards", fault);
    }
    if (!err && piece->at < piece->end && *piece->at == '/')
        err = read_step(piece, &step, fault);
    if (!err && piece->at < piece->end)
        err = refuse(piece, start, (size_t)(piece->end - start),
                     "what is taken is *, numbers, a-b, and /n; W, #, ? and the like are not", fault);
    for (int n = first; !err && n <= last; n += step)
        *bits |= UINT64_C(1) << n;
    return err;
}

static enum rs_err read_field(enum field field, const char *text, size_t len, uint64_t *bits, bool *last_day,
                              struct fault *fault)
{
    const char *end = text + len;
    enum rs_err err = RS_OK;
    while (!err) {
        const char *comma = memchr(text, ',', (size_t)(end - text));
        struct piece piece = {field, text, comma ? comma : end};
        err = read_member(&piece, bits, last_day, fault);
        if (!comma)
            break;
        text = comma + 1;
    }
    return err;
}

/* Is there any date with such a day and month? */
static bool may_come(const struct cron *cron)
{
    static const int longest[] = {31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    if (cron->last_day || cron->either_day)
        return true;
    for (int month = 1; month <= 12; month++)
        if (cron->months & 1U << month && cron->days & ((UINT32_C(2) << (longest[month - 1] - 1) << 1) - 2))
            return true;
    return false;
}

static const char *expand(const char *text, size_t len, struct fault *fault)
{
    for (size_t i = 0; i < sizeof shorthands / sizeof *shorthands; i++)
        if (strlen(shorthands[i].name) == len && strncasecmp(shorthands[i].name, text, len) == 0)
            return shorthands[i].fields;
    fault_set(fault, RS_INVALID,
              "cron: there is no \"%.*s\", only @hourly, @daily, @midnight, @weekly, @monthly, @yearly and @annually", (int)len,
              text);
    return NULL;
}

enum rs_err cron_parse(const char *text, struct cron *ret, struct fault *fault)
{
    static const char space[] = " \t";
    uint64_t bits[N_FIELDS] = {0};
    struct cron cron = {0};
    bool star[N_FIELDS] = {false};
    int n = 0;
    if (strlen(text) > CRON_TEXT_MAX)
        return fault_set(fault, RS_INVALID, "cron: the expression is longer than %d bytes", CRON_TEXT_MAX);
    text += strspn(text, space);
    if (*text == '@') {
        size_t len = strcspn(text, space);
        if (text[len + strspn(text + len, space)])
            return fault_set(fault, RS_INVALID, "cron: nothing may follow \"%.*s\"", (int)len, text);
        if (!(text = expand(text, len, fault)))
            return RS_INVALID;
    }
    for (const char *p = text; *p; p += strspn(p, space)) {
        size_t len = strcspn(p, space);
        if (n < N_FIELDS) {
            enum rs_err err = read_field((enum field)n, p, len, &bits[n], &cron.last_day, fault);
            if (err)
                return err;
            star[n] = memchr(p, '*', len) != NULL;
        }
        n++;
        p += len;
    }
    if (n != N_FIELDS)
        return fault_set(fault, RS_INVALID,
                         "cron: there are %d fields; it takes five: minute, hour, day of month, month, day of week", n);
    cron.minutes = bits[MINUTE];
    cron.hours = (uint32_t)bits[HOUR];
    cron.days = (uint32_t)bits[DAY];
    cron.months = (uint32_t)bits[MONTH];
    cron.weekdays = (uint32_t)(bits[WEEKDAY] | bits[WEEKDAY] >> 7) & 0x7F;
    cron.either_day = !star[DAY] && !star[WEEKDAY];
    cron.every_hour = cron.hours == (1U << 24) - 1;
    if (!may_come(&cron))
        return fault_set(fault, RS_INVALID, "cron: there is no such day in any of these months");
    *ret = cron;
    return RS_OK;
}

/* --- the calendar --- */

static int64_t day_of(int64_t local)
{
    return local >= 0 ? local / DAY_S : -((-local + DAY_S - 1) / DAY_S);
}

static bool day_fits(const struct cron *cron, int64_t days)
{
    int64_t year, next_year;
    int month, day, next_month, next_day;
    tz_date(days, &year, &month, &day);
    if (!(cron->months & 1U << month))
        return false;
    bool by_day = cron->days & 1U << day, by_weekday = cron->weekdays & 1U << (((days + 4) % 7 + 7) % 7);
    if (cron->last_day && !by_day) {
        tz_date(days + 1, &next_year, &next_month, &next_day);
        by_day = next_day == 1;
    }
    return cron->either_day ? by_day || by_weekday : by_day && by_weekday;
}

bool cron_fits(const struct cron *cron, int64_t local)
{
    int64_t days = day_of(local);
    int minute = (int)((local - days * DAY_S) / 60);
    return cron->hours & 1U << (minute / 60) && cron->minutes & UINT64_C(1) << (minute % 60) && day_fits(cron, days);
}

/* The first reading of the clock that fits, from `local` (a whole minute) on; before day `last`. */
static bool next_reading(const struct cron *cron, int64_t local, int64_t last, int64_t *ret)
{
    int minute = (int)((local - day_of(local) * DAY_S) / 60);
    for (int64_t days = day_of(local); days < last; days++, minute = 0) {
        if (!day_fits(cron, days))
            continue;
        for (; minute < 24 * 60; minute++) {
            if (!(cron->hours & 1U << (minute / 60))) {
                minute += 59 - minute % 60;
            } else if (cron->minutes & UINT64_C(1) << (minute % 60)) {
                *ret = days * DAY_S + minute * 60;
                return true;
            }
        }
    }
    return false;
}

/* Zones once had offsets with seconds: a minute is one of the zone's clocks. */
static int64_t minute_up(int64_t local)
{
    int64_t over = (local % 60 + 60) % 60;
    return over ? local + 60 - over : local;
}

static bool next_real(const struct cron *cron, const struct tz *tz, int64_t after, int64_t last, int64_t *ret)
{
    int64_t from = after + 1, local;
    struct tz_span span = tz_span_at(tz, from);
    for (;; from = span.end, span = tz_span_at(tz, from)) {
        if (!next_reading(cron, minute_up(from + span.offset), last, &local))
            return false;
        if (local - span.offset < span.end) {
            *ret = local - span.offset;
            return true;
        }
    }
}

static bool next_of_day(const struct cron *cron, const struct tz *tz, int64_t after, int64_t last, int64_t *ret)
{
    int64_t local = after + tz_span_at(tz, after).offset;
    local -= (local % 60 + 60) % 60;
    /* While the clocks show a stretch for the second time, what fits was due the first. */
    while (next_reading(cron, local, last, &local)) {
        *ret = tz_to_utc(tz, local, NULL);
        if (*ret > after)
            return true;
        local += 60;
    }
    return false;
}

enum rs_err cron_next(const struct cron *cron, const struct tz *tz, int64_t after_ms, int64_t *ret_ms)
{
    int64_t after = after_ms / 1000, last = day_of(after) + SEARCH_DAYS, due;
    if (after_ms < 0 || after_ms > LAST_MS)
        return RS_NOT_FOUND;
    bool found = cron->every_hour ? next_real(cron, tz, after, last, &due) : next_of_day(cron, tz, after, last, &due);
    if (!found)
        return RS_NOT_FOUND;
    *ret_ms = due * 1000;
    return RS_OK;
}
