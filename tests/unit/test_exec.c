/* Running programs: lines as they come, bounds, groups, the gate, the sandbox. */
#include "runner/exec.h"
#include "runner/procs.h"
#include "unit.h"
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <pty.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

static uv_loop_t loop;
static struct reaper *reaper;
static char dir[PATH_MAX];

struct seen {
    char lines[8192]; /* "1:text|2:text|..." by stream */
    int n_lines;
    bool done, stop_on_line;
    struct exec *exec;
    struct exec_result result;
    char *out, *err, failure[FAULT_MESSAGE_MAX];
    size_t out_len;
    pid_t pgid;
    bool refuse;
};

static enum rs_err on_group(void *ctx, pid_t pgid, struct fault *fault)
{
    struct seen *seen = ctx;
    seen->pgid = pgid;
    ck_assert_int_eq(getpgid(pgid), pgid); /* it exists and waits */
    return seen->refuse ? fault_set(fault, RS_IO, "not recorded") : RS_OK;
}

static void on_line(void *ctx, enum exec_stream stream, const char *text, size_t len)
{
    struct seen *seen = ctx;
    size_t at = strlen(seen->lines);
    ck_assert_uint_eq(strlen(text), len);
    snprintf(seen->lines + at, sizeof seen->lines - at, "%d:%s|", stream + 1, text);
    seen->n_lines++;
    if (seen->stop_on_line)
        exec_stop(seen->exec);
}

static void on_done(void *ctx, struct exec_result *result)
{
    struct seen *seen = ctx;
    ck_assert(!seen->done);
    seen->done = true;
    seen->result = *result;
    seen->out = buf_take(&result->captured[EXEC_STDOUT], &seen->out_len);
    seen->err = buf_take(&result->captured[EXEC_STDERR], NULL);
    snprintf(seen->failure, sizeof seen->failure, "%s", result->failure ? result->failure : "");
}

static void start(struct seen *seen, const char *const *argv, const char *input, const struct sandbox *sandbox)
{
    static const char *const envp[] = {"PATH=/usr/bin:/bin", "A=b", NULL};
    struct exec_spec spec = {
        .argv = argv,
        .envp = envp,
        .cwd = dir,
        .input = input,
        .input_len = input ? strlen(input) : 0,
        .sandbox = sandbox,
        .kill_after_ms = 200,
        .ctx = seen,
        .on_group = on_group,
        .on_line = on_line,
        .on_done = on_done,
    };
    ck_assert_ok(exec_start(&loop, reaper, &spec, &seen->exec, NULL));
}

static void finish(struct seen *seen)
{
    while (!seen->done)
        uv_run(&loop, UV_RUN_ONCE);
}

static void sh(struct seen *seen, const char *script, const char *input)
{
    const char *argv[] = {"sh", "-c", script, NULL};
    start(seen, argv, input, NULL);
    finish(seen);
}

static void forget(struct seen *seen)
{
    free(seen->out);
    free(seen->err);
}

static void setup(void)
{
    setenv("RUNSPOOL_TEST_SECRET", "hush", 1);
    unit_tmpdir(dir);
    uv_loop_init(&loop);
    signal(SIGPIPE, SIG_IGN);
    ck_assert_ok(reaper_new(&loop, &reaper, NULL));
}

static void teardown(void)
{
    reaper_free(reaper);
    uv_run(&loop, UV_RUN_DEFAULT);
    ck_assert_int_eq(uv_loop_close(&loop), 0);
    unit_rmdir(dir);
}

START_TEST(test_output_and_status)
{
    struct seen seen = {0};
    sh(&seen, "cat; echo bad >&2; pwd; exit 3", "given\n");
    ck_assert_int_eq(seen.result.exit_code, 3);
    ck_assert_int_eq(seen.result.signal, 0);
    ck_assert(strncmp(seen.out, "given\n/", 7) == 0);
    ck_assert_str_eq(seen.err, "bad\n");
    ck_assert(!seen.result.truncated);
    forget(&seen);
}
END_TEST

