#include "config.h"

#include "gateway.h"

#include "auth/auth.h"
#include "base/log.h"
#include "fastcgi.h"
#include "http/problem.h"
#include "stats/stats.h"
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
    LISTEN_FD = 0, /* where FastCGI has its socket and CGI its body */
    THREADS_MAX = 256,
    STOP_MS = 15000,      /* longest wait for requests in hand */
    SETTLE_MS = 100,      /* how often to look for acknowledgements, and */
    SETTLE_TURNS = 20,    /* how many times: the supervisor relays what is left after that */
    CGI_SETTLE_MS = 2000, /* a CGI process waits so long for its events */
    STACK_BYTES = 1024 * 1024,
    REST_WAIT_MS = 5000, /* longest pause in a body that nobody wants */
};

struct gateway {
    const struct program *program;
    struct datadir dd;
    struct auth *auth;
    struct stats *stats;
    int stop_fd; /* an eventfd, readable for ever once the program is to end */
    bool cgi;
    int n_threads;
    atomic_int n_holding;
};

enum rs_err worker_store(struct worker *worker, struct store **ret, struct fault *fault)
{
    if (!worker->store_open) {
        enum rs_err err = store_open(&worker->store, worker->dd, worker->gateway->program->name, fault);
        if (err)
            return err;
        worker->store_open = true;
    }
    *ret = &worker->store;
    return RS_OK;
}

enum rs_err worker_log(struct worker *worker, struct eventlog **ret, struct fault *fault)
{
    if (!worker->log) {
        enum rs_err err = eventlog_open(worker->dd, EVENTLOG_READ, NULL, NULL, &worker->log, fault);
        if (err)
            return err;
    }
    *ret = worker->log;
    return RS_OK;
}

void worker_caused_events(struct worker *worker)
{
    worker->settle_turns = SETTLE_TURNS;
}

static void worker_release(struct worker *worker)
{
    if (worker->store_open)
        store_release(&worker->store);
    worker->store_open = false;
    eventlog_close(worker->log);
    worker->log = NULL;
    store_owner_release();
}

bool gateway_hold(struct gateway *gateway)
{
    if (gateway->cgi)
        return false;
    if (atomic_fetch_add(&gateway->n_holding, 1) < gateway->n_threads / 2)
        return true;
    atomic_fetch_sub(&gateway->n_holding, 1);
    return false;
}

void gateway_unhold(struct gateway *gateway)
{
    atomic_fetch_sub(&gateway->n_holding, 1);
}

bool gateway_pause(struct gateway *gateway, int timeout_ms)
{
    struct pollfd stop = {.fd = gateway->stop_fd, .events = POLLIN};
    return poll(&stop, 1, timeout_ms) <= 0;
}

static void settle(struct worker *worker)
{
    struct fault fault = {0};
    worker->settle_turns--;
    if (outbox_settle(&worker->store, &fault))
        log_event(LOG_LEVEL_WARN, "outbox.settle_failed", "reason=\"%s\"", fault.message);
}

static void *serve_thread(void *arg)
{
    struct gateway *gateway = arg;
    struct worker worker = {.gateway = gateway, .dd = &gateway->dd, .auth = gateway->auth, .stats = gateway->stats};
    struct fastcgi *fastcgi = NULL;
    struct fault fault = {0};
    if (fastcgi_new(LISTEN_FD, gateway->stop_fd, &fastcgi, &fault)) {
        log_event(LOG_LEVEL_ERROR, "thread.failed", "reason=\"%s\"", fault.message);
        return NULL;
    }
    for (;;) {
        struct exchange exchange;
        enum rs_err err = fastcgi_accept(fastcgi, worker.settle_turns > 0 ? SETTLE_MS : -1, &exchange);
        if (err == RS_CLOSED)
            break;
        if (err == RS_OK) {
            program_serve(gateway->program, &worker, &exchange);
            fastcgi_finish(fastcgi);
        } else if (worker.settle_turns > 0) {
            settle(&worker);
        }
    }
    fastcgi_free(fastcgi);
    worker_release(&worker);
    return NULL;
}

