#include "tests/bench/lib/base.h"
#include <errno.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

void bench_fail(const char *what)
{
    fprintf(stderr, "failed: %s (%s)\n", what, strerror(errno));
    exit(1);
}

int64_t bench_now_us(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

void bench_pin(int cpu)
{
    cpu_set_t set;
    CPU_ZERO(&set);
    CPU_SET(cpu, &set);
    if (cpu < sysconf(_SC_NPROCESSORS_ONLN))
        (void)sched_setaffinity(0, sizeof set, &set);
}

void bench_times_add(struct bench_times *t, int64_t us)
{
    if (t->n == t->cap) {
        t->cap = t->cap ? 2 * t->cap : 4096;
        t->us = realloc(t->us, t->cap * sizeof *t->us);
        if (!t->us)
            bench_fail("memory");
    }
    t->us[t->n++] = (uint32_t)us;
}

static int by_time(const void *a, const void *b)
{
    uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
    return (x > y) - (x < y);
}

double bench_times_ms(struct bench_times *t, double share)
{
    if (t->n == 0)
        return 0;
    qsort(t->us, t->n, sizeof *t->us, by_time);
    return t->us[(size_t)((double)(t->n - 1) * share)] / 1000.0;
}

void bench_times_clear(struct bench_times *t)
{
    free(t->us);
    *t = (struct bench_times){0};
}

static FILE *figures;
static int n_figures;

void bench_figures(const char *file, const char *bench)
{
    figures = file && *file ? fopen(file, "w") : NULL;
    if (file && *file && !figures)
        bench_fail(file);
    if (figures)
        fprintf(figures, "{\"bench\":\"%s\",\"time\":%lld,\"figures\":[", bench, (long long)time(NULL));
}

void bench_figure(const char *name, double value, const char *unit)
{
    printf("  %-58s %14.*f %s\n", name, value != 0 && value < 100 ? 2 : 0, value, unit);
    fflush(stdout);
    if (figures)
        fprintf(figures, "%s\n{\"name\":\"%s\",\"value\":%.6g,\"unit\":\"%s\"}", n_figures++ ? "," : "", name, value, unit);
}

void bench_figures_end(void)
{
    if (figures && (fputs("\n]}\n", figures) < 0 || fclose(figures) != 0))
        bench_fail("the figures");
}

static struct bench_option *find_option(struct bench_option *options, const char *name)
{
    for (struct bench_option *o = options; o->name; o++)
        if (strcmp(o->name, name) == 0)
            return o;
    return NULL;
}

void bench_options(struct bench_option *options, int argc, char **argv, const char *what)
{
    for (int i = 1; i < argc; i += 2) {
        struct bench_option *o = strncmp(argv[i], "--", 2) == 0 ? find_option(options, argv[i] + 2) : NULL;
        if (!o || i + 1 == argc) {
            printf("%s\n", what);
            for (o = options; o->name; o++)
                printf("  --%-12s %s (%s)\n", o->name, o->what, *o->value ? o->value : "none");
            exit(strcmp(argv[i], "--help") == 0 ? 0 : 2);
        }
        o->value = argv[i + 1];
    }
}

const char *bench_options_text(const struct bench_option *options, const char *name)
{
    return find_option((struct bench_option *)options, name)->value;
}

int64_t bench_options_number(const struct bench_option *options, const char *name)
{
    return strtoll(bench_options_text(options, name), NULL, 10);
}
