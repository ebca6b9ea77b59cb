#include "tests/bench/load.h"
#include <arpa/inet.h>
#include <dirent.h>
#include <errno.h>
#include <inttypes.h>
#include <netinet/tcp.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define READ_BYTES (256 * 1024)
#define MESSAGE_MAX (16 * 1024 * 1024)
#define FILES 20000
#define SOURCES 60 /* addresses that clients connect from, so that ports do not run out */

static struct load_bridge *running;
static pid_t owner;

static void clean_up(void)
{
    char command[96];
    if (!running || getpid() != owner)
        return;
    if (running->pid > 0)
        load_bridge_kill(running, SIGKILL);
    snprintf(command, sizeof command, "rm -rf %s", running->dir);
    if (system(command) != 0)
        fprintf(stderr, "%s is left over\n", running->dir);
}

/* Did it die of itself? */
static void tell_death(void)
{
    int status;
    if (running && getpid() == owner && running->pid > 0 && waitpid(running->pid, &status, WNOHANG) == running->pid) {
        fprintf(stderr, "the bridge has ended: %s %d\n", WIFSIGNALED(status) ? "signal" : "status",
                WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status));
        running->pid = 0;
    }
}

static void on_signal(int number)
{
    exit(128 + number);
}

void load_fail(const char *what)
{
    fprintf(stderr, "failed: %s (%s)\n", what, strerror(errno));
    tell_death();
    exit(1);
}

int64_t load_now_us(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

void load_pin(int cpu)
{
    cpu_set_t set;
    CPU_ZERO(&set);
    CPU_SET(cpu, &set);
    if (cpu < sysconf(_SC_NPROCESSORS_ONLN))
        (void)sched_setaffinity(0, sizeof set, &set);
}

void load_bridge_dir(struct load_bridge *b)
{
    struct rlimit files = {FILES, FILES};
    strcpy(b->dir, "/tmp/rs-bench-XXXXXX");
    (void)setrlimit(RLIMIT_NOFILE, &files);
    signal(SIGPIPE, SIG_IGN);
    signal(SIGINT, on_signal);
    signal(SIGTERM, on_signal);
    if (!mkdtemp(b->dir))
        load_fail("a temporary directory");
    running = b;
    owner = getpid();
    atexit(clean_up);
}

static int free_port(void)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof address;
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    if (fd < 0 || bind(fd, (struct sockaddr *)&address, len) < 0 || getsockname(fd, (struct sockaddr *)&address, &len) < 0)
        load_fail("a free port");
    close(fd);
    return ntohs(address.sin_port);
}

static int connect_to(const struct load_bridge *b, int flags, int source, bool small)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((uint16_t)b->port)};
    struct sockaddr_in from = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK + 1 + (uint32_t)(source % SOURCES))};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | flags, 0);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (fd < 0)
        load_fail("socket");
    setsockopt(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &(int){1}, sizeof(int));
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &(int){1}, sizeof(int));
    if (small)
        setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &(int){4096}, sizeof(int));
    if (bind(fd, (struct sockaddr *)&from, sizeof from) < 0)
        load_fail("bind");
    if (connect(fd, (struct sockaddr *)&address, sizeof address) == 0 || errno == EINPROGRESS)
        return fd;
    close(fd);
    return -1;
}

void load_bridge_start(struct load_bridge *b)
{
    char listen[64];
    const char *args[48] = {b->program, "--data", b->dir, "--listen", listen, "--set", "log.level=error"};
    int n = 7, fd;
    b->port = free_port();
    snprintf(listen, sizeof listen, "127.0.0.1:%d", b->port);
    for (int i = 0; b->settings[i]; i++) {
        args[n++] = "--set";
        args[n++] = b->settings[i];
    }
    b->pid = fork();
    if (b->pid == 0) {
        load_pin(0);
        execv(b->program, (char **)args);
        perror(b->program);
        _exit(127);
    }
    int64_t until = load_now_us() + LOAD_PATIENCE_S * INT64_C(1000000);
    for (; (fd = connect_to(b, 0, 0, false)) < 0; usleep(5000))
        if (load_now_us() > until || waitpid(b->pid, NULL, WNOHANG) == b->pid)
            load_fail("the bridge does not start");
    close(fd);
}

void load_bridge_kill(struct load_bridge *b, int number)
{
    kill(b->pid, number);
    waitpid(b->pid, NULL, 0);
    b->pid = 0;
}

