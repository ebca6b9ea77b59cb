/* histogram - how long things took, in buckets of an eighth of each power of two (so a value is off by 7 % at most), counted
 * without locks by any number of threads and processes. Pure memory; any thread. */
#ifndef RUNSPOOL_STATS_HISTOGRAM_H
#define RUNSPOOL_STATS_HISTOGRAM_H

#include <stdatomic.h>
#include <stdint.h>

#define HISTOGRAM_BUCKETS 240 /* up to 2^32 microseconds, over an hour; what took longer is in the last */

struct histogram {
    _Atomic uint64_t buckets[HISTOGRAM_BUCKETS];
};
void histogram_count(struct histogram *histogram, int64_t us);
/* histogram_add - what `from` has counted is counted in `to`, which is the caller's own. */
void histogram_add(struct histogram *to, const struct histogram *from);
/* histogram_ms - milliseconds below which a part of all were (0.5: the median); 0 when there were none. */
double histogram_ms(const struct histogram *histogram, double part);

#endif
