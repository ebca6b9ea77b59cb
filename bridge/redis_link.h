/* redis_link - the thread that talks to the Redis server: two connections, one subscribed to the channels and one that
 * publishes, made again with growing pauses when they break. Threads: as said. */
#ifndef RUNSPOOL_BRIDGE_REDIS_LINK_H
#define RUNSPOOL_BRIDGE_REDIS_LINK_H

#include "base/buf.h"
#include "base/err.h"
#include "conf/redis_address.h"
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#define REDIS_QUEUE_MESSAGES 4096                   /* to be published, beyond which further ones are dropped */
#define REDIS_QUEUE_BYTES (8 * 1024 * 1024)
#define REDIS_MESSAGE_MAX (512 * 1024)              /* bytes of a message taken in */

/* Counted by the thread, read by the loop. */
struct redis_counts {
    _Atomic int64_t connected, connects, published, received, dropped;
};
/* taken - on the thread: a message of a channel; both borrowed, not NUL-terminated. */
typedef void redis_taken_fn(void *ctx, const char *channel, size_t channel_len, const char *text, size_t len);

struct redis_link;
/* redis_link_start - counts, ctx: as long as it lives. redis_link_put - have a message published; copies; any thread. Does not
 * block. redis_link_stop - end the thread, within a second or so; frees. */
enum rs_err redis_link_start(const struct redis_address *address, struct redis_counts *counts, redis_taken_fn *taken, void *ctx,
                             struct redis_link **ret, struct fault *fault) RS_MUST_CHECK;
void redis_link_put(struct redis_link *link, const char *channel, const char *text, size_t len);
void redis_link_stop(struct redis_link *link);

#endif
