/* model_ask - one question to the instance's model endpoint, for nodes that need a verdict and no conversation; and the
 * count of what a node's requests cost. Threads: the loop's. */
#ifndef RUNSPOOL_RUNNER_NODES_MODEL_ASK_H
#define RUNSPOOL_RUNNER_NODES_MODEL_ASK_H

#include "model/model_usage.h"
#include "runner/chat.h"
#include "runner/execution.h"
#include "runner/price.h"

/* model_count - note what an answer cost with the run; sum (may be NULL) gets it too. What cannot be written ends the
 * process, as every write does. messages: what was asked, for an endpoint that does not tell its tokens: four bytes are
 * one then. */
void model_count(struct node *node, const struct price *price, struct json_object *messages, struct chat_parts *parts,
                 struct model_usage *sum);

struct model_ask;
/* answer as in chat_watch.on_done; the ask is gone after it. */
typedef void model_ask_fn(void *ctx, struct chat_answer *answer);
/* model_ask_start - body: {messages,...} without a model; borrowed, changed. model NULL or "": model.default. fn is
 * called once, later, at the latest after timeout_ms, with RS_TIMEOUT then. RS_NOT_FOUND: no endpoint or no model is
 * configured. */
enum rs_err model_ask_start(struct node *node, const char *model, struct json_object *body, int64_t timeout_ms,
                            model_ask_fn *fn, void *ctx, struct model_ask **ret, struct fault *fault) RS_MUST_CHECK;
void model_ask_abort(struct model_ask *ask); /* fn is not called; NULL is fine */

#endif
