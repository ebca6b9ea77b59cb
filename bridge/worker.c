#include "bridge/worker.h"
#include "bridge/waker.h"
#include <stdlib.h>

struct worker {
    const struct datadir *dd;
    uv_thread_t thread;
    struct waker waker;
    uv_mutex_t mutex;
    uv_cond_t cond;
    /* under the mutex: */
    struct job *queue, **queue_end, *finished, **finished_end;
    int n_waiting;
    bool stop, over;
    worker_fn *on_over;
    void *ctx;
};

static struct job *take_job(struct worker *w)
{
    uv_mutex_lock(&w->mutex);
    while (!w->queue && !w->stop)
        uv_cond_wait(&w->cond, &w->mutex);
    struct job *job = w->queue;
    if (job) {
        w->queue = job->next;
        if (!w->queue)
            w->queue_end = &w->queue;
        w->n_waiting--;
    }
    uv_mutex_unlock(&w->mutex);
    return job;
}

static void run(void *ctx)
{
    struct worker *w = ctx;
    struct store store = {0};
    bool open = false;
    for (struct job *job; (job = take_job(w));) {
        struct fault fault = {0};
        if (!open)
            open = store_open(&store, w->dd, "bridge", &fault) == RS_OK;
        job->run(job, open ? &store : NULL, &fault);
        uv_mutex_lock(&w->mutex);
        job->next = NULL;
        *w->finished_end = job;
        w->finished_end = &job->next;
        uv_mutex_unlock(&w->mutex);
        waker_wake(&w->waker);
    }
    if (open)
        store_release(&store);
    uv_mutex_lock(&w->mutex);
    w->over = true;
    uv_mutex_unlock(&w->mutex);
    waker_wake(&w->waker);
}

static void finish_jobs(struct worker *w)
{
    uv_mutex_lock(&w->mutex);
    struct job *job = w->finished, *next;
    w->finished = NULL;
    w->finished_end = &w->finished;
    uv_mutex_unlock(&w->mutex);
    for (; job; job = next) {
        next = job->next;
        job->done(job);
    }
}

static void on_woken(void *ctx)
{
    struct worker *w = ctx;
    uv_mutex_lock(&w->mutex);
    worker_fn *on_over = w->over ? w->on_over : NULL;
    w->over = false; /* said once */
    uv_mutex_unlock(&w->mutex);
    finish_jobs(w); /* when it is over, these are the last */
    if (on_over)
        on_over(w->ctx);
}

static void let_go(void *ctx)
{
    struct worker *w = ctx;
    uv_cond_destroy(&w->cond);
    uv_mutex_destroy(&w->mutex);
    free(w);
}

enum rs_err worker_start(uv_loop_t *loop, const struct datadir *dd, struct worker **ret, struct fault *fault)
{
    struct worker *w = calloc(1, sizeof *w);
    if (!w)
        return fault_set(fault, RS_NOMEM, "no memory for the worker");
    w->dd = dd;
    w->queue_end = &w->queue;
    w->finished_end = &w->finished;
    enum rs_err err = waker_open(&w->waker, loop, on_woken, w, fault);
    if (err) {
        free(w);
        return err;
    }
    uv_mutex_init(&w->mutex);
    uv_cond_init(&w->cond);
    if (uv_thread_create(&w->thread, run, w) != 0) {
        waker_close(&w->waker, let_go);
        return fault_set(fault, RS_IO, "cannot start a thread");
    }
    *ret = w;
    return RS_OK;
}

enum rs_err worker_put(struct worker *w, struct job *job)
{
    enum rs_err err = RS_OK;
    uv_mutex_lock(&w->mutex);
    if (w->stop || w->n_waiting >= WORKER_JOBS_MAX) {
        err = RS_BUSY;
    } else {
        job->next = NULL;
        *w->queue_end = job;
        w->queue_end = &job->next;
        w->n_waiting++;
    }
    uv_mutex_unlock(&w->mutex);
    uv_cond_signal(&w->cond);
    return err;
}

void worker_stop(struct worker *w, worker_fn *on_over, void *ctx)
{
    uv_mutex_lock(&w->mutex);
    w->on_over = on_over;
    w->ctx = ctx;
    w->stop = true;
    uv_mutex_unlock(&w->mutex);
    uv_cond_signal(&w->cond);
}

void worker_free(struct worker *w)
{
    if (!w)
        return;
    uv_thread_join(&w->thread);
    finish_jobs(w);
    waker_close(&w->waker, let_go);
}
