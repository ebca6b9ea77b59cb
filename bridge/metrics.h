/* metrics - what /metrics shows (Prometheus text format 0.0.4). One row of the table in metrics.c a metric.
 * Threads: the loop only; other threads report through what they post to it. */
#ifndef RUNSPOOL_BRIDGE_METRICS_H
#define RUNSPOOL_BRIDGE_METRICS_H

#include "base/buf.h"
#include <stdint.h>

enum metric {
    METRIC_CONNECTIONS_WS,
    METRIC_CONNECTIONS_SSE,
    METRIC_CONNECTIONS_POLL,
    METRIC_CONNECTIONS_SPOOL,
    METRIC_ACCEPTED,
    METRIC_REFUSED,
    METRIC_HEADS_CUT,
    METRIC_DELIVERIES_WS,
    METRIC_DELIVERIES_SSE,
    METRIC_POLLS_ANSWERED,
    METRIC_ENDED_OVERLOAD,
    METRIC_ENDED_STALLED,
    METRIC_ENDED_MEMORY,
    METRIC_MESSAGES_CUT,
    METRIC_ANSWERS_CUT,
    METRIC_QUEUED_BYTES,
    METRIC_EVENTS_COMMITTED,
    METRIC_EVENTS_DUPLICATE,
    METRIC_EVENTS_FOREIGN,
    METRIC_EVENTS_TRIMMED,
    METRIC_SPOOL_LINES,
    METRIC_SPOOL_ERRORS,
    METRIC_PENDING_LINES,
    METRIC_PENDING_REJECTED,
    METRIC_COMMITS,
    METRIC_COMMIT_FAILURES,
    METRIC_BACKLOG_BYTES,
    METRIC_LOG_HEAD,
    METRIC_WAL_BYTES,
    METRIC_REDIS_CONNECTED,
    METRIC_REDIS_CONNECTS,
    METRIC_REDIS_PUBLISHED,
    METRIC_REDIS_RECEIVED,
    METRIC_REDIS_REJECTED,
    METRIC_REDIS_DROPPED,
    METRIC_N
};
/* Upper bounds of the commit latency histogram, in microseconds; one more bucket is +Inf. */
#define METRICS_COMMIT_BUCKETS 10
extern const int64_t metrics_commit_bounds_us[METRICS_COMMIT_BUCKETS];

struct metrics {
    int64_t values[METRIC_N];
    int64_t commit_buckets[METRICS_COMMIT_BUCKETS + 1]; /* not cumulative */
    int64_t commit_sum_us;
};
void metrics_commit(struct metrics *m, int64_t took_us); /* one more commit */
enum rs_err metrics_put(const struct metrics *m, struct buf *out) RS_MUST_CHECK;

#endif
