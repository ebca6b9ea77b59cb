/* definition - workflow definitions from files, checked as the API checks them. */
#ifndef RUNSPOOL_CLI_DEFINITION_H
#define RUNSPOOL_CLI_DEFINITION_H

#include "cli/cli.h"

/* definition_read - a definition (a JSON object) from a file, or standard input for "-". Says what is wrong itself. */
enum rs_err definition_read(const struct cli *cli, const char *path, struct json_object **ret) RS_MUST_CHECK;
/* definition_check - graph and jq; each problem is one line on standard error, "NAME: node clone: ...". */
enum rs_err definition_check(const struct cli *cli, const char *name, struct json_object *definition) RS_MUST_CHECK;
/* definition_errors - print problems ({nodeId?,edgeId?,param?,code,message}) that way. */
void definition_errors(const struct cli *cli, const char *name, struct json_object *errors);

#endif
