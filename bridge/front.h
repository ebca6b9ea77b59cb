/* front - the public port. Accepts, waits until a whole request head has arrived (looking without taking), then hands the
 * socket to ws, to kept or to web; cuts those that take too long. Threads: the loop only. */
#ifndef RUNSPOOL_BRIDGE_FRONT_H
#define RUNSPOOL_BRIDGE_FRONT_H

#include "base/err.h"
#include <stdbool.h>

#define FRONT_LISTENERS_MAX 8

#define FRONT_SPARE_CONNECTIONS 64 /* beyond limits.connections: to tell those that come that there is no room; pages */

struct bridge;
struct front;
struct http_head;
/* front_open - addresses: as of listener_open. */
enum rs_err front_open(struct bridge *bridge, const char *const *addresses, int n_addresses, struct front **ret,
                       struct fault *fault) RS_MUST_CHECK;
/* front_take_settings - what the kernel is told of a listener, after a change of settings. */
void front_take_settings(struct front *front);
/* front_admits - may there be n clients beside those whose request has arrived (limits.connections)? RS_OK or RS_BUSY. */
enum rs_err front_admits(const struct bridge *bridge, int n, struct fault *fault) RS_MUST_CHECK;
/* front_visit - a connection has come, or comes back with another request. fd is ours now. */
void front_visit(struct front *front, int fd, const char *peer);
/* front_wants_keys - is this a request with a token whose key has to be asked for first? */
bool front_wants_keys(const struct bridge *bridge, const struct http_head *head, const char *peer);
/* front_hang_up - close fd. What the client has sent is taken first, or closing would reset the connection before it has read the
 * answer. */
void front_hang_up(int fd);
/* front_close - stop accepting, drop those without a whole request; freed from the loop. NULL is fine. */
void front_close(struct front *front);

#endif
