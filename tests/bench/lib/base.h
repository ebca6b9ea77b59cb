/* base - clock, failure and options of a bench program, and what it measured: as a table, and as JSON. */
#ifndef RUNSPOOL_BENCH_BASE_H
#define RUNSPOOL_BENCH_BASE_H

#include <stddef.h>
#include <stdint.h>

#define BENCH_PATIENCE_S 120 /* without any progress, then it has failed */

int64_t bench_now_us(void);
void bench_pin(int cpu); /* this process, if there are so many */
/* bench_fail - with errno's words. Whatever was begun is ended and removed on the way out. */
_Noreturn void bench_fail(const char *what);

/* Times of things. */
struct bench_times {
    uint32_t *us;
    size_t n, cap;
};
void bench_times_add(struct bench_times *t, int64_t us);
double bench_times_ms(struct bench_times *t, double share); /* 0.5: the median */
void bench_times_clear(struct bench_times *t);

/* bench_figures - to that file (NULL: none), as {"bench":...,"figures":[{"name","value","unit"}]}; bench_figure - one of them. */
void bench_figures(const char *file, const char *bench);
void bench_figure(const char *name, double value, const char *unit);
void bench_figures_end(void);

struct bench_option {
    const char *name, *what;
    const char *value; /* the default, then what was given */
};
/* bench_options - from --name VALUE. Ends the program where an option is unknown. */
void bench_options(struct bench_option *options, int argc, char **argv, const char *what);
int64_t bench_options_number(const struct bench_option *options, const char *name);
const char *bench_options_text(const struct bench_option *options, const char *name);

#endif
