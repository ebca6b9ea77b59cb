#include "runner/jqworker.h"
#include "runner/jqchild.h"
#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define CONTEXT_MAX (320u << 20) /* as many outputs as a run may have, each at its bound; more than jq's memory takes  \
                                  */
#define ANSWER_LINE_MAX (JQ_ANSWER_MAX + 65536)

struct request {
    struct request *next;
    char *line; /* as sent */
    size_t len;
    jqworker_fn *fn; /* NULL: no answer comes */
    void *ctx;
};

/* A running child; outlives its worker's interest in it until its handles are closed. */
struct link {
    struct jqworker *worker; /* NULL once given up */
    struct child child;
    uv_pipe_t in, out;
    int n_handles;
};

struct jqworker {
    uv_loop_t *loop;
    struct reaper *reaper;
    struct json_object *context;
    const struct secret *secrets;
    struct link *link;
    struct request *first, **last; /* first is the one asked, when asked */
    bool asked;
    struct buf answer;
    uv_timer_t wall;
    uv_timer_t soon;
    int n_timers;
    char trouble[FAULT_MESSAGE_MAX]; /* why the last start failed */
};

static void advance(struct jqworker *w);
static void on_soon(uv_timer_t *timer);

static void on_link_closed(uv_handle_t *handle)
{
    struct link *link = handle->data;
    if (--link->n_handles == 0)
        free(link);
}

static void on_ended(void *ctx, int status)
{
    (void)ctx, (void)status;
}

static void drop_link(struct jqworker *w)
{
    struct link *link = w->link;
    if (!link)
        return;
    w->link = NULL;
    link->worker = NULL;
    reaper_forget(w->reaper, link->child.pid);
    kill(link->child.pid, SIGKILL);
    uv_close((uv_handle_t *)&link->in, on_link_closed);
    uv_close((uv_handle_t *)&link->out, on_link_closed);
    buf_clear(&w->answer);
}

/* The request asked is answered: take it off the queue, then tell. */
static void conclude(struct jqworker *w, struct json_object *value, const struct fault *fault)
{
    struct request *r = w->first;
    assert(r && w->asked);
    w->first = r->next;
    if (!w->first)
        w->last = &w->first;
    w->asked = false;
    uv_timer_stop(&w->wall);
    r->fn(r->ctx, value, fault);
    free(r->line);
    free(r);
}

static void fail_asked(struct jqworker *w, enum rs_err code, const char *why)
{
    struct fault fault;
    fault_set(&fault, code, "%s", why);
    drop_link(w);
    if (w->asked)
        conclude(w, NULL, &fault);
    advance(w);
}

static void on_answer(struct jqworker *w, const char *line, size_t len)
{
    struct json_object *answer = NULL, *value = NULL;
    struct fault fault = {0};

    if (!w->asked || json_parse(line, len, ANSWER_LINE_MAX, &answer, &fault) != RS_OK) {
        fail_asked(w, RS_INVALID, "jq gave a value that is nested too deeply");
        return;
    }
    const char *error = json_get_string(answer, "error", NULL);
    if (error)
        fault_set(&fault, json_get_bool(answer, "limit", false) ? RS_LIMIT : RS_INVALID, "%s", error);
    else
        value = json_object_get(json_get(answer, "value"));
    json_object_put(answer);
    conclude(w, value, &fault);
    advance(w);
}

static void on_alloc(uv_handle_t *handle, size_t suggested, uv_buf_t *buf)
{
    static char bytes[65536]; /* one loop, one read at a time */
    (void)handle, (void)suggested;
    *buf = uv_buf_init(bytes, sizeof bytes);
}

static void on_read(uv_stream_t *stream, ssize_t n, const uv_buf_t *buf)
{
    struct link *link = stream->data;
    struct jqworker *w = link->worker;

    if (n < 0) {
        fail_asked(w, RS_LIMIT, "the jq program took more than its share of time or memory");
        return;
    }
    if (n > 0 && buf_append(&w->answer, buf->base, (size_t)n)) {
        fail_asked(w, RS_LIMIT, "the value of a jq program is too large");
        return;
    }
    char *end;
    if (w->answer.len > 0 && (end = memchr(w->answer.data, '\n', w->answer.len))) {
        size_t len;
        char *line = buf_take(&w->answer, &len); /* one request, one line: nothing stands behind it */
        buf_init(&w->answer, ANSWER_LINE_MAX);
        on_answer(w, line, (size_t)(end - line));
        free(line);
    }
}

