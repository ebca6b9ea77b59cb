/* foreach - a node of another kind, executed once an item of a list, some at a time. Each item's node is executed by the
 * same code as the graph's (runner/node.h) with a home of its own: its states are rows of the table `item`
 * (model/item.h), written in batches where a repetition does no harm, else one by one; no event tells of it. What is seen
 * live is node.progress with counts, FOREACH_PROGRESS_MS apart, and a bounded number of log lines.
 * Threads: the loop's. */
#ifndef RUNSPOOL_RUNNER_NODES_FOREACH_H
#define RUNSPOOL_RUNNER_NODES_FOREACH_H

#include "model/item.h"
#include "runner/node.h"

#define FOREACH_CONCURRENCY 4       /* default of `concurrency` */
#define FOREACH_FLUSH_MS 100        /* rows wait at most so long to be written */
#define FOREACH_BATCH 128           /* rows that are written at once */
#define FOREACH_PROGRESS_MS 250     /* between two node.progress */
#define FOREACH_LINES_MAX 2000      /* log lines of all items together */
#define FOREACH_ITEM_LINES_MAX 100  /* log lines of one item */
#define FOREACH_BYTES_MAX (256LL * 1024 * 1024) /* outputs of all items together, as JSON */
#define FOREACH_FAILURES_SHOWN 20   /* in the output's `failures` */

struct foreach;

/* A place where one item after the other is executed. */
struct foreach_slot {
    struct node node; /* home: foreach_home, owner: this slot */
    struct foreach *foreach;
    bool busy, written; /* written: the item's row says that it runs */
    int64_t started_ms; /* wall clock */
    int n_lines;
};

struct foreach {
    struct node *node; /* the foreach itself */
    struct graph_node def; /* of the items' nodes */
    struct json_object *items; /* array */
    size_t total, next;
    unsigned char *state;      /* of each item: enum node_status */
    struct foreach_slot *slots;
    int n_slots, n_open;       /* n_open: handles to be closed before it can be freed */
    size_t n_done, n_failed, n_running, n_counted; /* n_counted: failed without continueOnError */
    int64_t max_failures, n_bytes;
    bool repeatable, over;     /* over: no item begins any more */
    const char *code;          /* why it is over; NULL: it is not, or all were worked through. Static storage */
    char error[FAULT_MESSAGE_MAX];
    struct item_change writes[FOREACH_BATCH]; /* ended items whose rows are to be written; outputs and errors owned */
    int n_writes;
    uv_timer_t turn, flush, progress;
    bool changed; /* since the last node.progress */
    int n_lines, n_dropped;
    struct json_object *failures;
};

extern const struct node_home foreach_home;
/* foreach_flush - write the rows that wait, and those of the items that run. Blocks on the database. */
void foreach_flush(struct foreach *f);
/* foreach_write - write the row of an item that has ended: soon, or at once where a repetition would do harm. Moves the item's
 * output and error in. */
void foreach_write(struct foreach *f, const struct item_change *item);
/* foreach_failed - count a failure; at one too many no further item begins. code: static storage. */
void foreach_failed(struct foreach *f, int64_t index, const char *code, const char *message);
/* foreach_keep - what this life leaves to the next: which list it was, and whether those that failed are to be tried again.
 * The rows of another list go. Blocks on the database. */
void foreach_keep(struct foreach *f, bool again);
/* foreach_take_up - go on behind an earlier life: what the rows say. again: as it was kept. Blocks on the database. */
void foreach_take_up(struct foreach *f, bool again);
/* foreach_turn - an item is concludable: look at it soon, from the loop. */
void foreach_turn(struct foreach *f);
/* foreach_item_ended - the slot's node has its final status. */
void foreach_item_ended(struct foreach_slot *slot);
/* foreach_slot_closed - the timer of a slot's node is closed. */
void foreach_slot_closed(struct node *node);
/* foreach_output - what the node gives: counts, and all outputs in order, or the artifact that holds them.
 * RS_LIMIT, RS_IO. *ret: owned. */
enum rs_err foreach_output(struct foreach *f, bool whole, struct json_object **ret, struct fault *fault) RS_MUST_CHECK;

#endif
