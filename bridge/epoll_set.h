/* epoll_set - many sockets in an epoll set of our own, which the loop watches as one descriptor: libuv has two system calls for each
 * change of mind, and looks through all events of its turn. Threads: the loop only. */
#ifndef RUNSPOOL_BRIDGE_EPOLL_SET_H
#define RUNSPOOL_BRIDGE_EPOLL_SET_H

#include "base/err.h"
#include <stdbool.h>
#include <sys/epoll.h>
#include <uv.h>

#define EPOLL_SET_MOST 256

/* events: the data.ptr of each is the socket's, which is there once. */
typedef void epoll_set_fn(void *ctx, const struct epoll_event *events, int n);

/* A member of what owns the sockets. */
struct epoll_set {
    uv_poll_t poll;
    int fd, most;
    epoll_set_fn *fn;
    void (*closed)(void *ctx);
    void *ctx;
};

/* epoll_set_open - from now on fn is called with what happens. most: events at once, up to EPOLL_SET_MOST; the others come in the next
 * turn of the loop, after what else there is. RS_IO: no descriptor is left. */
enum rs_err epoll_set_open(struct epoll_set *set, uv_loop_t *loop, int most, epoll_set_fn *fn, void *ctx,
                           struct fault *fault) RS_MUST_CHECK;
/* epoll_set_add - events: as of epoll_ctl(2). false: the kernel has no room for one more. epoll_set_change - other events of one that
 * is there. */
bool epoll_set_add(struct epoll_set *set, int fd, unsigned events, void *ptr) RS_MUST_CHECK;
void epoll_set_change(struct epoll_set *set, int fd, unsigned events, void *ptr);
/* epoll_set_remove - before fd is closed: a program that is being started may have the socket open for a moment longer, and the
 * kernel forgets it only with the last that has. */
void epoll_set_remove(struct epoll_set *set, int fd);
/* epoll_set_close - from now on fn is not called; closed(ctx) from the loop, after which the memory may go. */
void epoll_set_close(struct epoll_set *set, void (*closed)(void *ctx));

#endif
