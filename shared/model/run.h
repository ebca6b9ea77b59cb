/* run - runs and their nodes, with the one table of legal transitions. Every function that changes state adds the
 * event that says so to the same transaction. Leases carry a fencing token: a write with an old one is RS_CONFLICT.
 * Threads: as the store. Calls block on the database. */
#ifndef RUNSPOOL_MODEL_RUN_H
#define RUNSPOOL_MODEL_RUN_H

#include "model/store.h"
#include "model/graph.h"
#include <sys/types.h>

#define RUN_LEASE_MS 15000  /* a lease not renewed for so long is anyone's */
#define RUN_STUCK_MS 60000  /* ... but a process known to live on this host may be late by so much */
#define RUN_OUTPUT_MAX (256 * 1024) /* bytes of one node's output, or the run's, as JSON; more is RS_LIMIT */
#define RUN_ERROR_MAX (16 * 1024)   /* bytes of an error as JSON; more is RS_LIMIT */
#define RUN_NAME_MAX 200            /* bytes of a run's name; a longer one is cut */
#define RUN_LIST_MAX 1000           /* items of one page */
#define RUN_PRIORITY_MAX GRAPH_PRIORITY_MAX
#define RUN_ATTEMPTS_MAX 100        /* earlier attempts a record tells of; the oldest go first */

enum run_status { RUN_QUEUED, RUN_RUNNING, RUN_SUCCESS, RUN_ERROR, RUN_CANCELLED, RUN_PAUSED };
enum node_status { NODE_PENDING, NODE_RUNNING, NODE_WAITING, NODE_SUCCESS, NODE_ERROR, NODE_SKIPPED, NODE_CANCELLED };
const char *run_status_name(enum run_status s);
const char *node_status_name(enum node_status s);
enum rs_err run_status_parse(const char *name, enum run_status *ret) RS_MUST_CHECK;
enum rs_err node_status_parse(const char *name, enum node_status *ret) RS_MUST_CHECK;
bool run_status_ended(enum run_status s);
bool node_status_ended(enum node_status s);
/* The tables of legal moves (const, in transition.c). */
bool run_may_move(enum run_status from, enum run_status to);
bool node_may_move(enum node_status from, enum node_status to);

/* What else belongs to the transaction that makes a run: a note that this was done, so that it is not done twice. An error
 * undoes all, and is what run_create returns. */
typedef enum rs_err run_within_fn(struct change *change, const char *run_id, void *ctx, struct fault *fault);

#define RUN_DEPTH_MAX 8 /* runs that started each other, one above the other */
/* The node that starts a run, of a run that its caller executes. */
struct run_parent {
    const char *run_id;
    int64_t fence;
    const char *node_id;
    int item; /* of a foreach; -1: none */
};

/* A new run. All borrowed. */
struct run_new {
    const char *org;
    const char *workflow_id;          /* id of the workflow, saved or inline */
    int workflow_version;             /* 0: inline */
    struct json_object *definition;   /* what will be executed; kept with the run */
    struct json_object *input;        /* checked by graph_check_input; NULL: {} */
    const char *session_id;           /* may be NULL */
    const char *name;                 /* NULL: the definition's name, else workflow_id */
    const int *priority;              /* higher first, RUN_PRIORITY_MAX at most; NULL: the definition's, else 0 */
    const char *owner;                /* not NULL: created already claimed by the caller (fence 1, lease RUN_LEASE_MS; then
                                         run_claim_load), so that no runner takes it first */
    struct json_object *trigger;      /* what started it: {kind, nodeId, ...}; NULL: somebody did */
    const struct run_parent *parent;  /* it belongs to that run: only run_claim_child gets it as long as that one has not
                                         ended, and it is cancelled when that one ends; NULL: it stands alone */
    run_within_fn *within;            /* first of all in the transaction; may be NULL */
    void *within_ctx;
};
/* run_create - insert it as queued with all nodes pending, event run.queued; pokes the runner after commit. Its events
 * are tagged workflow:ID, crew:CREW, session:ID and, for nodes of group tool, tool:TOOLID (HOME_TAGS_MAX in all).
 * ret_id gets the run's id. With `concurrency.onBusy` = skip it may be cancelled already when this returns, as its workflow has
 * all the unfinished runs it may have; with replace the oldest of those are cancelled, or asked to end. RS_INVALID: bad org, workflow or session id, or priority; RS_UNPROCESSABLE: the graph is not valid;
 * RS_LIMIT: definition or input over JSON_BODY_MAX, or RUN_DEPTH_MAX; RS_CONFLICT: the parent is not the caller's any more. */
