#include "bridge/redis_message.h"
#include "base/clock.h"
#include "base/id.h"
#include "base/json.h"
#include "bridge/redis_link.h"
#include "dialect/dialect.h"
#include "dialect/rows.h"
#include "event/stream.h"
#include <stdio.h>
#include <string.h>

#define FROM_REDIS "\"via\":\"redis\""
#define ORIGIN_EXTRA 256
#define SECONDS_MAX 1e12 /* no run took longer */

/* --- out --- */

struct giving {
    const char *origin;
    redis_put_fn *put;
    void *ctx;
};

static void give(const struct giving *g, const char *kind, const char *id, const struct feed *feed,
                 enum rs_err (*project)(const struct feed *, const struct event *, struct dialect_out *), const struct event *ev)
{
    struct dialect_out out;
    struct buf text;
    char channel[STREAM_MAX];
    dialect_out_init(&out);
    dialect_out_reset(&out, ev->id);
    snprintf(channel, sizeof channel, "%s:%.*s", kind, ID_MAX, id);
    if (project(feed, ev, &out) != RS_OK)
        out.n = 0; /* no memory: one message less */
    for (int i = 0; i < out.n; i++) {
        buf_init(&text, out.at[i].len + ORIGIN_EXTRA);
        buf_append(&text, out.text.data + out.at[i].start, out.at[i].len - 1); /* without its brace */
        if (buf_printf(&text, ",\"origin\":\"%s\"}", g->origin) == RS_OK)
            g->put(g->ctx, channel, text.data, text.len);
        buf_release(&text);
    }
    dialect_out_release(&out);
}

static const char *crew_of(const struct home *home)
{
    for (int i = 0; i < home->n_tags; i++)
        if (stream_has_kind(home->tags[i], "crew"))
            return stream_id(home->tags[i]);
    return NULL;
}

static bool came_from_redis(const struct event *ev)
{
    if (!memmem(ev->data, ev->data_len, FROM_REDIS, sizeof FROM_REDIS - 1))
        return false;
    struct json_object *data = event_data(ev);
    bool came = !data || strcmp(json_get_string(data, "via", ""), "redis") == 0;
    json_object_put(data);
    return came;
}

void redis_message_put(const struct event *ev, const char *origin, redis_put_fn *put, void *ctx)
{
    const struct giving g = {origin, put, ctx};
    const char *crew = crew_of(ev->home), *home = ev->home->name;
    bool of_run = stream_has_kind(home, "run");
    struct feed feed = {0};
    if (event_type_is_bulk(ev->type) || (!of_run && !crew) || came_from_redis(ev))
        return;
    if (of_run) {
        snprintf(feed.param, sizeof feed.param, "%.*s", ID_MAX, stream_id(home));
        give(&g, "run", feed.param, &feed, crew_run_project, ev);
    }
    if (crew) {
        give(&g, "graph", crew, &feed, crew_graph_project, ev);
        give(&g, "mission", crew, &feed, crew_mission_project, ev);
    }
}

/* --- in --- */

/* One shape: where its members are, and what they are called in the event. A name may be repeated: the first one there is counts. */
struct shape {
    const char *channel, *type, *event;
    const char *stream;  /* kind of the home */
    bool of_state;       /* says how the run stands */
    const char *members[8][2]; /* of the payload, or of the message itself: theirs, ours */
};
static const struct shape shapes[] = {
    {"run", "boot", "run.started", "run", true, {{"workflow_id", "workflowId"}, {"name", "name"}, {"attempt", "attempt"}}},
    {"run", "agent_start", "agent.started", "run", false, {{"agent_id", "nodeId"}, {"name", "name"}, {"model", "model"}}},
    {"run", "agent_end", "agent.finished", "run", false,
     {{"agent_id", "nodeId"}, {"name", "name"}, {"status", "status"}, {"duration_s", "durationS"}}},
    {"run", "task_start", "task.started", "run", false, {{"task_id", "taskId"}, {"agent_id", "nodeId"}, {"description", "name"}}},
    {"run", "task_end", "task.finished", "run", false,
     {{"task_id", "taskId"}, {"agent_id", "nodeId"}, {"description", "name"}, {"output", "output"}, {"status", "status"},
      {"duration_s", "durationS"}}},
    {"run", "error", "crew.error", "run", false, {{"message", "message"}, {"agent_id", "agentId"}}},
    {"run", "done", NULL, "run", true, {{"status", "status"}, {"duration_s", "durationS"}}},
    {"mission", "signal", "crew.signal", "mission", false, {{"status", "status"}}},
    {"graph", "tool_start", "tool.started", "crew", false,
     {{"run_id", "runId"}, {"node_id", "nodeId"}, {"agent_id", "agentId"}, {"call_id", "callId"}, {"tool", "tool"}, {"params", "params"}}},
    {"graph", "tool_progress", "tool.progress", "crew", false,
     {{"run_id", "runId"}, {"node_id", "nodeId"}, {"agent_id", "agentId"}, {"call_id", "callId"}, {"tool", "tool"},
      {"message", "message"}, {"progress", "progress"}}},
    {"graph", "tool_end", "tool.finished", "crew", false,
     {{"run_id", "runId"}, {"node_id", "nodeId"}, {"agent_id", "agentId"}, {"call_id", "callId"}, {"tool", "tool"},
      {"duration_s", "durationS"}, {"exit_code", "exitCode"}, {"status", "status"}}},
};

