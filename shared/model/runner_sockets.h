/* runner_sockets - where the runners of a data directory listen: the first one, and those that sit beside it. */
#ifndef RUNSPOOL_MODEL_RUNNER_SOCKETS_H
#define RUNSPOOL_MODEL_RUNNER_SOCKETS_H

#include "conf/datadir.h"
#include <stdbool.h>
#include <sys/un.h>

/* runner_sockets - call fn with the address of each socket there is, until it returns false. Some may be left from runners
 * that died. Any thread. */
typedef bool runner_socket_fn(void *ctx, const struct sockaddr_un *address);
void runner_sockets(const struct datadir *dd, runner_socket_fn *fn, void *ctx);

#endif
