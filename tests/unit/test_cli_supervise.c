/* `runspool up` over trivial children: restarts, ends in order and for good, commands, a start that fails. */
#include "base/log.h"
#include "cli/control.h"
#include "cli/supervise.h"
#include "cli/uplock.h"
#include "tests/unit/unit.h"
#include <poll.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

static struct supervise sup;
static struct datadir dd;
static int lock_fd;

static bool answers(const struct part *part, void *ctx)
{
    (void)ctx;
    return part->pid > 0;
}

static bool never(const struct part *part, void *ctx)
{
    (void)part;
    (void)ctx;
    return false;
}

static struct part *part(const char *name, const char *script)
{
    struct part *p = &sup.parts[sup.n_parts++];
    part_init(p, name, 200);
    p->argv[0] = "/bin/sh";
    p->argv[1] = "-c";
    p->argv[2] = script;
    p->answers = answers;
    datadir_path(&dd, p->log, "run/%s.log", name);
    return p;
}

static void set_up(void)
{
    struct fault fault = {0};
    char path[PATH_MAX];
    unit_tmpdir(dd.root);
    ck_assert_ok(file_mkdir(datadir_path(&dd, path, "run"), 0770, &fault));
    ck_assert_ok(uplock_take(&dd, &lock_fd, &fault));
    memset(&sup, 0, sizeof(sup));
    ck_assert_ok(control_listen(&dd, &sup.control_fd, &fault));
    sup.about = json_object_new_object();
    sup.signal_fd = supervise_block_signals();
    log_open("test", LOG_LEVEL_ERROR, LOG_TO_STDERR);
}

static void tear_down(void)
{
    json_object_put(sup.about);
    close(sup.control_fd);
    close(sup.signal_fd);
    uplock_release(&dd, lock_fd);
    unit_rmdir(dd.root);
}

static struct json_object *call(const char *command)
{
    struct json_object *answer = NULL;
    struct fault fault = {0};
    ck_assert_msg(control_call(&dd, command, 20000, &answer, &fault) == RS_OK, "%s: %s", command, fault.message);
    return answer;
}

static struct json_object *component(struct json_object *status, const char *name)
{
    return json_get(json_get(status, "components"), name);
}

/* The client, in a process of its own: it talks to the supervisor, then ends it. */
static pid_t client;

static bool start_client(void (*talk)(void))
{
    pid_t parent = getpid();
    client = fork();
    if (client == 0) {
        talk();
        kill(parent, SIGTERM);
        _exit(0);
    }
    return client > 0;
}

static void check_client(void)
{
    int status;
    ck_assert_int_eq(waitpid(client, &status, 0), client);
    ck_assert_int_eq(status, 0);
}

static void talk_restarts(void)
{
    struct json_object *status = call("status");
    int64_t pid = json_get_int(component(status, "bridge"), "pid", 0);
    json_object_put(status);
    ck_assert_int_gt(pid, 0);
    ck_assert_int_eq(kill((pid_t)pid, SIGKILL), 0);
    for (;;) { /* each answer is an event of the supervisor's loop; it ends with the test's own time limit */
        status = call("status");
        struct json_object *bridge = component(status, "bridge");
        bool back = json_get_int(bridge, "pid", pid) != pid && strcmp(json_get_string(bridge, "state", ""), "up") == 0;
        if (back) {
            ck_assert_int_eq(json_get_int(bridge, "restarts", 0), 1);
            ck_assert_str_eq(json_get_string(bridge, "lastEnd", ""), "signal 9 (Killed)");
        }
        json_object_put(status);
        if (back)
            return;
        poll(NULL, 0, 5);
    }
}

static bool ready_restarts(void *ctx)
{
    (void)ctx;
    return start_client(talk_restarts);
}

START_TEST(what_dies_is_restarted)
{
    struct fault fault = {0};
    part("web", "exec sleep 60");
    part("bridge", "exec sleep 60");
    sup.ready = ready_restarts;
    ck_assert_ok(supervise_run(&sup, &fault));
    check_client();
    for (int i = 0; i < sup.n_parts; i++)
        ck_assert_int_eq(sup.parts[i].pid, 0);
}
END_TEST

static void talk_commands(void)
{
    struct json_object *answer = call("stop runner"), *other = NULL;
    struct fault fault = {0};
    ck_assert_str_eq(json_get_string(answer, "state", ""), "stopped");
    ck_assert_ptr_null(json_get(answer, "pid"));
    json_object_put(answer);
    answer = call("start runner");
    int64_t pid = json_get_int(answer, "pid", 0);
    ck_assert_int_gt(pid, 0);
    json_object_put(answer);
    answer = call("restart runner");
    ck_assert_int_ne(json_get_int(answer, "pid", pid), pid);
    json_object_put(answer);
    ck_assert_int_eq(control_call(&dd, "stop bridge", 5000, &other, &fault), RS_CONFLICT);
    ck_assert_ptr_nonnull(strstr(fault.message, "no part \"bridge\""));
    ck_assert_int_eq(control_call(&dd, "explode", 5000, &other, &fault), RS_CONFLICT);
}

static bool ready_commands(void *ctx)
{
    (void)ctx;
    return start_client(talk_commands);
}

