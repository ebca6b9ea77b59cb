#include "runner/beneath.h"
#include <errno.h>
#include <limits.h>
#include <linux/openat2.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#define TEMPORARY ".runspool-write-%d"

/* The path below root, without slashes around it. */
static enum rs_err relative(const char *root, const char *path, char ret[PATH_MAX], struct fault *fault)
{
    size_t len = strlen(root);

    if (*path == '/') {
        if (strncmp(path, root, len) != 0 || (path[len] != '/' && path[len] != '\0'))
            return fault_set(fault, RS_INVALID, "\"%.200s\" is not in the run's folder", path);
        path += len;
    }
    while (*path == '/')
        path++;
    len = strlen(path);
    while (len > 0 && path[len - 1] == '/')
        len--;
    if (len >= PATH_MAX)
        return fault_set(fault, RS_INVALID, "the path is too long");
    snprintf(ret, PATH_MAX, "%.*s", len ? (int)len : 1, len ? path : ".");
    for (const char *p = ret; *p; p++)
        if ((unsigned char)*p < 0x20 || *p == 0x7f)
            return fault_set(fault, RS_INVALID, "the path holds a control character");
    return RS_OK;
}

/* Part by part, through no link. */
static int walk(int dir, const char *path, int flags, mode_t mode)
{
    char part[NAME_MAX + 1];
    int at = fcntl(dir, F_DUPFD_CLOEXEC, 0);

    for (int parts = 0; at >= 0; parts++) {
        size_t n = strcspn(path, "/");
        bool last = path[n] == '\0';
        int err = n > NAME_MAX || parts == BENEATH_PARTS_MAX ? ENAMETOOLONG : 0;
        if (!err) {
            memcpy(part, path, n);
            part[n] = '\0';
            if (strcmp(part, "..") == 0)
                err = EXDEV;
        }
        int next = err ? -1
                       : openat(at, *part ? part : ".",
                                last ? flags | O_NOFOLLOW : O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC, mode);
        err = err ? err : errno;
        close(at);
        errno = err;
        if (last || next < 0)
            return next;
        at = next;
        path += n + 1;
    }
    return -1;
}

static int open_at(int dir, const char *path, int flags, mode_t mode)
{
    struct open_how how = {
        .flags = (unsigned)flags,
        .mode = flags & O_CREAT ? mode : 0,
        .resolve = RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS,
    };
    int fd = -1;

    for (int i = 0; i < 10; i++) {
        fd = (int)syscall(SYS_openat2, dir, path, &how, sizeof how);
        if (fd >= 0 || errno != EAGAIN) /* something was renamed meanwhile */
            break;
    }
    return fd < 0 && (errno == ENOSYS || errno == EPERM) ? walk(dir, path, flags, mode) : fd;
}

static enum rs_err fail(const char *path, struct fault *fault)
{
    switch (errno) {
    case ENOENT:
        return fault_set(fault, RS_NOT_FOUND, "there is no file %.200s in the run's folder", path);
    case EXDEV:
    case ELOOP:
        return fault_set(fault, RS_INVALID, "\"%.200s\" leads out of the run's folder", path);
    case EISDIR:
    case ENOTDIR:
    case ENAMETOOLONG:
    case EEXIST:
        return fault_set(fault, RS_INVALID, "%.200s: %s", path, strerror(errno));
    default:
        return fault_set(fault, RS_IO, "%.200s: %s", path, strerror(errno));
    }
}

static enum rs_err open_root(const char *root, int *ret, struct fault *fault)
{
    *ret = open(root, O_PATH | O_DIRECTORY | O_CLOEXEC);
    return *ret < 0 ? fault_set(fault, RS_IO, "%s: %s", root, strerror(errno)) : RS_OK;
}

enum rs_err beneath_open(const char *root, const char *path, int flags, mode_t mode, int *ret, struct fault *fault)
{
    char below[PATH_MAX];
    struct stat st;
    int dir = -1, fd = -1;
    enum rs_err err = relative(root, path, below, fault);

    if (err || (err = open_root(root, &dir, fault)))
        return err;
    /* Without O_NONBLOCK opening a pipe would wait for its other end. */
    if ((fd = open_at(dir, below, flags | O_CLOEXEC | O_NONBLOCK | O_NOCTTY, mode)) < 0)
        err = fail(below, fault);
    else if (fstat(fd, &st) < 0)
        err = fail(below, fault);
    else if (!(flags & O_DIRECTORY) && !S_ISREG(st.st_mode))
        err = fault_set(fault, RS_INVALID, "%.200s is %s", below, S_ISDIR(st.st_mode) ? "a folder" : "no plain file");
    close(dir);
    if (err && fd >= 0)
        close(fd);
    if (!err)
        *ret = fd;
    return err;
}

enum rs_err beneath_read(const char *root, const char *path, size_t max, char **ret, size_t *ret_len, struct stat *st,
                         struct fault *fault)
{
    int fd;
    enum rs_err err = beneath_open(root, path, O_RDONLY, 0, &fd, fault);
    size_t len = 0;

