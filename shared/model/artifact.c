#include "model/artifact.h"
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

/* What is shown in the browser; all else, and what could carry scripts (HTML, SVG), is offered for download. */
static const struct {
    const char *suffix, *type;
    bool shown;
} types[] = {
    {".md", "text/markdown; charset=utf-8", true},
    {".txt", "text/plain; charset=utf-8", true},
    {".log", "text/plain; charset=utf-8", true},
    {".csv", "text/csv; charset=utf-8", true},
    {".json", "application/json", true},
    {".jsonl", "text/plain; charset=utf-8", true},
    {".png", "image/png", true},
    {".jpg", "image/jpeg", true},
    {".jpeg", "image/jpeg", true},
    {".gif", "image/gif", true},
    {".webp", "image/webp", true},
    {".pdf", "application/pdf", true},
    {".mp4", "video/mp4", true},
    {".webm", "video/webm", true},
    {".html", "text/html; charset=utf-8", false},
    {".htm", "text/html; charset=utf-8", false},
    {".svg", "image/svg+xml", false},
    {".xml", "application/xml", false},
    {".zip", "application/zip", false},
    {".gz", "application/gzip", false},
    {".tar", "application/x-tar", false},
    {".yaml", "application/yaml", false},
    {".yml", "application/yaml", false},
};

const char *artifact_type(const char *name, bool *ret_shown)
{
    const char *suffix = strrchr(name, '.');
    for (size_t i = 0; suffix && i < sizeof types / sizeof *types; i++) {
        if (strcasecmp(suffix, types[i].suffix) == 0) {
            *ret_shown = types[i].shown;
            return types[i].type;
        }
    }
    *ret_shown = false;
    return "application/octet-stream";
}

static bool name_hidden(const char *name)
{
    return strcmp(name, ".") == 0 || strcmp(name, "..") == 0 || strncmp(name, ".partial-", 9) == 0 ||
           strncmp(name, ".runspool-", 10) == 0;
}

static int open_folder(const struct datadir *dd, const char *run_id)
{
    char path[PATH_MAX];
    return open(datadir_path(dd, path, DATADIR_RUN_ARTIFACTS, run_id), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
}

static void add(struct artifact_list *list, const char *name, const struct stat *st)
{
    char *copy = strdup(name);

    if (copy)
        list->items[list->n++] =
            (struct artifact){copy, st->st_size, (int64_t)st->st_mtim.tv_sec * 1000 + st->st_mtim.tv_nsec / 1000000};
}

/* Takes folder. prefix: its name with a slash behind, or "". */
static void walk(struct artifact_list *list, int folder, const char *prefix, int depth)
{
    DIR *dir = folder >= 0 ? fdopendir(folder) : NULL;
    struct dirent *entry;
    char name[ARTIFACT_NAME_MAX + 2];
    struct stat st;

    if (!dir && folder >= 0)
        close(folder);
    while (dir && !list->more && (entry = readdir(dir))) {
        size_t len = strlen(prefix) + strlen(entry->d_name);
        if (name_hidden(entry->d_name) || len > ARTIFACT_NAME_MAX ||
            fstatat(dirfd(dir), entry->d_name, &st, AT_SYMLINK_NOFOLLOW) < 0)
            continue;
        snprintf(name, sizeof name, "%s%s", prefix, entry->d_name);
        if (S_ISREG(st.st_mode)) {
            list->more = list->n == ARTIFACTS_MAX;
            if (!list->more)
                add(list, name, &st);
        } else if (S_ISDIR(st.st_mode) && depth < ARTIFACT_DEPTH_MAX) {
            name[len] = '/';
            name[len + 1] = '\0';
            walk(list, openat(dirfd(dir), entry->d_name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC), name,
                 depth + 1);
        }
    }
    if (dir)
        closedir(dir);
}

static int by_name(const void *a, const void *b)
{
    return strcmp(((const struct artifact *)a)->name, ((const struct artifact *)b)->name);
}

enum rs_err artifact_find(const struct datadir *dd, const char *run_id, struct artifact_list *ret, struct fault *fault)
{
    struct artifact_list list = {.items = NULL};
    int folder = open_folder(dd, run_id);

    if (folder < 0 && errno != ENOENT)
        return fault_set(fault, RS_IO, "cannot open the run's artifacts: %s", strerror(errno));
    if (folder >= 0 && !(list.items = calloc(ARTIFACTS_MAX, sizeof *list.items))) {
        close(folder);
        return fault_set(fault, RS_NOMEM, "out of memory");
    }
    if (folder >= 0)
        walk(&list, folder, "", 0);
    if (list.n > 1)
        qsort(list.items, (size_t)list.n, sizeof *list.items, by_name);
    *ret = list;
    return RS_OK;
}

void artifact_list_release(struct artifact_list *list)
{
    for (int i = 0; i < list->n; i++)
        free(list->items[i].name);
    free(list->items);
    *list = (struct artifact_list){.items = NULL};
}

enum rs_err artifact_open(const struct datadir *dd, const char *run_id, const char *name, int *ret, struct stat *st,
                          struct fault *fault)
{
    char part[NAME_MAX + 1];
    const char *at = name;
    int fd = strlen(name) <= ARTIFACT_NAME_MAX ? open_folder(dd, run_id) : -1;

    for (bool last = false; fd >= 0 && !last;) {
        size_t n = strcspn(at, "/");
        last = at[n] == '\0';
        int next = -1;
        if (n > 0 && n <= NAME_MAX) {
            memcpy(part, at, n);
            part[n] = '\0';
            if (!name_hidden(part))
                next = openat(fd, part, O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK | (last ? 0 : O_DIRECTORY));
        }
        close(fd);
        fd = next;
        at += n + 1;
    }
    if (fd >= 0 && fstat(fd, st) == 0 && S_ISREG(st->st_mode)) {
        *ret = fd;
        return RS_OK;
    }
    if (fd >= 0)
        close(fd);
    return fault_set(fault, RS_NOT_FOUND, "this run has no artifact \"%.200s\"", name);
}
