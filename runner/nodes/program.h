/* program - what the kinds that run somebody's program share (shell, script, test_run): its arguments, environment and
 * input from the node's settings, and the output that tells how it went. Threads: the loop's. */
#ifndef RUNSPOOL_RUNNER_NODES_PROGRAM_H
#define RUNSPOOL_RUNNER_NODES_PROGRAM_H

#include "runner/nodes/tool.h"

/* program_args - add the array's values as arguments: strings as they are, anything else as JSON. RS_INVALID for null.
 */
enum rs_err program_args(struct tool *tool, struct json_object *args, struct fault *fault) RS_MUST_CHECK;
/* program_run - with the node's settings env, cwd and, as what it reads, `input` (a string as it is, anything else as
 * JSON; NULL: nothing). on_line and on_done as in tool_run. RS_DENIED when runner.shell is deny. */
enum rs_err program_run(struct tool *tool, struct json_object *input,
                        void (*on_line)(void *ctx, enum exec_stream stream, const char *text, size_t len),
                        void (*on_done)(void *ctx, struct exec_result *result), struct fault *fault) RS_MUST_CHECK;
/* program_output - {exitCode, signal, stdout, stderr, truncated, stdoutBytes, stderrBytes}; owned. */
struct json_object *program_output(struct exec_result *result);
/* shell_command - the setting `command` as arguments, checked as of shell. */
enum rs_err shell_command(struct tool *tool, struct fault *fault) RS_MUST_CHECK;
/* program_done - on_done of a kind that gives just that, and with the setting parse = json `json` too. */
void program_done(void *ctx, struct exec_result *result);

#endif
