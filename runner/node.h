/* node - one node of a run being executed, and the interface of its kinds: each is a file in nodes/ with one row in
 * nodes/table.c. A kind's start() begins the work and returns; node_done or node_fail says, then or later, how it went.
 * Threads: the loop's. Nothing in a kind may block. */
#ifndef RUNSPOOL_RUNNER_NODE_H
#define RUNSPOOL_RUNNER_NODE_H

#include "base/json.h"
#include "model/graph.h"
#include "model/run.h"
#include "runner/jqworker.h"
#include <uv.h>

#define NODE_PARAMS_MAX 8192 /* bytes of `params` in tool.started */

struct execution;
struct node;

/* Where it is kept what becomes of a node: for the nodes of the graph, the run's record; for the items of a foreach, its
 * table. Nothing here fails: what cannot be written ends the process (execution_must). */
struct node_home {
    void (*begun)(struct node *node);     /* its first attempt runs; once. In phase BEGINS or IDLE then: start comes later, or not */
    void (*retried)(struct node *node);   /* the attempt failed (node->error), attempt + 1 follows */
    void (*waits)(struct node *node, const char *message, int64_t deadline_ms); /* it only waits now */
    void (*ended)(struct node *node);     /* its final status, output and error stand in node */
    void (*concludable)(struct node *node); /* its phase is DONE: node_conclude is to be called soon, from the loop */
    void (*log)(struct node *node, const char *level, const char *source, const char *text, size_t len);
    enum rs_err (*set_group)(struct node *node, pid_t pgid, struct fault *fault);
    void (*save)(struct node *node, struct json_object *state); /* borrowed */
    struct json_object *(*saved)(struct node *node);            /* owned by the caller; NULL: nothing */
    void (*closed)(struct node *node); /* after node_release, when its memory may go; NULL: nobody asks */
    size_t output_max;                 /* bytes of an output as JSON */
};
extern const struct node_home node_home_graph;

enum node_phase {
    NODE_PHASE_IDLE,    /* waits for its edges */
    NODE_PHASE_RENDER,  /* its templates are being evaluated */
    NODE_PHASE_BEGINS,  /* its beginning is about to be written; then node_start */
    NODE_PHASE_WORK,    /* its kind has it */
    NODE_PHASE_DONE,    /* the kind has said how it went */
    NODE_PHASE_PAUSE,   /* before the next attempt */
    NODE_PHASE_SETTLED, /* its record is final */
};

struct node {
    struct execution *x;
    const struct graph_node *def;
    const struct node_type *type;
    const struct node_home *home;
    void *owner;              /* the home's; NULL in the graph */
    struct json_object *with; /* what jq sees besides the context: {item,index}; NULL: nothing */
    int index;                /* in the graph, or of the item */
    unsigned serial;          /* of all that this process executes, items too: for node_tag */
    enum node_phase phase;
    enum node_status status; /* as recorded */
    int attempt;
    int64_t begun_wall_ms, begun_mono_ms; /* of the first attempt */
    struct json_object *data;             /* its settings, templates evaluated; of this attempt, NULL before */
    void *state;                          /* the kind's; freed by its release() */
    uv_timer_t timer;                     /* timeout of the attempt, or the pause */
    const char *stopping;                 /* "timeout" or "cancelled": what it was stopped for; NULL: it was not */
    /* How the attempt went. */
    struct json_object *output;
    const char *error_code; /* NULL: well. Static storage */
    char error[FAULT_MESSAGE_MAX];
    bool final;         /* another attempt would not help */
    const char *handle; /* which of its edges are taken ("true" of a condition); NULL: of a kind without handles */
    const char *child_run_id; /* of a subworkflow, while it waits: the run; else NULL. The kind's */
    void (*nudged)(struct node *node); /* look at the database: something may be there for it; NULL: never is */
    bool literal;       /* nothing in its settings is a template: they come from outside the workflow */
    bool slow;          /* it was said that it takes far longer than usual */
    bool waits;         /* it has work, and only waits: for a person, a time, another run */
};

