/* ws_sockets - libwebsockets without a loop of its own: its sockets are in an epoll set, and it is called for the one on which something
 * has happened (lws_service_fd). On a foreign loop each connection costs it seven system calls more. What its timers would
 * do is done here: a connection that is being closed is cut when the client takes too long over it.
 * Threads: the loop only. */
#ifndef RUNSPOOL_BRIDGE_WS_SOCKETS_H
#define RUNSPOOL_BRIDGE_WS_SOCKETS_H

#include "bridge/door_ws.h"
#include "bridge/epoll_set.h"

struct lws_context;
struct ws_sockets {
    struct epoll_set set;
    uv_timer_t deadline; /* of the first that is being closed */
    struct lws_context *context;
    struct ws_connection *served; /* on which libwebsockets is at work; NULL once it is gone */
    struct ws_connection *first_closing, *last_closing;
};

/* ws_sockets_open - the caller sets sockets->context before there is a socket; it may be destroyed before ws_sockets_close. */
enum rs_err ws_sockets_open(struct ws_sockets *sockets, uv_loop_t *loop, struct fault *fault) RS_MUST_CHECK;
/* ws_sockets_close - afterwards the memory is the loop's until it has ended. */
void ws_sockets_close(struct ws_sockets *sockets);

/* ws_socket_begin - libwebsockets has taken the connection, from within its call. ws_sockets_watch - and that call is over: watch it,
 * unless it is gone already. Returns whether it is there. */
void ws_socket_begin(struct ws_sockets *sockets, struct ws_connection *c, struct lws *wsi);
bool ws_sockets_watch(struct ws_sockets *sockets);
/* ws_socket_wants - door_ws_writable is to be called when the socket takes bytes. */
void ws_socket_wants(struct ws_connection *c);
/* ws_socket_closing - libwebsockets is told to close it: a close frame goes out, and the client has five seconds. */
void ws_socket_closing(struct ws_connection *c);
/* ws_socket_gone - libwebsockets is about to close the socket, and forgets the connection. */
void ws_socket_gone(struct ws_connection *c);

#endif
