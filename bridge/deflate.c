#include "bridge/deflate.h"
#include "bridge/gzip.h"
#include <assert.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#define LEVEL 5
#define MEMORY_LEVEL 5       /* a small table: it is emptied for each message that stands by itself */
#define SHORT_BYTES 24       /* a message shorter than that is not compressed; */
#define SHORT_ALONE_BYTES 64 /* one that stands by itself, neither; */
#define SHORT_OWN_BYTES 512  /* and for one client alone that takes longer than it is worth: a fifth of a line of a log is saved */
#define PIECE_BYTES 4096     /* inflated at a time */
#define KEPT_BYTES (256 * 1024) /* of the space to compress into, until the next time */
#define TAIL_BYTES 4         /* 00 00 ff ff: an empty block after each message, which a WebSocket is not sent */
#define RSV1 0x40

struct deflater {
    z_stream out, in;
    unsigned char *space; /* to compress into */
    size_t space_len;
    uint64_t turn;        /* changes whenever the compressor forgets */
};

struct deflater *deflater_new(void)
{
    struct deflater *d = calloc(1, sizeof *d);
    if (!d)
        return NULL;
    if (deflateInit2(&d->out, LEVEL, Z_DEFLATED, -DEFLATE_WINDOW_BITS, MEMORY_LEVEL, Z_DEFAULT_STRATEGY) != Z_OK) {
        free(d);
        return NULL;
    }
    if (inflateInit2(&d->in, -MAX_WBITS) != Z_OK) {
        deflateEnd(&d->out);
        free(d);
        return NULL;
    }
    return d;
}

void deflater_free(struct deflater *d)
{
    if (!d)
        return;
    deflateEnd(&d->out);
    inflateEnd(&d->in);
    free(d->space);
    free(d);
}

void deflate_history_release(struct deflate_history *h)
{
    free(h->text);
    *h = (struct deflate_history){0};
}

static void forget(struct deflater *d, struct deflate_history *history)
{
    deflateReset(&d->out);
    d->turn++;
    if (history)
        history->len = 0;
}

/* Bring back what the clients remember. */
static void recall(struct deflater *d, const struct deflate_history *history)
{
    if (history->turn == d->turn)
        return;
    deflateReset(&d->out);
    d->turn++;
    if (history->len > 0)
        deflateSetDictionary(&d->out, (const Bytef *)history->text, (uInt)history->len);
}

static enum rs_err remember(struct deflate_history *h, const char *text, size_t len)
{
    if (!h->text && !(h->text = malloc(DEFLATE_HISTORY_BYTES)))
        return RS_NOMEM;
    if (len >= DEFLATE_HISTORY_BYTES) {
        memcpy(h->text, text + len - DEFLATE_HISTORY_BYTES, DEFLATE_HISTORY_BYTES);
        h->len = DEFLATE_HISTORY_BYTES;
        return RS_OK;
    }
    size_t kept = h->len + len > DEFLATE_HISTORY_BYTES ? DEFLATE_HISTORY_BYTES - len : h->len;
    memmove(h->text, h->text + h->len - kept, kept);
    memcpy(h->text + kept, text, len);
    h->len = kept + len;
    return RS_OK;
}

static bool make_space(struct deflater *d, size_t len)
{
    if (len <= d->space_len)
        return true;
    unsigned char *space = realloc(d->space, len);
    if (!space)
        return false;
    d->space = space;
    d->space_len = len;
    return true;
}

/* text as the end of what was compressed before. Returns how many bytes of space it takes; 0: no memory. */
static size_t compress_text(struct deflater *d, const char *text, size_t len)
{
    if (!make_space(d, deflateBound(&d->out, len) + 2 * TAIL_BYTES))
        return 0;
    d->out.next_in = (Bytef *)text;
    d->out.avail_in = (uInt)len;
    d->out.next_out = d->space;
    d->out.avail_out = (uInt)d->space_len;
    int result = deflate(&d->out, Z_SYNC_FLUSH);
    assert(result == Z_OK && d->out.avail_in == 0 && d->out.avail_out > 0); /* there was space for any text */
    return d->space_len - d->out.avail_out;
}

static enum rs_err put_frame(struct buf *out, unsigned char first, const void *payload, size_t len)
{
    unsigned char head[FRAME_HEAD_MAX];
    buf_append(out, head, frame_head(head, first, len));
    return buf_append(out, payload, len);
}

/* How a block is compressed. */
struct manner {
    struct deflate_history *history; /* NULL: none is kept */
    bool alone;                      /* a message refers to nothing before it */
    bool resume;
    size_t least;                    /* shorter messages are not compressed */
};

static enum rs_err put_compressed(struct deflater *d, const struct manner *m, unsigned char first, const char *text, size_t len,
                                  struct buf *out)
{
    if (len < m->least)
        return put_frame(out, first, text, len);
    if (m->alone)
        forget(d, NULL);
    size_t n = compress_text(d, text, len);
    if (n == 0)
        return RS_NOMEM;
    n -= TAIL_BYTES;
    if (m->alone && n >= len)
        return put_frame(out, first, text, len);
    enum rs_err err = m->history ? remember(m->history, text, len) : RS_OK;
    return err ? err : put_frame(out, first | RSV1, d->space, n);
}

