/* routes - one const table a program: method, pattern, function. It drives dispatching, 405 with Allow, OPTIONS,
 * CORS and the list that GET /api gives. A new route is one row and one function. */
#ifndef RUNSPOOL_FCGI_ROUTES_H
#define RUNSPOOL_FCGI_ROUTES_H

#include "base/err.h"
#include "http/access.h"
#include "http/query.h"
#include "request.h"
#include "response.h"
#include <stdint.h>

struct worker;

/* A request on its way through a handler. */
struct call {
    struct worker *worker;
    struct request *request;
    struct response *response;
    struct access access;       /* who asks */
    struct path_params params;  /* of the pattern */
    const char *rest;           /* of a pattern that ends in "..." */
    struct json_object *body;   /* of POST and PUT; NULL: empty. Borrowed */
    const struct buf *text;     /* instead, of a route that takes any text */
    struct json_object *errors; /* array for the problem's `errors`; borrowed */
    const struct route *route;  /* NULL: none was found */
    const char *counted;        /* "METHOD PATH" is counted for this path, static, in place of the route's pattern */
    const char *counted_below;  /* what follows it, static; NULL: nothing */
    int64_t held_us;            /* that it waited for something to say: no part of what is counted as its time */
};

/* A handler fills call->response, or returns an error with its fault, which becomes a problem. */
typedef enum rs_err route_fn(struct call *call, struct fault *fault);

/* Answer a request with an Idempotency-Key that was done, but whose answer was lost, from what it did. stream: the one that
 * its change touched first. */
typedef enum rs_err route_done_fn(struct call *call, const char *stream, struct fault *fault);

struct route {
    const char *method;
    const char *pattern; /* "/api/runs/{id}"; "/api/poll..." also matches everything below; a last
                          * "{name...}" takes what is left of the path, which goes to call->rest without its slash */
    route_fn *handler;
    const char *description;
    const char *scope; /* least one that may: viewer, operator, editor, admin; "": anyone */
    route_done_fn *done; /* of POST routes whose work is a change with events; NULL: others */
};

struct program {
    const char *name;        /* "api.fcgi" */
    const char *description; /* one line for --help */
    const struct route *routes;
    unsigned n_routes;
    const char *any_text; /* pattern of the route whose body need not be JSON: call->text; NULL: none */
    const char *root; /* first segment of its paths; NULL: "/api" */
    bool by_signature; /* its requests prove themselves: no access check, and handlers read the body as it is */
};

/* program_serve - answer one request, whatever it is. */
void program_serve(const struct program *program, struct worker *worker, struct exchange *ex);

/* call_id - the path parameter, checked to be an id. RS_NOT_FOUND naming `what` when it cannot be one. */
enum rs_err call_id(struct call *call, const char *name, const char *what, const char **ret,
                    struct fault *fault) RS_MUST_CHECK;
/* call_error - add {...member: value, "code","message"} to call->errors; member may be NULL. */
void call_error(struct call *call, const char *member, const char *value, const char *code, const char *message);

#endif
