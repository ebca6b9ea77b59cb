/* Hub, groups and subscribers, with a door that writes into memory. */
#include "bridge/hub.h"
#include "base/clock.h"
#include "bridge/bridge.h"
#include "bridge/group.h"
#include "bridge/limits.h"
#include "bridge/replay.h"
#include "bridge/stretch.h"
#include "bridge/told.h"
#include "dialect/rows.h"
#include "tests/unit/dialect_help.h"

static struct bridge bridge;

struct client {
    struct subscriber sub;
    struct buf out;     /* what "arrived" */
    size_t room;        /* bytes the "socket" still takes */
    const char *last;   /* the block's bytes it was last given */
    int wakes, ended;   /* ended: reason + 1 */
    int pushes;
    int heartbeats;
};
static struct client clients[3];

static size_t send_bytes(struct subscriber *sub, const char *bytes, size_t len)
{
    struct client *c = sub->connection;
    size_t n = len < c->room ? len : c->room;
    c->room -= n;
    c->last = bytes;
    buf_append(&c->out, bytes, n);
    return n;
}

static void push(struct subscriber *sub)
{
    struct client *c = sub->connection;
    struct iovec iov;
    c->pushes++;
    if (subscriber_peek(sub, &iov, 1) == 1)
        subscriber_consume(sub, send_bytes(sub, iov.iov_base, iov.iov_len));
}

static void wake(struct subscriber *sub)
{
    ((struct client *)sub->connection)->wakes++;
}

static void end(struct subscriber *sub, enum end_reason reason)
{
    ((struct client *)sub->connection)->ended = (int)reason + 1;
}

static void cut(struct subscriber *sub)
{
    ((struct client *)sub->connection)->ended = -1;
}

static void heartbeat(struct subscriber *sub)
{
    ((struct client *)sub->connection)->heartbeats++;
}

static const struct door push_door = {.name = "/push", .format = FRAME_SSE, .connections = METRIC_CONNECTIONS_SSE,
                                      .deliveries = METRIC_DELIVERIES_SSE, .send = send_bytes, .push = push, .wake = wake, .end = end,
                                      .cut = cut, .heartbeat = heartbeat};
static const struct door wake_door = {.name = "/wake", .format = FRAME_NONE, .connections = METRIC_CONNECTIONS_POLL,
                                      .deliveries = METRIC_POLLS_ANSWERED, .wake = wake, .end = end, .cut = cut};

static void setup(void)
{
    int64_t head;
    struct fault fault;
    instance_setup();
    bridge = (struct bridge){.dd = instance.dd, .config = instance.dd.config, .log = instance.log, .store = instance.store};
    uv_loop_init(&bridge.loop);
    ck_assert_ok(eventlog_head(instance.log, &head, &fault));
    bridge.hub = hub_new(&bridge, head);
    bridge.stretches = stretches_new(&bridge);
    bridge.tolds = tolds_new(&bridge);
    for (int i = 0; i < 3; i++) {
        clients[i] = (struct client){.room = 1 << 20};
        buf_init(&clients[i].out, 1 << 20);
        subscriber_init(&clients[i].sub, &bridge, i < 2 ? &push_door : &wake_door, &clients[i]);
    }
}

static void setup_small(void)
{
    setenv("RUNSPOOL_LIMITS_STREAM_BYTES", "1M", 1);
    setup();
}

static void teardown(void)
{
    for (int i = 0; i < 3; i++) {
        subscriber_release(&clients[i].sub);
        buf_release(&clients[i].out);
    }
    ck_assert_int_eq(bridge.metrics.values[METRIC_QUEUED_BYTES], 0);
    hub_free(bridge.hub);
    tolds_free(bridge.tolds);
    ck_assert_int_eq(bridge.metrics.values[METRIC_REPLAY_BYTES], 0);
    stretches_free(bridge.stretches);
    uv_run(&bridge.loop, UV_RUN_DEFAULT);
    ck_assert_int_eq(uv_loop_close(&bridge.loop), 0);
    ck_assert_int_eq(bridge.metrics.values[METRIC_CONNECTIONS_SSE], 0);
    instance_teardown();
}

static void start(int i, const char *stream, struct cursor since, const char *org)
{
    struct path_params none = {.n = 0};
    struct feed *feed = NULL;
    struct fault fault = {0};
    ck_assert_ok(feed_open(endpoint_find("", &none), &none, &stream, 1, &instance.store, org, &feed, &fault));
    ck_assert_ok(subscriber_start(&clients[i].sub, feed, since, &fault));
}

