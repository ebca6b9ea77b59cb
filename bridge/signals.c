#include "bridge/signals.h"
#include "base/clock.h"
#include "base/log.h"
#include "bridge/bridge.h"
#include "bridge/worker.h"
#include "model/crew.h"
#include <stdlib.h>
#include <string.h>

#define EVERY_MS 1000
#define SOON_MS 5                             /* after a run's event: what comes with it is seen at once */
#define ANEW_MS (INT64_C(60) * 60 * 1000)     /* between two looks whether the log still has what stands */

struct signals {
    struct job job; /* first */
    struct bridge *bridge;
    uv_timer_t timer;
    bool working; /* the job is the worker's */
    bool soon;    /* the timer was brought forward */
    bool again;   /* something happened while the job was at work */
    /* the worker's: */
    struct eventlog *log; /* NULL: not open yet */
    int64_t anew_at;      /* monotonic ms */
    bool failed;          /* and it was said */
};

static enum rs_err compute(struct signals *s, struct store *store, struct fault *fault)
{
    int64_t now = clock_mono_ms();
    enum rs_err err = RS_OK;
    if (!s->log)
        err = eventlog_open(&s->bridge->dd, EVENTLOG_READ, NULL, NULL, &s->log, fault);
    if (!err && now >= s->anew_at) {
        err = crew_signals_anew(store, s->log, fault);
        s->anew_at = now + ANEW_MS;
    }
    return err ? err : crew_signals(store, s->log, fault);
}

static void run(struct job *job, struct store *store, const struct fault *fault)
{
    struct signals *s = (struct signals *)job;
    struct fault why = *fault;
    bool failed = !store || compute(s, store, &why) != RS_OK;
    if (failed && !s->failed)
        log_event(LOG_LEVEL_WARN, "signals.failed", "reason=\"%s\"", why.message);
    s->failed = failed;
}

static void on_time(uv_timer_t *timer);

static void bring_forward(struct signals *s)
{
    if (s->soon)
        return;
    s->soon = true;
    uv_timer_start(&s->timer, on_time, SOON_MS, EVERY_MS);
}

static void done(struct job *job)
{
    struct signals *s = (struct signals *)job;
    s->working = false;
    if (s->again && !s->bridge->draining)
        bring_forward(s);
    s->again = false;
}

static void on_time(uv_timer_t *timer)
{
    struct signals *s = timer->data;
    s->soon = false;
    if (!s->working)
        s->working = worker_put(s->bridge->worker, &s->job) == RS_OK; /* else the next time */
}

void signals_look(struct signals *s, struct event *const *events, int n)
{
    for (int i = 0; i < n; i++) {
        const char *type = events[i]->type;
        if (!event_type_ends(type) && strcmp(type, "run.started") != 0 && strcmp(type, "run.paused") != 0)
            continue;
        if (s->working)
            s->again = true;
        else
            bring_forward(s);
        return;
    }
}

enum rs_err signals_open(struct bridge *bridge, struct signals **ret, struct fault *fault)
{
    struct signals *s = calloc(1, sizeof *s);
    if (!s)
        return fault_set(fault, RS_NOMEM, "no memory for the crews' signals");
    s->bridge = bridge;
    s->job.run = run;
    s->job.done = done;
    uv_timer_init(&bridge->loop, &s->timer);
    s->timer.data = s;
    uv_timer_start(&s->timer, on_time, 0, EVERY_MS);
    *ret = s;
    return RS_OK;
}

static void on_closed(uv_handle_t *handle)
{
    struct signals *s = handle->data;
    eventlog_close(s->log);
    free(s);
}

void signals_close(struct signals *s)
{
    if (s)
        uv_close((uv_handle_t *)&s->timer, on_closed);
}
