/* hook - webhooks: deliveries that are proven, taken once, and start the workflows whose trigger of kind `webhook` they match.
 * What came is kept: counters per source, and the newest deliveries (HOOK_KEEP). Each source's state is told in stream `webhooks`.
 * Times are wall clock, ms, and given. Threads: as the store. Calls block on the database. */
#ifndef RUNSPOOL_MODEL_HOOK_H
#define RUNSPOOL_MODEL_HOOK_H

#include "base/id.h"
#include "model/store.h"

#define HOOK_TOLERANCE_MS (5 * 60 * 1000LL)         /* how far the signed time of a delivery may be from now */
#define HOOK_SEEN_MS (7 * 24 * 3600 * 1000LL)       /* a delivery's id is refused a second time for so long */
#define HOOK_KEEP 1000                              /* deliveries kept of each source, and as many that were refused: anybody can send such */
#define HOOK_DELIVERY_MAX 200                       /* bytes of a delivery's id; a longer one is taken by its hash */
#define HOOK_EVENT_MAX 100

/* A request as it came. Headers are NULL when absent. All borrowed. */
struct hook_request {
    const char *github_signature, *github_event, *github_delivery; /* X-Hub-Signature-256, X-GitHub-... */
    const char *signature, *timestamp, *event, *delivery;          /* X-Signature, X-Timestamp, X-Event, X-Delivery */
    const void *body;
    size_t len;
};
/* What it proved to be. */
struct hook_proof {
    char delivery[HOOK_DELIVERY_MAX + 1]; /* its id; without one, its signature */
    char signature[80];                   /* hexadecimal */
    char event[HOOK_EVENT_MAX + 1];       /* "": none */
    bool timed;                           /* its time is signed, too */
};
/* hook_verify - is it from who knows the secret? GitHub: HMAC-SHA256 of the body, `sha256=` and hexadecimal digits. Generic: the
 * same in X-Signature, with or without `sha256=`; with X-Timestamp (seconds since 1970) of "TIMESTAMP.BODY". Compares in
 * constant time. *ret_reason: static word for the counters: unsigned, signature, timestamp. Pure. RS_UNAUTHENTICATED. */
enum rs_err hook_verify(const char *secret, const struct hook_request *request, int64_t now_ms, struct hook_proof *ret,
                        const char **ret_reason, struct fault *fault) RS_MUST_CHECK;

/* hook_sync - inside the transaction that saves, or deletes (definition NULL), a workflow: make the rows what its triggers say. */
enum rs_err hook_sync(struct db *db, const char *org, const char *workflow_id, struct json_object *definition,
                      struct fault *fault) RS_MUST_CHECK;

/* A proven delivery. */
struct hook_delivery {
    const char *org, *source;
    const struct hook_proof *proof;
    struct json_object *headers, *body; /* borrowed; body may be NULL */
    int64_t bytes;
};
/* hook_deliver - start the workflows it matches, once: *ret is {deliveryId, event?, runs:[{runId, workflowId, nodeId}]}, owned.
 * A workflow that cannot be started with it is in `failed`: [{workflowId, message}]. Input of the runs: {source, event,
 * deliveryId, headers, body}. RS_CONFLICT: this delivery was taken before; RS_BUSY, RS_IO: it is not taken, and may come again. */
enum rs_err hook_deliver(struct store *store, const struct hook_delivery *delivery, int64_t now_ms, struct json_object **ret,
                         struct fault *fault) RS_MUST_CHECK;
/* hook_reject - note that one was refused. reason: a word; delivery, event: may be NULL, unproven. */
enum rs_err hook_reject(struct store *store, const char *org, const char *source, const char *reason, const char *delivery,
                        const char *event, int64_t bytes, int64_t now_ms, struct fault *fault) RS_MUST_CHECK;

/* hook_status - {"sources":[{source,received,accepted,rejected:{reason:n},last_delivery,last_run}]}, owned: those that had a
 * delivery or that a trigger waits for. */
enum rs_err hook_status(struct store *store, const char *org, struct json_object **ret, struct fault *fault) RS_MUST_CHECK;
/* hook_list - deliveries, newest first: {"items":[{id,source,receivedAt,deliveryId,event,outcome,reason?,runs,bytes}],"next"}.
 * source: NULL: all. cursor: an item's id, NULL: from the newest. RS_INVALID: no such cursor. */
enum rs_err hook_list(struct store *store, const char *org, const char *source, int limit, const char *cursor,
                      struct json_object **ret, struct fault *fault) RS_MUST_CHECK;

#endif
