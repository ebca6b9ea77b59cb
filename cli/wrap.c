/* runspool wrap -- COMMAND...: the command becomes a run whose executor is this process. */
#include "base/clock.h"
#include "cli/cli.h"
#include "cli/lines.h"
#include "model/run.h"
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

#define WRAP_NODE "command"
#define WRAP_FAILED 125 /* our own failure, as env(1) and timeout(1) have it */
#define WRAP_NO_EXEC 126
#define WRAP_NOT_FOUND 127
#define WRAP_LEASE_EVERY_MS 1000 /* also how soon a cancel is seen */
#define WRAP_FLUSH_MS 10000
#define WRAP_PIPE_BYTES 65536 /* what a pipe holds (pipe(7)) */
#define WRAP_KEEP_MAX (20 * 1024) /* bytes kept of each stream: both as JSON, escaped at worst, fit RUN_OUTPUT_MAX */

const struct arg_option wrap_options[] = {
    {"name", 0, "TEXT", NULL, false, "name of the run (default: the command)"},
    {"quiet", 'q', NULL, NULL, false, "do not say the run's id and page on standard error"},
    {0},
};

/* One of the command's two streams. */
struct wrap_stream {
    struct wrap *wrap;
    const char *source, *level;
    int pipe[2]; /* ours: [0], -1 when closed */
    int to;      /* where it is shown */
    struct lines lines;
    struct buf kept; /* the first bytes, for the node's output */
};

struct wrap {
    struct cli *cli;
    struct store store; /* of the run: its lines come from the run's own producer, which can be silenced when we are gone */
    struct spool *spool;
    struct wrap_stream out, err;
    struct run_claim claim;
    pid_t pid;
    bool own_group; /* the command has a process group of its own: no terminal to share */
    bool lost;      /* the run was taken over: the command goes on without a record */
    bool cancelled, ended;
    int64_t kill_ms; /* monotonic; 0: not asked to end */
    int status;      /* of wait */
    int exec_errno;  /* why it could not be started, 0 */
};

static void wrap_line(void *ctx, const char *text, size_t len)
{
    struct wrap_stream *stream = ctx;
    struct buf data;
    buf_init(&data, EVENT_DATA_MAX);
    buf_printf(&data, "{\"level\":\"%s\",\"nodeId\":\"" WRAP_NODE "\",\"source\":\"%s\",\"message\":", stream->level,
               stream->source);
    buf_put_json(&data, text, len);
    buf_putc(&data, '}');
    char name[STREAM_MAX];
    snprintf(name, sizeof(name), "run:%s", stream->wrap->claim.id);
    /* A line that finds no room in an outage is counted by the emitter (log.dropped): never a reason to stop. */
    if (data.err == RS_OK && !stream->wrap->lost)
        (void)!spool_append(stream->wrap->spool, name, "log", data.data, data.len, 0);
    buf_release(&data);
}

static void stream_close(struct wrap_stream *stream)
{
    if (stream->pipe[0] >= 0)
        close(stream->pipe[0]);
    stream->pipe[0] = -1;
}

/* Take what the pipe holds, so much at once: show it, keep its beginning, emit its lines. A command that never pauses
 * must not keep us from signals and the lease. */
static void stream_pump(struct wrap_stream *stream)
{
    char chunk[16384];
    for (int taken = 0; stream->pipe[0] >= 0 && taken < WRAP_PIPE_BYTES;) {
        ssize_t n = read(stream->pipe[0], chunk, sizeof(chunk));
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0 && errno == EAGAIN)
            return;
        if (n <= 0) {
            stream_close(stream);
            return;
        }
        taken += (int)n;
        size_t room = WRAP_KEEP_MAX + 1 - stream->kept.len;
        buf_append(&stream->kept, chunk, (size_t)n < room ? (size_t)n : room);
        lines_add(&stream->lines, chunk, (size_t)n);
        for (ssize_t done = 0, w; done < n; done += w) {
            w = write(stream->to, chunk + done, (size_t)(n - done));
            if (w < 0 && errno == EAGAIN) { /* whoever gave us this descriptor made it non-blocking */
                poll(&(struct pollfd){.fd = stream->to, .events = POLLOUT}, 1, -1);
                w = 0;
            } else if (w < 0 && errno == EINTR) {
                w = 0;
            } else if (w < 0) {
                stream_close(stream); /* nobody reads us: the command gets SIGPIPE in its turn */
                return;
            }
        }
    }
}

