#include "bridge/metrics.h"
#include <inttypes.h>
#include <stddef.h>
#include <string.h>

static const struct row {
    enum metric metric;
    const char *name, *labels, *type, *help;
} rows[] = {
    {METRIC_CONNECTIONS_WS, "connections", "{door=\"ws\"}", "gauge", "Open connections."},
    {METRIC_CONNECTIONS_SSE, "connections", "{door=\"sse\"}", "gauge", NULL},
    {METRIC_CONNECTIONS_POLL, "connections", "{door=\"poll\"}", "gauge", NULL},
    {METRIC_CONNECTIONS_SPOOL, "connections", "{door=\"spool\"}", "gauge", NULL},
    {METRIC_ACCEPTED, "accepted_total", "", "counter", "Connections accepted on the public port."},
    {METRIC_REFUSED, "refused_total", "", "counter", "Requests answered with an error before a door was reached."},
    {METRIC_HEADS_CUT, "slow_heads_total", "", "counter", "Connections cut because their request did not arrive in time."},
    {METRIC_MESSAGES_CUT, "slow_messages_total", "", "counter",
     "WebSockets closed because a message of the client did not arrive in time."},
    {METRIC_ANSWERS_CUT, "slow_answers_total", "", "counter", "Polls cut because the client did not take the answer in time."},
    {METRIC_DELIVERIES_WS, "deliveries_total", "{door=\"ws\"}", "counter", "Live messages handed to subscribers."},
    {METRIC_DELIVERIES_SSE, "deliveries_total", "{door=\"sse\"}", "counter", NULL},
    {METRIC_POLLS_ANSWERED, "polls_total", "", "counter", "Polls answered."},
    {METRIC_POLLS_SHARED, "polls_shared_total", "", "counter", "Polls given an answer that had been made for others."},
    {METRIC_ENDED_OVERLOAD, "subscribers_ended_total", "{reason=\"bytes\"}", "counter",
     "Subscribers ended because they did not keep up."},
    {METRIC_ENDED_STALLED, "subscribers_ended_total", "{reason=\"time\"}", "counter", NULL},
    {METRIC_ENDED_MEMORY, "subscribers_ended_total", "{reason=\"memory\"}", "counter", NULL},
    {METRIC_BACK_BYTES, "subscribers_put_back_total", "{reason=\"bytes\"}", "counter",
     "Subscribers that did not keep up and were put back: the rest they are given from the log, when they take it."},
    {METRIC_BACK_AGE, "subscribers_put_back_total", "{reason=\"age\"}", "counter", NULL},
    {METRIC_BACK_STREAM, "subscribers_put_back_total", "{reason=\"stream\"}", "counter", NULL},
    {METRIC_BACK_MEMORY, "subscribers_put_back_total", "{reason=\"memory\"}", "counter", NULL},
    {METRIC_QUEUED_BYTES, "queued_bytes", "", "gauge", "Memory of what waits for slow clients, and of answers being taken."},
    {METRIC_REPLAY_BYTES, "replay_bytes", "", "gauge", "Memory of the replays, and answers of polls, kept for those who want the same next."},
    {METRIC_REPLAY_READS, "replay_reads_total", "", "counter", "Stretches of the log read for those who had not caught up."},
    {METRIC_REPLAY_SHARED, "replay_shared_total", "", "counter", "Stretches given that had been read for others."},
    {METRIC_EVENTS_COMMITTED, "events_committed_total", "", "counter", "Events stored by this bridge."},
    {METRIC_EVENTS_DUPLICATE, "events_duplicate_total", "", "counter", "Events that had been stored before."},
    {METRIC_EVENTS_FOREIGN, "events_foreign_total", "", "counter", "Events found that other processes stored."},
    {METRIC_EVENTS_TRIMMED, "events_trimmed_total", "", "counter", "Events that retention removed."},
    {METRIC_SPOOL_LINES, "spool_lines_total", "", "counter", "Lines received on the spool socket."},
    {METRIC_SPOOL_ERRORS, "spool_errors_total", "", "counter", "Lines that were refused."},
    {METRIC_PENDING_LINES, "pending_lines_total", "", "counter", "Events stored from files of pending lines."},
    {METRIC_PENDING_REJECTED, "pending_rejected_total", "", "counter", "Lines of such files that were refused."},
    {METRIC_COMMITS, "commits_total", "", "counter", "Transactions of the writer."},
    {METRIC_COMMIT_FAILURES, "commit_failures_total", "", "counter", "Transactions that failed and were tried again."},
    {METRIC_BACKLOG_BYTES, "backlog_bytes", "", "gauge", "Received and not yet committed."},
    {METRIC_SUBSCRIPTIONS, "subscriptions", "", "gauge", "Streams that clients follow, each client's counted."},
    {METRIC_MEMORY_BYTES, "memory_bytes", "", "gauge", "Resident memory of the bridge."},
    {METRIC_WAL_BYTES, "log_wal_bytes", "", "gauge", "Size of the event log's write-ahead log."},
    {METRIC_REDIS_CONNECTED, "redis_connected", "", "gauge", "1: connected to the Redis server of redis.url."},
    {METRIC_REDIS_CONNECTS, "redis_connects_total", "", "counter", "Times that it was connected to."},
    {METRIC_REDIS_PUBLISHED, "redis_published_total", "", "counter", "Messages published on its channels."},
    {METRIC_REDIS_RECEIVED, "redis_received_total", "", "counter", "Messages received from them, our own among them."},
    {METRIC_REDIS_REJECTED, "redis_rejected_total", "", "counter", "Messages received that have none of the known shapes."},
    {METRIC_REDIS_DROPPED, "redis_dropped_total", "", "counter", "Messages lost, either way, because too many waited or the server was gone."},
    {METRIC_LOG_HEAD, "log_head", "", "gauge", "Id of the newest event published."},
};

