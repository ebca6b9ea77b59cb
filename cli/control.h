/* control - DIR/run/up.sock: commands to the running `up`, one line each ("status", "restart bridge"), one JSON object
 * as the answer. Who may write to the data directory may send them. */
#ifndef RUNSPOOL_CLI_CONTROL_H
#define RUNSPOOL_CLI_CONTROL_H

#include "base/json.h"
#include "conf/datadir.h"

#define CONTROL_SOCKET "run/up.sock"
#define CONTROL_LINE_MAX 256
#define CONTROL_ANSWER_MAX 65536

/* control_listen - the server's socket, non-blocking; the caller holds the uplock. */
enum rs_err control_listen(const struct datadir *dd, int *ret_fd, struct fault *fault) RS_MUST_CHECK;
/* control_call - send one command and wait for the answer, at most timeout_ms. RS_NOT_FOUND: nothing is up; RS_TIMEOUT;
 * RS_CONFLICT with the server's words when it refuses. *ret: owned. */
enum rs_err control_call(const struct datadir *dd, const char *command, int timeout_ms, struct json_object **ret,
                         struct fault *fault) RS_MUST_CHECK;
/* http_status - GET path over a connected socket (closed here): the status code, 0 for no answer within timeout_ms. */
int http_status(int fd, const char *host, const char *path, int timeout_ms);
/* unix_connect - a blocking stream connection to a socket file, -1 with errno. */
int unix_connect(const char *path);

#endif
