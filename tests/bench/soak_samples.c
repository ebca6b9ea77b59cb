#include "tests/bench/soak_samples.h"
#include "tests/bench/lib/base.h"
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define GROWTH 1.05    /* over this many times is not constant, */
#define GROWTH_MIB 1.0 /* nor is more than so much memory */
#define STORED 2.0     /* bytes of the log for one of a line, at most: with its places in indexes, and pages that are not full */
#define WAL_MIB 104.0  /* eventlog_wal.c: that of a file that grew while it was read, and what is written until it is looked at */
#define MIB 1048576.0

void soak_samples_init(struct soak_samples *samples, int max, const char *csv_path)
{
    *samples = (struct soak_samples){.at = calloc((size_t)max + 1, sizeof *samples->at), .max = max};
    if (!samples->at)
        bench_fail("memory");
    if (*csv_path && !(samples->csv = fopen(csv_path, "w")))
        bench_fail(csv_path);
    if (samples->csv)
        fputs("second,rss_mib,anonymous_mib,pss_mib,files,threads,db_mib,wal_mib,emitted_mib,trimmed,connections\n", samples->csv);
}

void soak_samples_release(struct soak_samples *samples)
{
    if (samples->csv)
        fclose(samples->csv);
    free(samples->at);
}

static double file_mib(const struct bench_bridge *bridge, const char *name)
{
    char path[120];
    struct stat st;
    snprintf(path, sizeof path, "%s/%s", bridge->dir, name);
    return stat(path, &st) == 0 ? (double)st.st_size / MIB : 0;
}

static double pss_mib(const struct bench_bridge *bridge)
{
    char path[64], line[128];
    double kb = 0;
    snprintf(path, sizeof path, "/proc/%d/smaps_rollup", (int)bridge->pid);
    FILE *f = fopen(path, "r");
    while (f && fgets(line, sizeof line, f))
        if (sscanf(line, "Pss: %lf", &kb) == 1)
            break;
    if (!f)
        bench_fail("the bridge's memory");
    fclose(f);
    return kb / 1024;
}

void soak_samples_look(struct soak_samples *samples, const struct bench_bridge *bridge, int connections, int64_t emitted_bytes)
{
    if (samples->n == samples->max)
        return;
    struct soak_sample *s = &samples->at[samples->n++];
    *s = (struct soak_sample){
        .rss = (double)bench_bridge_status(bridge, "VmRSS") / 1024,
        .anon = (double)bench_bridge_status(bridge, "RssAnon") / 1024,
        .pss = pss_mib(bridge),
        .files = bench_bridge_fds(bridge) - connections,
        .threads = (double)bench_bridge_status(bridge, "Threads"),
        .db = file_mib(bridge, "events.db"),
        .wal = file_mib(bridge, "events.db-wal"),
        .emitted = (double)emitted_bytes / MIB,
        .trimmed = bench_bridge_metric(bridge, "events_trimmed_total"),
    };
    if (samples->csv)
        fprintf(samples->csv, "%d,%.1f,%.1f,%.1f,%.0f,%.0f,%.1f,%.1f,%.1f,%lld,%d\n", samples->n, s->rss, s->anon, s->pss, s->files,
                s->threads, s->db, s->wal, s->emitted, (long long)s->trimmed, connections);
}

static int by_value(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* The median of one member over a quarter of the samples, 0 to 3. */
static double median(const struct soak_samples *samples, size_t member, int quarter)
{
    int first = samples->n * quarter / 4, n = samples->n * (quarter + 1) / 4 - first;
    double *values = calloc((size_t)n + 1, sizeof *values);
    for (int i = 0; values && i < n; i++)
        memcpy(&values[i], (const char *)&samples->at[first + i] + member, sizeof *values);
    if (!values)
        bench_fail("memory");
    qsort(values, (size_t)n, sizeof *values, by_value);
    double middle = values[n / 2];
    free(values);
    return middle;
}

static bool compare(const struct soak_samples *samples, const char *what, size_t member, const char *unit, double allowed)
{
    char name[80];
    double before = median(samples, member, 1), after = median(samples, member, 3);
    snprintf(name, sizeof name, "%s, second quarter", what);
    bench_figure(name, before, unit);
    snprintf(name, sizeof name, "%s, last quarter", what);
    bench_figure(name, after, unit);
    return after <= before * GROWTH + allowed;
}

/* Retention works in rounds, and rests in between. At the end of one the log is as small as it is to be; then it grows, and the file
 * keeps its size. */
static bool log_stays(const struct soak_samples *samples, double keep_mib)
{
    double round_mib = 0, db = 0, wal = 0;
    int ended = 0, longest = 0;
    for (int i = 1; i < samples->n; i++) {
        const struct soak_sample *s = &samples->at[i];
        double came = s->emitted - samples->at[ended].emitted;
        round_mib = came > round_mib ? came : round_mib;
        longest = i - ended > longest ? i - ended : longest;
        if (s->trimmed > s[-1].trimmed && (i + 1 == samples->n || s[1].trimmed == s->trimmed))
            ended = i;
        db = s->db > db ? s->db : db;
        wal = s->wal > wal ? s->wal : wal;
    }
    double allowed = keep_mib + STORED * round_mib;
    bench_figure("longest from the end of a round of retention to the next", longest, "s");
    bench_figure("emitted in such a time at most", round_mib, "MiB");
    bench_figure("log at most", db, "MiB");
    bench_figure("log, allowed: what is kept, and one round", allowed, "MiB");
    bench_figure("its write-ahead log at most", wal, "MiB");
    return db <= allowed && wal <= WAL_MIB;
}

bool soak_samples_tell(const struct soak_samples *samples, double keep_mib)
{
    bool constant = compare(samples, "memory (PSS)", offsetof(struct soak_sample, pss), "MiB", GROWTH_MIB);
    constant &= compare(samples, "memory (RSS)", offsetof(struct soak_sample, rss), "MiB", GROWTH_MIB);
    constant &= compare(samples, "memory of its own (anonymous)", offsetof(struct soak_sample, anon), "MiB", GROWTH_MIB);
    /* Of clients that have gone, those that the bridge has not noticed yet are among them: a leak shows when all have left. */
    (void)compare(samples, "files beside connections", offsetof(struct soak_sample, files), "", 0);
    constant &= compare(samples, "threads", offsetof(struct soak_sample, threads), "", 0);
    return constant & log_stays(samples, keep_mib);
}
