/* spool_emitter - the emitter's thread. One loop, three states of the link to the bridge:
 *   DOWN   no connection: what waits goes to the event log, and every RETRY_MS a connection is tried
 *   HELLO  connected, the hello is not answered yet
 *   UP     lines go out as the socket takes them, acknowledgements come in
 * A bridge that accepts but does not answer (stopped, overloaded) is `mute`: then too what waits goes to the log, while
 * the hello is still being tried. Lines that were on their way to it carry the same numbers, so the log takes each once. */
#include "event/spool_emitter.h"
#include "base/clock.h"
#include "event/line.h"
#include "event/poke.h"
#include <assert.h>
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define RETRY_MS 250      /* between attempts to connect, and to use a log that failed */
#define HELLO_MS 1000     /* for the answer to a hello */
#define ACK_MS 3000       /* without any acknowledgement while lines are under way */
#define OUT_BYTES 65536   /* of lines copied out at once */
#define FALLBACK_BATCH 256 /* lines in one transaction of the log, */
#define FALLBACK_BYTES (2 * 1024 * 1024) /* and about so many bytes */

enum link { LINK_DOWN, LINK_HELLO, LINK_UP };

struct emitter {
    struct spool *spool;
    enum link link;
    int fd;                /* -1: none */
    bool mute;
    int64_t connect_at;    /* monotonic ms: not to be tried before */
    int64_t answer_by;     /* HELLO, and UP with lines under way: when the bridge counts as mute */
    int64_t under_way;     /* number of the newest line sent on this connection, 0: none */
    int64_t acked;         /* number up to which all is done */
    int64_t fallback_at;   /* not to be tried before */
    struct eventlog *log;  /* open while it is in use */
    struct buf out, in;
    const struct spool_line *taken[FALLBACK_BATCH];
    struct line lines[FALLBACK_BATCH];
    struct eventlog_entry entries[FALLBACK_BATCH];
};

static void acknowledge(struct emitter *e, int64_t n)
{
    struct spool *spool = e->spool;

    pthread_mutex_lock(&spool->lock);
    if (spool_ring_ack(&spool->ring, n) > 0)
        spool_drained(spool);
    pthread_mutex_unlock(&spool->lock);
    if (n > e->acked) {
        e->acked = n;
        if (e->link == LINK_UP)
            e->answer_by = clock_mono_ms() + ACK_MS;
    }
}

static void disconnect(struct emitter *e)
{
    if (e->fd >= 0)
        close(e->fd);
    e->fd = -1;
    e->link = LINK_DOWN;
    e->under_way = 0;
    buf_clear(&e->out);
    buf_clear(&e->in);
}

static void connect_bridge(struct emitter *e, int64_t now)
{
    struct sockaddr_un addr = {.sun_family = AF_UNIX};
    char path[PATH_MAX];

    e->connect_at = now + RETRY_MS;
    datadir_path(e->spool->dd, path, "%s", DATADIR_SPOOL_SOCKET);
    assert(strlen(path) < sizeof addr.sun_path); /* datadir_open saw to it */
    memcpy(addr.sun_path, path, strlen(path) + 1);
    e->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (e->fd < 0)
        return;
    if (connect(e->fd, (struct sockaddr *)&addr, sizeof addr) != 0 || line_put_hello(&e->out, e->spool->producer)) {
        disconnect(e);
        return;
    }
    e->link = LINK_HELLO;
    e->answer_by = now + HELLO_MS;
}

/* The bridge has answered the hello: what it has seen is done, all else goes out again. */
static void link_up(struct emitter *e, int64_t last_seq)
{
    e->link = LINK_UP;
    e->mute = false;
    eventlog_close(e->log);
    e->log = NULL;
    acknowledge(e, last_seq);
    pthread_mutex_lock(&e->spool->lock);
    spool_ring_resend(&e->spool->ring);
    pthread_mutex_unlock(&e->spool->lock);
}

static void refuse(struct emitter *e, int64_t n)
{
    struct spool *spool = e->spool;

    pthread_mutex_lock(&spool->lock);
    if (spool_ring_refuse(&spool->ring, n) > 0)
        spool_drained(spool);
    pthread_mutex_unlock(&spool->lock);
}

