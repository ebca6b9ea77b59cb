#include "cli/uplock.h"
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define UPLOCK_FILE "run/up.pid"
#define UPLOCK_TRIES 10 /* a holder that just ended may have unlinked the file we opened */

enum rs_err uplock_take(const struct datadir *dd, int *ret_fd, struct fault *fault)
{
    char path[PATH_MAX], text[32];
    struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
    struct stat opened, named;

    datadir_path(dd, path, UPLOCK_FILE);
    for (int i = 0; i < UPLOCK_TRIES; i++) {
        int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0660);
        if (fd < 0)
            return fault_set(fault, RS_IO, "cannot write %s: %s", path, strerror(errno));
        if (fcntl(fd, F_OFD_SETLK, &lock) != 0) {
            int reason = errno;
            close(fd);
            if (reason == EAGAIN || reason == EACCES)
                return fault_set(fault, RS_CONFLICT, "already up in %s", dd->root);
            return fault_set(fault, RS_IO, "cannot lock %s: %s", path, strerror(reason));
        }
        if (fstat(fd, &opened) == 0 && stat(path, &named) == 0 && opened.st_ino == named.st_ino) {
            int len = snprintf(text, sizeof(text), "%d\n", (int)getpid());
            if (ftruncate(fd, 0) != 0 || pwrite(fd, text, (size_t)len, 0) != len) {
                int reason = errno;
                close(fd);
                return fault_set(fault, RS_IO, "cannot write %s: %s", path, strerror(reason));
            }
            *ret_fd = fd;
            return RS_OK;
        }
        close(fd);
    }
    return fault_set(fault, RS_BUSY, "%s keeps changing", path);
}

void uplock_release(const struct datadir *dd, int fd)
{
    char path[PATH_MAX];
    if (fd < 0)
        return;
    unlink(datadir_path(dd, path, UPLOCK_FILE));
    close(fd);
}

pid_t uplock_holder(const struct datadir *dd)
{
    char path[PATH_MAX], text[32] = "";
    struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
    int fd = open(datadir_path(dd, path, UPLOCK_FILE), O_RDWR | O_CLOEXEC);
    pid_t pid = 0;
    if (fd < 0)
        return 0;
    if (fcntl(fd, F_OFD_GETLK, &lock) == 0 && lock.l_type != F_UNLCK && pread(fd, text, sizeof(text) - 1, 0) > 0)
        pid = (pid_t)atoi(text);
    close(fd);
    return pid > 0 ? pid : 0;
}