enum rs_err run_create(struct store *store, const struct run_new *run, char ret_id[ID_MAX + 1], struct fault *fault)
    RS_MUST_CHECK;

/* run_create_in - the same inside a transaction of the caller's, who pokes the runner (change_poke). Of many runs that it is to
 * replace only the oldest RUN_REPLACE_ROWS are. After RS_UNPROCESSABLE, RS_LIMIT and RS_INVALID the transaction may go on:
 * nothing was written. */
enum rs_err run_create_in(struct change *change, const struct run_new *run, char ret_id[ID_MAX + 1], struct fault *fault)
    RS_MUST_CHECK;

/* A claimed run, as its executor needs it. Release with run_claim_release. */
struct run_claim {
    char id[ID_MAX + 1];
    char org[ID_MAX + 1];
    int64_t fence;
    int attempt;
    struct json_object *definition, *input; /* owned */
    char session_id[ID_MAX + 1];            /* "" none */
    int64_t ran_ms;                         /* for how long it was executed before it was paused */
};
void run_claim_release(struct run_claim *claim);
/* run_claim_next - take the next queued run (priority, then age) whose workflow's concurrency limit allows it, and which
 * neither the workflow nor its org's queue (queue_pause) holds back by being paused.
 * queued -> running is not done here: the executor says run_begin. Only the lease and a new fence are taken.
 * RS_NOT_FOUND: nothing to do. */
enum rs_err run_claim_next(struct store *store, const char *owner, struct run_claim *ret, struct fault *fault)
    RS_MUST_CHECK;
/* run_claim_within - the same as long as fewer than max_runs are under way (running, or claimed; what `runspool wrap`
 * executes does not count), by whomever; else RS_NOT_FOUND. So all that claim with the same number together keep to it. 0: any number. */
enum rs_err run_claim_within(struct store *store, const char *owner, int max_runs, struct run_claim *ret,
                             struct fault *fault) RS_MUST_CHECK;
/* run_claim_child - claim a run for the process of its parent. Needs no place of runner.max_runs, so that parents cannot fill
 * them all and wait for ever; but its workflow's concurrency (its own ancestors not counted) and pauses hold for it.
 * *ret_fence: for run_claim_load. RS_NOT_FOUND: it must wait, or is not queued. RS_CONFLICT: somebody was faster. */
enum rs_err run_claim_child(struct store *store, const char *run_id, const char *owner, int64_t *ret_fence,
                            struct fault *fault) RS_MUST_CHECK;
/* run_child_look - how it stands with a run that a node waits for. RS_NOT_FOUND. Release with run_child_release. */
struct run_child {
    enum run_status status;
    struct json_object *output, *error; /* owned; NULL: none */
};
enum rs_err run_child_look(struct store *store, const char *run_id, struct run_child *ret, struct fault *fault)
    RS_MUST_CHECK;
void run_child_release(struct run_child *child);
/* run_set_idle - its nodes only wait (for persons, times, other runs), or do not any more. Meanwhile it takes no place of
 * runner.max_runs; when it goes on it does so at once, and for a while more than those may be at work. Its workflow's
 * concurrency counts it all the time. RS_CONFLICT: old fence. */
