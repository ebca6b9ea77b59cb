/* bench_stuck - do readers that never read slow the others down? Starts a bridge in a temporary directory, has many
 * WebSockets follow one stream, emits events at a steady rate, and prints how long they took to the readers: with none
 * of them stuck, then with some, several rounds in turn, and the ratio of both.
 * Usage: bench_stuck [BRIDGE [READERS [STUCK [EVENTS_PER_S [SECONDS [ROUNDS]]]]]]
 *        (default: bridge/runspool-bridge 1000 50 50 10 3; run it in the build folder) */
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

#define READERS_MAX 10000
#define CARRY_MAX 8192   /* the rest of a message that has not arrived whole */
#define FILL_EVENTS 400  /* emitted first, so that the sockets of stuck readers are full */
#define FILL_BYTES 2000
#define DATA_BYTES 200
#define PATIENCE_S 60

struct reader {
    int fd;
    bool stuck, subscribed;
    size_t carried;
    char carry[CARRY_MAX];
};
struct phase {
    int n_stuck;
    uint32_t *took_us; /* of every delivery of all rounds */
    size_t n, cap;
    double cpu_s;      /* of the bridge */
};

static char dir[] = "/tmp/bench-stuck-XXXXXX";
static struct reader *readers;
static int n_readers = 1000, epoll_fd, spool_fd, port;
static pid_t bridge;
static int64_t n_left;        /* deliveries still to come */
static struct phase *current; /* where they are noted; NULL: they are not measured */

static void stop(void)
{
    char command[64];
    if (bridge > 0) {
        kill(bridge, SIGTERM);
        waitpid(bridge, NULL, 0);
    }
    snprintf(command, sizeof command, "rm -rf %s", dir);
    if (system(command) != 0)
        fprintf(stderr, "bench_stuck: %s is left over\n", dir);
}

static _Noreturn void fail(const char *what)
{
    fprintf(stderr, "bench_stuck: %s: %s\n", what, strerror(errno));
    stop();
    exit(1);
}

static int64_t now_us(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

static double bridge_cpu_s(void)
{
    char path[64];
    unsigned long user = 0, system_time = 0;
    snprintf(path, sizeof path, "/proc/%d/stat", (int)bridge);
    FILE *f = fopen(path, "r");
    if (!f || fscanf(f, "%*d %*s %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %lu %lu", &user, &system_time) != 2)
        fail("the bridge's CPU time");
    fclose(f);
    return (double)(user + system_time) / (double)sysconf(_SC_CLK_TCK);
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

static int connect_tcp(bool small)
{
    struct sockaddr_in address = {
        .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK), .sin_port = htons((uint16_t)port)};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (small)
        setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &(int){4096}, sizeof(int));
    if (fd < 0)
        fail("socket");
    if (connect(fd, (struct sockaddr *)&address, sizeof address) == 0)
        return fd;
    close(fd);
    return -1;
}

static void start_bridge(const char *program)
{
    char listen[64];
    struct sockaddr_un address = {.sun_family = AF_UNIX};
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
    snprintf(address.sun_path, sizeof address.sun_path, "%s/spool.sock", dir);
    spool_fd = socket(AF_UNIX, SOCK_STREAM, 0);
    int fd;
    for (; (fd = connect_tcp(false)) < 0; usleep(10000))
        if (now_us() > until || waitpid(bridge, NULL, WNOHANG) == bridge)
            fail("the bridge does not start");
    close(fd);
    if (connect(spool_fd, (struct sockaddr *)&address, sizeof address) < 0)
        fail("spool.sock");
}

static void write_all(int fd, const char *bytes, size_t len)
{
    for (ssize_t n; len > 0; bytes += n, len -= (size_t)n)
        if ((n = send(fd, bytes, len, MSG_NOSIGNAL)) < 0)
            fail("send");
}

static void emit(size_t data_bytes)
{
    char line[FILL_BYTES + 200];
    int n = snprintf(line, sizeof line, "{\"stream\":\"run:bench\",\"type\":\"log\",\"data\":{\"t\":%" PRId64 ",\"x\":\"%*s\"}}\n",
                     now_us(), (int)data_bytes, "");
    n_left += n_readers - current->n_stuck;
    write_all(spool_fd, line, (size_t)n);
}

