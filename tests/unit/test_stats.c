/* stats - counters shared by processes: nothing lost, bad files replaced; and the histogram's figures. */
#include "unit.h"

#include "base/clock.h"
#include "stats/histogram.h"
#include "stats/samples.h"
#include "stats/stats.h"

#include <fcntl.h>
#include <pthread.h>
#include <sys/stat.h>
#include <sys/wait.h>

static char root[PATH_MAX];
static struct datadir dd;
static struct fault fault;

static void setup(void)
{
    unit_tmpdir(root);
    ck_assert_ok(datadir_open(&dd, root, true, NULL, &fault));
}

static void teardown(void)
{
    datadir_release(&dd);
    unit_rmdir(root);
}

static struct stats *open_stats(void)
{
    struct stats *stats = NULL;
    ck_assert_msg(stats_open(&dd, &stats, &fault) == RS_OK, "%s", fault.message);
    return stats;
}

static struct stats_figures read_one(struct stats *stats, const char *method, const char *path)
{
    struct stats_figures figures;
    stats_read(stats, method, path, "", &figures);
    return figures;
}

START_TEST(figures)
{
    struct stats *stats = open_stats(), *other = open_stats();
    int64_t before = clock_wall_ms();
    struct stats_figures none = read_one(stats, "GET", "/api/x");
    ck_assert(none.calls == 0 && none.errors == 0 && none.last_ms == 0 && none.p50_ms == 0 && none.p95_ms == 0);
    for (int i = 1; i <= 1000; i++)
        stats_count(i % 2 ? stats : other, "GET", "/api", "/x", i * 100, i % 10 == 0);
    stats_count(stats, "PUT", "/api/x", "", 5, false);
    struct stats_figures f = read_one(other, "GET", "/api/x");
    ck_assert_uint_eq(f.calls, 1000);
    ck_assert_uint_eq(f.errors, 100);
    ck_assert(f.last_ms >= before && f.last_ms <= clock_wall_ms());
    ck_assert_double_eq_tol(f.p50_ms, 50, 50 * 0.07);
    ck_assert_double_eq_tol(f.p95_ms, 95, 95 * 0.07);
    ck_assert_uint_eq(read_one(other, "PUT", "/api/x").calls, 1);
    stats_count(NULL, "GET", "/api/x", "", 5, false);
    stats_close(stats);
    stats_close(other);
    stats_close(NULL);
    stats = open_stats(); /* it outlives whoever counts */
    ck_assert_uint_eq(read_one(stats, "GET", "/api/x").calls, 1000);
    stats_close(stats);
}
END_TEST

START_TEST(edges)
{
    struct histogram h = {0};
    static const int64_t values[] = {-5, 0, 1, 7, 8, 9, 1000, 123456789, INT64_MAX};
    for (size_t i = 0; i < sizeof values / sizeof *values; i++) {
        h = (struct histogram){0};
        histogram_count(&h, values[i]);
        double ms = (double)(values[i] < 0 ? 0 : values[i]) / 1000;
        if (values[i] < INT64_MAX)
            ck_assert_double_eq_tol(histogram_ms(&h, 0.5), ms, ms * 0.07 + 0.001);
        ck_assert(histogram_ms(&h, 0) <= histogram_ms(&h, 1));
    }
    ck_assert_double_ge(histogram_ms(&h, 0.5), 3600e3); /* over an hour is the last bucket */
}
END_TEST

enum { PROCESSES = 8, ROUTES = 40, EACH = 500 };

/* Eight processes open the missing (or bad) file at once and count in the same routes. */
static void count_at_once(void)
{
    for (int p = 0; p < PROCESSES; p++) {
        if (fork() != 0)
            continue;
        struct stats *stats = NULL;
        if (stats_open(&dd, &stats, NULL) != RS_OK)
            _exit(1);
        for (int i = 0; i < EACH; i++) {
            for (int r = 0; r < ROUTES; r++) {
                char path[32];
                snprintf(path, sizeof path, "/r%d", (r * 7 + p) % ROUTES);
                stats_count(stats, "GET", path, "", i, p == 0);
            }
        }
        _exit(0);
    }
    for (int p = 0; p < PROCESSES; p++) {
        int status;
        ck_assert_int_gt(wait(&status), 0);
        ck_assert_int_eq(status, 0);
    }
    struct stats *stats = open_stats();
    for (int r = 0; r < ROUTES; r++) {
        char path[32];
        snprintf(path, sizeof path, "/r%d", r);
        struct stats_figures f = read_one(stats, "GET", path);
        ck_assert_uint_eq(f.calls, PROCESSES * EACH);
        ck_assert_uint_eq(f.errors, EACH);
    }
    stats_close(stats);
}