double load_cpu_s(const struct load_bridge *b)
{
    char path[64];
    unsigned long user = 0, kernel = 0;
    snprintf(path, sizeof path, "/proc/%d/stat", (int)b->pid);
    FILE *f = fopen(path, "r");
    if (!f || fscanf(f, "%*d %*s %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %lu %lu", &user, &kernel) != 2)
        load_fail("the bridge's CPU time");
    fclose(f);
    return (double)(user + kernel) / (double)sysconf(_SC_CLK_TCK);
}

int64_t load_rss_kb(const struct load_bridge *b)
{
    char path[64], line[128];
    int64_t kb = 0;
    snprintf(path, sizeof path, "/proc/%d/status", (int)b->pid);
    FILE *f = fopen(path, "r");
    if (!f)
        load_fail("the bridge's memory");
    while (fgets(line, sizeof line, f))
        (void)sscanf(line, "VmRSS: %" SCNd64, &kb);
    fclose(f);
    return kb;
}

int load_fds(const struct load_bridge *b)
{
    char path[64];
    int n = 0;
    snprintf(path, sizeof path, "/proc/%d/fd", (int)b->pid);
    DIR *dir = opendir(path);
    if (!dir)
        load_fail("the bridge's files");
    for (struct dirent *e; (e = readdir(dir));)
        n += e->d_name[0] != '.';
    closedir(dir);
    return n;
}

static void send_all(int fd, const char *bytes, size_t len)
{
    for (ssize_t n; len > 0; bytes += n, len -= (size_t)n)
        if ((n = send(fd, bytes, len, MSG_NOSIGNAL)) < 0)
            load_fail("send");
}

char *load_get(const struct load_bridge *b, const char *path)
{
    char request[512], *answer = NULL;
    size_t len = 0, cap = 0;
    int fd = connect_to(b, 0, 0, false);
    if (fd < 0)
        load_fail("connect");
    int n = snprintf(request, sizeof request, "GET %s HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n", path);
    send_all(fd, request, (size_t)n);
    for (ssize_t got = 1; got > 0; len += (size_t)got) {
        if (cap - len < 65536)
            answer = realloc(answer, cap += 262144);
        got = recv(fd, answer + len, cap - len - 1, 0);
        if (got < 0)
            load_fail("an answer");
    }
    answer[len] = '\0';
    close(fd);
    return answer;
}

int64_t load_metric(const struct load_bridge *b, const char *name)
{
    char line[128];
    char *answer = load_get(b, "/metrics");
    int n = snprintf(line, sizeof line, "\nrunspool_%s ", name);
    const char *at = strstr(answer, line);
    int64_t value = at ? strtoll(at + n, NULL, 10) : -1;
    free(answer);
    return value;
}

void load_emitter_open(struct load_emitter *e, const struct load_bridge *b, const char *producer)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    char line[128];
    *e = (struct load_emitter){.fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)};
    snprintf(address.sun_path, sizeof address.sun_path, "%s/spool.sock", b->dir);
    if (e->fd < 0 || connect(e->fd, (struct sockaddr *)&address, sizeof address) < 0)
        load_fail("spool.sock");
    int n = snprintf(line, sizeof line, "{\"hello\":1,\"producer\":\"%s\",\"ack\":true}\n", producer);
    send_all(e->fd, line, (size_t)n);
    for (char c = 0; c != '\n';)
        if (recv(e->fd, &c, 1, 0) != 1)
            load_fail("the answer to hello");
}

void load_emit(struct load_emitter *e, const char *stream, const char *type, int bytes)
{
    size_t need = (size_t)bytes + 256;
    if (e->cap - e->len < need)
        e->out = realloc(e->out, e->cap = 2 * e->cap + need);
    if (!e->out)
        load_fail("memory");
    e->len += (size_t)sprintf(e->out + e->len, "{\"n\":%" PRId64 ",\"stream\":\"%s\",\"type\":\"%s\",\"data\":{\"t\":%" PRId64
                              ",\"x\":\"%*s\"}}\n", ++e->n, stream, type, load_now_us(), bytes, "");
}

static void take_acks(struct load_emitter *e, int flags)
{
    ssize_t got = recv(e->fd, e->in + e->n_in, sizeof e->in - 1 - e->n_in, flags);
    if (got == 0 || (got < 0 && errno != EAGAIN))
        load_fail("an acknowledgement");
    if (got < 0)
        return;
    e->n_in += (size_t)got;
    e->in[e->n_in] = '\0';
    for (char *end; (end = strchr(e->in, '\n'));) {
        if (sscanf(e->in, "{\"ack\":%" SCNd64, &e->acked) != 1)
            load_fail(e->in);
        e->n_in -= (size_t)(end + 1 - e->in);
        memmove(e->in, end + 1, e->n_in + 1);
    }
}

