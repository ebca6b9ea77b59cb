/* Workflow console, /workflows/{runId}/logs: log lines, and how its nodes ended. */
#include "base/json.h"
#include "dialect/put.h"
#include "dialect/rows.h"
#include <stdio.h>
#include <string.h>

#define LOGS_MAX 10000                   /* log messages of the opening */
#define LOGS_BYTES_MAX (8 * 1024 * 1024) /* bytes they may take; older ones are left out */
#define LOGS_MESSAGE_EXTRA 512           /* what a message is longer than its event's data, at most */
#define LOGS_CHUNK 250                   /* events read at once */
#define LOGS_CHUNKS_MAX (LOGS_MAX / LOGS_CHUNK)

/* The types that give a message here, for eventlog_read_newest. */
static const char *const log_types[] = {"log", "log.dropped", "node.finished", "node.failed", NULL};

static const char *log_level(struct json_object *data)
{
    const char *source = json_get_string(data, "source", "");
    const char *level = json_get_string(data, "level", "info");
    if (strcmp(source, "stdout") == 0)
        return "info";
    if (strcmp(source, "stderr") == 0)
        return "warning";
    if (strcmp(level, "warn") == 0)
        return "warning";
    static const char *const words[] = {"success", "warning", "error"};
    for (unsigned i = 0; i < sizeof(words) / sizeof(words[0]); i++)
        if (strcmp(level, words[i]) == 0)
            return words[i];
    return "info";
}

static void put_node_finished(struct buf *text, struct json_object *data)
{
    char message[ID_MAX + 64];
    const char *node_id = json_get_string(data, "nodeId", "node");
    int64_t duration_ms = json_get_int(data, "durationMs", -1);
    if (duration_ms >= 0)
        snprintf(message, sizeof(message), "%.*s finished in %.1f s", ID_MAX, node_id, (double)duration_ms / 1000);
    else
        snprintf(message, sizeof(message), "%.*s finished", ID_MAX, node_id);
    put_text(text, "level", "success");
    put_text(text, "message", message);
}

static void put_node_failed(struct buf *text, struct json_object *data)
{
    const char *node_id = json_get_string(data, "nodeId", "node");
    const char *error = error_text(json_get(data, "error"), "");
    (void)buf_puts(text, ",\"level\":\"error\",\"message\":");
    struct buf message;
    buf_init(&message, EVENT_DATA_MAX);
    (void)buf_printf(&message, "%s failed%s%s", node_id, error[0] ? ": " : "", error);
    if (message.err)
        text->err = message.err;
    else
        (void)buf_put_json(text, message.data, message.len);
    buf_release(&message);
}

static void put_log_dropped(struct buf *text, struct json_object *data)
{
    char message[64];
    snprintf(message, sizeof(message), "%lld log lines were dropped", (long long)json_get_int(data, "count", 0));
    put_text(text, "level", "warning");
    put_text(text, "message", message);
}

static void put_log(struct buf *text, struct json_object *data)
{
    struct json_object *message = json_get(data, "message");
    put_text(text, "level", log_level(data));
    if (json_object_is_type(message, json_type_string))
        put_value(text, "message", message); /* as it is: it may hold a NUL */
    else
        put_text(text, "message", message ? json_text(message, NULL) : "");
}

enum rs_err console_logs_project(const struct feed *feed, const struct event *ev, struct dialect_out *out)
{
    (void)feed;
    static const struct {
        const char *type;
        void (*put)(struct buf *text, struct json_object *data);
    } rows[] = {
        {"log", put_log},
        {"log.dropped", put_log_dropped},
        {"node.finished", put_node_finished},
        {"node.failed", put_node_failed},
    };
    for (unsigned i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        if (strcmp(ev->type, rows[i].type) != 0)
            continue;
        struct json_object *data = event_data(ev);
        if (!data)
            return RS_NOMEM;
        struct buf *text = put_begin(out, "log");
        rows[i].put(text, data);
        put_text(text, "nodeId", json_get_string(data, "nodeId", NULL));
        put_time(text, "timestamp", ev->time_ms);
        json_object_put(data);
        return put_end(out);
    }
    return RS_OK;
}

/* The newest log events, read backwards in chunks so that a few huge lines do not take the memory of all. */
struct newest {
    struct {
        struct event **events;
        int n;
    } chunks[LOGS_CHUNKS_MAX]; /* newest chunk first, oldest event first inside */
    int n_chunks;
    int skip; /* events at the beginning of the oldest chunk that no longer fit */
};

static enum rs_err newest_read(struct newest *newest, struct eventlog *log, const char *stream, int64_t until,
                               struct fault *fault)
{
    size_t bytes = 0;
    while (newest->n_chunks < LOGS_CHUNKS_MAX) {
        struct event **events;
        int n;
        enum rs_err err = eventlog_read_newest(log, stream, log_types, until, LOGS_CHUNK, &events, &n, fault);
        if (err)
            return err;
        newest->chunks[newest->n_chunks].events = events;
        newest->chunks[newest->n_chunks++].n = n;
        for (int i = n; i-- > 0;) {
            bytes += events[i]->data_len + LOGS_MESSAGE_EXTRA;
            if (bytes > LOGS_BYTES_MAX) {
                newest->skip = i + 1;
                return RS_OK;
            }
        }
        if (n < LOGS_CHUNK || events[0]->id <= 1)
            return RS_OK;
        until = events[0]->id - 1;
    }
    return RS_OK;
}

static void newest_release(struct newest *newest)
{
    for (int i = 0; i < newest->n_chunks; i++)
        eventlog_events_free(newest->chunks[i].events, newest->chunks[i].n);
}

static enum rs_err put_logs(const struct feed *feed, const struct newest *newest, struct buf *text)
{
    struct dialect_out one;
    dialect_out_init(&one);
    enum rs_err err = RS_OK;
    const char *comma = "";
    for (int c = newest->n_chunks; !err && c-- > 0;) {
        int first = c == newest->n_chunks - 1 ? newest->skip : 0;
        for (int i = first; !err && i < newest->chunks[c].n; i++) {
            const struct event *ev = newest->chunks[c].events[i];
            dialect_out_reset(&one, ev->id);
            err = console_logs_project(feed, ev, &one);
            for (int m = 0; !err && m < one.n; m++, comma = ",") {
                (void)buf_puts(text, comma);
                err = buf_append(text, one.text.data + one.at[m].start, one.at[m].len);
            }
        }
    }
    dialect_out_release(&one);
    return err;
}

enum rs_err console_logs_opening(struct feed *feed, struct store *store, struct eventlog *log, struct dialect_out *out,
                                 struct fault *fault)
{
    (void)store; /* log lines are kept in the log only */
    struct newest newest = {.n_chunks = 0};
    int64_t head;
    enum rs_err err = eventlog_head(log, &head, fault);
    if (err)
        return err;
    if (head > 0)
        err = newest_read(&newest, log, feed->streams[0], head, fault);
    if (err)
        goto out;
    int last = newest.n_chunks > 0 ? newest.chunks[0].n : 0;
    dialect_out_reset(out, last > 0 ? newest.chunks[0].events[last - 1]->id : head);
    struct buf *text = put_begin(out, "connected");
    put_text(text, "runId", feed->param);
    (void)buf_puts(text, ",\"logs\":[");
    err = put_logs(feed, &newest, text);
    (void)buf_putc(text, ']');
    if (!err)
        err = put_end(out);
    if (err) {
        fault_set(fault, err, "the log of run %s cannot be shown", feed->param);
        goto out;
    }
    feed_passed(feed, head, 1);
out:
    newest_release(&newest);
    return err;
}