START_TEST(processes_lose_nothing)
{
    count_at_once();
}
END_TEST

START_TEST(bad_files_are_replaced)
{
    char path[PATH_MAX];
    struct stats *stats;
    unit_write(root, "stats.shm", "this is something else");
    count_at_once();
    int fd = open(unit_path(path, root, "stats.shm"), O_RDWR);
    ck_assert_int_ge(fd, 0);
    ck_assert_int_eq(pwrite(fd, "\xff", 1, 8), 1); /* made by another version */
    close(fd);
    stats = open_stats();
    ck_assert_uint_eq(read_one(stats, "GET", "/r1").calls, 0);
    stats_close(stats);
    ck_assert_int_eq(truncate(path, 100), 0);
    stats = open_stats();
    stats_count(stats, "GET", "/r1", "", 1, false);
    ck_assert_uint_eq(read_one(stats, "GET", "/r1").calls, 1);
    stats_close(stats);
    struct stat st;
    ck_assert_int_eq(stat(path, &st), 0);
    ck_assert_int_eq(st.st_mode & 0777, 0660);
}
END_TEST

/* Right at its head, rubbish in its slots: read without harm, and counted in where there is room. */
START_TEST(rubbish_in_slots)
{
    char path[PATH_MAX];
    struct stats *stats = open_stats();
    stats_close(stats);
    int fd = open(unit_path(path, root, "stats.shm"), O_RDWR);
    struct stat st;
    char rubbish[4096];
    memset(rubbish, 2, sizeof rubbish);
    ck_assert_int_eq(fstat(fd, &st), 0);
    for (off_t at = 24; at < st.st_size;) {
        size_t n = st.st_size - at < (off_t)sizeof rubbish ? (size_t)(st.st_size - at) : sizeof rubbish;
        ck_assert_int_eq(pwrite(fd, rubbish, n, at), n);
        at += (off_t)n;
    }
    close(fd);
    stats = open_stats();
    stats_count(stats, "GET", "/r1", "", 1, false);
    ck_assert_uint_eq(read_one(stats, "GET", "/r1").calls, 0);
    stats_close(stats);
}
END_TEST

START_TEST(no_room)
{
    struct stats *stats = open_stats();
    char path[200];
    uint64_t counted = 0;
    for (int i = 0; i < 2 * STATS_SLOTS; i++) {
        snprintf(path, sizeof path, "/p%d", i);
        stats_count(stats, "GET", path, "", 1, false);
        counted += read_one(stats, "GET", path).calls;
    }
    ck_assert(counted >= STATS_SLOTS / 2 && counted <= STATS_SLOTS);
    memset(path, 'x', sizeof path - 1);
    path[sizeof path - 1] = '\0';
    stats_count(stats, "GET", path, "", 1, false);
    ck_assert_uint_eq(read_one(stats, "GET", path).calls, 0);
    stats_close(stats);
}
END_TEST

/* The newest ones, in order, seen by another program; more than there is room for push out the oldest. */
START_TEST(samples)
{
    struct stats *stats = open_stats(), *other = open_stats();
    struct sample got[SAMPLES_MAX];
    ck_assert_int_eq(samples_read(other, got), 0);
    ck_assert_int_eq(samples_read(NULL, got), 0);
    samples_put(NULL, got);
    for (int64_t i = 1; i <= 300; i++) {
        samples_put(stats, &(struct sample){.figures = {[SAMPLE_AT_MS] = i, [SAMPLE_MEMORY] = -i}});
        int n = samples_read(other, got);
        ck_assert_int_eq(n, i < SAMPLES_MAX ? i : SAMPLES_MAX);
        ck_assert_int_eq(got[n - 1].figures[SAMPLE_AT_MS], i);
        ck_assert_int_eq(got[0].figures[SAMPLE_MEMORY], n - 1 - i);
    }
    stats_close(stats);
    stats_close(other);
}
END_TEST

static Suite *suite(void)
{
    Suite *s = suite_create("stats");
    TCase *t = tcase_create("stats");
    tcase_add_checked_fixture(t, setup, teardown);
    tcase_add_test(t, figures);
    tcase_add_test(t, edges);
    tcase_add_test(t, processes_lose_nothing);
    tcase_add_test(t, bad_files_are_replaced);
    tcase_add_test(t, rubbish_in_slots);
    tcase_add_test(t, no_room);
    tcase_add_test(t, samples);
    suite_add_tcase(s, t);
    return s;
}
UNIT_MAIN(suite)
