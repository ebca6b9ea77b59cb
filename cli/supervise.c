#include "cli/supervise.h"
#include "base/clock.h"
#include "base/log.h"
#include "cli/control.h"
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

int supervise_block_signals(void)
{
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGCHLD);
    sigaddset(&set, SIGTERM);
    sigaddset(&set, SIGINT);
    sigaddset(&set, SIGHUP);
    sigprocmask(SIG_BLOCK, &set, NULL);
    return signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
}

static void supervise_reap(struct supervise *s)
{
    int status;
    for (int i = 0; i < s->n_parts; i++)
        if (s->parts[i].pid > 0 && waitpid(s->parts[i].pid, &status, WNOHANG) == s->parts[i].pid)
            part_ended(&s->parts[i], status);
}

static void supervise_signals(struct supervise *s)
{
    struct signalfd_siginfo info;
    while (read(s->signal_fd, &info, sizeof(info)) == sizeof(info))
        if (info.ssi_signo != SIGCHLD)
            s->stop_signals++;
}

static struct part *supervise_find(struct supervise *s, const char *name)
{
    for (int i = 0; i < s->n_parts; i++)
        if (strcmp(s->parts[i].name, name) == 0)
            return &s->parts[i];
    return NULL;
}

/* The public socket is open only while its part is meant to be up: a stopped web server refuses connections. */
static enum rs_err supervise_socket(struct supervise *s, struct part *part, bool open_it, struct fault *fault)
{
    static const char web[] = "web";
    if (strcmp(part->name, web) != 0 || !s->address)
        return RS_OK;
    if (open_it && part->listen_fd < 0)
        return listen_open(s->address, &part->listen_fd, fault);
    if (!open_it && part->listen_fd >= 0) {
        close(part->listen_fd);
        part->listen_fd = -1;
    }
    return RS_OK;
}

static struct json_object *supervise_status(const struct supervise *s)
{
    struct json_object *answer = json_object_new_object(), *parts = json_object_new_object();
    json_object_object_foreach(s->about, key, value) json_set(answer, key, json_object_get(value));
    for (int i = s->n_parts - 1; i >= 0; i--)
        json_set(parts, s->parts[i].name, part_json(&s->parts[i]));
    json_set(answer, "components", parts);
    return answer;
}

static void request_answer(struct supervise_request *request, struct json_object *answer)
{
    size_t len;
    const char *text = json_text(answer, &len);
    /* At most a few kB to a local socket: it fits its buffer; a client that does not read loses its answer. */
    if (send(request->fd, text, len, MSG_NOSIGNAL | MSG_DONTWAIT) == (ssize_t)len)
        (void)!send(request->fd, "\n", 1, MSG_NOSIGNAL | MSG_DONTWAIT);
    json_object_put(answer);
    close(request->fd);
    request->fd = -1;
}

static void request_refuse(struct supervise_request *request, const char *fmt, const char *what)
{
    char text[FAULT_MESSAGE_MAX];
    struct json_object *answer = json_object_new_object();
    snprintf(text, sizeof(text), fmt, what);
    json_set_string(answer, "error", text);
    request_answer(request, answer);
}

static void request_begin(struct supervise *s, struct supervise_request *request)
{
    char verb[32] = "", name[64] = "";
    struct fault fault = {0};
    sscanf(request->line, "%31s %63s", verb, name);
    if (strcmp(verb, "status") == 0) {
        request_answer(request, supervise_status(s));
        return;
    }
    struct part *part = supervise_find(s, name);
    bool start = strcmp(verb, "start") == 0, stop = strcmp(verb, "stop") == 0, restart = strcmp(verb, "restart") == 0;
    if (!start && !stop && !restart) {
        request_refuse(request, "unknown command \"%s\"", verb);
        return;
    }
    if (!stop && (s->ending || s->stop_signals)) {
        request_refuse(request, "%s is not started: Runspool is ending", name);
        return;
    }
    if (!part) {
        request_refuse(request, "there is no part \"%s\" here (left out with --without?)", name);
        return;
    }
    if (!stop && supervise_socket(s, part, true, &fault) != RS_OK) {
        request_refuse(request, "%s", fault.message);
        return;
    }
    log_event(LOG_LEVEL_INFO, "part.asked", "part=%s command=%s", part->name, verb);
    if (start)
        part_start(part);
    else
        part_stop(part, restart);
    request->part = part;
    request->want_up = !stop;
}

/* Read what came; true when the request is over (or was refused). */
static void request_read(struct supervise *s, struct supervise_request *request)
{
    ssize_t n = recv(request->fd, request->line + request->len, sizeof(request->line) - 1 - request->len, MSG_DONTWAIT);
    if (n < 0 && (errno == EAGAIN || errno == EINTR))
        return;
    if (n <= 0) {
        close(request->fd); /* a client that left; what it asked for goes on */
        request->fd = -1;
        return;
    }
    if (request->part)
        return; /* one command a connection */
    request->len += (size_t)n;
    request->line[request->len] = '\0';
    if (strchr(request->line, '\n'))
        request_begin(s, request);
    else if (request->len == sizeof(request->line) - 1)
        request_refuse(request, "the command is %s", "too long");
}

