/* publisher - sends messages as fast as the server takes them, or at a steady rate: over the Unix socket of emitters, one line a
 * message, or by POST, one request a message and one under way on each connection. At a steady rate a message's time is when
 * it was due, so a server that holds the publisher up is charged with it. Threads: one. */
#ifndef DELIVERY_PUBLISHER_H
#define DELIVERY_PUBLISHER_H

#include "base/buf.h"
#include "ledger.h"
#include "loop.h"

#define PUBLISH_PENDING_MAX (1 << 16) /* bytes of lines not yet written, beyond which no more are made */

struct publisher {
    struct watch watch;
    struct buf out, in;
    size_t written;
    int under_way;     /* requests without an answer */
    int64_t numbered, acked; /* lines of a producer */
};
struct publishers {
    struct ledger *ledger;
    bool by_line;              /* the spool's socket; else HTTP */
    const char *address, *path; /* as of struct subscribers */
    const char *body;          /* "{stream}", "{payload}" and "{escaped}" (the payload as a JSON string) are replaced */
    bool acks;                 /* lines: numbered, of a named producer, acknowledged */
    int n;
    size_t size;               /* bytes of a message */
    double rate;               /* messages a second, 0: as fast as it goes */
    uint64_t messages;         /* to send */
    double seconds;            /* to send for; 0: until all are sent */
    uint64_t window;           /* messages not yet delivered to all, at most; 0: no limit */
    struct publisher *all;
    uint64_t start_ns, sent, accepted, refused, reconnects, last_accepted_ns, behind_max_ns;
};
extern struct publishers publishers;

/* publishers_connect - open all connections. */
void publishers_connect(void);
/* publishers_send - what schedule, window and connections allow now. Returns how long nothing more is due (ns). */
uint64_t publishers_send(void);
/* publishers_done - all are sent, and answered where answers are given. */
bool publishers_done(void);

#endif