static struct json_object *wrap_definition(const struct cli *cli)
{
    struct json_object *definition = NULL, *command = json_object_new_array();
    static const char text[] =
        "{\"id\":\"wrap\",\"nodes\":["
        "{\"id\":\"start\",\"type\":\"trigger\",\"position\":{\"x\":0,\"y\":0},\"data\":{\"kind\":\"manual\",\"label\":"
        "\"Start\"}},"
        "{\"id\":\"" WRAP_NODE
        "\",\"type\":\"tool\",\"position\":{\"x\":260,\"y\":0},\"data\":{\"kind\":\"shell\",\"label\":\"Command\"}}],"
        "\"edges\":[{\"id\":\"e1\",\"source\":\"start\",\"target\":\"" WRAP_NODE "\"}]}";
    if (json_parse(text, sizeof(text) - 1, sizeof(text), &definition, NULL) != RS_OK)
        abort();
    for (int i = 0; i < cli->args.n_operands; i++)
        json_object_array_add(command, json_object_new_string(cli->args.operands[i]));
    json_set(json_get(json_object_array_get_idx(json_get_array(definition, "nodes"), 1), "data"), "command", command);
    return definition;
}

static enum rs_err wrap_create(struct wrap *wrap, struct fault *fault)
{
    struct cli *cli = wrap->cli;
    struct json_object *definition = wrap_definition(cli);
    char run_id[ID_MAX + 1], owner[64];
    struct buf name;
    buf_init(&name, 4096);
    for (int i = 0; i < cli->args.n_operands; i++)
        buf_printf(&name, "%s%s", i ? " " : "", cli->args.operands[i]);
    snprintf(owner, sizeof(owner), "wrap-%d", (int)getpid());
    const char *given = args_value(&cli->args, "name");
    struct run_new new = {.org = cli_org(cli),
                          .workflow_id = "wrap",
                          .definition = definition,
                          .owner = owner,
                          .name = given      ? given
                                  : name.len ? name.data
                                             : cli->args.operands[0]};
    enum rs_err err = run_create(&cli->store, &new, run_id, fault);
    if (err == RS_OK)
        err = run_claim_load(&cli->store, run_id, 1, &wrap->claim, fault);
    if (err == RS_OK)
        err = store_open(&wrap->store, &cli->dd, "wrap", fault);
    if (err == RS_OK)
        run_producer(run_id, wrap->claim.fence, wrap->store.producer);
    buf_release(&name);
    json_object_put(definition);
    return err;
}

/* From now on the record is not ours to write; the command is the user's and goes on. */
static void wrap_lose(struct wrap *wrap, const struct fault *fault)
{
    if (!wrap->lost)
        cli_note(wrap->cli, "the run is no longer recorded: %s", fault->message);
    wrap->lost = true;
}

static void wrap_move(struct wrap *wrap, const char *node, enum node_status status, pid_t pgid,
                      struct json_object *output, struct json_object *error)
{
    struct node_change change = {
        .node_id = node, .status = status, .attempt = 1, .pgid = pgid, .output = output, .error = error};
    struct fault fault = {0};
    if (!wrap->lost && node_move(&wrap->store, wrap->claim.id, wrap->claim.fence, &change, &fault) != RS_OK)
        wrap_lose(wrap, &fault);
}

