#include "tests/bench/lib/lines.h"
#include "tests/bench/lib/base.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LINES_MAX 5000
#define LINE_BYTES 256

static char *lines[LINES_MAX];
static int n_lines, next_line;

void bench_lines_read(const char *path)
{
    char line[LINE_BYTES];
    FILE *f = fopen(path, "r");
    if (!f)
        bench_fail(path);
    while (n_lines < LINES_MAX && fgets(line, sizeof line, f)) {
        line[strcspn(line, "\r\n")] = '\0';
        for (char *p = line; *p; p++)
            *p = (unsigned char)*p < ' ' || *p == '"' || *p == '\\' || (unsigned char)*p > '~' ? ' ' : *p;
        if (*line && !(lines[n_lines++] = strdup(line)))
            bench_fail("memory");
    }
    fclose(f);
    if (n_lines == 0)
        bench_fail("an empty log");
}

void bench_lines_add(struct bench_emitter *e, const char *stream)
{
    char data[LINE_BYTES + 80];
    snprintf(data, sizeof data, "{\"level\":\"info\",\"message\":\"%s\",\"nodeId\":\"check\",\"source\":\"stdout\"}",
             lines[next_line++ % n_lines]);
    bench_emitter_add_data(e, stream, "log", data);
}
