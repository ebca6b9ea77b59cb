/* bench_eventlog - figures of the event log on this machine: appended rows a second by size of the commit and by
 * eventlog.sync, lines decoded a second, and how long reading takes through a view of a long log.
 * Usage: bench_eventlog [ROWS]   (default 200000; a temporary directory below TMPDIR or /tmp is used) */
#include "base/file.h"
#include "event/eventlog.h"
#include "event/line.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define STREAMS 100
#define BATCH_MAX 1000

static char data[400];
static struct fault fault;

static void must(enum rs_err err)
{
    if (!err)
        return;
    fprintf(stderr, "bench_eventlog: %s\n", fault.message);
    exit(1);
}

/* Both clocks: on a busy machine the processor's own says more. */
struct times {
    double wall, cpu;
};

static struct times now(void)
{
    struct timespec wall, cpu;

    clock_gettime(CLOCK_MONOTONIC, &wall);
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &cpu);
    return (struct times){(double)wall.tv_sec + (double)wall.tv_nsec / 1e9, (double)cpu.tv_sec + (double)cpu.tv_nsec / 1e9};
}

static void print(const char *what, int rows, struct times start)
{
    struct times end = now();

    printf("%-28s %9.0f /s %9.0f per CPU second\n", what, rows / (end.wall - start.wall), rows / (end.cpu - start.cpu));
}

static enum rs_err owner(void *ctx, const char *stream, struct eventlog_owner *ret, struct fault *why)
{
    (void)ctx;
    (void)why;
    if (strcmp(stream, "run:7") == 0)
        ret->tags[ret->n_tags++] = strdup("workflow:seven");
    return RS_OK;
}

static void append(struct eventlog *log, int rows, int batch)
{
    static struct eventlog_entry entries[BATCH_MAX];
    static char names[STREAMS][16];
    struct times start = now();
    char what[64];
    int i = 0;

    for (int s = 0; s < STREAMS; s++)
        snprintf(names[s], sizeof names[s], "run:%d", s);
    while (i < rows) {
        int n = 0;
        for (; n < batch && i < rows; n++, i++)
            entries[n] = (struct eventlog_entry){.stream = names[i % STREAMS], .type = "log", .data = data,
                                                 .data_len = strlen(data), .time_ms = 1763737445123, .producer = "bench",
                                                 .producer_seq = i + 1};
        must(eventlog_append(log, entries, (size_t)n, &fault));
        for (int k = 0; k < n; k++)
            event_unref(entries[k].event);
    }
    snprintf(what, sizeof what, "append, %d a commit", batch);
    print(what, rows, start);
}

static void read_stream(struct eventlog *log, const char *stream)
{
    struct eventlog_query query = {.streams = &stream, .n_streams = 1};
    struct times start = now();
    char what[64];
    int64_t head;
    int total = 0, calls = 0;

    must(eventlog_head(log, &head, &fault));
    while (query.after < head) {
        struct event **events;
        int n;
        must(eventlog_read(log, &query, 1000, &events, &n, &query.after, &fault));
        eventlog_events_free(events, n);
        total += n;
        calls++;
    }
    snprintf(what, sizeof what, "read %s, %d calls", stream, calls);
    print(what, total, start);
}

static void decode(int rows)
{
    struct times start = now();
    struct line line;
    struct buf text;
    char what[64];

    buf_init(&text, EVENT_LINE_MAX);
    must(line_put_event(&text, 7, 8, 1763737445123, "run:r_8f3k", "log", data, strlen(data)));
    for (int i = 0; i < rows; i++)
        must(line_parse(text.data, text.len - 1, &line, &fault));
    snprintf(what, sizeof what, "decode lines of %zu bytes", text.len);
    print(what, rows, start);
    buf_release(&text);
}

static void bench(const char *sync, int rows)
{
    static const int batches[] = {1, 64, 1000};
    const char *overrides[] = {sync, NULL};
    const char *tmp = getenv("TMPDIR");

    for (int i = 0; i < 3; i++) {
        char root[PATH_MAX];
        struct eventlog *log;
        struct datadir dd;

        snprintf(root, sizeof root, "%s/runspool-bench-XXXXXX", tmp && *tmp ? tmp : "/tmp");
        if (!mkdtemp(root)) {
            perror(root);
            exit(1);
        }
        must(datadir_open(&dd, root, true, overrides, &fault));
        must(eventlog_open(&dd, EVENTLOG_WRITE, owner, NULL, &log, &fault));
        append(log, batches[i] == 1 ? rows / 20 : rows, batches[i]);
        if (i == 2) {
            read_stream(log, "run:7");
            read_stream(log, "workflow:seven");
            read_stream(log, "runs");
        }
        eventlog_close(log);
        datadir_release(&dd);
        must(file_remove_tree(root, &fault));
    }
}

int main(int argc, char **argv)
{
    int rows = argc > 1 ? atoi(argv[1]) : 200000;

    if (rows < 1000) {
        fprintf(stderr, "usage: bench_eventlog [ROWS]   (1000 or more)\n");
        return 2;
    }
    snprintf(data, sizeof data, "{\"level\":\"info\",\"message\":\"%*s\",\"nodeId\":\"check\",\"source\":\"stdout\"}", 230, "");
    decode(rows * 5);
    printf("eventlog.sync = normal\n");
    bench("eventlog.sync=normal", rows);
    printf("eventlog.sync = full\n");
    bench("eventlog.sync=full", rows);
    return 0;
}