void load_send(struct load_emitter *e)
{
    send_all(e->fd, e->out, e->len);
    e->len = 0;
    take_acks(e, MSG_DONTWAIT);
}

void load_flush(struct load_emitter *e)
{
    load_send(e);
    while (e->acked < e->n)
        take_acks(e, 0);
}

void load_emitter_close(struct load_emitter *e)
{
    close(e->fd);
    free(e->out);
}

void load_init(struct load *load, const struct load_bridge *b, int n_clients)
{
    *load = (struct load){.bridge = b, .n_clients = n_clients, .epoll_fd = epoll_create1(EPOLL_CLOEXEC)};
    load->clients = calloc((size_t)n_clients, sizeof *load->clients);
    if (!load->clients || load->epoll_fd < 0)
        load_fail("memory");
    for (int i = 0; i < n_clients; i++)
        load->clients[i] = (struct load_client){.fd = -1, .since = LOAD_NOW, .seq = -1};
}

void load_release(struct load *load)
{
    for (int i = 0; i < load->n_clients; i++)
        load_cut(load, &load->clients[i]);
    free(load->clients);
    close(load->epoll_fd);
}

static void watch(struct load *load, struct load_client *c, int op, uint32_t events)
{
    struct epoll_event event = {.events = events, .data.ptr = c};
    if (epoll_ctl(load->epoll_fd, op, c->fd, &event) < 0)
        load_fail("epoll_ctl");
}

void load_connect(struct load *load, struct load_client *c)
{
    c->fd = connect_to(load->bridge, SOCK_NONBLOCK, (int)(c - load->clients), c->small);
    if (c->fd < 0)
        load_fail("connect");
    c->state = LOAD_CONNECTS;
    load->n_open++;
    watch(load, c, EPOLL_CTL_ADD, EPOLLOUT);
}

void load_cut(struct load *load, struct load_client *c)
{
    struct linger now = {1, 0};
    if (c->state == LOAD_CLOSED)
        return;
    load->n_follow -= c->state == LOAD_FOLLOWS;
    load->n_open--;
    setsockopt(c->fd, SOL_SOCKET, SO_LINGER, &now, sizeof now);
    close(c->fd);
    free(c->carry);
    c->carry = NULL;
    c->n_carry = 0;
    c->fd = -1;
    c->state = LOAD_CLOSED;
}

void load_subscribe(struct load *load, struct load_client *c)
{
    char frame[200] = {(char)0x81}, since[40] = "";
    (void)load;
    if (c->since == LOAD_START)
        strcpy(since, ",\"since\":\"start\"");
    else if (c->since != LOAD_NOW)
        snprintf(since, sizeof since, ",\"since\":\"%" PRId64 "\"", c->since);
    int n = snprintf(frame + 6, sizeof frame - 6, "{\"op\":\"subscribe\",\"streams\":[\"%s\"]%s}", c->stream, since);
    if (n > 125)
        load_fail("the name of a stream is too long");
    frame[1] = (char)(0x80 | n); /* the mask is zero */
    c->asked_us = load_now_us();
    c->state = LOAD_ASKED;
    if (send(c->fd, frame, (size_t)n + 6, MSG_NOSIGNAL) != n + 6)
        load_fail("send");
}

static void say_hello(struct load *load, struct load_client *c)
{
    static const char head[] = "GET /ws HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                               "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";
    int error = 0;
    socklen_t len = sizeof error;
    getsockopt(c->fd, SOL_SOCKET, SO_ERROR, &error, &len);
    errno = error;
    if (error || send(c->fd, head, sizeof head - 1, MSG_NOSIGNAL) != sizeof head - 1)
        load_fail("connect");
    c->state = LOAD_GREETED;
    watch(load, c, EPOLL_CTL_MOD, EPOLLIN);
}

/* The number after a name within the first bytes of a message. */
static int64_t number_after(const char *text, size_t len, const char *name, size_t name_len)
{
    const char *at = memmem(text, len, name, name_len);
    return at ? strtoll(at + name_len, NULL, 10) : -1;
}
#define NUMBER_AFTER(text, len, name) number_after(text, len, name, sizeof name - 1)

