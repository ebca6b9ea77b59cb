/* ws_message - what a client sends on a WebSocket: its frames put together to messages, unpacked (RFC 7692), checked, and given to
 * who understands them. Pings, pongs and closes are answered by libwebsockets. Threads: the loop only. */
#ifndef RUNSPOOL_BRIDGE_WS_MESSAGE_H
#define RUNSPOOL_BRIDGE_WS_MESSAGE_H

#include "bridge/door_ws.h"

/* ws_message_receive - bytes of a frame have arrived, and libwebsockets tells which (only within its call). bytes: borrowed.
 * Returns: 0, or the code to close the connection with (RFC 6455, section 7.4.1), by the caller.
 * ret_why: static text beside the code; untouched where there is none. */
int ws_message_receive(struct ws_connection *c, const char *bytes, size_t len, const char **ret_why) RS_MUST_CHECK;

#endif
