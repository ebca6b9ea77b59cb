#include "bridge/writer.h"
#include "base/log.h"
#include "bridge/upkeep.h"
#include "bridge/waker.h"
#include "model/store.h"
#include <assert.h>
#include <stdlib.h>

struct writer {
    struct eventlog *log;
    struct ingest *ingest;
    struct upkeep upkeep; /* the thread's */
    uv_thread_t thread;
    struct waker waker; /* there are outcomes */
    uv_check_t turn; /* ends */
    uv_idle_t hurry; /* active while there is something gathered: then the turn does not wait for sockets */
    writer_fn *on_outcome;
    void *ctx;
    bool thread_only;
    /* the loop's: */
    size_t backlog;
    int n_handles; /* not yet closed */
    struct intake *gathered, **gathered_end; /* in this turn */
    uint64_t slow_until_ms, slow_ms;
    int n_commits; /* of the loop, since it settled any */
    uv_mutex_t mutex;
    uv_cond_t cond;
    /* under the mutex: */
    struct intake *queue, **queue_end;
    struct outcome *outcomes, **outcomes_end;
    struct eventlog_keep keep;
    bool working;    /* the thread has `ingest`, and what belongs to it; */
    bool borrowed;   /* the loop has it; */
    bool unfinished; /* the loop could not commit what it took */
    bool appended;   /* by the loop, since the thread looked */
    bool wanted;     /* the thread waits for the loop to give it back */
    bool stop, poked;
};

static void put_outcome(void *ctx, struct outcome *o)
{
    struct writer *w = ctx;
    o->next = NULL;
    uv_mutex_lock(&w->mutex);
    bool first = !w->outcomes;
    *w->outcomes_end = o;
    w->outcomes_end = &o->next;
    bool here = w->borrowed;
    uv_mutex_unlock(&w->mutex);
    if (first && !here)
        waker_wake(&w->waker);
}

static bool is_stopping(void *ctx)
{
    struct writer *w = ctx;
    uv_mutex_lock(&w->mutex);
    bool stop = w->stop;
    uv_mutex_unlock(&w->mutex);
    return stop;
}

static void put_last(struct writer *w)
{
    static struct outcome last = {.commit_us = -1, .last = true}; /* cannot fail for want of memory; never freed */
    put_outcome(w, &last);
}

/* What upkeep did, for the metrics. Without memory the figures wait. */
static void report(struct writer *w)
{
    struct outcome *o = calloc(1, sizeof *o);
    if (!o || !upkeep_report(&w->upkeep, &o->upkeep)) {
        free(o);
        return;
    }
    o->commit_us = -1;
    o->reports = true;
    put_outcome(w, o);
}

static void run(void *ctx)
{
    struct writer *w = ctx;
    bool busy = false; /* upkeep has more to do */
    store_owner_open(w->upkeep.dd);
    for (bool stop = false; !stop;) {
        uv_mutex_lock(&w->mutex);
        w->working = false;
        if (!w->queue && !w->stop && !w->poked && !w->unfinished && !busy)
            uv_cond_timedwait(&w->cond, &w->mutex, WRITER_FOREIGN_MS * 1000000u);
        for (; w->borrowed; w->wanted = false) {
            w->wanted = true;
            uv_cond_wait(&w->cond, &w->mutex);
        }
        w->working = true;
        bool unfinished = w->unfinished, appended = w->appended;
        w->unfinished = false;
        w->appended = false;
        struct intake *list = w->queue;
        w->queue = NULL;
        w->queue_end = &w->queue;
        w->poked = false;
        w->upkeep.keep = w->keep;
        stop = w->stop && !list;
        uv_mutex_unlock(&w->mutex);
        if (unfinished)
            ingest_finish(w->ingest);
        if (list)
            ingest_take(w->ingest, list);
        else
            ingest_foreign(w->ingest);
        busy = !stop && upkeep_step(&w->upkeep, list || unfinished || appended);
        if (upkeep_take_appended(&w->upkeep))
            ingest_publish(w->ingest);
        if (!busy)
            report(w);
    }
    upkeep_release(&w->upkeep);
    store_owner_release();
    put_last(w);
}

static void take_outcomes(void *ctx)
{
    struct writer *w = ctx;
    uv_mutex_lock(&w->mutex);
    struct outcome *list = w->outcomes, *next;
    w->outcomes = NULL;
    w->outcomes_end = &w->outcomes;
    uv_mutex_unlock(&w->mutex);
    for (; list; list = next) {
        bool last = list->last;
        next = list->next;
        w->backlog -= list->bytes;
        w->on_outcome(w->ctx, list);
        if (!last)
            outcome_free(list);
    }
}

/* --- the loop's turn --- */

static void hand_over(struct writer *w, struct intake *list, struct intake **end)
{
    uv_mutex_lock(&w->mutex);
    bool first = !w->queue;
    *w->queue_end = list;
    w->queue_end = end;
    uv_mutex_unlock(&w->mutex);
    if (first)
        uv_cond_signal(&w->cond);
}

static bool borrow(struct writer *w, const struct intake *list)
{
    if (w->thread_only || uv_now(w->turn.loop) < w->slow_until_ms || !ingest_is_light(list))
        return false;
    uv_mutex_lock(&w->mutex);
    bool idle = !w->working && !w->queue && !w->stop && !w->poked && !w->unfinished;
    w->borrowed = idle;
    uv_mutex_unlock(&w->mutex);
    return idle;
}

static void give_back(struct writer *w, bool done)
{
    uv_mutex_lock(&w->mutex);
    w->appended = w->appended || done;
    bool wake = w->wanted || !done;
    w->borrowed = false;
    w->unfinished = !done;
    uv_mutex_unlock(&w->mutex);
    if (wake)
        uv_cond_signal(&w->cond);
}