static void wrap_lease(struct wrap *wrap)
{
    struct fault fault = {0};
    enum run_wish wish = RUN_WISH_NONE;
    if (wrap->lost)
        return;
    enum rs_err err = run_lease(&wrap->store, wrap->claim.id, wrap->claim.fence, getpid(), &wish, &fault);
    if (err == RS_CONFLICT)
        wrap_lose(wrap, &fault);
    else if (err == RS_OK) /* RS_BUSY, RS_IO: the next second may be better, the lease lasts */
        (void)!outbox_settle(&wrap->store, &fault);
    if (wish == RUN_WISH_CANCEL && !wrap->cancelled) {
        wrap->cancelled = true;
        wrap->kill_ms = clock_mono_ms() + config_number(wrap->cli->dd.config, "runner.kill_after");
        kill(wrap->own_group ? -wrap->pid : wrap->pid, SIGTERM);
    }
}

/* In the child: wait until the parent has recorded our process group, then become the command. */
static void wrap_exec(struct wrap *wrap, int go, int report)
{
    char byte;
    sigset_t none;
    if (wrap->own_group)
        setpgid(0, 0);
    if (read(go, &byte, 1) != 1)
        _exit(WRAP_FAILED);
    dup2(wrap->out.pipe[1], STDOUT_FILENO);
    dup2(wrap->err.pipe[1], STDERR_FILENO);
    signal(SIGPIPE, SIG_DFL);
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    execvp(wrap->cli->args.operands[0], wrap->cli->args.operands);
    (void)!write(report, &errno, sizeof(errno));
    _exit(errno == ENOENT ? WRAP_NOT_FOUND : WRAP_NO_EXEC);
}

static enum rs_err wrap_start(struct wrap *wrap, struct fault *fault)
{
    int go[2], report[2];
    if (pipe2(wrap->out.pipe, O_CLOEXEC) != 0 || pipe2(wrap->err.pipe, O_CLOEXEC) != 0 || pipe2(go, O_CLOEXEC) != 0 ||
        pipe2(report, O_CLOEXEC) != 0)
        return fault_set(fault, RS_IO, "no pipe: %s", strerror(errno));
    wrap->own_group = !isatty(STDIN_FILENO);
    wrap->pid = fork();
    if (wrap->pid < 0)
        return fault_set(fault, RS_IO, "cannot fork: %s", strerror(errno));
    if (wrap->pid == 0)
        wrap_exec(wrap, go[0], report[1]);
    if (wrap->own_group)
        setpgid(wrap->pid, wrap->pid);
    close(wrap->out.pipe[1]);
    close(wrap->err.pipe[1]);
    close(go[0]);
    close(report[1]);
    fcntl(wrap->out.pipe[0], F_SETFL, O_NONBLOCK);
    fcntl(wrap->err.pipe[0], F_SETFL, O_NONBLOCK);
    wrap_move(wrap, WRAP_NODE, NODE_RUNNING, wrap->own_group ? wrap->pid : 0, NULL, NULL);
    (void)!write(go[1], "", 1);
    close(go[1]);
    if (read(report[0], &wrap->exec_errno, sizeof(wrap->exec_errno)) != sizeof(wrap->exec_errno))
        wrap->exec_errno = 0;
    close(report[0]);
    return RS_OK;
}

static void wrap_signals(struct wrap *wrap, int signal_fd)
{
    struct signalfd_siginfo info;
    while (read(signal_fd, &info, sizeof(info)) == sizeof(info)) {
        if (info.ssi_signo == SIGCHLD) {
            wrap->ended |= waitpid(wrap->pid, &wrap->status, WNOHANG) == wrap->pid;
            continue;
        }
        /* What the terminal sends to a process group the command shares has reached it already. */
        if (wrap->own_group || info.ssi_code != SI_KERNEL)
            kill(wrap->own_group ? -wrap->pid : wrap->pid, (int)info.ssi_signo);
    }
}

