/* faultshim - loaded before libc (LD_PRELOAD) by the tests of faults. Two faults, each asked for by an environment variable:
 *   FAULTSHIM_CLOCK=FILE   the wall clock is off by the 64-bit number of milliseconds in FILE, which the test may change
 *   FAULTSHIM_RECORD=FILE  what is done to events.db and events.db-wal is appended to FILE, so that the test can make
 *                          again what a machine that lost power would have kept: see powerloss.py
 * A record: struct record, then `len` bytes. One process at a time writes it. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#define FDS_MAX 65536

enum file { FILE_NONE, FILE_DB, FILE_WAL };
enum op { OP_WRITE = 1, OP_TRUNCATE, OP_SYNC, OP_UNLINK, OP_NAME, OP_SYNC_NAMES };
struct record {
    uint32_t op, file;
    uint64_t offset, len;
};

static const volatile int64_t *clock_offset;
static int record_fd = -1;
static unsigned char files[FDS_MAX];
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

__attribute__((constructor)) static void start(void)
{
    const char *path = getenv("FAULTSHIM_CLOCK");
    int fd = path ? open(path, O_RDONLY | O_CLOEXEC) : -1;
    void *map = fd >= 0 ? mmap(NULL, sizeof *clock_offset, PROT_READ, MAP_SHARED, fd, 0) : MAP_FAILED;

    if (fd >= 0)
        close(fd);
    if (map != MAP_FAILED)
        clock_offset = map;
    path = getenv("FAULTSHIM_RECORD");
    if (path)
        record_fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
}

/* --- the clock --- */

int clock_gettime(clockid_t id, struct timespec *ret)
{
    long rc = syscall(SYS_clock_gettime, id, ret);
    int64_t ns;

    if (rc != 0 || !clock_offset || (id != CLOCK_REALTIME && id != CLOCK_REALTIME_COARSE))
        return (int)rc;
    ns = ret->tv_nsec + *clock_offset % 1000 * 1000000;
    ret->tv_sec += *clock_offset / 1000 + (ns < 0 ? -1 : ns / 1000000000);
    ret->tv_nsec = ns < 0 ? ns + 1000000000 : ns % 1000000000;
    return 0;
}

int gettimeofday(struct timeval *restrict ret, void *restrict zone)
{
    struct timespec now;

    (void)zone;
    clock_gettime(CLOCK_REALTIME, &now);
    *ret = (struct timeval){now.tv_sec, now.tv_nsec / 1000};
    return 0;
}

time_t time(time_t *ret)
{
    struct timespec now;

    clock_gettime(CLOCK_REALTIME, &now);
    if (ret)
        *ret = now.tv_sec;
    return now.tv_sec;
}

/* --- the disk --- */

/* events.db is made as events.db.new-ID. */
static enum file file_of(const char *path)
{
    const char *slash = strrchr(path, '/'), *name = slash ? slash + 1 : path;

    if (strcmp(name, "events.db-wal") == 0)
        return FILE_WAL;
    if (strcmp(name, "events.db") == 0)
        return FILE_DB;
    return strncmp(name, "events.db.new-", 14) == 0 && !strchr(name + 14, '-') ? FILE_DB : FILE_NONE;
}

static void put(const void *bytes, size_t len)
{
    const char *at = bytes;

    while (len > 0) {
        long n = syscall(SYS_write, record_fd, at, len);
        if (n <= 0) {
            fprintf(stderr, "faultshim: cannot record\n");
            abort();
        }
        at += n;
        len -= (size_t)n;
    }
}

/* Before the call is made: what is said to be written may be, what is said to be synced is only after it. */
static void note(enum op op, enum file file, off_t offset, const void *bytes, size_t len)
{
    struct record record = {op, file, (uint64_t)offset, len};

    if (file == FILE_NONE || record_fd < 0)
        return;
    pthread_mutex_lock(&lock);
    put(&record, sizeof record);
    if (bytes)
        put(bytes, len);
    pthread_mutex_unlock(&lock);
}

static enum file file_at(int fd)
{
    return fd >= 0 && fd < FDS_MAX ? files[fd] : FILE_NONE;
}

int open(const char *path, int flags, ...)
{
    va_list args;
    mode_t mode;
    long fd;

    va_start(args, flags);
    mode = flags & (O_CREAT | O_TMPFILE) ? va_arg(args, mode_t) : 0;
    va_end(args);
    if (flags & O_CREAT && file_of(path) == FILE_WAL && access(path, F_OK) != 0)
        note(OP_NAME, FILE_WAL, 0, NULL, 0);
    fd = syscall(SYS_openat, AT_FDCWD, path, flags, mode);
    if (fd >= 0 && fd < FDS_MAX)
        files[fd] = (unsigned char)file_of(path);
    return (int)fd;
}

int open64(const char *path, int flags, ...)
{
    va_list args;
    mode_t mode;

    va_start(args, flags);
    mode = flags & (O_CREAT | O_TMPFILE) ? va_arg(args, mode_t) : 0;
    va_end(args);
    return open(path, flags, mode);
}

int close(int fd)
{
    if (fd >= 0 && fd < FDS_MAX)
        files[fd] = FILE_NONE;
    return (int)syscall(SYS_close, fd);
}

ssize_t pwrite(int fd, const void *bytes, size_t len, off_t offset)
{
    note(OP_WRITE, file_at(fd), offset, bytes, len);
    return syscall(SYS_pwrite64, fd, bytes, len, offset);
}

ssize_t pwrite64(int fd, const void *bytes, size_t len, off64_t offset)
{
    return pwrite(fd, bytes, len, offset);
}

ssize_t write(int fd, const void *bytes, size_t len)
{
    if (file_at(fd) != FILE_NONE)
        note(OP_WRITE, file_at(fd), lseek(fd, 0, SEEK_CUR), bytes, len);
    return syscall(SYS_write, fd, bytes, len);
}

int ftruncate(int fd, off_t len)
{
    note(OP_TRUNCATE, file_at(fd), 0, NULL, (size_t)len);
    return (int)syscall(SYS_ftruncate, fd, len);
}

int ftruncate64(int fd, off64_t len)
{
    return ftruncate(fd, len);
}

/* Is it the folder of the log? */
static bool is_folder(int fd)
{
    char path[64], folder[4096], name[4200];
    struct stat st;
    ssize_t n;

    if (fstat(fd, &st) != 0 || !S_ISDIR(st.st_mode))
        return false;
    snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    n = readlink(path, folder, sizeof folder - 1);
    if (n < 0)
        return false;
    folder[n] = '\0';
    snprintf(name, sizeof name, "%s/events.db", folder);
    return access(name, F_OK) == 0;
}

static int synced(int fd, long rc)
{
    if (rc == 0 && record_fd >= 0 && is_folder(fd))
        note(OP_SYNC_NAMES, FILE_DB, 0, NULL, 0);
    else if (rc == 0)
        note(OP_SYNC, file_at(fd), 0, NULL, 0);
    return (int)rc;
}

int fsync(int fd)
{
    return synced(fd, syscall(SYS_fsync, fd));
}

int fdatasync(int fd)
{
    return synced(fd, syscall(SYS_fdatasync, fd));
}

int link(const char *from, const char *to)
{
    note(OP_NAME, file_of(to), 0, NULL, 0);
    return (int)syscall(SYS_link, from, to);
}

int unlink(const char *path)
{
    if (file_of(path) == FILE_WAL) /* no other is, but for the name under which the log was made */
        note(OP_UNLINK, FILE_WAL, 0, NULL, 0);
    return (int)syscall(SYS_unlink, path);
}
