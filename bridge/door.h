/* door - one way out of the log: WebSocket, SSE, long poll. A door is one file with one const struct door.
 * The hub and the subscribers know nothing else of it. Threads: the loop only. */
#ifndef RUNSPOOL_BRIDGE_DOOR_H
#define RUNSPOOL_BRIDGE_DOOR_H

#include "bridge/frame.h"
#include "bridge/metrics.h"
#include <stdbool.h>
#include <stddef.h>

struct subscriber;

enum end_reason {
    END_FINISHED, /* nothing more will come */
    END_DRAIN,    /* the bridge stops: come back later */
    END_OVERLOAD, /* over its byte limit */
    END_STALLED,  /* took nothing for too long */
    END_MEMORY,   /* one of the slowest, when all together are over their byte limit */
    END_EXPIRED,  /* its token is over */
    END_DENIED,   /* its token was renewed as one that may not follow this */
    END_SLOW,     /* its message did not arrive in time */
    END_FAILED,   /* out of memory, or the log cannot be read */
};

struct door {
    const char *name;         /* the first part of its paths: "/ws", "/sse", "/poll" */
    enum frame_format format; /* of its subscribers, until they choose another */
    enum metric connections, deliveries;
    bool ends_with_run; /* a connection that follows one run is over when the run is, and its end was given */
    /* send - put bytes (whole frames) on the wire now; returns how many will arrive without further ado, 0 when none.
     * Called with an empty queue only. NULL: the door pulls by itself. Must not free the subscriber. */
    size_t (*send)(struct subscriber *sub, const char *bytes, size_t len);
    /* push - put on the wire what waits, as far as it goes in one call, and wait for room for the rest. For the hub, when the door has
     * said that there is room (hub_has_room). NULL: the door pulls by itself. */
    void (*push)(struct subscriber *sub);
    /* wake - the queue is no longer empty (FRAME_NONE: there are new events). Must not free the subscriber. */
    void (*wake)(struct subscriber *sub);
    /* end - close the connection, politely where the reason allows it. The subscriber is freed later, from the loop. */
    void (*end)(struct subscriber *sub, enum end_reason reason);
    /* cut - end was called SUBSCRIBER_END_MS ago and the connection is still there: do without politeness. */
    void (*cut)(struct subscriber *sub);
    /* tick - called once a second. NULL: nothing to look after. */
    void (*tick)(struct subscriber *sub);
    /* heartbeat - nothing was sent for the time set by bridge.heartbeat. NULL: the door does it in `tick`, or need not. */
    void (*heartbeat)(struct subscriber *sub);
};

extern const struct door door_ws, door_sse, door_poll;
extern const struct door *const doors[];
extern const unsigned n_doors;

#endif
