/* kept - connections of HTTP that are kept open between requests, so that a client that polls in a loop, or a web server that does
 * so for many, need not make one each time. The front has seen only their first request: what it does for a connection is done
 * here for the next ones. Threads: the loop only. */
#ifndef RUNSPOOL_BRIDGE_KEPT_H
#define RUNSPOOL_BRIDGE_KEPT_H

#include <microhttpd.h>
#include <stdbool.h>
#include <stdint.h>

struct exchange;
struct kept;
struct kept_list { /* those without a request; all zero: none */
    struct kept *oldest, *newest;
};

/* kept_open, kept_close - a connection begins, ends; *context is its own. Without memory it is not kept. */
void kept_open(void **context, struct kept_list *idle);
void kept_close(void **context);

/* kept_begin - a request has arrived; returns whether it is not the connection's first.
 * kept_rest - its answer has been sent, and the connection is to stay. */
bool kept_begin(struct MHD_Connection *connection);
void kept_rest(struct MHD_Connection *connection, int64_t now_ms);

/* kept_may - may the connection outlive this request? Only where nothing but a head was sent, so that nobody can take a body for
 * the next request; not while keys of tokens may have to be asked for, which only the front waits for; and not when most of
 * limits.connections are taken. */
bool kept_may(const struct exchange *x, const char *method, const char *version);
/* kept_upgrade - is this a WebSocket's handshake? Then it is the front's, as if it had come first, and the library is done
 * with the connection. */
bool kept_upgrade(struct exchange *x, const char *method, const char *peer);

/* kept_end - those that have been without a whole request since then: they are closed. */
void kept_end(struct kept_list *idle, int64_t since_ms);

#endif
