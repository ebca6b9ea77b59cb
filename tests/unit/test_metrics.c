/* What /metrics shows: every metric once, in the text format that Prometheus reads. */
#include "bridge/metrics.h"
#include "tests/unit/unit.h"
#include <inttypes.h>

static struct metrics metrics;
static struct buf text;

static void setup(void)
{
    metrics = (struct metrics){0};
    buf_init(&text, 64 * 1024);
}

static void teardown(void)
{
    buf_release(&text);
}

static const char *put(void)
{
    buf_clear(&text);
    ck_assert_ok(metrics_put(&metrics, &text));
    ck_assert_ok(buf_putc(&text, '\0'));
    return text.data;
}

static int count(const char *in, const char *what)
{
    int n = 0;
    for (; (in = strstr(in, what)); in++)
        n++;
    return n;
}

START_TEST(every_metric_is_shown_once)
{
    char value[32];
    for (int i = 0; i < METRIC_N; i++)
        metrics.values[i] = 1000000 + i;
    const char *shown = put();
    for (int i = 0; i < METRIC_N; i++) {
        snprintf(value, sizeof value, " %d\n", 1000000 + i);
        ck_assert_msg(count(shown, value) == 1, "metric %d", i);
    }
}
END_TEST

/* A family's lines stand together, behind its one HELP and TYPE. */
START_TEST(families_stand_together)
{
    char *shown = strdup(put()), *rest = shown, family[100] = "", seen[4096] = "|";
    for (char *line; (line = strsep(&rest, "\n")) && *line;) {
        char name[100], key[110];
        if (sscanf(line, "# HELP %99s", name) == 1) {
            snprintf(key, sizeof key, "|%s|", name);
            ck_assert_msg(!strstr(seen, key), "%s comes twice", name);
            snprintf(family, sizeof family, "%s", name);
            strcat(seen, name);
            strcat(seen, "|");
        } else if (sscanf(line, "# TYPE %99s", name) == 1) {
            ck_assert_str_eq(name, family);
        } else {
            ck_assert_msg(strncmp(line, family, strlen(family)) == 0, "%s is behind %s", line, family);
        }
    }
    free(shown);
}
END_TEST

START_TEST(commits_are_counted_by_how_long_they_took)
{
    metrics_commit(&metrics, 100);     /* on a bound: within it */
    metrics_commit(&metrics, 101);
    metrics_commit(&metrics, 2000000); /* beyond the last */
    const char *shown = put();
    ck_assert_ptr_nonnull(strstr(shown, "runspool_commit_seconds_bucket{le=\"0.0001\"} 1\n"));
    ck_assert_ptr_nonnull(strstr(shown, "runspool_commit_seconds_bucket{le=\"0.00025\"} 2\n"));
    ck_assert_ptr_nonnull(strstr(shown, "runspool_commit_seconds_bucket{le=\"1\"} 2\n"));
    ck_assert_ptr_nonnull(strstr(shown, "runspool_commit_seconds_bucket{le=\"+Inf\"} 3\n"));
    ck_assert_ptr_nonnull(strstr(shown, "runspool_commit_seconds_count 3\n"));
    ck_assert_ptr_nonnull(strstr(shown, "runspool_commits_total 3\n"));
}
END_TEST

START_TEST(deliveries_are_measured)
{
    metrics_delivered(&metrics, 300);
    metrics_delivered(&metrics, 40000);
    const char *shown = put();
    ck_assert_ptr_nonnull(strstr(shown, "runspool_delivery_seconds_bucket{le=\"0.0005\"} 1\n"));
    ck_assert_ptr_nonnull(strstr(shown, "runspool_delivery_seconds_bucket{le=\"0.05\"} 2\n"));
    ck_assert_ptr_nonnull(strstr(shown, "runspool_delivery_seconds_sum 0.0403\n"));
    ck_assert_double_eq_tol(histogram_ms(&metrics.recent, 0.99), 40, 40 * 0.07);
}
END_TEST

static Suite *suite(void)
{
    Suite *s = suite_create("metrics");
    TCase *t = tcase_create("all");
    tcase_add_checked_fixture(t, setup, teardown);
    tcase_add_test(t, every_metric_is_shown_once);
    tcase_add_test(t, families_stand_together);
    tcase_add_test(t, commits_are_counted_by_how_long_they_took);
    tcase_add_test(t, deliveries_are_measured);
    suite_add_tcase(s, t);
    return s;
}
UNIT_MAIN(suite)
