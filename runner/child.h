/* child - starts one process, and says when a process ended. The new process leads a group of its own and waits at a
 * gate, so that its group can be recorded before any of its code runs; it dies when its parent does.
 * Threads: the loop's. */
#ifndef RUNSPOOL_RUNNER_CHILD_H
#define RUNSPOOL_RUNNER_CHILD_H

#include "base/err.h"
#include "runner/sandbox.h"
#include <stdbool.h>
#include <sys/types.h>
#include <uv.h>

/* Limits of a tool's processes. No bound on memory: many good programs reserve far more address space than they use;
 * what they do use is watched (limits.h). */
#define CHILD_NOFILE_MAX 4096
#define CHILD_NPROC_MAX 4096
#define CHILD_FSIZE_MAX (16LL * 1024 * 1024 * 1024)
#define CHILD_NICE 10 /* whoever must see and end a fork bomb gets the processor before its thousands of processes */
#define CHILD_OOM_SCORE "500" /* when the machine has no memory left, tools go before Runspool and its neighbours */

struct child_spec {
    const char *const *argv;       /* argv[0] is looked up in envp's PATH unless it holds a slash */
    const char *const *envp;       /* all of the environment */
    const char *cwd;               /* NULL: stay */
    int stdio[3];                  /* our descriptors that become 0, 1, 2; -1 gives /dev/null */
    const struct sandbox *sandbox; /* NULL: none */
    bool limits;                   /* set the limits above */
};

/* What a child that could not start its program says on status_fd. */
struct child_failure {
    char what[32]; /* "cwd", "sandbox", "exec" */
    int err;       /* errno */
};

struct child {
    pid_t pid;     /* also its process group */
    int gate_fd;   /* child_open_gate, or close it: the child goes away without having run anything */
    int status_fd; /* non-blocking; one struct child_failure, or end of file once the program runs */
};
/* child_start - fork. Everything in spec is borrowed and no longer needed after return; the caller closes its own
 * copies of stdio. Returns: RS_OK, RS_IO. */
enum rs_err child_start(const struct child_spec *spec, struct child *ret, struct fault *fault) RS_MUST_CHECK;
/* child_open_gate - let it run; closes gate_fd. */
void child_open_gate(struct child *child);

/* Who ended: one reaper a process. Children nobody watches (adopted ones) are reaped too. */
typedef void reaper_fn(void *ctx, int wait_status);
struct reaper;
enum rs_err reaper_new(uv_loop_t *loop, struct reaper **ret, struct fault *fault) RS_MUST_CHECK;
void reaper_free(struct reaper *reaper); /* asks the loop to close its handle; NULL is fine */
/* reaper_watch - call fn once when pid ended. RS_NOMEM, RS_LIMIT (more than 4096 at once). */
enum rs_err reaper_watch(struct reaper *reaper, pid_t pid, reaper_fn *fn, void *ctx) RS_MUST_CHECK;
void reaper_forget(struct reaper *reaper, pid_t pid); /* its end is no longer told */
bool reaper_watches(const struct reaper *reaper, pid_t pid);

#endif
