/* How an execution is over: the run ends with its output, or pauses. */
#include "base/clock.h"
#include "base/log.h"
#include "runner/execution.h"
#include <stdio.h>
#include <string.h>

#define FLUSH_MS 10000 /* for the bridge, or the fallback log, to have every line before the terminal event */
#define SETTLE_MS 3000 /* for the terminal event's acknowledgement; after that a supervisor relays it */

/* Is a node's output the run's? */
static bool gives_output(const struct node *node)
{
    static const char *const givers[] = {"result", "answer"};
    for (size_t i = 0; i < sizeof givers / sizeof *givers; i++)
        if (strcmp(node->def->kind->name, givers[i]) == 0)
            return node->status == NODE_SUCCESS;
    return false;
}

static struct json_object *run_output(const struct execution *x)
{
    struct json_object *all = NULL, *one = NULL;
    int n = 0;

    /* A run that could not be made has no nodes yet. */
    for (int i = 0; x->timeout.data && i < x->graph->n_nodes; i++) {
        const struct node *node = &x->nodes[i];
        if (!gives_output(node))
            continue;
        one = node->output;
        if (!all)
            all = json_object_new_object();
        json_set(all, node->def->id, json_object_get(node->output));
        n++;
    }
    /* One result is the run's output; several are given by the id of their nodes. */
    if (n > 1)
        return all;
    one = json_object_get(one);
    json_object_put(all);
    return one;
}

/* Every line before the terminal event; those that neither the bridge nor the log takes are counted there. */
static void flush(struct execution *x)
{
    struct spool *spool;
    struct fault fault;
    enum rs_err err;
    int64_t n, since;

    if (store_spool(&x->store, &spool, &fault) != RS_OK || spool_flush(spool, FLUSH_MS) == RS_OK)
        return;
    n = spool_give_up(spool, x->stream);
    log_event(LOG_LEVEL_WARN, "run.lines_dropped", "run=%s count=%lld", x->claim.id, (long long)n);
    if (n == 0)
        return;
    since = clock_mono_ms();
    do
        err = run_dropped(&x->store, x->claim.id, x->claim.fence, n, &fault);
    while (execution_again(err, since));
    execution_must(x, err, &fault, "log.dropped");
}

static void leave(struct execution *x)
{
    struct fault fault;

    if (outbox_wait(&x->store, SETTLE_MS, &fault) != RS_OK)
        log_event(LOG_LEVEL_WARN, "run.events_left", "run=%s reason=\"%s\"", x->claim.id, fault.message);
    uv_stop(&x->loop);
}

void execution_pause(struct execution *x)
{
    int64_t since = clock_mono_ms(), ran_ms = x->claim.ran_ms + since - x->begun_mono_ms;
    bool paused = false;
    struct fault fault;
    enum rs_err err;

    kill_descendants();
    secrets_hide_names(x->mask, x->artifacts);
    flush(x);
    do
        err = run_pause_now(&x->store, x->claim.id, x->claim.fence, ran_ms, &paused, &fault);
    while (execution_again(err, since));
    execution_must(x, err, &fault, "pause");
    /* If not, it goes on after all or is to be cancelled: the next look at the lease tells. */
    if (paused) {
        x->ended = true;
        leave(x);
    }
}

void execution_end(struct execution *x)
{
    struct fault fault;
    enum run_status status = RUN_SUCCESS;
    enum rs_err err;

    x->ended = true;
    if (x->stop == EXECUTION_CANCELLED) {
        status = RUN_CANCELLED;
        json_object_put(x->error);
        x->error = NULL;
        execution_error(x, "cancelled", "cancelled", NULL);
    } else if (x->error) {
        status = RUN_ERROR;
    }
    kill_descendants();
    secrets_hide_names(x->mask, x->artifacts);
    flush(x);
    struct json_object *output = run_output(x);
    size_t len;
    (void)json_text(output, &len);
    if (len > RUN_OUTPUT_MAX) { /* each result is not, all together are */
        snprintf(fault.message, sizeof fault.message, "the run's output is %zu bytes of JSON; at most %d are kept", len,
                 RUN_OUTPUT_MAX);
        json_object_put(output);
        output = NULL;
        execution_error(x, "limit", fault.message, NULL);
        status = status == RUN_SUCCESS ? RUN_ERROR : status;
    }
    int64_t since = clock_mono_ms();
    do
        err = run_end(&x->store, x->claim.id, x->claim.fence, status, output, x->error, &fault);
    while (execution_again(err, since));
    execution_must(x, err, &fault, "run");
    json_object_put(output);
    leave(x);
}
