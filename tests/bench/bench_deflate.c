/* bench_deflate - what does compression cost and save? Starts a bridge in a temporary directory for each way, has many
 * clients follow one stream, emits the lines of a log as events: some at a steady rate, then many as fast as it takes. Then
 * once more with a stream for each client, where nothing is shared: events at a steady rate, each to one client. Prints a
 * table of each: bytes on the wire and CPU time of the bridge for a delivery, deliveries a second, and the bridge's memory for
 * a connection that is idle and for one that has taken part.
 * Usage: bench_deflate [BRIDGE [CLIENTS [LOG [EVENTS_PER_S [SECONDS [EVENTS [OWN_PER_S]]]]]]]
 *        (default: bridge/runspool-bridge 1000 config.log 20 10 3000 2000; run it in the build folder) */
#include <arpa/inet.h>
#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
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

#define CLIENTS_MAX 10000
#define LINES_MAX 5000
#define LINE_MAX_BYTES 512
#define PATIENCE_S 120

static const struct way {
    const char *name, *offer;
} ways[] = {
    {"plain", ""},
    {"each by itself", "Sec-WebSocket-Extensions: permessage-deflate; server_no_context_takeover\r\n"},
    {"running", "Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits\r\n"},
};
/* Frames are counted, not opened: of the one that is being read, what is still to come. */
struct client {
    int fd;
    size_t skip;
    unsigned char head[4];
    unsigned n_head;
};
struct load {
    double bytes, cpu_us, per_s;
};

static char dir[] = "/tmp/bench-deflate-XXXXXX";
static struct client *clients;
static char *lines[LINES_MAX];
static int n_clients = 1000, n_lines, epoll_fd, spool_fd, port, next_line;
static pid_t bridge;
static int64_t n_frames, n_bytes;
static bool own; /* each client has a stream of its own */

static void clean_up(void)
{
    char command[64];
    if (bridge > 0) {
        kill(bridge, SIGTERM);
        waitpid(bridge, NULL, 0);
        bridge = 0;
    }
    snprintf(command, sizeof command, "rm -rf %s", dir);
    if (system(command) != 0)
        fprintf(stderr, "bench_deflate: %s is left over\n", dir);
}

static _Noreturn void fail(const char *what)
{
    fprintf(stderr, "bench_deflate: %s: %s\n", what, strerror(errno));
    clean_up();
    exit(1);
}

static int64_t now_us(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

static double cpu_us(void)
{
    clockid_t clock;
    struct timespec t;
    if (clock_getcpuclockid(bridge, &clock) != 0 || clock_gettime(clock, &t) != 0)
        fail("the bridge's CPU time");
    return (double)t.tv_sec * 1e6 + (double)t.tv_nsec / 1e3;
}

static double memory_kb(void)
{
    char path[64], line[256];
    double kb = 0;
    snprintf(path, sizeof path, "/proc/%d/status", (int)bridge);
    FILE *f = fopen(path, "r");
    while (f && fgets(line, sizeof line, f))
        if (sscanf(line, "RssAnon: %lf", &kb) == 1)
            break;
    if (!f || kb == 0)
        fail("the bridge's memory");
    fclose(f);
    return kb;
}

static int connect_tcp(void)
{
    struct sockaddr_in address = {
        .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK), .sin_port = htons((uint16_t)port)};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0)
        fail("socket");
    if (connect(fd, (struct sockaddr *)&address, sizeof address) == 0)
        return fd;
    close(fd);
    return -1;
}

static int free_port(void)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof address;
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    if (fd < 0 || bind(fd, (struct sockaddr *)&address, len) < 0 || getsockname(fd, (struct sockaddr *)&address, &len) < 0)
        fail("a free port");
    close(fd);
    return ntohs(address.sin_port);
}

static void start_bridge(const char *program)
{
    char listen[64];
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    strcpy(dir + sizeof dir - 7, "XXXXXX");
    if (!mkdtemp(dir))
        fail("a temporary directory");
    port = free_port();
    snprintf(listen, sizeof listen, "127.0.0.1:%d", port);
    bridge = fork();
    if (bridge == 0) {
        execl(program, program, "--data", dir, "--listen", listen, "--set", "limits.subscriber_time=10m", "--set",
              "log.level=error", (char *)NULL);
        perror(program);
        _exit(127);
    }
    int64_t until = now_us() + PATIENCE_S * 1000000LL;
    int fd;
    for (; (fd = connect_tcp()) < 0; usleep(10000))
        if (now_us() > until || waitpid(bridge, NULL, WNOHANG) == bridge)
            fail("the bridge does not start");
    close(fd);
    snprintf(address.sun_path, sizeof address.sun_path, "%s/spool.sock", dir);
    spool_fd = socket(AF_UNIX, SOCK_STREAM, 0);
    if (connect(spool_fd, (struct sockaddr *)&address, sizeof address) < 0)
        fail("spool.sock");
}

