/* access - who may ask, decided in one place for every door and for REST. Pure functions, any thread. */
#ifndef RUNSPOOL_HTTP_ACCESS_H
#define RUNSPOOL_HTTP_ACCESS_H

#include "base/err.h"
#include "conf/config.h"
#include "base/id.h"
#include <stdbool.h>

/* What is known of a request; NULL where absent. */
struct access_request {
    const char *method;        /* "GET" */
    const char *peer;          /* address of the connection; "unix" for a Unix socket (a web server on this host) */
    const char *forwarded_for; /* X-Forwarded-For: its last hop counts, when peer is "unix" or in trusted_proxies */
    const char *host, *origin; /* headers */
    bool websocket;
};
struct access { char org[ID_MAX + 1]; };

/* access_check - auth = none: only a loopback client whose Host names loopback or public_url's host, unless
 * auth.none_public; Origin, when sent on WebSocket or an unsafe method, must be same-origin (Host or public_url) or in
 * cors.origins. Returns: RS_OK with ret->org = "default"; RS_DENIED with what to set. */
enum rs_err access_check(const struct config *config, const struct access_request *request, struct access *ret,
                         struct fault *fault) RS_MUST_CHECK;
/* access_trusts - is this peer (may be NULL) one whose X-Forwarded- headers are believed: on this machine, or in
 * trusted_proxies? */
bool access_trusts(const struct config *config, const char *peer);
/* access_cors_origin - the value for Access-Control-Allow-Origin, or NULL (borrowed from origin or static). */
const char *access_cors_origin(const struct config *config, const char *origin);

#endif