static void replay(void)
{
    for (int i = 0; i < 100; i++)
        uv_run(&bridge.loop, UV_RUN_NOWAIT);
}

/* The ids that arrived, as "1 2 3 "; whole messages only. */
static const char *ids(int i)
{
    static struct buf text;
    const char *p = clients[i].out.data;
    buf_release(&text);
    buf_init(&text, 10000);
    for (; p && (p = strstr(p, "id: ")); p++)
        buf_printf(&text, "%d ", atoi(p + 4));
    return text.data ? text.data : "";
}

static struct event *read_event(const char *stream, int64_t id)
{
    const char *const streams[] = {stream};
    struct eventlog_query query = {.streams = streams, .n_streams = 1, .after = id - 1};
    struct event **events;
    int n;
    int64_t examined;
    struct fault fault;
    ck_assert_ok(eventlog_read(instance.log, &query, 1, &events, &n, &examined, &fault));
    ck_assert_int_eq(n, 1);
    struct event *ev = event_ref(events[0]);
    eventlog_events_free(events, n);
    return ev;
}

static struct event *stored_as(const char *stream, const char *type)
{
    return read_event(stream, append_event(stream, type, "{}"));
}

static struct event *stored(const char *stream)
{
    return stored_as(stream, "log");
}

static void publish(struct event *ev)
{
    hub_publish(bridge.hub, &ev, 1);
    event_unref(ev);
}

static const struct cursor from_start = {.kind = CURSOR_START}, from_now = {.kind = CURSOR_NOW};

START_TEST(replay_then_live_without_gap_or_duplicate)
{
    publish(stored("run:x"));
    struct event *a = stored("run:x"), *b = stored("run:x");
    start(0, "run:x", from_start, "default");
    start(1, "run:x", from_now, "default");
    replay();
    ck_assert_str_eq(ids(0), "1 2 3 ");
    ck_assert_str_eq(ids(1), "");
    publish(a); /* both were found in the log already */
    publish(b);
    publish(stored("run:x"));
    publish(stored("run:y"));
    ck_assert_str_eq(ids(0), "1 2 3 4 ");
    ck_assert_str_eq(ids(1), "4 ");
    ck_assert_ptr_eq(clients[0].last, clients[1].last); /* one piece of memory for both */
    ck_assert_int_eq(hub_published(bridge.hub), 5);
}
END_TEST

START_TEST(what_is_published_during_a_replay_is_found_by_it)
{
    enum { N = 3 * REPLAY_EVENTS };
    struct event *all[N];
    for (int i = 0; i < N; i++)
        all[i] = stored("run:x");
    start(0, "run:x", from_start, "default");
    for (int i = 0; i < N; i++) {
        publish(all[i]);
        if (i % 100 == 0)
            replay_step(&clients[0].sub);
    }
    replay();
    publish(stored("run:x"));
    int n = 0;
    for (const char *p = ids(0); *p; p = strchr(p, ' ') + 1)
        ck_assert_int_eq(atoi(p), ++n);
    ck_assert_int_eq(n, N + 1);
}
END_TEST

START_TEST(a_replay_lets_those_go_first_to_whom_the_web_gives_something)
{
    const int64_t *reads = &bridge.metrics.values[METRIC_REPLAY_READS];
    for (int i = 0; i < 6 * REPLAY_EVENTS; i++)
        publish(stored("run:x"));
    start(0, "run:x", from_start, "default");
    bridge.kicked = true;
    uv_run(&bridge.loop, UV_RUN_NOWAIT);
    ck_assert_int_eq(*reads, REPLAY_STEPS_MIN);
    uv_run(&bridge.loop, UV_RUN_NOWAIT); /* it goes on nevertheless */
    ck_assert_int_ge(*reads, 6);
    ck_assert_int_eq(clients[0].sub.state, SUBSCRIBER_LIVE);
}
END_TEST

/* The ids in what arrived as frames of a WebSocket, each frame in brackets. */
static const char *frame_ids(int i)
{
    static struct buf text;
    const struct buf *out = &clients[i].out;
    buf_release(&text);
    buf_init(&text, 10000);
    for (size_t at = 0, end; at < out->len; at = end) {
        end = at + frame_boundary(out->data + at, out->len - at, 1);
        buf_putc(&text, '[');
        for (const char *p = out->data + at; (p = memmem(p, (size_t)(out->data + end - p), "\"id\":\"", 6)); p++)
            buf_printf(&text, "%d ", atoi(p + 6));
        buf_putc(&text, ']');
    }
    return text.data ? text.data : "";
}

