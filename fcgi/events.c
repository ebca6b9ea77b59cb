/* events.fcgi: long polling straight from the event log, whether or not a bridge is there. */
#include "base/clock.h"
#include "dialect/topic.h"
#include "drain.h"
#include "gateway.h"
#include <string.h>
#include <strings.h>

enum {
    LOOK_MS = 10,         /* how often a waiting request looks whether the log has changed */
    TOPIC_LOOK_MS = 100,  /* a topic is built anew that much after it was, */
    TOPIC_LOOK_SHARE = 5, /* or so many times what it took */
};

static enum rs_err open_feed(struct call *call, struct store *store, struct feed **ret, struct fault *fault)
{
    const char *streams[QUERY_PARAMS_MAX];
    struct path_params params = {0};
    int n = 0, index = 0;
    const struct endpoint *endpoint = endpoint_find(call->rest, &params);
    if (!endpoint)
        return fault_set(fault, RS_NOT_FOUND, "there is no stream %.200s; GET %.100s/api lists what there is",
                         call->request->path, call->request->prefix);
    endpoint_add_query(endpoint, &call->request->query, &params);
    while (endpoint->native && n < QUERY_PARAMS_MAX &&
           (streams[n] = query_next(&call->request->query, "stream", &index)))
        n++;
    enum rs_err err = feed_open_as(endpoint, &params, streams, n, store, &call->access, ret, fault);
    return err ? err : feed_set_query(*ret, &call->request->query, fault);
}

/* The state of a topic is gathered anew after a change of the log, or when its time has come; not without a rest. */
struct rest {
    bool changed;
    int64_t built_ms, took_ms;
};

static bool topic_due(const struct topic *topic, struct rest *rest, struct eventlog *log)
{
    int64_t since = clock_mono_ms() - rest->built_ms, most = topic_every_ms(topic);
    int64_t least = rest->took_ms * TOPIC_LOOK_SHARE;
    least = least < TOPIC_LOOK_MS ? TOPIC_LOOK_MS : least > most ? most : least;
    rest->changed = eventlog_changed(log) || rest->changed;
    return (rest->changed && since >= least) || (topic->probe_ms > 0 && since >= topic->probe_ms);
}

/* Wait for something to say, as long as asked. Blocks one thread, so only half of them do. */
static enum rs_err wait_for_events(struct call *call, struct feed *feed, struct store *store, struct eventlog *log,
                                   int wait_s, struct fault *fault)
{
    struct gateway *gateway = call->worker->gateway;
    const struct cursor nowhere = {.kind = CURSOR_NONE};
    const struct topic *topic = feed->endpoint->topic;
    struct rest rest = {.built_ms = clock_mono_ms()};
    int64_t until = clock_mono_ms() + wait_s * 1000LL;
    if (call->access.expires_ms && call->access.expires_ms - clock_wall_ms() < wait_s * 1000LL) /* not beyond the token */
        until = clock_mono_ms() + call->access.expires_ms - clock_wall_ms();
    struct poll_said said = {.empty = true};
    enum rs_err err = RS_OK;
    while (!err && said.empty && clock_mono_ms() < until && gateway_pause(gateway, LOOK_MS)) {
        drain_pending(call->worker->dd);
        if (topic ? !topic_due(topic, &rest, log) : !eventlog_changed(log))
            continue;
        int64_t begun = clock_mono_ms();
        buf_clear(&call->response->body);
        err = poll_answer(feed, true, nowhere, store, log, &call->response->body, &said, fault);
        rest = (struct rest){.built_ms = clock_mono_ms(), .took_ms = clock_mono_ms() - begun};
    }
    return err;
}

/* Who has a topic's state and asks again, waiting, has just had it: the next one comes a while later, as on the other doors. */
static enum rs_err give_later(struct call *call, struct feed *feed, struct store *store, struct eventlog *log, int wait_s,
                              struct poll_said *ret, struct fault *fault)
{
    const struct cursor nowhere = {.kind = CURSOR_NONE};
    int64_t pause_ms = topic_every_ms(feed->endpoint->topic);
    (void)gateway_pause(call->worker->gateway, (int)(wait_s * 1000 < pause_ms ? wait_s * 1000 : pause_ms));
    buf_clear(&call->response->body);
    return poll_answer(feed, true, nowhere, store, log, &call->response->body, ret, fault);
}

/* Calls are counted by endpoint. */
static void count_as(struct call *call)
{
    struct path_params params = {0};
    const struct endpoint *endpoint = endpoint_find(call->rest, &params);
    call->counted = "/api/poll";
    call->counted_below = endpoint ? endpoint->path : NULL;
    if (!endpoint)
        call->route = NULL; /* there is no such thing to count */
}

static enum rs_err poll_get(struct call *call, struct fault *fault)
{
    count_as(call);
    struct store *store = NULL;
    struct eventlog *log = NULL;
    struct feed *feed = NULL;
    struct cursor since;
    int wait_s = 0;
    struct poll_said said = {.empty = false};
    const char *upgrade = request_header(call->request, "HTTP_UPGRADE");
    if (upgrade && strcasecmp(upgrade, "websocket") == 0)
        return fault_set(fault, RS_INVALID, "this address is for polling; a WebSocket is at %.100s/ws%.200s",
                         call->request->prefix, call->rest);
    enum rs_err err = poll_parse(&call->request->query, &since, &wait_s, fault);
    if (!err)
        err = worker_store(call->worker, &store, fault);
    if (!err)
        err = worker_log(call->worker, &log, fault);
    if (!err)
        err = open_feed(call, store, &feed, fault);
    drain_pending(call->worker->dd);
    if (!err) {
        (void)eventlog_changed(log); /* from here on a change is one that this answer may lack */
        err = poll_answer(feed, false, since, store, log, &call->response->body, &said, fault);
    }
    bool too_soon = !err && !said.empty && feed->endpoint->topic && since.hashed && !feed->gap;
    if (!err && (said.empty || too_soon) && wait_s > 0 && gateway_hold(call->worker->gateway)) {
        int64_t held_us = clock_mono_us();
        if (too_soon)
            err = give_later(call, feed, store, log, wait_s, &said, fault);
        if (!err && said.empty)
            err = wait_for_events(call, feed, store, log, wait_s, fault);
        call->held_us = clock_mono_us() - held_us;
        gateway_unhold(call->worker->gateway);
    }
    feed_free(feed);
    return err;
}

static const struct route routes[] = {
    {"GET", "/api/poll...", poll_get, "what a stream has had since a cursor; waits for more when asked to", "viewer", NULL},
};

static const struct program events_program = {
    .name = "events.fcgi",
    .description = "Runspool's polling interface, from the event log",
    .routes = routes,
    .n_routes = sizeof routes / sizeof *routes,
};

int main(int argc, char **argv)
{
    return gateway_main(&events_program, argc, argv);
}
