#include "loop.h"

#include "ledger.h"
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define EVENTS_MAX 512

static int epoll_fd;
static char buffer[LOOP_READ_BYTES + 1];

void loop_init(void)
{
    epoll_fd = epoll_create1(EPOLL_CLOEXEC);
    if (epoll_fd < 0)
        fail_system("epoll_create1");
}

static void control(struct watch *w, int op, bool writing)
{
    struct epoll_event event = {.events = EPOLLIN | (writing ? (uint32_t)EPOLLOUT : 0), .data.ptr = w};
    w->writing = writing;
    if (epoll_ctl(epoll_fd, op, w->fd, &event) != 0)
        fail_system("epoll_ctl");
}

void loop_add(struct watch *w, bool writing)
{
    control(w, EPOLL_CTL_ADD, writing);
}

void loop_change(struct watch *w, bool writing)
{
    if (w->writing != writing)
        control(w, EPOLL_CTL_MOD, writing);
}

void loop_close(struct watch *w)
{
    if (w->fd >= 0)
        close(w->fd);
    w->fd = -1;
}

void loop_turn(uint64_t wait_ns)
{
    struct epoll_event events[EVENTS_MAX];
    struct timespec wait = {.tv_sec = (time_t)(wait_ns / 1000000000u), .tv_nsec = (long)(wait_ns % 1000000000u)};
    int n = epoll_pwait2(epoll_fd, events, EVENTS_MAX, &wait, NULL);
    if (n < 0 && errno != EINTR)
        fail_system("epoll_pwait2");
    for (int i = 0; i < n; i++) {
        struct watch *w = events[i].data.ptr;
        if (w->fd >= 0)
            w->ready(w, events[i].events);
    }
}

bool loop_connect(struct watch *w, const char *address)
{
    struct sockaddr_un local = {.sun_family = AF_UNIX};
    struct sockaddr_in remote = {.sin_family = AF_INET};
    const char *colon = strrchr(address, ':');
    bool path = address[0] == '/';
    int one = 1;

    w->fd = socket(path ? AF_UNIX : AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (w->fd < 0)
        fail_system("socket");
    int status;
    if (path) {
        if (strlen(address) >= sizeof(local.sun_path))
            fail("%s is too long for a socket", address);
        strcpy(local.sun_path, address);
        status = connect(w->fd, (struct sockaddr *)&local, sizeof(local));
    } else {
        char host[64];
        if (!colon || (size_t)(colon - address) >= sizeof(host))
            fail("%s is no address", address);
        snprintf(host, sizeof(host), "%.*s", (int)(colon - address), address);
        remote.sin_port = htons((uint16_t)atoi(colon + 1));
        if (inet_pton(AF_INET, host, &remote.sin_addr) != 1)
            fail("%s is no IPv4 address", host);
        setsockopt(w->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
        status = connect(w->fd, (struct sockaddr *)&remote, sizeof(remote));
    }
    if (status == 0 || errno == EINPROGRESS)
        return true;
    loop_close(w);
    return false;
}

char *loop_buffer(void)
{
    return buffer;
}
