#include "runner/limits.h"
#include "base/clock.h"
#include "runner/proctree.h"
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#define LOOK_MIN 64    /* processes looked at beside those that may be: the run's own helpers and what is just ending */
#define KILL_ROUNDS 20 /* of a tool that is gone: what forks while it is killed is found in the next one */

struct limits {
    uv_timer_t timer;
    struct reaper *reaper;
    struct limits_watch *watches;
    struct limits_watch leftovers; /* no leader */
    struct proctree tree;
    struct limits_watch **owners; /* by index of the tree; NULL: none of a tool's */
    int n_owners;
};

/* Whose is this child of ours? */
static struct limits_watch *owner_of(struct limits *limits, const struct proctree_entry *entry)
{
    for (struct limits_watch *w = limits->watches; w; w = w->next)
        if (w->leader == entry->pid || w->leader == entry->group)
            return w;
    if (reaper_watches(limits->reaper, entry->pid))
        return NULL; /* a helper of the run itself */
    if (entry->ended)
        return NULL; /* no telling whose it was, and the loop is about to wait for it */
    bool marked = false;
    for (struct limits_watch *w = limits->watches; w; w = w->next) {
        enum proctree_environ mark = w->mark ? proctree_environ(entry->pid, w->mark) : PROCTREE_UNSET;
        if (mark == PROCTREE_SAME)
            return w;
        marked |= mark == PROCTREE_OTHER; /* a node's that is done */
    }
    return limits->watches && !limits->watches->next && !marked ? limits->watches : &limits->leftovers;
}

static int64_t most_of(const struct limits_watch *watch)
{
    return watch->bound.processes > 0 ? watch->bound.processes : PROCTREE_MAX;
}

/* Read the tree and say whose each process is. */
static bool look(struct limits *limits)
{
    struct proctree *tree = &limits->tree;

    /* One that takes more than all may take together needs no further counting. */
    int64_t max = LOOK_MIN + most_of(&limits->leftovers);
    for (const struct limits_watch *w = limits->watches; w; w = w->next)
        max += most_of(w);
    if (proctree_read(tree, max < PROCTREE_MAX ? (int)max : PROCTREE_MAX) != RS_OK)
        return false;
    if (limits->n_owners < tree->n) {
        struct limits_watch **grown = realloc(limits->owners, (size_t)tree->cap * sizeof(struct limits_watch *));
        if (!grown)
            return false;
        limits->owners = grown;
        limits->n_owners = tree->cap;
    }
    for (int i = 0; i < tree->n; i++) {
        int top = tree->list[i].top;
        limits->owners[i] = top == i ? owner_of(limits, &tree->list[i]) : limits->owners[top];
    }
    return true;
}

static void kill_all_of(struct limits *limits, const struct limits_watch *watch)
{
    /* The group at once: none of it can fork in between. */
    if (watch->leader > 0)
        kill(-watch->leader, SIGKILL);
    for (int i = 0; i < limits->tree.n; i++)
        if (limits->owners[i] == watch)
            kill(limits->tree.list[i].pid, SIGKILL);
}

/* Memory as cheaply as it can be said for sure that it is not too much. */
static int64_t memory_of(struct limits *limits, const struct limits_watch *watch)
{
    int64_t rough = 0, exact = 0;

    for (int i = 0; i < limits->tree.n; i++)
        rough += limits->owners[i] == watch ? proctree_resident(limits->tree.list[i].pid) : 0;
    if (rough <= watch->bound.memory)
        return rough;
    for (int i = 0; i < limits->tree.n && exact <= watch->bound.memory; i++)
        exact += limits->owners[i] == watch ? proctree_memory(limits->tree.list[i].pid) : 0;
    return exact;
}

