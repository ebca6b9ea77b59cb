/* problem - errors as application/problem+json (RFC 9457). */
#ifndef RUNSPOOL_HTTP_PROBLEM_H
#define RUNSPOOL_HTTP_PROBLEM_H

#include "base/buf.h"
#include "base/err.h"
#include "base/json.h"

/* problem_put - append {"type":"about:blank","title","status","code","detail","errors"?}. errors: borrowed array or
 * NULL. Returns out->err. Any thread. */
enum rs_err problem_put(struct buf *out, const struct fault *fault, struct json_object *errors);
const char *http_reason(int status); /* "Not Found" */

#endif
