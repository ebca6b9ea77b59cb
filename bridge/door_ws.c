/* door_ws - messages to WebSockets. Bytes are pre-framed and go to the socket directly, many frames a call; the only
 * thing libwebsockets must never see is half a frame before its own ping or close, so the rest of a frame that was cut
 * off is given to its own buffer, which it empties first. */
#include "bridge/door_ws.h"
#include "bridge/bridge.h"
#include "bridge/door.h"
#include "bridge/hub.h"
#include "bridge/live.h"
#include "bridge/ws.h"
#include "bridge/ws_sockets.h"
#include <assert.h>
#include <errno.h>
#include <libwebsockets.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#define SEND_PIECES 16
#define AT_ONCE_BYTES (16 * 1024) /* more than that is sent in turn with others */
#define HANGUP_MS 12000 /* after a ping without any answer */

/* n of the bytes given went out; have libwebsockets finish the frame in which they end. Returns what is settled. */
static size_t settle(struct ws_connection *c, const char *bytes, size_t len, size_t n)
{
    size_t boundary = frame_boundary(bytes, len, n);
    if (boundary == n)
        return boundary;
    if (lws_write(c->wsi, (unsigned char *)bytes + n, boundary - n, LWS_WRITE_RAW) < 0)
        shutdown(c->fd, SHUT_RDWR); /* the loop then finds it closed */
    c->held = lws_partial_buffered(c->wsi);
    ws_socket_wants(c);
    return boundary;
}

/* send(2) in the C library is a point of cancellation: with threads it enters and leaves that state around each call, which is a
 * fiftieth of what an event to 10,000 costs. No thread is cancelled here. */
static ssize_t send_now(int fd, const char *bytes, size_t len)
{
    return syscall(SYS_sendto, fd, bytes, len, MSG_DONTWAIT | MSG_NOSIGNAL, NULL, 0);
}

static size_t ws_send(struct subscriber *sub, const char *bytes, size_t len)
{
    struct ws_connection *c = sub->connection;
    if (c->held || c->closing)
        return 0;
    ssize_t n = send_now(c->fd, bytes, len);
    if (n <= 0)
        return 0; /* full, or broken: then the loop finds out */
    return (size_t)n == len ? len : settle(c, bytes, len, (size_t)n);
}

static void close_when_empty(struct ws_connection *c)
{
    if (c->close_code && c->sub.queue_len == 0)
        ws_socket_wants(c); /* libwebsockets asks then whether it is to go on */
}

static void ws_push(struct subscriber *sub)
{
    struct ws_connection *c = sub->connection;
    struct iovec iov[SEND_PIECES];
    if (c->closing)
        return;
    if (c->sub.queue_len > 0 && !c->held) {
        int n_pieces = subscriber_peek(&c->sub, iov, SEND_PIECES);
        struct msghdr message = {.msg_iov = iov, .msg_iovlen = (size_t)n_pieces};
        ssize_t sent = sendmsg(c->fd, &message, MSG_DONTWAIT | MSG_NOSIGNAL);
        size_t done = 0, left = sent > 0 ? (size_t)sent : 0;
        int i = 0;
        for (; i < n_pieces && left >= iov[i].iov_len; i++) {
            done += iov[i].iov_len;
            left -= iov[i].iov_len;
        }
        if (left > 0)
            done += settle(c, iov[i].iov_base, iov[i].iov_len, left);
        if (done > 0)
            subscriber_consume(&c->sub, done);
    }
    if (c->sub.queue_len > 0)
        ws_socket_wants(c);
    close_when_empty(c);
}

void door_ws_writable(struct ws_connection *c)
{
    if (c->sub.queue_len > 0)
        live_look(c->sub.bridge);
    if (c->sub.queued_bytes > AT_ONCE_BYTES)
        hub_has_room(c->sub.bridge->hub, &c->sub);
    else
        ws_push(&c->sub);
}

static void ws_wake(struct subscriber *sub)
{
    struct ws_connection *c = sub->connection;
    ws_socket_wants(c);
}

static void ws_end(struct subscriber *sub, enum end_reason reason)
{
    static const int codes[] = {
        [END_FINISHED] = LWS_CLOSE_STATUS_NORMAL,
        [END_DRAIN] = LWS_CLOSE_STATUS_GOINGAWAY,
        [END_OVERLOAD] = 1013, /* try again later (IANA registry of close codes) */
        [END_STALLED] = 1013,
        [END_MEMORY] = 1013,
        [END_EXPIRED] = WS_CLOSE_UNAUTHENTICATED,
        [END_DENIED] = WS_CLOSE_DENIED,
        [END_SLOW] = LWS_CLOSE_STATUS_POLICY_VIOLATION,
        [END_FAILED] = LWS_CLOSE_STATUS_UNEXPECTED_CONDITION,
    };
    static const char *const reasons[] = {
        [END_OVERLOAD] = "too much waits: come back by the cursor",
        [END_STALLED] = "nothing was taken for too long: come back by the cursor",
        [END_MEMORY] = "too much waits: come back by the cursor",
        [END_EXPIRED] = "the token is over: come back with a new one",
        [END_DENIED] = "the new token may not follow this",
        [END_SLOW] = "the message took too long",
        [END_FAILED] = NULL,
    };
    struct ws_connection *c = sub->connection;
    c->close_code = codes[reason];
    c->close_reason = reasons[reason];
    close_when_empty(c);
}

static void ws_cut(struct subscriber *sub)
{
    struct ws_connection *c = sub->connection;
    shutdown(c->fd, SHUT_RDWR);
}

/* One who is silent is asked whether it is there. What it has not taken yet shows that by other limits. */
static void ping(struct ws_connection *c, int64_t now_ms)
{
    static const char frame[] = {(char)0x89, 0x01, 0x20};
    bool asked = c->pinged_ms > c->heard_ms;
    if (asked && now_ms - c->pinged_ms > HANGUP_MS) {
        shutdown(c->fd, SHUT_RDWR);
    } else if (!asked && c->sub.queue_len == 0 &&
               now_ms - c->heard_ms >= config_number(c->sub.bridge->config, "bridge.heartbeat")) {
        c->pinged_ms = now_ms;
        subscriber_raw(&c->sub, frame, sizeof frame);
    }
}

/* A message that dribbles in would hold its memory for ever. One whose first frame's head is not complete yet is not known
 * here, but its sender cannot answer pings meanwhile. */
static void ws_tick(struct subscriber *sub)
{
    struct ws_connection *c = sub->connection;
    int64_t now_ms = (int64_t)uv_now(&sub->bridge->loop);
    ping(c, now_ms);
    if (!c->message_ms || now_ms - c->message_ms <= config_number(sub->bridge->config, "limits.header_time"))
        return;
    sub->bridge->metrics.values[METRIC_MESSAGES_CUT]++;
    subscriber_end(sub, END_SLOW);
}

const struct door door_ws = {
    .name = "/ws",
    .format = FRAME_WEBSOCKET,
    .connections = METRIC_CONNECTIONS_WS,
    .deliveries = METRIC_DELIVERIES_WS,
    .send = ws_send,
    .push = ws_push,
    .wake = ws_wake,
    .end = ws_end,
    .cut = ws_cut,
    .tick = ws_tick,
};
