/* exchange - one HTTP request and its answer. Threads: the loop only. */
#ifndef RUNSPOOL_BRIDGE_EXCHANGE_H
#define RUNSPOOL_BRIDGE_EXCHANGE_H

#include "bridge/gzip.h"
#include "bridge/request.h"
#include "bridge/subscriber.h"
#include "bridge/turns.h"
#include <microhttpd.h>
#include <uv.h>

struct kept;
struct told;

struct exchange {
    struct bridge *bridge;
    struct MHD_Connection *connection; /* of the library; or else: */
    struct kept *kept;         /* a poll that kept answers */
    char *uri;                 /* as sent, to the library */
    struct request request;
    bool begun;                /* it has been called for, and begun to be answered */
    bool keeps;                /* the connection may outlive this request */
    bool failed;               /* it was answered with an error */
    bool options;              /* it is an OPTIONS request */
    bool subscribed;           /* sub has been set up */
    bool suspended;
    bool gone;                 /* the client left */
    bool due;                  /* a held poll has waited long enough */
    bool late;                 /* and still there is no state to answer with */
    bool watched, timed;       /* departure, hold are in use */
    struct subscriber sub;
    struct gzip_sum sum;       /* of a stream of gzip: what has been taken from the queue, all of the first that waits included when */
    bool within;               /* some of that has been taken */
    unsigned char tail_at;     /* bytes of the stream's end that have been sent */
    struct turn turn;          /* to send much */
    size_t behind;             /* bytes of a replay that wait, or waited when it ended and have not been sent since */
    uv_poll_t departure;       /* tells that the client left while suspended */
    uv_timer_t hold;           /* of a held poll, then of an answer that must be taken */
    struct told *told;         /* a reference: the answer being taken */
    bool taking;               /* and it is counted among what waits for clients */
    int n_handles;             /* of those two, not yet closed; the last one frees the exchange */
};

/* door_sse_begin, door_poll_begin - answer a checked request. door_poll_again: after it was resumed. */
enum MHD_Result door_sse_begin(struct exchange *x);
enum MHD_Result door_poll_begin(struct exchange *x);
enum MHD_Result door_poll_again(struct exchange *x);

/* exchange_suspend, exchange_resume - stop and go on with the connection; resuming one that is not suspended is fine.
 * exchange_wait_turn - suspended until it is its turn to send much.
 * exchange_watch - from now on the client's departure resumes it: the library does not see it while suspended (kept does). */
void exchange_watch(struct exchange *x);
void exchange_suspend(struct exchange *x);
void exchange_wait_turn(struct exchange *x);
void exchange_resume(struct exchange *x);
/* exchange_hold - call on_due (data: the exchange) once, after ms; an earlier one is forgotten. */
void exchange_hold(struct exchange *x, uint64_t ms, uv_timer_cb on_due);
/* exchange_takes - the answer is memory until the client has taken it; shared ones are so once. */
void exchange_takes(struct exchange *x, struct told *told);
/* exchange_cut - break the connection. */
void exchange_cut(struct exchange *x);
/* exchange_end - the answer is complete or the client has gone; freed now, or from the loop. */
void exchange_end(struct exchange *x);

#endif
