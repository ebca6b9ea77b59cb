/* runinput - the input of a run from the command line: a JSON object (--input), and NAME=VALUE operands over it. */
#ifndef RUNSPOOL_CLI_RUNINPUT_H
#define RUNSPOOL_CLI_RUNINPUT_H

#include "cli/cli.h"

/* run_input - *ret: owned, NULL when nothing was given. definition: says by its `params` what type a VALUE has; @FILE is
 * a file's content. Says what is wrong itself. */
enum rs_err run_input(const struct cli *cli, struct json_object *definition, struct json_object **ret) RS_MUST_CHECK;

#endif
