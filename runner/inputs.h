/* inputs - what a run was given, made ready for its nodes: secrets opened, files written. Threads: the loop's. */
#ifndef RUNSPOOL_RUNNER_INPUTS_H
#define RUNSPOOL_RUNNER_INPUTS_H

#include "runner/execution.h"

/* inputs_open - *ret: the `input` of jq, owned. A file of the input is written to work/inputs/PARAM/NAME and is {name, bytes,
 * path} then. RS_CONFLICT, RS_UNPROCESSABLE: a secret cannot be opened; RS_IO, RS_INVALID: a file cannot be written. Blocks on
 * the disk. */
enum rs_err inputs_open(struct execution *x, struct json_object **ret, struct fault *fault) RS_MUST_CHECK;
/* inputs_shown - the same as people may see it, owned: what a trigger gives. */
struct json_object *inputs_shown(const struct execution *x);

#endif
