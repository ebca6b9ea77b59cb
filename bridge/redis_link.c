#include "bridge/redis_link.h"
#include "base/clock.h"
#include "base/log.h"
#include <errno.h>
#include <hiredis/hiredis.h>
#include <poll.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#define CALL_MS 1000   /* the server's time for one answer, or to be connected to */
#define RETRY_FIRST_MS 100
#define RETRY_MOST_MS 10000
#define IDLE_PING_MS 5000 /* without a message: does it still answer? */
#define BATCH 256         /* messages published before their answers are read */

struct message {
    struct message *next;
    size_t channel_len, len;
    char text[]; /* the channel, then the message */
};
struct redis_link {
    struct redis_address address;
    struct redis_counts *counts;
    redis_taken_fn *taken;
    void *ctx;
    pthread_t thread;
    int wake_fd;
    pthread_mutex_t mutex;
    /* under the mutex: */
    struct message *queue, **queue_end;
    int n_queued;
    size_t queued_bytes;
    int fds[2]; /* of the connections, to cut them short when stopping; -1 */
    bool stop;
    /* the thread's: */
    redisContext *in, *out;
    bool said; /* that it cannot be reached */
};

static bool stopping(struct redis_link *link)
{
    pthread_mutex_lock(&link->mutex);
    bool stop = link->stop;
    pthread_mutex_unlock(&link->mutex);
    return stop;
}

static void wake(struct redis_link *link)
{
    uint64_t one = 1;
    if (write(link->wake_fd, &one, sizeof one) < 0) {
        /* It is awake already. */
    }
}

static void wait_ms(struct redis_link *link, int ms)
{
    uint64_t n;
    struct pollfd fd = {.fd = link->wake_fd, .events = POLLIN};
    int64_t until = clock_mono_ms() + ms;
    for (int64_t left = ms; left > 0 && !stopping(link); left = until - clock_mono_ms())
        if (poll(&fd, 1, (int)left) > 0 && read(link->wake_fd, &n, sizeof n) < 0 && errno != EAGAIN)
            return;
}

static struct message *take_messages(struct redis_link *link)
{
    pthread_mutex_lock(&link->mutex);
    struct message *list = link->queue;
    link->queue = NULL;
    link->queue_end = &link->queue;
    link->n_queued = 0;
    link->queued_bytes = 0;
    pthread_mutex_unlock(&link->mutex);
    return list;
}

static void free_messages(struct message *list)
{
    for (struct message *next; list; list = next) {
        next = list->next;
        free(list);
    }
}

/* --- connections --- */

static bool command(redisContext *c, int argc, const char **argv)
{
    redisReply *reply = redisCommandArgv(c, argc, argv, NULL);
    bool good = reply && reply->type != REDIS_REPLY_ERROR;
    freeReplyObject(reply);
    return good;
}

static bool log_in(const struct redis_address *a, redisContext *c)
{
    char database[16];
    const char *auth[3] = {"AUTH", a->user[0] ? a->user : a->password, a->password};
    const char *choose[2] = {"SELECT", database};
    snprintf(database, sizeof database, "%d", a->database);
    return (a->password[0] == '\0' || command(c, a->user[0] ? 3 : 2, auth)) &&
           (a->database == 0 || command(c, 2, choose));
}

static redisContext *connect_to(const struct redis_address *a)
{
    struct timeval most = {CALL_MS / 1000, CALL_MS % 1000 * 1000};
    redisContext *c = a->port ? redisConnectWithTimeout(a->host, a->port, most) : redisConnectUnixWithTimeout(a->host, most);
    if (c && !c->err && redisSetTimeout(c, most) == REDIS_OK && log_in(a, c)) {
        (void)redisEnableKeepAlive(c);
        return c;
    }
    redisFree(c);
    return NULL;
}

static void note_fds(struct redis_link *link)
{
    pthread_mutex_lock(&link->mutex);
    link->fds[0] = link->in ? link->in->fd : -1;
    link->fds[1] = link->out ? link->out->fd : -1;
    pthread_mutex_unlock(&link->mutex);
}

static void disconnect(struct redis_link *link)
{
    redisContext *in = link->in, *out = link->out;
    link->in = link->out = NULL;
    note_fds(link);
    redisFree(in);
    redisFree(out);
    link->counts->connected = 0;
}

static bool connect_both(struct redis_link *link)
{
    const char *subscribe[] = {"PSUBSCRIBE", "run:*", "mission:*", "graph:*"};
    link->in = connect_to(&link->address);
    note_fds(link);
    if (link->in)
        link->out = connect_to(&link->address);
    note_fds(link);
    redisReply *reply = NULL;
    bool good = link->out && command(link->in, 4, subscribe);
    for (int i = 1; good && i < 3; i++) { /* an answer for each pattern */
        good = redisGetReply(link->in, (void **)&reply) == REDIS_OK;
        freeReplyObject(reply);
        reply = NULL;
    }
    if (!good) {
        disconnect(link);
        return false;
    }
    link->counts->connected = 1;
    link->counts->connects++;
    return true;
}

/* --- messages --- */

/* ["pmessage", pattern, channel, text] */
static void take_reply(struct redis_link *link, const redisReply *reply)
{
    if (reply->type != REDIS_REPLY_ARRAY || reply->elements != 4 || reply->element[2]->type != REDIS_REPLY_STRING ||
        reply->element[3]->type != REDIS_REPLY_STRING || !reply->element[0]->str || strcmp(reply->element[0]->str, "pmessage") != 0)
        return;
    const redisReply *channel = reply->element[2], *text = reply->element[3];
    link->counts->received++;
    if ((size_t)text->len > REDIS_MESSAGE_MAX)
        link->counts->dropped++;
    else
        link->taken(link->ctx, channel->str, (size_t)channel->len, text->str, (size_t)text->len);
}

