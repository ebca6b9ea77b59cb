/* jqcheck - checks every jq text of a definition in a short-lived child (`runspool-runner --jq-check`, CPU and memory
 * limited), never in this process. */
#ifndef RUNSPOOL_MODEL_JQCHECK_H
#define RUNSPOOL_MODEL_JQCHECK_H

#include "base/err.h"
#include "base/json.h"

/* jqcheck_definition - adds {nodeId?|edgeId?,code:"expression",message} to errors for each template, `expression` or edge
 * condition that does not compile, and for templates inside program text. Nothing to check: no child is started.
 * Returns: RS_OK (none added), RS_UNPROCESSABLE (some added), RS_IO, RS_TIMEOUT (5 s). Blocks. Any thread. */
enum rs_err jqcheck_definition(struct json_object *definition, struct json_object *errors, struct fault *fault)
    RS_MUST_CHECK;

#define JQ_ONCE_INPUT_MAX (64 * 1024 * 1024) /* bytes of input and program together, as JSON */
/* jq_once - what a program gives for an input, in such a child (about 30 ms). secrets: what `$secrets` holds; NULL: nothing.
 * *ret: owned, NULL for null. RS_UNPROCESSABLE: it failed, in jq's words; RS_LIMIT (the input is too long, or the program takes too
 * much memory), RS_TIMEOUT (too much time), RS_IO. Blocks. Any thread. */
enum rs_err jq_once(const char *program, struct json_object *input, struct json_object *secrets, struct json_object **ret,
                    struct fault *fault) RS_MUST_CHECK;

#endif
