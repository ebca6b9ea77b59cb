/* response - what is answered, kept until it is complete, then written at once (CGI form, RFC 3875, section 6).
 * Used by one thread. */
#ifndef RUNSPOOL_FCGI_RESPONSE_H
#define RUNSPOOL_FCGI_RESPONSE_H

#include "base/buf.h"
#include "base/json.h"
#include "exchange.h"

#define RESPONSE_BODY_MAX (32 * 1024 * 1024)
#define RESPONSE_HEADERS_MAX (16 * 1024)

struct response {
    int status;
    const char *type;   /* of the body; static storage */
    const char *cache;  /* Cache-Control; static storage */
    struct buf headers; /* further ones, each ended by CR LF */
    struct buf body;
    int file; /* the body instead, taken over; -1: none */
    long long file_bytes;
};
void response_init(struct response *response);
void response_release(struct response *response);
/* response_header - add one; value must not come unchecked from outside: control characters become '?'. */
void response_header(struct response *response, const char *name, const char *value);
/* response_json - the status and a JSON body. value: borrowed; NULL: none (204). */
enum rs_err response_json(struct response *response, int status, struct json_object *value) RS_MUST_CHECK;
/* response_problem - forget what there is, answer this error. errors: borrowed, may be NULL. */
void response_problem(struct response *response, const struct fault *fault, struct json_object *errors);
/* response_write - send it. head: HEAD, no body. false: nobody listens. */
bool response_write(const struct response *response, struct exchange *ex, bool head);

#endif
