/* floor - the least that delivering can cost on this machine: accepts WebSocket handshakes, then writes a prebuilt
 * frame to every socket, FRAMES of them in one system call, until each got MESSAGES. No queue, no parsing, no log.
 * `load` receives. Usage: floor PORT SUBSCRIBERS MESSAGES FRAMES */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define SIZE 200
#define FRAME (SIZE + 4)
#define FRAMES_MAX 256
#define SETTLE_S 2 /* for load to look around once all are connected */
#define STAY_S 30  /* so that load can read what it cost; it is ended before */

static _Noreturn void fail(const char *what)
{
    fprintf(stderr, "floor: %s: %s\n", what, strerror(errno));
    exit(2);
}

static int listen_on(int port)
{
    struct sockaddr_in address = {
        .sin_family = AF_INET, .sin_port = htons((uint16_t)port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int one = 1, fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
    if (fd < 0 || bind(fd, (struct sockaddr *)&address, sizeof(address)) != 0 || listen(fd, 4096) != 0)
        fail("listen");
    return fd;
}

static void accept_all(int listener, int *fds, int n)
{
    static const char answer[] = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                                 "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n";
    int epoll = epoll_create1(0), one = 1, open = 0;
    struct epoll_event event = {.events = EPOLLIN, .data.fd = listener};
    if (epoll < 0 || epoll_ctl(epoll, EPOLL_CTL_ADD, listener, &event) != 0)
        fail("epoll");
    while (open < n) {
        struct epoll_event events[256];
        int ready = epoll_wait(epoll, events, 256, 30000);
        if (ready <= 0)
            fail("nobody comes");
        for (int i = 0; i < ready; i++) {
            char request[4096];
            int fd = events[i].data.fd;
            if (fd != listener) {
                if (recv(fd, request, sizeof(request), 0) > 0 && send(fd, answer, sizeof(answer) - 1, 0) > 0 &&
                    open < n)
                    fds[open++] = fd;
                continue;
            }
            while ((fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK)) >= 0) {
                setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
                event.data.fd = fd;
                epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event);
            }
        }
    }
    close(epoll);
}

static void send_all(int fd, const char *data, size_t len)
{
    while (len > 0) {
        ssize_t n = send(fd, data, len, MSG_NOSIGNAL);
        if (n > 0) {
            data += n;
            len -= (size_t)n;
        } else if (errno == EAGAIN) {
            struct pollfd room = {.fd = fd, .events = POLLOUT};
            poll(&room, 1, 1000);
        } else {
            fail("send");
        }
    }
}

int main(int argc, char **argv)
{
    static char frames[FRAMES_MAX * FRAME + 64];
    struct rlimit limit;
    struct timespec t;

    if (argc != 5 || atoi(argv[4]) < 1 || atoi(argv[4]) > FRAMES_MAX)
        return fprintf(stderr, "usage: floor PORT SUBSCRIBERS MESSAGES FRAMES (1 to %d)\n", FRAMES_MAX), 2;
    getrlimit(RLIMIT_NOFILE, &limit);
    limit.rlim_cur = limit.rlim_max;
    setrlimit(RLIMIT_NOFILE, &limit);
    int n = atoi(argv[2]), at_once = atoi(argv[4]);
    long messages = atol(argv[3]);
    int *fds = calloc((size_t)n, sizeof(*fds));
    if (!fds)
        fail("memory");
    accept_all(listen_on(atoi(argv[1])), fds, n);
    sleep(SETTLE_S);
    for (long no = 0; no < messages;) {
        clock_gettime(CLOCK_MONOTONIC, &t);
        int n_frames = messages - no < at_once ? (int)(messages - no) : at_once;
        for (int i = 0; i < n_frames; i++) { /* once for all subscribers */
            char *frame = frames + i * FRAME;
            memcpy(frame, "\x81\x7e\x00\xc8", 4);
            int len = sprintf(frame + 4, "{\"sent\":%llu,\"no\":%ld,\"pad\":\"",
                              (unsigned long long)t.tv_sec * 1000000000u + (unsigned long long)t.tv_nsec, ++no);
            memset(frame + 4 + len, 'x', (size_t)(SIZE - len));
            memcpy(frame + FRAME - 2, "\"}", 2);
        }
        for (int i = 0; i < n; i++)
            send_all(fds[i], frames, (size_t)n_frames * FRAME);
    }
    sleep(STAY_S);
    return 0;
}
