#include "bridge/front.h"
#include "auth/auth.h"
#include "base/clock.h"
#include "base/log.h"
#include "bridge/bridge.h"
#include "bridge/count.h"
#include "bridge/handshake.h"
#include "bridge/head_texts.h"
#include "bridge/http_head.h"
#include "bridge/kept.h"
#include "bridge/limits.h"
#include "bridge/live.h"
#include "bridge/listener.h"
#include "bridge/rekey.h"
#include "bridge/request.h"
#include "bridge/web.h"
#include "bridge/ws.h"
#include "http/problem.h"
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/un.h>
#include <unistd.h>

#define DRAIN_READS 128  /* of what a client has sent beyond what was taken */
#define REPEEK_FIRST_MS 2 /* on a Unix socket, which knows no low-water mark, one looks again after a while */
#define REPEEK_MOST_MS 200
#define REPLY_MAX 2048
#define SILENCE_EXTRA_MS 10000 /* beyond limits.subscriber_time */

/* A connection whose request has not arrived yet. */
struct visitor {
    struct front *front;
    int fd;
    size_t n_seen;
    int repeek_ms;
    bool is_unix;
    bool waits;    /* for keys of tokens */
    bool has_waited;
    char peer[INET6_ADDRSTRLEN];
    uv_poll_t poll;
    uv_timer_t deadline, repeek;
    int n_handles; /* 0: it has not had to wait yet */
    struct visitor *next, **link;
};
struct front {
    struct bridge *bridge;
    struct listener *listeners[FRONT_LISTENERS_MAX];
    int n_listeners;
    struct visitor *visitors;
    int n_visitors;
    char peeked[HTTP_HEAD_MAX];
};

static void look(struct visitor *v);

static void on_closed(uv_handle_t *handle)
{
    struct visitor *v = handle->data;
    if (--v->n_handles == 0)
        free(v);
}

/* The visitor ends; its socket stays open. */
static int dismiss(struct visitor *v)
{
    int fd = v->fd;
    *v->link = v->next;
    if (v->next)
        v->next->link = v->link;
    v->front->n_visitors--;
    if (v->n_handles == 0) {
        free(v);
        return fd;
    }
    uv_close((uv_handle_t *)&v->poll, on_closed);
    uv_close((uv_handle_t *)&v->deadline, on_closed);
    uv_close((uv_handle_t *)&v->repeek, on_closed);
    return fd;
}

/* Answer an error ourselves and close. What was only looked at is taken first, or closing would reset the connection
 * before the client has read the answer. */
static void refuse(struct front *front, int fd, size_t n_seen, const struct fault *fault)
{
    char head[256];
    struct buf body;
    int status = rs_err_http(fault->code);
    front->bridge->metrics.values[METRIC_REFUSED]++;
    buf_init(&body, REPLY_MAX);
    if (problem_put(&body, fault, NULL) == RS_OK) {
        int n = snprintf(head, sizeof head,
                         "HTTP/1.1 %d %s\r\nContent-Type: application/problem+json\r\nCache-Control: no-store\r\n%s%s%s"
                         "Connection: close\r\nContent-Length: %zu\r\n\r\n",
                         status, http_reason(status),
                         fault->code == RS_UPGRADE ? "Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\n" : "",
                         status == 503 ? "Retry-After: " LIMITS_RETRY_AFTER "\r\n" : "",
                         status == 401 ? "WWW-Authenticate: Bearer realm=\"runspool\"\r\n" : "", body.len);
        ssize_t taken = n_seen > 0 ? recv(fd, front->peeked, n_seen, MSG_DONTWAIT) : 0;
        ssize_t sent = send(fd, head, (size_t)n, MSG_DONTWAIT | MSG_NOSIGNAL | MSG_MORE);
        if (taken >= 0 && sent == n)
            (void)!send(fd, body.data, body.len, MSG_DONTWAIT | MSG_NOSIGNAL);
    }
    buf_release(&body);
    front_hang_up(fd);
}

void front_hang_up(int fd)
{
    char rest[4096];
    shutdown(fd, SHUT_WR);
    for (int i = 0; i < DRAIN_READS && recv(fd, rest, sizeof rest, MSG_DONTWAIT) > 0; i++)
        ;
    close(fd);
}

