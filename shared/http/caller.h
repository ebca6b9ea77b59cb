/* caller - by what one who comes back is known, where a conversation outlives its connection (the assistant console). Under
 * auth = jwt the token's subject; else, or when it names none, a bearer token that is sent all the same, ?client=NAME, or the
 * cookie that a WebSocket handshake sets. A caller is known by a hash of these, so that none of them is stored. Any thread. */
#ifndef RUNSPOOL_HTTP_CALLER_H
#define RUNSPOOL_HTTP_CALLER_H

#include "base/err.h"
#include "base/id.h"
#include "http/access.h"

#define CALLER_COOKIE "runspool_client"
#define CALLER_MAX 32          /* characters of its name */
#define CALLER_COOKIE_MAX 256  /* bytes of a Set-Cookie */

/* What is known of a request; NULL where absent. */
struct caller_request {
    const struct access *access;
    const char *token;  /* of Authorization: Bearer, or of the subprotocol */
    const char *client; /* ?client= */
    const char *cookie; /* the header */
};
struct caller {
    char name[CALLER_MAX + 1];
    char set_cookie[CALLER_COOKIE_MAX]; /* value of a Set-Cookie header to answer with; "" none */
};
/* caller_identify - who is it? Who gives nothing is `fresh`: somebody new, who gets a cookie; else one of those of whom nothing
 * is known, who are all the same. RS_INVALID: client is no id. */
enum rs_err caller_identify(const struct caller_request *request, bool fresh, struct caller *ret,
                            struct fault *fault) RS_MUST_CHECK;

#endif