static void on_wall(uv_timer_t *timer)
{
    fail_asked(timer->data, RS_LIMIT, "the jq program took too long");
}

struct sent {
    uv_write_t req;
    size_t len;
    char bytes[];
};

static void on_sent(uv_write_t *req, int status)
{
    struct sent *sent = req->data;
    (void)status; /* a dead child shows at its output */
    sodium_memzero(sent->bytes, sent->len);
    free(sent);
}

static void send_line(struct jqworker *w, const char *line, size_t len)
{
    struct sent *sent = malloc(sizeof *sent + len);
    if (!sent)
        return; /* no answer will come; the wall timer says so */
    memcpy(sent->bytes, line, len);
    sent->len = len;
    sent->req.data = sent;
    uv_buf_t buf = uv_buf_init(sent->bytes, (unsigned)len);
    if (uv_write(&sent->req, (uv_stream_t *)&w->link->in, &buf, 1, on_sent) != 0)
        free(sent);
}

static void send_secrets(struct jqworker *w)
{
    struct buf line;

    if (!w->secrets)
        return;
    buf_init(&line, CONTEXT_MAX);
    buf_puts(&line, "{\"op\":\"secrets\",\"value\":");
    for (const struct secret *s = w->secrets; s; s = s->next) {
        buf_printf(&line, "%s\"%s\":", s == w->secrets ? "{" : ",", s->name);
        buf_put_json(&line, s->value, s->len);
    }
    buf_puts(&line, "}}\n");
    if (!line.err)
        send_line(w, line.data, line.len);
    if (line.data)
        sodium_memzero(line.data, line.len);
    buf_release(&line);
}

static enum rs_err start_link(struct jqworker *w, struct fault *fault)
{
    static const char *const argv[] = {"/proc/self/exe", "--jq", NULL}, *const envp[] = {NULL};
    int in[2] = {-1, -1}, out[2] = {-1, -1};
    struct link *link = calloc(1, sizeof *link);
    enum rs_err err = RS_OK;

    if (!link || pipe2(in, O_CLOEXEC) < 0 || pipe2(out, O_CLOEXEC) < 0) {
        err = fault_set(fault, RS_IO, "cannot start jq: %s", strerror(errno));
        goto out;
    }
    struct child_spec spec = {.argv = argv, .envp = envp, .stdio = {in[0], out[1], -1}};
    if ((err = child_start(&spec, &link->child, fault)))
        goto out;
    close(link->child.status_fd);
    /* Its end is seen at its output; being watched only keeps the books. */
    if (reaper_watch(w->reaper, link->child.pid, on_ended, NULL) != RS_OK) {
        /* Then it is reaped without being told about. */
    }
    link->worker = w;
    uv_pipe_init(w->loop, &link->in, 0);
    uv_pipe_init(w->loop, &link->out, 0);
    link->n_handles = 2;
    link->in.data = link->out.data = link;
    int rc = uv_pipe_open(&link->in, in[1]);
    rc |= uv_pipe_open(&link->out, out[0]);
    assert(rc == 0);
    in[1] = out[0] = -1;
    uv_read_start((uv_stream_t *)&link->out, on_alloc, on_read);
    child_open_gate(&link->child);
    w->link = link;
    link = NULL;

    send_secrets(w);
    struct buf line;
    buf_init(&line, CONTEXT_MAX);
    buf_puts(&line, "{\"op\":\"context\",\"value\":");
    buf_puts(&line, json_text(w->context, NULL));
    buf_puts(&line, "}\n");
    if (!line.err)
        send_line(w, line.data, line.len);
    buf_release(&line);
out:
    for (int i = 0; i < 2; i++) {
        if (in[i] >= 0)
            close(in[i]);
        if (out[i] >= 0)
            close(out[i]);
    }
    free(link);
    return err;
}

