#include "tests/bench/lib/bridge.h"
#include "tests/bench/lib/base.h"
#include <arpa/inet.h>
#include <dirent.h>
#include <errno.h>
#include <inttypes.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define FILES 20000
#define SOURCES 60 /* addresses that clients connect from */

static struct bench_bridge *running;
static pid_t owner;

static void clean_up(void)
{
    int status;
    if (!running || getpid() != owner)
        return;
    if (running->pid > 0 && waitpid(running->pid, &status, WNOHANG) == running->pid) {
        fprintf(stderr, "the bridge has ended: %s %d\n", WIFSIGNALED(status) ? "signal" : "status",
                WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status));
        running->pid = 0;
    }
    if (running->pid > 0)
        bench_bridge_kill(running, SIGKILL);
    bench_bridge_remove(running);
}

static void on_signal(int number)
{
    exit(128 + number);
}

void bench_bridge_dir(struct bench_bridge *b)
{
    struct rlimit files = {FILES, FILES};
    (void)setrlimit(RLIMIT_NOFILE, &files);
    signal(SIGPIPE, SIG_IGN);
    signal(SIGINT, on_signal);
    signal(SIGTERM, on_signal);
    if (!*b->dir) {
        strcpy(b->dir, "/tmp/rs-bench-XXXXXX");
        if (!mkdtemp(b->dir))
            bench_fail("a temporary directory");
    }
    if (!running)
        atexit(clean_up);
    running = b;
    owner = getpid();
}

void bench_bridge_remove(struct bench_bridge *b)
{
    char command[sizeof b->dir + 16];
    snprintf(command, sizeof command, "rm -rf '%s'", b->dir);
    if (!b->keep_dir && *b->dir && system(command) != 0)
        fprintf(stderr, "%s is left over\n", b->dir);
    if (!b->keep_dir)
        *b->dir = '\0';
}

static int free_port(void)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof address;
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    if (fd < 0 || bind(fd, (struct sockaddr *)&address, len) < 0 || getsockname(fd, (struct sockaddr *)&address, &len) < 0)
        bench_fail("a free port");
    close(fd);
    return ntohs(address.sin_port);
}

int bench_bridge_connect(const struct bench_bridge *b, int flags, int source, bool small)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((uint16_t)b->port)};
    struct sockaddr_in from = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK + 1 + (uint32_t)(source % SOURCES))};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | flags, 0);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (fd < 0)
        bench_fail("socket");
    setsockopt(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &(int){1}, sizeof(int));
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &(int){1}, sizeof(int));
    if (small)
        setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &(int){4096}, sizeof(int));
    if (bind(fd, (struct sockaddr *)&from, sizeof from) < 0)
        bench_fail("bind");
    if (connect(fd, (struct sockaddr *)&address, sizeof address) == 0 || errno == EINPROGRESS)
        return fd;
    close(fd);
    return -1;
}

void bench_bridge_start(struct bench_bridge *b)
{
    char listen[64];
    const char *args[48] = {b->program, "--data", b->dir, "--listen", listen, "--set", "log.level=error"};
    siginfo_t ended = {0};
    int n = 7, fd;
    b->port = free_port();
    snprintf(listen, sizeof listen, "127.0.0.1:%d", b->port);
    for (int i = 0; b->settings[i]; i++) {
        args[n++] = "--set";
        args[n++] = b->settings[i];
    }
    b->pid = fork();
    if (b->pid == 0) {
        bench_pin(0);
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        execv(b->program, (char **)args);
        perror(b->program);
        _exit(127);
    }
    int64_t until = bench_now_us() + BENCH_PATIENCE_S * INT64_C(1000000);
    for (; (fd = bench_bridge_connect(b, 0, 0, false)) < 0; usleep(1000))
        if (bench_now_us() > until || waitid(P_PID, (id_t)b->pid, &ended, WEXITED | WNOHANG | WNOWAIT) != 0 || ended.si_pid)
            bench_fail("the bridge does not start");
    close(fd);
}

void bench_bridge_kill(struct bench_bridge *b, int number)
{
    kill(b->pid, number);
    waitpid(b->pid, NULL, 0);
    b->pid = 0;
}

double bench_bridge_cpu_s(const struct bench_bridge *b)
{
    clockid_t clock;
    struct timespec t;
    if (clock_getcpuclockid(b->pid, &clock) != 0 || clock_gettime(clock, &t) != 0)
        bench_fail("the bridge's CPU time");
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

int64_t bench_bridge_status(const struct bench_bridge *b, const char *name)
{
    char path[64], line[128];
    size_t len = strlen(name);
    int64_t value = -1;
    snprintf(path, sizeof path, "/proc/%d/status", (int)b->pid);
    FILE *f = fopen(path, "r");
    while (f && fgets(line, sizeof line, f))
        if (strncmp(line, name, len) == 0 && line[len] == ':')
            value = strtoll(line + len + 1, NULL, 10);
    if (!f || value < 0)
        bench_fail("the bridge's status");
    fclose(f);
    return value;
}

int bench_bridge_fds(const struct bench_bridge *b)
{
    char path[64];
    int n = 0;
    snprintf(path, sizeof path, "/proc/%d/fd", (int)b->pid);
    DIR *dir = opendir(path);
    if (!dir)
        bench_fail("the bridge's files");
    for (struct dirent *e; (e = readdir(dir));)
        n += e->d_name[0] != '.';
    closedir(dir);
    return n;
}

void bench_send_all(int fd, const char *bytes, size_t len)
{
    for (ssize_t n; len > 0; bytes += n, len -= (size_t)n)
        if ((n = send(fd, bytes, len, MSG_NOSIGNAL)) < 0)
            bench_fail("send");
}

char *bench_bridge_get(const struct bench_bridge *b, const char *path)
{
    char request[512], *answer = NULL;
    size_t len = 0, cap = 0;
    int fd = bench_bridge_connect(b, 0, 0, false);
    if (fd < 0)
        bench_fail("connect");
    int n = snprintf(request, sizeof request, "GET %s HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n", path);
    bench_send_all(fd, request, (size_t)n);
    for (ssize_t got = 1; got > 0; len += (size_t)got) {
        if (cap - len < 65536)
            answer = realloc(answer, cap += 262144);
        got = recv(fd, answer + len, cap - len - 1, 0);
        if (got < 0)
            bench_fail("an answer");
    }
    answer[len] = '\0';
    close(fd);
    return answer;
}

int64_t bench_bridge_metric(const struct bench_bridge *b, const char *name)
{
    char line[128];
    char *answer = bench_bridge_get(b, "/metrics");
    int n = snprintf(line, sizeof line, "\nrunspool_%s ", name);
    const char *at = strstr(answer, line);
    int64_t value = at ? strtoll(at + n, NULL, 10) : -1;
    free(answer);
    return value;
}