static void publish_all(struct event **events, int n)
{
    hub_publish(bridge.hub, events, n);
    for (int i = 0; i < n; i++)
        event_unref(events[i]);
}

/* Its frames cannot be cut, so that who has some of its events reads the others from the log. */
START_TEST(who_stands_within_a_batch_gets_the_rest_of_it_once)
{
    struct event *events[3];
    for (int i = 0; i < 2; i++)
        subscriber_set_format(&clients[i].sub, FRAME_BATCH);
    publish(stored("run:y"));
    start(0, "run:x", from_now, "default");
    replay();
    events[0] = stored("run:x");
    start(1, "run:x", from_start, "default"); /* finds it in the log, before it is published */
    replay();
    ck_assert_str_eq(frame_ids(1), "[2 ]");
    for (int i = 1; i < 3; i++)
        events[i] = stored("run:x");
    publish_all(events, 3);
    ck_assert_str_eq(frame_ids(0), "[2 3 4 ]");
    ck_assert_str_eq(frame_ids(1), "[2 ]");
    replay();
    ck_assert_str_eq(frame_ids(1), "[2 ][3 4 ]");
    publish(stored("run:x"));
    ck_assert_str_eq(frame_ids(0), "[2 3 4 ][5 ]");
    ck_assert_str_eq(frame_ids(1), "[2 ][3 4 ][5 ]");
    ck_assert_ptr_eq(clients[0].last, clients[1].last);
}
END_TEST

START_TEST(a_format_can_change_between_messages)
{
    start(0, "run:x", from_now, "default");
    start(1, "run:x", from_now, "default");
    replay();
    publish(stored("run:x"));
    ck_assert_ptr_eq(clients[0].last, clients[1].last);
    buf_clear(&clients[0].out);
    subscriber_set_format(&clients[0].sub, FRAME_BATCH);
    struct event *events[] = {stored("run:x"), stored("run:x")};
    publish_all(events, 2);
    ck_assert_str_eq(frame_ids(0), "[2 3 ]");
    ck_assert_str_eq(ids(1), "1 2 3 ");
}
END_TEST

START_TEST(organisations_are_apart)
{
    start(0, "run:x", from_now, "default");
    start(1, "run:x", from_now, "other");
    replay();
    publish(stored("run:x"));
    ck_assert_str_eq(ids(0), "1 ");
    ck_assert_str_eq(ids(1), "");
}
END_TEST

START_TEST(views_get_what_they_show)
{
    start(0, "runs", from_now, "default");
    start(1, "run:*", from_now, "default");
    start(2, "tool:*", from_now, "default");
    replay();
    publish(stored("run:x"));
    publish(stored("tool:t"));
    ck_assert_str_eq(ids(0), "1 ");
    ck_assert_str_eq(ids(1), "1 ");
}
END_TEST

START_TEST(a_full_socket_gets_the_rest_later)
{
    struct iovec iov[4];
    start(0, "run:x", from_now, "default");
    replay();
    clients[0].room = 10;
    publish(stored("run:x"));
    publish(stored("run:x"));
    ck_assert_int_eq(clients[0].wakes, 1);
    ck_assert_uint_eq(clients[0].out.len, 10);
    ck_assert_int_eq(subscriber_peek(&clients[0].sub, iov, 4), 2);
    for (int n; (n = subscriber_peek(&clients[0].sub, iov, 1)) > 0;) {
        buf_append(&clients[0].out, iov[0].iov_base, 1);
        subscriber_consume(&clients[0].sub, 1);
    }
    ck_assert_str_eq(ids(0), "1 2 ");
    ck_assert_uint_eq(clients[0].sub.queued_bytes, 0);
}
END_TEST

/* The "socket" takes what waits, piece by piece. */
static void drain(int i)
{
    struct client *c = &clients[i];
    struct iovec iov;
    for (int idle = 0; idle < 3; idle++, replay())
        while (subscriber_peek(&c->sub, &iov, 1) > 0) {
            size_t n = iov.iov_len < 1000 ? iov.iov_len : 1000;
            buf_append(&c->out, iov.iov_base, n);
            subscriber_consume(&c->sub, n);
            idle = 0;
        }
}

