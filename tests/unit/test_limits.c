/* Programs that take too many processes or too much memory, and what is cut of a long output. */
#include "runner/exec.h"
#include "runner/logcut.h"
#include "runner/procs.h"
#include "runner/proctree.h"
#include "unit.h"
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

static uv_loop_t loop;
static struct reaper *reaper;
static struct limits *limits;
static char dir[PATH_MAX];
static enum limits_which leftovers;

/* In front of a script, which ends with ': should the watch fail, the kernel stops the bomb, which it does not do for
 * root. */
#define WALL                                                                                                           \
    "if [ $(id -u) = 0 ]; then as='setpriv --reuid=65533 --clear-groups'; fi; exec $as sh -c '"                        \
    "ulimit -u $(($(ps -L --no-headers -u $(id -u) | wc -l) + 500)); "

struct seen {
    bool done;
    struct exec_result result;
    char *out;
};

static void on_done(void *ctx, struct exec_result *result)
{
    struct seen *seen = ctx;
    seen->done = true;
    seen->result = *result;
    seen->out = buf_take(&result->captured[EXEC_STDOUT], NULL);
}

static void start(struct seen *seen, const char *script, const char *mark, struct limits_bound bound)
{
    const char *argv[] = {"sh", "-c", script, NULL}, *envp[] = {"PATH=/usr/bin:/bin", mark, NULL};
    struct exec *exec;
    struct exec_spec spec = {
        .argv = argv,
        .envp = envp,
        .cwd = dir,
        .limits = limits,
        .bound = bound,
        .mark = mark,
        .ctx = seen,
        .on_done = on_done,
    };
    ck_assert_ok(exec_start(&loop, reaper, &spec, &exec, NULL));
}

static void finish(struct seen *seen)
{
    while (!seen->done)
        uv_run(&loop, UV_RUN_ONCE);
    free(seen->out);
    seen->out = NULL;
}

static int n_processes(void)
{
    struct proctree tree = {0};
    ck_assert_ok(proctree_read(&tree, PROCTREE_MAX));
    int n = tree.n;
    proctree_release(&tree);
    return n;
}

/* The loop goes on, as a run's does, until no process is left. */
static void on_beat(uv_timer_t *timer)
{
    (void)timer;
}

static void run_until_alone(void)
{
    uv_timer_t beat;
    uv_timer_init(&loop, &beat);
    uv_timer_start(&beat, on_beat, 1, 1);
    for (int i = 0; i < 5000 && n_processes() > 0; i++)
        uv_run(&loop, UV_RUN_ONCE);
    uv_close((uv_handle_t *)&beat, NULL);
    uv_run(&loop, UV_RUN_ONCE);
}

static void on_leftovers(void *ctx, enum limits_which which, int64_t amount)
{
    (void)ctx;
    ck_assert_int_gt(amount, 0);
    leftovers = which;
}

static void setup_with(struct limits_bound bound)
{
    unit_tmpdir(dir);
    uv_loop_init(&loop);
    signal(SIGPIPE, SIG_IGN);
    prctl(PR_SET_CHILD_SUBREAPER, 1);
    leftovers = LIMITS_NONE;
    ck_assert_ok(reaper_new(&loop, &reaper, NULL));
    ck_assert_ok(limits_new(&loop, reaper, &bound, on_leftovers, NULL, &limits, NULL));
}

static void setup(void)
{
    setup_with((struct limits_bound){20, 64 << 20});
}

static void setup_unbounded(void)
{
    setup_with((struct limits_bound){0, 0});
}

static void teardown(void)
{
    kill_descendants();
    limits_free(limits);
    reaper_free(reaper);
    uv_run(&loop, UV_RUN_DEFAULT);
    ck_assert_int_eq(uv_loop_close(&loop), 0);
    unit_rmdir(dir);
}

START_TEST(test_within_its_limits)
{
    struct seen seen = {0};
    start(&seen, "for i in 1 2 3 4 5; do sleep 0.2 & done; wait", "M=1", (struct limits_bound){20, 256 << 20});
    finish(&seen);
    ck_assert_int_eq(seen.result.over, LIMITS_NONE);
    ck_assert_int_eq(seen.result.exit_code, 0);
}
END_TEST

START_TEST(test_fork_bomb)
{
    struct seen seen = {0};
    start(&seen, WALL "bomb() { bomb | bomb & }; bomb; sleep 60'", "M=1", (struct limits_bound){50, 0});
    finish(&seen);
    ck_assert_int_eq(seen.result.over, LIMITS_PROCESSES);
    ck_assert_int_gt(seen.result.amount, 50);
    kill_descendants();
    ck_assert_int_eq(n_processes(), 0);
}
END_TEST