START_TEST(test_lines_come_while_it_runs)
{
    struct seen seen = {0};
    const char *argv[] = {"sh", "-c", NULL, NULL};
    /* It gets its input only after its first line was seen: were lines kept until the end, this would never end. */
    char fifo[PATH_MAX];
    argv[2] = "echo one; read x < fifo; echo $x";
    ck_assert_int_eq(mkfifo(unit_path(fifo, dir, "fifo"), 0600), 0);
    start(&seen, argv, NULL, NULL);
    while (seen.n_lines == 0)
        uv_run(&loop, UV_RUN_ONCE);
    ck_assert_str_eq(seen.lines, "1:one|");
    ck_assert(!seen.done);
    FILE *f = fopen(fifo, "w");
    fputs("two\n", f);
    fclose(f);
    finish(&seen);
    ck_assert_str_eq(seen.lines, "1:one|1:two|");
    forget(&seen);
}
END_TEST

START_TEST(test_kinds_of_lines)
{
    struct seen seen = {0};
    sh(&seen, "printf 'a\\n\\nb\\r\\n1%%\\r2%%\\r\\nbad\\377\\033[1m\\000x\\nlast'", NULL);
    ck_assert_str_eq(seen.lines, "1:a|1:|1:b|1:2%|1:bad\xef\xbf\xbd\033[1m\xef\xbf\xbdx|1:last|");
    forget(&seen);
}
END_TEST

/* A clone's progress was a line of the log a percent: the first is given, then what is left standing. */
START_TEST(test_progress_displays_are_thinned)
{
    struct seen seen = {0};
    sh(&seen, "i=0; while [ $i -lt 100 ]; do i=$((i+1)); printf 'got %d%%\r' $i; done; printf 'got 100%%, done\nend\r'", NULL);
    ck_assert_str_eq(seen.lines, "1:got 1%|1:got 100%, done|1:end|");
    forget(&seen);
}
END_TEST

START_TEST(test_long_lines_are_cut)
{
    struct seen seen = {0};
    sh(&seen, "head -c 100000 /dev/zero | tr '\\0' x; echo; echo next", NULL);
    ck_assert_int_eq(seen.n_lines, 2);
    ck_assert_ptr_nonnull(strstr(seen.lines, "xxx"));
    ck_assert_uint_eq(seen.out_len, 100006);
    forget(&seen);
}
END_TEST

START_TEST(test_capture_is_bounded)
{
    struct seen seen = {0};
    sh(&seen, "head -c 5000000 /dev/zero | tr '\\0' '\\303\\244' >&2; echo ok", NULL);
    ck_assert(seen.result.truncated);
    ck_assert_uint_le(strlen(seen.err), 3 * EXEC_CAPTURE_MAX);
    ck_assert_str_eq(seen.out, "ok\n");
    forget(&seen);
}
END_TEST

START_TEST(test_clean_environment)
{
    struct seen seen = {0};
    const char *argv[] = {"env", NULL};
    start(&seen, argv, NULL, NULL);
    finish(&seen);
    ck_assert_str_eq(seen.out, "PATH=/usr/bin:/bin\nA=b\n");
    forget(&seen);
}
END_TEST

START_TEST(test_nothing_inherited)
{
    struct seen seen = {0};
    /* 0, 1, 2, and what ls itself opens. */
    int fd = dup(1);
    sh(&seen, "ls /proc/self/fd | wc -l; grep NoNewPrivs /proc/self/status; ulimit -c", NULL);
    ck_assert_str_eq(seen.out, "4\nNoNewPrivs:\t1\n0\n");
    close(fd);
    forget(&seen);
}
END_TEST

static bool group_is_gone(pid_t pgid)
{
    for (int i = 0; i < 500; i++) {
        if (kill(-pgid, 0) < 0 && errno == ESRCH)
            return true;
        uv_run(&loop, UV_RUN_NOWAIT); /* reaps */
        usleep(10000);
    }
    return false;
}

START_TEST(test_stop_ends_the_whole_group)
{
    struct seen seen = {.stop_on_line = true};
    /* Neither it nor its children heed TERM. */
    sh(&seen, "trap '' TERM; sh -c 'trap \"\" TERM; sleep 100; sleep 100' & echo started; sleep 100; sleep 100", NULL);
    ck_assert_int_eq(seen.result.signal, SIGKILL);
    ck_assert(group_is_gone(seen.pgid));
    forget(&seen);
}
END_TEST