static void check_ids(int i, int first, int last)
{
    const char *p = clients[i].out.data;
    int n = first;
    for (; p && (p = strstr(p, "id: ")); p++)
        ck_assert_int_eq(atoi(p + 4), n++);
    ck_assert_int_eq(n, last + 1);
}

/* An event of 4 kB. */
static struct event *stored_large(const char *stream)
{
    static char data[4096];
    memset(data, 'x', sizeof data - 1);
    memcpy(data, "{\"x\":\"", 6);
    memcpy(data + sizeof data - 3, "\"}", 3);
    return read_event(stream, append_event(stream, "log", data));
}

START_TEST(with_room_again_it_is_pushed_from_the_loop_also_when_it_has_ended)
{
    start(0, "run:x", from_now, "default");
    start(1, "run:x", from_now, "default");
    replay();
    clients[0].room = clients[1].room = 10;
    publish(stored("run:x"));
    clients[0].room = clients[1].room = 1 << 20;
    hub_has_room(bridge.hub, &clients[0].sub);
    hub_has_room(bridge.hub, &clients[1].sub);
    ck_assert_int_eq(clients[0].pushes, 0);
    subscriber_end(&clients[1].sub, END_FINISHED);
    replay();
    for (int i = 0; i < 2; i++) {
        ck_assert_int_eq(clients[i].pushes, 1);
        ck_assert_str_eq(ids(i), "1 ");
        ck_assert_uint_eq(clients[i].sub.queue_len, 0);
    }
    ck_assert_int_eq(clients[1].ended, END_FINISHED + 1);
}
END_TEST

START_TEST(one_over_its_limit_is_put_back_and_the_other_is_not)
{
    const int64_t *back = &bridge.metrics.values[METRIC_BACK_BYTES];
    size_t most = (size_t)config_number(bridge.config, "limits.subscriber_bytes");
    int n = 0;
    start(0, "run:x", from_now, "default");
    start(1, "run:x", from_now, "default");
    replay();
    clients[0].room = 0;
    for (; !*back; n++) {
        publish(stored_large("run:x"));
        ck_assert_uint_le(clients[0].sub.queued_bytes, most);
        buf_clear(&clients[1].out);
        clients[1].room = 1 << 20;
    }
    for (int i = 0; i < 100; i++, n++)
        publish(stored_large("run:x"));
    ck_assert_int_eq(*back, 1);
    ck_assert_int_eq(clients[0].ended, 0);
    ck_assert_uint_le(clients[0].sub.queued_bytes, most);
    ck_assert_uint_gt(clients[0].sub.queued_bytes, most / 2);
    clients[0].sub.queue[0].block->received_us = 1; /* what it kept is too old in the end */
    limits_look(&clients[0].sub);
    ck_assert_uint_eq(clients[0].sub.queue_len, 1);
    limits_look(&clients[0].sub);
    ck_assert_int_eq(bridge.metrics.values[METRIC_BACK_AGE], 1);
    ck_assert_uint_gt(clients[1].out.len, 0);
    buf_release(&clients[0].out);
    buf_init(&clients[0].out, 16 << 20);
    drain(0);
    check_ids(0, 1, n);
    ck_assert_int_eq(clients[0].sub.state, SUBSCRIBER_LIVE);
}
END_TEST

START_TEST(what_waits_too_long_is_left_to_the_log)
{
    int64_t age_us = config_number(bridge.config, "limits.subscriber_age") * 1000;
    start(0, "run:x", from_now, "default");
    replay();
    clients[0].room = 10; /* the first is sent in part */
    bridge.received_us = clock_mono_us() - age_us / 2;
    for (int i = 0; i < 5; i++)
        publish(stored("run:x"));
    limits_look(&clients[0].sub);
    ck_assert_uint_eq(clients[0].sub.queue_len, 5);
    bridge.received_us = clock_mono_us() - age_us - 1;
    clients[0].sub.queue[0].block->received_us = bridge.received_us;
    limits_look(&clients[0].sub);
    ck_assert_uint_eq(clients[0].sub.queue_len, 1);
    ck_assert_int_eq(bridge.metrics.values[METRIC_BACK_AGE], 1);
    publish(stored("run:x"));
    ck_assert_uint_eq(clients[0].sub.queue_len, 1);
    drain(0);
    check_ids(0, 1, 6);
    ck_assert_int_eq(clients[0].sub.state, SUBSCRIBER_LIVE);
}
END_TEST

