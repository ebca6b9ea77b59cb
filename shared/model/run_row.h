/* run_row - what the functions that move runs and nodes share: the row they decide on, and the events they add.
 * Only shared/model includes this. */
#ifndef RUNSPOOL_MODEL_RUN_ROW_H
#define RUNSPOOL_MODEL_RUN_ROW_H

#include "model/run.h"

#define RUN_STREAM_MAX (ID_MAX + 8)
#define RUN_REASON_MAX 400

struct run_row {
    char id[ID_MAX + 1], org[ID_MAX + 1], workflow_id[ID_MAX + 1];
    char crew_id[ID_MAX + 1]; /* "" none */
    char name[RUN_NAME_MAX + 1];
    enum run_status status;
    int workflow_version; /* 0: inline */
    int attempt, progress, n_nodes, n_ended;
    int64_t fence, lease, started; /* started 0: not yet */
    bool cancel, pause;
    bool wrapped;                          /* `runspool wrap` executes it */
    char cancel_reason[RUN_REASON_MAX + 1]; /* "" none: a person cancelled it */
};
/* run_row_load - RS_NOT_FOUND. Inside a transaction it stays true until its end. */
enum rs_err run_row_load(struct db *db, const char *run_id, struct run_row *ret, struct fault *fault) RS_MUST_CHECK;
/* run_row_fenced - the same, and RS_CONFLICT when the fence is not the caller's. */
enum rs_err run_row_fenced(struct db *db, const char *run_id, int64_t fence, struct run_row *ret, struct fault *fault)
    RS_MUST_CHECK;
/* run_add_event - an event of the run's stream. data: owned by this call. */
enum rs_err run_add_event(struct change *change, const char *run_id, const char *type, struct json_object *data,
                          struct fault *fault) RS_MUST_CHECK;
/* run_state_data - what every run.* event tells, from the row as it is now. Owned by the caller; NULL: no memory. */
struct json_object *run_state_data(const struct run_row *run);
/* run_state_event - run.* from the row as it is now. output, error: borrowed, may be NULL; duration_ms -1: none. */
enum rs_err run_state_event(struct change *change, const struct run_row *run, const char *type,
                            struct json_object *output, struct json_object *error, int64_t duration_ms,
                            struct fault *fault) RS_MUST_CHECK;
/* run_json_text - value as text to store; NULL for NULL. RS_LIMIT over max bytes; what: for the message. */
enum rs_err run_json_text(struct json_object *value, size_t max, const char *what, const char **ret,
                          struct fault *fault) RS_MUST_CHECK;
/* What a pattern (list_page_pattern), as argument $N, is looked for in. */
#define RUN_TEXT_LIKE(n)                                                                                               \
    " AND (LOWER(name) LIKE LOWER(" n ") ESCAPE '!' OR LOWER(workflow_id) LIKE LOWER(" n ") ESCAPE '!'"               \
    " OR LOWER(id) LIKE LOWER(" n ") ESCAPE '!')"
/* run_duration - from started (0: unknown) to now; never negative, -1 unknown. */
int64_t run_duration(int64_t started, int64_t now);
/* run_error - {code,message,nodeId?}, owned by the caller. */
struct json_object *run_error(const char *code, const char *message, const char *node_id);

/* run_cancel_row - inside a transaction: end it if nobody has it, else leave the wish. reason: NULL for a person's.
 * RS_CONFLICT: it has ended. */
enum rs_err run_cancel_row(struct change *change, struct run_row *run, const char *reason, struct fault *fault)
    RS_MUST_CHECK;
/* run_concurrency - the definition's `concurrency` as the columns keep it. */
enum on_busy { ON_BUSY_QUEUE, ON_BUSY_SKIP, ON_BUSY_REPLACE };
struct run_concurrency {
    int64_t limit; /* 0: any number */
    enum on_busy on_busy;
};
struct run_concurrency run_concurrency(struct json_object *definition);
/* run_busy - inside the transaction that created *run: with `skip` end it at once when its workflow has as many unfinished runs
 * as its concurrency allows, with `replace` cancel the oldest of those. At most RUN_REPLACE_ROWS in one transaction:
 * *ret_more (set to false else) says that there are more, for run_replace_more. */
