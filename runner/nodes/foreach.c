/* foreach - see foreach.h. Output: {total, done, failed, failures, items} or, when that would be too large, `path` and
 * `bytes` of an artifact of JSON Lines in place of `items`. */
#include "runner/nodes/foreach.h"
#include "base/clock.h"
#include "runner/execution.h"
#include "runner/nodes/nodes.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* --- rows, counts --- */

void foreach_flush(struct foreach *f)
{
    struct item_change items[FOREACH_BATCH + KIND_FOREACH_CONCURRENCY_MAX];
    struct execution *x = f->node->x;
    int64_t since = clock_mono_ms();
    int n = f->n_writes;
    struct fault fault;
    enum rs_err err;

    memcpy(items, f->writes, (size_t)n * sizeof *items);
    for (int i = 0; i < f->n_slots; i++) {
        struct foreach_slot *slot = &f->slots[i];
        if (slot->busy && !slot->written && slot->node.phase != NODE_PHASE_SETTLED) {
            items[n++] = (struct item_change){.index = slot->node.index,
                                              .status = NODE_RUNNING,
                                              .attempt = slot->node.attempt,
                                              .started_ms = slot->started_ms};
            slot->written = true;
        }
    }
    if (n == 0)
        return;
    do
        err = items_write(&x->store, x->claim.id, x->claim.fence, f->def.id, items, n, &fault);
    while (execution_again(err, since));
    execution_must(x, err, &fault, "items");
    for (int i = 0; i < f->n_writes; i++) {
        json_object_put(f->writes[i].output);
        json_object_put(f->writes[i].error);
    }
    f->n_writes = 0;
}

static void write_later(struct foreach *f, const struct item_change *item)
{
    f->writes[f->n_writes++] = *item;
    if (f->n_writes == FOREACH_BATCH || !f->repeatable)
        foreach_flush(f);
}

static void on_flush(uv_timer_t *timer)
{
    foreach_flush(timer->data);
}

static void put_counts(const struct foreach *f, struct json_object *out)
{
    json_set_int(out, "total", (int64_t)f->total);
    json_set_int(out, "done", (int64_t)f->n_done);
    json_set_int(out, "failed", (int64_t)f->n_failed);
}

/* Bulk, as a log line is: what counts in the end is in the node's output. */
static void tell_progress(struct foreach *f)
{
    struct execution *x = f->node->x;
    struct json_object *data = json_object_new_object();
    struct spool *spool;
    struct fault fault;
    char message[128];
    size_t len;

    f->changed = false;
    snprintf(message, sizeof message, "%zu of %zu done, %zu failed", f->n_done, f->total, f->n_failed);
    json_set_string(data, "nodeId", f->def.id);
    json_set_string(data, "kind", f->node->def->kind->name);
    json_set_int(data, "attempt", f->node->attempt);
    json_set_string(data, "status", "running");
    json_set_string(data, "message", message);
    put_counts(f, data);
    json_set_int(data, "running", (int64_t)f->n_running);
    const char *text = json_text(data, &len);
    if (store_spool(&x->store, &spool, &fault) == RS_OK &&
        spool_append(spool, x->stream, "node.progress", text, len, 0) != RS_OK) {
        /* The next one tells more. */
    }
    json_object_put(data);
}

static void on_progress(uv_timer_t *timer)
{
    struct foreach *f = timer->data;
    if (f->changed)
        tell_progress(f);
    if (f->node->waits && !f->node->x->pausing) { /* the pause was taken back */
        f->node->waits = false;
        foreach_turn(f);
    }
}

/* --- items --- */

static void add_failure(struct foreach *f, int64_t index, const char *code, const char *message)
{
    struct json_object *failure;

    if (json_object_array_length(f->failures) >= FOREACH_FAILURES_SHOWN)
        return;
    failure = json_object_new_object();
    json_set_int(failure, "index", index);
    json_set_string(failure, "code", code);
    json_set_string(failure, "message", message);
    json_object_array_add(f->failures, failure);
}

static void item_failed(struct foreach *f, int64_t index, const char *code, const char *message)
{
    bool tolerated = json_get_bool(f->def.data, "continueOnError", false);

    f->state[index] = NODE_ERROR;
    f->n_failed++;
    f->n_counted += !tolerated;
    add_failure(f, index, code, message);
    if (!tolerated && (int64_t)f->n_counted > f->max_failures && !f->over) {
        f->over = true;
        f->code = code;
        snprintf(f->error, sizeof f->error, "item %lld: %.400s", (long long)index, message);
    }
}

