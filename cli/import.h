/* import - definitions of other systems, read from files by `runspool workflow import`. */
#ifndef RUNSPOOL_CLI_IMPORT_H
#define RUNSPOOL_CLI_IMPORT_H

#include "cli/cli.h"

/* import_read - the definition in a file ("-": standard input), ours or that of another system (option --from, else found out),
 * whose report is told on standard error, a line a note: "FILE:LINE: step: message". *ret_report: NULL for one of ours. Says what is
 * wrong itself. */
enum rs_err import_read(const struct cli *cli, const char *path, struct json_object **ret, struct json_object **ret_report)
    RS_MUST_CHECK;

#endif