/* Each in a session of its own, without the mark, and its parent gone: it is still the only tool there is. */
START_TEST(test_fork_bomb_that_leaves_its_group)
{
    struct seen seen = {0};
    start(&seen, "i=0; while [ $i -lt 400 ]; do env -i /usr/bin/setsid -f sleep 60; i=$((i + 1)); done; sleep 60",
          "M=1", (struct limits_bound){50, 0});
    finish(&seen);
    ck_assert_int_eq(seen.result.over, LIMITS_PROCESSES);
    run_until_alone();
    ck_assert_int_eq(n_processes(), 0); /* nobody but the watch has killed them */
}
END_TEST

START_TEST(test_threads_count)
{
    struct seen seen = {0};
    start(&seen,
          "/usr/bin/python3 -c 'import threading, time\nfor i in range(100): threading.Thread(target=time.sleep, "
          "args=(60,)).start()'",
          "M=1", (struct limits_bound){50, 0});
    finish(&seen);
    ck_assert_int_eq(seen.result.over, LIMITS_PROCESSES);
}
END_TEST

START_TEST(test_memory_hog)
{
    struct seen seen = {0};
    start(&seen, "/usr/bin/python3 -c 'a = []\nwhile True: a.append(bytearray(1 << 20))'", "M=1",
          (struct limits_bound){0, 100 << 20});
    finish(&seen);
    ck_assert_int_eq(seen.result.over, LIMITS_MEMORY);
    ck_assert_int_gt(seen.result.amount, 100 << 20);
    ck_assert_int_eq(seen.result.signal, SIGKILL);
}
END_TEST

/* Eight processes that share 60 MB use 60 MB, not 480. */
START_TEST(test_shared_memory_counts_once)
{
    struct seen seen = {0};
    start(&seen,
          "/usr/bin/python3 -c 'import os, time\na = bytearray(60 << 20)\n"
          "for i in range(7):\n  if os.fork() == 0: break\ntime.sleep(0.5)'",
          "M=1", (struct limits_bound){0, 200 << 20});
    finish(&seen);
    ck_assert_int_eq(seen.result.over, LIMITS_NONE);
    ck_assert_int_eq(seen.result.exit_code, 0);
}
END_TEST

/* Of two tools the one is killed that takes too much, also when its processes have left its group. */
START_TEST(test_the_right_one)
{
    struct seen good = {0}, bad = {0};
    start(&good, "sleep 1.5 & sleep 1.5 & sleep 1.5; echo well", "M=good", (struct limits_bound){50, 0});
    start(&bad, "i=0; while [ $i -lt 100 ]; do setsid -f sleep 60; i=$((i + 1)); done; sleep 60", "M=bad",
          (struct limits_bound){50, 0});
    finish(&bad);
    finish(&good);
    ck_assert_int_eq(bad.result.over, LIMITS_PROCESSES);
    ck_assert_int_eq(good.result.over, LIMITS_NONE);
    ck_assert_int_eq(good.result.exit_code, 0);
}
END_TEST

/* What has ended tells no longer whose it was. It waits for us alone, and counts with nobody. */
START_TEST(test_the_dead_are_nobodys)
{
    struct seen seen = {0};
    siginfo_t info;

    start(&seen, "sleep 60 & sleep 0.3; kill $!", "M=1", (struct limits_bound){10, 0});
    for (int i = 0; i < 30; i++) {
        pid_t pid = fork();
        if (pid == 0) {
            setsid();
            _exit(0);
        }
        ck_assert_int_eq(waitid(P_PID, (id_t)pid, &info, WEXITED | WNOWAIT), 0);
    }
    usleep(2 * LIMITS_EVERY_MS * 1000); /* the loop looks before it waits for them */
    finish(&seen);
    ck_assert_int_eq(seen.result.over, LIMITS_NONE);
    ck_assert_int_eq(leftovers, LIMITS_NONE);
}
END_TEST

/* What a node has left running does not count with the one that comes after it. */
START_TEST(test_leftovers_are_nobody_elses)
{
    struct seen first = {0}, second = {0};
    /* Each says when it is in a session of its own: until then it would end with the shell. */
    start(&first,
          "i=0; while [ $i -lt 15 ]; do"
          " setsid -f sh -c 'echo; exec sleep 60 >/dev/null 2>&1' | read -r said; i=$((i + 1)); done",
          "M=1", (struct limits_bound){0, 0});
    finish(&first);
    start(&second, "sleep 0.3", "M=2", (struct limits_bound){5, 0});
    finish(&second);
    ck_assert_int_eq(second.result.over, LIMITS_NONE);
    ck_assert_int_eq(n_processes(), 15);
}
END_TEST

