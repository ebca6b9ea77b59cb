/* credential - which of a request's texts says who asks: Authorization, the subprotocol pair, a ticket, the session
 * cookie, in this order; the first that is there decides. Pure functions, any thread. */
#ifndef RUNSPOOL_AUTH_CREDENTIAL_H
#define RUNSPOOL_AUTH_CREDENTIAL_H

#include "http/access.h"
#include <stddef.h>

#define CREDENTIAL_COOKIE "runspool_session"

enum credential_kind { CREDENTIAL_NONE, CREDENTIAL_TOKEN, CREDENTIAL_TICKET };
struct credential {
    enum credential_kind kind;
    const char *text; /* borrowed from the request */
    size_t len;
    const char *cookies; /* it is a session cookie's: what follows it in the header; else NULL */
};

/* credential_find - RS_OK, perhaps with CREDENTIAL_NONE; RS_UNAUTHENTICATED: a token in the address. A
 * cookie counts only when nothing says that another origin's page is asking. */
enum rs_err credential_find(const struct config *config, const struct access_request *request, struct credential *ret,
                            struct fault *fault) RS_MUST_CHECK;
/* credential_next_cookie - after a session cookie, the next: an instance below a path of this host, or another host of the
 * same domain, may have put one there too. false: there is none. */
bool credential_next_cookie(struct credential *credential);
/* credential_offered - the token among offered subprotocols ("token, JWT"): *ret_len 0 when there is none. */
const char *credential_offered(const char *protocols, size_t *ret_len);

#endif
