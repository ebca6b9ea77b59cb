/* deflate - WebSocket messages (RFC 7692) and Server-Sent Events (bridge/gzip.h) compressed by zlib. There is one compressor for all connections: frames are
 * compressed once for all who get them. Those of a group who have been given the same messages of late share what the next
 * ones may refer to, so that even short events become small. Threads: the loop only. */
#ifndef RUNSPOOL_BRIDGE_DEFLATE_H
#define RUNSPOOL_BRIDGE_DEFLATE_H

#include "base/err.h"
#include "bridge/deflate_offer.h"
#include "bridge/frame.h"
#include <stdbool.h>
#include <stdint.h>

#define DEFLATE_OWN_MAX (256 * 1024) /* what is for one client only and larger goes as it is: the loop has others to serve */
#define DEFLATE_HISTORY_BYTES 1024 /* kept of what was sent, for the next messages to refer to */

struct deflater;
/* deflater_new - NULL: no memory. deflater_free: NULL is fine. */
struct deflater *deflater_new(void);
void deflater_free(struct deflater *d);

/* The end of the text of the compressed messages that some clients have all been given. All zero: of none. */
struct deflate_history {
    char *text; /* owned; NULL: none yet */
    size_t len;
    uint64_t turn; /* the compressor's, while it still has all of it and more */
    bool behind;   /* among those who get what follows may be one who was not given this (the group's) */
};
void deflate_history_release(struct deflate_history *h);

/* deflate_block - the frames of a block whose messages are bare, compressed where that pays (else as they are); marks alike.
 * Of Server-Sent Events: in pieces.
 * history: what all who are to get it remember, in COMPRESSION_RUNNING; the block's end is in it afterwards. NULL: it is
 * not for a group; the block's messages refer to one another only. resume: somebody begins within the
 * block, or was not given what went before: nothing refers beyond its own event.
 * Returns: a new reference, or NULL: no memory (history is then empty). */
struct block *deflate_block(struct deflater *d, enum frame_format format, enum compression compression,
                            struct deflate_history *history, bool resume, const struct block *plain);
/* deflate_own - the same for what is not for a group, in any compression: a new reference, to plain itself where nothing is
 * to be done, or NULL: no memory. */
struct block *deflate_own(struct deflater *d, enum frame_format format, enum compression compression, struct block *plain);

/* deflate_inflate - a client's message, without the 00 00 ff ff at its end, that stands by itself; appended to out.
 * Returns: RS_OK; RS_INVALID: this is no such thing; RS_LIMIT: out->max is too small for it; RS_NOMEM. */
enum rs_err deflate_inflate(struct deflater *d, const char *bytes, size_t len, struct buf *out) RS_MUST_CHECK;

#endif
