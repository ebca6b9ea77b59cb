/* model_usage - what a run's models were asked and what that cost, by node, in all attempts.
 * Threads: as the store. Calls block on the database. */
#ifndef RUNSPOOL_MODEL_MODEL_USAGE_H
#define RUNSPOOL_MODEL_MODEL_USAGE_H

#include "model/store.h"

struct model_usage {
    int64_t requests, prompt_tokens, completion_tokens;
    int64_t cost;     /* millionths of a US dollar */
    int64_t unpriced; /* requests to a model whose price is not known; not in cost */
};
void model_usage_sum(struct model_usage *to, const struct model_usage *more);
/* model_usage_add - count this for a node of a running run. RS_CONFLICT: the fence is old. */
enum rs_err model_usage_add(struct store *store, const char *run_id, int64_t fence, const char *node_id,
                            const struct model_usage *usage, struct fault *fault) RS_MUST_CHECK;
/* model_usage_of_run - the sum of all nodes; zeros when there is none. */
enum rs_err model_usage_of_run(struct db *db, const char *run_id, struct model_usage *ret, struct fault *fault)
    RS_MUST_CHECK;
/* model_usage_json - {requests,promptTokens,completionTokens,totalTokens,costUsd}, owned by the caller. costUsd: null when
 * the price of a request is not known. */
struct json_object *model_usage_json(const struct model_usage *usage);

#endif