static void say_failed(struct foreach_slot *slot)
{
    char line[FAULT_MESSAGE_MAX + 64];
    int n = snprintf(line, sizeof line, "item %d: %s", slot->node.index, slot->node.error);

    node_log(&slot->node, "error", "runner", line, (size_t)n < sizeof line ? (size_t)n : sizeof line - 1);
}

void foreach_item_ended(struct foreach_slot *slot)
{
    struct foreach *f = slot->foreach;
    struct node *node = &slot->node;
    struct item_change item = {.index = node->index,
                               .status = node->status,
                               .attempt = node->attempt,
                               .started_ms = slot->started_ms,
                               .finished_ms = clock_wall_ms(),
                               .output = json_object_get(node->output),
                               .error = node_error(node)};
    size_t len;

    f->n_running--;
    f->changed = true;
    f->state[node->index] = (unsigned char)node->status;
    if (node->status == NODE_SUCCESS) {
        f->n_done++;
        (void)json_text(node->output, &len);
        f->n_bytes += (int64_t)len;
    } else if (node->status == NODE_ERROR) {
        item_failed(f, node->index, node->error_code, node->error);
        say_failed(slot);
    }
    if (f->n_bytes > FOREACH_BYTES_MAX && !f->over) {
        f->over = true;
        f->code = "limit";
        snprintf(f->error, sizeof f->error, "the outputs of the items are more than %lld bytes of JSON", FOREACH_BYTES_MAX);
    }
    write_later(f, &item);
}

static void begin(struct foreach *f, struct foreach_slot *slot, size_t index)
{
    struct json_object *with = json_object_new_object();

    json_set(with, "item", json_object_get(json_object_array_get_idx(f->items, index)));
    json_set_int(with, "index", (int64_t)index);
    slot->busy = true;
    slot->written = false;
    slot->started_ms = clock_wall_ms();
    slot->n_lines = 0;
    f->n_running++;
    f->changed = true;
    f->state[index] = NODE_RUNNING;
    node_reset(&slot->node, (int)index, with);
    node_begin(&slot->node);
}

static struct foreach_slot *free_slot(struct foreach *f)
{
    for (int i = 0; i < f->n_slots; i++)
        if (!f->slots[i].busy)
            return &f->slots[i];
    return NULL;
}

/* --- the whole --- */

/* What this life leaves to the next: which list it was, and whether the failed ones are to be tried again. */
static void keep(struct foreach *f, bool again)
{
    struct json_object *kept = json_object_new_object();
    uint64_t sum = 14695981039346656037U; /* FNV-1a: is it the same list? */
    size_t len;
    const char *text = json_text(f->items, &len);
    char hex[32];

    for (size_t i = 0; i < len; i++)
        sum = (sum ^ (unsigned char)text[i]) * 1099511628211U;
    snprintf(hex, sizeof hex, "%016llx", (unsigned long long)sum);
    json_set_int(kept, "total", (int64_t)f->total);
    json_set_string(kept, "sum", hex);
    if (again)
        json_set_bool(kept, "again", true);
    struct json_object *before = node_saved(f->node);
    bool same = before && json_get_int(before, "total", -1) == json_get_int(kept, "total", -2) &&
                strcmp(json_get_string(before, "sum", ""), hex) == 0;
    if (before && !same) {
        struct execution *x = f->node->x;
        int64_t since = clock_mono_ms();
        struct fault fault;
        enum rs_err err;
        do
            err = items_clear(&x->store, x->claim.id, x->claim.fence, f->def.id, &fault);
        while (execution_again(err, since));
        execution_must(x, err, &fault, "items");
    }
    node_save(f->node, kept);
    json_object_put(before);
    json_object_put(kept);
}

