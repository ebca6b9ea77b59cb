#include "stats/stats.h"

#include "base/clock.h"
#include "stats/histogram.h"
#include "stats/samples.h"
#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#define VERSION 2  /* of what follows; raised when its meaning changes */
#define PROBES 64  /* slots looked at for one name */
#define TRIES 5    /* times another process may be faster at replacing the file */

/* A name is written once, by who has claimed the slot. One whose writer died meanwhile is lost; the name goes into another
 * then. Two processes may give a name two slots when they are at it at the same time: readers add up. */
enum { SLOT_FREE, SLOT_CLAIMED, SLOT_NAMED };

struct slot {
    _Atomic uint32_t state;
    char name[STATS_NAME_MAX];
    _Atomic uint64_t calls, errors;
    _Atomic int64_t last_ms;
    struct histogram took;
};

struct head {
    char magic[8];
    uint32_t version, head_bytes, slot_bytes, n_slots;
};
static const struct head right_head = {"RSSTATS", VERSION, sizeof(struct head), sizeof(struct slot), STATS_SLOTS};

/* The file. */
struct table {
    struct head head;
    struct slot slots[STATS_SLOTS];
    struct samples_ring ring;
};
_Static_assert(sizeof(struct slot) % _Alignof(struct slot) == 0, "slots stand in a row");

struct stats {
    struct table *table;
};

/* ---- the file ---- */

static bool is_right(int fd)
{
    struct stat st;
    struct head head;
    return fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && st.st_size == (off_t)sizeof(struct table) &&
           pread(fd, &head, sizeof head, 0) == (ssize_t)sizeof head && memcmp(&head, &right_head, sizeof head) == 0;
}

/* A new file beside it, whole, with its room on the disk: a page that has none would be SIGBUS. -1 with errno. */
static int make_file(char path[PATH_MAX])
{
    int fd = mkostemp(path, O_CLOEXEC);
    if (fd < 0)
        return -1;
    int why = posix_fallocate(fd, 0, (off_t)sizeof(struct table));
    if (why == 0 && fchmod(fd, 0660) == 0 && pwrite(fd, &right_head, sizeof right_head, 0) == (ssize_t)sizeof right_head)
        return fd;
    why = why ? why : errno;
    unlink(path);
    close(fd);
    errno = why;
    return -1;
}

/* Put a new file in place: of a missing one, or of the one open as `old`, unless somebody was faster. */
static int put_file(const struct datadir *dd, const char *path, int old)
{
    char fresh[PATH_MAX];
    struct stat mine, there;
    datadir_path(dd, fresh, "%s.XXXXXX", DATADIR_STATS);
    int fd = make_file(fresh);
    if (fd < 0)
        return -1;
    bool placed;
    if (old < 0)
        placed = link(fresh, path) == 0;
    else /* those that find the same bad file wait for each other here */
        placed = flock(old, LOCK_EX) == 0 && fstat(old, &mine) == 0 && stat(path, &there) == 0 && mine.st_ino == there.st_ino &&
                 mine.st_dev == there.st_dev && rename(fresh, path) == 0;
    if (!placed || old < 0)
        unlink(fresh);
    if (placed)
        return fd;
    close(fd);
    errno = EAGAIN;
    return -1;
}

static int open_file(const struct datadir *dd)
{
    char path[PATH_MAX];
    datadir_path(dd, path, DATADIR_STATS);
    for (int i = 0; i < TRIES; i++) {
        int fd = open(path, O_RDWR | O_CLOEXEC | O_NOFOLLOW);
        if (fd >= 0 && is_right(fd))
            return fd;
        if (fd < 0 && errno != ENOENT)
            return -1;
        int made = put_file(dd, path, fd);
        int why = errno;
        if (fd >= 0)
            close(fd);
        if (made >= 0)
            return made;
        errno = why;
        if (why != EAGAIN)
            return -1;
    }
    return -1;
}

