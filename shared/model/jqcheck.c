#include "model/jqcheck.h"
#include "base/clock.h"
#include "conf/datadir.h"
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#define CHECK_TIMEOUT_MS 5000
#define ANSWER_MAX (4 * 1024 * 1024 + 65536) /* the value of a program may have 4 MB */

/* Is there any jq in it? `{{` in any text, an `expression`, a `condition`, a `filter`. Looser than the checker itself. */
static bool may_hold_jq(struct json_object *value, const char *name)
{
    if (json_object_is_type(value, json_type_string))
        return (name && (strcmp(name, "expression") == 0 || strcmp(name, "condition") == 0 || strcmp(name, "filter") == 0)) ||
               strstr(json_object_get_string(value), "{{");
    if (json_object_is_type(value, json_type_array)) {
        for (size_t i = 0; i < json_object_array_length(value); i++)
            if (may_hold_jq(json_object_array_get_idx(value, i), NULL))
                return true;
    } else if (json_object_is_type(value, json_type_object)) {
        json_object_object_foreach(value, key, member) if (may_hold_jq(member, key)) return true;
    }
    return false;
}

/* Our end is one socket: writing the definition and reading the answer cannot block each other. */
static enum rs_err talk(int fd, const char *text, size_t len, struct buf *answer, struct fault *fault)
{
    int64_t deadline = clock_mono_ms() + CHECK_TIMEOUT_MS;
    bool sent = false;
    char bytes[16384];

    for (;;) {
        struct pollfd p = {.fd = fd, .events = (short)(POLLIN | (sent ? 0 : POLLOUT))};
        int64_t left = deadline - clock_mono_ms();
        if (left <= 0)
            return fault_set(fault, RS_TIMEOUT, "jq took longer than %d ms", CHECK_TIMEOUT_MS);
        if (poll(&p, 1, (int)left) < 0 && errno != EINTR)
            return fault_set(fault, RS_IO, "poll: %s", strerror(errno));
        if (p.revents & POLLOUT) {
            ssize_t n = send(fd, text, len, MSG_NOSIGNAL | MSG_DONTWAIT);
            if (n < 0 && errno != EAGAIN && errno != EINTR)
                n = (ssize_t)len; /* it died: what it said, and its end, are read below */
            if (n > 0)
                text += n, len -= (size_t)n;
            if (len == 0) {
                shutdown(fd, SHUT_WR);
                sent = true;
            }
        }
        if (p.revents & (POLLIN | POLLHUP | POLLERR)) {
            ssize_t n = recv(fd, bytes, sizeof bytes, MSG_DONTWAIT);
            if (n == 0 || (n < 0 && errno == ECONNRESET))
                return RS_OK;
            if (n > 0 && buf_append(answer, bytes, (size_t)n))
                return fault_set(fault, RS_LIMIT, "the workflow has too many errors to list");
        }
    }
}

static enum rs_err take_answer(struct buf *answer, struct json_object *errors, struct fault *fault)
{
    struct json_object *list = NULL;
    struct fault why;

    if (json_parse(answer->data ? answer->data : "", answer->len, ANSWER_MAX, &list, &why) != RS_OK ||
        !json_object_is_type(list, json_type_array)) {
        json_object_put(list);
        return fault_set(fault, RS_IO, "the check of the workflow's jq gave no answer");
    }
    size_t n = json_object_array_length(list);
    for (size_t i = 0; i < n; i++)
        json_object_array_add(errors, json_object_get(json_object_array_get_idx(list, i)));
    json_object_put(list);
    return n ? RS_UNPROCESSABLE : RS_OK;
}

/* Have a child of runspool-runner in this mode read the text to its end, and take what it says. */
static enum rs_err ask(char *mode, const char *text, size_t len, struct buf *answer, struct fault *fault)
{
    char path[PATH_MAX], *argv[] = {path, mode, NULL}, *envp[] = {NULL};
    int pair[2] = {-1, -1}, status;
    pid_t pid = -1;
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attr;
    sigset_t none, pipe_only;
    enum rs_err err;

