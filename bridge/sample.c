#include "bridge/sample.h"
#include "base/clock.h"
#include "bridge/bridge.h"
#include "bridge/writer.h"
#include "stats/samples.h"
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* The second number of statm is pages that are resident. */
static int64_t resident_bytes(void)
{
    char text[128];
    int fd = open("/proc/self/statm", O_RDONLY | O_CLOEXEC);
    ssize_t n = fd < 0 ? -1 : read(fd, text, sizeof text - 1);
    if (fd >= 0)
        close(fd);
    text[n > 0 ? n : 0] = '\0';
    const char *second = strchr(text, ' ');
    return second ? strtoll(second, NULL, 10) * sysconf(_SC_PAGESIZE) : 0;
}

void sample_take(struct bridge *bridge)
{
    struct metrics *m = &bridge->metrics;
    const int64_t *values = m->values;
    m->values[METRIC_MEMORY_BYTES] = resident_bytes();
    const struct sample sample = {.figures = {
        [SAMPLE_AT_MS] = clock_wall_ms(),
        [SAMPLE_EVENTS] = values[METRIC_EVENTS_COMMITTED] + values[METRIC_EVENTS_FOREIGN],
        [SAMPLE_LINES] = values[METRIC_SPOOL_LINES],
        [SAMPLE_DELIVERIES] = values[METRIC_DELIVERIES_WS] + values[METRIC_DELIVERIES_SSE],
        [SAMPLE_P50_US] = (int64_t)(histogram_ms(&m->recent, 0.5) * 1000),
        [SAMPLE_P99_US] = (int64_t)(histogram_ms(&m->recent, 0.99) * 1000),
        [SAMPLE_WS] = values[METRIC_CONNECTIONS_WS],
        [SAMPLE_SSE] = values[METRIC_CONNECTIONS_SSE],
        [SAMPLE_POLL] = values[METRIC_CONNECTIONS_POLL],
        [SAMPLE_SPOOL] = values[METRIC_CONNECTIONS_SPOOL],
        [SAMPLE_SUBSCRIPTIONS] = values[METRIC_SUBSCRIPTIONS],
        [SAMPLE_BACKLOG] = (int64_t)writer_backlog(bridge->writer),
        [SAMPLE_QUEUED] = values[METRIC_QUEUED_BYTES],
        [SAMPLE_MEMORY] = values[METRIC_MEMORY_BYTES],
    }};
    samples_put(bridge->stats, &sample);
    m->recent = (struct histogram){0};
}
