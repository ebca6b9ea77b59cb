/* relay - the least that passing on single messages can cost on this machine: a line that comes by a Unix socket goes as one
 * frame to the WebSockets of its stream, and its number back as an acknowledgement. Nothing is parsed beyond that, queued or
 * shared; clients that leave are not forgotten. With a DATABASE each line is first committed to a table of SQLite's that has nothing
 * but lines, which is the least that a log kept by SQLite can cost. `load` sends and receives. Usage: relay PORT SOCKET [DATABASE] */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define STREAMS 20000
#define FDS 65536
#define LINE_MAX_BYTES 65536
#define FRAME_MAX 65000 /* of a frame's two bytes of length */

enum kind { NONE, WEB, SPOOL, VISITOR, CLIENT, PUBLISHER };

static unsigned char kinds[FDS];
static int first_of[STREAMS], last_of[STREAMS], next_of[FDS]; /* the clients of a stream, in the order of their coming; 0: none */
static int epoll_fd;
static sqlite3_stmt *insert; /* NULL: there is no log */

static _Noreturn void fail(const char *what)
{
    fprintf(stderr, "relay: %s: %s\n", what, strerror(errno));
    exit(2);
}

static void watch(int fd, enum kind kind)
{
    struct epoll_event event = {.events = EPOLLIN, .data.fd = fd};
    if (fd < 0 || fd >= FDS || epoll_ctl(epoll_fd, EPOLL_CTL_ADD, fd, &event) != 0)
        fail("epoll");
    kinds[fd] = kind;
}

static int listen_on(const struct sockaddr *address, socklen_t len)
{
    int one = 1, fd = socket(address->sa_family, SOCK_STREAM | SOCK_NONBLOCK, 0);
    if (fd >= 0 && address->sa_family == AF_INET)
        setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
    if (fd < 0 || bind(fd, address, len) != 0 || listen(fd, 4096) != 0)
        fail("listen");
    return fd;
}

static void say(int fd, const char *text, size_t len)
{
    if (send(fd, text, len, MSG_NOSIGNAL) != (ssize_t)len)
        fail("send");
}

static long number_after(const char *text, const char *mark)
{
    const char *at = strstr(text, mark);
    return at ? atol(at + strlen(mark)) : -1;
}

static void welcome(int fd)
{
    static const char answer[] = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                                 "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n";
    char request[4096];
    ssize_t n = recv(fd, request, sizeof(request) - 1, 0);
    if (n <= 0)
        fail("a handshake");
    request[n] = '\0';
    long stream = number_after(request, "GET /load-");
    if (stream < 0 || stream >= STREAMS)
        fail("a stream's number");
    *(first_of[stream] ? &next_of[last_of[stream]] : &first_of[stream]) = fd;
    last_of[stream] = fd;
    kinds[fd] = CLIENT;
    say(fd, answer, sizeof(answer) - 1);
}

static void open_log(const char *path)
{
    static const char begin[] = "PRAGMA page_size = 2048; PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL;"
                                "PRAGMA wal_autocheckpoint = 0; CREATE TABLE line (id INTEGER PRIMARY KEY, text TEXT)";
    sqlite3 *db;
    if (sqlite3_open(path, &db) != SQLITE_OK || sqlite3_exec(db, begin, NULL, NULL, NULL) != SQLITE_OK ||
        sqlite3_prepare_v2(db, "INSERT INTO line (text) VALUES (?1)", -1, &insert, NULL) != SQLITE_OK)
        fail(sqlite3_errmsg(db));
}

static void store(const char *line, size_t len)
{
    sqlite3_bind_text(insert, 1, line, (int)len, SQLITE_STATIC);
    if (sqlite3_step(insert) != SQLITE_DONE)
        fail("the log");
    sqlite3_reset(insert);
}

static void pass_on(int publisher, const char *line, size_t len)
{
    static char frame[4 + FRAME_MAX];
    char ack[40];
    long stream = number_after(line, "load-");
    if (strncmp(line, "{\"hello\"", 8) == 0) {
        static const char answer[] = "{\"hello\":1,\"lastSeq\":0}\n";
        say(publisher, answer, sizeof(answer) - 1);
        return;
    }
    if (stream < 0 || stream >= STREAMS || len > FRAME_MAX || len < 126)
        fail("a line");
    if (insert)
        store(line, len);
    memcpy(frame, "\x81\x7e", 2);
    frame[2] = (char)(len >> 8);
    frame[3] = (char)len;
    memcpy(frame + 4, line, len);
    for (int fd = first_of[stream]; fd; fd = next_of[fd])
        say(fd, frame, len + 4);
    say(publisher, ack, (size_t)snprintf(ack, sizeof(ack), "{\"ack\":%ld}\n", number_after(line, "\"n\":")));
}

/* What a publisher has sent by now is whole lines. */
static void take(int publisher)
{
    static char lines[LINE_MAX_BYTES];
    ssize_t n = recv(publisher, lines, sizeof(lines) - 1, 0);
    if (n <= 0) {
        close(publisher);
        return;
    }
    lines[n] = '\0';
    for (char *line = lines, *end; (end = strchr(line, '\n')); line = end + 1) {
        *end = '\0';
        pass_on(publisher, line, (size_t)(end - line));
    }
}

static void serve(int fd)
{
    int one = 1, visitor;
    char unused[256];
    switch ((enum kind)kinds[fd]) {
    case WEB:
        while ((visitor = accept4(fd, NULL, NULL, SOCK_NONBLOCK)) >= 0) {
            setsockopt(visitor, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
            watch(visitor, VISITOR);
        }
        break;
    case SPOOL:
        while ((visitor = accept4(fd, NULL, NULL, SOCK_NONBLOCK)) >= 0)
            watch(visitor, PUBLISHER);
        break;
    case VISITOR:
        welcome(fd);
        break;
    case PUBLISHER:
        take(fd);
        break;
    case CLIENT:
        if (recv(fd, unused, sizeof(unused), 0) <= 0)
            close(fd);
        break;
    case NONE:
        break;
    }
}

int main(int argc, char **argv)
{
    struct sockaddr_in web = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    struct sockaddr_un spool = {.sun_family = AF_UNIX};
    struct rlimit limit;
    struct epoll_event events[256];

    if (argc < 3 || argc > 4 || strlen(argv[2]) >= sizeof(spool.sun_path))
        return fprintf(stderr, "usage: relay PORT SOCKET [DATABASE]\n"), 2;
    if (argc == 4)
        open_log(argv[3]);
    getrlimit(RLIMIT_NOFILE, &limit);
    limit.rlim_cur = limit.rlim_max;
    setrlimit(RLIMIT_NOFILE, &limit);
    web.sin_port = htons((uint16_t)atoi(argv[1]));
    strcpy(spool.sun_path, argv[2]);
    epoll_fd = epoll_create1(0);
    watch(listen_on((struct sockaddr *)&spool, sizeof(spool)), SPOOL);
    watch(listen_on((struct sockaddr *)&web, sizeof(web)), WEB);
    for (;;) {
        int n = epoll_wait(epoll_fd, events, 256, -1);
        for (int i = 0; i < n; i++)
            serve(events[i].data.fd);
    }
}
