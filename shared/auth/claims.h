/* claims - what a token whose signature is right says: who, of which org, with which scope, crews, until when.
 * Pure function, any thread. */
#ifndef RUNSPOOL_AUTH_CLAIMS_H
#define RUNSPOOL_AUTH_CLAIMS_H

#include "base/json.h"
#include "conf/config.h"
#include "http/access.h"

#define CLAIMS_EARLY_MS 10000 /* a token may be that much younger than our clock says (nbf); at exp it ends at once */
#define CLAIMS_ORG_DEFAULT "default" /* of a token that names no org: all there is with auth = none */

/* claims_read - sub, org, scope (words separated by blanks, or an array; others than ours are passed over; absent:
 * viewer), crews (the same; absent: all of the org), exp, nbf, and iss and aud as auth.issuer and auth.audience want.
 * now_ms: wall clock. RS_UNAUTHENTICATED with what is wrong; RS_NOMEM. *ret: access_release. */
enum rs_err claims_read(struct json_object *claims, const struct config *config, int64_t now_ms, struct access *ret,
                        struct fault *fault) RS_MUST_CHECK;

#endif
