#include "cli/upsockets.h"
#include "base/file.h"
#include "cli/control.h"
#include "conf/datadir.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#define STOP_MS 20000 /* a little more than a program gives the requests in hand */
#define BACKLOG 1024

static const struct {
    const char *part, *program;
} served[UPSOCKETS_N] = {{"api", "api.fcgi"}, {"events", "events.fcgi"}, {"hook", "hook.fcgi"}};

/* A request without any variable (FastCGI 1.0, section 3.3), which every program answers: there is nothing there. */
static bool program_answers(const struct part *part, void *ctx)
{
    enum { VERSION = 1, BEGIN_REQUEST = 1, PARAMS = 4, STDIN = 5, STDOUT = 6, RESPONDER = 1, ID = 1 };
    static const unsigned char request[32] = {
        VERSION, BEGIN_REQUEST, 0, ID, 0, 8, 0, 0, 0, RESPONDER, 0, 0, 0, 0, 0, 0, /* closed when it is answered */
        VERSION, PARAMS, 0, ID, 0, 0, 0, 0, VERSION, STDIN, 0, ID, 0, 0, 0, 0,
    };
    struct timeval patience = {.tv_sec = PART_PROBE_MS / 1000, .tv_usec = PART_PROBE_MS % 1000 * 1000};
    struct sockaddr_un address;
    socklen_t len = sizeof address;
    unsigned char answer[8];
    (void)ctx;
    if (getsockname(part->listen_fd, (struct sockaddr *)&address, &len) != 0)
        return false;
    int fd = unix_connect(address.sun_path);
    if (fd < 0)
        return false;
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    bool answered = send(fd, request, sizeof request, MSG_NOSIGNAL) == sizeof request &&
                    recv(fd, answer, sizeof answer, MSG_WAITALL) == sizeof answer && answer[1] == STDOUT;
    close(fd);
    return answered;
}

static enum rs_err listen_at(const char *path, int *ret_fd, struct fault *fault)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    if (strlen(path) >= sizeof address.sun_path)
        return fault_set(fault, RS_LIMIT, "the path %.200s is over %zu bytes, too long for a socket", path,
                         sizeof address.sun_path - 1);
    strcpy(address.sun_path, path);
    int other = unix_connect(path);
    if (other >= 0) {
        close(other);
        return fault_set(fault, RS_CONFLICT, "somebody listens on %s already", path);
    }
    if (errno == ECONNREFUSED)
        unlink(path); /* left by one that was killed */
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0 || bind(fd, (struct sockaddr *)&address, sizeof address) != 0 || chmod(path, 0660) != 0 ||
        listen(fd, BACKLOG) != 0) {
        enum rs_err err = fault_set(fault, RS_IO, "cannot listen on %s: %s", path, strerror(errno));
        if (fd >= 0)
            close(fd);
        return err;
    }
    *ret_fd = fd;
    return RS_OK;
}

static char *socket_path(const struct upsockets *s, int i, char path[PATH_MAX])
{
    snprintf(path, PATH_MAX, "%s/%s.sock", s->folder, served[i].part);
    return path;
}

enum rs_err upsockets_open(struct upsockets *s, const char *folder, struct fault *fault)
{
    char path[PATH_MAX];
    struct stat st;
    *s = (struct upsockets){0};
    enum rs_err err = stat(folder, &st) == 0 ? RS_OK : file_mkdir(folder, 02770, fault);
    if (err != RS_OK)
        return err;
    if (!realpath(folder, path) || strlen(path) >= sizeof s->folder)
        return fault_set(fault, RS_IO, "cannot use the folder %.200s", folder);
    strcpy(s->folder, path);
    for (int i = 0; i < UPSOCKETS_N; i++) {
        if ((err = program_path(served[i].program, s->programs[i], fault)) != RS_OK ||
            (err = listen_at(socket_path(s, i, path), &s->fds[i], fault)) != RS_OK)
            return err;
        s->n++;
    }
    return RS_OK;
}

void upsockets_part(const struct upsockets *s, int i, struct part *part, void *ctx)
{
    part_init(part, served[i].part, STOP_MS);
    part->answers = program_answers;
    part->ctx = ctx;
    part->argv[0] = s->programs[i];
    part->listen_fd = s->fds[i];
    part->listen_stdin = true;
}

void upsockets_close(struct upsockets *s)
{
    char path[PATH_MAX];
    while (s->n > 0) {
        close(s->fds[--s->n]);
        unlink(socket_path(s, s->n, path));
    }
}