static bool receive(struct redis_link *link)
{
    if (redisBufferRead(link->in) != REDIS_OK)
        return false;
    for (;;) {
        redisReply *reply = NULL;
        if (redisGetReplyFromReader(link->in, (void **)&reply) != REDIS_OK)
            return false;
        if (!reply)
            return true;
        take_reply(link, reply);
        freeReplyObject(reply);
    }
}

static bool publish_some(redisContext *c, const struct message *m, int n)
{
    bool good = true;
    for (int i = 0; good && i < n; i++, m = m->next) {
        const char *argv[] = {"PUBLISH", m->text, m->text + m->channel_len};
        const size_t lens[] = {7, m->channel_len, m->len};
        good = redisAppendCommandArgv(c, 3, argv, lens) == REDIS_OK;
    }
    for (int i = 0; good && i < n; i++) {
        redisReply *reply = NULL;
        good = redisGetReply(c, (void **)&reply) == REDIS_OK;
        freeReplyObject(reply);
    }
    return good;
}

/* A message whose answer did not come may have been published: it is dropped, not sent twice. */
static bool publish(struct redis_link *link)
{
    struct message *list = take_messages(link);
    const struct message *at = list;
    bool good = true;
    while (at) {
        const struct message *first = at;
        int n = 0;
        for (; at && n < BATCH; at = at->next)
            n++;
        good = good && publish_some(link->out, first, n);
        *(good ? &link->counts->published : &link->counts->dropped) += n;
    }
    free_messages(list);
    return good;
}

/* Until the connection breaks, or it is time to stop. */
static void serve(struct redis_link *link)
{
    const char *ping[] = {"PING"};
    bool good = publish(link);
    while (good && !stopping(link)) {
        struct pollfd fds[] = {{.fd = link->in->fd, .events = POLLIN}, {.fd = link->wake_fd, .events = POLLIN}};
        int ready = poll(fds, 2, IDLE_PING_MS);
        uint64_t n;
        if (ready < 0 && errno != EINTR)
            return;
        if (ready == 0)
            good = command(link->out, 1, ping);
        if (ready > 0 && fds[0].revents)
            good = receive(link);
        if (good && ready > 0 && fds[1].revents && read(link->wake_fd, &n, sizeof n) > 0)
            good = publish(link);
    }
}

static void *run(void *arg)
{
    struct redis_link *link = arg;
    int retry_ms = RETRY_FIRST_MS;
    while (!stopping(link)) {
        if (connect_both(link)) {
            log_event(LOG_LEVEL_INFO, "redis.connected", "host=%s", link->address.host);
            retry_ms = RETRY_FIRST_MS;
            link->said = false;
            serve(link);
            disconnect(link);
        }
        if (stopping(link))
            break;
        if (!link->said)
            log_event(LOG_LEVEL_WARN, "redis.unreachable", "host=%s", link->address.host);
        link->said = true;
        wait_ms(link, retry_ms);
        retry_ms = retry_ms * 2 < RETRY_MOST_MS ? retry_ms * 2 : RETRY_MOST_MS;
    }
    return NULL;
}

/* --- the other side --- */

void redis_link_put(struct redis_link *link, const char *channel, const char *text, size_t len)
{
    size_t channel_len = strlen(channel);
    struct message *m = malloc(sizeof *m + channel_len + len);
    pthread_mutex_lock(&link->mutex);
    bool room = m && link->n_queued < REDIS_QUEUE_MESSAGES && link->queued_bytes + len <= REDIS_QUEUE_BYTES;
    if (room) {
        *m = (struct message){.channel_len = channel_len, .len = len};
        memcpy(m->text, channel, channel_len);
        memcpy(m->text + channel_len, text, len);
        *link->queue_end = m;
        link->queue_end = &m->next;
        link->n_queued++;
        link->queued_bytes += len;
    }
    bool first = room && link->n_queued == 1;
    pthread_mutex_unlock(&link->mutex);
    if (!room) {
        free(m);
        link->counts->dropped++;
    }
    if (first)
        wake(link);
}

enum rs_err redis_link_start(const struct redis_address *address, struct redis_counts *counts, redis_taken_fn *taken, void *ctx,
                             struct redis_link **ret, struct fault *fault)
{
    struct redis_link *link = calloc(1, sizeof *link);
    if (!link)
        return fault_set(fault, RS_NOMEM, "no memory for Redis");
    *link = (struct redis_link){.address = *address, .counts = counts, .taken = taken, .ctx = ctx, .fds = {-1, -1}};
    link->queue_end = &link->queue;
    link->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    pthread_mutex_init(&link->mutex, NULL);
    if (link->wake_fd >= 0 && pthread_create(&link->thread, NULL, run, link) == 0) {
        *ret = link;
        return RS_OK;
    }
    if (link->wake_fd >= 0)
        close(link->wake_fd);
    pthread_mutex_destroy(&link->mutex);
    free(link);
    return fault_set(fault, RS_IO, "cannot start a thread for Redis");
}

void redis_link_stop(struct redis_link *link)
{
    pthread_mutex_lock(&link->mutex);
    link->stop = true;
    for (int i = 0; i < 2; i++)
        if (link->fds[i] >= 0)
            shutdown(link->fds[i], SHUT_RDWR);
    pthread_mutex_unlock(&link->mutex);
    wake(link);
    pthread_join(link->thread, NULL);
    free_messages(link->queue);
    close(link->wake_fd);
    pthread_mutex_destroy(&link->mutex);
    free(link);
}