static void nothing(uv_idle_t *idle)
{
    (void)idle;
}

/* One commit that takes long is nothing yet; where each does, the loop is seldom held up. */
static void be_slow(struct writer *w)
{
    w->slow_ms = w->slow_ms == 0 ? WRITER_SLOW_MS : w->slow_ms * 2;
    if (w->slow_ms > WRITER_SLOW_MOST_MS)
        w->slow_ms = WRITER_SLOW_MOST_MS;
    w->slow_until_ms = uv_now(w->turn.loop) + w->slow_ms;
}

/* What the loop has committed and sent on: it takes less of everybody's time in between. */
static void settle(struct writer *w)
{
    struct fault fault = {0};
    if (++w->n_commits < WRITER_TURNS || !borrow(w, NULL))
        return;
    w->n_commits = 0;
    uint64_t start = uv_hrtime();
    enum rs_err err = eventlog_settle(w->log, &fault);
    if (err || uv_hrtime() - start > WRITER_SLOW_US * 1000u)
        be_slow(w);
    give_back(w, true);
}

static void on_turn(uv_check_t *turn)
{
    struct writer *w = turn->data;
    struct intake *list = w->gathered, **end = w->gathered_end;
    if (!list)
        return;
    w->gathered = NULL;
    w->gathered_end = &w->gathered;
    uv_idle_stop(&w->hurry);
    if (!borrow(w, list)) {
        hand_over(w, list, end);
        return;
    }
    uint64_t start = uv_hrtime();
    enum rs_err err = ingest_take_now(w->ingest, list);
    if ((err && err != RS_NOT_FOUND) || uv_hrtime() - start > WRITER_SLOW_US * 1000u)
        be_slow(w);
    else
        w->slow_ms = 0;
    give_back(w, !err);
    take_outcomes(w);
    if (!err)
        settle(w);
}

void writer_turn(struct writer *w)
{
    on_turn(&w->turn);
    take_outcomes(w);
}

enum rs_err writer_start(uv_loop_t *loop, const struct datadir *dd, writer_fn *on_outcome, void *ctx, struct writer **ret,
                         int64_t *ret_head, struct fault *fault)
{
    struct writer *w = calloc(1, sizeof *w);
    if (!w)
        return fault_set(fault, RS_NOMEM, "no memory for the writer");
    w->on_outcome = on_outcome;
    w->ctx = ctx;
    w->queue_end = &w->queue;
    w->outcomes_end = &w->outcomes;
    w->gathered_end = &w->gathered;
    w->thread_only = config_is(dd->config, "eventlog.sync", "full");
    struct ingest_sink sink = {put_outcome, is_stopping, w};
    enum rs_err err = eventlog_open(dd, EVENTLOG_WRITE, store_owner, (void *)dd, &w->log, fault);
    if (!err)
        err = ingest_new(w->log, &sink, &w->ingest, ret_head, fault);
    if (!err)
        err = waker_open(&w->waker, loop, take_outcomes, w, fault);
    if (err) {
        ingest_free(w->ingest);
        eventlog_close(w->log);
        free(w);
        return err;
    }
    upkeep_init(&w->upkeep, w->log, dd);
    eventlog_ask_now(w->log, store_owner_now);
    w->keep = w->upkeep.keep;
    uv_mutex_init(&w->mutex);
    uv_cond_init(&w->cond);
    uv_check_init(loop, &w->turn);
    uv_idle_init(loop, &w->hurry);
    w->n_handles = 3;
    w->turn.data = w->hurry.data = w;
    uv_check_start(&w->turn, on_turn);
    int failed = uv_thread_create(&w->thread, run, w);
    assert(!failed); /* at start-up: the process limit is no run-time condition to live with */
    *ret = w;
    return RS_OK;
}

void writer_put(struct writer *w, struct intake *in)
{
    w->backlog += in->len;
    if (!w->gathered)
        uv_idle_start(&w->hurry, nothing);
    *w->gathered_end = in;
    w->gathered_end = &in->next;
}

void writer_poke(struct writer *w)
{
    uv_mutex_lock(&w->mutex);
    w->poked = true;
    uv_mutex_unlock(&w->mutex);
    uv_cond_signal(&w->cond);
}

void writer_keep(struct writer *w, const struct config *config)
{
    struct eventlog_keep keep = upkeep_keep(config);
    uv_mutex_lock(&w->mutex);
    w->keep = keep;
    uv_mutex_unlock(&w->mutex);
}

size_t writer_backlog(const struct writer *w)
{
    return w->backlog;
}

void writer_stop(struct writer *w)
{
    on_turn(&w->turn);
    uv_mutex_lock(&w->mutex);
    w->stop = true;
    uv_mutex_unlock(&w->mutex);
    uv_cond_signal(&w->cond);
}

static void let_go(void *ctx)
{
    struct writer *w = ctx;
    if (--w->n_handles > 0)
        return;
    uv_cond_destroy(&w->cond);
    uv_mutex_destroy(&w->mutex);
    free(w);
}

static void on_closed(uv_handle_t *handle)
{
    let_go(handle->data);
}

void writer_free(struct writer *w)
{
    if (!w)
        return;
    uv_thread_join(&w->thread);
    *w->queue_end = w->gathered;
    while (w->queue) { /* word of connections that closed since */
        struct intake *next = w->queue->next;
        intake_free(w->queue);
        w->queue = next;
    }
    ingest_free(w->ingest);
    eventlog_close(w->log);
    waker_close(&w->waker, let_go);
    uv_close((uv_handle_t *)&w->turn, on_closed);
    uv_close((uv_handle_t *)&w->hurry, on_closed);
}