enum rs_err run_set_idle(struct store *store, const char *run_id, int64_t fence, bool idle, struct fault *fault)
    RS_MUST_CHECK;
/* run_claim_id - the same for one given run (run process, wrap), whatever its workflow's concurrency. RS_NOT_FOUND;
 * RS_CONFLICT: not queued, leased by another, or to be cancelled. */
enum rs_err run_claim_id(struct store *store, const char *run_id, const char *owner, struct run_claim *ret,
                         struct fault *fault) RS_MUST_CHECK;
/* run_claim_load - what a run process reads of a claim its supervisor took. RS_CONFLICT: the fence is old, or the run
 * ended. A run whose stored definition or input cannot be read is ended here, with error code `input`; run_claim_next
 * goes on to the next one then. */
enum rs_err run_claim_load(struct store *store, const char *run_id, int64_t fence, struct run_claim *ret,
                           struct fault *fault) RS_MUST_CHECK;
/* run_lease - renew the lease, note the executor's process (0: leave it as it is); *ret_wish: what somebody asked for.
 * RS_CONFLICT: the run is not the caller's any more. */
enum run_wish { RUN_WISH_NONE, RUN_WISH_PAUSE, RUN_WISH_CANCEL };
enum rs_err run_lease(struct store *store, const char *run_id, int64_t fence, pid_t pid, enum run_wish *ret_wish,
                      struct fault *fault) RS_MUST_CHECK;

/* run_begin - running, event run.started. One that was paused keeps the time it started at first. */
enum rs_err run_begin(struct store *store, const char *run_id, int64_t fence, struct fault *fault) RS_MUST_CHECK;
/* run_end - success, error or cancelled (from queued: error or cancelled); nodes still pending become skipped, still running become cancelled (with
 * their events) first; then the terminal event. output, error: borrowed, may be NULL; error is {code,message,nodeId?}.
 * The caller has flushed its emitter, so that the terminal event is last. Progress becomes 100 by success only: what
 * is skipped because the run failed was not done. */
enum rs_err run_end(struct store *store, const char *run_id, int64_t fence, enum run_status status,
                    struct json_object *output, struct json_object *error, struct fault *fault) RS_MUST_CHECK;

/* run_dropped - count lines of the run are not known to be in the log, and nobody holds them any more (spool_give_up): event
 * log.dropped, kept like a state event until the log has it. To be said before run_end. */
enum rs_err run_dropped(struct store *store, const char *run_id, int64_t fence, int64_t count, struct fault *fault)
    RS_MUST_CHECK;

/* A node's move. Unset members: NULL, 0. */
struct node_change {
    const char *node_id;
    enum node_status status;
    int attempt;
    pid_t pgid;                  /* recorded before exec, so that it can be killed before a take-over; 0: none */
    struct json_object *output, *error;
    struct json_object *params;  /* NODE_RUNNING of a node of group tool: what it is called with, for tool.started */
    const char *message;         /* for node.retried, node.waiting */
    const char *child_run_id;    /* NODE_WAITING: the run it waits for */
    int64_t deadline_ms;         /* NODE_WAITING: until when at most (wall clock); 0: none */
    bool retried;                /* running or waiting -> running again: event node.retried */
    int64_t expected_ms;         /* NODE_RUNNING: how long it usually takes; 0: not known */
    bool unless_pausing;         /* nothing happens, and `denied` is set, when the run is to pause */
    bool denied;                 /* by node_move_all */
};
/* node_move - record it, with its event (node.started, .finished, .failed, .skipped, .cancelled, .waiting, .retried),
 * and run.progress when the percentage grew. For nodes of group tool also tool.started when it first runs and
 * tool.finished when it ends (exitCode from output.exitCode, else null; completed_with_errors: failed, but
 * continueOnError): callers emit no tool events for nodes. The run must be running.
 * RS_CONFLICT: illegal move or old fence; RS_LIMIT: output or error too large; RS_NOT_FOUND: no such node; RS_DENIED: see unless_pausing. */
