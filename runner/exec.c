#include "runner/exec.h"
#include "base/utf8.h"
#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

/* libuv reads up to 32 times in one turn of the loop: of a program that never pauses so little is taken that the lease, a
 * cancel and the other nodes get theirs. */
#define READ_BYTES 2048
#define MASKED_MAX (16 << 20) /* of one piece, and what waited before it */

struct exec {
    struct exec_spec spec; /* callbacks and ctx only, after the start */
    struct reaper *reaper;
    struct child child;
    uv_pipe_t in, out[2], status;
    uv_timer_t timer; /* TERM -> KILL, then linger */
    uv_write_t write;
    char *input;
    struct limits_watch watch;
    enum limits_which over;
    int64_t over_amount;
    struct lines lines[2];
    int64_t bytes[2];
    struct buf captured[2];
    struct mask_stream masked[2];
    struct line_ctx {
        struct exec *exec;
        enum exec_stream stream;
    } line_ctx[2];
    char failure[FAULT_MESSAGE_MAX];
    int n_open;    /* pipes not at their end: out, err, status */
    int n_handles; /* not yet closed by the loop */
    bool truncated, exited, stopping, finishing;
    int wait_status;
};

static void finish(struct exec *exec);

static void on_line(void *ctx, const char *text, size_t len)
{
    struct line_ctx *lc = ctx;
    if (lc->exec->spec.on_line)
        lc->exec->spec.on_line(lc->exec->spec.ctx, lc->stream, text, len);
}

static void capture(struct exec *exec, enum exec_stream stream, const char *data, size_t len)
{
    struct buf *b = &exec->captured[stream];
    size_t room = EXEC_CAPTURE_MAX - b->len;

    exec->bytes[stream] += (int64_t)len;
    if (len > room) {
        exec->truncated = true;
        len = room;
    }
    buf_append(b, data, len);
}

static void take_shown(struct exec *exec, enum exec_stream which, const char *data, size_t len)
{
    capture(exec, which, data, len);
    lines_feed(&exec->lines[which], data, len);
}

static void take_output(struct exec *exec, enum exec_stream which, const char *data, size_t len)
{
    struct buf shown;

    if (!exec->masked[which].mask) {
        take_shown(exec, which, data, len);
        return;
    }
    buf_init(&shown, MASKED_MAX);
    /* What cannot be masked is not shown. */
    if (mask_stream_feed(&exec->masked[which], data, len, &shown) != RS_OK)
        exec->truncated = true;
    else if (shown.len > 0)
        take_shown(exec, which, shown.data, shown.len);
    buf_release(&shown);
}

static void end_output(struct exec *exec, enum exec_stream which)
{
    struct buf shown;

    buf_init(&shown, MASKED_MAX);
    if (exec->masked[which].mask && mask_stream_end(&exec->masked[which], &shown) == RS_OK && shown.len > 0)
        take_shown(exec, which, shown.data, shown.len);
    buf_release(&shown);
    lines_flush(&exec->lines[which]);
}

static void on_alloc(uv_handle_t *handle, size_t suggested, uv_buf_t *buf)
{
    /* One loop, one read at a time. */
    static char bytes[READ_BYTES];
    (void)handle, (void)suggested;
    *buf = uv_buf_init(bytes, sizeof bytes);
}

static void pipe_ended(struct exec *exec, uv_pipe_t *pipe)
{
    uv_read_stop((uv_stream_t *)pipe);
    exec->n_open--;
    if (exec->exited && exec->n_open == 0)
        finish(exec);
}

static void on_read(uv_stream_t *stream, ssize_t n, const uv_buf_t *buf)
{
    struct exec *exec = stream->data;
    enum exec_stream which = stream == (uv_stream_t *)&exec->out[EXEC_STDOUT] ? EXEC_STDOUT : EXEC_STDERR;

    if (n < 0) {
        end_output(exec, which);
        pipe_ended(exec, &exec->out[which]);
    } else if (n > 0) {
        take_output(exec, which, buf->base, (size_t)n);
    }
}

static void on_status(uv_stream_t *stream, ssize_t n, const uv_buf_t *buf)
{
    struct exec *exec = stream->data;
    struct child_failure failure;

    if (n == (ssize_t)sizeof failure) {
        memcpy(&failure, buf->base, sizeof failure);
        failure.what[sizeof failure.what - 1] = '\0';
        if (strcmp(failure.what, "exec") == 0)
            snprintf(exec->failure, sizeof exec->failure, "cannot run the program: %s", strerror(failure.err));
        else if (strcmp(failure.what, "cwd") == 0)
            snprintf(exec->failure, sizeof exec->failure, "cannot enter the working directory: %s",
                     strerror(failure.err));
        else
            snprintf(exec->failure, sizeof exec->failure, "cannot make the %s: %s", failure.what,
                     strerror(failure.err));
    } else if (n < 0) {
        pipe_ended(exec, &exec->status);
    }
}

