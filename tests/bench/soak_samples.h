/* soak_samples - once a second, what the bridge holds: memory, files, threads, the log on the disk; and whether it stays so. */
#ifndef RUNSPOOL_BENCH_SOAK_SAMPLES_H
#define RUNSPOOL_BENCH_SOAK_SAMPLES_H

#include "tests/bench/lib/bridge.h"
#include <stdio.h>

struct soak_sample {
    double rss, anon, pss;   /* MiB */
    double files, threads;   /* files: that are no connection of ours */
    double db, wal, emitted; /* MiB; emitted: so far */
    int64_t trimmed;         /* events removed by retention so far */
};
struct soak_samples {
    struct soak_sample *at;
    int n, max;
    FILE *csv; /* NULL: none */
};
/* max: more are not taken. csv_path: "" for none. */
void soak_samples_init(struct soak_samples *samples, int max, const char *csv_path);
void soak_samples_release(struct soak_samples *samples);

/* soak_samples_look - take one. connections: ours, of clients and producers; emitted_bytes: of the lines sent so far. */
void soak_samples_look(struct soak_samples *samples, const struct bench_bridge *bridge, int connections, int64_t emitted_bytes);

/* soak_samples_tell - the figures. True: memory and threads of the last quarter are those of the second, and the log has never
 * been larger than what is kept, keep_mib, with what comes until the next round of retention has ended. */
bool soak_samples_tell(const struct soak_samples *samples, double keep_mib);

#endif
