/* native_answer - what is said to a native client beside events, queued behind them. Without memory for it the subscriber
 * is ended. Threads: the loop. */
#ifndef RUNSPOOL_BRIDGE_NATIVE_ANSWER_H
#define RUNSPOOL_BRIDGE_NATIVE_ANSWER_H

#include "bridge/native_message.h"
#include "bridge/subscriber.h"

#define NATIVE_REPLY_MAX (256 * 1024) /* bytes of one answer: `subscribed` names its streams */

/* native_answer - a text that was built, with its error. */
void native_answer(struct subscriber *sub, const struct buf *text);
void native_answer_hello(struct subscriber *sub);
/* native_put_form - append how it is written to, as far as it asked for that: ,"format":"json","batch":true. */
void native_put_form(struct buf *out, enum frame_format format, const struct native_wish *asked);
/* ref, run_id: NULL leaves them out. */
void native_answer_ok(struct subscriber *sub, const char *run_id, const char *ref);
void native_answer_error(struct subscriber *sub, const struct fault *fault, const char *ref);

#endif
