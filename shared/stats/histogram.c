#include "stats/histogram.h"

#define SUB_BITS 3
#define SUBS (1 << SUB_BITS)

static unsigned bucket_of(int64_t us)
{
    if (us < SUBS)
        return us < 0 ? 0 : (unsigned)us;
    int exponent = 63 - __builtin_clzll((unsigned long long)us);
    unsigned bucket = (unsigned)(exponent - SUB_BITS + 1) * SUBS + (unsigned)((us >> (exponent - SUB_BITS)) & (SUBS - 1));
    return bucket < HISTOGRAM_BUCKETS ? bucket : HISTOGRAM_BUCKETS - 1;
}

/* Where a bucket begins, in microseconds. */
static double begin_of(unsigned bucket)
{
    if (bucket < SUBS)
        return bucket;
    return (double)((uint64_t)(SUBS + bucket % SUBS) << (bucket / SUBS - 1));
}

void histogram_count(struct histogram *histogram, int64_t us)
{
    atomic_fetch_add_explicit(&histogram->buckets[bucket_of(us)], 1, memory_order_relaxed);
}

void histogram_add(struct histogram *to, const struct histogram *from)
{
    for (unsigned i = 0; i < HISTOGRAM_BUCKETS; i++)
        atomic_fetch_add_explicit(&to->buckets[i], atomic_load_explicit(&from->buckets[i], memory_order_relaxed),
                                  memory_order_relaxed);
}

double histogram_ms(const struct histogram *histogram, double part)
{
    uint64_t counts[HISTOGRAM_BUCKETS], total = 0;
    for (unsigned i = 0; i < HISTOGRAM_BUCKETS; i++)
        total += counts[i] = atomic_load_explicit(&histogram->buckets[i], memory_order_relaxed);
    if (total == 0)
        return 0;
    double wanted = part * (double)total, below = 0;
    unsigned i = 0;
    for (; i < HISTOGRAM_BUCKETS - 1 && below + (double)counts[i] < wanted; i++)
        below += (double)counts[i];
    double begin = begin_of(i), end = begin_of(i + 1);
    double within = counts[i] > 0 ? (wanted - below) / (double)counts[i] : 0;
    return (begin + (end - begin) * (within < 0 ? 0 : within > 1 ? 1 : within)) / 1000;
}