START_TEST(commands_are_answered_when_done)
{
    struct fault fault = {0};
    part("runner", "exec sleep 60");
    sup.ready = ready_commands;
    ck_assert_ok(supervise_run(&sup, &fault));
    check_client();
}
END_TEST

static bool ready_end(void *ctx)
{
    (void)ctx;
    return kill(getpid(), SIGTERM) == 0;
}

static bool trap_is_set(const struct part *p, void *ctx)
{
    char path[PATH_MAX];
    (void)ctx;
    return access(datadir_path(&dd, path, "run/%s", p->name), F_OK) == 0;
}

START_TEST(ended_in_order_and_killed_when_deaf)
{
    struct fault fault = {0};
    char path[PATH_MAX], script[2][2 * PATH_MAX + 200], *text = NULL;
    datadir_path(&dd, path, "order");
    snprintf(script[0], sizeof(script[0]),
             "trap 'echo web >>%s; exit' TERM; echo >%s/run/web; while :; do sleep 0.01; done", path, dd.root);
    snprintf(script[1], sizeof(script[1]),
             "trap 'echo bridge >>%s; exit' INT; echo >%s/run/bridge; while :; do sleep 0.01; done", path, dd.root);
    part("web", script[0]);
    part("runner", "trap '' TERM; while :; do sleep 0.01; done");
    part("bridge", script[1])->down_signal = SIGINT;
    sup.parts[0].answers = sup.parts[2].answers = trap_is_set;
    sup.ready = ready_end;
    ck_assert_ok(supervise_run(&sup, &fault));
    ck_assert_ok(file_read(path, 100, &text, NULL, &fault));
    ck_assert_str_eq(text, "web\nbridge\n");
    free(text);
}
END_TEST

static void talk_late(void)
{
    static const char *const commands[] = {"start bridge", "restart bridge", "restart web"};
    struct json_object *answer = call("stop bridge");
    struct fault fault = {0};
    char path[PATH_MAX];
    json_object_put(answer);
    ck_assert_int_eq(kill(getppid(), SIGTERM), 0);
    for (int i = 0; i < 3; i++) {
        ck_assert_int_eq(control_call(&dd, commands[i], 5000, &answer, &fault), RS_CONFLICT);
        ck_assert_ptr_nonnull(strstr(fault.message, "ending"));
    }
    answer = call("status");
    ck_assert_str_eq(json_get_string(component(answer, "bridge"), "state", ""), "stopped");
    json_object_put(answer);
    ck_assert_ok(file_write(datadir_path(&dd, path, "run/go"), "", 0, 0600, &fault));
}

static bool ready_late(void *ctx)
{
    (void)ctx;
    return start_client(talk_late);
}

START_TEST(nothing_is_started_while_all_ends)
{
    struct fault fault = {0};
    char script[2 * PATH_MAX + 100];
    snprintf(script, sizeof(script), "trap '' TERM; echo >%s/run/web; while [ ! -e %s/run/go ]; do sleep 0.01; done", dd.root, dd.root);
    struct part *web = part("web", script);
    web->stop_ms = 60000;
    web->answers = trap_is_set;
    part("bridge", "exec sleep 60");
    sup.ready = ready_late;
    ck_assert_ok(supervise_run(&sup, &fault));
    check_client();
    ck_assert_int_eq(sup.parts[1].pid, 0);
}
END_TEST

static bool ready_not(void *ctx)
{
    (void)ctx;
    ck_abort_msg("it must not become ready");
}

START_TEST(a_start_that_fails_ends_all)
{
    struct fault fault = {0};
    part("web", "exec sleep 60");
    struct part *bad = part("bridge", "exit 7");
    bad->answers = never;
    sup.ready = ready_not;
    ck_assert_int_eq(supervise_run(&sup, &fault), RS_IO);
    ck_assert_str_eq(fault.message, "bridge does not start: exit status 7");
    ck_assert_int_eq(sup.parts[0].pid, 0);
}
END_TEST

START_TEST(one_up_a_directory)
{
    struct fault fault = {0};
    int other = -1;
    ck_assert_int_eq(uplock_holder(&dd), getpid());
    ck_assert_int_eq(uplock_take(&dd, &other, &fault), RS_CONFLICT);
    uplock_release(&dd, lock_fd);
    ck_assert_int_eq(uplock_holder(&dd), 0);
    ck_assert_ok(uplock_take(&dd, &lock_fd, &fault));
}
END_TEST

static Suite *suite(void)
{
    Suite *s = suite_create("cli_supervise");
    TCase *t = tcase_create("supervise");
    tcase_add_checked_fixture(t, set_up, tear_down);
    tcase_set_timeout(t, 30);
    tcase_add_test(t, what_dies_is_restarted);
    tcase_add_test(t, commands_are_answered_when_done);
    tcase_add_test(t, ended_in_order_and_killed_when_deaf);
    tcase_add_test(t, nothing_is_started_while_all_ends);
    tcase_add_test(t, a_start_that_fails_ends_all);
    tcase_add_test(t, one_up_a_directory);
    suite_add_tcase(s, t);
    return s;
}
UNIT_MAIN(suite)
