/* gzip - streams of Server-Sent Events compressed. To each client goes one gzip member (RFC 1952): a head, pieces of deflate
 * (RFC 1951) that end at a byte and are shared by all clients, and a tail with the checksum of all the text, which is put
 * together from those of the pieces. Threads: the loop only. */
#ifndef RUNSPOOL_BRIDGE_GZIP_H
#define RUNSPOOL_BRIDGE_GZIP_H

#include "base/err.h"
#include "bridge/frame.h"
#include <stddef.h>
#include <stdint.h>

#define GZIP_HEAD_BYTES 10
#define GZIP_TAIL_BYTES 10
extern const unsigned char gzip_head[GZIP_HEAD_BYTES];

/* The text that a client has been given. All zero: none. */
struct gzip_sum {
    uint32_t crc, len; /* the length modulo 2^32 */
};
/* gzip_sum_add - and then what is in a block from byte `at` on, where one of its pieces begins. */
void gzip_sum_add(struct gzip_sum *sum, const struct block *b, size_t at);
/* gzip_tail - what ends the stream. */
void gzip_tail(const struct gzip_sum *sum, unsigned char tail[GZIP_TAIL_BYTES]);

/* gzip_put - append a piece: len bytes of text (at least one), as the n bytes of deflate at packed. */
enum rs_err gzip_put(struct block *b, const char *text, size_t len, const void *packed, size_t n) RS_MUST_CHECK;
/* gzip_stored - a block as a piece that is not compressed, for what is short or would take too long. Nobody may begin within it.
 * NULL: no memory. */
struct block *gzip_stored(const struct block *plain);

#endif
