#include "model/probe.h"

#include "base/clock.h"

#include <errno.h>
#include <netdb.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

void probe_say(struct probe *probe, const char *status, const char *detail_format, ...)
{
    va_list args;

    probe->status = status;
    va_start(args, detail_format);
    vsnprintf(probe->detail, sizeof(probe->detail), detail_format, args);
    va_end(args);
}

static bool wait_for(int fd, short events, int64_t until)
{
    struct pollfd wait = {.fd = fd, .events = events};
    int64_t left = until - clock_mono_ms();

    return left > 0 && poll(&wait, 1, (int)left) == 1;
}

/* Returns 0 or what went wrong. */
static int finish_connect(int fd, const struct sockaddr *to, socklen_t len)
{
    int64_t until = clock_mono_ms() + PROBE_WAIT_MS;
    int error = 0;
    socklen_t size = sizeof(error);

    if (connect(fd, to, len) == 0)
        return 0;
    if (errno != EINPROGRESS)
        return errno;
    if (!wait_for(fd, POLLOUT, until))
        return ETIMEDOUT;
    return getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &size) == 0 ? error : errno;
}

static int connect_to(int family, const struct sockaddr *to, socklen_t len, struct probe *ret)
{
    int fd = socket(family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0), error;

    if (fd >= 0 && (error = finish_connect(fd, to, len)) == 0)
        return fd;
    probe_say(ret, "down", "%s", strerror(fd < 0 ? errno : error));
    if (fd >= 0)
        close(fd);
    return -1;
}

int probe_connect_unix(const char *path, struct probe *ret)
{
    struct sockaddr_un to = {.sun_family = AF_UNIX};

    if (strlen(path) >= sizeof(to.sun_path)) {
        probe_say(ret, "down", "%s", strerror(ENAMETOOLONG));
        return -1;
    }
    memcpy(to.sun_path, path, strlen(path) + 1);
    return connect_to(AF_UNIX, (struct sockaddr *)&to, sizeof(to), ret);
}

int probe_connect(const char *host, const char *port, struct probe *ret)
{
    const struct addrinfo hints = {.ai_socktype = SOCK_STREAM};
    struct addrinfo *found = NULL;
    int fd = -1, error = getaddrinfo(host, port, &hints, &found);

    if (error != 0)
        probe_say(ret, "down", "%s", gai_strerror(error));
    for (struct addrinfo *at = found; fd < 0 && at != NULL; at = at->ai_next)
        fd = connect_to(at->ai_family, at->ai_addr, at->ai_addrlen, ret);
    if (found != NULL)
        freeaddrinfo(found);
    return fd;
}

int probe_ask(int fd, const char *text, char *answer, size_t size, bool (*enough)(const char *answer))
{
    int64_t until = clock_mono_ms() + PROBE_WAIT_MS;
    size_t n = 0;
    ssize_t got = 1;

    answer[0] = '\0';
    if (send(fd, text, strlen(text), MSG_NOSIGNAL) != (ssize_t)strlen(text))
        return -1;
    while (got > 0 && n < size - 1 && !(enough != NULL && enough(answer))) {
        if (!wait_for(fd, POLLIN, until))
            return -1;
        got = recv(fd, answer + n, size - 1 - n, 0);
        n += got > 0 ? (size_t)got : 0;
        answer[n] = '\0';
    }
    return n > 0 ? (int)n : -1;
}
