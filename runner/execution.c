#include "runner/execution.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/log.h"
#include "runner/inputs.h"
#include "runner/takeup.h"
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <time.h>
#include <unistd.h>

#define AGAIN_MS 250        /* between two attempts to write */

void execution_give_up(void)
{
    kill_descendants();
    _exit(70);
}

bool execution_again(enum rs_err err, int64_t since_ms)
{
    if ((err != RS_BUSY && err != RS_IO) || clock_mono_ms() - since_ms > EXECUTION_PATIENCE_MS)
        return false;
    nanosleep(&(struct timespec){.tv_nsec = AGAIN_MS * 1000000L}, NULL);
    return true;
}

void execution_must(struct execution *x, enum rs_err err, const struct fault *fault, const char *what)
{
    if (err == RS_OK)
        return;
    log_event(LOG_LEVEL_ERROR, err == RS_CONFLICT ? "run.lost" : "run.write_failed",
              "run=%s what=%s error=%s reason=\"%s\"", x->claim.id, what, rs_err_name(err), fault->message);
    execution_give_up();
}

void execution_error(struct execution *x, const char *code, const char *message, const char *node_id)
{
    if (x->error)
        return;
    x->error = json_object_new_object();
    json_set_string(x->error, "code", code);
    json_set_string(x->error, "message", message);
    json_set_string(x->error, "nodeId", node_id);
    int i = node_id && x->graph ? graph_find(x->graph, node_id) : -1;
    if (i >= 0 && strcmp(x->graph->nodes[i].kind->group, "agent") == 0)
        json_set_string(x->error, "agentId", node_id);
}

void execution_log(struct execution *x, const char *node_id, const char *level, const char *source, const char *text,
                   size_t len)
{
    execution_log_item(x, node_id, -1, level, source, text, len);
}

void execution_log_item(struct execution *x, const char *node_id, int item, const char *level, const char *source,
                        const char *text, size_t len)
{
    struct spool *spool;
    struct fault fault;
    struct buf data;

    if (store_spool(&x->store, &spool, &fault) != RS_OK)
        return;
    buf_init(&data, EVENT_DATA_MAX);
    buf_printf(&data, "{\"level\":\"%s\",\"message\":", level);
    buf_put_json(&data, text, len);
    if (node_id) {
        buf_puts(&data, ",\"nodeId\":");
        buf_put_json(&data, node_id, strlen(node_id));
    }
    if (item >= 0)
        buf_printf(&data, ",\"item\":%d", item);
    buf_printf(&data, ",\"source\":\"%s\"}", source);
    /* In an outage the emitter counts what it must drop and says so itself (log.dropped). */
    if (!data.err && spool_append(spool, x->stream, "log", data.data, data.len, 0) != RS_OK) {
        /* Counted. */
    }
    buf_release(&data);
}

enum rs_err execution_sandbox(struct execution *x, const struct sandbox **ret, struct fault *fault)
{
    static const char none[] =
        "runner.sandbox = none: the tools of this run are not kept away from Runspool's own data";

    if (config_is(x->dd->config, "runner.sandbox", "none")) {
        if (!x->sandbox_said)
            execution_log(x, NULL, "warning", "runner", none, sizeof none - 1);
        x->sandbox_said = true;
        *ret = NULL;
        return RS_OK;
    }
    if (!x->sandbox_open) {
        enum rs_err err = sandbox_open(&x->sandbox, x->dd->root, x->claim.id, fault);
        if (err)
            return err;
        x->sandbox_open = true;
    }
    *ret = &x->sandbox;
    return RS_OK;
}

/* --- the turn --- */

static void stop_all(struct execution *x, enum execution_stop why)
{
    if (x->stop)
        return;
    x->stop = why;
    for (int i = 0; i < x->graph->n_nodes; i++)
        node_stop(&x->nodes[i], why == EXECUTION_CANCELLED ? "cancelled" : "timeout");
    execution_turn(x);
}

