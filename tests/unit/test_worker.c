/* Jobs on the bridge's worker: done in the order they were put, refused when too many wait, finished before the end. */
#include "bridge/worker.h"
#include "tests/unit/instance.h"
#include <sys/stat.h>

struct task {
    struct job job; /* first */
    int number;
    bool ran_with_store;
};

static struct datadir dd;
static uv_loop_t loop;
static struct worker *worker;
static struct task tasks[WORKER_JOBS_MAX + 2];
static int order[WORKER_JOBS_MAX + 2], n_done;
static uv_sem_t gate;
static bool over;

static void run_task(struct job *job, struct store *store, const struct fault *fault)
{
    ((struct task *)job)->ran_with_store = store != NULL && fault->code == RS_OK;
}

static void run_held(struct job *job, struct store *store, const struct fault *fault)
{
    uv_sem_wait(&gate);
    run_task(job, store, fault);
}

static void run_without(struct job *job, struct store *store, const struct fault *fault)
{
    ((struct task *)job)->ran_with_store = store != NULL || fault->code == RS_OK || !*fault->message;
}

static void task_done(struct job *job)
{
    order[n_done++] = ((struct task *)job)->number;
}

static void on_over(void *ctx)
{
    (void)ctx;
    over = true;
    worker_free(worker);
}

static enum rs_err put(int i, void (*run)(struct job *, struct store *, const struct fault *))
{
    tasks[i] = (struct task){.job = {.run = run, .done = task_done}, .number = i};
    return worker_put(worker, &tasks[i].job);
}

static void setup(void)
{
    struct fault fault = {0};
    instance_open(&dd, NULL);
    n_done = 0;
    over = false;
    ck_assert_int_eq(uv_loop_init(&loop), 0);
    ck_assert_int_eq(uv_sem_init(&gate, 0), 0);
    ck_assert_ok(worker_start(&loop, &dd, &worker, &fault));
}

static void teardown(void)
{
    ck_assert_int_eq(uv_loop_close(&loop), 0);
    uv_sem_destroy(&gate);
    instance_close(&dd);
}

static void finish(void)
{
    worker_stop(worker, on_over, NULL);
    uv_run(&loop, UV_RUN_DEFAULT);
    ck_assert(over);
}

START_TEST(jobs_are_done_in_the_order_they_were_put)
{
    for (int i = 0; i < 100; i++)
        ck_assert_ok(put(i, run_task));
    finish();
    ck_assert_int_eq(n_done, 100);
    for (int i = 0; i < 100; i++) {
        ck_assert_int_eq(order[i], i);
        ck_assert(tasks[i].ran_with_store);
    }
}
END_TEST

START_TEST(too_many_that_wait_are_refused)
{
    int n = 0;
    while (n < WORKER_JOBS_MAX + 2 && put(n, run_held) == RS_OK)
        n++;
    ck_assert_int_ge(n, WORKER_JOBS_MAX);
    ck_assert_int_le(n, WORKER_JOBS_MAX + 1); /* the one under way does not wait */
    for (int i = 0; i < n; i++)
        uv_sem_post(&gate);
    finish();
    ck_assert_int_eq(n_done, n);
}
END_TEST

START_TEST(a_stopping_worker_takes_none)
{
    ck_assert_ok(put(0, run_held));
    worker_stop(worker, on_over, NULL);
    ck_assert_int_eq(put(1, run_task), RS_BUSY);
    uv_sem_post(&gate);
    uv_run(&loop, UV_RUN_DEFAULT);
    ck_assert(over);
    ck_assert_int_eq(n_done, 1);
}
END_TEST

START_TEST(without_a_database_a_job_is_told_why)
{
    char path[PATH_MAX];
    unit_path(path, dd.root, DATADIR_DATABASE);
    ck_assert_int_eq(mkdir(path, 0700), 0);
    ck_assert_ok(put(0, run_without));
    finish();
    ck_assert_int_eq(n_done, 1);
    ck_assert(!tasks[0].ran_with_store);
}
END_TEST

static Suite *suite(void)
{
    Suite *s = suite_create("worker");
    TCase *t = tcase_create("all");
    tcase_add_checked_fixture(t, setup, teardown);
    tcase_add_test(t, jobs_are_done_in_the_order_they_were_put);
    tcase_add_test(t, too_many_that_wait_are_refused);
    tcase_add_test(t, a_stopping_worker_takes_none);
    tcase_add_test(t, without_a_database_a_job_is_told_why);
    suite_add_tcase(s, t);
    return s;
}
UNIT_MAIN(suite)
