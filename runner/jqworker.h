/* jqworker - the run process's side of `runspool-runner --jq` (jqchild.h): requests go out in order, answers come back
 * by callback on the loop. A child that takes longer than JQ_WALL_MS for one request, or dies of its limits, is
 * replaced; that request fails, the next ones are asked of the new one. The child is started by the first request.
 * Threads: the loop's. Nothing blocks. */
#ifndef RUNSPOOL_RUNNER_JQWORKER_H
#define RUNSPOOL_RUNNER_JQWORKER_H

#include "base/err.h"
#include "base/json.h"
#include "model/secret.h"
#include "runner/child.h"
#include <uv.h>

#define JQ_WALL_MS 10000 /* several times the CPU limit: the machine may be busy */

struct jqworker;
/* value: owned by the receiver (NULL is JSON null) and only with fault->code RS_OK; else RS_INVALID or RS_LIMIT. */
typedef void jqworker_fn(void *ctx, struct json_object *value, const struct fault *fault);

/* jqworker_new - context: {input,nodes,session,env}, a reference is kept; it is read again for each new child, so the
 * caller keeps it up to date. */
enum rs_err jqworker_new(uv_loop_t *loop, struct reaper *reaper, struct json_object *context, struct jqworker **ret,
                         struct fault *fault) RS_MUST_CHECK;
/* jqworker_set_secrets - what `$secrets` holds; borrowed for as long as the worker. Before the first request. They go to the
 * child by its pipe. */
void jqworker_set_secrets(struct jqworker *w, const struct secret *secrets);
/* jqworker_node_changed - .nodes[node_id] of the context is another now. */
void jqworker_node_changed(struct jqworker *w, const char *node_id);
/* jqworker_render, jqworker_eval - see jqchild.h. data, program, with: copied. with: members the context has for this
 * one request only, an object; NULL: none. fn is called later, exactly once, unless the worker is freed first. */
void jqworker_render(struct jqworker *w, struct json_object *data, struct json_object *with, jqworker_fn *fn, void *ctx);
void jqworker_eval(struct jqworker *w, const char *program, struct json_object *with, jqworker_fn *fn, void *ctx);
/* jqworker_free - ends the child; pending requests are dropped. The loop must run on for its handles to close. */
void jqworker_free(struct jqworker *w);

#endif
