/* spool - the callers' side of the emitter: put into the ring, wait for acknowledgements. */
#include "event/spool.h"
#include "base/clock.h"
#include "base/json.h"
#include "event/jsonscan.h"
#include "event/line.h"
#include "event/spool_emitter.h"
#include <assert.h>
#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#define PROGRAM_MAX 15                           /* bytes of a program's name in the producer's */
#define RESUME_BYTES (SPOOL_RING_BYTES / 4 * 3)  /* drained so far, a stalled ring takes events again */

static struct timespec deadline_after(int timeout_ms)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    t.tv_sec += timeout_ms / 1000;
    t.tv_nsec += (long)(timeout_ms % 1000) * 1000000;
    if (t.tv_nsec >= 1000000000) {
        t.tv_sec++;
        t.tv_nsec -= 1000000000;
    }
    return t;
}

static void wake(struct spool *spool)
{
    uint64_t one = 1;

    /* Cannot fail but by being full, which wakes as well. */
    if (spool->asleep && write(spool->wake_fd, &one, sizeof one) == (ssize_t)sizeof one)
        spool->asleep = false;
}

/* The callers' signals are theirs: the thread takes none. */
static int start_thread(struct spool *spool)
{
    struct emitter *emitter = spool_emitter_new(spool);
    sigset_t all, before;
    int rc;

    if (!emitter)
        return ENOMEM;

    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    rc = pthread_create(&spool->thread, NULL, spool_emitter_main, emitter);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (rc != 0)
        spool_emitter_free(emitter);
    return rc;
}

static enum rs_err open_named(const struct datadir *dd, const char *producer, eventlog_owner_fn *owner, void *owner_ctx,
                              struct spool **ret, struct fault *fault)
{
    struct spool *spool = calloc(1, sizeof *spool);
    pthread_condattr_t attr;
    int rc;

    if (!spool)
        return fault_set(fault, RS_NOMEM, "out of memory");
    spool->dd = dd;
    spool->owner = owner;
    spool->owner_ctx = owner_ctx;
    assert(id_valid(producer));
    strcpy(spool->producer, producer);
    buf_init(&spool->line, EVENT_LINE_MAX);
    pthread_mutex_init(&spool->lock, NULL);
    pthread_condattr_init(&attr);
    pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
    pthread_cond_init(&spool->moved, &attr);
    pthread_condattr_destroy(&attr);
    spool->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    rc = spool->wake_fd < 0 ? errno : start_thread(spool);
    if (rc == 0) {
        *ret = spool;
        return RS_OK;
    }
    if (spool->wake_fd >= 0)
        close(spool->wake_fd);
    pthread_cond_destroy(&spool->moved);
    pthread_mutex_destroy(&spool->lock);
    free(spool);
    return fault_set(fault, RS_IO, "cannot start the emitter: %s", strerror(rc));
}

enum rs_err spool_open(const struct datadir *dd, const char *program, eventlog_owner_fn *owner, void *owner_ctx,
                       struct spool **ret, struct fault *fault)
{
    char prefix[PROGRAM_MAX + 2], producer[ID_MAX + 1];

    snprintf(prefix, sizeof prefix, "%.*s-", PROGRAM_MAX, program);
    return open_named(dd, id_new(prefix, producer), owner, owner_ctx, ret, fault);
}

enum rs_err spool_open_as(const struct datadir *dd, const char *producer, eventlog_owner_fn *owner, void *owner_ctx,
                          struct spool **ret, struct fault *fault)
{
    char other[ID_MAX + 1];
    struct eventlog *log = NULL;
    int64_t last = 0;

    /* A log that cannot be asked now has most likely not seen it. */
    if (eventlog_open(dd, EVENTLOG_READ, NULL, NULL, &log, NULL) || eventlog_producer(log, producer, &last, NULL))
        last = 0;
    eventlog_close(log);
    return open_named(dd, last > 0 ? id_new("again-", other) : producer, owner, owner_ctx, ret, fault);
}

/* Make a line and put it in. Lock held; there is room. */
static enum rs_err put(struct spool *spool, const char *stream, const char *type, const char *data, size_t data_len,
                       int64_t oid, int64_t time_ms)
{
    int64_t n = spool->ring.last_n + 1;
    enum rs_err err;

    buf_clear(&spool->line);
    err = line_put_event(&spool->line, n, oid, time_ms, stream, type, data, data_len);
    if (err)
        return err;
    return spool_ring_push(&spool->ring, n, oid, spool->line.data, spool->line.len) ? RS_OK : RS_NOMEM;
}

/* One log.dropped for each stream that lost events: what could not be put in is owed on. */
static void put_dropped(struct spool *spool)
{
    struct spool_ring *ring = &spool->ring;
    char data[64];

    while (ring->n_dropped > 0) {
        int i = ring->n_dropped - 1;
        int len = snprintf(data, sizeof data, "{\"count\":%" PRId64 "}", ring->dropped[i].count);
        if (put(spool, ring->dropped[i].stream, "log.dropped", data, (size_t)len, 0, clock_wall_ms()))
            return;
        ring->n_dropped--;
    }
}

void spool_drained(struct spool *spool)
{
    if (spool->stalled && spool->ring.bytes <= RESUME_BYTES) {
        spool->stalled = false;
        put_dropped(spool);
    }
    pthread_cond_broadcast(&spool->moved);
}

