#include "bridge/epoll_set.h"
#include <assert.h>
#include <errno.h>
#include <string.h>
#include <unistd.h>

static void on_readable(uv_poll_t *poll, int status, int uv_events)
{
    struct epoll_set *set = poll->data;
    struct epoll_event events[EPOLL_SET_MOST];
    (void)status;
    (void)uv_events;
    int n = epoll_wait(set->fd, events, set->most, 0);
    if (n > 0)
        set->fn(set->ctx, events, n);
}

enum rs_err epoll_set_open(struct epoll_set *set, uv_loop_t *loop, int most, epoll_set_fn *fn, void *ctx, struct fault *fault)
{
    assert(most > 0 && most <= EPOLL_SET_MOST);
    set->most = most;
    set->fn = fn;
    set->ctx = ctx;
    set->fd = epoll_create1(EPOLL_CLOEXEC);
    if (set->fd < 0)
        return fault_set(fault, RS_IO, "cannot make an epoll set: %s", strerror(errno));
    uv_poll_init(loop, &set->poll, set->fd);
    set->poll.data = set;
    uv_poll_start(&set->poll, UV_READABLE, on_readable);
    return RS_OK;
}

bool epoll_set_add(struct epoll_set *set, int fd, unsigned events, void *ptr)
{
    struct epoll_event event = {.events = events, .data.ptr = ptr};
    return epoll_ctl(set->fd, EPOLL_CTL_ADD, fd, &event) == 0;
}

void epoll_set_change(struct epoll_set *set, int fd, unsigned events, void *ptr)
{
    struct epoll_event event = {.events = events, .data.ptr = ptr};
    (void)epoll_ctl(set->fd, EPOLL_CTL_MOD, fd, &event); /* of one that is there it cannot fail */
}

void epoll_set_remove(struct epoll_set *set, int fd)
{
    (void)epoll_ctl(set->fd, EPOLL_CTL_DEL, fd, NULL);
}

static void on_closed(uv_handle_t *handle)
{
    struct epoll_set *set = handle->data;
    close(set->fd);
    set->closed(set->ctx);
}

void epoll_set_close(struct epoll_set *set, void (*closed)(void *ctx))
{
    set->closed = closed;
    uv_close((uv_handle_t *)&set->poll, on_closed);
}
