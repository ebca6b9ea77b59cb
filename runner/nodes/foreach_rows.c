/* What becomes of items, in their rows: written in batches, and read by the next life of their foreach. */
#include "base/clock.h"
#include "runner/execution.h"
#include "runner/nodes/foreach.h"
#include <stdio.h>
#include <string.h>

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

void foreach_write(struct foreach *f, const struct item_change *item)
{
    f->writes[f->n_writes++] = *item;
    if (f->n_writes == FOREACH_BATCH || !f->repeatable)
        foreach_flush(f);
}

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

void foreach_failed(struct foreach *f, int64_t index, const char *code, const char *message)
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

void foreach_keep(struct foreach *f, bool again)
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

struct taking {
    struct foreach *f;
    bool again;
};

/* Its row is to say so, when all rows are read: as many as ran at a time fit into one batch. */
static void note_died(struct foreach *f, int64_t index, const char *message)
{
    struct json_object *error = json_object_new_object();

    json_set_string(error, "code", "orphaned");
    json_set_string(error, "message", message);
    json_set_string(error, "nodeId", f->def.id);
    if (f->n_writes == FOREACH_BATCH) { /* more than ever run: the row stays as it is */
        json_object_put(error);
        return;
    }
    f->writes[f->n_writes++] = (struct item_change){
        .index = index, .status = NODE_ERROR, .attempt = 1, .finished_ms = clock_wall_ms(), .error = error};
}

/* A row of an earlier life. */
static void take(void *ctx, int64_t index, enum node_status status, const char *error_text)
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
        struct json_object *error = NULL;
        if (!error_text || json_parse(error_text, strlen(error_text), RUN_ERROR_MAX, &error, NULL) != RS_OK)
            error = NULL;
        foreach_failed(f, index, node_code(json_get_string(error, "code", "")), json_get_string(error, "message", "?"));
        json_object_put(error);
    } else if (status == NODE_RUNNING && !f->repeatable && !taking->again) {
        foreach_failed(f, index, "orphaned", died);
        note_died(f, index, died);
    }
}

void foreach_take_up(struct foreach *f, bool again)
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
    foreach_flush(f);
}
