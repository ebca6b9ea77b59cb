#include "base/file.h"

#include "base/id.h"
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { TREE_DEPTH_MAX = 1000, REMOVE_PASSES_MAX = 10 };

static enum rs_err errno_fault(struct fault *fault, const char *what, const char *path)
{
    enum rs_err code = errno == ENOENT || errno == ENOTDIR ? RS_NOT_FOUND : errno == ENOMEM ? RS_NOMEM : RS_IO;
    return fault_set(fault, code, "cannot %s %s: %s", what, path, strerror(errno));
}

/* Read up to len bytes, whole unless the file ends. Returns: bytes read, -1 with errno. */
static ssize_t read_fully(int fd, char *out, size_t len)
{
    size_t got = 0;
    while (got < len) {
        ssize_t n = read(fd, out + got, len - got);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return -1;
        if (n == 0)
            break;
        got += (size_t)n;
    }
    return (ssize_t)got;
}

enum rs_err file_read(const char *path, size_t max, char **ret, size_t *ret_len, struct fault *fault)
{
    char *data = NULL;
    size_t len = 0, cap = 0;
    enum rs_err err;
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return errno_fault(fault, "read", path);
    for (;;) { /* the size stat tells is a guess: /proc files say 0, others grow */
        if (len == cap) {
            size_t more = cap ? cap * 2 : 4096;
            cap = more < max + 1 ? more : max + 1;
            char *grown = realloc(data, cap + 1);
            if (!grown) {
                err = fault_set(fault, RS_NOMEM, "out of memory reading %s", path);
                goto out;
            }
            data = grown;
        }
        ssize_t n = read_fully(fd, data + len, cap - len);
        if (n < 0) {
            err = errno_fault(fault, "read", path);
            goto out;
        }
        len += (size_t)n;
        if (len > max) {
            err = fault_set(fault, RS_LIMIT, "%s is larger than %zu bytes", path, max);
            goto out;
        }
        if (len < cap)
            break;
    }
    data[len] = '\0';
    *ret = data;
    data = NULL;
    if (ret_len)
        *ret_len = len;
    err = RS_OK;
out:
    free(data);
    close(fd);
    return err;
}

static int write_fully(int fd, const char *data, size_t len)
{
    while (len > 0) {
        ssize_t n = write(fd, data, len);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return -1;
        data += n;
        len -= (size_t)n;
    }
    return 0;
}

/* A rename is durable once the folder that holds the name is on the disk. */
static int sync_parent(const char *path)
{
    char parent[PATH_MAX];
    const char *slash = strrchr(path, '/');
    int n = !slash ? snprintf(parent, sizeof parent, ".")
                   : snprintf(parent, sizeof parent, "%.*s", slash == path ? 1 : (int)(slash - path), path);
    if (n < 0 || (size_t)n >= sizeof parent) {
        errno = ENAMETOOLONG;
        return -1;
    }
    int fd = open(parent, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        return -1;
    int rc = fsync(fd) < 0 && errno != EINVAL ? -1 : 0; /* EINVAL: a file system without it */
    close(fd);
    return rc;
}

enum rs_err file_sync(const char *path, struct fault *fault)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return errno_fault(fault, "open", path);
    enum rs_err err = fsync(fd) < 0 && errno != EINVAL ? errno_fault(fault, "sync", path) : RS_OK;
    close(fd);
    return err;
}

enum rs_err file_sync_name(const char *path, struct fault *fault)
{
    return sync_parent(path) < 0 ? errno_fault(fault, "sync the folder of", path) : RS_OK;
}

enum rs_err file_write(const char *path, const void *data, size_t len, mode_t mode, struct fault *fault)
{
    char temp[PATH_MAX] = "";
    enum rs_err err = RS_OK;
    int n = snprintf(temp, sizeof temp, "%s.XXXXXX", path);
    if (n < 0 || (size_t)n >= sizeof temp)
        return fault_set(fault, RS_INVALID, "path too long: %.200s...", path);
    int fd = mkostemp(temp, O_CLOEXEC);
    if (fd < 0)
        return errno_fault(fault, "write", path);
    bool made = true;
    if (fchmod(fd, mode) < 0 || write_fully(fd, data, len) < 0 || fsync(fd) < 0) {
        err = errno_fault(fault, "write", path);
        goto out;
    }
    if (rename(temp, path) < 0) {
        err = errno_fault(fault, "replace", path);
        goto out;
    }
    made = false;
    err = file_sync_name(path, fault);
out:
    close(fd);
    if (made)
        unlink(temp);
    return err;
}

enum rs_err file_create(const char *path, mode_t mode, struct fault *fault)
{
    char temp[PATH_MAX], unique[ID_MAX + 1];
    if (access(path, F_OK) == 0)
        return RS_OK;
    int n = snprintf(temp, sizeof temp, "%s%s", path, id_new(".new-", unique));
    if (n < 0 || (size_t)n >= sizeof temp)
        return fault_set(fault, RS_INVALID, "path too long: %.200s...", path);
    /* Made under a name of its own and linked when closed, since another thread may open the final name at once. */
    int fd = open(temp, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, mode);
    if (fd < 0)
        return errno_fault(fault, "create", path);
    close(fd);
    enum rs_err err = link(temp, path) < 0 && errno != EEXIST ? errno_fault(fault, "create", path) : RS_OK;
    unlink(temp);
    return err;
}

