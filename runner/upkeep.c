#include "runner/upkeep.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/id.h"
#include "base/log.h"
#include "model/run.h"
#include "model/store.h"
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define DAY_MS (24 * 60 * 60 * 1000LL)
#define STAMP "run/upkeep"
#define GONE ".gone-" /* a folder on its way out: a run that is resumed meanwhile makes a new one */
#define DEPTH_MAX 64

struct old_run {
    char id[ID_MAX + 1];
    int64_t finished_ms, bytes; /* of its artifacts, when they are counted */
};
struct upkeep {
    const struct datadir *dd;
    struct store store;
    const atomic_bool *stop;
    int64_t now, work_before, artifacts_before, max_bytes; /* 0: no limit */
    int64_t total_bytes;                                   /* of all artifacts */
    struct old_run *list;                                  /* ended runs that have artifacts, when bytes are limited */
    size_t n, cap;
    struct upkeep_done done;
    enum rs_err err;
    struct fault *fault;
};

bool upkeep_due(const struct datadir *dd)
{
    char path[PATH_MAX];
    struct stat st;
    int64_t now = clock_wall_ms();

    datadir_path(dd, path, STAMP);
    if (stat(path, &st) == 0 && now - (int64_t)st.st_mtim.tv_sec * 1000 < UPKEEP_EVERY_MS &&
        st.st_mtim.tv_sec * 1000 <= now)
        return false;
    if (file_write(path, "", 0, 0660, NULL) != RS_OK) {
        /* Who cannot note it does it often, which does no harm. */
    }
    return true;
}

static bool stopped(const struct upkeep *up)
{
    return up->stop && atomic_load(up->stop);
}

static void failed(struct upkeep *up, enum rs_err err, const struct fault *why)
{
    if (up->err)
        return;
    up->err = err;
    if (up->fault)
        *up->fault = *why;
}

/* What lies below, no link followed. */
static int64_t bytes_below(int dir, const char *name, int depth)
{
    int64_t bytes = 0;
    struct stat st;
    struct dirent *entry;
    int fd = openat(dir, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    DIR *stream = fd >= 0 ? fdopendir(fd) : NULL;

    if (!stream && fd >= 0)
        close(fd);
    while (stream && (entry = readdir(stream))) {
        if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0 ||
            fstatat(dirfd(stream), entry->d_name, &st, AT_SYMLINK_NOFOLLOW) < 0)
            continue;
        if (S_ISDIR(st.st_mode) && depth < DEPTH_MAX)
            bytes += bytes_below(dirfd(stream), entry->d_name, depth + 1);
        else if (S_ISREG(st.st_mode))
            bytes += st.st_size;
    }
    if (stream)
        closedir(stream);
    return bytes;
}

/* Out of the way at once, then away. Returns: was there anything, and is it gone? */
static bool take_away(struct upkeep *up, const char *run_id, const char *folder)
{
    char from[PATH_MAX], to[PATH_MAX], mark[ID_MAX + 1];
    struct fault why;

    id_new(GONE, mark);
    datadir_path(up->dd, from, "runs/%s/%s", run_id, folder);
    datadir_path(up->dd, to, "runs/%s/%s", run_id, mark);
    if (rename(from, to) < 0) {
        if (errno != ENOENT) {
            fault_set(&why, RS_IO, "%s: %s", from, strerror(errno));
            failed(up, RS_IO, &why);
        }
        return false;
    }
    enum rs_err err = file_remove_tree(to, &why);
    if (err)
        failed(up, err, &why);
    return !err;
}

/* What an upkeep that was interrupted has left half removed. */
static void finish_removals(struct upkeep *up, const char *run_id)
{
    char path[PATH_MAX];
    struct dirent *entry;
    struct fault why;
    DIR *dir = opendir(datadir_path(up->dd, path, "runs/%s", run_id));

    while (dir && (entry = readdir(dir))) {
        if (strncmp(entry->d_name, GONE, sizeof GONE - 1) != 0)
            continue;
        enum rs_err err = file_remove_tree(datadir_path(up->dd, path, "runs/%s/%s", run_id, entry->d_name), &why);
        if (err)
            failed(up, err, &why);
    }
    if (dir)
        closedir(dir);
}

/* When did it end? 0: it has not, or nobody knows. */
static int64_t finished_ms(struct upkeep *up, const char *run_id)
{
    struct db_rows *rows = NULL;
    struct fault why;
    int64_t finished = 0;
    enum rs_err err =
        db_query(up->store.db, &rows, &why,
                 "SELECT COALESCE(finished, 0) FROM run WHERE id = $1 AND status IN ('success', 'error', 'cancelled')",
                 "t", run_id);

    if (!err && (err = db_next(rows, &why)) == RS_OK)
        finished = db_int(rows, 0);
    else if (err != RS_NOT_FOUND)
        failed(up, err, &why);
    db_done(rows);
    return finished;
}

