#include "bridge/spool_server.h"
#include "base/log.h"
#include "bridge/bridge.h"
#include "bridge/lines.h"
#include "bridge/listener.h"
#include "bridge/writer.h"
#include "event/event.h"
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <stdio.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#define READ_BYTES (256 * 1024)        /* taken from one connection in one turn of the loop */
#define UNSENT_MAX (1024 * 1024)       /* answers a peer leaves unread before it is cut */
#define READY_MAX 256                  /* connections served in one turn */
#define MUCH_BYTES (64 * 1024)         /* taken in one turn: worth a commit without waiting for more */

struct emitter {
    struct spool_server *server;
    struct peer *peer;
    int fd;                 /* -1: closed */
    uint32_t watched;       /* what epoll looks for; 0: it is not there */
    struct lines lines;
    struct buf unsent;      /* answers */
    bool reading, paused;   /* paused: the writer is behind */
    bool ended;             /* it sends no more, and the writer has been told */
    bool ending;            /* to be closed when it has its answers */
    struct emitter *next, **link;
};

struct spool_server {
    struct bridge *bridge;
    struct listener *listener;
    struct emitter *emitters;
    struct emitter *closed; /* while they are served: freed afterwards */
    bool serving;
    int ready_fd;           /* an epoll set of them all, so that one look finds those that have sent something */
    uv_poll_t poll;         /* of it */
    uv_timer_t rest;        /* ends it */
    bool resting;           /* what comes waits in the sockets for spool.gather to be over */
    size_t taken;           /* bytes, in the last turn */
    bool more;              /* was left in it, or a line is not complete */
    int n_handles;          /* not yet closed */
    char *read_buffer;
    int n_emitters;
    gid_t group; /* the data directory's: its members may emit */
    bool any_paused;
};

/* Returns false when it cannot be watched. */
static bool watch(struct emitter *e)
{
    uint32_t events = (e->reading && !e->paused ? EPOLLIN : 0) | (e->unsent.len > 0 ? EPOLLOUT : 0);
    if (events == e->watched)
        return true;
    struct epoll_event event = {.events = events, .data.ptr = e};
    int op = !e->watched ? EPOLL_CTL_ADD : events ? EPOLL_CTL_MOD : EPOLL_CTL_DEL;
    if (epoll_ctl(e->server->ready_fd, op, e->fd, &event) < 0)
        return false;
    e->watched = events;
    return true;
}

static void free_emitter(struct emitter *e)
{
    lines_release(&e->lines);
    buf_release(&e->unsent);
    free(e);
}

static bool give_closed(struct emitter *e)
{
    struct intake *in = e->ended ? NULL : intake_new(e->peer, NULL, 0);
    e->ended = e->ended || in;
    if (in)
        writer_put(e->server->bridge->writer, in);
    return e->ended;
}

static void close_emitter(struct emitter *e)
{
    struct spool_server *s = e->server;
    *e->link = e->next;
    if (e->next)
        e->next->link = e->link;
    s->n_emitters--;
    s->bridge->metrics.values[METRIC_CONNECTIONS_SPOOL]--;
    e->peer->connection = NULL;
    (void)give_closed(e); /* without memory its name is free a little later: when it connects anew */
    peer_unref(e->peer);
    e->reading = false;
    buf_release(&e->unsent);
    (void)watch(e);
    close(e->fd);
    e->fd = -1;
    if (s->serving) {
        e->next = s->closed;
        s->closed = e;
    } else {
        free_emitter(e);
    }
}

/* Returns false when the connection is gone. */
static bool flush(struct emitter *e)
{
    while (e->unsent.len > 0) {
        ssize_t n = send(e->fd, e->unsent.data, e->unsent.len, MSG_DONTWAIT | MSG_NOSIGNAL);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK))
            return true;
        if (n < 0)
            return false;
        buf_consume(&e->unsent, (size_t)n);
    }
    buf_release(&e->unsent);
    return true;
}

static bool say(struct emitter *e, const char *text, size_t len)
{
    return buf_append(&e->unsent, text, len) == RS_OK && flush(e);
}

static enum rs_err take_block(void *ctx, const char *text, size_t len)
{
    struct emitter *e = ctx;
    struct intake *in = intake_new(e->peer, text, len);
    if (!in)
        return RS_NOMEM;
    writer_put(e->server->bridge->writer, in);
    return RS_OK;
}

