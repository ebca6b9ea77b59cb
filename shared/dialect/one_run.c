#include "dialect/one_run.h"
#include "base/json.h"
#include "model/run.h"
#include <stdio.h>
#include <string.h>

#define BEGINNINGS_MAX 100 /* of a run that was paused or resumed more often, the oldest are not looked at */

enum rs_err one_run_open(struct feed *feed, struct store *store, const struct path_params *params, struct fault *fault)
{
    char stream[STREAM_MAX];
    enum rs_err err = feed_take_param(feed, params, path_param(params, "runId") ? "runId" : "run_id", fault);
    if (err)
        return err;
    err = run_exists(store, feed->org[0] ? feed->org : NULL, feed->param, fault);
    if (err)
        return err;
    snprintf(stream, sizeof(stream), "run:%s", feed->param);
    err = feed_add_stream(feed, stream);
    return err ? fault_set(fault, err, "run %s cannot be followed", feed->param) : RS_OK;
}

enum rs_err one_run_record(const struct feed *feed, struct store *store, struct json_object **ret, struct fault *fault)
{
    return run_outline(store, feed->org[0] ? feed->org : NULL, feed->param, ret, fault);
}

enum rs_err one_run_trimmed(const struct feed *feed, struct json_object *record, struct eventlog *log, bool *ret,
                            struct fault *fault)
{
    struct eventlog_stream stream;
    enum rs_err err = eventlog_stream(log, feed->streams[0], &stream, fault);
    if (err == RS_NOT_FOUND) {
        *ret = strcmp(json_get_string(record, "status", "queued"), "queued") != 0;
        return RS_OK;
    }
    if (err)
        return err;
    struct eventlog_query query = {.streams = (const char *const *)feed->streams, .n_streams = feed->n_streams};
    struct eventlog_gap gaps[EVENTLOG_GAPS_MAX];
    int n_gaps = 0;
    err = eventlog_gaps(log, &query, gaps, &n_gaps, fault);
    if (err)
        return err;
    *ret = n_gaps > 0;
    return RS_OK;
}

enum rs_err one_run_attempt(struct eventlog *log, const char *stream, int64_t *ret_id, struct fault *fault)
{
    static const char *const types[] = {"run.queued", "run.retried", "run.resumed", NULL};
    struct event **events;
    int n;
    enum rs_err err = eventlog_read_newest(log, stream, types, 0, BEGINNINGS_MAX, &events, &n, fault);
    if (err)
        return err;
    int64_t id = 0, attempt = -1;
    /* One that goes on after a pause does so in the same attempt. */
    for (int i = n; !err && i-- > 0;) {
        struct json_object *data = event_data(events[i]);
        int64_t this = json_get_int(data, "attempt", 0);
        if (!data)
            err = fault_set(fault, RS_NOMEM, "no memory for an event");
        json_object_put(data);
        if (attempt >= 0 && this != attempt)
            break;
        attempt = this;
        id = events[i]->id;
    }
    eventlog_events_free(events, n);
    if (!err)
        *ret_id = id;
    return err;
}