const int64_t metrics_bounds_us[METRICS_BUCKETS] = {100, 250, 500, 1000, 2500, 5000, 10000, 50000, 250000, 1000000};

static void count_time(struct metrics_times *times, int64_t took_us)
{
    int i = 0;
    while (i < METRICS_BUCKETS && took_us > metrics_bounds_us[i])
        i++;
    times->buckets[i]++;
    times->sum_us += took_us;
}

void metrics_commit(struct metrics *m, int64_t took_us)
{
    count_time(&m->commit, took_us);
    m->values[METRIC_COMMITS]++;
}

void metrics_delivered(struct metrics *m, int64_t took_us)
{
    count_time(&m->delivery, took_us);
    histogram_count(&m->recent, took_us);
}

static void put_times(const struct metrics_times *times, const char *name, const char *help, struct buf *out)
{
    int64_t n = 0;
    buf_printf(out, "# HELP runspool_%s %s\n# TYPE runspool_%s histogram\n", name, help, name);
    for (int i = 0; i < METRICS_BUCKETS; i++) {
        n += times->buckets[i];
        buf_printf(out, "runspool_%s_bucket{le=\"%g\"} %" PRId64 "\n", name, (double)metrics_bounds_us[i] / 1e6, n);
    }
    n += times->buckets[METRICS_BUCKETS];
    buf_printf(out, "runspool_%s_bucket{le=\"+Inf\"} %" PRId64 "\nrunspool_%s_sum %g\nrunspool_%s_count %" PRId64 "\n", name, n,
               name, (double)times->sum_us / 1e6, name, n);
}

enum rs_err metrics_put(const struct metrics *m, struct buf *out)
{
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const struct row *r = &rows[i];
        if (r->help)
            buf_printf(out, "# HELP runspool_%s %s\n# TYPE runspool_%s %s\n", r->name, r->help, r->name, r->type);
        buf_printf(out, "runspool_%s%s %" PRId64 "\n", r->name, r->labels, m->values[r->metric]);
    }
    put_times(&m->commit, "commit_seconds", "Time of one transaction of the writer.", out);
    put_times(&m->delivery, "delivery_seconds",
              "Time from the arrival of the oldest event of a batch to its being sent to a live subscriber.", out);
    return out->err;
}
