/* subscriber - one client that follows one stream through one door, and reconnects only where the door is made so (long poll).
 * Threads: one. */
#ifndef DELIVERY_SUBSCRIBER_H
#define DELIVERY_SUBSCRIBER_H

#include "base/buf.h"
#include "http.h"
#include "ledger.h"
#include "loop.h"

#define CARRY_MAX (8 << 20) /* bytes of one message or answer */
#define REQUEST_MAX 4096
#define CURSOR_MAX 256

enum subscriber_state { APART, CONNECTING, GREETING, ASKING, OPEN, GONE };

struct subscriber {
    struct watch watch;
    enum subscriber_state state;
    int index, stream;
    bool chunked;
    struct http_chunks chunks;
    struct buf carry; /* what has come of a message that is not whole yet */
    char *cursor;     /* long poll: where it is, as the next request says it; owned */
};

/* What differs between doors. */
struct door {
    const char *name;
    /* The headers of the request beside Host. */
    const char *headers;
    int status; /* of a good answer */
    /* open - the head of the answer has come. Sends what is to be sent; true when the subscriber is open now. NULL: long poll,
     * whose answers are messages. */
    bool (*open)(struct subscriber *s);
    /* take - whole messages at the beginning of text: into the ledger. Returns how many bytes were taken. */
    size_t (*take)(struct subscriber *s, char *text, size_t len, uint64_t now_ns);
};

struct subscribers {
    const struct door *door;
    const char *address, *path;          /* the URL; "{stream}" in the path is the stream's number */
    const char *ask, *answer;            /* WebSocket: the first frame, and what a frame has that confirms it; or NULL */
    bool cursor_in_query;                /* long poll: {"next":"ID"} and ?since=ID; else ETag and Last-Modified */
    struct subscriber *all;
    struct ledger *ledger;
    int n, n_connecting, n_open;
    uint64_t refused, closed, reconnects, reads, bytes;
};
extern struct subscribers subscribers;

/* door_find - by name, or NULL. */
const struct door *door_find(const char *name);
/* subscribers_connect - open all, at_once at a time, within so many seconds. Returns the time it took. */
double subscribers_connect(int at_once, int patience_s);

/* For doors: */
void subscriber_send(struct subscriber *s, const char *data, size_t len);
void subscriber_request(struct subscriber *s);
void subscriber_opened(struct subscriber *s);
void subscriber_gone(struct subscriber *s);
void subscriber_reconnect(struct subscriber *s);
/* expand - text with each "{stream}" as a number; into a buffer of cap bytes. */
void expand(char *out, size_t cap, const char *text, int stream);

#endif
