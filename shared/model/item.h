/* item - what became of each item of a node that works through a list (foreach). A row an item that has begun; no events:
 * the node tells of its progress. Threads: as the store. Calls block on the database. */
#ifndef RUNSPOOL_MODEL_ITEM_H
#define RUNSPOOL_MODEL_ITEM_H

#include "model/run.h"

#define ITEM_OUTPUT_MAX (64 * 1024) /* bytes of one item's output as JSON */
#define ITEM_LIST_MAX 200           /* items of one page */

/* One item as it is now. */
struct item_change {
    int64_t index;            /* from 0 */
    enum node_status status;  /* running, success, error, cancelled */
    int attempt;
    int64_t started_ms, finished_ms; /* wall clock; 0: not yet */
    struct json_object *output, *error; /* borrowed; may be NULL */
};
/* items_write - all of them, in one transaction. RS_CONFLICT: old fence. RS_LIMIT: output or error too large. */
enum rs_err items_write(struct store *store, const char *run_id, int64_t fence, const char *node_id,
                        const struct item_change *items, int n, struct fault *fault) RS_MUST_CHECK;
/* items_clear - the list is another now: all rows of the node go. */
enum rs_err items_clear(struct store *store, const char *run_id, int64_t fence, const char *node_id,
                        struct fault *fault) RS_MUST_CHECK;
/* items_each - index, status and error (JSON text, NULL: none) of every row, in order of index. */
typedef void item_fn(void *ctx, int64_t index, enum node_status status, const char *error);
enum rs_err items_each(struct store *store, const char *run_id, const char *node_id, item_fn *fn, void *ctx,
                       struct fault *fault) RS_MUST_CHECK;
/* items_outputs - every output, as JSON text, in order of index; only of those that succeeded. fn returns false to stop.
 * items_bytes - how many bytes they are together. */
typedef bool item_output_fn(void *ctx, int64_t index, const char *text, size_t len);
enum rs_err items_outputs(struct store *store, const char *run_id, const char *node_id, item_output_fn *fn, void *ctx,
                          struct fault *fault) RS_MUST_CHECK;
enum rs_err items_bytes(struct store *store, const char *run_id, const char *node_id, int64_t *ret,
                        struct fault *fault) RS_MUST_CHECK;

/* Of an item that has a row: item_set_pgid as node_set_pgid; item_set_state, item_get_state as node_set_state; they may be
 * called inside a transaction. */
enum rs_err item_set_pgid(struct store *store, const char *run_id, int64_t fence, const char *node_id, int64_t index,
                          pid_t pgid, struct fault *fault) RS_MUST_CHECK;
enum rs_err item_set_state(struct store *store, const char *run_id, int64_t fence, const char *node_id, int64_t index,
                           struct json_object *state, struct fault *fault) RS_MUST_CHECK;
enum rs_err item_get_state(struct store *store, const char *run_id, const char *node_id, int64_t index,
                           struct json_object **ret, struct fault *fault) RS_MUST_CHECK;

/* items_list - {index,status,attempt,startedAt,finishedAt,durationMs,output,error} of those that have begun, by index.
 * status NULL: any. cursor: opaque, from `next`. *ret: {"items","next","counts":{STATUS:n}}, owned. org NULL: any.
 * RS_NOT_FOUND: no such run or node, another org's; RS_INVALID: bad cursor or status. */
enum rs_err items_list(struct store *store, const char *org, const char *run_id, const char *node_id, const char *status,
                       int limit, const char *cursor, struct json_object **ret, struct fault *fault) RS_MUST_CHECK;

/* For the model itself, inside a transaction. items_close - the node has ended: none runs any more. items_forget - the run
 * starts over. */
enum rs_err items_close(struct db *db, const char *run_id, const char *node_id, struct fault *fault) RS_MUST_CHECK;
enum rs_err items_forget(struct db *db, const char *run_id, struct fault *fault) RS_MUST_CHECK;

#endif
