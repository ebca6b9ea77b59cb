#include "bridge/waker.h"
#include <errno.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

static void on_ready(uv_poll_t *poll, int status, int events)
{
    struct waker *waker = poll->data;
    uint64_t count;
    (void)status;
    (void)events;
    if (read(waker->fd, &count, sizeof count) == sizeof count)
        waker->fn(waker->ctx);
}

enum rs_err waker_open(struct waker *waker, uv_loop_t *loop, waker_fn *fn, void *ctx, struct fault *fault)
{
    waker->fn = fn;
    waker->ctx = ctx;
    waker->fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (waker->fd < 0)
        return fault_set(fault, RS_IO, "cannot make an eventfd: %s", strerror(errno));
    uv_poll_init(loop, &waker->poll, waker->fd);
    waker->poll.data = waker;
    uv_poll_start(&waker->poll, UV_READABLE, on_ready);
    return RS_OK;
}

void waker_wake(const struct waker *waker)
{
    uint64_t one = 1;
    ssize_t n;
    do
        n = write(waker->fd, &one, sizeof one); /* EAGAIN: 2^64 - 2 others have */
    while (n < 0 && errno == EINTR);
}

static void on_closed(uv_handle_t *handle)
{
    struct waker *waker = handle->data;
    close(waker->fd);
    waker->closed(waker->ctx);
}

void waker_close(struct waker *waker, waker_fn *closed)
{
    waker->closed = closed;
    uv_close((uv_handle_t *)&waker->poll, on_closed);
}