/* Wait for the requests in hand, but not for ever for a client that takes its answer byte by byte. */
static void join_threads(const pthread_t *threads, int n)
{
    struct timespec until;
    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_sec += STOP_MS / 1000;
    for (int i = 0; i < n; i++) {
        if (pthread_timedjoin_np(threads[i], NULL, &until) != 0) {
            log_event(LOG_LEVEL_WARN, "stop.forced", "after_ms=%d", STOP_MS);
            _exit(EXIT_SUCCESS);
        }
    }
}

static int serve_fastcgi(struct gateway *gateway)
{
    pthread_t threads[THREADS_MAX];
    pthread_attr_t attr;
    sigset_t ending;
    int n = 0, signal_number = 0;
    sigemptyset(&ending);
    sigaddset(&ending, SIGTERM);
    sigaddset(&ending, SIGINT);
    sigaddset(&ending, SIGUSR1);
    /* Blocked in every thread, so that none is interrupted in the middle of a request; taken by sigwait below. */
    pthread_sigmask(SIG_BLOCK, &ending, NULL);
    gateway->stop_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    gateway->n_threads = (int)config_number(gateway->dd.config, "fcgi.threads");
    if (gateway->stop_fd < 0 || !fastcgi_init(LISTEN_FD)) {
        log_event(LOG_LEVEL_ERROR, "start.failed", "reason=\"%s\"", strerror(errno));
        return EXIT_FAILURE;
    }
    pthread_attr_init(&attr);
    pthread_attr_setstacksize(&attr, STACK_BYTES);
    while (n < gateway->n_threads && n < THREADS_MAX && pthread_create(&threads[n], &attr, serve_thread, gateway) == 0)
        n++;
    pthread_attr_destroy(&attr);
    if (n == 0) {
        log_event(LOG_LEVEL_ERROR, "start.failed", "reason=\"cannot make a thread\"");
        return EXIT_FAILURE;
    }
    while (sigwait(&ending, &signal_number) != 0)
        continue;
    uint64_t one = 1;
    if (write(gateway->stop_fd, &one, sizeof one) < 0)
        log_event(LOG_LEVEL_ERROR, "stop.failed", "reason=\"%s\"", strerror(errno));
    join_threads(threads, n);
    close(gateway->stop_fd);
    return EXIT_SUCCESS;
}

static const char *cgi_param(const struct exchange *ex, const char *name)
{
    (void)ex;
    return getenv(name);
}

static long long cgi_taken; /* bytes of the body */

static ssize_t cgi_read(struct exchange *ex, char *out, size_t len)
{
    (void)ex;
    ssize_t n;
    do
        n = read(STDIN_FILENO, out, len);
    while (n < 0 && errno == EINTR);
    cgi_taken += n > 0 ? n : 0;
    return n;
}

/* Take what is left of the body. Where it came over a socket (mod_cgid), ending with some of it unread would reset the
 * connection, and the answer would be lost on its way. */
static void cgi_read_rest(void)
{
    const char *text = getenv("CONTENT_LENGTH");
    long long length = text ? atoll(text) : 0;
    if (length > REQUEST_DRAIN_MAX)
        length = REQUEST_DRAIN_MAX;
    char scrap[8192];
    struct pollfd input = {.fd = STDIN_FILENO, .events = POLLIN};
    while (poll(&input, 1, cgi_taken < length ? REST_WAIT_MS : 0) > 0 && cgi_read(NULL, scrap, sizeof scrap) > 0 &&
           cgi_taken < 2LL * REQUEST_DRAIN_MAX)
        continue;
}

static bool cgi_write(struct exchange *ex, const char *data, size_t len)
{
    (void)ex;
    while (len > 0) {
        ssize_t n = write(STDOUT_FILENO, data, len);
        if (n < 0 && errno != EINTR)
            return false;
        if (n > 0) {
            data += n;
            len -= (size_t)n;
        }
    }
    return true;
}

static void cgi_log(struct exchange *ex, const char *line)
{
    (void)ex;
    fprintf(stderr, "%s\n", line);
}

static const struct exchange cgi_exchange = {
    .param = cgi_param, .read = cgi_read, .write = cgi_write, .log = cgi_log, .has_end = false};

