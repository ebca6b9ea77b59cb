/* uplock - DIR/run/up.pid: locked by the `runspool up` of a data directory for as long as it lives, so that the pid in
 * it can be believed. Blocks on the disk only. */
#ifndef RUNSPOOL_CLI_UPLOCK_H
#define RUNSPOOL_CLI_UPLOCK_H

#include "conf/datadir.h"
#include <sys/types.h>

/* uplock_take - become the one `up`, and write this process's pid. *ret_fd: to be held until uplock_release; it is
 * closed on exec. RS_CONFLICT: another holds it; RS_IO. */
enum rs_err uplock_take(const struct datadir *dd, int *ret_fd, struct fault *fault) RS_MUST_CHECK;
void uplock_release(const struct datadir *dd, int fd); /* removes the file; -1 is fine */
/* uplock_holder - the pid of the living `up`, 0 when there is none. Takes no lock, so it disturbs nobody. */
pid_t uplock_holder(const struct datadir *dd);

#endif