START_TEST(test_leftovers_are_bounded)
{
    struct seen seen = {0};
    start(&seen, "i=0; while [ $i -lt 40 ]; do setsid -f sleep 60 >/dev/null 2>&1; i=$((i + 1)); done", "M=1",
          (struct limits_bound){0, 0});
    finish(&seen);
    ck_assert_int_eq(seen.result.exit_code, 0);
    run_until_alone();
    ck_assert_int_eq(leftovers, LIMITS_PROCESSES);
    ck_assert_int_eq(n_processes(), 0);
}
END_TEST

/* Leftovers that may be any number do not hide what comes after them. */
START_TEST(test_many_leftovers_hide_nobody)
{
    struct seen first = {0}, second = {0};
    start(&first, "i=0; while [ $i -lt 90 ]; do setsid -f sleep 60 >/dev/null 2>&1; i=$((i + 1)); done", "M=1",
          (struct limits_bound){0, 0});
    finish(&first);
    start(&second, "i=0; while [ $i -lt 10 ]; do sleep 30 & i=$((i + 1)); done; wait", "M=2", (struct limits_bound){5, 0});
    finish(&second);
    ck_assert_int_eq(second.result.over, LIMITS_PROCESSES);
}
END_TEST

START_TEST(test_log_is_cut_in_its_middle)
{
    struct logcut cut;
    struct logcut_kept line;
    char text[32];
    int n_logged = 0, n_first = 0, n = 0;

    logcut_init(&cut, 10000);
    for (int i = 0; i < 1000; i++) {
        int len = snprintf(text, sizeof text, "line %03d", i);
        enum logcut_answer answer = logcut_line(&cut, i % 2, text, (size_t)len);
        n_logged += answer == LOGCUT_LOG;
        n_first += answer == LOGCUT_FIRST;
    }
    ck_assert_int_eq(n_logged, 10000 / (8 + LOGCUT_LINE_COST));
    ck_assert_int_eq(n_first, 1);
    ck_assert_int_eq(cut.lines, 1000 - n_logged - LOGCUT_TAIL_LINES);
    ck_assert_int_eq(cut.bytes, 9 * cut.lines);
    for (; logcut_next(&cut, &line); n++) {
        snprintf(text, sizeof text, "line %03d", 900 + n);
        ck_assert_str_eq(line.text, text);
        ck_assert_int_eq(line.stream, n % 2);
        free(line.text);
    }
    ck_assert_int_eq(n, LOGCUT_TAIL_LINES);
    logcut_release(&cut);
}
END_TEST

START_TEST(test_log_keeps_few_long_lines)
{
    struct logcut cut;
    static char text[8192];

    memset(text, 'x', sizeof text - 1);
    logcut_init(&cut, 0);
    for (int i = 0; i < 50; i++)
        (void)logcut_line(&cut, 0, text, sizeof text - 1);
    ck_assert_uint_le(cut.tail_bytes, LOGCUT_TAIL_BYTES);
    ck_assert_int_eq(cut.n + cut.lines, 50);
    ck_assert_int_gt(cut.n, 5);
    logcut_release(&cut);
}
END_TEST

static Suite *suite(void)
{
    Suite *s = suite_create("limits");
    TCase *tc = tcase_create("limits");
    tcase_set_timeout(tc, 60);
    tcase_add_checked_fixture(tc, setup, teardown);
    tcase_add_test(tc, test_within_its_limits);
    tcase_add_test(tc, test_fork_bomb);
    tcase_add_test(tc, test_fork_bomb_that_leaves_its_group);
    tcase_add_test(tc, test_threads_count);
    tcase_add_test(tc, test_memory_hog);
    tcase_add_test(tc, test_shared_memory_counts_once);
    tcase_add_test(tc, test_the_right_one);
    tcase_add_test(tc, test_the_dead_are_nobodys);
    tcase_add_test(tc, test_leftovers_are_nobody_elses);
    tcase_add_test(tc, test_leftovers_are_bounded);
    tcase_add_test(tc, test_log_is_cut_in_its_middle);
    tcase_add_test(tc, test_log_keeps_few_long_lines);
    suite_add_tcase(s, tc);
    tc = tcase_create("unbounded leftovers");
    tcase_set_timeout(tc, 60);
    tcase_add_checked_fixture(tc, setup_unbounded, teardown);
    tcase_add_test(tc, test_many_leftovers_hide_nobody);
    suite_add_tcase(s, tc);
    return s;
}
UNIT_MAIN(suite)
