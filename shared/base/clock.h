/* clock - wall and monotonic time in milliseconds, RFC 3339 text. Any thread. */
#ifndef RUNSPOOL_BASE_CLOCK_H
#define RUNSPOOL_BASE_CLOCK_H

#include "base/err.h"
#include <stdint.h>

#define CLOCK_TEXT_MAX 32 /* bytes for "2026-11-21T15:04:05.123Z" and its NUL */

/* clock_wall_ms - milliseconds since 1970 UTC; may jump. For what people read. */
int64_t clock_wall_ms(void);
/* clock_mono_ms - milliseconds since some start; never goes back. For every deadline and duration. */
int64_t clock_mono_ms(void);
/* clock_mono_us - the same in microseconds, for what is measured. */
int64_t clock_mono_us(void);
/* clock_cpu_us - microseconds of CPU that this thread has used. For what may cost so much of it, however busy the machine is. */
int64_t clock_cpu_us(void);
/* clock_format - RFC 3339 UTC with milliseconds into text. Returns text. */
char *clock_format(int64_t wall_ms, char text[CLOCK_TEXT_MAX]);
/* clock_parse - the reverse; accepts any RFC 3339 offset, with or without fraction.
 * Returns: RS_OK, or RS_INVALID with *ret_ms untouched. */
enum rs_err clock_parse(const char *text, int64_t *ret_ms) RS_MUST_CHECK;

#endif
