/* cron - when something is due: five fields (minute, hour, day of month, month, day of week) as in crontab(5), and the
 * calendar of a time zone. Pure; any thread.
 *
 * A field is a list, by comma, of: a star, a number, a range a-b, and each of them with a step: star/n, a-b/n, a/n (from a to
 * the end). Months and days of the week also have English names of three letters, in any case; day of week 7 is Sunday too.
 * L as day of month is its last. @hourly, @daily, @midnight, @weekly, @monthly, @yearly, @annually stand for five fields.
 * When both days are given (neither has a star), one that fits is enough; else both must.
 * Not taken: seconds or years (six, seven fields), W, #, ?, L with a number, random H or ~, @reboot, ranges that run
 * backwards. They are refused in words, as is what never comes (30 February).
 *
 * Daylight saving. An expression whose hour is a star is due at each minute of real time whose clock reading fits. All others mean times of the day: one that clocks jump over is due once, at the first minute after
 * the jump, and one that they show twice is due once, the first time. */
#ifndef RUNSPOOL_MODEL_CRON_H
#define RUNSPOOL_MODEL_CRON_H

#include "base/err.h"
#include "base/tz.h"
#include <stdbool.h>
#include <stdint.h>

#define CRON_TEXT_MAX 256 /* bytes of an expression */

/* What fits, bit by bit. */
struct cron {
    uint64_t minutes;
    uint32_t hours, days, months; /* days 1 to 31, months 1 to 12 */
    uint32_t weekdays;            /* 0 Sunday to 6 */
    bool last_day;                /* L */
    bool either_day;              /* day of month or day of week is enough */
    bool every_hour;              /* goes by real time */
};

/* cron_parse - RS_INVALID with a message that names the field. *ret untouched on failure. */
enum rs_err cron_parse(const char *text, struct cron *ret, struct fault *fault) RS_MUST_CHECK;
/* cron_next - the first time it is due after after_ms (wall clock, ms since 1970), a whole minute. RS_NOT_FOUND: not within
 * the next fifty years, or after_ms is outside the years 1970 to 9900. */
enum rs_err cron_next(const struct cron *cron, const struct tz *tz, int64_t after_ms, int64_t *ret_ms) RS_MUST_CHECK;
/* cron_fits - does it fit a reading of the clock (seconds since 1970 as clocks count), apart from the above? */
bool cron_fits(const struct cron *cron, int64_t local);

#endif
