/* deflate_offer - agree on permessage-deflate with a client (RFC 7692, sections 5 and 7.1). Pure functions, any thread. */
#ifndef RUNSPOOL_BRIDGE_DEFLATE_OFFER_H
#define RUNSPOOL_BRIDGE_DEFLATE_OFFER_H

/* How messages to a client are compressed. */
enum compression {
    COMPRESSION_NONE,
    COMPRESSION_EACH,    /* each by itself: server_no_context_takeover */
    COMPRESSION_RUNNING, /* with references to those before it, which the client remembers */
    COMPRESSION_N,
};

#define DEFLATE_WINDOW_BITS 12  /* of what we compress: a client may restrict us to that, not to less */
#define DEFLATE_ANSWER_MAX 128  /* bytes of an answer and its NUL */

/* deflate_offer_accept - the first of a client's offers that we can serve. offers: Sec-WebSocket-Extensions, all its lines
 * as one list. answer: what is agreed, in the syntax of that header; "" when nothing is. Messages from the client are
 * always agreed to stand by themselves (client_no_context_takeover). */
enum compression deflate_offer_accept(const char *offers, char answer[DEFLATE_ANSWER_MAX]);

#endif