START_TEST(what_is_not_in_the_log_is_not_left_to_it)
{
    start(0, "run:x", from_now, "default");
    replay();
    clients[0].room = 0;
    publish(stored("run:x"));
    publish(stored("run:x"));
    subscriber_control(&clients[0].sub, "{\"op\":\"pong\"}", 13);
    publish(stored("run:x"));
    ck_assert(subscriber_put_back(&clients[0].sub, METRIC_BACK_MEMORY, true));
    ck_assert_uint_eq(clients[0].sub.queue_len, 3);
    ck_assert(!subscriber_put_back(&clients[0].sub, METRIC_BACK_MEMORY, true));
    drain(0);
    check_ids(0, 1, 3);
    ck_assert_ptr_nonnull(strstr(clients[0].out.data, "pong"));
    clients[0].room = 0;
    while (!clients[0].ended)
        subscriber_control(&clients[0].sub, "{\"op\":\"pong\"}", 13);
    ck_assert_int_eq(clients[0].ended, END_OVERLOAD + 1);
    ck_assert_int_eq(bridge.metrics.values[METRIC_ENDED_OVERLOAD], 1);
}
END_TEST

START_TEST(what_waits_for_one_stream_is_limited)
{
    int64_t most = config_number(bridge.config, "limits.stream_bytes");
    ck_assert_int_eq(most, 1 << 20);
    start(0, "run:x", from_now, "default");
    start(1, "run:y", from_now, "default");
    replay();
    clients[0].room = clients[1].room = 0;
    for (int i = 0; i < 20; i++)
        publish(stored("run:y"));
    for (int i = 0; !bridge.metrics.values[METRIC_BACK_STREAM]; i++) {
        ck_assert_int_lt(i, 1000);
        ck_assert_int_le(clients[0].sub.group->pins->bytes, most);
        publish(stored_large("run:x"));
        uv_run(&bridge.loop, UV_RUN_NOWAIT);
    }
    ck_assert_int_lt(clients[0].sub.group->pins->bytes, 32 << 10);
    ck_assert_uint_eq(clients[1].sub.queue_len, 20);
    ck_assert_int_eq(clients[0].ended, 0);
    drain(1);
    ck_assert_int_eq(clients[1].sub.group->pins->bytes, 0);
}
END_TEST

START_TEST(a_replay_waits_for_a_slow_client)
{
    char data[2000];
    memset(data, 'x', sizeof data);
    memcpy(data, "{\"x\":\"", 6);
    memcpy(data + sizeof data - 3, "\"}", 3);
    for (int i = 0; i < 500; i++)
        publish(read_event("run:x", append_event("run:x", "log", data)));
    clients[0].room = 0;
    start(0, "run:x", from_start, "default");
    replay();
    ck_assert_uint_ge(clients[0].sub.queued_bytes, REPLAY_QUEUE_BYTES);
    ck_assert_uint_le(clients[0].sub.queued_bytes, REPLAY_QUEUE_BYTES + 2 * REPLAY_BLOCK_BYTES);
    int n = 0;
    for (struct iovec iov; subscriber_peek(&clients[0].sub, &iov, 1) > 0; replay()) {
        for (const char *p = iov.iov_base; (p = memmem(p, iov.iov_len - (size_t)(p - (char *)iov.iov_base), "id: ", 4)); p++)
            ck_assert_int_eq(atoi(p + 4), ++n);
        subscriber_consume(&clients[0].sub, iov.iov_len);
    }
    ck_assert_int_eq(n, 500);
    ck_assert_int_eq(clients[0].sub.state, SUBSCRIBER_LIVE);
}
END_TEST

START_TEST(shared_memory_counts_once_and_is_given_back)
{
    const int64_t *queued = &bridge.metrics.values[METRIC_QUEUED_BYTES];
    start(0, "run:x", from_now, "default");
    start(1, "run:x", from_now, "default");
    replay();
    clients[0].room = clients[1].room = 0;
    publish(stored("run:x"));
    int64_t one = *queued;
    ck_assert_int_ge(one, (int64_t)clients[0].sub.queued_bytes);
    ck_assert_int_lt(one, 2 * (int64_t)clients[0].sub.queued_bytes + 1024);
    subscriber_consume(&clients[0].sub, clients[0].sub.queued_bytes);
    ck_assert_int_eq(*queued, one);
    subscriber_end(&clients[1].sub, END_STALLED);
    ck_assert_int_eq(*queued, 0);
}
END_TEST