static void write_all(int fd, const char *bytes, size_t len)
{
    for (ssize_t n; len > 0; bytes += n, len -= (size_t)n)
        if ((n = send(fd, bytes, len, MSG_NOSIGNAL)) < 0)
            fail("send");
}

static void take_bytes(struct client *c)
{
    static unsigned char bytes[65536];
    ssize_t n = recv(c->fd, bytes, sizeof bytes, MSG_DONTWAIT);
    if (n <= 0)
        fail("a client was disconnected");
    n_bytes += n;
    for (size_t at = 0; at < (size_t)n;) {
        if (c->skip > 0) {
            size_t taken = c->skip < (size_t)n - at ? c->skip : (size_t)n - at;
            c->skip -= taken;
            at += taken;
            n_frames += c->skip == 0;
            continue;
        }
        c->head[c->n_head++] = bytes[at++];
        if (c->n_head < 2 || (c->head[1] == 126 && c->n_head < 4))
            continue;
        c->skip = c->head[1] == 126 ? (size_t)c->head[2] << 8 | c->head[3] : c->head[1];
        c->n_head = 0;
    }
}

static void pump(int64_t until_us, int64_t frames)
{
    struct epoll_event events[256];
    int64_t give_up = now_us() + PATIENCE_S * 1000000LL;
    while (until_us ? now_us() < until_us : n_frames < frames) {
        int64_t wait_us = until_us ? until_us - now_us() : 100000;
        int n = epoll_wait(epoll_fd, events, 256, wait_us > 0 ? (int)((wait_us + 999) / 1000) : 0);
        for (int i = 0; i < n; i++)
            take_bytes(events[i].data.ptr);
        if (now_us() > give_up)
            fail("events are missing");
    }
}

