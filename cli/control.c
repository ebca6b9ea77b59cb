#include "cli/control.h"
#include "cli/uplock.h"
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

static int unix_address(const char *path, struct sockaddr_un *address)
{
    memset(address, 0, sizeof(*address));
    address->sun_family = AF_UNIX;
    if (strlen(path) >= sizeof(address->sun_path)) {
        errno = ENAMETOOLONG;
        return -1;
    }
    strcpy(address->sun_path, path);
    return 0;
}

int unix_connect(const char *path)
{
    struct sockaddr_un address;
    if (unix_address(path, &address) != 0)
        return -1;
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd >= 0 && connect(fd, (struct sockaddr *)&address, sizeof(address)) != 0) {
        int reason = errno;
        close(fd);
        errno = reason;
        return -1;
    }
    return fd;
}

static void socket_timeout(int fd, int timeout_ms)
{
    struct timeval tv = {timeout_ms / 1000, timeout_ms % 1000 * 1000};
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &tv, sizeof(tv));
    setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &tv, sizeof(tv));
}

enum rs_err control_listen(const struct datadir *dd, int *ret_fd, struct fault *fault)
{
    char path[PATH_MAX];
    struct sockaddr_un address;
    datadir_path(dd, path, CONTROL_SOCKET);
    if (unix_address(path, &address) != 0)
        return fault_set(fault, RS_LIMIT, "%s is too long for a socket", path);
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    unlink(path);
    if (fd < 0 || bind(fd, (struct sockaddr *)&address, sizeof(address)) != 0 || listen(fd, 8) != 0) {
        int reason = errno;
        if (fd >= 0)
            close(fd);
        return fault_set(fault, RS_IO, "cannot listen on %s: %s", path, strerror(reason));
    }
    *ret_fd = fd;
    return RS_OK;
}

enum rs_err control_call(const struct datadir *dd, const char *command, int timeout_ms, struct json_object **ret,
                         struct fault *fault)
{
    char path[PATH_MAX], line[CONTROL_LINE_MAX], chunk[4096];
    struct json_object *answer = NULL;
    struct buf text;
    enum rs_err err;
    ssize_t n = 0;
    int len = snprintf(line, sizeof(line), "%s\n", command);
    int fd = uplock_holder(dd) ? unix_connect(datadir_path(dd, path, CONTROL_SOCKET)) : -1;

    if (fd < 0)
        return fault_set(fault, RS_NOT_FOUND, "nothing is up in %s; start it with: runspool up --data %s", dd->root,
                         dd->root);
    buf_init(&text, CONTROL_ANSWER_MAX);
    socket_timeout(fd, timeout_ms);
    if (send(fd, line, (size_t)len, MSG_NOSIGNAL) == len)
        while ((n = recv(fd, chunk, sizeof(chunk), 0)) > 0 || (n < 0 && errno == EINTR))
            if (n > 0)
                buf_append(&text, chunk, (size_t)n);
    if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) {
        err = fault_set(fault, RS_TIMEOUT, "`runspool up` has not answered \"%s\" within %d s", command,
                        timeout_ms / 1000);
        goto out;
    }
    err = json_parse(text.data ? text.data : "", text.len, CONTROL_ANSWER_MAX, &answer, fault);
    if (err != RS_OK)
        goto out;
    const char *error = json_get_string(answer, "error", NULL);
    if (error) {
        err = fault_set(fault, RS_CONFLICT, "%s", error);
        goto out;
    }
    *ret = answer;
    answer = NULL;
out:
    json_object_put(answer);
    buf_release(&text);
    close(fd);
    return err;
}

int http_status(int fd, const char *host, const char *path, int timeout_ms)
{
    char text[1024];
    size_t len = 0;
    ssize_t n;
    int status = 0;
    int want = snprintf(text, sizeof(text), "GET %s HTTP/1.1\r\nHost: %s\r\nConnection: close\r\n\r\n", path, host);
    socket_timeout(fd, timeout_ms);
    if (want < (int)sizeof(text) && send(fd, text, (size_t)want, MSG_NOSIGNAL) == want) {
        while (len < sizeof("HTTP/1.1 200") - 1 && (n = recv(fd, text + len, sizeof(text) - 1 - len, 0)) > 0)
            len += (size_t)n;
        text[len] = '\0';
        if (strncmp(text, "HTTP/1.", 7) == 0 && len >= sizeof("HTTP/1.1 200") - 1)
            status = atoi(text + 9);
    }
    close(fd);
    return status;
}
