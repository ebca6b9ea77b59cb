/* completion - what a shell can offer while a command line is typed. */
#ifndef RUNSPOOL_CLI_COMPLETION_H
#define RUNSPOOL_CLI_COMPLETION_H

#include "cli/cli.h"
#include <string.h>

/* completion_print - the script for bash; commands: the table, which ends with name NULL. Returns the exit status. */
int completion_print(const struct cli *cli, const struct command *commands);

#endif
