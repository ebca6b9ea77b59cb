/* renew - a live connection goes on with a new token of the same person. Threads: the loop only. */
#ifndef RUNSPOOL_BRIDGE_RENEW_H
#define RUNSPOOL_BRIDGE_RENEW_H

#include "base/json.h"
#include "bridge/subscriber.h"

/* renew_token - from now on this token counts, for how long and for what. With auth = none nothing happens.
 * RS_UNAUTHENTICATED: it is not good; RS_DENIED: it is another's, and the old one still counts; RS_BUSY: its key is being
 * asked for. A token that may no longer follow what is followed ends the subscriber (RS_OK). */
enum rs_err renew_token(struct subscriber *sub, const char *token, struct fault *fault) RS_MUST_CHECK;
/* renew_message - the same by a message of a dialect, {"type":"auth","token"}: answered with {"type":"auth","status":"ok"} or
 * with an error. false: it is another message. */
bool renew_message(struct subscriber *sub, struct json_object *message);

#endif
