/* bench_index - figures of the text index on this machine: files and megabytes a second for a folder that is new, for
 * the same folder when nothing changed, and how long a search takes. Usage: bench_index [DIR]   (default
 * /usr/share/doc; a temporary directory below TMPDIR or /tmp is used) */
#include "base/file.h"
#include "index/textindex.h"
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#define ROUNDS 20

static struct fault fault;

static void must(enum rs_err err)
{
    if (!err)
        return;
    fprintf(stderr, "bench_index: %s\n", fault.message);
    exit(1);
}

/* Both clocks: on a busy machine the processor's own says more. */
static double now(clockid_t clock)
{
    struct timespec t;
    clock_gettime(clock, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void update(struct textindex *index, const char *what, const char *folder)
{
    struct textindex_progress p;
    double wall = now(CLOCK_MONOTONIC), cpu = now(CLOCK_PROCESS_CPUTIME_ID);

    must(textindex_update(index, "bench", folder, NULL, NULL, &p, &fault));
    wall = now(CLOCK_MONOTONIC) - wall;
    cpu = now(CLOCK_PROCESS_CPUTIME_ID) - cpu;
    double mb = (double)p.bytes / 1e6;
    printf("%-10s %7lld files %8.1f MB %8lld passages  %8.0f files/s %7.1f MB/s  (%7.0f files/s %6.1f MB/s of "
           "processor)\n",
           what, (long long)p.files, mb, (long long)p.passages, (double)p.files / wall, mb / wall,
           (double)p.files / cpu, mb / cpu);
}

static int compare(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return x < y ? -1 : x > y;
}

static void search(struct textindex *index)
{
    static const char *const queries[] = {"license",
                                          "how do I install the configuration",
                                          "\"bug report\" mailing list",
                                          "sqlite full text search ranking",
                                          "version changes release notes upstream author copyright file",
                                          "zebra"};
    enum { N = sizeof queries / sizeof *queries };
    static double ms[N * ROUNDS];

    for (int i = 0; i < N; i++) {
        size_t n_found = 0;
        for (int k = 0; k < ROUNDS; k++) {
            struct json_object *list;
            double begun = now(CLOCK_MONOTONIC);
            must(textindex_search(index, queries[i], "bench", 10, &list, &fault));
            ms[i * ROUNDS + k] = (now(CLOCK_MONOTONIC) - begun) * 1000;
            n_found = json_object_array_length(list);
            json_object_put(list);
        }
        qsort(ms + i * ROUNDS, ROUNDS, sizeof *ms, compare);
        printf("search     %7.2f ms (median), %zu passages: %s\n", ms[i * ROUNDS + ROUNDS / 2], n_found, queries[i]);
    }
    qsort(ms, N * ROUNDS, sizeof *ms, compare);
    printf("all        p50 %.2f ms, p95 %.2f ms\n", ms[N * ROUNDS / 2], ms[N * ROUNDS * 95 / 100]);
}

int main(int argc, char **argv)
{
    const char *base = getenv("TMPDIR");
    char data[PATH_MAX], path[PATH_MAX];
    struct datadir dd;
    struct textindex *index;
    struct stat st;

    snprintf(data, sizeof data, "%s/bench-index-XXXXXX", base && *base ? base : "/tmp");
    if (!mkdtemp(data)) {
        perror(data);
        return 1;
    }
    must(datadir_open(&dd, data, true, NULL, &fault));
    must(textindex_open(&dd, true, &index, &fault));
    update(index, "new", argc > 1 ? argv[1] : "/usr/share/doc");
    update(index, "unchanged", argc > 1 ? argv[1] : "/usr/share/doc");
    if (stat(datadir_path(&dd, path, DATADIR_INDEX), &st) == 0)
        printf("index.db   %.1f MB\n", (double)st.st_size / 1e6);
    search(index);
    textindex_close(index);
    datadir_release(&dd);
    must(file_remove_tree(data, &fault));
    return 0;
}