enum rs_err node_move(struct store *store, const char *run_id, int64_t fence, const struct node_change *change,
                      struct fault *fault) RS_MUST_CHECK;
/* node_move_all - several at once, in their order, in one transaction: all of them, or none. */
enum rs_err node_move_all(struct store *store, const char *run_id, int64_t fence, struct node_change *changes, int n,
                       struct fault *fault) RS_MUST_CHECK;
/* node_set_pgid - note the process group of a running node. No event. */
enum rs_err node_set_pgid(struct store *store, const char *run_id, int64_t fence, const char *node_id, pid_t pgid,
                          struct fault *fault) RS_MUST_CHECK;

/* node_set_state, node_get_state - what a node's kind keeps for the next process that executes it (a delay's end): it stays
 * when the run is resumed, and goes when it is retried. state: borrowed, NULL takes it away. *ret: owned, NULL: none. No
 * event. RS_CONFLICT: old fence; RS_LIMIT: over RUN_NODE_STATE_MAX; RS_NOT_FOUND: no such node. */
#define RUN_NODE_STATE_MAX (16 * 1024)
enum rs_err node_set_state(struct store *store, const char *run_id, int64_t fence, const char *node_id,
                           struct json_object *state, struct fault *fault) RS_MUST_CHECK;
enum rs_err node_get_state(struct store *store, const char *run_id, const char *node_id, struct json_object **ret,
                           struct fault *fault) RS_MUST_CHECK;

/* run_cancel - a queued run is cancelled here; for a running one the wish is recorded and the runner poked.
 * RS_NOT_FOUND, RS_CONFLICT (ended). *ret_status: the status after the call. */
enum rs_err run_cancel(struct store *store, const char *org, const char *run_id, enum run_status *ret_status,
                       struct fault *fault) RS_MUST_CHECK;

/* run_list_current - a workflow's runs that have not ended, oldest first, RUN_CURRENT_MAX at most.
 * run_last_ended - the newest of those that have. RS_NOT_FOUND: it has none. */
#define RUN_CURRENT_MAX 100
struct run_current {
    char id[ID_MAX + 1];
    int64_t attempt;
};
enum rs_err run_list_current(struct store *store, const char *org, const char *workflow_id,
                             struct run_current ret[RUN_CURRENT_MAX], int *ret_n, struct fault *fault) RS_MUST_CHECK;
enum rs_err run_last_ended(struct store *store, const char *org, const char *workflow_id, char ret_id[ID_MAX + 1],
                           struct fault *fault) RS_MUST_CHECK;

/* run_set_priority - of a run that has not begun; the next claim goes by it. RS_NOT_FOUND, RS_INVALID (out of range),
 * RS_CONFLICT (it runs, or has ended). */
enum rs_err run_set_priority(struct store *store, const char *org, const char *run_id, int64_t priority, struct fault *fault)
    RS_MUST_CHECK;
/* run_pause - a queued run is paused here; for a running one the wish is recorded and the runner poked: no node begins any
 * more, and when those that run have ended its process says run_pause_now. *ret_status: the status after the call. Nothing
 * happens when it is paused, or about to be. RS_NOT_FOUND; RS_CONFLICT: ended, about to be cancelled, or a wrapped command. */
enum rs_err run_pause(struct store *store, const char *org, const char *run_id, enum run_status *ret_status,
                      struct fault *fault) RS_MUST_CHECK;
/* run_unpause - a paused run goes on (as run_resume does it); of one about to pause the wish is taken back. RS_NOT_FOUND;
 * RS_CONFLICT: it is neither. */
enum rs_err run_unpause(struct store *store, const char *org, const char *run_id, enum run_status *ret_status,
                        struct fault *fault) RS_MUST_CHECK;
