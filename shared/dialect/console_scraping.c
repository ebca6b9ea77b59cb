/* Workflow console, /scraping/{toolId}: how far a scraping tool has come, whichever run it works in. */
#include "base/clock.h"
#include "base/json.h"
#include "dialect/put.h"
#include "dialect/rows.h"
#include <stdio.h>
#include <string.h>

enum rs_err console_scraping_open(struct feed *feed, struct store *store, const struct path_params *params,
                                  struct fault *fault)
{
    (void)store; /* a tool may appear later */
    char stream[STREAM_MAX];
    enum rs_err err = feed_take_param(feed, params, "toolId", fault);
    if (err)
        return err;
    snprintf(stream, sizeof(stream), "tool:%s", feed->param);
    err = feed_add_stream(feed, stream);
    return err ? fault_set(fault, err, "tool %s cannot be followed", feed->param) : RS_OK;
}

enum rs_err console_scraping_opening(struct feed *feed, struct store *store, struct eventlog *log,
                                     struct dialect_out *out, struct fault *fault)
{
    (void)store;
    int64_t head;
    enum rs_err err = eventlog_head(log, &head, fault);
    if (err)
        return err;
    dialect_out_reset(out, head);
    struct buf *text = put_begin(out, "connected");
    put_text(text, "toolId", feed->param);
    put_time(text, "timestamp", clock_wall_ms());
    feed_passed(feed, head, 1);
    return put_end(out);
}

static const char *scraping_status(const char *status)
{
    static const char *const words[] = {"pending", "scraping", "success", "error"};
    for (unsigned i = 0; i < sizeof(words) / sizeof(words[0]); i++)
        if (strcmp(words[i], status) == 0)
            return words[i];
    return "scraping";
}

static int64_t scraping_items(struct json_object *data)
{
    struct json_object *list = json_get_array(data, "items");
    return list ? (int64_t)json_object_array_length(list) : json_get_int(data, "items", 0);
}

static int64_t scraping_percent(struct json_object *data)
{
    double percent = json_object_get_double(json_get(data, "progress"));
    return percent > 100 ? 100 : percent > 0 ? (int64_t)percent : 0; /* NaN gives 0 */
}

/* Of pages: read, that could not be, and that are known and wait. */
static const char *const counts[] = {"pages", "failed", "queued"};

enum rs_err console_scraping_project(const struct feed *feed, const struct event *ev, struct dialect_out *out)
{
    if (strcmp(ev->type, "scrape.progress") != 0)
        return RS_OK;
    struct json_object *data = event_data(ev);
    enum rs_err err = RS_OK;
    if (!data)
        return RS_NOMEM;
    /* The view holds whole runs, in which other tools may scrape too. */
    bool own_home = strcmp(ev->home->name, feed->streams[0]) == 0;
    if (strcmp(json_get_string(data, "toolId", own_home ? feed->param : ""), feed->param) != 0)
        goto out;
    struct json_object *preview = json_get_array(data, "preview");
    struct buf *text = put_begin(out, "scraping_progress");
    put_text(text, "toolId", feed->param);
    put_text(text, "url", json_get_string(data, "url", ""));
    put_text(text, "status", scraping_status(json_get_string(data, "status", "scraping")));
    put_int(text, "items", scraping_items(data));
    put_int(text, "progress", scraping_percent(data));
    for (unsigned i = 0; i < sizeof(counts) / sizeof(counts[0]); i++)
        if (json_get(data, counts[i]))
            put_int(text, counts[i], json_get_int(data, counts[i], 0));
    if (stream_has_kind(ev->home->name, "run"))
        put_text(text, "runId", stream_id(ev->home->name));
    if (preview)
        put_value(text, "preview", preview);
    else
        (void)buf_puts(text, ",\"preview\":[]");
    put_time(text, "timestamp", ev->time_ms);
    err = put_end(out);
out:
    json_object_put(data);
    return err;
}