START_TEST(test_what_it_leaves_is_ended)
{
    struct seen seen = {0};
    sh(&seen, "sleep 100 & exit 0", NULL);
    ck_assert_int_eq(seen.result.exit_code, 0);
    ck_assert(group_is_gone(seen.pgid));
    forget(&seen);
}
END_TEST

START_TEST(test_not_run_unless_recorded)
{
    struct seen seen = {.refuse = true};
    char path[PATH_MAX];
    const char *argv[] = {"touch", unit_path(path, dir, "ran"), NULL};
    start(&seen, argv, NULL, NULL);
    finish(&seen);
    ck_assert_str_eq(seen.failure, "not recorded");
    ck_assert_int_ne(access(path, F_OK), 0);
    forget(&seen);
}
END_TEST

static int wake[2];
static bool stop_new_child;

static void on_term(int sig)
{
    (void)sig;
    if (write(wake[1], "t", 1) != 1)
        abort(); /* an assertion of Check is not for signal handlers */
}

static void in_new_child(void)
{
    if (stop_new_child)
        raise(SIGTERM);
}

/* A stop that comes when the child has but been forked and still has our handlers ends it all the same, and is not taken
 * for a signal to us: our handler writes to a pipe that the child shares. */
START_TEST(test_stop_right_after_the_fork)
{
    struct child child;
    struct sigaction action = {.sa_handler = on_term}, before;
    struct child_spec spec = {
        .argv = (const char *const[]){"true", NULL}, .envp = (const char *const[]){NULL}, .stdio = {-1, -1, -1}};
    int status;
    char byte;

    ck_assert_int_eq(pipe2(wake, O_NONBLOCK | O_CLOEXEC), 0);
    ck_assert_int_eq(sigaction(SIGTERM, &action, &before), 0);
    ck_assert_int_eq(pthread_atfork(NULL, NULL, in_new_child), 0);
    stop_new_child = true;
    ck_assert_ok(child_start(&spec, &child, NULL));
    stop_new_child = false;
    child_open_gate(&child);
    ck_assert_int_eq(waitpid(child.pid, &status, 0), child.pid);
    ck_assert(WIFSIGNALED(status));
    ck_assert_int_eq(WTERMSIG(status), SIGTERM);
    ck_assert_int_eq(read(wake[0], &byte, 1), -1);
    ck_assert_int_eq(raise(SIGTERM), 0); /* ours are as they were */
    ck_assert_int_eq(read(wake[0], &byte, 1), 1);
    sigaction(SIGTERM, &before, NULL);
    close(child.status_fd);
    close(wake[0]);
    close(wake[1]);
}
END_TEST

/* A process that works in the run's folder, on a terminal or on none, told by a byte from it. */
static pid_t work_in_dir(bool terminal)
{
    int ready[2], master = -1;
    char byte;
    ck_assert_int_eq(pipe2(ready, O_CLOEXEC), 0);
    pid_t pid = terminal ? forkpty(&master, NULL, NULL, NULL) : fork();
    if (pid == 0) {
        if (!terminal)
            setsid();
        if (chdir(dir) == 0 && write(ready[1], "r", 1) == 1)
            pause();
        _exit(1);
    }
    ck_assert_int_gt(pid, 0);
    ck_assert_int_eq(read(ready[0], &byte, 1), 1);
    close(ready[0]);
    close(ready[1]);
    return pid;
}

START_TEST(test_a_person_in_an_orphans_folder_is_left_alone)
{
    pid_t person = work_in_dir(true), tool = work_in_dir(false);
    int status;
    ck_assert_int_eq(kill_run_leftovers("r_none", dir), 1);
    ck_assert_int_eq(waitpid(tool, &status, 0), tool);
    ck_assert(WIFSIGNALED(status));
    ck_assert_int_eq(waitpid(person, &status, WNOHANG), 0);
    kill(person, SIGKILL);
    waitpid(person, &status, 0);
}
END_TEST

