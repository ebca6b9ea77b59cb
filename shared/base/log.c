#include "base/log.h"

#include "base/clock.h"
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <syslog.h>
#include <unistd.h>

enum { LOG_LINE_MAX = 1000 };

static const struct {
    const char *name;
    int priority; /* of syslog */
} levels[] = {
    [LOG_LEVEL_ERROR] = {"error", LOG_ERR},
    [LOG_LEVEL_WARN] = {"warn", LOG_WARNING},
    [LOG_LEVEL_INFO] = {"info", LOG_INFO},
    [LOG_LEVEL_DEBUG] = {"debug", LOG_DEBUG},
};

static const char *log_program = "runspool";
static atomic_int log_level = LOG_LEVEL_INFO;
static enum log_target log_target = LOG_TO_STDERR;
static int log_journal; /* stderr goes to systemd's journal, which adds time, name and pid itself */

void log_open(const char *program, enum log_level level, enum log_target target)
{
    log_program = program;
    log_target = target;
    log_set_level(level);
    log_journal = getenv("JOURNAL_STREAM") != NULL;
    if (target == LOG_TO_SYSLOG)
        openlog(program, LOG_PID, LOG_DAEMON);
}

void log_set_level(enum log_level level)
{
    atomic_store(&log_level, level);
}

enum rs_err log_level_parse(const char *name, enum log_level *ret)
{
    for (unsigned i = 0; i < sizeof levels / sizeof *levels; i++) {
        if (strcmp(name, levels[i].name) == 0) {
            *ret = (enum log_level)i;
            return RS_OK;
        }
    }
    return RS_INVALID;
}

void log_event(enum log_level level, const char *event, const char *fmt, ...)
{
    if ((int)level > atomic_load(&log_level))
        return;
    char line[LOG_LINE_MAX + 2];
    size_t start = 0;
    if (log_target == LOG_TO_STDERR && log_journal) {
        start = (size_t)snprintf(line, LOG_LINE_MAX, "<%d>", levels[level].priority);
    } else if (log_target == LOG_TO_STDERR) {
        char now[CLOCK_TEXT_MAX];
        start = (size_t)snprintf(line, LOG_LINE_MAX, "%s %.64s[%ld] %s ", clock_format(clock_wall_ms(), now),
                                 log_program, (long)getpid(), levels[level].name);
    }
    size_t len = start + (size_t)snprintf(line + start, LOG_LINE_MAX - start, "%.100s ", event);
    va_list args;
    va_start(args, fmt);
    int more = vsnprintf(line + len, LOG_LINE_MAX - len, fmt, args);
    va_end(args);
    if (more > 0)
        len += (size_t)more < LOG_LINE_MAX - len ? (size_t)more : LOG_LINE_MAX - len - 1;
    else
        len--; /* no pairs: no blank at the end */
    line[len] = '\0';
    for (char *p = line + start; *p; p++)
        if ((unsigned char)*p < 0x20 || *p == 0x7F)
            *p = '?';
    if (log_target == LOG_TO_SYSLOG) {
        syslog(levels[level].priority, "%s", line);
        return;
    }
    line[len++] = '\n';
    /* A log that cannot be written must not stop the program, and there is nowhere left to say so. */
    if (write(STDERR_FILENO, line, len) < 0)
        return;
}