static enum rs_err put_frames(struct deflater *d, const struct manner *m, const struct block *plain, struct block *out)
{
    const char *bytes = plain->bytes.data;
    size_t at = 0, len = 0;
    int mark = 0;
    enum rs_err err = RS_OK;
    while (!err && at < plain->bytes.len) {
        bool begins = mark < plain->n_marks && plain->marks[mark].start == at;
        for (; mark < plain->n_marks && plain->marks[mark].start == at; mark++)
            out->marks[mark].start = (uint32_t)out->bytes.len;
        if (begins && m->resume)
            forget(d, m->history);
        size_t head = frame_head_read(bytes + at, &len);
        err = put_compressed(d, m, (unsigned char)bytes[at], bytes + at + head, len, &out->bytes);
        at += head + len;
    }
    for (; mark < plain->n_marks; mark++)
        out->marks[mark].start = (uint32_t)out->bytes.len;
    return err;
}

/* A piece for each event where somebody may begin with it, else one for all. */
static enum rs_err put_pieces(struct deflater *d, const struct manner *m, const struct block *plain, struct block *out)
{
    size_t end = 0;
    int mark = 0;
    enum rs_err err = RS_OK;
    for (size_t at = 0; !err && at < plain->bytes.len; at = end) {
        uint32_t start = (uint32_t)out->bytes.len;
        end = plain->bytes.len;
        for (; mark < plain->n_marks && plain->marks[mark].start < end; mark++) {
            if (m->resume && plain->marks[mark].start > at) {
                end = plain->marks[mark].start;
                break;
            }
            out->marks[mark] = (struct block_mark){plain->marks[mark].id, start, plain->marks[mark].start > at};
        }
        if (m->resume)
            forget(d, m->history);
        const char *text = plain->bytes.data + at;
        size_t n = compress_text(d, text, end - at);
        err = n == 0 ? RS_NOMEM : m->history ? remember(m->history, text, end - at) : RS_OK;
        if (!err)
            err = gzip_put(out, text, end - at, d->space, n);
    }
    for (; mark < plain->n_marks; mark++)
        out->marks[mark].start = (uint32_t)out->bytes.len;
    return err;
}

struct block *deflate_block(struct deflater *d, enum frame_format format, enum compression compression,
                            struct deflate_history *history, bool resume, const struct block *plain)
{
    struct block *out = block_like(plain);
    struct manner m = {.alone = compression == COMPRESSION_EACH, .resume = resume};
    m.least = !m.alone ? SHORT_BYTES : history ? SHORT_ALONE_BYTES : SHORT_OWN_BYTES;
    if (m.alone)
        history = NULL;
    m.history = history;
    if (!history || resume)
        forget(d, history);
    else
        recall(d, history);
    enum rs_err err = !out ? RS_NOMEM : format == FRAME_SSE ? put_pieces(d, &m, plain, out) : put_frames(d, &m, plain, out);
    if (history)
        history->turn = d->turn;
    if (err) {
        forget(d, history);
        block_unref(out);
        out = NULL;
    }
    if (d->space_len > KEPT_BYTES) {
        free(d->space);
        d->space = NULL;
        d->space_len = 0;
    }
    return out;
}

struct block *deflate_own(struct deflater *d, enum frame_format format, enum compression compression, struct block *plain)
{
    if (compression == COMPRESSION_NONE)
        return block_ref(plain);
    if (plain->bytes.len > DEFLATE_OWN_MAX)
        return format == FRAME_SSE ? gzip_stored(plain) : block_ref(plain);
    return deflate_block(d, format, compression, NULL, false, plain);
}

/* A stream may end within a message, and another begins (RFC 7692, section 7.2.3.4). */
static int inflate_piece(z_stream *in)
{
    int result = inflate(in, Z_SYNC_FLUSH);
    if (result == Z_STREAM_END)
        result = inflateReset(in);
    return result == Z_BUF_ERROR && in->avail_in == 0 ? Z_OK : result; /* there was nothing more to do */
}

/* Between two blocks, and no bits left over. */
static bool at_boundary(const z_stream *in)
{
    return in->avail_in == 0 && (in->data_type & 0xbf) == 128;
}

enum rs_err deflate_inflate(struct deflater *d, const char *bytes, size_t len, struct buf *out)
{
    static const unsigned char tail[TAIL_BYTES] = {0, 0, 0xff, 0xff};
    unsigned char piece[PIECE_BYTES];
    z_stream *in = &d->in;
    int result = inflateReset(in);
    for (int part = 0; part < 2 && result == Z_OK; part++) {
        in->next_in = part == 0 ? (Bytef *)bytes : (Bytef *)tail;
        in->avail_in = part == 0 ? (uInt)len : sizeof tail;
        do {
            in->next_out = piece;
            in->avail_out = sizeof piece;
            result = inflate_piece(in);
            if (buf_append(out, piece, sizeof piece - in->avail_out) != RS_OK)
                return out->err;
        } while (result == Z_OK && (in->avail_out == 0 || in->avail_in > 0));
    }
    return result == Z_OK && at_boundary(in) ? RS_OK : result == Z_MEM_ERROR ? RS_NOMEM : RS_INVALID;
}