static void wrap_loop(struct wrap *wrap, int signal_fd)
{
    int64_t lease_ms = clock_mono_ms();
    while (!wrap->ended) {
        struct pollfd fds[] = {{.fd = signal_fd, .events = POLLIN},
                               {.fd = wrap->out.pipe[0], .events = POLLIN},
                               {.fd = wrap->err.pipe[0], .events = POLLIN}};
        int64_t now = clock_mono_ms();
        if (now >= lease_ms) {
            wrap_lease(wrap);
            lease_ms = now + WRAP_LEASE_EVERY_MS;
        }
        if (wrap->kill_ms && now >= wrap->kill_ms)
            kill(wrap->own_group ? -wrap->pid : wrap->pid, SIGKILL);
        int64_t next = wrap->kill_ms > now && wrap->kill_ms < lease_ms ? wrap->kill_ms : lease_ms;
        if (poll(fds, 3, next > now ? (int)(next - now) : 0) <= 0)
            continue;
        stream_pump(&wrap->out);
        stream_pump(&wrap->err);
        if (fds[0].revents)
            wrap_signals(wrap, signal_fd);
    }
    /* What it wrote before it ended; a child it left behind may hold the pipes open, so not until their end. */
    stream_pump(&wrap->out);
    stream_pump(&wrap->err);
    lines_end(&wrap->out.lines);
    lines_end(&wrap->err.lines);
}

static void put_kept(struct json_object *output, struct wrap_stream *stream, bool *truncated)
{
    size_t len = stream->kept.len;
    struct json_object *text = NULL;
    struct buf json;
    if (len > WRAP_KEEP_MAX) {
        len = WRAP_KEEP_MAX;
        *truncated = true;
    }
    buf_init(&json, 8 * WRAP_KEEP_MAX);
    buf_put_json(&json, stream->kept.data ? stream->kept.data : "", len);
    if (json.err == RS_OK && json_parse(json.data, json.len, json.len, &text, NULL) == RS_OK)
        json_set(output, stream->source, text);
    buf_release(&json);
}

/* Neither bridge nor log takes what is left: the run's record shall say how much that is. */
static void wrap_drop(struct wrap *wrap)
{
    char name[STREAM_MAX];
    struct fault fault = {0};
    snprintf(name, sizeof(name), "run:%s", wrap->claim.id);
    int64_t n = spool_give_up(wrap->spool, name);
    if (n == 0)
        return;
    cli_note(wrap->cli, "%lld of the last lines of output are missing from the run's record", (long long)n);
    if (run_dropped(&wrap->store, wrap->claim.id, wrap->claim.fence, n, &fault) != RS_OK)
        wrap_lose(wrap, &fault);
}

/* Record the end. Returns: the command's exit status. */
static int wrap_finish(struct wrap *wrap)
{
    struct json_object *output = json_object_new_object(), *error = NULL;
    int code = WIFSIGNALED(wrap->status) ? 128 + WTERMSIG(wrap->status) : WEXITSTATUS(wrap->status);
    bool truncated = false, good = code == 0;
    char message[256];
    struct fault fault = {0};

    json_set_int(output, "exitCode", code);
    if (WIFSIGNALED(wrap->status))
        json_set_int(output, "signal", WTERMSIG(wrap->status));
    put_kept(output, &wrap->out, &truncated);
    put_kept(output, &wrap->err, &truncated);
    json_set_bool(output, "truncated", truncated);
    if (wrap->exec_errno)
        snprintf(message, sizeof(message), "cannot run it: %s", strerror(wrap->exec_errno));
    else if (WIFSIGNALED(wrap->status))
        snprintf(message, sizeof(message), "ended by signal %d (%s)", WTERMSIG(wrap->status),
                 strsignal(WTERMSIG(wrap->status)));
    else
        snprintf(message, sizeof(message), "exit status %d", code);
    if (!good) {
        error = json_object_new_object();
        json_set_string(error, "code", wrap->cancelled ? "cancelled" : "exit");
        json_set_string(error, "message", wrap->cancelled ? "cancelled" : message);
        json_set_string(error, "nodeId", WRAP_NODE);
    }
    bool cancelled = wrap->cancelled && !good;
    wrap_move(wrap, WRAP_NODE, cancelled ? NODE_CANCELLED : good ? NODE_SUCCESS : NODE_ERROR, 0, output, error);
    if (!wrap->lost && spool_flush(wrap->spool, WRAP_FLUSH_MS) != RS_OK)
        wrap_drop(wrap);
    if (!wrap->lost && run_end(&wrap->store, wrap->claim.id, wrap->claim.fence,
                               cancelled ? RUN_CANCELLED
                               : good    ? RUN_SUCCESS
                                         : RUN_ERROR,
                               output, error, &fault) != RS_OK)
        wrap_lose(wrap, &fault);
    if (!wrap->lost && outbox_wait(&wrap->store, WRAP_FLUSH_MS, &fault) != RS_OK)
        cli_note(wrap->cli, "the run's end is on its way: %s", fault.message);
    json_object_put(output);
    json_object_put(error);
    return code;
}