/* Many small limits would not save the bridge from very many slow clients. */
START_TEST(without_room_for_all_the_slowest_is_put_back_and_then_ended)
{
    start(0, "run:x", from_now, "default");
    start(1, "run:y", from_now, "default");
    replay();
    clients[0].room = clients[1].room = 0;
    for (int i = 0; i < 50; i++)
        publish(stored(i % 10 ? "run:x" : "run:y"));
    size_t rest = clients[1].sub.queued_bytes;
    ck_assert_uint_lt(rest, clients[0].sub.queued_bytes);
    int64_t limit = config_number(bridge.config, "limits.queued_bytes"), *queued = &bridge.metrics.values[METRIC_QUEUED_BYTES];
    ck_assert(limits_make_room(&bridge, 0));
    ck_assert(limits_make_room(&bridge, (size_t)(limit - *queued)));
    ck_assert_int_eq(bridge.metrics.values[METRIC_BACK_MEMORY], 0);
    ck_assert(limits_make_room(&bridge, (size_t)(limit - *queued) + 1));
    ck_assert_int_eq(bridge.metrics.values[METRIC_BACK_MEMORY], 1);
    ck_assert_uint_eq(clients[0].sub.queue_len, 1);
    ck_assert_uint_eq(clients[1].sub.queued_bytes, rest);
    ck_assert_int_eq(clients[0].ended + clients[1].ended, 0);
    ck_assert(!limits_make_room(&bridge, (size_t)limit + 1));
    ck_assert_int_eq(clients[0].ended, END_MEMORY + 1);
    ck_assert_int_eq(clients[1].ended, END_MEMORY + 1);
    ck_assert_int_eq(*queued, 0);
}
END_TEST

START_TEST(what_many_lack_is_read_once)
{
    enum { N = 3 * REPLAY_EVENTS };
    const int64_t *reads = &bridge.metrics.values[METRIC_REPLAY_READS], *shared = &bridge.metrics.values[METRIC_REPLAY_SHARED];
    for (int i = 0; i < N; i++)
        publish(stored("run:x"));
    start(0, "run:x", from_start, "default");
    start(1, "run:x", (struct cursor){.kind = CURSOR_AT, .id = 5}, "default");
    replay();
    check_ids(0, 1, N);
    check_ids(1, 6, N);
    ck_assert_int_ge(*shared, 3);
    ck_assert_int_le(*reads, N / 150);
    ck_assert_int_eq(clients[0].sub.state, SUBSCRIBER_LIVE);
    ck_assert_int_eq(clients[1].sub.state, SUBSCRIBER_LIVE);
    ck_assert_int_gt(bridge.metrics.values[METRIC_REPLAY_BYTES], 0);
    ck_assert_int_le(bridge.metrics.values[METRIC_REPLAY_BYTES], config_number(bridge.config, "limits.replay_bytes"));
}
END_TEST

START_TEST(each_is_told_what_is_missing)
{
    for (int i = 0; i < 200; i++)
        publish(stored("run:x"));
    trim_log("run:x", 100);
    start(0, "run:x", (struct cursor){.kind = CURSOR_AT, .id = 50}, "default");
    start(1, "run:x", (struct cursor){.kind = CURSOR_AT, .id = 110}, "default");
    replay();
    check_ids(0, 101, 200);
    check_ids(1, 111, 200);
    ck_assert_ptr_nonnull(strstr(clients[0].out.data, "\"first\":\"51\",\"last\":\"100\""));
    ck_assert_ptr_null(strstr(clients[1].out.data, "gap"));
}
END_TEST

