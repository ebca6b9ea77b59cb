/* subscriber - one client's place in the log and what is queued for its socket. Holds a cursor, never copies of events:
 * what is queued are references to shared blocks. Reads the log in bounded chunks until it has caught up (REPLAY), then
 * gets each new block from the hub (LIVE). One that lags too much is put back to the log. Threads: the loop only. */
#ifndef RUNSPOOL_BRIDGE_SUBSCRIBER_H
#define RUNSPOOL_BRIDGE_SUBSCRIBER_H

#include "bridge/deflate_offer.h"
#include "bridge/door.h"
#include "bridge/frame.h"
#include "bridge/topic.h"
#include "dialect/dialect.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/uio.h>

#define SUBSCRIBER_END_MS 5000           /* from the wish to end a connection to its cut */

struct assist;
struct bridge;
struct group;
struct native;

enum subscriber_state {
    SUBSCRIBER_IDLE,   /* no feed yet (native, before the first subscribe) */
    SUBSCRIBER_REPLAY, /* reads the log; what the hub publishes is found there */
    SUBSCRIBER_LIVE,
    SUBSCRIBER_ENDED,  /* nothing is queued any more; what is queued may still leave */
};

struct subscriber {
    /* All that a delivery needs, in 64 bytes: with a thousand subscribers each of them is cold. */
    const struct door *door;
    void *connection;           /* the door's own */
    struct subscriber *group_next;
    int64_t after;              /* LIVE: events up to this id were given */
    enum subscriber_state state;
    enum frame_format format;   /* how its messages are written: the door's, or one that the client asked for */
    enum compression compression; /* of WebSockets; of SSE, that it is gzip */
    bool in_step;               /* it was given all that its group's compressor refers to */
    bool has_room;              /* its door was told so, and the hub is to have it push */
    bool gave;                  /* a message with an id was given: the client has a cursor to come back with */
    unsigned queue_len;
    struct bridge *bridge;
    /* to here */
    unsigned queue_first, queue_cap; /* a ring; queue_cap is a power of two */
    struct queued { struct block *block; size_t at; } *queue;
    size_t queued_bytes;
    struct native *native;      /* operations of a native socket, else NULL */
    struct assist *assist;      /* actions of an assistant's socket, else NULL */
    struct access *who;         /* owned; whose token a WebSocket is on; NULL: auth = none, and on other doors */
    int64_t expires_ms;         /* when the token is over on which it is here (wall clock); 0: never */
    struct feed *feed;          /* owned; NULL while IDLE */
    struct feed *side;          /* owned; a later `since`: replays these streams up to side_until, then joins feed */
    int64_t side_until;
    struct topic_place place;   /* instead of `after`, when the feed is of a topic: LIVE from the start */
    struct group *group;        /* the hub's, while it has a feed */
    struct subscriber **group_link;
    struct subscriber *all_next, **all_link;
    struct subscriber *replay_next, **replay_link; /* replay_link NULL: not scheduled */
    int64_t beat_ms;            /* when the endpoint's own heartbeat was sent last, or the feed began */
    int64_t progress_ms;        /* when bytes last left, or the queue began; ENDED: when it ended */
};
_Static_assert(offsetof(struct subscriber, queue_first) <= 64, "what a delivery needs is together");

/* subscriber_init - of a connection that has just opened; counted and listed. subscriber_release - leave the hub,
 * drop the queue. Not from inside the hub's delivery. */
void subscriber_init(struct subscriber *sub, struct bridge *bridge, const struct door *door, void *connection);
void subscriber_release(struct subscriber *sub);

/* subscriber_admit - remember on whose behalf it is there: until their token is over. */
void subscriber_admit(struct subscriber *sub, const struct access *who);

/* subscriber_set_format - what is queued from now on is written so. Not from inside the hub's delivery. */
void subscriber_set_format(struct subscriber *sub, enum frame_format format);

/* subscriber_start - take ownership of a feed (not started), place it by since, queue its opening message and begin to
 * replay. Returns: RS_OK, or an error with nothing queued; the feed is owned in both cases. */
enum rs_err subscriber_start(struct subscriber *sub, struct feed *feed, struct cursor since, struct fault *fault)
    RS_MUST_CHECK;
/* subscriber_resume - replay (again) from `after`, for instance after a change of streams. */
void subscriber_resume(struct subscriber *sub);

/* subscriber_control - queue one message without an id, behind what is queued. */
void subscriber_control(struct subscriber *sub, const char *json, size_t len);
/* subscriber_beat - queue the endpoint's own heartbeat when it is due; part, of: bridge.heartbeat, which these keep their
 * proportion to, and its default. */
void subscriber_beat(struct subscriber *sub, int64_t now_ms, int64_t part, int64_t of);
/* subscriber_ends - does the connection end with the run that it follows? */
bool subscriber_ends(const struct subscriber *sub);
/* subscriber_raw - queue bytes that are already framed (an SSE comment). */
void subscriber_raw(struct subscriber *sub, const char *bytes, size_t len);
/* subscriber_give - a topic has a state for it, as a block without marks; borrowed. */
void subscriber_give(struct subscriber *sub, struct block *block);
/* subscriber_put - a block from byte `at` on: what can be sent is sent at once, the rest waits. Whether it is too much is
 * for the caller to say. */
void subscriber_put(struct subscriber *sub, struct block *block, size_t at);
/* subscriber_put_own - what is for it alone, before it is LIVE, and not compressed yet: where that is, it refers to nothing
 * else. */
void subscriber_put_own(struct subscriber *sub, struct block *block);
/* subscriber_put_back - one that lags is given the rest from the log, when it takes what waits; drop: also most of what
 * waits. why: the metric that counts it. false: that cannot be, or changes nothing. */
bool subscriber_put_back(struct subscriber *sub, enum metric why, bool drop);
/* subscriber_live - the hub has a block for it; borrowed. */
void subscriber_live(struct subscriber *sub, struct block *block);
/* subscriber_end - queue nothing more and have the door close it. */
void subscriber_end(struct subscriber *sub, enum end_reason reason);

/* For doors: what waits to leave, and that n bytes of it have left. */
/* subscriber_waiting - the i-th that waits; NULL: there are fewer. */
const struct queued *subscriber_waiting(const struct subscriber *sub, unsigned i);
int subscriber_peek(const struct subscriber *sub, struct iovec *iov, int max);
void subscriber_consume(struct subscriber *sub, size_t n);
void subscriber_drop_queue(struct subscriber *sub);

#endif
