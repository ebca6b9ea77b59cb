#include "usage.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define PROCESSES_MAX 4096

static double number_after(const char *path, const char *name)
{
    char line[256];
    double value = 0;
    FILE *file = fopen(path, "r");
    if (!file)
        return 0;
    while (fgets(line, sizeof(line), file))
        if (strncmp(line, name, strlen(name)) == 0) {
            value = atof(line + strlen(name));
            break;
        }
    fclose(file);
    return value;
}

static void add_threads(struct usage *u, pid_t pid)
{
    char path[64];
    struct dirent *entry;
    snprintf(path, sizeof(path), "/proc/%d/task", (int)pid);
    DIR *dir = opendir(path);
    while (dir && (entry = readdir(dir))) {
        char file[64 + sizeof(entry->d_name)];
        snprintf(file, sizeof(file), "/proc/%d/task/%s/schedstat", (int)pid, entry->d_name);
        if (entry->d_name[0] != '.')
            u->cpu_s += number_after(file, "") / 1e9;
    }
    if (dir)
        closedir(dir);
}

static pid_t parent_of(pid_t pid)
{
    char path[64], line[1024] = "", *after;
    int parent = 0;
    snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
    FILE *file = fopen(path, "r");
    if (!file)
        return 0;
    if (fgets(line, sizeof(line), file) && (after = strrchr(line, ')')))
        sscanf(after, ") %*c %d", &parent);
    fclose(file);
    return parent;
}

/* A process is of the family when a parent of it is. */
static int family(pid_t root, pid_t out[PROCESSES_MAX])
{
    struct {
        pid_t pid, parent;
    } known[PROCESSES_MAX];
    int n_known = 0, n = 0;
    struct dirent *entry;
    DIR *dir = opendir("/proc");
    while (dir && n_known < PROCESSES_MAX && (entry = readdir(dir))) {
        pid_t pid = atoi(entry->d_name);
        if (pid > 0) {
            known[n_known].pid = pid;
            known[n_known++].parent = parent_of(pid);
        }
    }
    if (dir)
        closedir(dir);
    out[n++] = root;
    for (int i = 0; i < n; i++)
        for (int j = 0; j < n_known && n < PROCESSES_MAX; j++)
            if (known[j].parent == out[i])
                out[n++] = known[j].pid;
    return n;
}

struct usage usage_of(pid_t pid)
{
    struct usage u = {0};
    pid_t pids[PROCESSES_MAX];
    unsigned long long user, nice, system, idle, iowait, irq, softirq;

    u.n_processes = pid > 0 ? family(pid, pids) : 0;
    for (int i = 0; i < u.n_processes; i++) {
        char path[64];
        add_threads(&u, pids[i]);
        snprintf(path, sizeof(path), "/proc/%d/smaps_rollup", (int)pids[i]);
        u.rss_kb += number_after(path, "Rss:");
        u.pss_kb += number_after(path, "Pss:");
    }
    FILE *file = fopen("/proc/stat", "r");
    if (file && fscanf(file, "cpu %llu %llu %llu %llu %llu %llu %llu", &user, &nice, &system, &idle, &iowait, &irq,
                       &softirq) == 7)
        u.machine_cpu_s = (double)(user + nice + system + irq + softirq) / (double)sysconf(_SC_CLK_TCK);
    if (file)
        fclose(file);
    return u;
}