static void on_turn(uv_timer_t *timer)
{
    struct execution *x = timer->data;
    int max = (int)config_number(x->dd->config, "runner.max_nodes"), n_ready = 0, n_held = 0, n_waits;

    if (x->ended)
        return;
    batch_open(&x->batch);
    for (int i = 0; i < x->graph->n_nodes; i++)
        if (x->nodes[i].phase == NODE_PHASE_DONE)
            node_conclude(&x->nodes[i]);
    n_waits = execution_count_waits(x);
    /* Topological order: what one skip settles is seen by the nodes behind it in the same pass. */
    for (int i = 0; i < x->graph->n_nodes && !x->stop; i++) {
        struct node *node = &x->nodes[i];
        if (node->phase != NODE_PHASE_IDLE)
            continue;
        switch (execution_readiness(x, node)) {
        case READY:
            if (x->pausing) {
                n_held++;
            } else if (x->n_active - n_waits < max) {
                x->n_active++;
                node_begin(node);
            } else {
                n_ready++;
            }
            break;
        case SKIPPED:
            node_skip(node);
            break;
        case WAITS:
            break;
        }
    }
    batch_close(x);
    struct fault fault;
    if (outbox_settle(&x->store, &fault) != RS_OK)
        log_event(LOG_LEVEL_WARN, "outbox.settle_failed", "run=%s reason=\"%s\"", x->claim.id, fault.message);
    if (x->pausing && !x->stop && execution_suspend(x))
        n_held++;
    if (x->n_active == 0 && x->n_conditions == 0 && n_ready == 0 && !uv_is_active((uv_handle_t *)&x->turn)) {
        if (n_held > 0)
            execution_pause(x);
        else
            execution_end(x);
        return;
    }
    execution_set_idle(x, x->n_active > 0 && execution_count_waits(x) == x->n_active && x->n_conditions == 0 && n_ready == 0 &&
                       !uv_is_active((uv_handle_t *)&x->turn));
}

void execution_turn(struct execution *x)
{
    if (!x->ended)
        uv_timer_start(&x->turn, on_turn, 0, 0);
}

static void look_at_lease(struct execution *x)
{
    struct fault fault;
    enum run_wish wish = x->pausing ? RUN_WISH_PAUSE : RUN_WISH_NONE;
    enum rs_err err = run_lease(&x->store, x->claim.id, x->claim.fence, getpid(), &wish, &fault);

    if (err == RS_CONFLICT)
        execution_must(x, err, &fault, "lease");
    if (err)
        log_event(LOG_LEVEL_WARN, "run.lease_failed", "run=%s reason=\"%s\"", x->claim.id, fault.message);
    if (wish == RUN_WISH_CANCEL) {
        stop_all(x, EXECUTION_CANCELLED);
    } else if (x->pausing != (wish == RUN_WISH_PAUSE)) {
        x->pausing = wish == RUN_WISH_PAUSE;
        execution_turn(x);
    }
    for (int i = 0; i < x->graph->n_nodes; i++)
        if (x->nodes[i].nudged)
            x->nodes[i].nudged(&x->nodes[i]);
    if (outbox_settle(&x->store, NULL) != RS_OK) {
        /* The next time. */
    }
}

static void on_lease(uv_timer_t *timer)
{
    look_at_lease(timer->data);
    execution_look_for_slow(timer->data);
}

static void on_signal(uv_signal_t *handle, int signum)
{
    struct execution *x = handle->data;
    if (signum == SIGUSR1)
        look_at_lease(x);
    else
        stop_all(x, EXECUTION_CANCELLED);
}

static void on_run_timeout(uv_timer_t *timer)
{
    struct execution *x = timer->data;
    char message[128];
    snprintf(message, sizeof message, "the run was not done after %lld ms, its workflow's timeoutMs",
             (long long)json_get_int(x->claim.definition, "timeoutMs", 0));
    execution_error(x, "timeout", message, NULL);
    stop_all(x, EXECUTION_TIMED_OUT);
}

/* --- making and unmaking --- */

/* input: moved in. */
static struct json_object *first_context(const struct execution *x, struct json_object *input)
{
    struct json_object *context = json_object_new_object(), *nodes = json_object_new_object();
    struct json_object *session = NULL, *env = json_object_new_object();

