#include "bridge/exchange.h"
#include "bridge/bridge.h"
#include "bridge/kept.h"
#include "bridge/told.h"
#include "bridge/web.h"
#include <stdlib.h>
#include <sys/socket.h>

static int socket_of(const struct exchange *x)
{
    if (x->kept)
        return kept_socket(x);
    const union MHD_ConnectionInfo *info = MHD_get_connection_info(x->connection, MHD_CONNECTION_INFO_CONNECTION_FD);
    return info ? info->connect_fd : -1;
}

static void on_departure(uv_poll_t *poll, int status, int events)
{
    struct exchange *x = poll->data;
    (void)status;
    (void)events;
    uv_poll_stop(poll);
    x->gone = true;
    exchange_resume(x);
}

void exchange_watch(struct exchange *x)
{
    if (x->watched || x->kept)
        return;
    int fd = socket_of(x);
    if (fd < 0 || uv_poll_init(&x->bridge->loop, &x->departure, fd) != 0)
        return; /* then a heartbeat, or the end of the hold, finds out */
    x->departure.data = x;
    x->n_handles++;
    x->watched = true;
    uv_poll_start(&x->departure, UV_DISCONNECT, on_departure);
}

void exchange_suspend(struct exchange *x)
{
    x->suspended = true;
    if (!x->kept)
        MHD_suspend_connection(x->connection);
}

void exchange_wait_turn(struct exchange *x)
{
    exchange_suspend(x);
    turns_wait(web_turns(x->bridge->web), &x->turn, x);
}

void exchange_resume(struct exchange *x)
{
    if (!x->suspended)
        return;
    x->suspended = false;
    if (x->kept) {
        kept_resume(x);
        return;
    }
    MHD_resume_connection(x->connection);
    web_kick(x->bridge->web);
}

void exchange_cut(struct exchange *x)
{
    int fd = socket_of(x);
    if (fd >= 0)
        shutdown(fd, SHUT_RDWR);
    exchange_resume(x);
}

static void free_exchange(struct exchange *x)
{
    free(x->uri);
    free(x);
}

static void on_closed(uv_handle_t *handle)
{
    struct exchange *x = handle->data;
    if (--x->n_handles == 0)
        free_exchange(x);
}

void exchange_end(struct exchange *x)
{
    bool has_handles = x->n_handles > 0;
    if (x->turn.link) /* else it may not have come as far as to have a bridge */
        turns_leave(web_turns(x->bridge->web), &x->turn);
    if (x->subscribed)
        subscriber_release(&x->sub);
    request_release(&x->request);
    if (x->taking && --x->told->n_taking == 0)
        x->bridge->metrics.values[METRIC_QUEUED_BYTES] -= (int64_t)x->told->len;
    told_unref(x->told);
    if (x->watched)
        uv_close((uv_handle_t *)&x->departure, on_closed);
    if (x->timed)
        uv_close((uv_handle_t *)&x->hold, on_closed);
    if (!has_handles)
        free_exchange(x);
}

void exchange_takes(struct exchange *x, struct told *told)
{
    x->taking = true;
    x->told = told_ref(told);
    if (told->n_taking++ == 0)
        x->bridge->metrics.values[METRIC_QUEUED_BYTES] += (int64_t)told->len;
}

void exchange_hold(struct exchange *x, uint64_t ms, uv_timer_cb on_due)
{
    if (!x->timed) {
        uv_timer_init(&x->bridge->loop, &x->hold);
        x->hold.data = x;
        x->timed = true;
        x->n_handles++;
    }
    uv_timer_start(&x->hold, on_due, ms, 0);
}
