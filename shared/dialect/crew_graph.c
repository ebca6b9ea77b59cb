/* Crew monitor, /graph and /graph/{crew_id}: the tools that crews use, by nodes and by agents. */
#include "base/json.h"
#include "dialect/crew.h"
#include "dialect/put.h"
#include "dialect/rows.h"
#include "model/crew.h"
#include <stdio.h>
#include <string.h>

const char *crew_of_event(const struct event *ev, struct json_object *data)
{
    for (int i = 0; i < ev->home->n_tags; i++)
        if (stream_has_kind(ev->home->tags[i], "crew"))
            return stream_id(ev->home->tags[i]);
    if (stream_has_kind(ev->home->name, "crew") || stream_has_kind(ev->home->name, "mission"))
        return stream_id(ev->home->name);
    return json_get_string(data, "crewId", NULL);
}

/* Without a token anyone may wait for a crew to appear. */
static enum rs_err check_crew(const struct feed *feed, struct store *store, struct fault *fault)
{
    enum rs_err err = feed->by_token ? crew_home(store, feed->org, feed->param, NULL, fault) : RS_OK;
    if (err == RS_NOT_FOUND || (!err && !feed_has_crew(feed, feed->param)))
        return fault_set(fault, RS_DENIED, "%s is none of your crews", feed->param);
    return err;
}

enum rs_err crew_graph_open(struct feed *feed, struct store *store, const struct path_params *params, struct fault *fault)
{
    char stream[STREAM_MAX] = "crew:*";
    enum rs_err err = RS_OK;
    if (path_param(params, "crew_id")) {
        err = feed_take_param(feed, params, "crew_id", fault);
        if (!err)
            err = check_crew(feed, store, fault);
        if (err)
            return err;
        snprintf(stream, sizeof(stream), "crew:%s", feed->param);
    }
    err = feed_add_stream(feed, stream);
    return err ? fault_set(fault, err, "%s cannot be followed", stream) : RS_OK;
}

enum rs_err crew_graph_heartbeat(struct buf *out)
{
    return buf_puts(out, "{\"type\":\"ping\"}");
}

static struct buf *begin(const struct event *ev, const char *type, struct json_object *data, struct dialect_out *out)
{
    bool of_run = stream_has_kind(ev->home->name, "run");
    struct buf *text = put_begin(out, type);
    put_time(text, "timestamp", ev->time_ms);
    put_text(text, "crew_id", crew_of_event(ev, data));
    put_text(text, "run_id", of_run ? stream_id(ev->home->name) : json_get_string(data, "runId", NULL));
    put_text(text, "node_id", json_get_string(data, "nodeId", NULL));
    put_text(text, "agent_id", json_get_string(data, "agentId", NULL));
    return text;
}

/* A model may call a tool several times at once: what tells the calls apart. */
static enum rs_err end(struct json_object *data, struct dialect_out *out)
{
    const char *call_id = json_get_string(data, "callId", NULL);
    if (call_id)
        put_text(&out->text, "call_id", call_id);
    return put_end(out);
}

static enum rs_err on_started(const struct event *ev, struct json_object *data, struct dialect_out *out)
{
    struct json_object *params = json_get(data, "params");
    struct buf *text = begin(ev, "tool_start", data, out);
    put_text(text, "tool", json_get_string(data, "tool", ""));
    if (params)
        put_value(text, "params", params);
    else
        (void)buf_puts(text, ",\"params\":{}");
    return end(data, out);
}

/* A share of one; NULL: not told. */
static bool share_of(struct json_object *value, double whole, double *ret)
{
    double share = json_object_get_double(value) / whole;
    if (!value || !(share >= 0)) /* or no number */
        return false;
    *ret = share > 1 ? 1 : share;
    return true;
}

static enum rs_err put_progress(const struct event *ev, struct json_object *data, const char *tool, const char *message,
                                double whole, struct dialect_out *out)
{
    double share;
    struct buf *text = begin(ev, "tool_progress", data, out);
    put_text(text, "tool", tool);
    put_text(text, "message", message);
    if (share_of(json_get(data, "progress"), whole, &share))
        (void)buf_printf(text, ",\"progress\":%.4g", share);
    return end(data, out);
}

static enum rs_err on_progress(const struct event *ev, struct json_object *data, struct dialect_out *out)
{
    return put_progress(ev, data, json_get_string(data, "tool", ""), json_get_string(data, "message", ""), 1, out);
}

/* Scraping tells of its progress in words of its own, in percent. */
static enum rs_err on_scraping(const struct event *ev, struct json_object *data, struct dialect_out *out)
{
    return put_progress(ev, data, json_get_string(data, "toolId", ""), json_get_string(data, "url", ""), 100, out);
}

static const char *end_status(struct json_object *data)
{
    static const char *const words[] = {"success", "error", "completed_with_errors"};
    const char *status = json_get_string(data, "status", "");
    for (unsigned i = 0; i < sizeof(words) / sizeof(words[0]); i++)
        if (strcmp(words[i], status) == 0)
            return words[i];
    return status[0] || json_get_int(data, "exitCode", 0) != 0 ? "error" : "success";
}

static enum rs_err on_finished(const struct event *ev, struct json_object *data, struct dialect_out *out)
{
    const char *status = end_status(data);
    struct buf *text = begin(ev, "tool_end", data, out);
    put_text(text, "tool", json_get_string(data, "tool", ""));
    put_value(text, "duration_s", json_get(data, "durationS"));
    /* A tool that is no process has none of its own. */
    put_int(text, "exit_code", json_get_int(data, "exitCode", strcmp(status, "success") != 0));
    put_text(text, "status", status);
    return end(data, out);
}

enum rs_err crew_graph_project(const struct feed *feed, const struct event *ev, struct dialect_out *out)
{
    static const struct {
        const char *type;
        enum rs_err (*put)(const struct event *ev, struct json_object *data, struct dialect_out *out);
    } rows[] = {
        {"tool.started", on_started},
        {"tool.progress", on_progress},
        {"scrape.progress", on_scraping},
        {"tool.finished", on_finished},
    };
    for (unsigned i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        if (strcmp(ev->type, rows[i].type) != 0)
            continue;
        struct json_object *data = event_data(ev);
        if (!data)
            return RS_NOMEM;
        const char *crew = crew_of_event(ev, data);
        enum rs_err err = crew && feed_has_crew(feed, crew) ? rows[i].put(ev, data, out) : RS_OK;
        json_object_put(data);
        return err;
    }
    return RS_OK;
}