static void take_event(struct load *load, struct load_client *c, const char *text, size_t len)
{
    size_t head = len < 200 ? len : 200;
    int64_t id = NUMBER_AFTER(text, head, "\"id\":\""), seq = NUMBER_AFTER(text, head, "\"seq\":");
    if (id < 0 || seq < 0) {
        errno = 0;
        fprintf(stderr, "%.*s\n", (int)head, text);
        load_fail("a message that is no event");
    }
    if ((c->seq >= 0 && seq != c->seq + 1) || id <= c->id) {
        fprintf(stderr, "%s: event %" PRId64 " (id %" PRId64 ") follows %" PRId64 " (id %" PRId64 ")\n", c->stream, seq, id, c->seq,
                c->id);
        load_fail("an event was missed or came twice");
    }
    c->seq = seq;
    c->id = id;
    c->n_events++;
    load->n_events++;
    if (load->on_event)
        load->on_event(load, c, NUMBER_AFTER(text, len, "\"t\":"));
}

static void take_message(struct load *load, struct load_client *c, const char *text, size_t len)
{
    size_t head = len < 40 ? len : 40;
    if (!memmem(text, head, "\"op\":", 5)) {
        take_event(load, c, text, len);
    } else if (memmem(text, head, "\"hello\"", 7)) {
        c->state = LOAD_IDLE;
        if (!c->waits)
            load_subscribe(load, c);
    } else if (memmem(text, head, "\"subscribed\"", 12)) {
        c->followed_us = load_now_us();
        c->state = LOAD_FOLLOWS;
        load->n_follow++;
        if (c->stuck)
            watch(load, c, EPOLL_CTL_MOD, 0);
    } else if (!memmem(text, head, "\"bye\"", 5)) {
        fprintf(stderr, "%.*s\n", (int)len, text);
        load_fail("an answer that was not expected");
    }
}

static void ended(struct load *load, struct load_client *c)
{
    if (!c->may_close)
        load_fail("a client was disconnected");
    load->n_ended++;
    load_cut(load, c);
}

/* Server frames (RFC 6455, section 5.2), after the head of the answer. Returns what was taken. */
static size_t take_frames(struct load *load, struct load_client *c, const char *bytes, size_t len)
{
    size_t at = 0;
    if (c->state == LOAD_GREETED && memcmp(bytes, "HTTP/1.1 101", len < 12 ? len : 12) == 0) {
        const char *end = memmem(bytes, len, "\r\n\r\n", 4);
        if (!end)
            return 0;
        at = (size_t)(end + 4 - bytes);
    }
    while (len - at >= 2) {
        const unsigned char *p = (const unsigned char *)bytes + at;
        size_t head = p[1] == 127 ? 10 : p[1] == 126 ? 4 : 2, body = p[1];
        if (len - at < head)
            break;
        if (head > 2)
            body = 0;
        for (size_t i = 2; i < head; i++)
            body = body << 8 | p[i];
        if (body > MESSAGE_MAX || (p[0] & 0x70))
            load_fail("a frame that cannot be read");
        if (len - at < head + body)
            break;
        if ((p[0] & 15) == 8) {
            if (!c->may_close)
                fprintf(stderr, "close %d %.*s\n", body < 2 ? 0 : p[head] << 8 | p[head + 1], (int)body, (const char *)p + head);
            ended(load, c);
            return len;
        }
        if ((p[0] & 15) == 9) { /* pong, masked with zero */
            static const char pong[] = {(char)0x8a, (char)0x80, 0, 0, 0, 0};
            (void)!send(c->fd, pong, sizeof pong, MSG_NOSIGNAL);
        } else {
            take_message(load, c, bytes + at + head, body);
        }
        if (c->state == LOAD_CLOSED)
            return len;
        at += head + body;
    }
    return at;
}

static void take_bytes(struct load *load, struct load_client *c)
{
    static char *bytes;
    static size_t cap;
    size_t len = c->n_carry;
    if (cap < len + READ_BYTES)
        bytes = realloc(bytes, cap = 2 * len + READ_BYTES);
    if (!bytes)
        load_fail("memory");
    memcpy(bytes, c->carry, len);
    ssize_t n = recv(c->fd, bytes + len, READ_BYTES, 0);
    if (n < 0 && errno == EAGAIN)
        return;
    if (n <= 0) {
        ended(load, c);
        return;
    }
    load->n_bytes += n;
    len += (size_t)n;
    size_t taken = take_frames(load, c, bytes, len);
    if (c->state == LOAD_CLOSED)
        return;
    size_t rest = len - taken;
    if (rest > c->n_carry || (rest == 0 && c->carry)) {
        free(c->carry);
        c->carry = rest ? malloc(rest) : NULL;
        if (rest && !c->carry)
            load_fail("memory");
    }
    memcpy(c->carry, bytes + taken, rest);
    c->n_carry = rest;
}

