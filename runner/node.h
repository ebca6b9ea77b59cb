/* node - one node of a run being executed, and the interface of its kinds: each is a file in nodes/ with one row in
 * nodes/table.c. A kind's start() begins the work and returns; node_done or node_fail says, then or later, how it went.
 * Threads: the loop's. Nothing in a kind may block. */
#ifndef RUNSPOOL_RUNNER_NODE_H
#define RUNSPOOL_RUNNER_NODE_H

#include "base/json.h"
#include "model/graph.h"
#include "model/run.h"
#include <uv.h>

#define NODE_PARAMS_MAX 8192 /* bytes of `params` in tool.started */

struct execution;

enum node_phase {
    NODE_PHASE_IDLE,    /* waits for its edges */
    NODE_PHASE_RENDER,  /* its templates are being evaluated */
    NODE_PHASE_WORK,    /* its kind has it */
    NODE_PHASE_DONE,    /* the kind has said how it went */
    NODE_PHASE_PAUSE,   /* before the next attempt */
    NODE_PHASE_SETTLED, /* its record is final */
};

struct node {
    struct execution *x;
    const struct graph_node *def;
    const struct node_type *type;
    int index; /* in the graph */
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
    const char *handle; /* condition: "true" or "false" */
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

/* For kinds. output: moved in; may be NULL. */
void node_done(struct node *node, struct json_object *output);
/* node_fail - code is one of timeout, exit, cancelled, expression, model, limit, input. Those of code input, expression
 * and limit are tried again only when the node's `retry.on` names them. */
void node_fail(struct node *node, const char *code, struct json_object *output, const char *fmt, ...) RS_PRINTF(4, 5);
/* node_log - a `log` event of this node; text: valid UTF-8. level: info, success, warning, error; source: stdout,
 * stderr, runner, agent. */
void node_log(struct node *node, const char *level, const char *source, const char *text, size_t len);
/* node_set_group - record the process group of the node's process, before it runs. */
enum rs_err node_set_group(struct node *node, pid_t pgid, struct fault *fault) RS_MUST_CHECK;

/* For the execution. */
void node_begin(struct node *node);                  /* it is ready */
void node_skip(struct node *node);                   /* it never will be */
void node_conclude(struct node *node);               /* its phase is DONE: record, retry, settle */
void node_stop(struct node *node, const char *code); /* "cancelled" or "timeout" */
void node_release(struct node *node);
struct json_object *node_record(const struct node *node); /* owned by the caller */

#endif