/* Whatever comes in whatever order, each is given all from its cursor on, once. */
START_TEST(random_order)
{
    enum { N = 2500 };
    static struct event *waiting[N];
    int n_stored = 0, n_published = 0, first[2] = {0, 0};
    srand(_i + 1);
    for (int i = 0; i < 2; i++) {
        buf_release(&clients[i].out);
        buf_init(&clients[i].out, 4 << 20);
        clients[i].room = 0;
    }
    for (int step = 0; step < 4000; step++) {
        int i = rand() % 2, kind = rand() % 100;
        struct client *c = &clients[i];
        struct iovec iov;
        if (kind < 40 && n_stored < N) {
            waiting[n_stored++] = stored("run:x");
        } else if (kind < 70 && n_published < n_stored) {
            publish(waiting[n_published++]);
        } else if (kind < 72) {
            subscriber_release(&c->sub);
            buf_clear(&c->out);
            subscriber_init(&c->sub, &bridge, &push_door, c);
            int after = n_stored ? rand() % n_stored : 0;
            first[i] = after + 1;
            start(i, "run:x", (struct cursor){.kind = CURSOR_AT, .id = after}, "default");
        } else if (kind < 74) {
            (void)subscriber_put_back(&c->sub, METRIC_BACK_MEMORY, rand() % 2);
        } else if (kind < 85) {
            c->room = (size_t)(rand() % 5000);
        } else if (kind < 95) {
            (void)replay_step(&c->sub);
        } else if (subscriber_peek(&c->sub, &iov, 1) > 0) {
            size_t n = 1 + (size_t)rand() % iov.iov_len;
            buf_append(&c->out, iov.iov_base, n);
            subscriber_consume(&c->sub, n);
        }
    }
    while (n_published < n_stored)
        publish(waiting[n_published++]);
    for (int i = 0; i < 2; i++)
        if (first[i]) {
            drain(i);
            check_ids(i, first[i], n_stored);
            ck_assert_int_eq(clients[i].sub.state, SUBSCRIBER_LIVE);
        }
}
END_TEST

START_TEST(followers_are_counted_by_stream)
{
    start(0, "run:x", from_now, "default");
    start(1, "run:x", from_now, "other");
    start(2, "run:y", from_now, "default");
    ck_assert_int_eq(hub_n_followers(bridge.hub, "run:x"), 2);
    ck_assert_int_eq(hub_n_followers(bridge.hub, "run:y"), 1);
    hub_leave(bridge.hub, &clients[1].sub);
    ck_assert_int_eq(hub_n_followers(bridge.hub, "run:x"), 1);
    ck_assert_int_eq(hub_n_followers(bridge.hub, "run:z"), 0);
}
END_TEST

START_TEST(a_door_that_reads_by_itself_is_woken_only)
{
    start(2, "run:x", from_now, "default");
    clients[2].sub.state = SUBSCRIBER_LIVE;
    publish(stored("run:x"));
    ck_assert_int_eq(clients[2].wakes, 1);
    publish(stored("run:y"));
    ck_assert_int_eq(clients[2].wakes, 1);
}
END_TEST

START_TEST(ended_subscribers_get_nothing_more)
{
    start(0, "run:x", from_now, "default");
    replay();
    subscriber_end(&clients[0].sub, END_DRAIN);
    subscriber_end(&clients[0].sub, END_FAILED);
    ck_assert_int_eq(clients[0].ended, END_DRAIN + 1);
    publish(stored("run:x"));
    ck_assert_str_eq(ids(0), "");
}
END_TEST

static enum rs_err follow_x(struct feed *feed, struct store *store, const struct path_params *params, struct fault *fault)
{
    (void)store, (void)params, (void)fault;
    return feed_add_stream(feed, "run:x");
}

static enum rs_err put_beat(struct buf *out)
{
    return buf_puts(out, "{\"type\":\"ping\"}");
}

static void start_endpoint(int i, const struct endpoint *endpoint, struct cursor since)
{
    struct path_params none = {.n = 0};
    struct feed *feed = NULL;
    struct fault fault = {0};
    ck_assert_ok(feed_open(endpoint, &none, NULL, 0, &instance.store, "default", &feed, &fault));
    ck_assert_ok(subscriber_start(&clients[i].sub, feed, since, &fault));
}