#define RUN_REPLACE_ROWS 32
enum rs_err run_busy(struct change *change, struct run_row *run, const struct run_concurrency *concurrency, bool *ret_more,
                     struct fault *fault) RS_MUST_CHECK;
/* run_replace_more - the next ones, in transactions of their own, until none is left. */
enum rs_err run_replace_more(struct store *store, struct run_row *run, const struct run_concurrency *concurrency,
                             struct fault *fault) RS_MUST_CHECK;
/* run_poke_replaced - after that: tell those that run, so that they end at once. Those missed look within a second. */
void run_poke_replaced(struct store *store, const struct run_row *run);
/* run_hold - inside a transaction: queued or running becomes paused, event run.paused. Nobody executes it any more. */
enum rs_err run_hold(struct change *change, struct run_row *run, struct fault *fault) RS_MUST_CHECK;
/* run_go_on - inside a transaction: a paused run is queued again, event run.resumed; of one only asked to pause the wish is
 * taken back. */
enum rs_err run_go_on(struct change *change, struct run_row *run, struct fault *fault) RS_MUST_CHECK;

/* node_apply - one node's move inside a transaction, with its events; counts it in *run. */
enum rs_err node_apply(struct change *change, struct run_row *run, const struct node_change *node, struct fault *fault)
    RS_MUST_CHECK;
/* run_finish - end the run inside a transaction: its open nodes (those running become `running_to` with `running_error`,
 * may be NULL), its row, its terminal event. */
enum rs_err run_finish(struct change *change, struct run_row *run, enum run_status status, struct json_object *output,
                       struct json_object *error, enum node_status running_to, struct json_object *running_error,
                       struct fault *fault) RS_MUST_CHECK;

/* run_trigger_set - note what started a new run, inside its transaction. trigger NULL: nothing to note. */
enum rs_err run_trigger_set(struct change *change, const char *run_id, struct json_object *trigger, struct fault *fault)
    RS_MUST_CHECK;
/* node_interrupted - a node's tool is over without an answer: tool.finished, when it is a tool that was started. */
enum rs_err node_interrupted(struct change *change, const struct run_row *run, const char *node_id, struct fault *fault)
    RS_MUST_CHECK;

/* run_parent_set - inside the transaction that makes a run: who its parent is. parent may be NULL. */
enum rs_err run_parent_set(struct change *change, const char *run_id, const struct run_parent *parent, struct fault *fault)
    RS_MUST_CHECK;
/* run_children_end - the run has ended: so do those it had started, or are asked to. */
enum rs_err run_children_end(struct change *change, const struct run_row *run, struct fault *fault) RS_MUST_CHECK;
/* node_forget - what the run's nodes kept for their next life goes: it starts over. */
enum rs_err node_forget(struct db *db, const char *run_id, struct fault *fault) RS_MUST_CHECK;

/* Which nodes of a run become pending again. */
enum requeue {
    REQUEUE_ALL,         /* retried */
    REQUEUE_FAILED,      /* resumed by a person: what did not end well */
    REQUEUE_INTERRUPTED, /* its process died: what was running, and what was skipped */
};
/* run_requeue - inside a transaction: back into the queue with attempt + 1 and a new fence, event run.retried or
 * run.resumed. The caller has checked that the run may move there. *run: as it is then. */
enum rs_err run_requeue(struct change *change, struct run_row *run, enum requeue how, struct fault *fault) RS_MUST_CHECK;

/* process - which process, so that it is known again: its start time (clock ticks since boot; 0: no such process, or
 * a zombie), and the place its pid counts in (boot and pid namespace). */
#define PROCESS_PLACE_MAX 96
int64_t process_start(pid_t pid);
const char *process_place(char place[PROCESS_PLACE_MAX]);

#endif
