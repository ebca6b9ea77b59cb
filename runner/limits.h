/* limits - watches how many processes and how much memory the tools of a run take, node by node, and kills what takes
 * more than it may. It looks at the tree of processes (proctree.h) every LIMITS_EVERY_MS: the kernel's own limits
 * either count all of a user's processes (RLIMIT_NPROC), or address space that good programs reserve and never use
 * (RLIMIT_AS), or ask for a delegated cgroup, which few containers have. Between two looks a tool can go beyond its
 * limit. What left its node's process group is known by the node's mark in its environment; what cleared that as well
 * counts with the node when there is one alone, else with what finished nodes left, which is under the run's own limit.
 * A child of ours outside a node's group that has ended counts with nobody; what waits for a tool counts with the tool.
 * Threads: the loop's. */
#ifndef RUNSPOOL_RUNNER_LIMITS_H
#define RUNSPOOL_RUNNER_LIMITS_H

#include "base/err.h"
#include "runner/child.h"
#include <stdint.h>
#include <uv.h>

#define LIMITS_EVERY_MS 50
#define LIMITS_KILL_MS 5 /* between two looks while something is being killed */
#define LIMITS_SHARE 10  /* at most one in so many milliseconds is spent on looking */

struct limits_bound {
    int64_t processes; /* with their threads; 0: no limit */
    int64_t memory;    /* bytes; 0: no limit */
};
enum limits_which { LIMITS_NONE, LIMITS_PROCESSES, LIMITS_MEMORY };

/* One tool. Owned by who watches, and left alone between limits_add and limits_remove. */
struct limits_watch {
    pid_t leader;     /* its first process, also its group */
    const char *mark; /* "NAME=value" in the environment of all that is its; NULL: none */
    struct limits_bound bound;
    /* Its processes are being killed. Called once, from the loop. amount: what was counted. */
    void (*on_over)(void *ctx, enum limits_which which, int64_t amount);
    void *ctx;
    int64_t seen_processes, seen_memory; /* of the look under way */
    bool over;
    struct limits_watch *next;
};

struct limits;
/* limits_new - bound: for what nodes that are done have left running. on_leftovers: such were killed. */
enum rs_err limits_new(uv_loop_t *loop, struct reaper *reaper, const struct limits_bound *bound,
                       void (*on_leftovers)(void *ctx, enum limits_which which, int64_t amount), void *ctx,
                       struct limits **ret, struct fault *fault) RS_MUST_CHECK;
void limits_free(struct limits *limits); /* asks the loop to close its handle; NULL is fine */
void limits_add(struct limits *limits, struct limits_watch *watch);
/* limits_remove - one that was not added is fine. Of one that went over its bound the rest is killed. */
void limits_remove(struct limits *limits, struct limits_watch *watch);

#endif
