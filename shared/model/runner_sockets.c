#include "model/runner_sockets.h"

#include <dirent.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

static bool is_one(const char *name)
{
    size_t len = strlen(name);

    return strncmp(name, "runner-", 7) == 0 && len > 12 && strcmp(name + len - 5, ".sock") == 0;
}

/* Returns false when the caller wants no more. */
static bool visit(const struct datadir *dd, const char *name, runner_socket_fn *fn, void *ctx)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    char path[PATH_MAX];

    datadir_path(dd, path, "%s", name);
    if ((size_t)snprintf(address.sun_path, sizeof(address.sun_path), "%s", path) >= sizeof(address.sun_path))
        return true;
    return fn(ctx, &address);
}

void runner_sockets(const struct datadir *dd, runner_socket_fn *fn, void *ctx)
{
    struct dirent *entry;
    bool more = visit(dd, DATADIR_RUNNER_SOCKET, fn, ctx);
    DIR *dir;

    if (!more || (dir = opendir(dd->root)) == NULL)
        return;
    while (more && (entry = readdir(dir)) != NULL)
        if (is_one(entry->d_name))
            more = visit(dd, entry->d_name, fn, ctx);
    closedir(dir);
}
