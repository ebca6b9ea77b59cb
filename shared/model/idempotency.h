/* idempotency - answers kept for a day under the client's Idempotency-Key, so that a POST repeated after a lost answer
 * is done once. Threads: as the store. Calls block on the database. */
#ifndef RUNSPOOL_MODEL_IDEMPOTENCY_H
#define RUNSPOOL_MODEL_IDEMPOTENCY_H

#include "model/store.h"

#define IDEMPOTENCY_KEEP_MS (24 * 60 * 60 * 1000LL)
#define IDEMPOTENCY_WORK_MS 60000     /* after so long a request that never answered is taken for dead, wherever it was */
#define IDEMPOTENCY_KEY_MAX 255       /* bytes of a key */
#define IDEMPOTENCY_RESPONSE_MAX (1024 * 1024)
#define IDEMPOTENCY_DONE (-1) /* status of a request that was done, but died before its answer was kept */

/* idempotency_get - has this request been answered already? route: "POST /api/workflows/{id}/run" with its id;
 * request_hash: of the body, any text.
 * Returns: RS_OK, answered: *ret_status and *ret_response (owned, malloc'ed) as they were, or, with the status
 * IDEMPOTENCY_DONE, the response is the stream that the request's change touched first; RS_NOT_FOUND: it was not, or its
 * process died before anything was done, and now the key is the caller's: do the work with store->once set, then
 * idempotency_put, or idempotency_drop when it came to nothing; RS_BUSY: another request with this key is at work;
 * RS_UNPROCESSABLE: the key was used for another request;
 * RS_INVALID: an empty or too long key. */
enum rs_err idempotency_get(struct store *store, const char *org, const char *route, const char *key,
                            const char *request_hash, int *ret_status, char **ret_response, struct fault *fault)
    RS_MUST_CHECK;
/* idempotency_done - inside the transaction that does the work: note that it is done. stream: see idempotency_get. */
enum rs_err idempotency_done(struct store *store, const struct store_once *once, const char *stream, struct fault *fault)
    RS_MUST_CHECK;
/* idempotency_put - keep the answer. response: text of at most IDEMPOTENCY_RESPONSE_MAX bytes (RS_LIMIT). */
enum rs_err idempotency_put(struct store *store, const char *org, const char *route, const char *key, int status,
                            const char *response, struct fault *fault) RS_MUST_CHECK;
/* idempotency_drop - free the key again: the request was refused and may be repeated. */
enum rs_err idempotency_drop(struct store *store, const char *org, const char *route, const char *key,
                             struct fault *fault) RS_MUST_CHECK;

#endif
