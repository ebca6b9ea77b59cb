/* metrics - what /metrics shows (Prometheus text format 0.0.4). One row of the table in metrics.c a metric.
 * Threads: the loop only; other threads report through what they post to it. */
#ifndef RUNSPOOL_BRIDGE_METRICS_H
#define RUNSPOOL_BRIDGE_METRICS_H

#include "base/buf.h"
#include "stats/histogram.h"
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
    METRIC_POLLS_SHARED,
    METRIC_ENDED_OVERLOAD,
    METRIC_ENDED_STALLED,
    METRIC_ENDED_MEMORY,
    METRIC_MESSAGES_CUT,
    METRIC_ANSWERS_CUT,
    METRIC_BACK_BYTES,
    METRIC_BACK_AGE,
    METRIC_BACK_STREAM,
    METRIC_BACK_MEMORY,
    METRIC_QUEUED_BYTES,
    METRIC_REPLAY_BYTES,
    METRIC_REPLAY_READS,
    METRIC_REPLAY_SHARED,
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
    METRIC_SUBSCRIPTIONS,
    METRIC_MEMORY_BYTES,
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
/* How long things took: upper bounds in microseconds; one more bucket is +Inf. */
#define METRICS_BUCKETS 10
extern const int64_t metrics_bounds_us[METRICS_BUCKETS];
struct metrics_times {
    int64_t buckets[METRICS_BUCKETS + 1]; /* not cumulative */
    int64_t sum_us;
};

struct metrics {
    int64_t values[METRIC_N];
    struct metrics_times commit, delivery;
    struct histogram recent; /* of deliveries since the last sample (bridge/sample.h) */
};
void metrics_commit(struct metrics *m, int64_t took_us); /* one more commit */
/* metrics_delivered - a live event was handed to the kernel for one subscriber, so long after it had reached the bridge. */
void metrics_delivered(struct metrics *m, int64_t took_us);
enum rs_err metrics_put(const struct metrics *m, struct buf *out) RS_MUST_CHECK;

#endif
