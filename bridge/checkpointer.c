#include "bridge/checkpointer.h"
#include <stdlib.h>
#include <uv.h>

struct checkpointer {
    struct eventlog *log;
    uv_thread_t thread;
    uv_mutex_t mutex;
    uv_cond_t cond;
    /* under the mutex: */
    bool wanted, busy, ended, stop;
    enum rs_err err; /* of the one that ended */
    struct fault fault;
};

static void run(void *ctx)
{
    struct checkpointer *c = ctx;
    uv_mutex_lock(&c->mutex);
    for (;;) {
        while (!c->wanted && !c->stop)
            uv_cond_wait(&c->cond, &c->mutex);
        if (c->stop)
            break;
        c->wanted = false;
        c->busy = true;
        uv_mutex_unlock(&c->mutex);
        struct fault fault = {0};
        enum rs_err err = eventlog_checkpoint_beside(c->log, &fault);
        uv_mutex_lock(&c->mutex);
        c->busy = false;
        c->ended = true;
        c->err = err;
        c->fault = fault;
    }
    uv_mutex_unlock(&c->mutex);
}

struct checkpointer *checkpointer_start(struct eventlog *log)
{
    struct checkpointer *c = calloc(1, sizeof *c);
    if (!c)
        return NULL;
    c->log = log;
    uv_mutex_init(&c->mutex);
    uv_cond_init(&c->cond);
    if (uv_thread_create(&c->thread, run, c) == 0)
        return c;
    uv_cond_destroy(&c->cond);
    uv_mutex_destroy(&c->mutex);
    free(c);
    return NULL;
}

void checkpointer_begin(struct checkpointer *c)
{
    uv_mutex_lock(&c->mutex);
    c->wanted = !c->busy;
    uv_mutex_unlock(&c->mutex);
    uv_cond_signal(&c->cond);
}

bool checkpointer_ended(struct checkpointer *c, enum rs_err *ret_err, struct fault *fault)
{
    uv_mutex_lock(&c->mutex);
    bool ended = c->ended;
    if (ended) {
        *ret_err = c->err;
        *fault = c->fault;
    }
    c->ended = false;
    uv_mutex_unlock(&c->mutex);
    return ended;
}

void checkpointer_stop(struct checkpointer *c)
{
    if (!c)
        return;
    uv_mutex_lock(&c->mutex);
    c->stop = true;
    uv_mutex_unlock(&c->mutex);
    uv_cond_signal(&c->cond);
    uv_thread_join(&c->thread);
    uv_cond_destroy(&c->cond);
    uv_mutex_destroy(&c->mutex);
    free(c);
}