/* Ask the first request that is still unasked, when the child is free. */
static void advance(struct jqworker *w)
{
    struct fault fault;

    if (!w->first || w->asked)
        return;
    w->asked = true;
    if (!w->link && start_link(w, &fault) != RS_OK) {
        snprintf(w->trouble, sizeof w->trouble, "%s", fault.message);
        uv_timer_start(&w->soon, on_soon, 0, 0);
        return;
    }
    send_line(w, w->first->line, w->first->len);
    uv_timer_start(&w->wall, on_wall, JQ_WALL_MS, 0);
}

static void on_soon(uv_timer_t *timer)
{
    struct jqworker *w = timer->data;
    if (w->asked && !w->link)
        fail_asked(w, RS_LIMIT, w->trouble);
    else
        advance(w);
}

static void ask(struct jqworker *w, struct json_object *request, jqworker_fn *fn, void *ctx)
{
    struct request *r = calloc(1, sizeof *r);
    size_t len;
    const char *text = json_text(request, &len);

    if (!r || !(r->line = malloc(len + 2)))
        abort(); /* a run process without memory has nothing better to do: its run is an orphan then */
    memcpy(r->line, text, len);
    memcpy(r->line + len, "\n", 2);
    r->len = len + 1;
    r->fn = fn;
    r->ctx = ctx;
    json_object_put(request);
    *w->last = r;
    w->last = &r->next;
    /* Never from within the caller: it gets its answer later. */
    uv_timer_start(&w->soon, on_soon, 0, 0);
}

void jqworker_render(struct jqworker *w, struct json_object *data, struct json_object *with, jqworker_fn *fn, void *ctx)
{
    struct json_object *request = json_object_new_object();
    json_set_string(request, "op", "render");
    json_set(request, "value", json_object_get(data));
    if (with)
        json_set(request, "with", json_object_get(with));
    ask(w, request, fn, ctx);
}

void jqworker_eval(struct jqworker *w, const char *program, struct json_object *with, jqworker_fn *fn, void *ctx)
{
    struct json_object *request = json_object_new_object();
    json_set_string(request, "op", "eval");
    json_set_string(request, "program", program);
    if (with)
        json_set(request, "with", json_object_get(with));
    ask(w, request, fn, ctx);
}

void jqworker_set_secrets(struct jqworker *w, const struct secret *secrets)
{
    w->secrets = secrets;
}

void jqworker_node_changed(struct jqworker *w, const char *node_id)
{
    if (!w->link)
        return;
    struct json_object *request = json_object_new_object();
    json_set_string(request, "op", "node");
    json_set_string(request, "id", node_id);
    json_set(request, "value", json_object_get(json_get(json_get(w->context, "nodes"), node_id)));
    struct buf line;
    buf_init(&line, CONTEXT_MAX);
    buf_puts(&line, json_text(request, NULL));
    buf_putc(&line, '\n');
    if (!line.err)
        send_line(w, line.data, line.len);
    buf_release(&line);
    json_object_put(request);
}

enum rs_err jqworker_new(uv_loop_t *loop, struct reaper *reaper, struct json_object *context, struct jqworker **ret,
                         struct fault *fault)
{
    struct jqworker *w = calloc(1, sizeof *w);
    if (!w)
        return fault_set(fault, RS_NOMEM, "out of memory");
    w->loop = loop;
    w->reaper = reaper;
    w->context = json_object_get(context);
    w->last = &w->first;
    buf_init(&w->answer, ANSWER_LINE_MAX);
    uv_timer_init(loop, &w->wall);
    uv_timer_init(loop, &w->soon);
    w->wall.data = w->soon.data = w;
    w->n_timers = 2;
    *ret = w;
    return RS_OK;
}

static void on_timer_closed(uv_handle_t *handle)
{
    struct jqworker *w = handle->data;
    if (--w->n_timers > 0)
        return;
    json_object_put(w->context);
    buf_release(&w->answer);
    free(w);
}

void jqworker_free(struct jqworker *w)
{
    if (!w)
        return;
    drop_link(w);
    while (w->first) {
        struct request *r = w->first;
        w->first = r->next;
        free(r->line);
        free(r);
    }
    uv_close((uv_handle_t *)&w->wall, on_timer_closed);
    uv_close((uv_handle_t *)&w->soon, on_timer_closed);
}
