/* gateway - the life of a FastCGI program: threads that accept, signals that end it between requests, and the same
 * program run as plain CGI for a single request. */
#ifndef RUNSPOOL_FCGI_GATEWAY_H
#define RUNSPOOL_FCGI_GATEWAY_H

#include "conf/datadir.h"
#include "event/eventlog.h"
#include "exchange.h"
#include "model/store.h"
#include "routes.h"

struct auth;
struct gateway;
struct stats;

/* A thread and what it keeps from one request to the next. */
struct worker {
    struct gateway *gateway;
    const struct datadir *dd;
    struct auth *auth; /* the gateway's; NULL: requests prove themselves */
    struct store store; /* worker_store opens it */
    bool store_open;
    struct eventlog *log; /* worker_log opens it; for reading */
    struct stats *stats;  /* where calls are counted, of all threads; NULL: nowhere. Borrowed */
    int settle_turns;     /* times left to look for acknowledgements of events this thread caused */
};

/* gateway_main - be `program`: on a listening socket as descriptor 0 serve FastCGI until SIGTERM, SIGINT or SIGUSR1
 * and then finish the requests in hand; else serve one CGI request from the environment. Returns the exit status. */
int gateway_main(const struct program *program, int argc, char **argv);

/* worker_store, worker_log - this thread's database and event log, opened at first use. Borrowed. */
enum rs_err worker_store(struct worker *worker, struct store **ret, struct fault *fault) RS_MUST_CHECK;
enum rs_err worker_log(struct worker *worker, struct eventlog **ret, struct fault *fault) RS_MUST_CHECK;
/* worker_caused_events - this request put events into the outbox: look after their rows when it is answered. */
void worker_caused_events(struct worker *worker);

/* gateway_hold - may this thread keep its request waiting? At most half the threads may, and never plain CGI.
 * true: gateway_unhold must follow. */
bool gateway_hold(struct gateway *gateway);
void gateway_unhold(struct gateway *gateway);
/* gateway_pause - wait so long; false at once when the program is ending. */
bool gateway_pause(struct gateway *gateway, int timeout_ms);

#endif
