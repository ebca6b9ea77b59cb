/* log - one line per failure or milestone, written by programs only (library code reports by fault).
 * stderr: "2026-11-21T15:04:05.123Z bridge[812] warn spool.refused reason=... peer=..."; under systemd
 * (JOURNAL_STREAM set) "<4>spool.refused reason=..."; with log_open(..., LOG_TO_SYSLOG) syslog(3).
 * Never a payload, token or secret. Any thread; a line is one write(2). */
#ifndef RUNSPOOL_BASE_LOG_H
#define RUNSPOOL_BASE_LOG_H

#include "base/err.h"

enum log_level { LOG_LEVEL_ERROR, LOG_LEVEL_WARN, LOG_LEVEL_INFO, LOG_LEVEL_DEBUG };
enum log_target { LOG_TO_STDERR, LOG_TO_SYSLOG };

/* log_open - set program name (borrowed for ever), level and target. Call once, before threads. */
void log_open(const char *program, enum log_level level, enum log_target target);
/* log_set_level - change the level (SIGHUP). */
void log_set_level(enum log_level level);
/* log_level_parse - "error", "warn", "info", "debug". Returns: RS_OK or RS_INVALID, *ret untouched. */
enum rs_err log_level_parse(const char *name, enum log_level *ret) RS_MUST_CHECK;
/* log_event - event is "noun.verb"; fmt gives space-separated key=value pairs ("" for none).
 * Control characters in the result are replaced, the line is cut at 1,000 bytes. */
void log_event(enum log_level level, const char *event, const char *fmt, ...) RS_PRINTF(3, 4);

#endif
