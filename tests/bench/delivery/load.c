/* load - puts a live server under load and accounts for every delivery: many subscribers (WebSocket, SSE or long poll)
 * of one or many streams, publishers over Runspool's spool or by POST. Prints one JSON object. Which server it is does
 * not matter: all that differs is in the options (README.md; peers.py has them for each server). */
#include "ledger.h"
#include "loop.h"
#include "publisher.h"
#include "subscriber.h"
#include "usage.h"

#include <getopt.h>
#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>

#define FDS_SPARE 64

static const char help[] =
    "usage: load --url URL [OPTION...]      \"{stream}\" in texts is the number of the stream, from 0\n"
    "  --door ws|sse|poll        how subscribers follow (ws)\n"
    "  --url URL                 what they ask for, for example ws://127.0.0.1:80/ws\n"
    "  --ask TEXT                ws: the first frame of a subscriber\n"
    "  --answer TEXT             ws: open once a frame with this text has come\n"
    "  --cursor next|etag        poll: how an answer says where the next poll goes on (etag)\n"
    "  --subscribers N           in all (1)\n"
    "  --streams N               subscriber i follows stream i modulo N (1)\n"
    "  --connecting N            at most so many handshakes at once (128)\n"
    "  --publish spool:PATH|URL  where messages are sent; without it somebody else sends --messages of each stream\n"
    "  --body TEXT               what is sent; {payload} and {escaped} (as a JSON string) are the message\n"
    "  --acks                    spool: number the lines and have them acknowledged\n"
    "  --publishers N            connections (1)\n"
    "  --messages N              how many in all (4000000)\n"
    "  --seconds S               stop sending after so long\n"
    "  --rate N                  messages a second, steadily (as fast as it goes)\n"
    "  --window N                messages not yet delivered, at most (no limit)\n"
    "  --size BYTES              of a message (200)\n"
    "  --server PID              whose cost is measured, with its children\n"
    "  --settle MS               between the last handshake and the first message (500)\n"
    "  --patience S              without any progress that is the end (5)\n";

static struct {
    pid_t server;
    int connecting, settle_ms, patience_s;
} options;

/* "ws://HOST:PORT/path" into address and path; both point into owned copies. */
static void split_url(const char *url, const char **ret_address, const char **ret_path)
{
    const char *host = strstr(url, "://");
    if (!host || !strchr(host + 3, '/'))
        fail("\"%s\" is no URL with a path", url);
    host += 3;
    *ret_address = strndup(host, strcspn(host, "/"));
    *ret_path = strdup(strchr(host, '/'));
}

static double positive(const char *name, const char *text)
{
    char *end;
    double value = strtod(text, &end);
    if (end == text || *end || !(value >= 0) || value > 1e12)
        fail("--%s %s is no number that makes sense", name, text);
    return value;
}

static int read_options(int argc, char **argv)
{
    const char *door = "ws", *url = NULL, *cursor = "etag", *publish = NULL;
    double n_subscribers = 1, n_streams = 1, connecting = 128, n_publishers = 1, messages = 4000000, window = 0,
           size = 200, server = 0, settle = 500, patience = 5;
    bool wants_help = false;
    struct subscribers *s = &subscribers;
    struct publishers *p = &publishers;
    const struct {
        const char *name;
        const char **text;
        double *number;
        bool *flag;
    } rows[] = {
        {"door", .text = &door},           {"url", .text = &url},
        {"ask", .text = &s->ask},          {"answer", .text = &s->answer},
        {"cursor", .text = &cursor},       {"subscribers", .number = &n_subscribers},
        {"streams", .number = &n_streams}, {"connecting", .number = &connecting},
        {"publish", .text = &publish},     {"body", .text = &p->body},
        {"acks", .flag = &p->acks},        {"publishers", .number = &n_publishers},
        {"messages", .number = &messages}, {"seconds", .number = &p->seconds},
        {"rate", .number = &p->rate},      {"window", .number = &window},
        {"size", .number = &size},         {"server", .number = &server},
        {"settle", .number = &settle},     {"patience", .number = &patience},
        {"help", .flag = &wants_help},
    };
    enum { N_ROWS = sizeof(rows) / sizeof(rows[0]) };
    struct option table[N_ROWS + 1] = {0};
    int option, index;

    for (int i = 0; i < N_ROWS; i++)
        table[i] = (struct option){.name = rows[i].name, .has_arg = !rows[i].flag};
    while ((option = getopt_long(argc, argv, "", table, &index)) != -1) {
        if (option == '?') {
            fputs(help, stderr);
            exit(2);
        }
        if (rows[index].flag)
            *rows[index].flag = true;
        else if (rows[index].text)
            *rows[index].text = optarg;
        else
            *rows[index].number = positive(rows[index].name, optarg);
    }
    if (wants_help) {
        fputs(help, stdout);
        exit(0);
    }
    s->door = door_find(door);
    if (!s->door)
        fail("no door is called %s", door);
    if (!url || n_subscribers < 1 || n_streams < 1 || n_publishers < 1 || connecting < 1 || size < MESSAGE_MIN ||
        size > 60000 || (s->answer && !s->ask))
        fail("--url is needed, counts are at least 1, a message is %d to 60000 bytes, --answer wants --ask",
             MESSAGE_MIN);
    split_url(url, &s->address, &s->path);
    s->cursor_in_query = strcmp(cursor, "next") == 0;
    s->n = (int)n_subscribers;
    p->by_line = publish && strncmp(publish, "spool:", 6) == 0;
    if (p->by_line)
        p->address = publish + 6;
    else if (publish)
        split_url(publish, &p->address, &p->path);
    p->n = (int)n_publishers;
    p->messages = (uint64_t)messages;
    p->window = (uint64_t)window;
    p->size = (size_t)size;
    if (!p->body)
        p->body = p->by_line ? "{\"stream\":\"run:load-{stream}\",\"type\":\"log\",\"data\":{payload}}" : "{payload}";
    options.connecting = (int)connecting;
    options.server = (pid_t)server;
    options.settle_ms = (int)settle;
    options.patience_s = (int)patience;
    return (int)n_streams;
}