static void take_message(struct reader *r, const char *text, size_t len, bool measure)
{
    static const char mark[] = "\"t\":";
    const char *at;
    if (!r->subscribed) {
        r->subscribed = memmem(text, len, "\"subscribed\"", 12) != NULL;
        n_left -= r->subscribed;
        return;
    }
    at = memmem(text, len, mark, sizeof mark - 1);
    if (!at)
        return;
    n_left--;
    if (!measure)
        return;
    if (current->n == current->cap)
        fail("more deliveries than events");
    current->took_us[current->n++] = (uint32_t)(now_us() - strtoll(at + sizeof mark - 1, NULL, 10));
}

/* Server frames (RFC 6455): not masked, here always under 64 KiB. */
static void take_bytes(struct reader *r, bool measure)
{
    char bytes[CARRY_MAX + 65536];
    size_t at = 0, len = r->carried;
    memcpy(bytes, r->carry, len);
    ssize_t n = recv(r->fd, bytes + len, 65536, MSG_DONTWAIT);
    if (n <= 0)
        fail("a reader was disconnected");
    len += (size_t)n;
    while (len - at >= 4) {
        size_t head = 2, body = (unsigned char)bytes[at + 1];
        if (body == 126) {
            head = 4;
            body = (size_t)(unsigned char)bytes[at + 2] << 8 | (unsigned char)bytes[at + 3];
        }
        if (len - at < head + body)
            break;
        take_message(r, bytes + at + head, body, measure);
        at += head + body;
    }
    r->carried = len - at;
    if (r->carried > CARRY_MAX)
        fail("a message is too long");
    memcpy(r->carry, bytes + at, r->carried);
}

/* Read until nothing is left to come (until_us: 0), or until then. */
static void pump(int64_t until_us, bool measure)
{
    struct epoll_event events[256];
    int64_t give_up = now_us() + PATIENCE_S * 1000000LL;
    while (until_us ? now_us() < until_us : n_left > 0) {
        int64_t wait_us = until_us ? until_us - now_us() : 100000;
        int n = epoll_wait(epoll_fd, events, 256, wait_us > 0 ? (int)((wait_us + 999) / 1000) : 0);
        for (int i = 0; i < n; i++)
            take_bytes(events[i].data.ptr, measure);
        if (now_us() > give_up)
            fail("events are missing");
    }
}

static void open_reader(struct reader *r, bool stuck)
{
    static const char head[] = "GET /ws HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                               "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";
    static const char text[] = "{\"op\":\"subscribe\",\"streams\":[\"run:bench\"]}";
    char frame[6 + sizeof text] = {(char)0x81, (char)(0x80 | (sizeof text - 1))}, answer[1024];
    size_t n = 0;
    *r = (struct reader){.fd = connect_tcp(stuck), .stuck = stuck};
    if (r->fd < 0)
        fail("connect");
    memcpy(frame + 6, text, sizeof text - 1);
    write_all(r->fd, head, sizeof head - 1);
    do { /* byte by byte, so that no frame is taken along */
        if (n == sizeof answer || recv(r->fd, answer + n, 1, 0) != 1)
            fail("the handshake");
        n++;
    } while (n < 4 || memcmp(answer + n - 4, "\r\n\r\n", 4) != 0);
    write_all(r->fd, frame, 6 + sizeof text - 1);
    n_left++;
    epoll_ctl(epoll_fd, EPOLL_CTL_ADD, r->fd, &(struct epoll_event){.events = EPOLLIN, .data.ptr = r});
}

static int64_t queued_bytes(void)
{
    static const char request[] = "GET /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n", name[] = "\nrunspool_queued_bytes ";
    char answer[65536];
    size_t len = 0;
    int fd = connect_tcp(false);
    write_all(fd, request, sizeof request - 1);
    for (ssize_t n; len < sizeof answer - 1 && (n = recv(fd, answer + len, sizeof answer - 1 - len, 0)) > 0;)
        len += (size_t)n;
    close(fd);
    answer[len] = 0;
    const char *at = strstr(answer, name);
    return at ? strtoll(at + sizeof name - 1, NULL, 10) : 0;
}

