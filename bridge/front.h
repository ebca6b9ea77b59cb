/* front - the public port. Accepts, waits until a whole request head has arrived (looking without taking), then hands the
 * socket to ws or to web; cuts those that take too long. Threads: the loop only. */
#ifndef RUNSPOOL_BRIDGE_FRONT_H
#define RUNSPOOL_BRIDGE_FRONT_H

#include "base/err.h"

#define FRONT_LISTENERS_MAX 8

#define FRONT_SPARE_CONNECTIONS 64 /* beyond limits.connections: to tell those that come that there is no room; pages */

struct bridge;
struct front;
/* front_open - addresses: as of listener_open. */
enum rs_err front_open(struct bridge *bridge, const char *const *addresses, int n_addresses, struct front **ret,
                       struct fault *fault) RS_MUST_CHECK;
/* front_take_settings - what the kernel is told of a listener, after a change of settings. */
void front_take_settings(struct front *front);
/* front_admits - may there be n clients beside those whose request has arrived (limits.connections)? RS_OK or RS_BUSY. */
enum rs_err front_admits(const struct bridge *bridge, int n, struct fault *fault) RS_MUST_CHECK;
/* front_take_handshake - a WebSocket's handshake that came, and was read, on a connection kept open; head: of its text. fd is ours now. */
struct http_head;
void front_take_handshake(struct front *front, int fd, const struct http_head *head, const char *peer);
/* front_close - stop accepting, drop those without a whole request; freed from the loop. NULL is fine. */
void front_close(struct front *front);

#endif