void load_run(struct load *load, bool (*done)(struct load *load), int64_t until_us)
{
    struct epoll_event events[512];
    load->progress_us = load_now_us();
    while (!done || !done(load)) {
        int64_t now = load_now_us();
        if (until_us && now >= until_us)
            return;
        int64_t wait_us = until_us ? until_us - now : 100000;
        int n = epoll_wait(load->epoll_fd, events, 512, wait_us < 1000 ? (until_us && wait_us > 300 ? 1 : 0) : (int)(wait_us / 1000));
        if (n > 0)
            load->progress_us = now;
        else if (now - load->progress_us > LOAD_PATIENCE_S * INT64_C(1000000))
            load_fail("something is missing");
        for (int i = 0; i < n; i++) {
            struct load_client *c = events[i].data.ptr;
            if (c->state == LOAD_CONNECTS)
                say_hello(load, c);
            else if (c->stuck && c->state == LOAD_FOLLOWS && events[i].events & (EPOLLHUP | EPOLLERR))
                ended(load, c);
            else if (c->state != LOAD_CLOSED)
                take_bytes(load, c);
        }
    }
}

static int open_first, open_n;

static bool all_open(struct load *load)
{
    int n = 0;
    for (int i = open_first; i < open_first + open_n; i++)
        n += load->clients[i].state >= (load->clients[i].waits ? LOAD_IDLE : LOAD_FOLLOWS);
    return n == open_n;
}

void load_open(struct load *load, int first, int n, int window)
{
    for (int done = 0; done < n; done += window) {
        open_first = first + done;
        open_n = n - done < window ? n - done : window;
        for (int i = 0; i < open_n; i++)
            load_connect(load, &load->clients[open_first + i]);
        load_run(load, all_open, 0);
    }
}

void load_times_add(struct load_times *t, int64_t us)
{
    if (t->n == t->cap) {
        t->cap = t->cap ? 2 * t->cap : 4096;
        t->us = realloc(t->us, t->cap * sizeof *t->us);
        if (!t->us)
            load_fail("memory");
    }
    t->us[t->n++] = (uint32_t)us;
}

static int by_time(const void *a, const void *b)
{
    uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
    return (x > y) - (x < y);
}

double load_times_ms(struct load_times *t, double share)
{
    if (t->n == 0)
        return 0;
    qsort(t->us, t->n, sizeof *t->us, by_time);
    return t->us[(size_t)((double)(t->n - 1) * share)] / 1000.0;
}

static FILE *figures;
static int n_figures;

void load_figures(const char *file, const char *bench)
{
    figures = file && *file ? fopen(file, "w") : NULL;
    if (file && *file && !figures)
        load_fail(file);
    if (figures)
        fprintf(figures, "{\"bench\":\"%s\",\"time\":%lld,\"figures\":[", bench, (long long)time(NULL));
}

void load_figure(const char *name, double value, const char *unit)
{
    printf("  %-58s %14.*f %s\n", name, value != 0 && value < 100 ? 2 : 0, value, unit);
    fflush(stdout);
    if (figures)
        fprintf(figures, "%s\n{\"name\":\"%s\",\"value\":%.6g,\"unit\":\"%s\"}", n_figures++ ? "," : "", name, value, unit);
}

void load_figures_end(void)
{
    if (figures && (fputs("\n]}\n", figures) < 0 || fclose(figures) != 0))
        load_fail("the figures");
}

static struct load_option *find_option(struct load_option *options, const char *name)
{
    for (struct load_option *o = options; o->name; o++)
        if (strcmp(o->name, name) == 0)
            return o;
    return NULL;
}

void load_options(struct load_option *options, int argc, char **argv, const char *what)
{
    for (int i = 1; i < argc; i += 2) {
        struct load_option *o = strncmp(argv[i], "--", 2) == 0 ? find_option(options, argv[i] + 2) : NULL;
        if (!o || i + 1 == argc) {
            printf("%s\n", what);
            for (o = options; o->name; o++)
                printf("  --%-12s %s (%s)\n", o->name, o->what, *o->value ? o->value : "none");
            exit(strcmp(argv[i], "--help") == 0 ? 0 : 2);
        }
        o->value = argv[i + 1];
    }
}

const char *load_text(const struct load_option *options, const char *name)
{
    return find_option((struct load_option *)options, name)->value;
}

int64_t load_number(const struct load_option *options, const char *name)
{
    return strtoll(load_text(options, name), NULL, 10);
}
