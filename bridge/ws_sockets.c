#include "bridge/ws_sockets.h"
#include "base/log.h"
#include <libwebsockets.h>
#include <sys/socket.h>

#define SERVED_AT_ONCE 8 /* thousands may end at once, and the library looks through all that there are at each */
#define CLOSE_MS 5000 /* from a close frame to the end of the connection, by the client or by us */

static void watch(struct ws_connection *c)
{
    bool deaf = c->closing && c->held; /* it reads nothing before it has sent that, and would be told again and again */
    unsigned events = (deaf ? 0 : EPOLLIN) | (c->wants || c->held ? EPOLLOUT : 0);
    if (!c->watched || events == c->watched_events)
        return;
    c->watched_events = events;
    epoll_set_change(&c->sockets->set, c->fd, events, c);
}

/* Returns whether the connection is still there, which libwebsockets says by its callbacks only. */
static bool call_library(struct ws_sockets *sockets, int fd, unsigned events)
{
    struct lws_pollfd p = {.fd = fd, .events = LWS_POLLIN | LWS_POLLOUT, .revents = (short)events};
    if (lws_service_fd(sockets->context, &p) && sockets->served)
        ws_socket_closing(sockets->served); /* it wants to, of its own accord it may be, and is not done yet */
    return sockets->served;
}

static void serve(struct ws_connection *c, unsigned events)
{
    struct ws_sockets *sockets = c->sockets;
    int fd = c->fd;
    if (events & (EPOLLERR | EPOLLHUP))
        events |= EPOLLIN | EPOLLOUT; /* it finds out by reading, or while it has bytes to send by sending */
    c->writable = events & EPOLLOUT;
    if (c->writable)
        c->wants = false;
    sockets->served = c;
    bool there = call_library(sockets, fd, events & (EPOLLIN | EPOLLOUT));
    /* A pong or a close may have to be sent, which it does when the socket takes bytes, and in a call of its own. */
    if (there && !lws_partial_buffered(c->wsi))
        there = call_library(sockets, fd, EPOLLOUT);
    sockets->served = NULL;
    if (!there)
        return;
    c->wants |= c->writable; /* it had no time for us */
    c->held = lws_partial_buffered(c->wsi);
    watch(c);
}

static void on_events(void *ctx, const struct epoll_event *events, int n)
{
    (void)ctx;
    for (int i = 0; i < n; i++) /* each is ended by nothing else meanwhile */
        serve(events[i].data.ptr, events[i].events);
}

void ws_socket_begin(struct ws_sockets *sockets, struct ws_connection *c, struct lws *wsi)
{
    c->sockets = sockets;
    c->wsi = wsi;
    c->fd = lws_get_socket_fd(wsi);
    c->held = lws_partial_buffered(wsi);
    sockets->served = c;
}

bool ws_sockets_watch(struct ws_sockets *sockets)
{
    struct ws_connection *c = sockets->served;
    sockets->served = NULL;
    if (!c)
        return false;
    c->watched_events = EPOLLIN;
    c->watched = epoll_set_add(&sockets->set, c->fd, EPOLLIN, c);
    if (!c->watched) {
        log_event(LOG_LEVEL_WARN, "ws.failed", "error=no_room reason=\"the kernel watches no more sockets\"");
        shutdown(c->fd, SHUT_RDWR);
        serve(c, EPOLLIN | EPOLLOUT);
        return false;
    }
    if (c->closing)
        serve(c, EPOLLOUT);
    else
        watch(c);
    return true;
}

void ws_socket_wants(struct ws_connection *c)
{
    if (c->closing)
        return;
    c->wants = true;
    if (c->watched && c->sockets->served != c) /* else it is seen to when the library is done with it */
        watch(c);
}

static void unlink_closing(struct ws_connection *c)
{
    struct ws_sockets *sockets = c->sockets;
    *(c->closing_prev ? &c->closing_prev->closing_next : &sockets->first_closing) = c->closing_next;
    *(c->closing_next ? &c->closing_next->closing_prev : &sockets->last_closing) = c->closing_prev;
    c->closing_next = c->closing_prev = NULL;
    c->closing_ms = 0;
}

static void on_deadline(uv_timer_t *timer)
{
    struct ws_sockets *sockets = timer->data;
    uint64_t now_ms = uv_now(timer->loop);
    struct ws_connection *c;
    while ((c = sockets->first_closing) && c->closing_ms <= now_ms) {
        unlink_closing(c);
        shutdown(c->fd, SHUT_RDWR); /* which the loop is told */
    }
    if (c)
        uv_timer_start(timer, on_deadline, c->closing_ms - now_ms, 0);
}

void ws_socket_closing(struct ws_connection *c)
{
    struct ws_sockets *sockets = c->sockets;
    if (c->closing)
        return;
    c->closing = true;
    c->closing_ms = uv_now(sockets->deadline.loop) + CLOSE_MS;
    c->closing_prev = sockets->last_closing;
    *(c->closing_prev ? &c->closing_prev->closing_next : &sockets->first_closing) = c;
    sockets->last_closing = c;
    if (!uv_is_active((uv_handle_t *)&sockets->deadline))
        uv_timer_start(&sockets->deadline, on_deadline, CLOSE_MS, 0);
}

void ws_socket_gone(struct ws_connection *c)
{
    struct ws_sockets *sockets = c->sockets;
    if (sockets->served == c)
        sockets->served = NULL;
    if (c->watched)
        epoll_set_remove(&sockets->set, c->fd);
    c->watched = false;
    if (c->closing_ms)
        unlink_closing(c);
}

enum rs_err ws_sockets_open(struct ws_sockets *sockets, uv_loop_t *loop, struct fault *fault)
{
    enum rs_err err = epoll_set_open(&sockets->set, loop, SERVED_AT_ONCE, on_events, sockets, fault);
    if (err)
        return err;
    uv_timer_init(loop, &sockets->deadline);
    sockets->deadline.data = sockets;
    return RS_OK;
}

static void on_closed(void *ctx)
{
    (void)ctx;
}

void ws_sockets_close(struct ws_sockets *sockets)
{
    epoll_set_close(&sockets->set, on_closed);
    uv_close((uv_handle_t *)&sockets->deadline, NULL);
}
