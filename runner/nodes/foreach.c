/* foreach - see foreach.h. Output: {total, done, failed, failures, items} or, when that would be too large, `path` and
 * `bytes` of an artifact of JSON Lines in place of `items`. */
#include "runner/nodes/foreach.h"
#include "base/clock.h"
#include "runner/execution.h"
#include "runner/nodes/nodes.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* --- what is seen live --- */

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
        foreach_failed(f, node->index, node->error_code, node->error);
        say_failed(slot);
    }
    if (f->n_bytes > FOREACH_BYTES_MAX && !f->over) {
        f->over = true;
        f->code = "limit";
        snprintf(f->error, sizeof f->error, "the outputs of the items are more than %lld bytes of JSON", FOREACH_BYTES_MAX);
    }
    foreach_write(f, &item);
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
        foreach_keep(f, true);
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
    foreach_keep(f, false);
    if (kept)
        foreach_take_up(f, json_get_bool(kept, "again", false));
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
