/* samples - the bridge's figures of the last two minutes, one sample a second, in the file that all programs have mapped
 * (stats/stats.h), so that any of them can tell, bridge or not. One writer; a reader that meets it at work may see a sample of
 * which some figures are a second newer. */
#ifndef RUNSPOOL_STATS_SAMPLES_H
#define RUNSPOOL_STATS_SAMPLES_H

#include <stdatomic.h>
#include <stdint.h>

#define SAMPLES_MAX 120

enum sample_figure {
    SAMPLE_AT_MS,      /* wall clock */
    SAMPLE_EVENTS,     /* since the bridge began: stored or found in the log */
    SAMPLE_LINES,      /* ... received on the spool socket */
    SAMPLE_DELIVERIES, /* ... live messages given to subscribers */
    SAMPLE_P50_US,     /* of the deliveries since the sample before; 0: there were none */
    SAMPLE_P99_US,
    SAMPLE_WS, SAMPLE_SSE, SAMPLE_POLL, SAMPLE_SPOOL, /* connections */
    SAMPLE_SUBSCRIPTIONS,
    SAMPLE_BACKLOG, SAMPLE_QUEUED, SAMPLE_MEMORY, /* bytes: to be committed, waiting for slow clients, resident */
    SAMPLE_N,
};
struct sample { int64_t figures[SAMPLE_N]; };

struct samples_ring { /* as it is in the file */
    _Atomic uint64_t n; /* ever put */
    _Atomic int64_t figures[SAMPLES_MAX + 1][SAMPLE_N]; /* one more: that which is written next is not read */
};

struct stats;
/* samples_put - by the bridge. stats NULL: nothing happens. Never blocks. */
void samples_put(struct stats *stats, const struct sample *sample);
/* samples_read - the newest, oldest first; how many. stats NULL: 0. */
int samples_read(const struct stats *stats, struct sample ret[SAMPLES_MAX]);
/* stats_ring - where they are. For these two. */
struct samples_ring *stats_ring(struct stats *stats);

#endif
