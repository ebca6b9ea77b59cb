#include "bridge/listener.h"
#include "base/log.h"
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#define PEER_GROUPS_MAX 1024
#define UNSENT_MAX (128 * 1024)

struct listener {
    int fd;
    char *unix_path; /* NULL for TCP */
    dev_t dev;       /* of the file bound to: */
    ino_t ino;
    uv_poll_t poll;
    uv_timer_t pause, look;
    listener_fn *on_accept;
    listener_room_fn *room;
    void *ctx;
    bool complained;
    int n_handles; /* not yet closed by the loop */
};

static void on_readable(uv_poll_t *poll, int status, int events);

static void resume(uv_timer_t *timer)
{
    struct listener *l = timer->data;
    uv_poll_start(&l->poll, UV_READABLE, on_readable);
}

static void pause_accepting(struct listener *l, const char *reason)
{
    if (!l->complained) /* once an episode */
        log_event(LOG_LEVEL_WARN, "accept.paused", "reason=\"%s\"", reason);
    l->complained = true;
    uv_poll_stop(&l->poll);
    uv_timer_start(&l->pause, resume, LISTENER_PAUSE_MS, 0);
}

static void peer_text(const struct sockaddr_storage *address, char text[INET6_ADDRSTRLEN])
{
    strcpy(text, "unix");
    if (address->ss_family == AF_INET)
        inet_ntop(AF_INET, &((const struct sockaddr_in *)address)->sin_addr, text, INET6_ADDRSTRLEN);
    else if (address->ss_family == AF_INET6)
        inet_ntop(AF_INET6, &((const struct sockaddr_in6 *)address)->sin6_addr, text, INET6_ADDRSTRLEN);
}

static void on_readable(uv_poll_t *poll, int status, int events)
{
    struct listener *l = poll->data;
    (void)status;
    (void)events;
    for (int i = 0; i < LISTENER_ACCEPTS_MAX; i++) {
        struct sockaddr_storage address = {0};
        socklen_t size = sizeof address;
        char peer[INET6_ADDRSTRLEN];
        if (l->room && l->room(l->ctx) <= 0) {
            pause_accepting(l, "connection limit");
            return;
        }
        int fd = accept4(l->fd, (struct sockaddr *)&address, &size, SOCK_NONBLOCK | SOCK_CLOEXEC);
        if (fd < 0) {
            if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM)
                pause_accepting(l, strerror(errno));
            return; /* else: nobody there, or gone again */
        }
        l->complained = false;
        peer_text(&address, peer);
        l->on_accept(l->ctx, fd, peer);
        if (uv_is_closing((uv_handle_t *)&l->poll))
            return;
    }
}

/* A socket file nobody listens on is left over from a killed process. */
static bool is_stale(const struct sockaddr_un *address)
{
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    bool stale = fd >= 0 && connect(fd, (const struct sockaddr *)address, sizeof *address) < 0 && errno == ECONNREFUSED;
    if (fd >= 0)
        close(fd);
    return stale;
}

static enum rs_err listen_unix(const char *path, int *ret_fd, struct fault *fault)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    if (strlen(path) >= sizeof address.sun_path || !*path)
        return fault_set(fault, RS_INVALID, "the socket path %s is empty or longer than %zu bytes", path,
                         sizeof address.sun_path - 1);
    strcpy(address.sun_path, path);
    if (is_stale(&address))
        unlink(path);
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return fault_set(fault, RS_IO, "cannot make a socket: %s", strerror(errno));
    if (bind(fd, (struct sockaddr *)&address, sizeof address) < 0 || chmod(path, 0660) < 0 || listen(fd, SOMAXCONN) < 0) {
        enum rs_err err = fault_set(fault, RS_IO, "cannot listen on %s: %s", path, strerror(errno));
        close(fd);
        return err;
    }
    *ret_fd = fd;
    return RS_OK;
}

/* Is the file at its path still the socket we listen on? */
static bool has_file(const struct listener *l)
{
    struct stat st;
    return lstat(l->unix_path, &st) == 0 && st.st_dev == l->dev && st.st_ino == l->ino;
}

static void note_file(struct listener *l)
{
    struct stat st;
    bool there = lstat(l->unix_path, &st) == 0;
    l->dev = there ? st.st_dev : 0;
    l->ino = there ? st.st_ino : 0;
}

/* Somebody removed or replaced our socket's file: nobody can reach us until it is made again. */
static void on_look(uv_timer_t *timer)
{
    struct listener *l = timer->data;
    struct fault fault = {0};
    int fd = -1;
    if (has_file(l))
        return;
    enum rs_err err = listen_unix(l->unix_path, &fd, &fault);
    if (err) {
        if (!l->complained)
            log_event(LOG_LEVEL_ERROR, "socket.lost", "reason=\"%s\"", fault.message);
        l->complained = true;
        return;
    }
    on_readable(&l->poll, 0, UV_READABLE); /* whoever connected before */
    uv_poll_stop(&l->poll);
    bool taken = dup3(fd, l->fd, O_CLOEXEC) >= 0;
    close(fd);
    uv_poll_start(&l->poll, UV_READABLE, on_readable);
    if (!taken)
        return; /* the next time */
    note_file(l);
    l->complained = false;
    log_event(LOG_LEVEL_WARN, "socket.made_again", "path=%s", l->unix_path);
}

