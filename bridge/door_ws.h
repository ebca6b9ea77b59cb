/* door_ws - what ws.c, ws_message.c, ws_sockets.c and door_ws.c share: a WebSocket connection. Threads: the loop only. */
#ifndef RUNSPOOL_BRIDGE_DOOR_WS_H
#define RUNSPOOL_BRIDGE_DOOR_WS_H

#include "base/buf.h"
#include "bridge/subscriber.h"

struct lws;
struct ws_sockets;
struct ws_connection {
    struct lws *wsi;
    int fd;
    bool open;           /* the subscriber has been set up */
    bool held;           /* libwebsockets has bytes to send, and nothing may come between */
    bool closing;        /* it has been told to close it: nothing more is sent */
    bool wants, writable; /* to be told when the socket takes bytes; it does, which has not been told yet */
    bool watched;        /* it is in the epoll set, for these */
    unsigned watched_events;
    struct ws_sockets *sockets;
    struct ws_connection *closing_prev, *closing_next;
    uint64_t closing_ms; /* when it is cut; 0: it is not among those */
    int close_code;      /* to be closed with it once the queue is empty; 0: not */
    const char *close_reason; /* static text beside it; NULL: none */
    struct subscriber sub;
    struct buf message;  /* fragments of the client's message */
    bool compressed;     /* the message is (RFC 7692) */
    bool within_frame;   /* more of the frame is to come */
    int64_t message_ms;  /* when it began to arrive; 0: none is */
    int64_t heard_ms;    /* when the client last said anything */
    int64_t pinged_ms;   /* 0: never */
    size_t n_discarded;  /* of a message that is too long; 0: none is */
};
/* door_ws_writable - the socket takes bytes again. */
void door_ws_writable(struct ws_connection *c);

#endif
