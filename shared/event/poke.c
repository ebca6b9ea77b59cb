#include "event/poke.h"
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

void eventlog_poke(const struct datadir *dd)
{
    struct sockaddr_un addr = {.sun_family = AF_UNIX};
    char path[PATH_MAX];
    ssize_t sent;
    int fd;

    datadir_path(dd, path, "%s", DATADIR_POKE_SOCKET);
    if (strlen(path) >= sizeof addr.sun_path)
        return;
    memcpy(addr.sun_path, path, strlen(path) + 1);
    fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return;
    sent = sendto(fd, "", 1, MSG_NOSIGNAL, (struct sockaddr *)&addr, sizeof addr);
    (void)sent; /* nobody there, or enough of them waiting */
    close(fd);
}
