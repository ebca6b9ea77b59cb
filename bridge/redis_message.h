/* redis_message - between messages on Redis channels and events. Pure, but for what is said. */
#ifndef RUNSPOOL_BRIDGE_REDIS_MESSAGE_H
#define RUNSPOOL_BRIDGE_REDIS_MESSAGE_H

#include "base/buf.h"
#include "event/event.h"

/* redis_message_put - what an event gives: each message, with its origin, to put(ctx, channel, text). Events that came from
 * Redis give none. */
typedef void redis_put_fn(void *ctx, const char *channel, const char *text, size_t len);
void redis_message_put(const struct event *ev, const char *origin, redis_put_fn *put, void *ctx);

/* redis_message_take - append the line for the spool that a message makes. is_ours: is it a run of this instance, of
 * which only its own runner says how it stands? Called for few of them.
 * Returns: RS_OK, with nothing appended when there is nothing to tell (our own, heartbeats); RS_INVALID: no such shape; RS_LIMIT. */
typedef bool redis_is_ours_fn(void *ctx, const char *run_id);
enum rs_err redis_message_take(const char *channel, size_t channel_len, const char *text, size_t len, const char *origin,
                               redis_is_ours_fn *is_ours, void *ctx, struct buf *out) RS_MUST_CHECK;

#endif