static bool has_room(const struct spool *spool, size_t len, int64_t oid)
{
    size_t max = SPOOL_RING_BYTES + (oid > 0 ? SPOOL_STATE_BYTES : 0);

    return spool->ring.bytes + len <= max;
}

/* Lock held; given up while waiting. */
static bool wait_for_room(struct spool *spool, size_t len, int64_t oid)
{
    struct timespec deadline;

    if (spool->stalled)
        return oid > 0 && has_room(spool, len, oid); /* others must not overtake the log.dropped that is owed */
    if (has_room(spool, len, oid))
        return true;
    deadline = deadline_after(SPOOL_OUTAGE_MS);
    while (!has_room(spool, len, oid)) {
        if (pthread_cond_timedwait(&spool->moved, &spool->lock, &deadline) == ETIMEDOUT) {
            spool->stalled = !has_room(spool, len, oid);
            return !spool->stalled;
        }
    }
    return true;
}

enum rs_err spool_append(struct spool *spool, const char *stream, const char *type, const char *data, size_t data_len,
                         int64_t oid)
{
    return spool_append_at(spool, stream, type, data, data_len, oid, clock_wall_ms());
}

void spool_set_mask(struct spool *spool, const struct mask *mask)
{
    spool->mask = mask;
}

/* Nothing of the data may be seen: as JSON again, owned by the caller; NULL: not JSON, or no memory. */
static struct json_object *hide(const struct mask *mask, const char *data, size_t len)
{
    struct json_object *value = NULL;

    return json_parse(data, len, EVENT_DATA_MAX, &value, NULL) == RS_OK ? mask_json(mask, value) : NULL;
}

enum rs_err spool_append_at(struct spool *spool, const char *stream, const char *type, const char *data,
                            size_t data_len, int64_t oid, int64_t time_ms)
{
    struct json_object *hidden = NULL;
    enum rs_err err;

    if (stream_check_home(stream, NULL) || !event_type_valid(type, strlen(type)))
        return RS_INVALID;
    if (data_len > EVENT_DATA_MAX)
        return RS_LIMIT;
    if (jsonscan_object(data, data_len))
        return RS_INVALID;
    if (mask_hits(spool->mask, data, data_len)) {
        hidden = hide(spool->mask, data, data_len);
        if (hidden == NULL)
            return RS_INVALID;
        data = json_text(hidden, &data_len);
        if (data_len > EVENT_DATA_MAX) {
            json_object_put(hidden);
            return RS_LIMIT;
        }
    }
    pthread_mutex_lock(&spool->lock);
    if (wait_for_room(spool, data_len, oid)) {
        err = put(spool, stream, type, data, data_len, oid, time_ms);
        wake(spool);
    } else {
        err = RS_BUSY;
        if (oid <= 0)
            spool_ring_drop(&spool->ring, stream);
    }
    pthread_mutex_unlock(&spool->lock);
    json_object_put(hidden);
    return err;
}

enum rs_err spool_flush(struct spool *spool, int timeout_ms)
{
    struct timespec deadline = deadline_after(timeout_ms);
    const struct spool_ring *ring = &spool->ring;
    bool late = false;

    pthread_mutex_lock(&spool->lock);
    while ((ring->head || ring->n_dropped > 0) && !late)
        late = pthread_cond_timedwait(&spool->moved, &spool->lock, &deadline) == ETIMEDOUT;
    late = ring->head || ring->n_dropped > 0;
    pthread_mutex_unlock(&spool->lock);
    return late ? RS_TIMEOUT : RS_OK;
}

int64_t spool_give_up(struct spool *spool, const char *stream)
{
    struct timespec deadline = deadline_after(SPOOL_GIVE_UP_MS);
    bool late = false;
    int64_t n;

    pthread_mutex_lock(&spool->lock);
    while (spool->appending && !late)
        late = pthread_cond_timedwait(&spool->moved, &spool->lock, &deadline) == ETIMEDOUT;
    n = spool_ring_give_up(&spool->ring, stream);
    wake(spool); /* only its thread takes lines out */
    pthread_mutex_unlock(&spool->lock);
    return n;
}

size_t spool_take_acked(struct spool *spool, int64_t *ret_oids, size_t max)
{
    struct spool_ring *ring = &spool->ring;
    size_t n;

    pthread_mutex_lock(&spool->lock);
    n = ring->n_acked < max ? ring->n_acked : max;
    if (n > 0) {
        memcpy(ret_oids, ring->acked, n * sizeof *ret_oids);
        ring->n_acked -= n;
        memmove(ring->acked, ring->acked + n, ring->n_acked * sizeof *ring->acked);
    }
    pthread_mutex_unlock(&spool->lock);
    return n;
}

void spool_close(struct spool *spool, int timeout_ms)
{
    enum rs_err flushed;

    if (!spool)
        return;
    /* What is left now was not promised: state waits in its rows. */
    flushed = spool_flush(spool, timeout_ms);
    (void)flushed;
    pthread_mutex_lock(&spool->lock);
    spool->stop = true;
    wake(spool);
    pthread_mutex_unlock(&spool->lock);
    pthread_join(spool->thread, NULL);
    close(spool->wake_fd);
    spool_ring_release(&spool->ring);
    buf_release(&spool->line);
    pthread_cond_destroy(&spool->moved);
    pthread_mutex_destroy(&spool->lock);
    free(spool);
}
