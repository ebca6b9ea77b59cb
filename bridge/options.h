/* options - the command line of runspool-bridge. */
#ifndef RUNSPOOL_BRIDGE_OPTIONS_H
#define RUNSPOOL_BRIDGE_OPTIONS_H

#include "bridge/front.h"
#include <stdbool.h>

#define OPTIONS_SET_MAX 64

struct options {
    const char *data;                               /* NULL: the default */
    const char *listen[FRONT_LISTENERS_MAX];        /* none: DIR/bridge.sock */
    int n_listen;
    const char *set[OPTIONS_SET_MAX + 1];           /* "key=value", NULL-terminated */
    int n_set;
    bool test;
};
/* options_parse - argv's strings are borrowed. Returns -1 to go on, else the exit status (--help and --version have been
 * printed, or what is wrong has been said). */
int options_parse(struct options *options, int argc, char **argv);

#endif