/* run_pause_now - for its executor, which has flushed its emitter and then leaves the run alone: running -> paused, event
 * run.paused. ran_ms: for how long it was executed, as run_claim.ran_ms will say. *ret_paused false: the wish was taken back,
 * nothing has changed. */
enum rs_err run_pause_now(struct store *store, const char *run_id, int64_t fence, int64_t ran_ms, bool *ret_paused,
                          struct fault *fault) RS_MUST_CHECK;

/* The three ways to run an ended run again. Its definition, input and stream are the same; the first two raise the
 * fence, count one more attempt and put it back into the queue, as long as it is not active (RS_CONFLICT: queued,
 * running or, for run_retry, paused). org NULL: any; another org's run is RS_NOT_FOUND. All poke the runner.
 * run_retry - start over: every node pending, event run.retried.
 * run_resume - go on where it stopped: nodes that succeeded, or failed with continueOnError, keep their records; all
 * others are pending again, those that were skipped too, as what skipped them may turn out differently. Event
 * run.resumed with `nodes`, the ids that are pending again. RS_CONFLICT also for a run that succeeded. A paused run goes
 * on instead, in the same attempt: event run.resumed with no `nodes`; of one that is about to pause the wish is taken back.
 * run_rerun - a new run (active or not, the old one stays as it is). version: RUN_VERSION_SAME, the workflow as it was then,
 * RUN_VERSION_CURRENT, as it is saved now, or the number of one of its versions: RS_CONFLICT when there is none. input: NULL for
 * the old run's; checked unless both are the old ones: RS_UNPROCESSABLE with errors added, as graph_check_input. ret_id: the new
 * run's. */
enum rs_err run_retry(struct store *store, const char *org, const char *run_id, struct fault *fault) RS_MUST_CHECK;
enum rs_err run_resume(struct store *store, const char *org, const char *run_id, struct fault *fault) RS_MUST_CHECK;
#define RUN_VERSION_SAME 0
#define RUN_VERSION_CURRENT (-1)
enum rs_err run_rerun(struct store *store, const char *org, const char *run_id, int version, struct json_object *input,
                      struct json_object *errors, char ret_id[ID_MAX + 1], struct fault *fault) RS_MUST_CHECK;

/* A run whose executor seems dead: running or leased with a lease that ran out, or (same host) whose pid is gone. */
struct run_orphan {
    char id[ID_MAX + 1];
    int64_t fence, lease_ms; /* wall clock */
    int64_t taken;           /* the fence after run_orphan_take; 0: not yet */
    pid_t pid;               /* alive, and by the wall clock over RUN_STUCK_MS late; 0: dead, or elsewhere */
    pid_t pgids[32];
    int n_pgids;
};
/* run_orphans - those whose recorded process on this host is dead (or over RUN_STUCK_MS late), or, with none recorded or
 * one elsewhere, whose lease has run out. At most max. *ret_n. A recorded pid is recognised by its start time, boot and
 * pid namespace too, so that a recycled pid is not taken for it; pid and pgids are given only where they can be killed. */
enum rs_err run_orphans(struct store *store, struct run_orphan *ret, int max, int *ret_n, struct fault *fault)
    RS_MUST_CHECK;
/* run_producer - the name under which the process that executes a claim emits. Returns out. */
char *run_producer(const char *run_id, int64_t fence, char out[ID_MAX + 1]);
#define RUN_RESUMES_MAX 5 /* times an orphan is resumed by itself, until a person runs it again */
/* run_orphan_take - before anything of it is killed: so that of several runners only one does, and a process that lives all the
 * same is refused from now on. It is nobody's orphan again until RUN_LEASE_MS are over. RS_CONFLICT: somebody was faster. */
