/* sandbox - keeps a tool's processes away from the instance's data directory, the run's own work and artifacts folders
 * excepted. The first of these ways that the machine allows is taken:
 *   namespace  a mount namespace of its own (in a user namespace unless we are root) where an empty, read-only file
 *              system covers the data directory and the two folders are bound into it. For root the capabilities that
 *              could undo this are given up. Sockets of the instance are out of reach too.
 *   landlock   Landlock rules (Linux 5.13) for everything beside the data directory. Folders above it can then be
 *              passed through, but neither listed nor changed, and Unix sockets can still be connected to. Root gives up
 *              the same capabilities.
 * When neither works a sandbox cannot be made, and tools fail with that message; runner.sandbox = none does without,
 * and every run says so in its log. What is outside the data directory is guarded by the user's permissions alone. */
#ifndef RUNSPOOL_RUNNER_SANDBOX_H
#define RUNSPOOL_RUNNER_SANDBOX_H

#include "base/err.h"
#include <limits.h>
#include <stdbool.h>

#define SANDBOX_ENTRIES_MAX 20000 /* neighbours of the data directory that landlock can name */

enum sandbox_way { SANDBOX_NAMESPACE, SANDBOX_LANDLOCK };

struct sandbox {
    enum sandbox_way way;
    bool root;           /* we are root: no user namespace, but capabilities to give up */
    char data[PATH_MAX]; /* the data directory, resolved */
    char runs[PATH_MAX], run[PATH_MAX], work[PATH_MAX], artifacts[PATH_MAX];
    char uid_map[64], gid_map[64];
    int ruleset_fd; /* SANDBOX_LANDLOCK */
};

/* sandbox_open - find a way that works, by trying it in a child process, and prepare it.
 * data: the data directory; run_id's folders work and artifacts exist. Returns: RS_OK, sandbox_close later; RS_DENIED
 * when this machine allows no way (message says what was tried), RS_IO. Blocks for some milliseconds. */
enum rs_err sandbox_open(struct sandbox *sandbox, const char *data, const char *run_id,
                         struct fault *fault) RS_MUST_CHECK;
/* sandbox_open_way - the same with the way given, for tests. */
enum rs_err sandbox_open_way(struct sandbox *sandbox, enum sandbox_way way, const char *data, const char *run_id,
                             struct fault *fault) RS_MUST_CHECK;
void sandbox_close(struct sandbox *sandbox);
const char *sandbox_way_name(enum sandbox_way way);

/* sandbox_enter - confine the calling process, for good. Only for a forked child that has a single thread; uses nothing
 * but system calls. Returns: 0, or an errno. */
int sandbox_enter(const struct sandbox *sandbox) RS_MUST_CHECK;

#endif
