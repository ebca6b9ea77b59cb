/* expected - how long a saved workflow's runs and their nodes usually take: by the newest successful runs of it. Known from the
 * run's beginning on, in its record and its events. Threads: as the store. Calls block on the database. */
#ifndef RUNSPOOL_MODEL_EXPECTED_H
#define RUNSPOOL_MODEL_EXPECTED_H

#include "model/store.h"

#define EXPECTED_RUNS 20          /* so many runs are looked at, ... */
#define EXPECTED_ROWS 4000        /* ... fewer when they have many nodes: so many nodes in all */
#define EXPECTED_SLOW_RUNS 5      /* below so many a node is not called slow */
#define EXPECTED_SLOW_FLOOR_MS 1000 /* nor is one that runs for less */

/* expected_compute - *ret_run_ms: the median of the runs (0: none has succeeded). *ret_nodes: an object that gives, by the id of
 * a node, [median, slow]: milliseconds; slow is twice the 95th percentile, at least the floor, 0 when too few are known. Owned;
 * NULL: nothing is known. One query. */
enum rs_err expected_compute(struct db *db, const char *org, const char *workflow_id, int n_nodes, int64_t *ret_run_ms,
                             struct json_object **ret_nodes, struct fault *fault) RS_MUST_CHECK;
/* expected_nodes - what run_begin has found out of the nodes of this run, as above. */
enum rs_err expected_nodes(struct store *store, const char *run_id, struct json_object **ret_nodes, struct fault *fault)
    RS_MUST_CHECK;
/* expected_usual_ms, expected_slow_ms - of one node; 0: not known. nodes may be NULL. */
int64_t expected_usual_ms(struct json_object *nodes, const char *node_id);
int64_t expected_slow_ms(struct json_object *nodes, const char *node_id);

/* node_slow - a running node takes far longer than usual: noted in its record (`slow`), event node.slow with expectedMs and
 * elapsedMs. RS_CONFLICT: it does not run, or the fence is old. */
enum rs_err node_slow(struct store *store, const char *run_id, int64_t fence, const char *node_id, int64_t expected_ms,
                      int64_t elapsed_ms, struct fault *fault) RS_MUST_CHECK;

#endif