static void round_of(struct phase *phase, int per_second, int seconds)
{
    current = phase;
    n_left = 0;
    for (int i = 0; i < n_readers; i++)
        open_reader(&readers[i], i < phase->n_stuck);
    pump(0, false);
    for (int i = 0; i < phase->n_stuck; i++)
        epoll_ctl(epoll_fd, EPOLL_CTL_DEL, readers[i].fd, NULL);
    for (int i = 0; i < FILL_EVENTS; i++) {
        emit(FILL_BYTES);
        pump(0, false);
    }
    if (phase->n_stuck > 0 && queued_bytes() == 0)
        fail("the stuck readers are not stuck");
    double cpu = bridge_cpu_s();
    int64_t start = now_us();
    for (int i = 0; i < per_second * seconds; i++) {
        pump(start + (int64_t)i * 1000000 / per_second, true);
        emit(DATA_BYTES);
    }
    pump(0, true);
    phase->cpu_s += bridge_cpu_s() - cpu;
    for (int i = 0; i < n_readers; i++)
        close(readers[i].fd);
}

static int by_time(const void *a, const void *b)
{
    uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
    return (x > y) - (x < y);
}

static double at_ms(const struct phase *phase, double share)
{
    return phase->took_us[(size_t)((double)(phase->n - 1) * share)] / 1000.0;
}

int main(int argc, char **argv)
{
    int n_stuck = argc > 3 ? atoi(argv[3]) : 50, per_second = argc > 4 ? atoi(argv[4]) : 50;
    int seconds = argc > 5 ? atoi(argv[5]) : 10, rounds = argc > 6 ? atoi(argv[6]) : 3;
    struct rlimit files = {READERS_MAX + 100, READERS_MAX + 100};
    n_readers = argc > 2 ? atoi(argv[2]) : n_readers;
    if (n_readers < 1 || n_readers > READERS_MAX || n_stuck < 0 || n_stuck >= n_readers || per_second < 1 || seconds < 1 || rounds < 1) {
        fputs("usage: bench_stuck [BRIDGE [READERS [STUCK [EVENTS_PER_S [SECONDS [ROUNDS]]]]]]\n", stderr);
        return 2;
    }
    (void)setrlimit(RLIMIT_NOFILE, &files);
    struct phase phases[2] = {{.n_stuck = 0}, {.n_stuck = n_stuck}};
    readers = calloc((size_t)n_readers, sizeof *readers);
    epoll_fd = epoll_create1(0);
    for (int i = 0; i < 2; i++) {
        phases[i].cap = (size_t)n_readers * (size_t)per_second * (size_t)seconds * (size_t)rounds;
        phases[i].took_us = malloc(phases[i].cap * sizeof *phases[i].took_us);
        if (!phases[i].took_us || !readers)
            fail("memory");
    }
    start_bridge(argc > 1 ? argv[1] : "bridge/runspool-bridge");
    for (int i = 0; i < 2 * rounds; i++)
        round_of(&phases[i % 2], per_second, seconds);
    printf("%d readers of one stream, %d events/s, %d x %d s\n%8s %12s %9s %9s %9s %15s\n", n_readers, per_second, rounds, seconds,
           "stuck", "deliveries", "p50 ms", "p99 ms", "max ms", "CPU us/delivery");
    for (int i = 0; i < 2; i++) {
        qsort(phases[i].took_us, phases[i].n, sizeof *phases[i].took_us, by_time);
        printf("%8d %12zu %9.2f %9.2f %9.2f %15.2f\n", phases[i].n_stuck, phases[i].n, at_ms(&phases[i], 0.5), at_ms(&phases[i], 0.99),
               at_ms(&phases[i], 1), phases[i].cpu_s * 1e6 / (double)phases[i].n);
    }
    printf("%8s %12s %9.2f %9.2f\n", "ratio", "", at_ms(&phases[1], 0.5) / at_ms(&phases[0], 0.5),
           at_ms(&phases[1], 0.99) / at_ms(&phases[0], 0.99));
    stop();
    return 0;
}
