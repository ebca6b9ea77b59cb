/* stats - how often each route was called and how long that took, counted by all programs of an instance in one file that all
 * have mapped (DIR/stats.shm). No locks: counters are atomic, and a route's slot is found by its name, so that programs of
 * different builds agree. What is counted is for people; losing it costs nothing, so nothing fails for it.
 * The file must be replaced, never cut: who has it mapped would get SIGBUS. Any thread after stats_open. */
#ifndef RUNSPOOL_STATS_STATS_H
#define RUNSPOOL_STATS_STATS_H

#include "base/err.h"
#include "conf/datadir.h"
#include <stdbool.h>
#include <stdint.h>

#define STATS_SLOTS 512     /* routes there may be */
#define STATS_NAME_MAX 120  /* bytes of "METHOD PATH" with its NUL */

struct stats;
/* stats_open - map the file, making it when it is missing. One that another version has made, or that is no such file, is
 * replaced. *ret: owned, stats_close. RS_IO: it cannot be; then nothing is counted. Blocks on the disk. */
enum rs_err stats_open(const struct datadir *dd, struct stats **ret, struct fault *fault) RS_MUST_CHECK;
void stats_close(struct stats *stats); /* NULL is fine */

/* stats_count - one call of a route ("GET", "/api/runs/{id}"; path is made of two parts, as doors have it). us: how long it took.
 * stats NULL, or no room: nothing happens. Never blocks. */
void stats_count(struct stats *stats, const char *method, const char *path, const char *below, int64_t us, bool error);

struct stats_figures {
    uint64_t calls, errors;
    double p50_ms, p95_ms; /* 0 when it was never called */
    int64_t last_ms;       /* wall clock; 0 never */
};
/* stats_read - of one route. stats NULL: zeros. */
void stats_read(const struct stats *stats, const char *method, const char *path, const char *below, struct stats_figures *ret);

#endif
