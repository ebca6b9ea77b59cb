/* /ws/metrics: the bridge's figures of the last two minutes, for all organisations alike. */
#include "dialect/topics.h"

#include "stats/samples.h"
#include "stats/stats.h"

#define LOOK_MS 1000

enum shown { AS_IT_IS, A_SECOND, IN_MS };
static const struct {
    const char *name;
    enum sample_figure figure;
    enum shown shown;
} rows[] = {
    {"times", SAMPLE_AT_MS, AS_IT_IS},
    {"events_per_s", SAMPLE_EVENTS, A_SECOND},
    {"ingest_per_s", SAMPLE_LINES, A_SECOND},
    {"deliveries_per_s", SAMPLE_DELIVERIES, A_SECOND},
    {"delivery_p50_ms", SAMPLE_P50_US, IN_MS},
    {"delivery_p99_ms", SAMPLE_P99_US, IN_MS},
    {"connections_ws", SAMPLE_WS, AS_IT_IS},
    {"connections_sse", SAMPLE_SSE, AS_IT_IS},
    {"connections_poll", SAMPLE_POLL, AS_IT_IS},
    {"connections_spool", SAMPLE_SPOOL, AS_IT_IS},
    {"subscriptions", SAMPLE_SUBSCRIPTIONS, AS_IT_IS},
    {"backlog_bytes", SAMPLE_BACKLOG, AS_IT_IS},
    {"waiting_bytes", SAMPLE_QUEUED, AS_IT_IS},
    {"memory_bytes", SAMPLE_MEMORY, AS_IT_IS},
};

/* NULL: not known. Counters begin anew with the bridge. */
static struct json_object *value(const struct sample *now, const struct sample *before, enum sample_figure figure, enum shown shown)
{
    int64_t v = now->figures[figure], took = now->figures[SAMPLE_AT_MS] - before->figures[SAMPLE_AT_MS];
    if (shown == AS_IT_IS)
        return json_object_new_int64(v);
    if (shown == IN_MS)
        return v > 0 ? json_object_new_double((double)v / 1000) : NULL;
    v -= before->figures[figure];
    return v >= 0 && took > 0 ? json_object_new_int64((v * 1000 + took / 2) / took) : NULL;
}

static enum rs_err build(struct store *store, struct eventlog *log, const struct topic_asked *asked, struct json_object **ret,
                         struct fault *fault)
{
    struct sample samples[SAMPLES_MAX];
    struct stats *stats = NULL;
    (void)log;
    (void)asked;
    enum rs_err err = stats_open(store->dd, &stats, fault);
    if (err)
        return err;
    int n = samples_read(stats, samples);
    stats_close(stats);
    struct json_object *data = json_object_new_object();
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct json_object *list = json_object_new_array();
        for (int at = 1; at < n; at++) /* the first is what the second is compared with */
            json_object_array_add(list, value(&samples[at], &samples[at - 1], rows[i].figure, rows[i].shown));
        json_set(data, rows[i].name, list);
    }
    *ret = data;
    return RS_OK;
}

static const char *const streams[] = {"system", NULL};

const struct topic topic_metrics = {
    .type = "metrics_update",
    .build = build,
    .streams = streams,
    .probe_ms = LOOK_MS,
    .without_database = true,
};
