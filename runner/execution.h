/* execution - one run being executed: the graph's nodes and edges with their states, on one libuv loop.
 *
 * A node is ready when all its incoming edges are settled and at least one was taken; it is skipped when none was. At
 * most runner.max_nodes run at a time. An edge is taken when its source succeeded (or failed with continueOnError), its
 * handle fits the condition's value, and its own jq condition is true.
 *
 * When a node fails for good (after its retries, without continueOnError) the run will end in `error`, with this first
 * error; its edges are not taken, so what only it leads to is skipped, and the rest runs to its end.
 *
 * Every state is written by the model before anything follows from it. When a write fails for good, or the lease is
 * lost to another process, the processes of the run are killed and this one exits: the run is then an orphan, and its
 * state in the database stays the true one. Threads: the loop's. Model calls block on the database. */
#ifndef RUNSPOOL_RUNNER_EXECUTION_H
#define RUNSPOOL_RUNNER_EXECUTION_H

#include "conf/datadir.h"
#include "event/stream.h"
#include "model/graph.h"
#include "model/run.h"
#include "runner/batch.h"
#include "runner/child.h"
#include "runner/http.h"
#include "runner/jqworker.h"
#include "runner/limits.h"
#include "runner/node.h"
#include "runner/procs.h"
#include "runner/sandbox.h"
#include "runner/secrets.h"

#define EXECUTION_LEASE_MS 1000      /* how often it is renewed; also how soon a wish to cancel is seen when nobody signals it */
#define EXECUTION_LEASE_IDLE_MS 5000 /* the same of a run that only waits */
#define EXECUTION_PATIENCE_MS 30000 /* with a database that cannot be written */

enum edge_state { EDGE_OPEN, EDGE_TAKEN, EDGE_NOT_TAKEN };

enum execution_stop { EXECUTION_GOES_ON, EXECUTION_CANCELLED, EXECUTION_TIMED_OUT };

struct execution {
    uv_loop_t loop;
    const struct datadir *dd;
    const char *const *overrides;
    struct store store;
    struct run_claim claim;
    struct graph *graph;
    struct node *nodes;     /* by index of the graph */
    enum edge_state *edges; /* the same */
    struct reaper *reaper;
    struct jqworker *jq;
    struct http *http;
    struct limits *limits;
    struct secret *secrets;      /* those its definition names; NULL: none */
    struct mask *mask;           /* hides their values; NULL: nothing to hide */
    struct json_object *context; /* {input,nodes,session,env} of jq */
    struct json_object *trigger; /* what started the run, NULL: somebody did */
    struct json_object *error;   /* the first one, NULL: none */
    struct json_object *expected; /* how long nodes usually take (model/expected.h); NULL: not known */
    char stream[STREAM_MAX];     /* run:ID */
    char work[PATH_MAX], artifacts[PATH_MAX];
    struct sandbox sandbox;
    bool sandbox_open, sandbox_said;
    uv_timer_t turn, lease, timeout;
    uv_signal_t signals[3]; /* TERM, INT: cancel; USR1: look at the lease now */
    enum execution_stop stop;
    struct batch batch; /* of the turn under way */
    int n_active;     /* nodes between node_begin and node_conclude */
    int n_conditions; /* edge conditions being evaluated */
    int64_t begun_mono_ms;
    bool pausing;     /* no node begins any more; when none runs, execution_pause */
    bool ended;
    bool idle;        /* recorded as: its nodes only wait */
};

/* execution_run - execute a claimed run to its end: run_begin ... run_end. claim is moved in. overrides: --set options, for
 * the processes of child runs too; NULL-terminated or NULL, must live on. Returns: the exit status of the process. */
int execution_run(const struct datadir *dd, const char *const *overrides, struct run_claim *claim, struct store *store);

/* execution_end - nothing is left to do: everything said so far, then the terminal event; leaves the loop. execution_pause -
 * nothing runs and nothing is to begin: the run is paused, and the loop left, unless that wish was taken back. */
void execution_end(struct execution *x);
void execution_pause(struct execution *x);
/* execution_expect - the run has begun: how long its nodes usually take. execution_look_for_slow - now and then: say which
 * take far longer. */
void execution_expect(struct execution *x);
void execution_look_for_slow(struct execution *x);
/* execution_count_waits - how many nodes only wait, which takes no place from those that work.
 * execution_set_idle - do all? Then the run takes no place of runner.max_runs, and looks at its lease less often.
 * execution_suspend - the run is to pause: when all that is active can wait as well without a process (node_may_suspend), it
 * is as if it had not begun; false: there is other work, or nothing. */
int execution_count_waits(const struct execution *x);
void execution_set_idle(struct execution *x, bool idle);
bool execution_suspend(struct execution *x);
/* execution_turn - something changed: look (soon, from the loop) at what is finished, ready or over. */
void execution_turn(struct execution *x);
/* execution_give_up - kill all that this run started, and leave: the state in the database is the last one that is
 * true. */
_Noreturn void execution_give_up(void);
/* execution_again - a model write gave err, the first attempt was at since_ms (monotonic): is it worth another one? A full
 * disk and a locked database are waited for, less long than RUN_STUCK_MS. Blocks for a moment when it is. */
bool execution_again(enum rs_err err, int64_t since_ms);
/* execution_must - every model write goes through this. Anything but RS_OK ends the process as said above;
 * execution_again has been asked by the caller. */
void execution_must(struct execution *x, enum rs_err err, const struct fault *fault, const char *what);
/* execution_error - the first error makes the run fail: {code,message,nodeId}. node_id may be NULL. */
void execution_error(struct execution *x, const char *code, const char *message, const char *node_id);
/* execution_log - a `log` event. node_id may be NULL; text: valid UTF-8. */
void execution_log(struct execution *x, const char *node_id, const char *level, const char *source, const char *text,
                   size_t len);
/* execution_log_item - the same about one item of the node, from 0; -1: none. */
void execution_log_item(struct execution *x, const char *node_id, int item, const char *level, const char *source,
                        const char *text, size_t len);
enum readiness { WAITS, READY, SKIPPED };
/* execution_readiness - what a node that has not begun may do now. */
enum readiness execution_readiness(const struct execution *x, const struct node *node);
/* execution_settle - node ended: decide its outgoing edges. handle: what a condition gave, "true", "false", or NULL. */
void execution_settle(struct execution *x, const struct node *node);
/* execution_sandbox - the run's sandbox, made by the first node that needs one; *ret NULL when the settings say none,
 * which is said in the run's log. RS_DENIED: there is no way to make one here. */
enum rs_err execution_sandbox(struct execution *x, const struct sandbox **ret, struct fault *fault) RS_MUST_CHECK;

#endif
