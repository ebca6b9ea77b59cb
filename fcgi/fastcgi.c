#include "fastcgi.h"

#include <errno.h>
#include <fcgiapp.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

enum { ACCEPT_PAUSE_MS = 100 }; /* out of descriptors: let others close theirs */

struct fastcgi {
    FCGX_Request request;
    int epoll_fd, stop_fd;
};

bool fastcgi_init(int listen_fd)
{
    /* Several threads and processes wait on this socket; those that come too late must not block in accept, where no
     * signal of ours would find them. */
    int flags = fcntl(listen_fd, F_GETFL);
    return flags >= 0 && fcntl(listen_fd, F_SETFL, flags | O_NONBLOCK) == 0 && FCGX_Init() == 0;
}

static bool watch(int epoll_fd, int fd, unsigned events)
{
    struct epoll_event event = {.events = events, .data.fd = fd};
    return epoll_ctl(epoll_fd, EPOLL_CTL_ADD, fd, &event) == 0;
}

enum rs_err fastcgi_new(int listen_fd, int stop_fd, struct fastcgi **ret, struct fault *fault)
{
    struct fastcgi *fastcgi = calloc(1, sizeof *fastcgi);
    if (!fastcgi)
        return fault_set(fault, RS_NOMEM, "out of memory");
    fastcgi->stop_fd = stop_fd;
    fastcgi->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
    if (fastcgi->epoll_fd < 0 || !watch(fastcgi->epoll_fd, listen_fd, EPOLLIN | EPOLLEXCLUSIVE) ||
        !watch(fastcgi->epoll_fd, stop_fd, EPOLLIN) || FCGX_InitRequest(&fastcgi->request, listen_fd, 0) != 0) {
        enum rs_err err = fault_set(fault, RS_IO, "cannot wait for requests: %s", strerror(errno));
        fastcgi_free(fastcgi);
        return err;
    }
    *ret = fastcgi;
    return RS_OK;
}

void fastcgi_free(struct fastcgi *fastcgi)
{
    if (!fastcgi)
        return;
    if (fastcgi->epoll_fd >= 0)
        close(fastcgi->epoll_fd);
    free(fastcgi);
}

static FCGX_Request *request_of(const struct exchange *ex)
{
    return ex->ctx;
}

static const char *param(const struct exchange *ex, const char *name)
{
    return FCGX_GetParam(name, request_of(ex)->envp);
}

static ssize_t read_body(struct exchange *ex, char *out, size_t len)
{
    FCGX_Stream *in = request_of(ex)->in;
    int n = FCGX_GetStr(out, len > INT_MAX ? INT_MAX : (int)len, in);
    return n == 0 && FCGX_GetError(in) != 0 ? -1 : n;
}

static bool write_out(struct exchange *ex, const char *data, size_t len)
{
    while (len > 0) {
        int part = len > INT_MAX ? INT_MAX : (int)len;
        if (FCGX_PutStr(data, part, request_of(ex)->out) != part)
            return false;
        data += part;
        len -= (size_t)part;
    }
    return true;
}

static void log_line(struct exchange *ex, const char *line)
{
    FCGX_FPrintF(request_of(ex)->err, "%s\n", line);
}

enum rs_err fastcgi_accept(struct fastcgi *fastcgi, int timeout_ms, struct exchange *ret)
{
    struct epoll_event events[2];
    int n = epoll_wait(fastcgi->epoll_fd, events, 2, timeout_ms);
    for (int i = 0; i < n; i++)
        if (events[i].data.fd == fastcgi->stop_fd)
            return RS_CLOSED;
    if (n <= 0)
        return RS_TIMEOUT;
    int rc = FCGX_Accept_r(&fastcgi->request);
    if (rc < 0) {
        if (rc != -EAGAIN && rc != -ECONNABORTED) {
            struct pollfd stop = {.fd = fastcgi->stop_fd, .events = POLLIN};
            (void)poll(&stop, 1, ACCEPT_PAUSE_MS);
        }
        return RS_TIMEOUT;
    }
    *ret = (struct exchange){.param = param,
                             .read = read_body,
                             .write = write_out,
                             .log = log_line,
                             .has_end = true,
                             .ctx = &fastcgi->request};
    return RS_OK;
}

void fastcgi_finish(struct fastcgi *fastcgi)
{
    FCGX_Finish_r(&fastcgi->request);
    /* A connection kept open for further requests would hold this thread, idle, where a signal does not reach it. */
    FCGX_Free(&fastcgi->request, 1);
}