START_TEST(an_endpoint_s_own_heartbeat_comes_when_it_is_due)
{
    static const char beat[] = "data: {\"type\":\"ping\"}\n\n";
    const struct endpoint endpoint = {.path = "/x", .open = follow_x, .project = native_project, .heartbeat_ms = 45000,
                                      .heartbeat = put_beat};
    struct subscriber *sub = &clients[0].sub;
    start_endpoint(0, &endpoint, from_now);
    replay();
    int64_t now = sub->beat_ms;
    subscriber_beat(sub, now + 44999, 20000, 20000);
    ck_assert_uint_eq(clients[0].out.len, 0);
    subscriber_beat(sub, now + 45000, 20000, 20000);
    ck_assert_str_eq(clients[0].out.data, beat);
    subscriber_beat(sub, now + 89999, 20000, 20000);
    ck_assert_uint_eq(clients[0].out.len, strlen(beat));
    subscriber_beat(sub, now + 45000 + 225, 100, 20000); /* bridge.heartbeat = 100ms */
    ck_assert_uint_eq(clients[0].out.len, 2 * strlen(beat));
    clients[0].room = 0;
    publish(stored("run:x")); /* waits for the client: no heartbeat behind it */
    size_t queued = sub->queued_bytes;
    subscriber_beat(sub, now + 1000000, 20000, 20000);
    ck_assert_uint_eq(sub->queued_bytes, queued);
    start_endpoint(2, &endpoint, from_now);
    subscriber_beat(&clients[2].sub, now + 1000000, 20000, 20000);
    ck_assert_uint_eq(clients[2].sub.queue_len, 0);
}
END_TEST

START_TEST(a_connection_that_closes_with_its_run_does_so_live_and_afterwards)
{
    const struct endpoint closing = {.path = "/x", .open = follow_x, .project = native_project, .closes = true};
    const struct endpoint staying = {.path = "/x", .open = follow_x, .project = native_project};
    start_endpoint(0, &closing, from_start);
    start_endpoint(1, &staying, from_start);
    replay();
    publish(stored("run:x"));
    ck_assert_int_eq(clients[0].ended, 0);
    publish(stored_as("run:x", "run.finished"));
    ck_assert_str_eq(ids(0), "1 2 ");
    ck_assert_int_eq(clients[0].ended, END_FINISHED + 1);
    ck_assert_int_eq(clients[1].ended, 0);
    hub_leave(bridge.hub, &clients[0].sub); /* as its connection does */
    feed_free(clients[0].sub.feed);
    clients[0].ended = 0;
    clients[0].sub.state = SUBSCRIBER_IDLE;
    start_endpoint(0, &closing, (struct cursor){.kind = CURSOR_AT, .id = 2});
    replay();
    ck_assert_int_eq(clients[0].ended, END_FINISHED + 1);
}
END_TEST

static Suite *suite(void)
{
    Suite *s = suite_create("hub");
    TCase *t = tcase_create("all");
    tcase_add_checked_fixture(t, setup, teardown);
    tcase_set_timeout(t, 60);
    tcase_add_test(t, replay_then_live_without_gap_or_duplicate);
    tcase_add_test(t, what_is_published_during_a_replay_is_found_by_it);
    tcase_add_test(t, a_replay_lets_those_go_first_to_whom_the_web_gives_something);
    tcase_add_test(t, who_stands_within_a_batch_gets_the_rest_of_it_once);
    tcase_add_test(t, a_format_can_change_between_messages);
    tcase_add_test(t, organisations_are_apart);
    tcase_add_test(t, views_get_what_they_show);
    tcase_add_test(t, a_full_socket_gets_the_rest_later);
    tcase_add_test(t, with_room_again_it_is_pushed_from_the_loop_also_when_it_has_ended);
    tcase_add_test(t, one_over_its_limit_is_put_back_and_the_other_is_not);
    tcase_add_test(t, what_waits_too_long_is_left_to_the_log);
    tcase_add_test(t, what_is_not_in_the_log_is_not_left_to_it);
    tcase_add_test(t, a_replay_waits_for_a_slow_client);
    tcase_add_test(t, shared_memory_counts_once_and_is_given_back);
    tcase_add_test(t, without_room_for_all_the_slowest_is_put_back_and_then_ended);
    tcase_add_test(t, what_many_lack_is_read_once);
    tcase_add_test(t, each_is_told_what_is_missing);
    tcase_add_loop_test(t, random_order, 0, 10);
    tcase_add_test(t, followers_are_counted_by_stream);
    tcase_add_test(t, a_door_that_reads_by_itself_is_woken_only);
    tcase_add_test(t, ended_subscribers_get_nothing_more);
    tcase_add_test(t, an_endpoint_s_own_heartbeat_comes_when_it_is_due);
    tcase_add_test(t, a_connection_that_closes_with_its_run_does_so_live_and_afterwards);
    suite_add_tcase(s, t);
    t = tcase_create("small");
    tcase_add_checked_fixture(t, setup_small, teardown);
    tcase_set_timeout(t, 60);
    tcase_add_test(t, what_waits_for_one_stream_is_limited);
    suite_add_tcase(s, t);
    return s;
}
UNIT_MAIN(suite)