static void on_linger_over(uv_timer_t *timer)
{
    finish(timer->data);
}

static void on_linger(uv_timer_t *timer)
{
    struct exec *exec = timer->data;
    /* What the first process left holds our pipes: its group is killed; what left the group too is not waited for. */
    kill(-exec->child.pid, SIGKILL);
    uv_timer_start(timer, on_linger_over, EXEC_LINGER_MS, 0);
}

static void on_exit_status(void *ctx, int wait_status)
{
    struct exec *exec = ctx;
    exec->exited = true;
    exec->wait_status = wait_status;
    if (exec->stopping)
        kill(-exec->child.pid, SIGKILL);
    if (exec->n_open == 0)
        finish(exec);
    else
        uv_timer_start(&exec->timer, on_linger, EXEC_LINGER_MS, 0);
}

static void on_closed(uv_handle_t *handle)
{
    struct exec *exec = handle->data;
    if (--exec->n_handles > 0)
        return;
    for (int i = 0; i < 2; i++) {
        buf_release(&exec->captured[i]);
        mask_stream_release(&exec->masked[i]);
    }
    free(exec->input);
    free(exec);
}

static void close_handles(struct exec *exec)
{
    uv_handle_t *all[] = {(uv_handle_t *)&exec->in, (uv_handle_t *)&exec->out[0], (uv_handle_t *)&exec->out[1],
                          (uv_handle_t *)&exec->status, (uv_handle_t *)&exec->timer};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        if (!uv_is_closing(all[i]))
            uv_close(all[i], on_closed);
}

static void finish(struct exec *exec)
{
    struct exec_result result = {
        .exit_code = -1,
        .truncated = exec->truncated,
        .bytes = {exec->bytes[0], exec->bytes[1]},
        .over = exec->over,
        .amount = exec->over_amount,
    };

    if (exec->finishing)
        return;
    exec->finishing = true;
    kill(-exec->child.pid, SIGKILL);
    if (exec->spec.limits)
        limits_remove(exec->spec.limits, &exec->watch);
    for (int i = 0; i < 2; i++) {
        end_output(exec, (enum exec_stream)i);
        /* Cut at a whole character, then made valid. */
        size_t len = exec->captured[i].len;
        if (exec->truncated && len == EXEC_CAPTURE_MAX)
            for (int back = 0; back < 4 && len > 0 && ((unsigned char)exec->captured[i].data[len - 1] & 0x80); back++)
                len--;
        buf_init(&result.captured[i], 3 * EXEC_CAPTURE_MAX + 1);
        text_scrub(&result.captured[i], exec->captured[i].data, len);
    }
    if (WIFEXITED(exec->wait_status))
        result.exit_code = WEXITSTATUS(exec->wait_status);
    else if (WIFSIGNALED(exec->wait_status))
        result.signal = WTERMSIG(exec->wait_status);
    result.failure = exec->failure[0] ? exec->failure : NULL;
    exec->spec.on_done(exec->spec.ctx, &result);
    for (int i = 0; i < 2; i++)
        buf_release(&result.captured[i]);
    close_handles(exec);
}

static void on_stop_over(uv_timer_t *timer)
{
    exec_kill(timer->data);
}

void exec_stop(struct exec *exec)
{
    if (exec->stopping || exec->finishing)
        return;
    exec->stopping = true;
    kill(-exec->child.pid, SIGTERM);
    if (!exec->exited)
        uv_timer_start(&exec->timer, on_stop_over, (uint64_t)exec->spec.kill_after_ms, 0);
}

void exec_kill(struct exec *exec)
{
    exec->stopping = true;
    kill(-exec->child.pid, SIGKILL);
}

static void on_over(void *ctx, enum limits_which which, int64_t amount)
{
    struct exec *exec = ctx;
    exec->over = which;
    exec->over_amount = amount;
    exec_kill(exec);
}

static void on_written(uv_write_t *req, int status)
{
    /* EPIPE: the program did not want it all. */
    struct exec *exec = req->data;
    (void)status;
    if (!uv_is_closing((uv_handle_t *)&exec->in))
        uv_close((uv_handle_t *)&exec->in, on_closed);
}