/* As many sockets as the system lets us have. */
static void raise_limits(int n_subscribers)
{
    struct rlimit limit;
    signal(SIGPIPE, SIG_IGN);
    getrlimit(RLIMIT_NOFILE, &limit);
    limit.rlim_cur = limit.rlim_max;
    setrlimit(RLIMIT_NOFILE, &limit);
    if (limit.rlim_cur < (rlim_t)n_subscribers + (rlim_t)publishers.n + FDS_SPARE)
        fail("%d subscribers need more open files than the %llu allowed", n_subscribers,
             (unsigned long long)limit.rlim_cur);
}

/* Until everything is delivered, or nothing moves any more. */
static void run(struct ledger *l)
{
    uint64_t delivered = 0, accepted = 0, moved_ns = now_ns(), patience_ns = (uint64_t)options.patience_s * 1000000000u;
    bool more = true;

    publishers.start_ns = moved_ns;
    while (more) {
        uint64_t wait = publishers.address ? publishers_send() : 50000000;
        loop_turn(wait);
        uint64_t now = now_ns();
        if (l->delivered != delivered || publishers.accepted != accepted) {
            delivered = l->delivered;
            accepted = publishers.accepted;
            moved_ns = now;
        }
        more = (publishers.address && !publishers_done()) || l->delivered < l->expected;
        if (now - moved_ns > patience_ns && (publishers.rate == 0 || publishers_done()))
            break;
    }
}

static double per(double value, double n)
{
    return n > 0 ? value / n : 0;
}