static void judge(struct limits *limits, struct limits_watch *watch)
{
    enum limits_which which = LIMITS_NONE;
    int64_t processes = 0, memory = 0;

    for (int i = 0; i < limits->tree.n; i++)
        processes += limits->owners[i] == watch ? limits->tree.list[i].threads : 0;
    if (watch->bound.processes > 0 && processes > watch->bound.processes)
        which = LIMITS_PROCESSES;
    else if (watch->bound.memory > 0 && (memory = memory_of(limits, watch)) > watch->bound.memory)
        which = LIMITS_MEMORY;
    if (which == LIMITS_NONE && !watch->over)
        return;
    kill_all_of(limits, watch);
    if (watch->over)
        return;
    watch->over = watch != &limits->leftovers;
    watch->on_over(watch->ctx, which, which == LIMITS_PROCESSES ? processes : memory);
}

static void plan(struct limits *limits, int64_t took_ms);

static void on_timer(uv_timer_t *timer)
{
    struct limits *limits = timer->data;
    struct limits_watch *next;
    int64_t began = clock_mono_ms();

    if (look(limits)) {
        for (struct limits_watch *w = limits->watches; w; w = next) {
            next = w->next;
            judge(limits, w);
        }
        judge(limits, &limits->leftovers);
    }
    plan(limits, clock_mono_ms() - began);
}

static void plan(struct limits *limits, int64_t took_ms)
{
    int64_t pause = took_ms * LIMITS_SHARE;
    bool any = limits->watches != NULL, killing = false;

    for (const struct limits_watch *w = limits->watches; w; w = w->next)
        killing |= w->over;
    for (int i = 0; i < limits->tree.n && !any; i++)
        any = limits->owners[i] == &limits->leftovers || limits->tree.list[i].ended; /* what it leaves is seen in the next look */
    if (pause < LIMITS_EVERY_MS)
        pause = LIMITS_EVERY_MS;
    if (any)
        uv_timer_start(&limits->timer, on_timer, (uint64_t)(killing ? LIMITS_KILL_MS : pause), 0);
}

enum rs_err limits_new(uv_loop_t *loop, struct reaper *reaper, const struct limits_bound *bound,
                       void (*on_leftovers)(void *ctx, enum limits_which which, int64_t amount), void *ctx,
                       struct limits **ret, struct fault *fault)
{
    struct limits *limits = calloc(1, sizeof *limits);

    if (!limits)
        return fault_set(fault, RS_NOMEM, "out of memory");
    limits->reaper = reaper;
    limits->leftovers = (struct limits_watch){.bound = *bound, .on_over = on_leftovers, .ctx = ctx};
    uv_timer_init(loop, &limits->timer);
    limits->timer.data = limits;
    uv_unref((uv_handle_t *)&limits->timer);
    *ret = limits;
    return RS_OK;
}

static void on_closed(uv_handle_t *handle)
{
    struct limits *limits = handle->data;
    proctree_release(&limits->tree);
    free(limits->owners);
    free(limits);
}

void limits_free(struct limits *limits)
{
    if (limits)
        uv_close((uv_handle_t *)&limits->timer, on_closed);
}

void limits_add(struct limits *limits, struct limits_watch *watch)
{
    watch->next = limits->watches;
    limits->watches = watch;
    if (!watch->next) {
        limits->tree.n = 0; /* what the last look saw is old */
        plan(limits, 0);
    }
}

static bool has_any(const struct limits *limits, const struct limits_watch *watch)
{
    for (int i = 0; i < limits->tree.n; i++)
        if (limits->owners[i] == watch)
            return true;
    return false;
}

void limits_remove(struct limits *limits, struct limits_watch *watch)
{
    struct limits_watch **at = &limits->watches;

    while (*at && *at != watch)
        at = &(*at)->next;
    if (!*at)
        return;
    for (int i = 0; watch->over && i < KILL_ROUNDS && look(limits) && has_any(limits, watch); i++)
        kill_all_of(limits, watch);
    *at = watch->next;
    watch->next = NULL;
    for (int i = 0; i < limits->tree.n; i++)
        if (limits->owners[i] == watch)
            limits->owners[i] = &limits->leftovers; /* to be looked at once more at least */
}
