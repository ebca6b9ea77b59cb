/* ws - WebSockets by libwebsockets (RFC 6455). The front hands over sockets whose handshake it has read;
 * messages go out pre-framed through door_ws. Threads: the loop only. */
#ifndef RUNSPOOL_BRIDGE_WS_H
#define RUNSPOOL_BRIDGE_WS_H

#include "bridge/assist.h"
#include "bridge/http_head.h"
#include "bridge/subscriber.h"

#define WS_MESSAGE_MAX (64 * 1024) /* bytes of a message from a client */
#define WS_DISCARD_MAX (1024 * 1024) /* of a longer one that are read before the connection is closed */

#define WS_CLOSE_UNAUTHENTICATED 4401
#define WS_CLOSE_DENIED 4403

struct ws;
enum rs_err ws_open(struct bridge *bridge, struct ws **ret, struct fault *fault) RS_MUST_CHECK;

/* ws_check - is the handshake one we can accept (version, key)? RS_INVALID, or RS_UPGRADE for another version. */
enum rs_err ws_check(const struct http_head *head, struct fault *fault) RS_MUST_CHECK;
/* ws_adopt - accept a handshake. fd: non-blocking, head already read from it, now ours. feed: of a dialect endpoint, not
 * started, ownership passes; NULL for the native one. who: moved from. actions: the client may act (endpoint->actions), and
 * feed may be NULL; NULL: it may not. */
void ws_adopt(struct ws *ws, int fd, const struct http_head *head, struct feed *feed, struct cursor since,
              struct access *who, const struct assist_opening *actions);
/* ws_refuse - accept a handshake only to close it with this code, and why: all that a browser's page gets to see. */
void ws_refuse(struct ws *ws, int fd, const struct http_head *head, int close_code, const struct fault *why);
/* ws_close - end what connections are left. ws_free - after the loop has ended. NULL is fine. */
void ws_close(struct ws *ws);
void ws_free(struct ws *ws);

#endif
