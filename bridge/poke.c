#include "bridge/poke.h"
#include "bridge/bridge.h"
#include "bridge/writer.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

struct poke {
    struct bridge *bridge;
    uv_poll_t poll;
    int fd;
};

static void on_poke(uv_poll_t *poll, int status, int events)
{
    struct poke *poke = poll->data;
    char byte;
    (void)status, (void)events;
    while (recv(poke->fd, &byte, 1, MSG_DONTWAIT) >= 0)
        continue; /* one look serves all that have come */
    writer_poke(poke->bridge->writer);
}

static int bind_socket(const struct datadir *dd)
{
    struct sockaddr_un addr = {.sun_family = AF_UNIX};
    char path[PATH_MAX];
    datadir_path(dd, path, DATADIR_POKE_SOCKET);
    if (strlen(path) >= sizeof addr.sun_path) {
        errno = ENAMETOOLONG;
        return -1;
    }
    memcpy(addr.sun_path, path, strlen(path) + 1);
    int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return -1;
    unlink(path); /* of a bridge before: we hold the directory's lock */
    if (bind(fd, (struct sockaddr *)&addr, sizeof addr) == 0)
        return fd;
    int reason = errno;
    close(fd);
    errno = reason;
    return -1;
}

enum rs_err poke_open(struct bridge *bridge, struct poke **ret, struct fault *fault)
{
    struct poke *poke = calloc(1, sizeof *poke);
    if (!poke)
        return fault_set(fault, RS_NOMEM, "no memory for the poke socket");
    poke->bridge = bridge;
    poke->fd = bind_socket(&bridge->dd);
    if (poke->fd < 0) {
        free(poke);
        return fault_set(fault, RS_IO, "cannot open %s/" DATADIR_POKE_SOCKET ": %s", bridge->dd.root, strerror(errno));
    }
    uv_poll_init(&bridge->loop, &poke->poll, poke->fd);
    poke->poll.data = poke;
    uv_poll_start(&poke->poll, UV_READABLE, on_poke);
    *ret = poke;
    return RS_OK;
}

static void on_closed(uv_handle_t *handle)
{
    struct poke *poke = handle->data;
    close(poke->fd);
    free(poke);
}

void poke_close(struct poke *poke)
{
    if (!poke)
        return;
    char path[PATH_MAX];
    unlink(datadir_path(&poke->bridge->dd, path, DATADIR_POKE_SOCKET));
    uv_close((uv_handle_t *)&poke->poll, on_closed);
}