enum rs_err file_mkdir(const char *path, mode_t mode, struct fault *fault)
{
    char partial[PATH_MAX];
    size_t len = strlen(path);
    if (len == 0 || len >= sizeof partial)
        return fault_set(fault, RS_INVALID, "bad folder name: %.200s", path);
    memcpy(partial, path, len + 1);
    for (char *p = partial + 1;; p++) {
        if (*p != '/' && *p != '\0')
            continue;
        char was = *p;
        *p = '\0';
        if (mkdir(partial, mode) == 0) {
            /* mkdir leaves out the setgid bit; the umask has had its say on the others. */
            struct stat st;
            if ((mode & S_ISGID) && stat(partial, &st) == 0 && chmod(partial, (st.st_mode & 07777) | S_ISGID) < 0)
                return errno_fault(fault, "set the mode of", partial);
        } else if (errno != EEXIST) {
            return errno_fault(fault, "make the folder", partial);
        }
        if (was == '\0')
            break;
        *p = '/';
    }
    struct stat st;
    if (stat(path, &st) < 0)
        return errno_fault(fault, "make the folder", path);
    if (!S_ISDIR(st.st_mode))
        return fault_set(fault, RS_IO, "%s exists and is not a folder", path);
    return RS_OK;
}

/* Empty the folder open at fd (taken over and closed). Returns 0, or -1 with errno. */
static int empty_folder(int fd, int depth)
{
    if (depth > TREE_DEPTH_MAX) {
        close(fd);
        errno = ELOOP;
        return -1;
    }
    DIR *dir = fdopendir(fd);
    if (!dir) {
        close(fd);
        return -1;
    }
    int failed = 0;
    struct dirent *entry;
    while (!failed && (entry = readdir(dir))) {
        if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
            continue;
        if (unlinkat(dirfd(dir), entry->d_name, 0) == 0 || errno == ENOENT)
            continue;
        if (errno != EISDIR && errno != EPERM) {
            failed = errno;
            break;
        }
        int child = openat(dirfd(dir), entry->d_name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
        if (child < 0 && errno == EACCES && fchmodat(dirfd(dir), entry->d_name, 0700, 0) == 0)
            child = openat(dirfd(dir), entry->d_name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
        if (child < 0 || empty_folder(child, depth + 1) < 0 ||
            (unlinkat(dirfd(dir), entry->d_name, AT_REMOVEDIR) < 0 && errno != ENOENT && errno != ENOTEMPTY))
            failed = errno;
    }
    closedir(dir);
    errno = failed;
    return failed ? -1 : 0;
}

static enum rs_err remove_at(int dir, const char *name, struct fault *fault)
{
    /* Another process may still be adding files: look again a few times. */
    for (int pass = 0; pass < REMOVE_PASSES_MAX; pass++) {
        int fd = openat(dir, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
        if (fd < 0 && errno == ENOENT)
            return RS_OK;
        if (fd < 0 || empty_folder(fd, 0) < 0)
            return errno_fault(fault, "remove", name);
        if (unlinkat(dir, name, AT_REMOVEDIR) == 0 || errno == ENOENT)
            return RS_OK;
        if (errno != ENOTEMPTY && errno != EEXIST)
            return errno_fault(fault, "remove", name);
    }
    return fault_set(fault, RS_BUSY, "cannot remove %s: files keep being added to it", name);
}

enum rs_err file_remove_tree(const char *path, struct fault *fault)
{
    return remove_at(AT_FDCWD, path, fault);
}

/* The next name of a path that is not "." into name. Returns: its length, 0 at the path's end, -1 for one that no folder to
 * pass through or to remove can have. */
static int next_name(const char **path, char name[NAME_MAX + 1])
{
    size_t len;
    do {
        *path += strspn(*path, "/");
        len = strcspn(*path, "/");
        if (len > NAME_MAX || (len == 2 && memcmp(*path, "..", 2) == 0))
            return -1;
        memcpy(name, *path, len);
        name[len] = '\0';
        *path += len;
    } while (strcmp(name, ".") == 0);
    return (int)len;
}

enum rs_err file_remove_beneath(const char *root, const char *path, struct fault *fault)
{
    char name[NAME_MAX + 1], next[NAME_MAX + 1];
    enum rs_err err = RS_OK;
    int dir = open(root, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (dir < 0)
        return errno_fault(fault, "open", root);
    int len = next_name(&path, name), n = len;
    while (n > 0 && (n = next_name(&path, next)) > 0) {
        int below = openat(dir, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
        if (below < 0) {
            err = errno == ENOENT ? RS_OK : fault_set(fault, RS_INVALID, "%s is no folder in %s", name, root);
            goto out;
        }
        close(dir);
        dir = below;
        memcpy(name, next, sizeof name);
    }
    if (n < 0)
        err = fault_set(fault, RS_INVALID, "a part of the path is \"..\" or too long");
    else if (len > 0)
        err = remove_at(dir, name, fault);
out:
    close(dir);
    return err;
}
