#include "runner/procs.h"
#include <ctype.h>
#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <unistd.h>

#define PROCS_MAX 65536
#define ENVIRON_MAX (256 * 1024) /* bytes looked at of a process's environment */

struct proc {
    pid_t pid, parent;
    int terminal; /* its controlling terminal, 0: none */
    bool marked;
};
struct procs {
    struct proc *list;
    int n;
};

static bool read_stat(pid_t pid, struct proc *ret)
{
    char path[64], text[512];
    snprintf(path, sizeof path, "/proc/%d/stat", (int)pid);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t n = fd < 0 ? -1 : read(fd, text, sizeof text - 1);
    if (fd >= 0)
        close(fd);
    if (n <= 0)
        return false;
    text[n] = '\0';
    /* The name in parentheses may hold anything: what follows is behind the last one. */
    char *rest = strrchr(text, ')');
    char state;
    int parent, terminal;
    if (!rest || sscanf(rest + 1, " %c %d %*d %*d %d", &state, &parent, &terminal) != 3 || state == 'Z')
        return false;
    *ret = (struct proc){.pid = pid, .parent = parent, .terminal = terminal};
    return true;
}

static struct procs list_procs(void)
{
    struct procs procs = {.list = NULL};
    DIR *dir = opendir("/proc");
    struct dirent *entry;
    int cap = 0;

    while (dir && procs.n < PROCS_MAX && (entry = readdir(dir))) {
        struct proc proc;
        if (!isdigit((unsigned char)entry->d_name[0]) || !read_stat(atoi(entry->d_name), &proc))
            continue;
        if (procs.n == cap) {
            cap = cap ? 2 * cap : 256;
            struct proc *grown = realloc(procs.list, (size_t)cap * sizeof *grown);
            if (!grown)
                break;
            procs.list = grown;
        }
        procs.list[procs.n++] = proc;
    }
    if (dir)
        closedir(dir);
    return procs;
}

static bool is_marked(const struct procs *procs, pid_t pid)
{
    for (int i = 0; i < procs->n; i++)
        if (procs->list[i].pid == pid)
            return procs->list[i].marked;
    return false;
}

void kill_descendants(void)
{
    for (int round = 0; round < 100; round++) {
        struct procs procs = list_procs();
        pid_t self = getpid();
        bool more = true;
        int found = 0;
        while (more) {
            more = false;
            for (int i = 0; i < procs.n; i++) {
                struct proc *p = &procs.list[i];
                if (p->marked || (p->parent != self && !is_marked(&procs, p->parent)))
                    continue;
                p->marked = more = true;
                found++;
                kill(p->pid, SIGKILL);
            }
        }
        free(procs.list);
        while (waitpid(-1, NULL, WNOHANG) > 0) {
        }
        if (found == 0)
            return;
        usleep(2000); /* for the kernel to end them and hand their children to us */
    }
}

static bool has_run_id(pid_t pid, const char *run_id)
{
    char path[64], want[256];
    snprintf(path, sizeof path, "/proc/%d/environ", (int)pid);
    size_t len = (size_t)snprintf(want, sizeof want, "RUNSPOOL_RUN_ID=%s", run_id) + 1; /* with its NUL */
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0 || len > sizeof want) {
        if (fd >= 0)
            close(fd);
        return false;
    }
    char *text = malloc(ENVIRON_MAX);
    size_t have = 0;
    ssize_t n = 0;
    while (text && have < ENVIRON_MAX && (n = read(fd, text + have, ENVIRON_MAX - have)) > 0)
        have += (size_t)n;
    close(fd);
    bool found = false;
    for (size_t at = 0; text && at < have && !found; at += strnlen(text + at, have - at) + 1)
        found = have - at >= len && memcmp(text + at, want, len) == 0;
    free(text);
    return found;
}

static bool works_in(pid_t pid, const char *folder)
{
    char path[64], cwd[PATH_MAX];
    size_t len = strlen(folder);
    snprintf(path, sizeof path, "/proc/%d/cwd", (int)pid);
    ssize_t n = readlink(path, cwd, sizeof cwd - 1);
    if (n < (ssize_t)len)
        return false;
    cwd[n] = '\0';
    return memcmp(cwd, folder, len) == 0 && (cwd[len] == '\0' || cwd[len] == '/' || cwd[len] == ' ');
}

int kill_run_leftovers(const char *run_id, const char *run_folder)
{
    struct procs procs = list_procs();
    int found = 0;

    for (int i = 0; i < procs.n; i++) {
        pid_t pid = procs.list[i].pid;
        /* A run has no terminal: who works in its folder on one is a person looking at it. */
        bool in_folder = procs.list[i].terminal == 0 && works_in(pid, run_folder);
        if (pid == getpid() || (!in_folder && !has_run_id(pid, run_id)))
            continue;
        found++;
        kill(pid, SIGKILL);
    }
    free(procs.list);
    return found;
}