enum rs_err stats_open(const struct datadir *dd, struct stats **ret, struct fault *fault)
{
    struct stats *stats = calloc(1, sizeof *stats);
    if (!stats)
        return fault_set(fault, RS_NOMEM, "no memory for counters");
    int fd = open_file(dd);
    void *at = fd < 0 ? MAP_FAILED : mmap(NULL, sizeof(struct table), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    if (at == MAP_FAILED)
        fault_set(fault, RS_IO, "%.300s/%s cannot be used, so calls are not counted: %s", dd->root, DATADIR_STATS, strerror(errno));
    if (fd >= 0)
        close(fd);
    if (at == MAP_FAILED) {
        free(stats);
        return RS_IO;
    }
    stats->table = at;
    *ret = stats;
    return RS_OK;
}

void stats_close(struct stats *stats)
{
    if (!stats)
        return;
    munmap(stats->table, sizeof *stats->table);
    free(stats);
}

struct samples_ring *stats_ring(struct stats *stats)
{
    return stats ? &stats->table->ring : NULL;
}

/* ---- slots ---- */

/* FNV-1a (32 bits). */
static uint32_t hash(const char *name)
{
    uint32_t h = 2166136261u;
    for (; *name; name++)
        h = (h ^ (unsigned char)*name) * 16777619u;
    return h;
}

static bool make_name(char name[STATS_NAME_MAX], const char *method, const char *path, const char *below)
{
    int n = snprintf(name, STATS_NAME_MAX, "%s %s%s", method, path, below);
    return n > 0 && n < STATS_NAME_MAX;
}

/* The slot of a name; a free one is taken for it. NULL: no room. */
static struct slot *take_slot(struct table *table, const char *name)
{
    uint32_t at = hash(name);
    for (int i = 0; i < PROBES; i++) {
        struct slot *slot = &table->slots[(at + (uint32_t)i) % STATS_SLOTS];
        uint32_t state = atomic_load_explicit(&slot->state, memory_order_acquire);
        if (state == SLOT_NAMED && strncmp(slot->name, name, STATS_NAME_MAX) == 0)
            return slot;
        if (state == SLOT_FREE && atomic_compare_exchange_strong(&slot->state, &state, SLOT_CLAIMED)) {
            memcpy(slot->name, name, strlen(name) + 1);
            atomic_store_explicit(&slot->state, SLOT_NAMED, memory_order_release);
            return slot;
        }
    }
    return NULL;
}

void stats_count(struct stats *stats, const char *method, const char *path, const char *below, int64_t us, bool error)
{
    char name[STATS_NAME_MAX];
    struct slot *slot = stats && make_name(name, method, path, below) ? take_slot(stats->table, name) : NULL;
    if (!slot)
        return;
    atomic_fetch_add_explicit(&slot->calls, 1, memory_order_relaxed);
    if (error)
        atomic_fetch_add_explicit(&slot->errors, 1, memory_order_relaxed);
    histogram_count(&slot->took, us);
    atomic_store_explicit(&slot->last_ms, clock_wall_ms(), memory_order_relaxed);
}

void stats_read(const struct stats *stats, const char *method, const char *path, const char *below, struct stats_figures *ret)
{
    struct histogram took = {0};
    char name[STATS_NAME_MAX];
    *ret = (struct stats_figures){0};
    if (!stats || !make_name(name, method, path, below))
        return;
    for (uint32_t at = hash(name), i = 0; i < PROBES; i++) {
        const struct slot *slot = &stats->table->slots[(at + i) % STATS_SLOTS];
        uint32_t state = atomic_load_explicit(&slot->state, memory_order_acquire);
        if (state == SLOT_FREE)
            break; /* nobody has gone on beyond it */
        if (state != SLOT_NAMED || strncmp(slot->name, name, STATS_NAME_MAX) != 0)
            continue;
        int64_t last_ms = atomic_load_explicit(&slot->last_ms, memory_order_relaxed);
        ret->calls += atomic_load_explicit(&slot->calls, memory_order_relaxed);
        ret->errors += atomic_load_explicit(&slot->errors, memory_order_relaxed);
        ret->last_ms = last_ms > ret->last_ms ? last_ms : ret->last_ms;
        histogram_add(&took, &slot->took);
    }
    ret->p50_ms = histogram_ms(&took, 0.5);
    ret->p95_ms = histogram_ms(&took, 0.95);
}