static void finish(struct foreach *f)
{
    struct node *node = f->node;
    struct json_object *out = NULL;
    char line[128];
    struct fault fault;
    enum rs_err err;

    foreach_flush(f);
    uv_timer_stop(&f->flush);
    uv_timer_stop(&f->progress);
    if (f->changed)
        tell_progress(f);
    if (f->n_dropped > 0) {
        int n = snprintf(line, sizeof line, "%d lines of items are not in the log: at most %d of all and %d of each are",
                         f->n_dropped, FOREACH_LINES_MAX, FOREACH_ITEM_LINES_MAX);
        node_log(node, "warning", "runner", line, (size_t)n);
    }
    err = foreach_output(f, !f->over, &out, &fault);
    if (node->stopping || f->code || err)
        keep(f, true);
    if (node->stopping)
        node_fail(node, "cancelled", out, "cancelled");
    else if (f->code)
        node_fail(node, f->code, out, "%zu of %zu items failed, %lld may; %s", f->n_failed, f->total,
                  (long long)f->max_failures, f->error);
    else if (err)
        node_fail(node, err == RS_LIMIT ? "limit" : "exit", out, "%s", fault.message);
    else
        node_done(node, out);
}

/* The next item that has not begun; total: there is none. */
static size_t next_item(struct foreach *f)
{
    while (f->next < f->total && f->state[f->next] != NODE_PENDING)
        f->next++;
    return f->next;
}

/* The run is to pause: what has begun has ended, and the rest can be begun by another process. */
static void hold(struct foreach *f)
{
    foreach_flush(f);
    if (!f->node->waits)
        node_wait(f->node, "for the run to go on", 0);
}

static void on_turn(uv_timer_t *timer)
{
    struct foreach *f = timer->data;
    struct foreach_slot *slot;

    if (f->node->phase != NODE_PHASE_WORK)
        return;
    for (int i = 0; i < f->n_slots; i++) {
        slot = &f->slots[i];
        if (slot->busy && slot->node.phase == NODE_PHASE_DONE)
            node_conclude(&slot->node);
        if (slot->busy && slot->node.phase == NODE_PHASE_SETTLED)
            slot->busy = false;
    }
    bool more = !f->over && next_item(f) < f->total, held = more && f->node->x->pausing;
    while (!f->over && !held && next_item(f) < f->total && (slot = free_slot(f)))
        begin(f, slot, f->next);
    if (f->n_running == 0 && held)
        hold(f);
    else if (f->n_running == 0)
        finish(f);
}

void foreach_turn(struct foreach *f)
{
    uv_timer_start(&f->turn, on_turn, 0, 0);
}

/* --- its life --- */

struct taking {
    struct foreach *f;
    bool again;
};

/* A row of an earlier life. */
static void take(void *ctx, int64_t index, enum node_status status)
{
    static const char died[] = "the process that executed it died, and it may not be executed twice";
    struct taking *taking = ctx;
    struct foreach *f = taking->f;

    if (index < 0 || index >= (int64_t)f->total)
        return;
    if (status == NODE_SUCCESS) {
        f->state[index] = NODE_SUCCESS;
        f->n_done++;
    } else if (status == NODE_ERROR && !taking->again) {
        item_failed(f, index, "exit", "it had failed before the run's process died");
    } else if (status == NODE_RUNNING && !f->repeatable && !taking->again) {
        item_failed(f, index, "orphaned", died);
    }
}

/* What the rows say of items that have been executed before. */
static void take_up(struct foreach *f, bool again)
{
    struct taking taking = {f, again};
    struct execution *x = f->node->x;
    int64_t since = clock_mono_ms();
    struct fault fault;
    enum rs_err err;

    do
        err = items_bytes(&x->store, x->claim.id, f->def.id, &f->n_bytes, &fault);
    while (execution_again(err, since));
    if (!err)
        err = items_each(&x->store, x->claim.id, f->def.id, take, &taking, &fault);
    execution_must(x, err, &fault, "items");
    /* Said of them, so that nobody takes them for running. */
    for (size_t i = 0; i < json_object_array_length(f->failures); i++) {
        struct json_object *failure = json_object_array_get_idx(f->failures, i), *error = NULL;
        if (strcmp(json_get_string(failure, "code", ""), "orphaned") != 0)
            continue;
        error = json_object_new_object();
        json_set_string(error, "code", "orphaned");
        json_set_string(error, "message", json_get_string(failure, "message", ""));
        json_set_string(error, "nodeId", f->def.id);
        write_later(f, &(struct item_change){.index = json_get_int(failure, "index", 0),
                                             .status = NODE_ERROR,
                                             .attempt = 1,
                                             .finished_ms = clock_wall_ms(),
                                             .error = error});
    }
}

