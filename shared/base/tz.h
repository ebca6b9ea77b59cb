/* tz - time zones of the tz database, read from their files (TZif, RFC 9636) without the C library's one global zone.
 * A struct tz is immutable: any thread may read it. */
#ifndef RUNSPOOL_BASE_TZ_H
#define RUNSPOOL_BASE_TZ_H

#include "base/err.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define TZ_NAME_MAX 64            /* bytes of a zone's name */
#define TZ_FILE_MAX (128 * 1024)  /* bytes of a zone's file; the largest of tzdata has under 8 KiB */

struct tz;

/* A stretch of time in which the zone's clocks keep one distance from UTC. Seconds since 1970 UTC. */
struct tz_span {
    int64_t start, end; /* start <= t < end; INT64_MIN, INT64_MAX: for ever */
    int offset;         /* seconds to add to UTC */
};

/* tz_load - a zone by name ("Europe/Berlin", "UTC"), from $TZDIR or /usr/share/zoneinfo. UTC needs no file. Blocks on the
 * disk. *ret: owned, tz_free. RS_INVALID: no such zone, or not a name (also when tzdata is not installed: the message says
 * so), or a zone that counts leap seconds; RS_IO, RS_NOMEM. */
enum rs_err tz_load(const char *name, struct tz **ret, struct fault *fault) RS_MUST_CHECK;
/* tz_parse - the same from the bytes of a file. RS_INVALID: not TZif. */
enum rs_err tz_parse(const void *data, size_t len, struct tz **ret, struct fault *fault) RS_MUST_CHECK;
void tz_free(struct tz *tz); /* NULL is fine */

/* tz_span_at - the stretch that holds the moment t, by the table and after it by the file's rule. */
struct tz_span tz_span_at(const struct tz *tz, int64_t t);
/* tz_to_utc - when the zone's clocks show `local` (seconds since 1970 as they count): the first time if they do twice. They
 * never do: the moment they jump over it; *ret_gap (may be NULL) says so. */
int64_t tz_to_utc(const struct tz *tz, int64_t local, bool *ret_gap);

/* tz_days - days since 1970-01-01 of a date of the Gregorian calendar; month from 1, may run over. tz_date - the reverse. */
int64_t tz_days(int64_t year, int month, int day);
void tz_date(int64_t days, int64_t *ret_year, int *ret_month, int *ret_day);

#endif
