/* robots.txt of any bytes, and paths: the first line of the input is the path. */
#include "runner/scrape/robots.h"
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);
int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
    const char *text = (const char *)bytes, *end = len ? memchr(text, '\n', len) : NULL;
    size_t n = end ? (size_t)(end - text) : len;
    char *path = malloc(n + 2);
    struct robots *robots;

    if (!path)
        abort();
    path[0] = '/';
    memcpy(path + 1, text, n);
    path[n + 1] = '\0';
    if (robots_parse(text, len, "runspool", &robots) == RS_OK) {
        (void)robots_allow(robots, path);
        if (!robots_allow(robots, "/robots.txt") || robots_delay_ms(robots) < 0)
            abort();
        for (size_t i = 0; robots_sitemap(robots, i); i++)
            if (i >= ROBOTS_SITEMAPS_MAX)
                abort();
        robots_free(robots);
    }
    free(path);
    return 0;
}