START_TEST(test_program_that_is_not_there)
{
    struct seen seen = {0};
    const char *argv[] = {"runspool-no-such-program", NULL};
    start(&seen, argv, "unread input", NULL);
    finish(&seen);
    ck_assert_str_eq(seen.failure, "cannot run the program: No such file or directory");
    forget(&seen);
}
END_TEST

/* What a sandbox of this way lets a tool do: outside yes, own folders yes, the rest of the data directory no. */
static void check_sandbox(enum sandbox_way way)
{
    struct fault fault;
    struct sandbox sandbox;
    char data[PATH_MAX], path[PATH_MAX], script[4 * PATH_MAX + 1024];

    unit_path(data, dir, "data");
    for (int i = 0; i < 2; i++) {
        ck_assert_ok(file_mkdir(unit_path(path, data, i ? "runs/other/work" : "runs/mine/work"), 0770, &fault));
        ck_assert_ok(
            file_mkdir(unit_path(path, data, i ? "runs/other/artifacts" : "runs/mine/artifacts"), 0770, &fault));
    }
    unit_write(data, "runspool.db", "secret");
    unit_write(data, "runs/other/work/file", "secret");
    unit_write(dir, "outside", "public");
    enum rs_err err = sandbox_open_way(&sandbox, way, data, "mine", &fault);
    if (err == RS_DENIED)
        return; /* this machine has not this way */
    ck_assert_msg(err == RS_OK, "%s", fault.message);
    snprintf(script, sizeof script,
             "cd %s; cat runspool.db; cat runs/other/work/file; ls runs/other; echo x > new; echo x > runs/mine/new;"
             "umount %s; cat /proc/%d/root%s/runspool.db; head -c 1 /proc/%d/environ;"
             "cat %s/outside; echo w > runs/mine/work/w && cat runs/mine/work/w; echo a > runs/mine/artifacts/a && "
             "echo a; exit 0",
             data, data, (int)getpid(), data, (int)getpid(), dir);
    struct seen seen = {0};
    const char *argv[] = {"sh", "-c", script, NULL};
    start(&seen, argv, NULL, &sandbox);
    finish(&seen);
    ck_assert_str_eq(seen.failure, "");
    ck_assert_str_eq(seen.out, "publicw\na\n");
    ck_assert_int_ne(access(unit_path(path, data, "new"), F_OK), 0);
    forget(&seen);
    sandbox_close(&sandbox);
}

START_TEST(test_namespace_sandbox)
{
    check_sandbox(SANDBOX_NAMESPACE);
}
END_TEST

START_TEST(test_landlock_sandbox)
{
    check_sandbox(SANDBOX_LANDLOCK);
}
END_TEST

static Suite *suite(void)
{
    Suite *s = suite_create("exec");
    TCase *tc = tcase_create("exec");
    tcase_set_timeout(tc, 60);
    tcase_add_checked_fixture(tc, setup, teardown);
    tcase_add_test(tc, test_output_and_status);
    tcase_add_test(tc, test_lines_come_while_it_runs);
    tcase_add_test(tc, test_kinds_of_lines);
    tcase_add_test(tc, test_progress_displays_are_thinned);
    tcase_add_test(tc, test_long_lines_are_cut);
    tcase_add_test(tc, test_capture_is_bounded);
    tcase_add_test(tc, test_clean_environment);
    tcase_add_test(tc, test_nothing_inherited);
    tcase_add_test(tc, test_stop_ends_the_whole_group);
    tcase_add_test(tc, test_what_it_leaves_is_ended);
    tcase_add_test(tc, test_not_run_unless_recorded);
    tcase_add_test(tc, test_stop_right_after_the_fork);
    tcase_add_test(tc, test_a_person_in_an_orphans_folder_is_left_alone);
    tcase_add_test(tc, test_program_that_is_not_there);
    tcase_add_test(tc, test_namespace_sandbox);
    tcase_add_test(tc, test_landlock_sandbox);
    suite_add_tcase(s, tc);
    return s;
}
UNIT_MAIN(suite)
