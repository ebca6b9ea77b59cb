/* handshake - decide about a WebSocket's handshake: everything that is answered by an HTTP error is so before the upgrade.
 * Threads: the loop only. */
#ifndef RUNSPOOL_BRIDGE_HANDSHAKE_H
#define RUNSPOOL_BRIDGE_HANDSHAKE_H

#include "bridge/assist.h"
#include "bridge/http_head.h"
#include "bridge/request.h"

/* handshake_check - what is asked for, and may it be? request: zeroed; filled in as far as it went, and to be released, in any case.
 * ret_feed: owned, not started; NULL for the native endpoint, and where the run is still to be looked for (ws_adopt).
 * ret_actions: who acts, for an endpoint that takes actions (request->endpoint->actions); borrows from request.
 * Returns: RS_OK, or why not; with request->refused that is told by closing the WebSocket, else by HTTP.
 * A short read of the database, as request_feed. */
enum rs_err handshake_check(struct bridge *bridge, const struct http_head *head, const char *peer, struct request *request,
                            struct feed **ret_feed, struct assist_opening *ret_actions, struct fault *fault) RS_MUST_CHECK;

#endif
