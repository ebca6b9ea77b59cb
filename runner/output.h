/* output - keeps a node's output within RUN_OUTPUT_MAX. Pure function, any thread. */
#ifndef RUNSPOOL_RUNNER_OUTPUT_H
#define RUNSPOOL_RUNNER_OUTPUT_H

#include "base/err.h"
#include "base/json.h"

/* output_fit - an output that is too large is cut where it is text: the longest string members of the object get
 * shorter until it fits, and `truncated` becomes true. Returns: RS_OK; RS_LIMIT when text alone does not help. */
enum rs_err output_fit(struct json_object *output, size_t max, struct fault *fault) RS_MUST_CHECK;

#endif
