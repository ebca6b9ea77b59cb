/* One datagram that says "look at the queue". It carries nothing: the queue is in the database. */
#include "model/store.h"

#include <stdio.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

void runner_poke(const struct datadir *dd)
{
    struct sockaddr_un to = {.sun_family = AF_UNIX};
    char path[PATH_MAX];
    int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

    if (fd < 0)
        return;
    datadir_path(dd, path, DATADIR_RUNNER_SOCKET);
    if ((size_t)snprintf(to.sun_path, sizeof(to.sun_path), "%s", path) < sizeof(to.sun_path)) {
        /* It may fail: no runner, or one that has datagrams waiting and looks anyway. */
        (void)sendto(fd, "q", 1, MSG_NOSIGNAL, (struct sockaddr *)&to, sizeof(to));
    }
    close(fd);
}