enum rs_err run_orphan_take(struct store *store, struct run_orphan *orphan, struct fault *fault) RS_MUST_CHECK;
/* run_orphan_end - take the run over (new fence), mark its running nodes and the run itself `error` with code
 * `orphaned` (or `cancelled` when a cancel was asked), events included. The caller has killed pid and pgids. A run
 * that never began goes back to the queue instead. With runner.orphan = resume so does one whose running nodes may all be
 * executed again (kind_may_repeat), with event run.resumed, at most RUN_RESUMES_MAX times. What the dead process has sent
 * and the log has not taken yet, it takes no more: it would come behind the end, or into the next attempt.
 * RS_CONFLICT: somebody was faster. *ret_status: what it is then. */
enum rs_err run_orphan_end(struct store *store, const struct run_orphan *orphan, enum run_status *ret_status,
                           struct fault *fault) RS_MUST_CHECK;

/* run_exists - RS_OK, or RS_NOT_FOUND, also for another org's run. org NULL: any. Reads nothing of the run's contents. */
enum rs_err run_exists(struct store *store, const char *org, const char *run_id, struct fault *fault) RS_MUST_CHECK;
/* run_record - {id,workflowId,workflowVersion,name,status,input,output,error,org,createdAt,startedAt,finishedAt,
 * durationMs,progress,attempt,priority,pausing?,expectedMs?,expectedFinishAt?,trigger?,
 * nodes:{id: record}} plus `graph` (the definition's nodes and edges)
 * and `attempts` (oldest first, each {attempt,status,startedAt,finishedAt,durationMs,error}, the present one last). RS_NOT_FOUND, also
 * for another org's run. org NULL: any. *ret: owned. */
enum rs_err run_record(struct store *store, const char *org, const char *run_id, struct json_object **ret,
                       struct fault *fault) RS_MUST_CHECK;
/* run_outline - the same without input, outputs and graph: small, whatever the nodes gave. */
enum rs_err run_outline(struct store *store, const char *org, const char *run_id, struct json_object **ret,
                        struct fault *fault) RS_MUST_CHECK;
/* run_trigger - what started it, owned; NULL: somebody did. RS_NOT_FOUND. */
enum rs_err run_trigger(struct store *store, const char *run_id, struct json_object **ret, struct fault *fault) RS_MUST_CHECK;
/* run_list - newest first; filters may be NULL. Items as the record without input, output, nodes and graph.
 * cursor: opaque, from `next`. *ret: {"items":[...],"next":...|null}, owned. RS_INVALID: bad cursor or status, text too long. */
struct run_filter {
    const char *org, *workflow_id, *status, *session_id, *crew_id;
    const char *kind; /* with a node of that kind */
    const char *text; /* in the name, the workflow's id or its own, any case */
    int64_t from_ms;  /* made since then */
};
enum rs_err run_list(struct store *store, const struct run_filter *filter, int limit, const char *cursor,
                     struct json_object **ret, struct fault *fault) RS_MUST_CHECK;

/* run_count_active - how many are running, or queued and not held back by a pause, without those `runspool wrap` executes. */
enum rs_err run_count_active(struct store *store, int *ret_n, struct fault *fault) RS_MUST_CHECK;

/* runner_alive - note that a runner lives (every few seconds); runner_gone - that it ends; runner_count_alive - how many
 * did live in the last 15 s and have not ended. */
enum rs_err runner_alive(struct store *store, const char *runner_id, struct fault *fault) RS_MUST_CHECK;
enum rs_err runner_gone(struct store *store, const char *runner_id, struct fault *fault) RS_MUST_CHECK;
enum rs_err runner_count_alive(struct store *store, int *ret_n, struct fault *fault) RS_MUST_CHECK;
/* runners_look - the same, with what the one says of itself that has lived longest, and how many have died in the last day
 * without ending. */
struct runners_alive {
    int n, n_dead;
    int64_t started_ms; /* wall clock; 0: not known */
    char version[32];
};
enum rs_err runners_look(struct store *store, struct runners_alive *ret, struct fault *fault) RS_MUST_CHECK;

#endif