/* Returns false when the peer does not speak our language. */
static bool take_answer(struct emitter *e, const char *text, size_t len)
{
    struct line_answer answer;

    if (line_parse_answer(text, len, &answer))
        return false;
    if (e->link == LINK_HELLO) {
        if (!answer.hello)
            return false;
        link_up(e, answer.ack);
        return true;
    }
    if (answer.ack >= 0)
        acknowledge(e, answer.ack);
    if (answer.refused > 0)
        refuse(e, answer.refused);
    return true;
}

static bool take_answers(struct emitter *e)
{
    size_t from = 0;
    char *newline;

    while ((newline = memchr(e->in.data + from, '\n', e->in.len - from))) {
        size_t end = (size_t)(newline - e->in.data);
        if (!take_answer(e, e->in.data + from, end - from))
            return false;
        from = end + 1;
    }
    buf_consume(&e->in, from);
    return true;
}

static void receive(struct emitter *e)
{
    char bytes[LINE_ANSWER_MAX];
    ssize_t n;

    while ((n = recv(e->fd, bytes, sizeof bytes, 0)) > 0) {
        if (buf_append(&e->in, bytes, (size_t)n) || !take_answers(e)) {
            disconnect(e);
            return;
        }
    }
    if (n == 0 || (errno != EAGAIN && errno != EINTR))
        disconnect(e);
}

/* Copy lines out of the ring, as many as OUT_BYTES take. */
static void fill_out(struct emitter *e)
{
    struct spool_ring *ring = &e->spool->ring;
    int64_t before = e->under_way;

    pthread_mutex_lock(&e->spool->lock);
    while (ring->unsent && e->out.len < OUT_BYTES) {
        if (!ring->unsent->done) {
            if (buf_append(&e->out, ring->unsent->text, ring->unsent->len))
                break;
            e->under_way = ring->unsent->n;
        }
        ring->unsent = ring->unsent->next;
    }
    pthread_mutex_unlock(&e->spool->lock);
    if (e->under_way > before && before <= e->acked) /* nothing was under way: the wait for an answer begins */
        e->answer_by = clock_mono_ms() + ACK_MS;
}

static void transmit(struct emitter *e)
{
    for (;;) {
        ssize_t n;

        if (e->link == LINK_UP && e->out.len == 0)
            fill_out(e);
        if (e->out.len == 0)
            return;
        n = send(e->fd, e->out.data, e->out.len, MSG_NOSIGNAL);
        if (n < 0) {
            if (errno == EINTR)
                continue;
            if (errno != EAGAIN)
                disconnect(e);
            return;
        }
        buf_consume(&e->out, (size_t)n);
    }
}

/* The oldest lines of the ring as entries. They stay where they are and are read without the lock: only this thread
 * removes any. */
static size_t gather(struct emitter *e)
{
    struct spool *spool = e->spool;
    size_t n = 0, bytes = 0;

    pthread_mutex_lock(&spool->lock);
    for (struct spool_line *l = spool->ring.head; l && n < FALLBACK_BATCH && bytes < FALLBACK_BYTES; l = l->next) {
        if (l->done)
            continue;
        e->taken[n++] = l;
        bytes += l->len;
    }
    spool->appending = true;
    pthread_mutex_unlock(&spool->lock);
    for (size_t i = 0; i < n; i++) {
        struct line *line = &e->lines[i];
        enum rs_err err = line_parse(e->taken[i]->text, e->taken[i]->len, line, NULL);
        assert(err == RS_OK); /* it was checked when appended */
        e->entries[i] = (struct eventlog_entry){
            .stream = line->stream, .type = line->type, .data = line->data, .data_len = line->data_len,
            .time_ms = line->time_ms, .oid = line->oid, .producer = spool->producer, .producer_seq = line->n,
        };
    }
    return n;
}

static void end_append(struct spool *spool)
{
    pthread_mutex_lock(&spool->lock);
    spool->appending = false;
    pthread_cond_broadcast(&spool->moved);
    pthread_mutex_unlock(&spool->lock);
}

