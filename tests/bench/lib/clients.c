#include "tests/bench/lib/clients.h"
#include "tests/bench/lib/base.h"
#include "tests/bench/lib/doors.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#define READ_BYTES (256 * 1024)

void bench_clients_init(struct bench_clients *clients, const struct bench_bridge *b, int n)
{
    *clients = (struct bench_clients){.bridge = b, .n = n, .epoll_fd = epoll_create1(EPOLL_CLOEXEC)};
    clients->at = calloc((size_t)n, sizeof *clients->at);
    if (!clients->at || clients->epoll_fd < 0)
        bench_fail("memory");
    for (int i = 0; i < n; i++)
        clients->at[i] = (struct bench_client){.fd = -1, .since = BENCH_NOW, .seq = -1};
}

void bench_clients_release(struct bench_clients *clients)
{
    for (int i = 0; i < clients->n; i++)
        bench_client_cut(clients, &clients->at[i]);
    free(clients->at);
    close(clients->epoll_fd);
}

static void watch(struct bench_clients *clients, struct bench_client *c, int op, uint32_t events)
{
    struct epoll_event event = {.events = events, .data.ptr = c};
    if (epoll_ctl(clients->epoll_fd, op, c->fd, &event) < 0)
        bench_fail("epoll_ctl");
}

void bench_client_connect(struct bench_clients *clients, struct bench_client *c)
{
    c->fd = bench_bridge_connect(clients->bridge, SOCK_NONBLOCK, (int)(c - clients->at), c->small);
    if (c->fd < 0)
        bench_fail("connect");
    c->state = BENCH_CONNECTS;
    c->headed = c->over = false;
    c->chunks = (struct http_chunks){0};
    clients->n_open++;
    watch(clients, c, EPOLL_CTL_ADD, EPOLLOUT);
}

void bench_client_pause(struct bench_clients *clients, struct bench_client *c, bool pause)
{
    watch(clients, c, EPOLL_CTL_MOD, pause ? 0 : EPOLLIN);
}

void bench_client_cut(struct bench_clients *clients, struct bench_client *c)
{
    struct linger now = {1, 0};
    if (c->state == BENCH_CLOSED)
        return;
    clients->n_follow -= c->state == BENCH_FOLLOWS;
    clients->n_open--;
    setsockopt(c->fd, SOL_SOCKET, SO_LINGER, &now, sizeof now);
    close(c->fd);
    free(c->carry);
    c->carry = NULL;
    c->n_carry = 0;
    c->fd = -1;
    c->state = BENCH_CLOSED;
}

void client_follows(struct bench_clients *clients, struct bench_client *c)
{
    c->followed_us = bench_now_us();
    c->state = BENCH_FOLLOWS;
    clients->n_follow++;
    if (c->stuck)
        bench_client_pause(clients, c, true);
}

void client_ended(struct bench_clients *clients, struct bench_client *c)
{
    if (!c->may_close)
        bench_fail("a client was disconnected");
    clients->n_ended++;
    bench_client_cut(clients, c);
}

static void greet(struct bench_clients *clients, struct bench_client *c)
{
    int error = 0;
    socklen_t len = sizeof error;
    getsockopt(c->fd, SOL_SOCKET, SO_ERROR, &error, &len);
    errno = error;
    if (error)
        bench_fail("connect");
    c->state = BENCH_GREETED;
    watch(clients, c, EPOLL_CTL_MOD, EPOLLIN);
    if (c->door == BENCH_SSE && c->waits)
        c->state = BENCH_IDLE;
    else
        door_greet(clients, c);
}

static void take_bytes(struct bench_clients *clients, struct bench_client *c)
{
    static char *bytes;
    static size_t cap;
    size_t n_old = c->n_carry;
    if (cap < n_old + READ_BYTES)
        bytes = realloc(bytes, cap = 2 * n_old + READ_BYTES);
    if (!bytes)
        bench_fail("memory");
    memcpy(bytes, c->carry, n_old);
    ssize_t n = recv(c->fd, bytes + n_old, READ_BYTES, 0);
    if (n < 0 && errno == EAGAIN)
        return;
    if (n <= 0) {
        client_ended(clients, c);
        return;
    }
    clients->n_bytes += n;
    size_t len = n_old + (size_t)n, taken = door_take(clients, c, bytes, n_old, &len), rest = len - taken;
    if (c->state == BENCH_CLOSED || c->state == BENCH_CONNECTS)
        return;
    if (rest > c->n_carry || (rest == 0 && c->carry)) {
        free(c->carry);
        c->carry = rest ? malloc(rest) : NULL;
        if (rest && !c->carry)
            bench_fail("memory");
    }
    memcpy(c->carry, bytes + taken, rest);
    c->n_carry = rest;
}

void bench_clients_run(struct bench_clients *clients, bool (*done)(struct bench_clients *clients), int64_t until_us)
{
    struct epoll_event events[512];
    clients->progress_us = bench_now_us();
    while (!done || !done(clients)) {
        int64_t now = bench_now_us();
        if (until_us && now >= until_us)
            return;
        int64_t wait_us = until_us ? until_us - now : 100000;
        int n = epoll_wait(clients->epoll_fd, events, 512, wait_us < 1000 ? (until_us && wait_us > 300 ? 1 : 0) : (int)(wait_us / 1000));
        if (n > 0)
            clients->progress_us = now;
        else if (now - clients->progress_us > BENCH_PATIENCE_S * INT64_C(1000000))
            bench_fail("something is missing");
        for (int i = 0; i < n; i++) {
            struct bench_client *c = events[i].data.ptr;
            if (c->state == BENCH_CONNECTS)
                greet(clients, c);
            else if (events[i].events & (EPOLLHUP | EPOLLERR) && !(events[i].events & EPOLLIN) && c->state != BENCH_CLOSED)
                client_ended(clients, c);
            else if (c->state != BENCH_CLOSED)
                take_bytes(clients, c);
        }
    }
}

static int open_first, open_n;

static bool all_open(struct bench_clients *clients)
{
    int n = 0;
    for (int i = open_first; i < open_first + open_n; i++)
        n += clients->at[i].state >= (clients->at[i].waits ? BENCH_IDLE : BENCH_FOLLOWS);
    return n == open_n;
}

void bench_clients_open(struct bench_clients *clients, int first, int n, int window)
{
    for (int done = 0; done < n; done += window) {
        open_first = first + done;
        open_n = n - done < window ? n - done : window;
        for (int i = 0; i < open_n; i++)
            bench_client_connect(clients, &clients->at[open_first + i]);
        bench_clients_run(clients, all_open, 0);
    }
}