static void hand_to_ws(struct front *front, int fd, const struct http_head *head, const char *peer)
{
    struct request request = {0};
    struct assist_opening actions;
    struct feed *feed = NULL;
    struct fault fault = {0};
    char taken[HTTP_HEAD_MAX];
    int64_t began_us = clock_mono_us();
    enum rs_err err = handshake_check(front->bridge, head, peer, &request, &feed, &actions, &fault);
    count_call(front->bridge, &request, began_us, err != RS_OK);
    if (err && !request.refused)
        refuse(front, fd, head->len, &fault);
    else if (recv(fd, taken, head->len, 0) != (ssize_t)head->len) {
        feed_free(feed);
        close(fd);
    } else if (err)
        ws_refuse(front->bridge->ws, fd, head,
                  err == RS_UNAUTHENTICATED ? WS_CLOSE_UNAUTHENTICATED : WS_CLOSE_DENIED, &fault);
    else
        ws_adopt(front->bridge->ws, fd, head, feed, request.since, &request.access,
                 request.endpoint->actions ? &actions : NULL);
    request_release(&request);
}

static void hand_over(struct front *front, int fd, const struct http_head *head, const char *peer)
{
    struct sockaddr_storage address = {.ss_family = AF_UNIX};
    socklen_t len = sizeof address;
    if (http_head_is_websocket(head)) {
        hand_to_ws(front, fd, head, peer);
        return;
    }
    if (kept_take(front->bridge->kepts, fd, head, peer))
        return;
    if (getpeername(fd, (struct sockaddr *)&address, &len) < 0) {
        close(fd);
        return;
    }
    web_adopt(front->bridge->web, fd, (struct sockaddr *)&address, len);
}

static void on_readable(uv_poll_t *poll, int status, int events)
{
    struct visitor *v = poll->data;
    (void)status;
    (void)events;
    if (!web_has_many(v->front->bridge->web)) /* else it is told again in the next turn of the loop */
        look(v);
}

static void on_repeek(uv_timer_t *timer)
{
    look(timer->data);
}

static void on_deadline(uv_timer_t *timer)
{
    struct visitor *v = timer->data;
    v->front->bridge->metrics.values[METRIC_HEADS_CUT]++;
    close(dismiss(v));
}

/* It has to wait: most requests are there when they are accepted, and need none of this. */
static void settle_down(struct visitor *v)
{
    uv_loop_t *loop = &v->front->bridge->loop;
    if (v->n_handles > 0)
        return;
    uv_poll_init(loop, &v->poll, v->fd);
    uv_timer_init(loop, &v->deadline);
    uv_timer_init(loop, &v->repeek);
    v->poll.data = v->deadline.data = v->repeek.data = v;
    v->n_handles = 3;
    uv_timer_start(&v->deadline, on_deadline, (uint64_t)config_number(v->front->bridge->config, "limits.header_time"), 0);
}

/* Look again when there is more than n bytes. */
static void wait_for_more(struct visitor *v, size_t n)
{
    settle_down(v);
    if (v->is_unix && n > 0) {
        uv_poll_stop(&v->poll);
        v->repeek_ms = n > v->n_seen || v->repeek_ms == 0 ? REPEEK_FIRST_MS : 2 * v->repeek_ms;
        if (v->repeek_ms > REPEEK_MOST_MS)
            v->repeek_ms = REPEEK_MOST_MS;
        uv_timer_start(&v->repeek, on_repeek, (uint64_t)v->repeek_ms, 0);
    } else {
        if (n > 0)
            setsockopt(v->fd, SOL_SOCKET, SO_RCVLOWAT, &(int){(int)n + 1}, sizeof(int));
        uv_poll_start(&v->poll, UV_READABLE, on_readable);
    }
    v->n_seen = n;
}

/* Has the client gone, though its bytes are still there to be seen? */
static bool has_left(int fd, size_t n, size_t n_seen)
{
    struct pollfd p = {.fd = fd, .events = POLLRDHUP};
    return n == n_seen && poll(&p, 1, 0) == 1 && (p.revents & (POLLRDHUP | POLLHUP | POLLERR));
}

bool front_wants_keys(const struct bridge *bridge, const struct http_head *head, const char *peer)
{
    struct head_texts texts;
    if (!auth_has_addresses(bridge->auth))
        return false;
    struct access_request access = head_texts_access(&texts, head, peer);
    return auth_wants_keys(bridge->auth, &access);
}

static void wait_for_keys(struct visitor *v, size_t n)
{
    v->waits = v->has_waited = true;
    v->n_seen = n;
    settle_down(v);
    uv_poll_stop(&v->poll);
    rekey_begin(v->front->bridge);
}

/* Keys were asked for: go on with the requests that wait for one. */
static void look_again(void *ctx)
{
    struct front *front = ctx;
    for (struct visitor *v = front->visitors, *next; v; v = next) {
        next = v->next;
        if (!v->waits)
            continue;
        v->waits = false;
        look(v);
    }
}