static void make(struct foreach *f, struct node *node, int concurrency)
{
    struct execution *x = node->x;
    uv_timer_t *timers[] = {&f->turn, &f->flush, &f->progress};

    f->node = node;
    f->def = (struct graph_node){.id = node->def->id, .data = json_get(node->def->data, "node")};
    f->def.kind = kind_find(json_get_string(f->def.data, "kind", ""));
    f->repeatable = kind_may_repeat(f->def.kind, f->def.data);
    f->failures = json_object_new_array();
    f->n_slots = concurrency < (int)f->total ? concurrency : (int)f->total;
    f->state = calloc(f->total, 1);
    f->slots = calloc((size_t)f->n_slots, sizeof *f->slots);
    if (!f->state || !f->slots)
        abort(); /* a run process without memory: its run is an orphan then */
    for (int i = 0; i < f->n_slots; i++) {
        f->slots[i].foreach = f;
        node_init(&f->slots[i].node, x, &f->def, &foreach_home, 0);
        f->slots[i].node.owner = &f->slots[i];
    }
    for (int i = 0; i < 3; i++) {
        uv_timer_init(&x->loop, timers[i]);
        timers[i]->data = f;
    }
    f->n_open = 3 + f->n_slots;
}

void foreach_start(struct node *node)
{
    struct json_object *items = json_get(node->data, "items"), *kept;
    int64_t concurrency = json_get_int(node->data, "concurrency", FOREACH_CONCURRENCY);
    size_t total = json_object_is_type(items, json_type_array) ? json_object_array_length(items) : 0;

    if (!json_object_is_type(items, json_type_array)) {
        node_fail(node, "input", NULL, "`items` must be an array, not %.100s", json_text(items, NULL));
        return;
    }
    if (total > KIND_FOREACH_ITEMS_MAX) {
        node_fail(node, "limit", NULL, "`items` has %zu items; at most %d are allowed", total, KIND_FOREACH_ITEMS_MAX);
        return;
    }
    if (concurrency < 1 || concurrency > KIND_FOREACH_CONCURRENCY_MAX) {
        node_fail(node, "input", NULL, "`concurrency` must be from 1 to %d", KIND_FOREACH_CONCURRENCY_MAX);
        return;
    }
    struct foreach *f = calloc(1, sizeof *f);
    if (!f)
        abort(); /* a run process without memory: its run is an orphan then */
    f->items = json_object_get(items);
    f->total = total;
    f->max_failures = json_get_int(node->data, "maxFailures", 0);
    node->state = f;
    make(f, node, (int)concurrency);
    kept = node_saved(node);
    keep(f, false);
    if (kept)
        take_up(f, json_get_bool(kept, "again", false));
    json_object_put(kept);
    uv_timer_start(&f->flush, on_flush, FOREACH_FLUSH_MS, FOREACH_FLUSH_MS);
    uv_timer_start(&f->progress, on_progress, FOREACH_PROGRESS_MS, FOREACH_PROGRESS_MS);
    foreach_turn(f);
}

void foreach_stop(struct node *node)
{
    struct foreach *f = node->state;

    f->over = true;
    for (int i = 0; i < f->n_slots; i++)
        if (f->slots[i].busy)
            node_stop(&f->slots[i].node, node->stopping);
    foreach_turn(f);
}

static void closed(struct foreach *f)
{
    if (--f->n_open > 0)
        return;
    free(f->slots);
    free(f);
}

static void on_closed(uv_handle_t *handle)
{
    closed(handle->data);
}

void foreach_slot_closed(struct node *node)
{
    struct foreach_slot *slot = node->owner;
    closed(slot->foreach);
}

void foreach_release(struct node *node)
{
    struct foreach *f = node->state;

    if (!f)
        return;
    json_object_put(f->items);
    json_object_put(f->failures);
    free(f->state);
    f->state = NULL;
    for (int i = 0; i < f->n_slots; i++)
        node_release(&f->slots[i].node);
    uv_close((uv_handle_t *)&f->turn, on_closed);
    uv_close((uv_handle_t *)&f->flush, on_closed);
    uv_close((uv_handle_t *)&f->progress, on_closed);
}
