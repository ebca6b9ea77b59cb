#include "stats/samples.h"

#include <stddef.h>

#define SLOTS (SAMPLES_MAX + 1)

void samples_put(struct stats *stats, const struct sample *sample)
{
    struct samples_ring *ring = stats_ring(stats);
    if (!ring)
        return;
    uint64_t n = atomic_load_explicit(&ring->n, memory_order_relaxed);
    for (int i = 0; i < SAMPLE_N; i++)
        atomic_store_explicit(&ring->figures[n % SLOTS][i], sample->figures[i], memory_order_relaxed);
    atomic_store_explicit(&ring->n, n + 1, memory_order_release);
}

int samples_read(const struct stats *stats, struct sample ret[SAMPLES_MAX])
{
    const struct samples_ring *ring = stats_ring((struct stats *)stats);
    uint64_t end = ring ? atomic_load_explicit(&ring->n, memory_order_acquire) : 0;
    int n = end < SAMPLES_MAX ? (int)end : SAMPLES_MAX;
    for (int at = 0; at < n; at++)
        for (int i = 0; i < SAMPLE_N; i++)
            ret[at].figures[i] =
                atomic_load_explicit(&ring->figures[(end - (uint64_t)(n - at)) % SLOTS][i], memory_order_relaxed);
    return n;
}