/* own_s, span_s: processor and time from the first message on; all_own_s, all_s: from the first handshake on. */
static void report(const struct ledger *l, double connect_s, const struct usage u[3], double own_s, double span_s,
                   double all_own_s, double all_s)
{
    const struct histogram *h = &l->latency;
    double delivered = (double)l->delivered, server_s = u[2].cpu_s - u[1].cpu_s;
    uint64_t first = publishers.address ? publishers.start_ns : l->first_sent_ns;
    double wall_s = l->last_seen_ns > first ? (double)(l->last_seen_ns - first) / 1e9 : 0;
    double accept_s = publishers.last_accepted_ns > publishers.start_ns
                          ? (double)(publishers.last_accepted_ns - publishers.start_ns) / 1e9
                          : 0;

    printf("{\"door\":\"%s\",\"subscribers\":%d,\"open\":%d,\"streams\":%d,\"size\":%zu,", subscribers.door->name,
           subscribers.n, subscribers.n_open, l->n_streams, publishers.size);
    printf("\"sent\":%llu,\"accepted\":%llu,\"publish_refused\":%llu,\"accepted_per_s\":%.0f,\"behind_max_ms\":%.3f,",
           (unsigned long long)publishers.sent, (unsigned long long)publishers.accepted,
           (unsigned long long)publishers.refused, per((double)publishers.accepted, accept_s),
           (double)publishers.behind_max_ns / 1e6);
    printf("\"expected\":%llu,\"delivered\":%llu,\"lost\":%llu,\"doubled\":%llu,\"reordered\":%llu,\"foreign\":%llu,",
           (unsigned long long)l->expected, (unsigned long long)l->delivered, (unsigned long long)ledger_lost(l),
           (unsigned long long)l->doubled, (unsigned long long)l->reordered, (unsigned long long)l->foreign);
    printf("\"refused\":%llu,\"closed\":%llu,\"reconnects\":%llu,\"connect_s\":%.4f,\"connections_per_s\":%.0f,",
           (unsigned long long)subscribers.refused, (unsigned long long)subscribers.closed,
           (unsigned long long)subscribers.reconnects, connect_s, per(subscribers.n, connect_s));
    printf("\"wall_s\":%.4f,\"deliveries_per_s\":%.0f,\"deliveries_per_read\":%.2f,\"wire_bytes\":%.1f,", wall_s,
           per(delivered, wall_s), per(delivered, (double)subscribers.reads),
           per((double)subscribers.bytes, delivered));
    printf("\"latency_ms\":{\"p50\":%.3f,\"p90\":%.3f,\"p99\":%.3f,\"p999\":%.3f,\"max\":%.3f,\"mean\":%.3f},",
           histogram_at(h, 0.5) / 1e6, histogram_at(h, 0.9) / 1e6, histogram_at(h, 0.99) / 1e6,
           histogram_at(h, 0.999) / 1e6, (double)h->max / 1e6, per(h->sum, (double)h->n) / 1e6);
    printf("\"latency_curve\":[");
    for (int i = 0; i <= 40; i++) { /* 0 to 99.99 %, ten points for each nine */
        double share = 1 - pow(10, -i / 10.0);
        printf("%s[%.4f,%.3f]", i ? "," : "", 100 * share, histogram_at(h, share) / 1e6);
    }
    printf("],\"server\":{\"processes\":%d,\"cpu_s\":%.3f,\"cpu_us_per_delivery\":%.3f,\"cpu_percent\":%.1f,\"connect_"
           "cpu_s\":%.3f,",
           u[2].n_processes, server_s, per(server_s * 1e6, delivered), per(100 * server_s, span_s),
           u[1].cpu_s - u[0].cpu_s);
    printf("\"rss_kb\":%.0f,\"rss_per_connection\":%.0f,\"pss_per_connection\":%.0f},", u[2].rss_kb,
           per((u[1].rss_kb - u[0].rss_kb) * 1024, subscribers.n_open),
           per((u[1].pss_kb - u[0].pss_kb) * 1024, subscribers.n_open));
    printf("\"generator_us_per_delivery\":%.3f,\"foreign_cpu_percent\":%.1f}\n", per(own_s * 1e6, delivered),
           per(100 * (u[2].machine_cpu_s - u[0].machine_cpu_s - all_own_s - (u[2].cpu_s - u[0].cpu_s)), all_s));
}

static double own_cpu_s(void)
{
    struct rusage r;
    getrusage(RUSAGE_SELF, &r);
    return (double)(r.ru_utime.tv_sec + r.ru_stime.tv_sec) + (double)(r.ru_utime.tv_usec + r.ru_stime.tv_usec) / 1e6;
}

int main(int argc, char **argv)
{
    static struct ledger ledger;
    struct usage u[3]; /* before the subscribers, before the first message, after the last */
    int n_streams = read_options(argc, argv);

    raise_limits(subscribers.n);
    loop_init();
    ledger_init(&ledger, subscribers.n, n_streams, publishers.messages / (uint64_t)n_streams + 1);
    subscribers.ledger = publishers.ledger = &ledger;

    u[0] = usage_of(options.server);
    double before_s = own_cpu_s();
    uint64_t begin_ns = now_ns();
    double connect_s = subscribers_connect(options.connecting, 60);
    if (publishers.address)
        publishers_connect();
    for (uint64_t until = now_ns() + (uint64_t)options.settle_ms * 1000000u; now_ns() < until;)
        loop_turn(20000000);
    u[1] = usage_of(options.server);
    subscribers.reads = subscribers.bytes = 0;
    if (!publishers.address)
        for (uint64_t i = 0; i < publishers.messages; i++)
            ledger_number(&ledger, (int)(i % (uint64_t)n_streams));
    double own_s = own_cpu_s();
    uint64_t start_ns = now_ns();
    run(&ledger);
    double span_s = (double)(now_ns() - start_ns) / 1e9;
    double after_s = own_cpu_s();
    u[2] = usage_of(options.server);
    report(&ledger, connect_s, u, after_s - own_s, span_s, after_s - before_s, (double)(now_ns() - begin_ns) / 1e9);
    return ledger.delivered == ledger.expected && ledger.doubled == 0 && subscribers.n_open == subscribers.n ? 0 : 1;
}
