/* request - what the doors have in common: which endpoint is asked for, by whom, from where on. Threads: the loop. */
#ifndef RUNSPOOL_BRIDGE_REQUEST_H
#define RUNSPOOL_BRIDGE_REQUEST_H

#include "bridge/door.h"
#include "dialect/dialect.h"
#include "http/access.h"
#include "http/query.h"

#define REQUEST_PATH_MAX 1024
#define REQUEST_FORWARDED_MAX 1024 /* of X-Forwarded-For, all its lines */

/* The texts of a request; members may be NULL where absent. */
struct request_text {
    const char *path, *query;   /* as sent */
    const char *prefix;         /* X-Forwarded-Prefix */
    const char *last_event_id;
    struct access_request access;
};
struct request {
    char path[REQUEST_PATH_MAX]; /* decoded, without the prefix */
    const struct door *door;     /* NULL: not a door's path */
    const struct endpoint *endpoint;
    struct path_params params;
    struct query query;
    struct access access;
    bool refused; /* an error is about who asks: a WebSocket is closed with its own code rather than answered by HTTP */
    struct cursor since;
    int wait_s;
};
struct bridge;

/* request_route - fill in path, door, endpoint and params. RS_NOT_FOUND: a door's path without an endpoint;
 * a path of no door is RS_OK with door NULL. */
enum rs_err request_route(const struct bridge *bridge, const struct request_text *text, struct request *ret,
                          struct fault *fault) RS_MUST_CHECK;
/* request_check - query, since, wait and access of a routed request. RS_INVALID, RS_DENIED, RS_UNAUTHENTICATED. */
enum rs_err request_check(const struct bridge *bridge, const struct request_text *text, struct request *ret,
                          struct fault *fault) RS_MUST_CHECK;
/* request_feed - the feed asked for, not started. The only place where a request looks into the database: a short read.
 * RS_NOT_FOUND: unknown run; RS_BUSY: too many follow it. *ret: owned. */
enum rs_err request_feed(struct bridge *bridge, struct request *request, struct feed **ret, struct fault *fault)
    RS_MUST_CHECK;
void request_release(struct request *request); /* zeroed is fine */

#endif
