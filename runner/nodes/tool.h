/* tool - what the kinds that run programs (shell, script, git_clone) share: environment, sandbox, limits, output.
 * A tool sees PATH, HOME (its run's work folder), LANG, RUNSPOOL_RUN_ID, RUNSPOOL_NODE_ID and what its node's `env`
 * adds; nothing else of ours.
 * What it prints becomes the node's log, up to runner.max_log; what it may take is bounded by runner.max_processes and
 * runner.max_memory, and by the node's own `limits` where those are less. Threads: the loop's. */
#ifndef RUNSPOOL_RUNNER_NODES_TOOL_H
#define RUNSPOOL_RUNNER_NODES_TOOL_H

#include "runner/exec.h"
#include "runner/execution.h"
#include "runner/logcut.h"

#define TOOL_ARGS_MAX 1024
#define TOOL_ENV_MAX 256
#define TOOL_ARGS_BYTES_MAX (1024 * 1024) /* of arguments together, as of the environment; Linux takes at most 2 MB */

struct tool {
    struct node *node;
    struct exec *exec;                                      /* NULL: not running */
    char *argv[TOOL_ARGS_MAX + 1], *envp[TOOL_ENV_MAX + 1]; /* owned */
    int n_args, n_env;
    size_t n_bytes;
    char mark[ID_MAX + 32]; /* RUNSPOOL_NODE_ID=id: how what left its group is known */
    struct limits_bound bound;
    bool own_bound[2]; /* the node's `limits` says it, not the settings: processes, memory */
    struct logcut cut;
    void (*on_line)(void *ctx, enum exec_stream stream, const char *text, size_t len);
    void (*on_done)(void *ctx, struct exec_result *result);
};
struct tool *tool_new(struct node *node); /* also sets node->state; never NULL */
void tool_free(struct tool *tool);        /* NULL is fine; not while it runs */

/* tool_arg, tool_env - copy one more. RS_LIMIT, RS_INVALID (a NUL byte, `=` in a name) with words. */
enum rs_err tool_arg(struct tool *tool, const char *text, size_t len, struct fault *fault) RS_MUST_CHECK;
enum rs_err tool_env(struct tool *tool, const char *name, const char *value, struct fault *fault) RS_MUST_CHECK;
/* tool_run - start it in cwd (absolute). on_line may be NULL: stdout and stderr become the node's log, with its bound;
 * one of the caller's own may call tool_log_line. on_done gets the tool as ctx, tool->exec is NULL then. On an error
 * on_done is not called: RS_DENIED (no sandbox), RS_IO. */
enum rs_err tool_run(struct tool *tool, const char *cwd, const char *input, size_t input_len,
                     void (*on_line)(void *ctx, enum exec_stream stream, const char *text, size_t len),
                     void (*on_done)(void *ctx, struct exec_result *result), struct fault *fault) RS_MUST_CHECK;
/* tool_log_line - a line of output for the node's log. */
void tool_log_line(struct tool *tool, const char *level, enum exec_stream stream, const char *text, size_t len);
/* tool_failed - did the program not start, or was it killed for a limit? Then node_fail was called and output
 * (may be NULL) moved in. Else it stays the caller's. */
bool tool_failed(struct tool *tool, const struct exec_result *result, struct json_object *output);
/* tool_clear_args - forget the arguments, to run another program. */
void tool_clear_args(struct tool *tool);

/* The stop and release functions of a kind whose state is a tool. */
void tool_stop(struct node *node);
void tool_release(struct node *node);

/* tool_fail - node_fail with a fault: RS_LIMIT gives code limit, others `input`. */
void tool_fail(struct node *node, const struct fault *fault);
/* tool_cwd - the folder `name` below the run's work folder (NULL: that one), or an absolute path in it. *ret absolute.
 * RS_INVALID when it leads out. Not a guard against links: the sandbox is. */
enum rs_err tool_cwd(const struct node *node, const char *name, char ret[PATH_MAX], struct fault *fault) RS_MUST_CHECK;

#endif
