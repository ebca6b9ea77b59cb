/* proctree - what has come out of this process: its children, theirs and so on, by /proc; with those that were adopted
 * (we are a subreaper). Blocks shortly: some 20 us a process. Any thread. */
#ifndef RUNSPOOL_RUNNER_PROCTREE_H
#define RUNSPOOL_RUNNER_PROCTREE_H

#include "base/err.h"
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#define PROCTREE_MAX 65536 /* processes looked at; more are not seen */

struct proctree_entry {
    pid_t pid, group;
    int threads; /* 1 for a process that ended and was not waited for: it takes a place too */
    bool ended;  /* or is just ending: its memory and environment are gone */
    int top;     /* index of our own child above it; of itself for such */
};
struct proctree {
    struct proctree_entry *list; /* a parent before its children */
    int n, cap, max;
};
/* proctree_read - fill a zeroed or used tree, with at most max processes (PROCTREE_MAX): a tree that grows as fast as
 * it is read would never end. Processes that come and go meanwhile may be missed: look again. Returns: RS_OK, RS_NOMEM
 * (what was found so far is there). */
enum rs_err proctree_read(struct proctree *tree, int max) RS_MUST_CHECK;
void proctree_release(struct proctree *tree);

/* proctree_resident - bytes in memory, counting what is shared with others in full; 0 when it is gone. Cheap. */
int64_t proctree_resident(pid_t pid);
/* proctree_memory - bytes it is to be held responsible for: its own and its share of what it shares (PSS), without
 * files that are merely mapped, with what is swapped out. Costs milliseconds for each GB. Falls back to the other. */
int64_t proctree_memory(pid_t pid);
enum proctree_environ { PROCTREE_UNSET, PROCTREE_OTHER, PROCTREE_SAME };
/* proctree_environ - what has become of `assignment` ("NAME=value") in the environment that the process was started
 * with: not there (or not ours to read), there with another value, just so. */
enum proctree_environ proctree_environ(pid_t pid, const char *assignment);

#endif