static void refuse_long_line(void *ctx)
{
    struct emitter *e = ctx;
    char text[96];
    int n = snprintf(text, sizeof text, "{\"error\":\"a line has more than %d bytes\"}\n", EVENT_LINE_MAX);
    e->server->bridge->metrics.values[METRIC_SPOOL_LINES]++;
    e->server->bridge->metrics.values[METRIC_SPOOL_ERRORS]++;
    (void)buf_append(&e->unsent, text, (size_t)n); /* sent below; too many unread ones end the connection there */
}

/* printf '...' | nc -N -U: it has sent all, and reads yet. It gets its answers, and is closed when the writer has come to
 * the end of what it sent. Returns false when it is gone altogether. */
static bool half_close(struct emitter *e)
{
    struct pollfd state = {.fd = e->fd};
    e->reading = false;
    return poll(&state, 1, 0) == 0 && give_closed(e);
}

/* Returns false when the connection has ended. */
static bool read_some(struct emitter *e)
{
    struct lines_sink sink = {take_block, refuse_long_line, e};
    ssize_t n = recv(e->fd, e->server->read_buffer, READ_BYTES, MSG_DONTWAIT);
    if (n < 0)
        return errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR;
    if (n > 0) {
        bool taken = lines_feed(&e->lines, e->server->read_buffer, (size_t)n, &sink) == RS_OK;
        e->server->taken += (size_t)n;
        e->server->more |= e->lines.rest.len > 0;
        return taken && !e->unsent.err && flush(e);
    }
    /* The last line may lack its newline: printf '...' | nc -U */
    if (e->lines.rest.len > 0 && lines_feed(&e->lines, "\n", 1, &sink) != RS_OK)
        log_event(LOG_LEVEL_WARN, "spool.lost_line", "reason=\"no memory\"");
    return half_close(e);
}

/* Of a broken connection, what it was watched for fails. */
static void serve(struct emitter *e, uint32_t events)
{
    struct spool_server *s = e->server;
    bool alive = true, broken = events & (EPOLLERR | EPOLLHUP);
    if (events & EPOLLOUT || broken)
        alive = flush(e);
    if (alive && (events & EPOLLIN || broken) && e->reading && !e->paused)
        alive = read_some(e);
    if (e->ending && e->unsent.len == 0)
        alive = false;
    if (alive && writer_backlog(s->bridge->writer) > WRITER_BACKLOG_MAX)
        e->paused = s->any_paused = true;
    if (!alive || !watch(e))
        close_emitter(e);
}

void spool_server_take(struct spool_server *s)
{
    struct epoll_event ready[READY_MAX];
    int n = s->resting ? 0 : epoll_wait(s->ready_fd, ready, READY_MAX, 0);
    if (n <= 0)
        return;
    s->taken = 0;
    s->more = n == READY_MAX;
    s->serving = true;
    for (int i = 0; i < n; i++) {
        struct emitter *e = ready[i].data.ptr;
        if (e->fd >= 0)
            serve(e, ready[i].events);
    }
    s->serving = false;
    while (s->closed) {
        struct emitter *next = s->closed->next;
        free_emitter(s->closed);
        s->closed = next;
    }
}

static void on_ready(uv_poll_t *poll, int status, int events)
{
    (void)status;
    (void)events;
    spool_server_take(poll->data);
}

static void on_rested(uv_timer_t *timer)
{
    struct spool_server *s = timer->data;
    s->resting = false;
    uv_poll_start(&s->poll, UV_READABLE, on_ready);
}

/* Events have been stored. Those that follow them within the time are taken together, unless they come in such numbers that they are
 * so anyway. */
static void rest(struct spool_server *s)
{
    int64_t rest_ms = config_number(s->bridge->config, "spool.gather");
    if (rest_ms == 0 || s->resting || !s->listener || s->more || s->taken > MUCH_BYTES)
        return;
    s->resting = true;
    uv_poll_stop(&s->poll);
    uv_timer_start(&s->rest, on_rested, (uint64_t)rest_ms, 0);
}

