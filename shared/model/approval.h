/* approval - nodes that wait for a person. The request is a row of its own beside the node, so that whoever decides needs
 * no process of the run: the decision is stored with its event, once, and the run's process picks it up, or the next one
 * that executes the run does. Threads: as the store. Calls block on the database. */
#ifndef RUNSPOOL_MODEL_APPROVAL_H
#define RUNSPOOL_MODEL_APPROVAL_H

#include "model/run.h"

#define APPROVAL_TEXT_MAX 4000         /* bytes of message, comment; a longer message is cut */
#define APPROVAL_NAME_MAX 200          /* bytes of who decided */
#define APPROVAL_DATA_MAX (64 * 1024)  /* bytes of the data as JSON */

/* A decision is {approved,by,comment,at,data}: the node's output. by, comment and data may be null. */

/* approval_request - the node (running) waits for a person from now on: node.waiting and, when it asks for the first time,
 * approval.requested. What was asked before its run's process died stands, with its deadline; so does a decision.
 * message: valid UTF-8; deadline_ms: wall clock, 0 none. *ret_deadline_ms: the one that counts.
 * *ret: a decision made already, owned (the node still runs then), else NULL. RS_CONFLICT: old fence. */
enum rs_err approval_request(struct store *store, const char *run_id, int64_t fence, const char *node_id,
                             const char *message, int64_t deadline_ms, int64_t *ret_deadline_ms,
                             struct json_object **ret, struct fault *fault) RS_MUST_CHECK;
/* approval_look - *ret: the decision, owned, or NULL. Does not wait for writers. */
enum rs_err approval_look(struct store *store, const char *run_id, const char *node_id, struct json_object **ret,
                          struct fault *fault) RS_MUST_CHECK;
/* approval_decide - org NULL: any. by, comment, data: may be NULL. Pokes the run's process. *ret: the decision, owned.
 * RS_NOT_FOUND: no such run or node, another org's; RS_CONFLICT: it is decided already, or does not wait; RS_LIMIT. */
struct approval_answer {
    bool approved;
    const char *by, *comment;
    struct json_object *data;
};
enum rs_err approval_decide(struct store *store, const char *org, const char *run_id, const char *node_id,
                            const struct approval_answer *answer, struct json_object **ret,
                            struct fault *fault) RS_MUST_CHECK;
/* approval_expire - the deadline is over: decide so, unless a person was faster. approved NULL: nobody decides, and nobody
 * can any more. *ret: the decision that counts, owned; NULL: none. */
enum rs_err approval_expire(struct store *store, const char *run_id, int64_t fence, const char *node_id,
                            const bool *approved, struct json_object **ret, struct fault *fault) RS_MUST_CHECK;

/* approval_list - what waits, oldest first: {runId,workflowId,name,nodeId,message,requestedAt,deadline}. cursor: opaque,
 * from `next`; NULL: from the start. *ret: {"items","next"}, owned. RS_INVALID: bad cursor. */
enum rs_err approval_list(struct store *store, const char *org, int limit, const char *cursor, struct json_object **ret,
                          struct fault *fault) RS_MUST_CHECK;

/* For the model itself, inside a transaction. approval_close - the node has ended: nobody can decide any more.
 * approval_forget - the run starts over. */
enum rs_err approval_close(struct db *db, const char *run_id, const char *node_id, struct fault *fault) RS_MUST_CHECK;
enum rs_err approval_forget(struct db *db, const char *run_id, struct fault *fault) RS_MUST_CHECK;

#endif