static void open_client(struct client *c, const struct way *way)
{
    char frame[128] = {(char)0x81}, head[512], answer[1024];
    int text_len = snprintf(frame + 6, sizeof frame - 6, "{\"op\":\"subscribe\",\"streams\":[\"run:bench-%d\"]}",
                            own ? (int)(c - clients) : 0);
    size_t n = 0;
    frame[1] = (char)(0x80 | text_len);
    int len = snprintf(head, sizeof head,
                       "GET /ws HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                       "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n%s\r\n", way->offer);
    *c = (struct client){.fd = connect_tcp()};
    if (c->fd < 0)
        fail("connect");
    write_all(c->fd, head, (size_t)len);
    do { /* byte by byte, so that no frame is taken along */
        if (n == sizeof answer - 1 || recv(c->fd, answer + n, 1, 0) != 1)
            fail("the handshake");
        n++;
    } while (n < 4 || memcmp(answer + n - 4, "\r\n\r\n", 4) != 0);
    answer[n] = 0;
    if ((*way->offer != 0) != (strcasestr(answer, "permessage-deflate") != NULL))
        fail("what was agreed");
    write_all(c->fd, frame, 6 + (size_t)text_len);
    epoll_ctl(epoll_fd, EPOLL_CTL_ADD, c->fd, &(struct epoll_event){.events = EPOLLIN, .data.ptr = c});
}

static void emit(void)
{
    char text[LINE_MAX_BYTES + 200];
    int n = snprintf(text, sizeof text,
                     "{\"stream\":\"run:bench-%d\",\"type\":\"log\",\"data\":{\"level\":\"info\",\"message\":\"%s\","
                     "\"nodeId\":\"check\",\"source\":\"stdout\"}}\n",
                     own ? next_line % n_clients : 0, lines[next_line % n_lines]);
    next_line++;
    write_all(spool_fd, text, (size_t)n);
}

/* per_second 0: as fast as it takes */
static struct load run_load(int n_events, int per_second)
{
    int64_t start = now_us(), frames = n_frames, bytes = n_bytes, each = own ? 1 : n_clients, wanted = n_events * each;
    double cpu = cpu_us();
    for (int i = 0; i < n_events; i++) {
        if (per_second > 0)
            pump(start + (int64_t)i * 1000000 / per_second, 0);
        else if (i % 100 == 99) /* the clients keep reading */
            pump(0, frames + (i - 99) * each);
        emit();
    }
    pump(0, frames + wanted);
    return (struct load){(double)(n_bytes - bytes) / (double)wanted, (cpu_us() - cpu) / (double)wanted,
                         (double)wanted * 1e6 / (double)(now_us() - start)};
}

static double open_all(const char *program, const struct way *way, double *ret_idle_kb)
{
    start_bridge(program);
    open_client(&clients[0], way); /* what is made once is not counted */
    pump(now_us() + 200000, 0);
    double before = memory_kb();
    n_frames = 0;
    for (int i = 1; i < n_clients; i++)
        open_client(&clients[i], way);
    pump(0, 2 * (int64_t)(n_clients - 1)); /* hello and subscribed */
    *ret_idle_kb = (memory_kb() - before) / (n_clients - 1);
    return before;
}

static void close_all(void)
{
    for (int i = 0; i < n_clients; i++)
        close(clients[i].fd);
    close(spool_fd);
    clean_up();
}

static void run_shared(const char *program, const struct way *way, int per_second, int seconds, int n_events)
{
    double idle = 0, before = open_all(program, way, &idle);
    struct load steady = run_load(per_second * seconds, per_second), flat = run_load(n_events, 0);
    printf("%-15s %9.1f %8.2f %11.1f %8.2f %14.0f %10.2f %10.2f\n", way->name, steady.bytes, steady.cpu_us, flat.bytes,
           flat.cpu_us, flat.per_s, idle, (memory_kb() - before) / (n_clients - 1));
    close_all();
}

static void run_own(const char *program, const struct way *way, int per_second, int seconds)
{
    double idle = 0, before = open_all(program, way, &idle);
    struct load steady = run_load(per_second * seconds, per_second);
    printf("%-15s %9.1f %8.2f %10.2f %10.2f\n", way->name, steady.bytes, steady.cpu_us, idle,
           (memory_kb() - before) / (n_clients - 1));
    close_all();
}

/* The lines of a file as JSON strings want them. */
static void read_lines(const char *path)
{
    char line[LINE_MAX_BYTES / 2];
    FILE *f = fopen(path, "r");
    if (!f)
        fail(path);
    while (n_lines < LINES_MAX && fgets(line, sizeof line, f)) {
        line[strcspn(line, "\r\n")] = 0;
        for (char *p = line; *p; p++)
            *p = (unsigned char)*p < ' ' || *p == '"' || *p == '\\' || (unsigned char)*p > '~' ? ' ' : *p;
        if (*line && !(lines[n_lines++] = strdup(line)))
            fail("memory");
    }
    fclose(f);
    if (n_lines == 0)
        fail("an empty log");
}

int main(int argc, char **argv)
{
    const char *program = argc > 1 ? argv[1] : "bridge/runspool-bridge";
    int per_second = argc > 4 ? atoi(argv[4]) : 20, seconds = argc > 5 ? atoi(argv[5]) : 10;
    int n_events = argc > 6 ? atoi(argv[6]) : 3000, own_per_second = argc > 7 ? atoi(argv[7]) : 2000;
    struct rlimit files = {CLIENTS_MAX + 100, CLIENTS_MAX + 100};
    n_clients = argc > 2 ? atoi(argv[2]) : n_clients;
    if (n_clients < 2 || n_clients > CLIENTS_MAX || per_second < 1 || seconds < 1 || n_events < 1 || own_per_second < 1) {
        fputs("usage: bench_deflate [BRIDGE [CLIENTS [LOG [EVENTS_PER_S [SECONDS [EVENTS [OWN_PER_S]]]]]]]\n", stderr);
        return 2;
    }
    (void)setrlimit(RLIMIT_NOFILE, &files);
    read_lines(argc > 3 ? argv[3] : "config.log");
    clients = calloc((size_t)n_clients, sizeof *clients);
    epoll_fd = epoll_create1(0);
    if (!clients || epoll_fd < 0)
        fail("memory");
    printf("%d clients of one stream; %d events/s for %d s, then %d as fast as it takes\n"
           "%-15s %18s %35s %21s\n%-15s %9s %8s %11s %8s %14s %10s %10s\n", n_clients, per_second, seconds, n_events, "",
           "steady", "flat out", "kB a connection", "messages", "bytes", "CPU us", "bytes", "CPU us", "deliveries/s", "idle", "after");
    for (size_t i = 0; i < sizeof ways / sizeof *ways; i++)
        run_shared(program, &ways[i], per_second, seconds, n_events);
    own = true;
    printf("\n%d clients, each with its own stream; %d events/s for %d s\n%-15s %9s %8s %10s %10s\n", n_clients, own_per_second,
           seconds, "messages", "bytes", "CPU us", "kB idle", "kB after");
    for (size_t i = 0; i < sizeof ways / sizeof *ways; i++)
        run_own(program, &ways[i], own_per_second, seconds);
    return 0;
}