static void on_accept(void *ctx, int fd, const char *peer)
{
    struct spool_server *s = ctx;
    (void)peer;
    if (!listener_peer_allowed(fd, s->group)) {
        log_event(LOG_LEVEL_WARN, "spool.refused", "reason=\"neither our user nor of the data directory's group\"");
        close(fd);
        return;
    }
    struct emitter *e = calloc(1, sizeof *e);
    struct peer *p = e ? peer_new(e) : NULL;
    if (!p) {
        free(e);
        close(fd);
        return;
    }
    e->server = s;
    e->peer = p;
    e->fd = fd;
    e->reading = true;
    lines_init(&e->lines, EVENT_LINE_MAX);
    buf_init(&e->unsent, UNSENT_MAX);
    e->next = s->emitters;
    e->link = &s->emitters;
    if (e->next)
        e->next->link = &e->next;
    s->emitters = e;
    s->n_emitters++;
    s->bridge->metrics.values[METRIC_CONNECTIONS_SPOOL]++;
    if (!watch(e))
        close_emitter(e);
}

static int room(void *ctx)
{
    const struct spool_server *s = ctx;
    return (int)config_number(s->bridge->config, "limits.spool_connections") - s->n_emitters;
}

enum rs_err spool_server_open(struct bridge *bridge, struct spool_server **ret, struct fault *fault)
{
    char address[PATH_MAX + 8] = "unix:";
    struct spool_server *s = calloc(1, sizeof *s);
    if (s)
        s->read_buffer = malloc(READ_BYTES);
    if (!s || !s->read_buffer || (s->ready_fd = epoll_create1(EPOLL_CLOEXEC)) < 0) {
        (void)fault_set(fault, RS_IO, "the spool socket does not open: %s", strerror(errno));
        if (s)
            free(s->read_buffer);
        free(s);
        return RS_IO;
    }
    s->bridge = bridge;
    struct stat st;
    s->group = stat(bridge->dd.root, &st) == 0 ? st.st_gid : getegid();
    datadir_path(&bridge->dd, address + 5, DATADIR_SPOOL_SOCKET);
    enum rs_err err = listener_open(&bridge->loop, address, on_accept, room, s, &s->listener, fault);
    if (err) {
        close(s->ready_fd);
        free(s->read_buffer);
        free(s);
        return err;
    }
    uv_poll_init(&bridge->loop, &s->poll, s->ready_fd);
    uv_timer_init(&bridge->loop, &s->rest);
    s->n_handles = 2;
    s->poll.data = s->rest.data = s;
    uv_poll_start(&s->poll, UV_READABLE, on_ready);
    *ret = s;
    return RS_OK;
}

void spool_server_answer(struct spool_server *s, const struct outcome *o)
{
    for (int i = 0; i < o->n_answers; i++) {
        const struct answer *a = &o->answers[i];
        struct emitter *e = a->peer->connection;
        if (!e)
            continue;
        bool alive = a->text.len == 0 || say(e, a->text.data, a->text.len);
        if (a->close) {
            e->reading = false;
            e->ending = true;
        }
        if (!alive || (e->ending && e->unsent.len == 0) || !watch(e))
            close_emitter(e);
    }
    if (o->n_stored > 0)
        rest(s);
    if (!s->any_paused || writer_backlog(s->bridge->writer) > WRITER_BACKLOG_MAX / 2)
        return;
    s->any_paused = false;
    for (struct emitter *e = s->emitters, *next; e; e = next) {
        next = e->next;
        e->paused = false;
        if (!watch(e))
            close_emitter(e);
    }
}

void spool_server_drain(struct spool_server *s)
{
    listener_close(s->listener);
    s->listener = NULL;
    if (s->resting)
        on_rested(&s->rest);
    uv_timer_stop(&s->rest);
    for (struct emitter *e = s->emitters, *next; e; e = next) {
        int pending = 0;
        bool alive = true;
        next = e->next;
        /* What had come by now: one that never pauses must not keep us. */
        if (ioctl(e->fd, FIONREAD, &pending) != 0)
            pending = 0;
        for (; alive && pending > 0; pending -= READ_BYTES)
            alive = read_some(e);
        if (alive && e->reading)
            alive = read_some(e); /* its end, if that came: the last line may lack its newline */
        e->reading = false;
        if (!alive || !watch(e))
            close_emitter(e);
    }
}

static void on_closed(uv_handle_t *handle)
{
    struct spool_server *s = handle->data;
    if (--s->n_handles > 0)
        return;
    close(s->ready_fd);
    free(s->read_buffer);
    free(s);
}

void spool_server_close(struct spool_server *s)
{
    if (!s)
        return;
    listener_close(s->listener);
    while (s->emitters)
        close_emitter(s->emitters);
    uv_close((uv_handle_t *)&s->poll, on_closed);
    uv_close((uv_handle_t *)&s->rest, on_closed);
}