static int make_pipes(int fds[3][2])
{
    for (int i = 0; i < 3; i++)
        if (pipe2(fds[i], O_CLOEXEC) < 0)
            return -1;
    return 0;
}

enum rs_err exec_start(uv_loop_t *loop, struct reaper *reaper, const struct exec_spec *spec, struct exec **ret,
                       struct fault *fault)
{
    int fds[3][2] = {{-1, -1}, {-1, -1}, {-1, -1}};
    enum rs_err err = RS_OK;
    struct exec *exec = calloc(1, sizeof *exec);
    char *input = malloc(spec->input_len + 1);

    if (!exec || !input) {
        err = fault_set(fault, RS_NOMEM, "out of memory");
        goto out;
    }
    if (make_pipes(fds) < 0) {
        err = fault_set(fault, RS_IO, "cannot make pipes: %s", strerror(errno));
        goto out;
    }
    struct child_spec child = {
        .argv = spec->argv,
        .envp = spec->envp,
        .cwd = spec->cwd,
        .sandbox = spec->sandbox,
        .limits = true,
        .stdio = {fds[0][0], fds[1][1], fds[2][1]},
    };
    if ((err = child_start(&child, &exec->child, fault)))
        goto out;
    if ((err = reaper_watch(reaper, exec->child.pid, on_exit_status, exec))) {
        fault_set(fault, err, "too many processes");
        close(exec->child.gate_fd);
        close(exec->child.status_fd);
        goto out;
    }
    exec->reaper = reaper;
    exec->spec = *spec;
    exec->spec.argv = exec->spec.envp = NULL;
    uv_pipe_init(loop, &exec->in, 0);
    uv_pipe_init(loop, &exec->out[0], 0);
    uv_pipe_init(loop, &exec->out[1], 0);
    uv_pipe_init(loop, &exec->status, 0);
    uv_timer_init(loop, &exec->timer);
    exec->n_handles = 5;
    exec->in.data = exec->out[0].data = exec->out[1].data = exec->status.data = exec->timer.data = exec;
    for (int i = 0; i < 2; i++) {
        exec->line_ctx[i] = (struct line_ctx){exec, (enum exec_stream)i};
        lines_init(&exec->lines[i], on_line, &exec->line_ctx[i]);
        buf_init(&exec->captured[i], EXEC_CAPTURE_MAX);
        mask_stream_init(&exec->masked[i], spec->mask);
    }
    /* Opening a pipe of ours cannot fail for any reason but our own mistake. */
    int rc = uv_pipe_open(&exec->in, fds[0][1]);
    rc |= uv_pipe_open(&exec->out[0], fds[1][0]);
    rc |= uv_pipe_open(&exec->out[1], fds[2][0]);
    rc |= uv_pipe_open(&exec->status, exec->child.status_fd);
    assert(rc == 0);
    fds[0][1] = fds[1][0] = fds[2][0] = -1;
    exec->n_open = 3;
    uv_read_start((uv_stream_t *)&exec->out[0], on_alloc, on_read);
    uv_read_start((uv_stream_t *)&exec->out[1], on_alloc, on_read);
    uv_read_start((uv_stream_t *)&exec->status, on_alloc, on_status);
    if (spec->input_len > 0)
        memcpy(input, spec->input, spec->input_len);
    exec->input = input;
    exec->write.data = exec;
    uv_buf_t buf = uv_buf_init(input, (unsigned)spec->input_len);
    input = NULL;
    if (uv_write(&exec->write, (uv_stream_t *)&exec->in, &buf, 1, on_written) != 0)
        uv_close((uv_handle_t *)&exec->in, on_closed);

    struct fault group = {0};
    if (spec->on_group && spec->on_group(spec->ctx, exec->child.pid, &group) != RS_OK) {
        snprintf(exec->failure, sizeof exec->failure, "%s", group.message);
        close(exec->child.gate_fd);
        exec->child.gate_fd = -1;
    } else {
        exec->watch = (struct limits_watch){.leader = exec->child.pid,
                                            .mark = spec->mark,
                                            .bound = spec->bound,
                                            .on_over = on_over,
                                            .ctx = exec};
        if (spec->limits)
            limits_add(spec->limits, &exec->watch);
        child_open_gate(&exec->child);
    }
    *ret = exec;
    exec = NULL;
out:
    for (int i = 0; i < 3; i++)
        for (int k = 0; k < 2; k++)
            if (fds[i][k] >= 0)
                close(fds[i][k]);
    free(input);
    free(exec);
    return err;
}
