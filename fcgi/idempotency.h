/* idempotency - the header Idempotency-Key of POST: the same request sent again gets the first one's answer and does
 * nothing a second time (see model/idempotency.h for how long). */
#ifndef RUNSPOOL_FCGI_IDEMPOTENCY_H
#define RUNSPOOL_FCGI_IDEMPOTENCY_H

#include "routes.h"

/* answer_once - run the route's handler unless the key has an answer already, which is then given again.
 * RS_INVALID (bad key); RS_UNPROCESSABLE: the key was used with another body; RS_BUSY: the first request is still at
 * work; else as the handler. An error is not kept: the request may be sent again. */
enum rs_err answer_once(struct call *call, const struct route *route, const char *key, const struct buf *body,
                        struct fault *fault) RS_MUST_CHECK;

#endif