    if (err)
        return err;
    if (fstat(fd, st) < 0)
        st->st_size = 0;
    size_t size = (size_t)st->st_size < max ? (size_t)st->st_size : max;
    char *text = malloc(size + 1);
    if (!text)
        err = fault_set(fault, RS_NOMEM, "out of memory");
    while (!err && len < size) {
        ssize_t n = read(fd, text + len, size - len);
        if (n < 0 && errno != EINTR)
            err = fault_set(fault, RS_IO, "%.200s: %s", path, strerror(errno));
        else if (n == 0)
            break;
        else if (n > 0)
            len += (size_t)n;
    }
    close(fd);
    if (err) {
        free(text);
        return err;
    }
    text[len] = '\0';
    *ret = text;
    *ret_len = len;
    return RS_OK;
}

/* The folder that path's last part is in, made where it is missing; the part goes to ret_name. */
static enum rs_err open_parent(const char *root, const char *path, int *ret, char ret_name[NAME_MAX + 1],
                               struct fault *fault)
{
    char below[PATH_MAX];
    int dir = -1;
    enum rs_err err = relative(root, path, below, fault);

    if (err || (err = open_root(root, &dir, fault)))
        return err;
    char *at = below;
    for (char *slash; !err && (slash = strchr(at, '/')); at = slash + 1) {
        *slash = '\0';
        int next = open_at(dir, at, O_PATH | O_DIRECTORY | O_CLOEXEC, 0);
        if (next < 0 && errno == ENOENT && *at && (mkdirat(dir, at, 0770) == 0 || errno == EEXIST))
            next = open_at(dir, at, O_PATH | O_DIRECTORY | O_CLOEXEC, 0);
        if (next < 0) {
            err = fail(at, fault);
        } else {
            close(dir);
            dir = next;
        }
    }
    if (!err && (strlen(at) > NAME_MAX || strcmp(at, ".") == 0 || strcmp(at, "..") == 0))
        err = fault_set(fault, RS_INVALID, "\"%.200s\" is no name for a file", path);
    if (err) {
        close(dir);
        return err;
    }
    memcpy(ret_name, at, strlen(at) + 1);
    *ret = dir;
    return RS_OK;
}

enum rs_err beneath_create(const char *root, const char *path, int flags, mode_t mode, int *ret, struct fault *fault)
{
    char name[NAME_MAX + 1];
    struct stat st;
    int dir, fd;
    enum rs_err err = open_parent(root, path, &dir, name, fault);

    if (err)
        return err;
    /* Its folder is below root; a link there is not followed. */
    fd = openat(dir, name, O_WRONLY | O_CREAT | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK | O_NOCTTY | flags, mode);
    if (fd < 0)
        err = fail(name, fault);
    else if (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode))
        err = fault_set(fault, RS_INVALID, "%.200s is no plain file", name);
    close(dir);
    if (err && fd >= 0)
        close(fd);
    if (!err)
        *ret = fd;
    return err;
}

enum rs_err beneath_rename(const char *root, const char *from, const char *to, struct fault *fault)
{
    char name[NAME_MAX + 1];
    const char *slash = to ? strrchr(to, '/') : NULL, *base = slash ? slash + 1 : to;
    int dir;
    enum rs_err err = open_parent(root, from, &dir, name, fault);

    if (err)
        return err;
    if (to && (!*base || strlen(base) > NAME_MAX || strcmp(base, ".") == 0 || strcmp(base, "..") == 0))
        err = fault_set(fault, RS_INVALID, "\"%.200s\" is no name for a file", to);
    else if ((to ? renameat(dir, name, dir, base) : unlinkat(dir, name, 0)) < 0)
        err = fail(name, fault);
    close(dir);
    return err;
}

enum rs_err beneath_write_all(int fd, const void *data, size_t len, struct fault *fault)
{
    const char *at = data;

    while (len > 0) {
        ssize_t n = write(fd, at, len);
        if (n < 0 && errno != EINTR)
            return fault_set(fault, RS_IO, "cannot write: %s", strerror(errno));
        if (n > 0)
            at += n, len -= (size_t)n;
    }
    return RS_OK;
}

enum rs_err beneath_write(const char *root, const char *path, const void *data, size_t len, mode_t mode,
                          struct fault *fault)
{
    char name[NAME_MAX + 1], temporary[64];
    struct stat st;
    int dir, fd = -1;
    enum rs_err err = open_parent(root, path, &dir, name, fault);

    if (err)
        return err;
    snprintf(temporary, sizeof temporary, TEMPORARY, (int)getpid());
    if (fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISDIR(st.st_mode)) {
        err = fault_set(fault, RS_INVALID, "%.200s is a folder", name);
        goto out;
    }
    unlinkat(dir, temporary, 0);
    if ((fd = openat(dir, temporary, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, mode)) < 0) {
        err = fault_set(fault, RS_IO, "cannot write: %s", strerror(errno));
        goto out;
    }
    err = beneath_write_all(fd, data, len, fault);
    if (close(fd) < 0 && !err)
        err = fault_set(fault, RS_IO, "cannot write: %s", strerror(errno));
    if (!err && renameat(dir, temporary, dir, name) < 0)
        err = fault_set(fault, RS_IO, "cannot write: %s", strerror(errno));
    if (err)
        unlinkat(dir, temporary, 0);
out:
    close(dir);
    return err;
}
