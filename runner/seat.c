#include "runner/seat.h"
#include "base/file.h"
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

bool seat_name_valid(const char *name)
{
    size_t n = strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789");
    return n > 0 && n <= SEAT_NAME_MAX && name[n] == '\0';
}

static enum rs_err open_lock(struct seat *seat, struct fault *fault)
{
    char path[PATH_MAX];
    seat->lock_fd = open(datadir_path(seat->dd, path, "%s.lock", seat->base), O_RDWR | O_CREAT | O_CLOEXEC, 0660);
    if (seat->lock_fd < 0)
        return fault_set(fault, RS_IO, "%s: %s", path, strerror(errno));
    if (flock(seat->lock_fd, LOCK_EX | LOCK_NB) < 0)
        return fault_set(fault, RS_CONFLICT, "a runner%s is at work in %s already", seat->base + strlen("runner"),
                         seat->dd->root);
    return RS_OK;
}

static enum rs_err open_socket(struct seat *seat, struct fault *fault)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    char path[PATH_MAX];

    datadir_path(seat->dd, path, "%s.sock", seat->base);
    if (strlen(path) >= sizeof address.sun_path)
        return fault_set(fault, RS_LIMIT, "%s is too long for a socket", path);
    memcpy(address.sun_path, path, strlen(path));
    seat->socket_fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    unlink(path); /* the lock says that nobody has it */
    if (seat->socket_fd < 0 || bind(seat->socket_fd, (struct sockaddr *)&address, sizeof address) < 0)
        return fault_set(fault, RS_IO, "%s: %s", path, strerror(errno));
    return RS_OK;
}

enum rs_err seat_open(struct seat *seat, const struct datadir *dd, const char *name, struct fault *fault)
{
    *seat = (struct seat){.dd = dd, .lock_fd = -1, .socket_fd = -1};
    snprintf(seat->base, sizeof seat->base, "runner%s%s", name ? "-" : "", name ? name : "");
    enum rs_err err = open_lock(seat, fault);
    return err ? err : open_socket(seat, fault);
}

enum rs_err seat_write_pid(const struct seat *seat, struct fault *fault)
{
    char path[PATH_MAX], text[32];
    int len = snprintf(text, sizeof text, "%d\n", (int)getpid());
    return file_write(datadir_path(seat->dd, path, "run/%s.pid", seat->base), text, (size_t)len, 0640, fault);
}

void seat_leave(const struct seat *seat)
{
    char path[PATH_MAX];
    unlink(datadir_path(seat->dd, path, "run/%s.pid", seat->base));
    unlink(datadir_path(seat->dd, path, "%s.sock", seat->base));
}

void seat_release(struct seat *seat)
{
    if (seat->socket_fd >= 0)
        close(seat->socket_fd);
    if (seat->lock_fd >= 0)
        close(seat->lock_fd);
    seat->socket_fd = seat->lock_fd = -1;
}