static void request_check(struct supervise *s, struct supervise_request *request)
{
    const struct part *part = request->part;
    if (request->fd < 0 || !part)
        return;
    if (request->want_up && part->state == PART_UP) {
        request_answer(request, part_json(part));
    } else if (request->want_up && part->state == PART_BACKOFF) {
        char text[FAULT_MESSAGE_MAX];
        snprintf(text, sizeof(text), "%s does not start (%s)%s%.300s; it is tried again", part->name, part->last_end,
                 part->log[0] ? "; see " : "", part->log);
        request_refuse(request, "%s", text);
    } else if (!request->want_up && part->state == PART_OFF) {
        struct fault fault = {0};
        if (supervise_socket(s, request->part, false, &fault) == RS_OK)
            request_answer(request, part_json(part));
    }
}

static void supervise_accept(struct supervise *s)
{
    int fd = accept4(s->control_fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
    if (fd < 0)
        return;
    for (int i = 0; i < SUPERVISE_REQUESTS_MAX; i++)
        if (s->requests[i].fd < 0) {
            s->requests[i] = (struct supervise_request){.fd = fd};
            return;
        }
    close(fd);
}

/* Wait for something to happen, at most until `until` (monotonic), and take in what happened. */
static void supervise_wait(struct supervise *s, int64_t until)
{
    struct pollfd fds[2 + SUPERVISE_REQUESTS_MAX];
    int64_t now = clock_mono_ms();
    int timeout = until == INT64_MAX ? -1 : until <= now ? 0 : (int)(until - now);

    fds[0] = (struct pollfd){.fd = s->signal_fd, .events = POLLIN};
    fds[1] = (struct pollfd){.fd = s->control_fd, .events = POLLIN};
    for (int i = 0; i < SUPERVISE_REQUESTS_MAX; i++)
        fds[2 + i] = (struct pollfd){.fd = s->requests[i].fd, .events = POLLIN};
    if (poll(fds, 2 + SUPERVISE_REQUESTS_MAX, timeout) <= 0)
        return;
    if (fds[0].revents) {
        supervise_signals(s);
        supervise_reap(s);
    }
    for (int i = 0; i < SUPERVISE_REQUESTS_MAX; i++)
        if (fds[2 + i].revents && s->requests[i].fd >= 0)
            request_read(s, &s->requests[i]);
    if (fds[1].revents)
        supervise_accept(s);
}

static int64_t supervise_tick(struct supervise *s)
{
    int64_t next = INT64_MAX;
    for (int i = 0; i < s->n_parts; i++) {
        int64_t wish = part_tick(&s->parts[i]);
        if (wish < next)
            next = wish;
    }
    for (int i = 0; i < SUPERVISE_REQUESTS_MAX; i++)
        request_check(s, &s->requests[i]);
    return next;
}

static void supervise_end(struct supervise *s)
{
    int asked = s->stop_signals;
    s->ending = true;
    for (int i = 0; i < s->n_parts; i++) {
        struct part *part = &s->parts[i];
        part_down(part);
        while (part->state != PART_OFF) {
            if (s->stop_signals > asked) /* impatience */
                for (int k = i; k < s->n_parts; k++)
                    if (s->parts[k].pid > 0)
                        kill(s->parts[k].pid, SIGKILL);
            supervise_wait(s, part_tick(part));
        }
    }
}

enum rs_err supervise_run(struct supervise *s, struct fault *fault)
{
    enum rs_err err = RS_OK;
    bool all_up = false;

    for (int i = 0; i < SUPERVISE_REQUESTS_MAX; i++)
        s->requests[i].fd = -1;
    for (int i = s->n_parts - 1; i >= 0; i--)
        part_start(&s->parts[i]);
    while (!s->stop_signals && err == RS_OK) {
        int64_t next = supervise_tick(s);
        int n_up = 0;
        for (int i = 0; i < s->n_parts && !all_up; i++) {
            const struct part *part = &s->parts[i];
            n_up += part->state == PART_UP;
            if (part->state == PART_BACKOFF && !part->was_up)
                err = fault_set(fault, RS_IO, "%s does not start: %s", part->name, part->last_end);
        }
        if (err == RS_OK && !all_up && n_up == s->n_parts) {
            all_up = true;
            if (!s->ready(s->ctx))
                err = fault_set(fault, RS_IO, "cannot go on");
        }
        if (err == RS_OK)
            supervise_wait(s, next);
    }
    if (err == RS_OK && !all_up)
        err = fault_set(fault, RS_IO, "interrupted while starting");
    supervise_end(s);
    for (int i = 0; i < SUPERVISE_REQUESTS_MAX; i++)
        if (s->requests[i].fd >= 0)
            request_refuse(&s->requests[i], "%s", "it is ending");
    return err;
}