static void wrap_say(const struct wrap *wrap)
{
    char url[PATH_MAX];
    if (args_has(&wrap->cli->args, "quiet"))
        return;
    cli_url(wrap->cli, url);
    cli_note(wrap->cli, "%s%s%s%s%s", wrap->claim.id, *url ? " " : "", url, *url ? "/#/runs/" : "",
             *url ? wrap->claim.id : "");
}

static void stream_init(struct wrap *wrap, struct wrap_stream *stream, const char *source, const char *level, int to)
{
    *stream = (struct wrap_stream){.wrap = wrap, .source = source, .level = level, .pipe = {-1, -1}, .to = to};
    lines_init(&stream->lines, wrap_line, stream);
    buf_init(&stream->kept, WRAP_KEEP_MAX + 1);
}

int command_wrap(struct cli *cli)
{
    struct wrap wrap = {.cli = cli};
    struct fault fault = {0};
    sigset_t set;
    int status = WRAP_FAILED;

    if (cli_open_store(cli, true) != RS_OK)
        return WRAP_FAILED;
    sigemptyset(&set);
    sigaddset(&set, SIGCHLD);
    sigaddset(&set, SIGINT);
    sigaddset(&set, SIGTERM);
    sigaddset(&set, SIGHUP);
    sigaddset(&set, SIGQUIT);
    sigaddset(&set, SIGUSR1);
    sigaddset(&set, SIGUSR2);
    sigprocmask(SIG_BLOCK, &set, NULL); /* before the emitter's thread, which inherits it */
    int signal_fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
    stream_init(&wrap, &wrap.out, "stdout", "info", STDOUT_FILENO);
    stream_init(&wrap, &wrap.err, "stderr", "warning", STDERR_FILENO);
    enum rs_err err = signal_fd < 0 ? fault_set(&fault, RS_IO, "no signalfd: %s", strerror(errno)) : RS_OK;
    if (err == RS_OK && (err = wrap_create(&wrap, &fault)) == RS_OK &&
        (err = store_spool(&wrap.store, &wrap.spool, &fault)) == RS_OK) {
        wrap_lease(&wrap);
        err = run_begin(&wrap.store, wrap.claim.id, wrap.claim.fence, &fault);
    }
    if (err == RS_OK) {
        wrap_say(&wrap);
        wrap_move(&wrap, "start", NODE_RUNNING, 0, NULL, NULL);
        wrap_move(&wrap, "start", NODE_SUCCESS, 0, NULL, NULL);
        err = wrap_start(&wrap, &fault);
    }
    if (err == RS_OK) {
        wrap_loop(&wrap, signal_fd);
        if (wrap.exec_errno)
            cli_fail(cli, "cannot run %s: %s", cli->args.operands[0], strerror(wrap.exec_errno));
        status = wrap_finish(&wrap);
    } else {
        cli_fail(cli, "%s", fault.message);
    }
    stream_close(&wrap.out);
    stream_close(&wrap.err);
    lines_release(&wrap.out.lines);
    lines_release(&wrap.err.lines);
    buf_release(&wrap.out.kept);
    buf_release(&wrap.err.kept);
    run_claim_release(&wrap.claim);
    store_release(&wrap.store);
    if (signal_fd >= 0)
        close(signal_fd);
    return status;
}
