#include "dialect/one_run.h"
#include "base/clock.h"
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

enum rs_err one_run_attempt(struct eventlog *log, const char *stream, int64_t attempt, int64_t *ret_id,
                            struct fault *fault)
{
    static const char *const types[] = {"run.queued", "run.retried", "run.resumed", NULL};
    struct event **events;
    int n;
    enum rs_err err = eventlog_read_newest(log, stream, types, 0, BEGINNINGS_MAX, &events, &n, fault);
    if (err)
        return err;
    int64_t id = 0, newest = -1;
    /* One that goes on after a pause does so in the same attempt. */
    for (int i = n; !err && i-- > 0;) {
        struct json_object *data = event_data(events[i]);
        int64_t this = json_get_int(data, "attempt", 0);
        if (!data)
            err = fault_set(fault, RS_NOMEM, "no memory for an event");
        json_object_put(data);
        if (newest >= 0 && this != newest)
            break;
        newest = this;
        id = events[i]->id;
    }
    eventlog_events_free(events, n);
    if (!err && newest >= 0 && newest < attempt) {
        struct eventlog_stream known;
        err = eventlog_stream(log, stream, &known, fault);
        id = known.last_id + 1;
    }
    if (!err)
        *ret_id = id;
    return err;
}

static const char *end_type(const char *status)
{
    static const struct {
        const char *status, *type;
    } rows[] = {{"success", "run.finished"}, {"error", "run.failed"}, {"cancelled", "run.cancelled"}};
    for (unsigned i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        if (strcmp(rows[i].status, status) == 0)
            return rows[i].type;
    return NULL;
}

/* NULL: no memory. */
static struct event *end_of_record(struct json_object *record, const char *stream, const struct eventlog_stream *known)
{
    size_t len;
    int64_t time_ms = 0;
    const char *type = end_type(json_get_string(record, "status", "")), *at = json_get_string(record, "finishedAt", NULL);
    const char *text = json_text(record, &len);
    struct home *home = home_new(stream, known->org, NULL, 0);
    struct event *ev = NULL;
    if (!at || clock_parse(at, &time_ms) != RS_OK)
        time_ms = clock_wall_ms();
    if (home)
        ev = event_new(known->end_id, known->last_seq, time_ms, home, type, text, len);
    home_unref(home);
    return ev;
}

enum rs_err one_run_lost_end(const char *org, const char *run_id, struct store *store, struct eventlog *log,
                             struct event **ret, struct fault *fault)
{
    char stream[STREAM_MAX];
    struct eventlog_stream known;
    struct event **events = NULL;
    struct json_object *record = NULL;
    int n = 0;
    *ret = NULL;
    snprintf(stream, sizeof(stream), "run:%.*s", ID_MAX, run_id);
    enum rs_err err = eventlog_stream(log, stream, &known, fault);
    if (err || known.end_id == 0)
        return err == RS_NOT_FOUND ? RS_OK : err;
    err = eventlog_read_newest(log, stream, NULL, 0, 1, &events, &n, fault);
    eventlog_events_free(events, n);
    if (err || n > 0)
        return err;
    err = run_outline(store, org, run_id, &record, fault);
    if (!err && end_type(json_get_string(record, "status", "")) && !(*ret = end_of_record(record, stream, &known)))
        err = fault_set(fault, RS_NOMEM, "no memory for the end of a run");
    json_object_put(record);
    return err == RS_NOT_FOUND ? RS_OK : err;
}

enum rs_err one_run_give_end(struct feed *feed, struct event *end, struct dialect_out *out, struct fault *fault)
{
    dialect_out_reset(out, end->id);
    enum rs_err err = feed->endpoint->project(feed, end, out);
    if (err)
        fault_set(fault, err, "the end of a run cannot be shown");
    else
        feed_passed(feed, end->id, out->n);
    event_unref(end);
    return err;
}
