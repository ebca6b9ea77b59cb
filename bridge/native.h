/* native - the operations of /ws (runspool.v1): subscribe, unsubscribe, ping, auth, run, cancel. One operation that
 * changes streams is carried out at a time, in order, when the subscriber has caught up: so that a later `since`
 * replays its own streams only, and events that match several subscriptions are sent once.
 * Threads: the loop; run and cancel wait for the database on the worker. */
#ifndef RUNSPOOL_BRIDGE_NATIVE_H
#define RUNSPOOL_BRIDGE_NATIVE_H

#include "base/buf.h"
#include "bridge/subscriber.h"
#include <stddef.h>

#define NATIVE_WAITING_MAX 8000       /* streams named by subscribes and unsubscribes that wait until the client has caught up */
#define NATIVE_JOBS_MAX 100           /* runs and cancels of one connection that may wait */

/* native_open - the hello, and operations from now on. org: copied. RS_NOMEM. */
enum rs_err native_open(struct subscriber *sub, const char *org) RS_MUST_CHECK;
void native_close(struct subscriber *sub); /* sub->native NULL is fine */
/* native_message - one message of the client; packed: it is MessagePack, which native_takes_binary allows. What is wrong
 * with it is answered. */
void native_message(struct subscriber *sub, const char *bytes, size_t len, bool packed);
bool native_takes_binary(const struct subscriber *sub);

/* native_bye - queue {"op":"bye",...}. */
void native_bye(struct subscriber *sub, const char *code, const char *reason, int retry_ms);
/* native_speaks - does it understand these messages: is it on the native endpoint, with a connection that lasts? */
bool native_speaks(const struct subscriber *sub);

/* For the subscriber: it has caught up; its side feed has. */
void native_live(struct subscriber *sub);
void native_side_done(struct subscriber *sub);

#endif