static void look(struct visitor *v)
{
    struct front *front = v->front;
    struct http_head head;
    struct fault fault;
    ssize_t n = recv(v->fd, front->peeked, HTTP_HEAD_MAX, MSG_PEEK | MSG_DONTWAIT);
    if (n < 0 && (errno == EAGAIN || errno == EINTR))
        n = 0;
    else if (n <= 0 || has_left(v->fd, (size_t)n, v->n_seen)) {
        close(dismiss(v));
        return;
    }
    switch (http_head_parse(front->peeked, (size_t)n, &head)) {
    case HTTP_HEAD_INCOMPLETE:
        wait_for_more(v, (size_t)n);
        return;
    case HTTP_HEAD_BAD:
        fault_set(&fault, RS_INVALID, "this is not an HTTP/1.1 request");
        refuse(front, dismiss(v), (size_t)n, &fault);
        return;
    case HTTP_HEAD_TOO_LONG:
        fault_set(&fault, RS_LIMIT, "the request head is over %d bytes or %d headers", HTTP_HEAD_MAX, HTTP_HEADERS_MAX);
        refuse(front, dismiss(v), (size_t)n, &fault);
        return;
    case HTTP_HEAD_OK:
        break;
    }
    if (!v->has_waited && front_wants_keys(front->bridge, &head, v->peer)) {
        wait_for_keys(v, (size_t)n);
        return;
    }
    char peer[INET6_ADDRSTRLEN];
    strcpy(peer, v->peer);
    if (v->n_seen > 0 && !v->is_unix)
        setsockopt(v->fd, SOL_SOCKET, SO_RCVLOWAT, &(int){1}, sizeof(int));
    hand_over(front, dismiss(v), &head, peer);
}

void front_visit(struct front *front, int fd, const char *peer)
{
    struct visitor *v = calloc(1, sizeof *v);
    if (!v) {
        close(fd);
        return;
    }
    v->front = front;
    v->fd = fd;
    v->is_unix = strcmp(peer, "unix") == 0;
    strcpy(v->peer, peer);
    v->next = front->visitors;
    v->link = &front->visitors;
    if (v->next)
        v->next->link = &v->next;
    front->visitors = v;
    front->n_visitors++;
    look(v);
}

static void on_accept(void *ctx, int fd, const char *peer)
{
    struct front *front = ctx;
    live_look(front->bridge);
    front->bridge->metrics.values[METRIC_ACCEPTED]++;
    front_visit(front, fd, peer);
}

static int n_clients(const struct bridge *bridge)
{
    return (int)bridge->metrics.values[METRIC_CONNECTIONS_WS] + web_n_connections(bridge->web);
}

enum rs_err front_admits(const struct bridge *bridge, int n, struct fault *fault)
{
    if (n_clients(bridge) + n <= config_number(bridge->config, "limits.connections"))
        return RS_OK;
    return fault_set(fault, RS_BUSY, "there are as many clients as there may be; come back later");
}

static int room(void *ctx)
{
    const struct front *front = ctx;
    return (int)config_number(front->bridge->config, "limits.connections") + FRONT_SPARE_CONNECTIONS -
           n_clients(front->bridge) - front->n_visitors;
}

void front_take_settings(struct front *front)
{
    int64_t ms = config_number(front->bridge->config, "limits.subscriber_time") + SILENCE_EXTRA_MS;
    for (int i = 0; i < front->n_listeners; i++)
        listener_limit_silence(front->listeners[i], (unsigned)ms);
}

enum rs_err front_open(struct bridge *bridge, const char *const *addresses, int n_addresses, struct front **ret,
                       struct fault *fault)
{
    enum rs_err err = RS_OK;
    struct front *front = calloc(1, sizeof *front);
    if (!front)
        return fault_set(fault, RS_NOMEM, "no memory for the public port");
    front->bridge = bridge;
    for (; !err && front->n_listeners < n_addresses; front->n_listeners += err == RS_OK)
        err = listener_open(&bridge->loop, addresses[front->n_listeners], on_accept, room, front,
                            &front->listeners[front->n_listeners], fault);
    if (err) {
        front_close(front);
        return err;
    }
    front_take_settings(front);
    rekey_watch(bridge, look_again, front);
    *ret = front;
    return RS_OK;
}

void front_close(struct front *front)
{
    if (!front)
        return;
    rekey_watch(front->bridge, NULL, NULL);
    for (int i = 0; i < front->n_listeners; i++)
        listener_close(front->listeners[i]);
    while (front->visitors)
        close(dismiss(front->visitors));
    free(front);
}