/* What a kind is. One const row each. */
struct node_type {
    const char *kind; /* as in model/kind.h */
    /* start - begin this attempt: node->data is evaluated, node->state is NULL. */
    void (*start)(struct node *node);
    /* stop - end early; node_done or node_fail follows soon. NULL: it never takes long. */
    void (*stop)(struct node *node);
    /* release - free node->state after the attempt. NULL: there is none. */
    void (*release)(struct node *node);
};
extern const struct node_type node_types[];
extern const unsigned n_node_types;
const struct node_type *node_type_find(const char *kind); /* NULL: unknown */
/* node_type_patient - does it wait for others? Then runner.node_timeout is not for it, only a timeoutMs of its own. */
bool node_type_patient(const struct node_type *type);

/* For kinds. output: moved in; may be NULL. */
void node_done(struct node *node, struct json_object *output);
/* node_fail - code is one of timeout, exit, cancelled, expression, model, limit, input. Those of code input, expression
 * and limit are tried again only when the node's `retry.on` names them. */
void node_fail(struct node *node, const char *code, struct json_object *output, const char *fmt, ...) RS_PRINTF(4, 5);
/* node_code - the code of an error record, in static storage, as node_fail wants it; `exit` for one that is not known, and for
 * `cancelled`, as what was cancelled elsewhere is no cancel of this node. */
const char *node_code(const char *code);
/* node_log - a `log` event of this node; text: valid UTF-8. level: info, success, warning, error; source: stdout,
 * stderr, runner, agent. */
void node_log(struct node *node, const char *level, const char *source, const char *text, size_t len);
/* node_fail_jq - node_fail after an evaluation for the setting `setting` (NULL: the fault names it): code expression, or
 * limit. The message names the node. */
void node_fail_jq(struct node *node, const char *setting, const struct fault *fault);
/* node_eval - jqworker_eval with what this node sees (an item's .item and .index). */
void node_eval(struct node *node, const char *program, jqworker_fn *fn, void *ctx);
/* node_wait - it only waits from now on, until node_done or node_fail: status waiting, and it takes no place from those
 * that work. message: for people; deadline_ms: wall clock, 0 none. */
void node_wait(struct node *node, const char *message, int64_t deadline_ms);
/* node_waits - the same when the kind's own change has recorded it. */
void node_waits(struct node *node);
/* node_save - keep this for the case that the run's process dies, or the node fails and its run is resumed: the next
 * life's start() gets it by node_saved (owned, NULL: nothing kept). Over when the run is retried from its start.
 * Blocks on the database. At most RUN_NODE_STATE_MAX bytes. */
void node_save(struct node *node, struct json_object *state);
struct json_object *node_saved(struct node *node);
/* node_tag - a name that no other node has that may be at work at the same time: its id, and for items and the like a number
 * behind it. For files of its own in the work folder. Returns out. */
#define NODE_TAG_MAX (ID_MAX + 16)
char *node_tag(const struct node *node, char out[NODE_TAG_MAX]);
/* node_set_group - record the process group of the node's process, before it runs. */
enum rs_err node_set_group(struct node *node, pid_t pgid, struct fault *fault) RS_MUST_CHECK;

/* For the execution. */
void node_begin(struct node *node);                  /* it is ready */
void node_start(struct node *node);                  /* it was in phase BEGINS, and that is written */
void node_skip(struct node *node);                   /* it never will be */
void node_conclude(struct node *node);               /* its phase is DONE: record, retry, settle */
void node_stop(struct node *node, const char *code); /* "cancelled" or "timeout" */
/* node_may_suspend - does it only wait, and loses nothing when its process ends (delay, approval, a foreach between two
 * items)? node_suspend - as if it
 * had not begun yet; the next process begins it again. */
bool node_may_suspend(const struct node *node);
void node_suspend(struct node *node);
void node_init(struct node *node, struct execution *x, const struct graph_node *def, const struct node_home *home,
               int index); /* all of it */
/* node_reset - as after node_init, for another index. with: moved in. */
void node_reset(struct node *node, int index, struct json_object *with);
void node_release(struct node *node); /* asks the loop to close its timer */
struct json_object *node_error(const struct node *node);  /* {code,message,nodeId}, owned by the caller; NULL: none */
int64_t node_timeout_ms(const struct node *node);         /* of one attempt; 0: none */

#endif
