/* waker - a thread has the loop call a function. In place of uv_async_t: uv_async_send wakes the loop before it has ended, and
 * the loop waits actively for its end. Where both have one core the thread cannot come to it meanwhile, which took some
 * 10 us each time.
 * Functions: called on the loop, except waker_wake. */
#ifndef RUNSPOOL_BRIDGE_WAKER_H
#define RUNSPOOL_BRIDGE_WAKER_H

#include "base/err.h"
#include <uv.h>

typedef void waker_fn(void *ctx);

/* A member of what it wakes. */
struct waker {
    uv_poll_t poll;
    int fd; /* an eventfd */
    waker_fn *fn, *closed;
    void *ctx;
};

/* waker_open - from now on fn(ctx) is called soon after each waker_wake, once for several. RS_IO: no descriptor is left. */
enum rs_err waker_open(struct waker *waker, uv_loop_t *loop, waker_fn *fn, void *ctx, struct fault *fault) RS_MUST_CHECK;
/* waker_wake - any thread, while it is open. Does not block. */
void waker_wake(const struct waker *waker);
/* waker_close - from now on fn is not called; closed(ctx) from the loop, after which the memory may go. */
void waker_close(struct waker *waker, waker_fn *closed);

#endif