    for (int i = 0; i < x->graph->n_nodes; i++) {
        struct json_object *record = json_object_new_object();
        json_set_string(record, "status", "pending");
        json_set(nodes, x->graph->nodes[i].id, record);
    }
    if (x->claim.session_id[0]) {
        session = json_object_new_object();
        json_set_string(session, "id", x->claim.session_id);
    }
    json_set_string(env, "RUNSPOOL_RUN_ID", x->claim.id);
    json_set_string(env, "HOME", x->work);
    json_set(context, "input", input);
    json_set(context, "nodes", nodes);
    json_set(context, "session", session);
    json_set(context, "env", env);
    return context;
}

static void on_leftovers(void *ctx, enum limits_which which, int64_t amount)
{
    char message[256];
    int n = snprintf(message, sizeof message,
                     which == LIMITS_PROCESSES
                         ? "killed what finished nodes had left running: %lld processes and threads (runner.max_processes)"
                         : "killed what finished nodes had left running: %lld bytes of memory (runner.max_memory)",
                     (long long)amount);
    execution_log(ctx, NULL, "warning", "runner", message, (size_t)n);
}

static enum rs_err make(struct execution *x, struct fault *fault)
{
    const struct limits_bound bound = {config_number(x->dd->config, "runner.max_processes"),
                                       config_number(x->dd->config, "runner.max_memory")};
    static const int signals[] = {SIGTERM, SIGINT, SIGUSR1};
    enum rs_err err;
    struct json_object *errors = json_object_new_array(), *input = NULL;

    if (!errors)
        return fault_set(fault, RS_NOMEM, "out of memory");
    err = graph_parse(x->claim.definition, errors, &x->graph, fault);
    if (err == RS_UNPROCESSABLE)
        fault_set(fault, err, "the definition is not valid: %s",
                  json_get_string(json_object_array_get_idx(errors, 0), "message", "?"));
    json_object_put(errors);
    if (err || (err = run_trigger(&x->store, x->claim.id, &x->trigger, fault)))
        return err;
    x->nodes = calloc((size_t)x->graph->n_nodes, sizeof *x->nodes);
    x->edges = calloc((size_t)x->graph->n_edges + 1, sizeof *x->edges);
    if (!x->nodes || !x->edges)
        return fault_set(fault, RS_NOMEM, "out of memory");
    if ((err = batch_new(&x->batch, x->graph->n_nodes, fault)))
        return err;
    if ((err = secrets_load(&x->store, x->claim.org, x->claim.definition, &x->secrets, &x->mask, fault)))
        return err;
    datadir_path(x->dd, x->work, DATADIR_RUN_WORK, x->claim.id);
    datadir_path(x->dd, x->artifacts, DATADIR_RUN_ARTIFACTS, x->claim.id);
    if ((err = file_mkdir(x->work, 0770, fault)) || (err = file_mkdir(x->artifacts, 0770, fault)))
        return err;
    if ((err = inputs_open(x, &input, fault)))
        return err;
    if ((err = secrets_hide_params(x->claim.definition, input, &x->mask, fault))) {
        json_object_put(input);
        return err;
    }
    store_set_mask(&x->store, x->mask);
    x->context = first_context(x, input);
    if ((err = reaper_new(&x->loop, &x->reaper, fault)) ||
        (err = jqworker_new(&x->loop, x->reaper, x->context, &x->jq, fault)) ||
        (err = http_new(&x->loop, &x->http, fault)) ||
        (err = limits_new(&x->loop, x->reaper, &bound, on_leftovers, x, &x->limits, fault)))
        return err;
    jqworker_set_secrets(x->jq, x->secrets);
    for (int i = 0; i < x->graph->n_nodes; i++)
        node_init(&x->nodes[i], x, &x->graph->nodes[i], &node_home_graph, i);
    for (int i = 0; i < 3; i++) {
        uv_signal_init(&x->loop, &x->signals[i]);
        x->signals[i].data = x;
        uv_signal_start(&x->signals[i], on_signal, signals[i]);
    }
    uv_timer_init(&x->loop, &x->turn);
    uv_timer_init(&x->loop, &x->lease);
    uv_timer_init(&x->loop, &x->timeout);
    x->turn.data = x->lease.data = x->timeout.data = x;
    return takeup(x, fault);
}