/* Append what waits to the log itself. Refused ones (the run has ended) are done as well: they would be refused again. */
static void fall_back(struct emitter *e, int64_t now)
{
    struct spool *spool = e->spool;
    enum rs_err err = RS_OK;
    size_t n;

    if (!e->log)
        err = eventlog_open(spool->dd, EVENTLOG_WRITE, spool->owner, spool->owner_ctx, &e->log, NULL);
    n = err ? 0 : gather(e);
    if (!err)
        err = eventlog_append(e->log, e->entries, n, NULL);
    if (err) {
        e->fallback_at = now + RETRY_MS;
        end_append(spool);
        return;
    }
    for (size_t i = 0; i < n; i++)
        event_unref(e->entries[i].event);
    if (n > 0) /* a bridge may have come up meanwhile, or is the one that is mute */
        eventlog_poke(spool->dd);
    if (n > 0)
        acknowledge(e, e->entries[n - 1].producer_seq);
    end_append(spool);
}

/* Lines given up are nothing to wait for. */
static void drop_done(struct emitter *e)
{
    struct spool *spool = e->spool;

    pthread_mutex_lock(&spool->lock);
    if (spool->ring.head && spool->ring.head->done && spool_ring_ack(&spool->ring, 0) > 0)
        spool_drained(spool);
    pthread_mutex_unlock(&spool->lock);
}

/* What to do next, as it is now. */
struct outlook {
    bool stop, waiting, unsent;
};

/* With `sleep` the callers are told to wake us, unless there is something to do already. */
static struct outlook look(struct spool *spool, bool sleep)
{
    struct outlook o;

    pthread_mutex_lock(&spool->lock);
    o = (struct outlook){spool->stop, spool->ring.head != NULL, spool->ring.unsent != NULL};
    spool->asleep = sleep && !o.stop;
    pthread_mutex_unlock(&spool->lock);
    return o;
}

static bool falls_back(const struct emitter *e, int64_t now)
{
    return (e->link == LINK_DOWN || e->mute) && now >= e->fallback_at;
}

/* Wait for the socket, the callers, or the next deadline. Returns false when it is time to end. */
static bool rest(struct emitter *e)
{
    int64_t now = clock_mono_ms(), until = INT64_MAX;
    struct outlook o = look(e->spool, true);
    struct pollfd fds[2] = {{.fd = e->spool->wake_fd, .events = POLLIN}, {.fd = e->fd, .events = POLLIN}};
    uint64_t woken;

    if (o.stop)
        return false;
    if (e->out.len > 0 || (e->link == LINK_UP && o.unsent))
        fds[1].events |= POLLOUT;
    if (e->link == LINK_HELLO || (e->link == LINK_UP && e->under_way > e->acked))
        until = e->answer_by;
    if (o.waiting && e->link == LINK_DOWN)
        until = e->connect_at;
    if (o.waiting && (e->link == LINK_DOWN || e->mute) && e->fallback_at < until)
        until = e->fallback_at;
    until = until == INT64_MAX ? -1 : until > now ? until - now : 0;
    poll(fds, 2, (int)until);
    look(e->spool, false);
    if (fds[0].revents & POLLIN && read(e->spool->wake_fd, &woken, sizeof woken) < 0)
        assert(errno == EAGAIN);
    return true;
}

static void step(struct emitter *e)
{
    drop_done(e);
    struct outlook o = look(e->spool, false);
    int64_t now = clock_mono_ms();

    if (e->link == LINK_DOWN && o.waiting && now >= e->connect_at)
        connect_bridge(e, now);
    if (e->link != LINK_DOWN) {
        transmit(e);
        if (e->link != LINK_DOWN)
            receive(e);
    }
    if ((e->link == LINK_HELLO || (e->link == LINK_UP && e->under_way > e->acked)) && now >= e->answer_by) {
        e->mute = true;
        disconnect(e);
    }
    if (o.waiting && falls_back(e, now))
        fall_back(e, now);
}

struct emitter *spool_emitter_new(struct spool *spool)
{
    struct emitter *e = calloc(1, sizeof *e);

    if (!e)
        return NULL;
    e->spool = spool;
    e->fd = -1;
    buf_init(&e->out, OUT_BYTES + EVENT_LINE_MAX);
    buf_init(&e->in, (size_t)LINE_ANSWER_MAX * 2);
    return e;
}

void spool_emitter_free(struct emitter *e)
{
    if (!e)
        return;
    disconnect(e);
    eventlog_close(e->log);
    buf_release(&e->out);
    buf_release(&e->in);
    free(e);
}

void *spool_emitter_main(void *arg)
{
    struct emitter *e = arg;

    do {
        step(e);
    } while (rest(e));
    spool_emitter_free(e); /* here: what the log keeps for a thread belongs to this one */
    return NULL;
}
