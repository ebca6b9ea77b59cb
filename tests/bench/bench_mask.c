/* What masking costs: log lines of some 100 bytes through a mask of N values, against copying them.
 * Usage: bench_mask [VALUES...] (default: 0 1 10 100) */
#include "base/clock.h"
#include "base/mask.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LINES 200000

static const char *const samples[] = {
    "CC shared/event/eventlog_sqlite.o  -std=gnu17 -Wall -Wextra -Wshadow -Wstrict-prototypes -Wmissing-prototypes",
    "127.0.0.1 - - [21/Nov/2026:18:39:44 +0000] \"GET /api/runs?limit=20 HTTP/1.1\" 200 5123 \"-\" \"curl/7.88.1\"",
    "PASSED tests/integration/test_rest.py::test_idempotency_key_of_a_run[lighttpd-2-processes] in 0.31 s",
    "{\"level\":\"info\",\"message\":\"fetched https://example.org/a/b/c?page=17\",\"items\":200,\"ms\":41.7}",
};

static double ns_per_line(const struct mask *m, size_t *bytes)
{
    struct mask_stream s;
    struct buf out;
    int64_t begun = clock_mono_ms();

    mask_stream_init(&s, m);
    buf_init(&out, 1 << 20);
    *bytes = 0;
    for (int i = 0; i < LINES; i++) {
        const char *line = samples[(size_t)i % (sizeof samples / sizeof *samples)];
        buf_clear(&out);
        if (mask_stream_feed(&s, line, strlen(line), &out) != RS_OK || mask_stream_feed(&s, "\n", 1, &out) != RS_OK)
            abort();
        *bytes += out.len;
    }
    mask_stream_release(&s);
    buf_release(&out);
    return (double)(clock_mono_ms() - begun) * 1e6 / LINES;
}

int main(int argc, char **argv)
{
    static char *defaults[] = {"", "0", "1", "10", "100"};
    char value[64];
    size_t bytes;

    if (argc == 1)
        argc = 5, argv = defaults;
    for (int i = 1; i < argc; i++) {
        int n = atoi(argv[i]);
        struct mask *m = mask_new();
        for (int k = 0; m && k < n; k++) {
            int len = snprintf(value, sizeof value, "sk-%08x%08x%08x/%d", rand(), rand(), rand(), k);
            if (mask_add(m, value, (size_t)len) != RS_OK)
                abort();
        }
        double ns = ns_per_line(m, &bytes);
        printf("values=%d ns_per_line=%.0f MB_per_s=%.0f\n", n, ns, (double)bytes / LINES / ns * 1000);
        mask_free(m);
    }
    return 0;
}