static const struct shape *shape_find(const char *channel, size_t channel_len, const char *type)
{
    for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++)
        if (strlen(shapes[i].channel) == channel_len && memcmp(shapes[i].channel, channel, channel_len) == 0 &&
            strcmp(shapes[i].type, type) == 0)
            return &shapes[i];
    return NULL;
}

/* How a foreign run ended, in the words of either side. */
static const char *end_type(struct json_object *payload)
{
    static const char *const good[] = {"success", "completed", "ok", "done"};
    const char *status = json_get_string(payload, "status", "success");
    for (size_t i = 0; i < sizeof good / sizeof *good; i++)
        if (strcmp(good[i], status) == 0)
            return "run.finished";
    return strcmp(status, "cancelled") == 0 ? "run.cancelled" : "run.failed";
}

static struct json_object *data_of(const struct shape *shape, struct json_object *message, const char *id)
{
    struct json_object *data = json_object_new_object(), *payload = json_get(message, "payload"), *value;
    struct json_object *from = payload ? payload : message;
    for (size_t i = 0; i < 8 && shape->members[i][0]; i++)
        if ((value = json_get(from, shape->members[i][0])))
            json_set(data, shape->members[i][1], json_object_get(value));
    if (strcmp(shape->channel, "run") != 0)
        json_set_string(data, "crewId", id);
    double seconds = shape->event ? -1 : json_object_get_double(json_get(from, "duration_s"));
    if (!shape->event && json_get(from, "duration_s") && seconds >= 0 && seconds < SECONDS_MAX)
        json_set_int(data, "durationMs", (int64_t)(seconds * 1000));
    json_set_string(data, "via", "redis");
    return data;
}

static enum rs_err put_line(const struct shape *shape, const char *id, struct json_object *message, struct buf *out)
{
    struct json_object *payload = json_get(message, "payload"), *data = data_of(shape, message, id);
    const char *type = shape->event ? shape->event : end_type(payload), *said = json_get_string(message, "timestamp", NULL);
    int64_t time_ms = 0;
    size_t len, at = out->len;
    const char *text = json_text(data, &len);
    buf_printf(out, "{\"stream\":\"%s:%s\",\"type\":\"%s\"", shape->stream, id, type);
    if (said && clock_parse(said, &time_ms) == RS_OK && time_ms > 0)
        buf_printf(out, ",\"time\":%lld", (long long)time_ms);
    buf_printf(out, ",\"data\":");
    buf_append(out, text, len);
    enum rs_err err = len > EVENT_DATA_MAX ? RS_LIMIT : buf_append(out, "}\n", 2);
    if (err && out->len > at)
        out->len = at;
    json_object_put(data);
    return err;
}

enum rs_err redis_message_take(const char *channel, size_t channel_len, const char *text, size_t len, const char *origin,
                               redis_is_ours_fn *is_ours, void *ctx, struct buf *out)
{
    const char *colon = memchr(channel, ':', channel_len);
    struct json_object *message = NULL;
    char id[ID_MAX + 1] = "";
    size_t kind_len = colon ? (size_t)(colon - channel) : 0, id_len = colon ? channel_len - kind_len - 1 : 0;
    if (!colon || !id_valid_n(colon + 1, id_len) || json_parse(text, len, REDIS_MESSAGE_MAX, &message, NULL) != RS_OK)
        return RS_INVALID;
    memcpy(id, colon + 1, id_len);
    const char *type = json_get_string(message, "type", "");
    const struct shape *shape = shape_find(channel, kind_len, type);
    enum rs_err err = RS_OK;
    if (strcmp(json_get_string(message, "origin", ""), origin) == 0 || strcmp(type, "heartbeat") == 0 || strcmp(type, "ping") == 0)
        goto out;
    if (!shape)
        err = RS_INVALID;
    else if (!shape->of_state || !is_ours(ctx, id))
        err = put_line(shape, id, message, out);
out:
    json_object_put(message);
    return err;
}