static void remember(struct upkeep *up, const char *run_id, int64_t finished, int64_t bytes)
{
    if (up->n == up->cap) {
        size_t cap = up->cap ? 2 * up->cap : 256;
        struct old_run *grown = realloc(up->list, cap * sizeof *grown);
        if (!grown)
            return;
        up->list = grown;
        up->cap = cap;
    }
    struct old_run *run = &up->list[up->n++];
    snprintf(run->id, sizeof run->id, "%.*s", ID_MAX, run_id);
    run->finished_ms = finished;
    run->bytes = bytes;
}

static void look_at(struct upkeep *up, int runs, const char *run_id)
{
    char path[PATH_MAX + 16];
    int64_t finished = finished_ms(up, run_id), bytes = 0;
    bool old = finished > 0 && finished < up->artifacts_before;

    snprintf(path, sizeof path, "%s/artifacts", run_id);
    if (old || up->max_bytes > 0)
        bytes = bytes_below(runs, path, 0);
    if (finished > 0)
        finish_removals(up, run_id);
    if (finished > 0 && finished < up->work_before && take_away(up, run_id, "work"))
        up->done.work++;
    if (old && take_away(up, run_id, "artifacts")) {
        up->done.artifacts++;
        up->done.bytes += bytes;
        bytes = 0;
    }
    if (old && finished < up->work_before && unlinkat(runs, run_id, AT_REMOVEDIR) < 0) {
        /* There is something left in it. */
    }
    up->total_bytes += bytes;
    if (up->max_bytes > 0 && finished > 0 && bytes > 0)
        remember(up, run_id, finished, bytes);
}

static int by_end(const void *a, const void *b)
{
    int64_t x = ((const struct old_run *)a)->finished_ms, y = ((const struct old_run *)b)->finished_ms;
    return x < y ? -1 : x > y;
}

/* The runs that ended first go first. */
static void shrink(struct upkeep *up)
{
    if (up->n > 1)
        qsort(up->list, up->n, sizeof *up->list, by_end);
    for (size_t i = 0; i < up->n && up->total_bytes > up->max_bytes && !stopped(up); i++) {
        struct old_run *run = &up->list[i];
        if (finished_ms(up, run->id) != run->finished_ms || !take_away(up, run->id, "artifacts"))
            continue; /* it was resumed meanwhile */
        up->done.artifacts++;
        up->done.bytes += run->bytes;
        up->total_bytes -= run->bytes;
    }
}

static int64_t before(const struct upkeep *up, const char *key)
{
    int64_t days = config_number(up->dd->config, key);
    return days > 0 ? up->now - days * DAY_MS : 0;
}

enum rs_err upkeep_run(const struct datadir *dd, const atomic_bool *stop, struct upkeep_done *ret, struct fault *fault)
{
    struct upkeep up = {.dd = dd, .stop = stop, .now = clock_wall_ms(), .fault = fault};
    char path[PATH_MAX];
    struct dirent *entry;
    DIR *dir = NULL;

    up.work_before = before(&up, "runs.keep_work_days");
    up.artifacts_before = before(&up, "artifacts.keep_days");
    up.max_bytes = config_number(dd->config, "artifacts.keep_bytes");
    *ret = up.done;
    if (up.work_before == 0 && up.artifacts_before == 0 && up.max_bytes == 0)
        return RS_OK;
    enum rs_err err = store_open(&up.store, dd, "upkeep", fault);
    if (err)
        return err;
    dir = opendir(datadir_path(dd, path, "runs"));
    while (dir && !stopped(&up) && (entry = readdir(dir)))
        if (id_valid(entry->d_name))
            look_at(&up, dirfd(dir), entry->d_name);
    if (dir)
        closedir(dir);
    if (up.max_bytes > 0)
        shrink(&up);
    free(up.list);
    store_release(&up.store);
    *ret = up.done;
    return up.err;
}

void upkeep_do(const struct datadir *dd, const atomic_bool *stop)
{
    struct upkeep_done done = {0};
    struct fault fault = {0};

    if (upkeep_run(dd, stop, &done, &fault) != RS_OK)
        log_event(LOG_LEVEL_WARN, "upkeep.failed", "reason=\"%s\"", fault.message);
    if (done.work > 0 || done.artifacts > 0)
        log_event(LOG_LEVEL_INFO, "upkeep.done", "work=%d artifacts=%d bytes=%lld", done.work, done.artifacts,
                  (long long)done.bytes);
}
