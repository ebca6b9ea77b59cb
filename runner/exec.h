/* exec - runs one program for a node: its lines are told as they come, its output is captured up to a bound, its
 * whole process group is ended when it is stopped or when its first process ends.
 * What is still running in the group EXEC_LINGER_MS after the first process ended is killed.
 * Threads: the loop's. Nothing blocks. */
#ifndef RUNSPOOL_RUNNER_EXEC_H
#define RUNSPOOL_RUNNER_EXEC_H

#include "base/buf.h"
#include "base/mask.h"
#include "runner/child.h"
#include "runner/limits.h"
#include "runner/lines.h"
#include <stddef.h>
#include <stdint.h>
#include <uv.h>

#define EXEC_CAPTURE_MAX (128 * 1024) /* bytes kept of each of stdout and stderr: the first ones */
#define EXEC_STDIN_MAX (1024 * 1024)

#define EXEC_LINGER_MS 1000 /* from the first process's end to KILL for those it left */

enum exec_stream { EXEC_STDOUT, EXEC_STDERR };

struct exec_result {
    int exit_code;          /* -1 when a signal ended it */
    int signal;             /* 0 when it exited */
    bool truncated;         /* more was written than captured */
    int64_t bytes[2];       /* written in all, by enum exec_stream */
    enum limits_which over; /* it was killed for taking more than this limit allows; amount: what it took */
    int64_t amount;
    struct buf captured[2]; /* valid UTF-8; by enum exec_stream; the receiver may buf_take */
    const char *failure;    /* the program could not be started: why, in words; else NULL */
};

struct exec_spec {
    const char *const *argv, *const *envp;
    const char *cwd;
    const char *input; /* stdin; NULL: empty. Copied */
    size_t input_len;
    const struct sandbox *sandbox;
    const struct mask *mask; /* hides values in all that it writes; borrowed until on_done; may be NULL */
    struct limits *limits; /* who watches bound; NULL: nobody */
    struct limits_bound bound;
    const char *mark;      /* as in struct limits_watch; must live until on_done */
    int64_t kill_after_ms; /* from TERM to KILL when stopped */
    void *ctx;
    /* Before the program runs: record its process group. Not RS_OK: it is not run, on_done tells (failure set). */
    enum rs_err (*on_group)(void *ctx, pid_t pgid, struct fault *fault);
    void (*on_line)(void *ctx, enum exec_stream stream, const char *text, size_t len);
    void (*on_done)(void *ctx, struct exec_result *result); /* once; the exec is gone after it returned */
};

struct exec;
/* exec_start - *ret is valid until on_done was called. Returns: RS_OK (on_done will follow); RS_IO, RS_NOMEM (it will
 * not). */
enum rs_err exec_start(uv_loop_t *loop, struct reaper *reaper, const struct exec_spec *spec, struct exec **ret,
                       struct fault *fault) RS_MUST_CHECK;
/* exec_stop - TERM to the group, KILL after kill_after_ms. on_done follows. */
void exec_stop(struct exec *exec);
/* exec_kill - KILL at once. */
void exec_kill(struct exec *exec);

#endif
