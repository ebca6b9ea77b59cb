#include "runner/proctree.h"
#include <ctype.h>
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define CHILDREN_MAX (1024 * 1024)    /* bytes of a list of children */
#define ENVIRON_MAX (2 * 1024 * 1024) /* Linux takes no more of arguments and environment together */

/* The first bytes of a file of /proc. Returns: how many, -1 when the process is gone or not ours to read. */
static ssize_t read_some(const char *path, char *text, size_t size)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t n = fd < 0 ? -1 : read(fd, text, size - 1);

    if (fd >= 0)
        close(fd);
    if (n >= 0)
        text[n] = '\0';
    return n;
}

/* All of one, up to max. *ret: NUL-terminated, owned; NULL when it cannot be had. */
static size_t read_whole(const char *path, size_t max, char **ret)
{
    size_t len = 0, cap = 4096;
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    char *text = fd < 0 ? NULL : malloc(cap);
    ssize_t n = 0;

    while (text && (n = read(fd, text + len, cap - 1 - len)) > 0) {
        len += (size_t)n;
        if (len < cap - 1)
            continue;
        char *grown = cap >= max ? NULL : realloc(text, cap * 2);
        if (!grown)
            break;
        text = grown;
        cap *= 2;
    }
    if (fd >= 0)
        close(fd);
    if (text)
        text[len] = '\0';
    *ret = text;
    return len;
}

static bool read_entry(pid_t pid, struct proctree_entry *ret)
{
    char path[64], text[1024];
    int group, threads;
    unsigned long address_space;

    snprintf(path, sizeof path, "/proc/%d/stat", (int)pid);
    if (read_some(path, text, sizeof text) <= 0)
        return false;
    /* The name in parentheses may hold anything: what follows is behind the last one. */
    char *rest = strrchr(text, ')');
    if (!rest || sscanf(rest + 1, " %*c %*d %d %*d %*d %*d %*u %*u %*u %*u %*u %*u %*u %*d %*d %*d %*d %d %*d %*u %lu",
                        &group, &threads, &address_space) != 3)
        return false;
    /* With threads left only its first one has ended. */
    *ret = (struct proctree_entry){
        .pid = pid, .group = group, .threads = threads > 0 ? threads : 1, .ended = address_space == 0 && threads <= 1};
    return true;
}

static enum rs_err add(struct proctree *tree, pid_t pid, int top)
{
    struct proctree_entry entry;

    if (tree->n == tree->max || !read_entry(pid, &entry))
        return RS_OK;
    if (tree->n == tree->cap) {
        int cap = tree->cap ? 2 * tree->cap : 64;
        struct proctree_entry *grown = realloc(tree->list, (size_t)cap * sizeof *grown);
        if (!grown)
            return RS_NOMEM;
        tree->list = grown;
        tree->cap = cap;
    }
    entry.top = top < 0 ? tree->n : top;
    tree->list[tree->n++] = entry;
    return RS_OK;
}

/* The children that one thread has started. */
static enum rs_err add_children_of(struct proctree *tree, pid_t pid, const char *thread, int top)
{
    char path[96], *text, *end;
    enum rs_err err = RS_OK;

    snprintf(path, sizeof path, "/proc/%d/task/%s/children", (int)pid, thread);
    read_whole(path, CHILDREN_MAX, &text);
    for (char *at = text; at && !err; at = end) {
        long child = strtol(at, &end, 10);
        if (end == at)
            break;
        err = add(tree, (pid_t)child, top);
    }
    free(text);
    return err;
}

static enum rs_err add_children(struct proctree *tree, pid_t pid, int threads, int top)
{
    char path[64], name[16];
    enum rs_err err = RS_OK;
    struct dirent *entry;

    if (threads == 1) {
        snprintf(name, sizeof name, "%d", (int)pid);
        return add_children_of(tree, pid, name, top);
    }
    snprintf(path, sizeof path, "/proc/%d/task", (int)pid);
    DIR *dir = opendir(path);
    while (dir && !err && (entry = readdir(dir)))
        if (isdigit((unsigned char)entry->d_name[0]))
            err = add_children_of(tree, pid, entry->d_name, top);
    if (dir)
        closedir(dir);
    return err;
}

enum rs_err proctree_read(struct proctree *tree, int max)
{
    tree->n = 0;
    tree->max = max;
    enum rs_err err = add_children(tree, getpid(), 0, -1);
    for (int i = 0; i < tree->n && tree->n < max && !err; i++)
        err = add_children(tree, tree->list[i].pid, tree->list[i].threads, tree->list[i].top);
    return err;
}

void proctree_release(struct proctree *tree)
{
    free(tree->list);
    *tree = (struct proctree){.list = NULL};
}

int64_t proctree_resident(pid_t pid)
{
    char path[64], text[256];
    long long resident;

    snprintf(path, sizeof path, "/proc/%d/statm", (int)pid);
    if (read_some(path, text, sizeof text) <= 0 || sscanf(text, "%*d %lld", &resident) != 1)
        return 0;
    return resident * sysconf(_SC_PAGESIZE);
}

int64_t proctree_memory(pid_t pid)
{
    static const char *const counted[] = {"\nPss_Anon:", "\nPss_Shmem:", "\nSwapPss:"};
    char path[64], text[4096];
    int64_t bytes = 0;

    snprintf(path, sizeof path, "/proc/%d/smaps_rollup", (int)pid);
    if (read_some(path, text, sizeof text) <= 0)
        return proctree_resident(pid);
    for (size_t i = 0; i < sizeof counted / sizeof *counted; i++) {
        const char *at = strstr(text, counted[i]);
        bytes += at ? strtoll(at + strlen(counted[i]), NULL, 10) * 1024 : 0;
    }
    return bytes;
}

enum proctree_environ proctree_environ(pid_t pid, const char *assignment)
{
    size_t name = strcspn(assignment, "=") + 1;
    enum proctree_environ found = PROCTREE_UNSET;
    char path[64], *text;

    snprintf(path, sizeof path, "/proc/%d/environ", (int)pid);
    size_t len = read_whole(path, ENVIRON_MAX, &text);
    for (size_t at = 0; at < len && found == PROCTREE_UNSET; at += strlen(text + at) + 1)
        if (strncmp(text + at, assignment, name) == 0)
            found = strcmp(text + at, assignment) == 0 ? PROCTREE_SAME : PROCTREE_OTHER;
    free(text);
    return found;
}
