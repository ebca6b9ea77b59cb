/* urltext - writes queries and forms (application/x-www-form-urlencoded, WHATWG URL Standard, section 5.2).
 * Pure functions, any thread. */
#ifndef RUNSPOOL_RUNNER_URLTEXT_H
#define RUNSPOOL_RUNNER_URLTEXT_H

#include "base/buf.h"
#include "base/json.h"

#define URLTEXT_MAX (64 * 1024)

/* urltext_form - append "a=1&b=x+y". fields: an object; an array as value repeats its name, null leaves it out, other
 * values that are no strings are given as JSON. Returns out->err. */
enum rs_err urltext_form(struct buf *out, struct json_object *fields);
/* urltext_with_query - append url with the fields added to its query, in front of a fragment. fields may be NULL. */
enum rs_err urltext_with_query(struct buf *out, const char *url, struct json_object *fields);

#endif