static int serve_cgi(struct gateway *gateway)
{
    struct exchange exchange = cgi_exchange;
    struct worker worker = {.gateway = gateway, .dd = &gateway->dd, .auth = gateway->auth, .stats = gateway->stats};
    gateway->cgi = true;
    gateway->stop_fd = -1;
    program_serve(gateway->program, &worker, &exchange);
    /* The client must not wait for our events: for it the response ends here. */
    cgi_read_rest();
    int null = open("/dev/null", O_RDWR | O_CLOEXEC);
    if (null >= 0 && dup2(null, STDIN_FILENO) >= 0 && dup2(null, STDOUT_FILENO) >= 0 && null > STDOUT_FILENO)
        close(null);
    struct fault fault = {0};
    if (worker.settle_turns > 0 && outbox_wait(&worker.store, CGI_SETTLE_MS, &fault) == RS_IO)
        log_event(LOG_LEVEL_WARN, "outbox.settle_failed", "reason=\"%s\"", fault.message);
    worker_release(&worker);
    return EXIT_SUCCESS;
}

static bool descriptor_listens(int fd)
{
    int listens = 0;
    socklen_t len = sizeof listens;
    return getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &listens, &len) == 0 && listens;
}

/* Without an instance there is nothing to serve. The reason is for the log: a visitor learns no paths. */
static void refuse(bool fastcgi, const struct fault *why)
{
    struct exchange exchange = cgi_exchange;
    struct response response;
    struct fault fault = {0};
    log_event(LOG_LEVEL_ERROR, "start.failed", "reason=\"%s\"", why->message);
    if (fastcgi)
        return;
    fault_set(&fault, RS_IO, "this Runspool is not set up; the web server's error log has the reason");
    response_init(&response);
    response_problem(&response, &fault, NULL);
    response_write(&response, &exchange, false);
    response_release(&response);
}

static int print_usage(const struct program *program)
{
    printf("%s %s - %s\n\n"
           "Started by a web server, as FastCGI (a listening socket as standard input) or as plain CGI.\n"
           "RUNSPOOL_DATA in its environment names the data directory.\n\n"
           "  --help     this text\n"
           "  --version  the version\n",
           program->name, PACKAGE_VERSION, program->description);
    return EXIT_SUCCESS;
}

int gateway_main(const struct program *program, int argc, char **argv)
{
    struct gateway gateway = {.program = program, .stop_fd = -1};
    struct fault fault = {0};
    /* A web server may pass a query such as ?--help on to a CGI program as arguments (RFC 3875, section 4.4). */
    if (argc > 1 && !getenv("GATEWAY_INTERFACE")) {
        if (strcmp(argv[1], "--help") == 0)
            return print_usage(program);
        if (strcmp(argv[1], "--version") == 0) {
            printf("%s %s\n", program->name, PACKAGE_VERSION);
            return EXIT_SUCCESS;
        }
        fprintf(stderr, "%s takes no arguments but --help and --version\n", program->name);
        return 2;
    }
    bool fastcgi = descriptor_listens(LISTEN_FD);
    signal(SIGPIPE, SIG_IGN);
    signal(SIGXFSZ, SIG_IGN); /* a limit of file sizes is a full disk, not a reason to die */
    log_open(program->name, LOG_LEVEL_INFO, LOG_TO_STDERR);
    enum rs_err err = datadir_open(&gateway.dd, NULL, false, NULL, &fault);
    if (!err && !program->by_signature)
        err = auth_open(&gateway.dd, gateway.dd.config, &gateway.auth, &fault);
    if (err) {
        refuse(fastcgi, &fault);
        datadir_release(&gateway.dd);
        return EXIT_FAILURE;
    }
    enum log_level level = LOG_LEVEL_INFO;
    if (log_level_parse(config_text(gateway.dd.config, "log.level"), &level) == RS_OK)
        log_open(program->name, level,
                 config_is(gateway.dd.config, "log.target", "syslog") ? LOG_TO_SYSLOG : LOG_TO_STDERR);
    if (stats_open(&gateway.dd, &gateway.stats, &fault))
        log_event(LOG_LEVEL_WARN, "stats.failed", "reason=\"%s\"", fault.message);
    int status = fastcgi ? serve_fastcgi(&gateway) : serve_cgi(&gateway);
    auth_free(gateway.auth);
    stats_close(gateway.stats);
    datadir_release(&gateway.dd);
    return status;
}