/* What is set here the sockets that it accepts have too. What a client does not take is to wait with us, where it is shared
 * and counted, rather than in the kernel's megabytes. */
static void set_up(int fd)
{
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &(int){1}, sizeof(int));
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &(int){1}, sizeof(int));
    setsockopt(fd, IPPROTO_TCP, TCP_NOTSENT_LOWAT, &(unsigned){UNSENT_MAX}, sizeof(unsigned));
}

static enum rs_err listen_tcp(const char *address, int *ret_fd, struct fault *fault)
{
    char host[256];
    const char *colon = strrchr(address, ':');
    size_t host_len = colon ? (size_t)(colon - address) : 0;
    const char *from = address;
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_PASSIVE | AI_NUMERICSERV}, *found = NULL;
    if (host_len >= 2 && address[0] == '[' && address[host_len - 1] == ']') {
        from++;
        host_len -= 2;
    }
    if (!colon || !colon[1] || host_len >= sizeof host)
        return fault_set(fault, RS_INVALID, "%s is neither HOST:PORT nor unix:PATH", address);
    memcpy(host, from, host_len);
    host[host_len] = 0;
    int failed = getaddrinfo(host_len ? host : NULL, colon + 1, &hints, &found);
    if (failed)
        return fault_set(fault, RS_INVALID, "cannot listen on %s: %s", address, gai_strerror(failed));
    enum rs_err err = RS_OK;
    int fd = socket(found->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd >= 0)
        set_up(fd);
    if (fd < 0 || bind(fd, found->ai_addr, found->ai_addrlen) < 0 || listen(fd, SOMAXCONN) < 0) {
        err = fault_set(fault, RS_IO, "cannot listen on %s: %s", address, strerror(errno));
        if (fd >= 0)
            close(fd);
    } else {
        *ret_fd = fd;
    }
    freeaddrinfo(found);
    return err;
}

enum rs_err listener_open(uv_loop_t *loop, const char *address, listener_fn *on_accept, listener_room_fn *room, void *ctx,
                          struct listener **ret, struct fault *fault)
{
    int fd = -1;
    bool is_unix = strncmp(address, "unix:", 5) == 0;
    enum rs_err err = is_unix ? listen_unix(address + 5, &fd, fault) : listen_tcp(address, &fd, fault);
    if (err)
        return err;
    struct listener *l = calloc(1, sizeof *l);
    if (l && is_unix)
        l->unix_path = strdup(address + 5);
    if (!l || (is_unix && !l->unix_path)) {
        free(l);
        close(fd);
        return fault_set(fault, RS_NOMEM, "no memory to listen on %s", address);
    }
    l->fd = fd;
    l->on_accept = on_accept;
    l->room = room;
    l->ctx = ctx;
    uv_poll_init(loop, &l->poll, fd);
    uv_timer_init(loop, &l->pause);
    uv_timer_init(loop, &l->look);
    l->poll.data = l->pause.data = l->look.data = l;
    l->n_handles = 3;
    uv_poll_start(&l->poll, UV_READABLE, on_readable);
    if (l->unix_path) {
        note_file(l);
        uv_timer_start(&l->look, on_look, LISTENER_LOOK_MS, LISTENER_LOOK_MS);
    }
    *ret = l;
    return RS_OK;
}

void listener_limit_silence(struct listener *l, unsigned ms)
{
    if (!l->unix_path)
        setsockopt(l->fd, IPPROTO_TCP, TCP_USER_TIMEOUT, &ms, sizeof ms);
}

static void on_closed(uv_handle_t *handle)
{
    struct listener *l = handle->data;
    if (--l->n_handles > 0)
        return;
    free(l->unix_path);
    free(l);
}

void listener_close(struct listener *l)
{
    if (!l)
        return;
    uv_close((uv_handle_t *)&l->poll, on_closed);
    uv_close((uv_handle_t *)&l->pause, on_closed);
    uv_close((uv_handle_t *)&l->look, on_closed);
    close(l->fd);
    if (l->unix_path && has_file(l))
        unlink(l->unix_path);
}

bool listener_peer_allowed(int fd, gid_t gid)
{
    struct ucred cred;
    socklen_t size = sizeof cred;
    gid_t groups[PEER_GROUPS_MAX];
    if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &cred, &size) < 0)
        return false;
    if (cred.uid == 0 || cred.uid == geteuid() || cred.gid == gid)
        return true;
    size = sizeof groups;
    if (getsockopt(fd, SOL_SOCKET, SO_PEERGROUPS, groups, &size) < 0)
        return false;
    for (size_t i = 0; i < size / sizeof *groups; i++)
        if (groups[i] == gid)
            return true;
    return false;
}
