#include "bridge/gzip.h"
#include <assert.h>
#include <stdlib.h>
#include <zlib.h>

#define STORED_MAX 65535
#define STORED_HEAD 5
#define POLYNOMIAL 0xedb88320u /* of the checksum, the lowest power in the highest bit */
#define ONE 0x80000000u

const unsigned char gzip_head[GZIP_HEAD_BYTES] = {0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255}; /* no name, no time, system unknown */

/* The product of two polynomials over GF(2), modulo that of the checksum. */
static uint32_t multiply(uint32_t a, uint32_t b)
{
    uint32_t product = 0;
    for (; a; a <<= 1) {
        if (a & ONE)
            product ^= b;
        b = b & 1 ? b >> 1 ^ POLYNOMIAL : b >> 1;
    }
    return product;
}

void gzip_sum_add(struct gzip_sum *sum, const struct block *b, size_t at)
{
    int i = 0;
    while (i < b->n_pieces && b->pieces[i].start < at)
        i++;
    assert(i < b->n_pieces && b->pieces[i].start == at);
    for (; i < b->n_pieces; i++) {
        sum->crc = multiply(sum->crc, b->pieces[i].shift) ^ b->pieces[i].crc;
        sum->len += b->pieces[i].len;
    }
}

static void put_le32(unsigned char *to, uint32_t n)
{
    for (int i = 0; i < 4; i++)
        to[i] = (unsigned char)(n >> 8 * i);
}

void gzip_tail(const struct gzip_sum *sum, unsigned char tail[GZIP_TAIL_BYTES])
{
    tail[0] = 3; /* the last block, of nothing */
    tail[1] = 0;
    put_le32(tail + 2, sum->crc);
    put_le32(tail + 6, sum->len);
}

static enum rs_err add_piece(struct block *b, const char *text, size_t len)
{
    if ((b->n_pieces & (b->n_pieces - 1)) == 0) { /* full, at every power of two */
        struct block_piece *pieces = realloc(b->pieces, (size_t)(b->n_pieces ? 2 * b->n_pieces : 1) * sizeof *pieces);
        if (!pieces)
            return RS_NOMEM;
        b->pieces = pieces;
    }
    b->pieces[b->n_pieces++] = (struct block_piece){
        .start = (uint32_t)b->bytes.len,
        .len = (uint32_t)len,
        .crc = (uint32_t)crc32(0, (const Bytef *)text, (uInt)len),
        .shift = (uint32_t)crc32_combine(ONE, 0, (z_off_t)len),
    };
    return RS_OK;
}

enum rs_err gzip_put(struct block *b, const char *text, size_t len, const void *packed, size_t n)
{
    enum rs_err err = add_piece(b, text, len);
    return err ? err : buf_append(&b->bytes, packed, n);
}

struct block *gzip_stored(const struct block *plain)
{
    struct block *b = block_like(plain);
    size_t len = plain->bytes.len;
    if (!b)
        return NULL;
    b->bytes.max = len + (len / STORED_MAX + 1) * STORED_HEAD;
    for (int i = 0; i < b->n_marks; i++)
        b->marks[i] = (struct block_mark){b->marks[i].id, 0, b->marks[i].start > 0};
    enum rs_err err = len > 0 ? add_piece(b, plain->bytes.data, len) : RS_OK;
    for (size_t at = 0, n; !err && at < len; at += n) {
        n = len - at < STORED_MAX ? len - at : STORED_MAX;
        const unsigned char head[STORED_HEAD] = {0, (unsigned char)n, (unsigned char)(n >> 8), (unsigned char)~n,
                                                 (unsigned char)(~n >> 8)};
        buf_append(&b->bytes, head, sizeof head);
        err = buf_append(&b->bytes, plain->bytes.data + at, n);
    }
    if (err) {
        block_unref(b);
        return NULL;
    }
    return b;
}