static void on_closed(uv_handle_t *handle)
{
    (void)handle; /* part of the execution */
}

static void unmake(struct execution *x)
{
    if (x->timeout.data) {
        for (int i = 0; i < x->graph->n_nodes; i++)
            node_release(&x->nodes[i]);
        for (int i = 0; i < 3; i++)
            uv_close((uv_handle_t *)&x->signals[i], on_closed);
        uv_close((uv_handle_t *)&x->turn, on_closed);
        uv_close((uv_handle_t *)&x->lease, on_closed);
        uv_close((uv_handle_t *)&x->timeout, on_closed);
    }
    limits_free(x->limits);
    http_free(x->http);
    jqworker_free(x->jq);
    reaper_free(x->reaper);
    uv_run(&x->loop, UV_RUN_DEFAULT);
    if (uv_loop_close(&x->loop) != 0)
        log_event(LOG_LEVEL_ERROR, "run.handles_left", "run=%s", x->claim.id);
    if (x->sandbox_open)
        sandbox_close(&x->sandbox);
    json_object_put(x->context);
    json_object_put(x->trigger);
    json_object_put(x->error);
    json_object_put(x->expected);
    free(x->nodes);
    free(x->edges);
    batch_free(&x->batch);
    graph_free(x->graph);
    run_claim_release(&x->claim);
    store_release(&x->store);
    mask_free(x->mask);
    secret_free_all(x->secrets);
}

int execution_run(const struct datadir *dd, const char *const *overrides, struct run_claim *claim, struct store *store)
{
    struct execution *x = calloc(1, sizeof *x);
    struct fault fault;
    int rc = 0;

    if (!x || uv_loop_init(&x->loop) != 0) {
        log_event(LOG_LEVEL_ERROR, "run.no_memory", "run=%s", claim->id);
        free(x);
        return 70;
    }
    x->dd = dd;
    x->overrides = overrides;
    x->store = *store;
    x->claim = *claim;
    x->begun_mono_ms = clock_mono_ms();
    *store = (struct store){0};
    *claim = (struct run_claim){0};
    snprintf(x->stream, sizeof x->stream, "run:%s", x->claim.id);
    run_producer(x->claim.id, x->claim.fence, x->store.producer);
    /* What leaves its process group becomes our child when its parent ends, and is found again by kill_descendants. */
    prctl(PR_SET_CHILD_SUBREAPER, 1);

    enum rs_err made = make(x, &fault);
    enum rs_err begun;
    struct fault why = {0};
    int64_t since = clock_mono_ms();
    do
        begun = run_begin(&x->store, x->claim.id, x->claim.fence, &why);
    while (execution_again(begun, since));
    execution_must(x, begun, &why, "run");
    if (made) {
        execution_error(x, made == RS_UNPROCESSABLE || made == RS_CONFLICT ? "input" : "limit", fault.message, NULL);
        log_event(LOG_LEVEL_ERROR, "run.not_startable", "run=%s reason=\"%s\"", x->claim.id, fault.message);
        execution_end(x);
        rc = 1;
    } else {
        int64_t timeout = json_get_int(x->claim.definition, "timeoutMs", 0);
        if (timeout > 0) /* what it was executed before it was paused counts, the pause does not */
            uv_timer_start(&x->timeout, on_run_timeout,
                           timeout > x->claim.ran_ms ? (uint64_t)(timeout - x->claim.ran_ms) : 1, 0);
        execution_expect(x);
        uv_timer_start(&x->lease, on_lease, 0, EXECUTION_LEASE_MS);
        execution_turn(x);
        uv_run(&x->loop, UV_RUN_DEFAULT);
    }
    unmake(x);
    free(x);
    return rc;
}
