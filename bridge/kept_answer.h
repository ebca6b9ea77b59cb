/* kept_answer - what kept.c and kept_answer.c share: a kept connection, and sending its answer. The first knows when a connection
 * is served, waits and ends; the second makes an answer (kept_answer, kept_send: see kept.h) and sends it. Threads: the loop only. */
#ifndef RUNSPOOL_BRIDGE_KEPT_ANSWER_H
#define RUNSPOOL_BRIDGE_KEPT_ANSWER_H

#include "base/buf.h"
#include "bridge/epoll_set.h"
#include "bridge/exchange.h"
#include "bridge/http_head.h"
#include <netinet/in.h>

#define KEPT_ANSWER_MAX (80 * 1024) /* of an answer's head, with the body that is not shared */

struct kept {
    struct kepts *all;
    int fd;
    bool readable;            /* there may be more than was looked at */
    bool left;                /* the client sends nothing more */
    bool due;                 /* it is among those to go on with */
    bool answered;            /* by kept_send, to be sent */
    struct exchange *x;       /* its request; NULL: it rests */
    char *origin;             /* owned; of the request */
    struct buf head;          /* of the answer, with its body when that is not shared; what could not be sent at once */
    const struct told *told;
    size_t sent;
    struct kept *next, *prev; /* of all: those that have rested longest last */
    struct kept *next_due;
    int64_t rests_ms;         /* since when */
    char peer[INET6_ADDRSTRLEN];
};
struct kepts {
    struct bridge *bridge;
    struct epoll_set sockets;
    struct kept *newest, *oldest;
    int n;
    struct kept *first_due, **last_due;
    struct buf head;          /* of the answer that is being made */
    time_t dated;
    char date[40];
    char peeked[HTTP_HEAD_MAX];
};

enum kept_sent {
    KEPT_SENT,    /* all of it */
    KEPT_NO_ROOM, /* the socket takes no more for now */
    KEPT_BROKEN,  /* the socket is of no use any more */
};
/* kept_answer_send - send what is left of an answer: head, then k->told. head: k->all->head, where it was made, or k->head, where
 * the caller has put it to wait. Ends and frees nothing, does not block. */
enum kept_sent kept_answer_send(struct kept *k, const struct buf *head) RS_MUST_CHECK;

#endif
