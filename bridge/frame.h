/* frame - messages as the bytes a door puts on the wire, and blocks: many frames in one piece of memory, built once
 * and shared by all subscribers that get the same messages. Blocks are immutable once delivered.
 * Threads: the loop only (plain reference counts). */
#ifndef RUNSPOOL_BRIDGE_FRAME_H
#define RUNSPOOL_BRIDGE_FRAME_H

#include "base/buf.h"
#include "event/cursor.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Those of WebSockets are made of bits. Unmasked frames (RFC 6455, section 5.2). */
enum frame_format {
    FRAME_WEBSOCKET = 0, /* a text frame a message */
    FRAME_BATCH = 1,     /* messages that are given together are arrays, each one frame; one by itself stands bare */
    FRAME_MSGPACK = 2,   /* MessagePack in binary frames in place of JSON */
    FRAME_SSE = 4,       /* "id: N\ndata: {...}\n\n" (WHATWG HTML, server-sent events) */
    FRAME_NONE,          /* the door reads the log itself and wants to be woken only */
    FRAME_N_FORMATS,
};
#define BLOCK_BYTES_MAX (256 * 1024) /* a block is closed when it is larger than that */
#define BATCH_BYTES_MAX 65535        /* bytes of a frame of several messages; a longer message is a frame by itself */

/* frame_put - append one message, not in a batch. id: "N", "N.1", or NULL for a control message. Returns out->err. */
enum rs_err frame_put(struct buf *out, enum frame_format format, const char *id, const char *json, size_t len);
#define FRAME_HEAD_MAX 10
/* frame_head - of an unmasked WebSocket frame with len bytes; first: its first byte. Returns its length.
 * frame_head_read - the length of a frame's head; *ret_len: of what follows it. */
size_t frame_head(unsigned char head[FRAME_HEAD_MAX], unsigned char first, size_t len);
size_t frame_head_read(const char *frame, size_t *ret_len);
/* frame_max - bytes that a message of len bytes of JSON becomes at most. */
size_t frame_max(enum frame_format format, size_t len);
/* frame_boundary - bytes holds whole WebSocket frames, of which the first n bytes (0 < n <= len) were sent: how many
 * bytes is it to the end of the frame the last of them belongs to? At least n. */
size_t frame_boundary(const char *bytes, size_t len, size_t n);

/* Where the messages of one event begin in a block. */
struct block_mark {
    int64_t id;
    uint32_t start; /* of the frame that its first message is in */
    bool within;    /* that frame begins with messages of events before it */
};
/* A part of a block for streams of gzip (bridge/gzip.h), which a client may begin with. */
struct block_piece {
    uint32_t start;
    uint32_t len, crc; /* of its text */
    uint32_t shift;    /* by how much it moves the checksum of the text before it */
};
/* Memory of blocks that wait in queues, by whose members they are for; refcounted. */
struct pins {
    int refs;
    int64_t bytes;
    int64_t relieved_ms; /* loop time when room was made last */
};
struct pins *pins_new(void); /* one reference; NULL: no memory */
struct pins *pins_ref(struct pins *p);
void pins_unref(struct pins *p); /* NULL is fine */

struct block {
    int refs;
    int n_messages;
    struct buf bytes;
    struct block_mark *marks; /* by rising id; none in a block of control messages */
    int n_marks, marks_cap;
    struct block_piece *pieces; /* from its start to its end; NULL: it is not for gzip */
    int n_pieces;
    int last_n;               /* messages of the last event */
    int n_queues;             /* subscribers' queues it waits in */
    int n_open;               /* messages of the frame that is being filled, at open_at: FRAME_BATCH only */
    size_t open_at;
    struct pins *pins;        /* a reference; counts it while it waits; NULL: nothing does */
    int64_t received_us;      /* when the oldest of its events came (clock_mono_us); 0: not known, or no live events */
};
/* block_new - empty, one reference. max: bytes it may grow to. NULL: no memory. */
struct block *block_new(size_t max);
/* block_like - the marks and counts of b, but no bytes: for the same messages in other words. NULL: no memory. */
struct block *block_like(const struct block *b);
struct block *block_ref(struct block *b);
void block_unref(struct block *b); /* NULL is fine */
/* block_begin_event - the messages that follow are of event id; ids rise. */
enum rs_err block_begin_event(struct block *b, int64_t id) RS_MUST_CHECK;
/* block_put - one message; format: the same for all of a block. */
enum rs_err block_put(struct block *b, enum frame_format format, const char *id, const char *json, size_t len)
    RS_MUST_CHECK;
/* block_close - nothing more is put: bytes are whole frames from now on. */
enum rs_err block_close(struct block *b, enum frame_format format) RS_MUST_CHECK;
/* block_after - *ret: offset of the first message of an event with id > after (bytes.len when there is none). false: there
 * is none, because it shares its frame with messages of events before it. */
bool block_after(const struct block *b, int64_t after, size_t *ret) RS_MUST_CHECK;

#endif