    if (program_path("runspool-runner", path, NULL))
        return fault_set(fault, RS_IO, "jq cannot be checked: the program runspool-runner is not installed beside this one");
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) < 0)
        return fault_set(fault, RS_IO, "socketpair: %s", strerror(errno));
    sigemptyset(&none);
    sigemptyset(&pipe_only);
    sigaddset(&pipe_only, SIGPIPE);
    posix_spawn_file_actions_init(&actions);
    posix_spawnattr_init(&attr);
    posix_spawnattr_setflags(&attr, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
    posix_spawnattr_setsigmask(&attr, &none);
    posix_spawnattr_setsigdefault(&attr, &pipe_only);
    int rc = posix_spawn_file_actions_adddup2(&actions, pair[1], 0);
    rc = rc ? rc : posix_spawn_file_actions_adddup2(&actions, pair[1], 1);
    rc = rc ? rc : posix_spawn_file_actions_addclosefrom_np(&actions, 3); /* the connections of a FastCGI program */
    rc = rc ? rc : posix_spawn(&pid, path, &actions, &attr, argv, envp);
    posix_spawn_file_actions_destroy(&actions);
    posix_spawnattr_destroy(&attr);
    close(pair[1]);
    if (rc) {
        close(pair[0]);
        return fault_set(fault, RS_IO, "cannot start %s: %s", path, strerror(rc));
    }
    err = talk(pair[0], text, len, answer, fault);
    if (err)
        kill(pid, SIGKILL);
    while (waitpid(pid, &status, 0) < 0 && errno == EINTR) {
    }
    close(pair[0]);
    if (!err && WIFSIGNALED(status) && (WTERMSIG(status) == SIGXCPU || WTERMSIG(status) == SIGKILL))
        err = fault_set(fault, RS_TIMEOUT, "jq took too long");
    else if (!err && WIFSIGNALED(status)) /* libjq aborts without memory, and knows no end of recursion */
        err = fault_set(fault, RS_LIMIT, "jq took too much memory");
    return err;
}

enum rs_err jqcheck_definition(struct json_object *definition, struct json_object *errors, struct fault *fault)
{
    struct buf answer;
    size_t len;

    if (!may_hold_jq(definition, NULL))
        return RS_OK;
    buf_init(&answer, ANSWER_MAX);
    const char *text = json_object_to_json_string_length(definition, JSON_C_TO_STRING_PLAIN, &len);
    enum rs_err err = ask("--jq-check", text, len, &answer, fault);
    if (!err)
        err = take_answer(&answer, errors, fault);
    buf_release(&answer);
    return err;
}

/* One line of the child's protocol. */
static void put_line(struct buf *out, const char *op, const char *member, struct json_object *value)
{
    size_t len;
    const char *text = json_text(value, &len);

    buf_printf(out, "{\"op\":\"%s\",\"%s\":", op, member);
    buf_append(out, text, len);
    buf_puts(out, "}\n");
}

enum rs_err jq_once(const char *program, struct json_object *input, struct json_object *secrets, struct json_object **ret,
                    struct fault *fault)
{
    struct json_object *said = NULL, *asked = json_object_new_string(program);
    struct buf text, answer;

    buf_init(&text, JQ_ONCE_INPUT_MAX);
    buf_init(&answer, ANSWER_MAX);
    if (secrets != NULL)
        put_line(&text, "secrets", "value", secrets);
    put_line(&text, "context", "value", input);
    put_line(&text, "eval", "program", asked);
    json_object_put(asked);
    enum rs_err err = text.err;
    if (err)
        err = fault_set(fault, err, "the input of a jq program is too long");
    if (!err)
        err = ask("--jq", text.data, text.len, &answer, fault);
    if (!err && json_parse(answer.data ? answer.data : "", answer.len, ANSWER_MAX, &said, NULL) != RS_OK)
        err = fault_set(fault, RS_IO, "jq gave no answer");
    if (!err && json_get_string(said, "error", NULL))
        err = fault_set(fault, RS_UNPROCESSABLE, "%s", json_get_string(said, "error", ""));
    if (!err)
        *ret = json_object_get(json_get(said, "value"));
    json_object_put(said);
    buf_release(&answer);
    buf_release(&text);
    return err;
}
