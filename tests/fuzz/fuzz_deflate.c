/* permessage-deflate: an offer of a client, a compressed message of a client, and messages to it. What is unpacked stays
 * within its limit; what is compressed can be unpacked again, by one who has had it all and by one who has joined. The same
 * as a stream of gzip, for a wish that is read. */
#include "bridge/accept_encoding.h"
#include "bridge/deflate.h"
#include "bridge/gzip.h"
#include <assert.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#define INFLATED_MAX 65536

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

static void offer(const uint8_t *bytes, size_t len)
{
    char answer[DEFLATE_ANSWER_MAX], *text = malloc(len + 1);
    assert(text);
    memcpy(text, bytes, len);
    text[len] = 0;
    enum compression compression = deflate_offer_accept(text, answer);
    assert((compression == COMPRESSION_NONE) == (*answer == 0));
    if (*answer) { /* what we answer, we would agree to */
        char again[DEFLATE_ANSWER_MAX];
        assert(deflate_offer_accept(answer, again) == compression && strcmp(answer, again) == 0);
    }
    struct accept_encoding wish = {0};
    accept_encoding_read(&wish, text);
    accept_encoding_read(&wish, "gzip;q=0"); /* the last word */
    assert(!accept_encoding_gzip(&wish));
    free(text);
}

/* A client's window. Reads frames of the texts that the input is cut into. */
static void read_frames(z_stream *window, const struct block *packed, size_t from, const struct block *plain, size_t plain_from)
{
    static unsigned char got[2 * INFLATED_MAX];
    static const unsigned char tail[] = {0, 0, 0xff, 0xff};
    size_t at = from, plain_at = plain_from, n = 0, want = 0;
    while (at < packed->bytes.len) {
        const char *frame = packed->bytes.data + at;
        size_t head = frame_head_read(frame, &n), plain_head = frame_head_read(plain->bytes.data + plain_at, &want);
        const unsigned char *text = (const unsigned char *)plain->bytes.data + plain_at + plain_head;
        if (frame[0] & 0x40) {
            window->next_in = (Bytef *)frame + head;
            window->avail_in = (uInt)n;
            window->next_out = got;
            window->avail_out = sizeof got;
            assert(inflate(window, Z_SYNC_FLUSH) == Z_OK);
            window->next_in = (Bytef *)tail;
            window->avail_in = sizeof tail;
            assert(inflate(window, Z_SYNC_FLUSH) == Z_OK);
            assert(sizeof got - window->avail_out == want && memcmp(got, text, want) == 0);
        } else {
            assert(n == want && memcmp(frame + head, text, want) == 0);
        }
        at += head + n;
        plain_at += plain_head + want;
    }
    assert(plain_at == plain->bytes.len);
}

/* A stream of gzip, and the text that it is to be. */
struct stream {
    struct deflate_history history;
    struct gzip_sum sum;
    struct buf wire, text;
};

static void begin_stream(struct stream *s)
{
    *s = (struct stream){.sum = {0}};
    buf_init(&s->wire, 32 * INFLATED_MAX);
    buf_init(&s->text, 4 * INFLATED_MAX);
    assert(buf_append(&s->wire, gzip_head, GZIP_HEAD_BYTES) == RS_OK);
}

static void give(struct stream *s, struct deflater *d, bool resume, bool stored, const struct block *plain)
{
    struct block *packed = stored ? gzip_stored(plain) : deflate_block(d, FRAME_SSE, COMPRESSION_RUNNING, &s->history, resume, plain);
    assert(packed && packed->n_marks == plain->n_marks);
    assert(buf_append(&s->wire, packed->bytes.data, packed->bytes.len) == RS_OK);
    assert(buf_append(&s->text, plain->bytes.data, plain->bytes.len) == RS_OK);
    gzip_sum_add(&s->sum, packed, 0);
    block_unref(packed);
}

static void end_stream(struct stream *s)
{
    static unsigned char got[4 * INFLATED_MAX];
    unsigned char tail[GZIP_TAIL_BYTES];
    z_stream reader = {.next_out = got, .avail_out = sizeof got};
    gzip_tail(&s->sum, tail);
    assert(buf_append(&s->wire, tail, sizeof tail) == RS_OK);
    assert(inflateInit2(&reader, MAX_WBITS + 16) == Z_OK);
    reader.next_in = (Bytef *)s->wire.data;
    reader.avail_in = (uInt)s->wire.len;
    assert(inflate(&reader, Z_NO_FLUSH) == Z_STREAM_END && reader.avail_in == 0);
    assert(reader.total_out == s->text.len && memcmp(got, s->text.data, s->text.len) == 0);
    inflateEnd(&reader);
    deflate_history_release(&s->history);
    buf_release(&s->wire);
    buf_release(&s->text);
}

static void round_trip(struct deflater *d, const uint8_t *bytes, size_t len)
{
    struct deflate_history history = {0}, nothing = {0};
    z_stream member = {0}, newcomer = {0};
    bool joined = false, strayed = false;
    int64_t id = 1;
    struct stream stream;
    begin_stream(&stream);
    assert(inflateInit2(&member, -DEFLATE_WINDOW_BITS) == Z_OK && inflateInit2(&newcomer, -DEFLATE_WINDOW_BITS) == Z_OK);
    for (size_t at = 0; at < len;) {
        struct block *plain = block_new(4 * INFLATED_MAX);
        int n_events = 1 + bytes[at] % 5;
        bool resume = at == 0 || bytes[at] % 7 == 0;
        assert(plain);
        for (int i = 0; i < n_events && at < len; i++) {
            size_t n = (size_t)bytes[at] * 3 < len - at ? (size_t)bytes[at] * 3 : len - at;
            n += n == 0;
            assert(block_begin_event(plain, id++) == RS_OK);
            assert(block_put(plain, FRAME_WEBSOCKET, NULL, (const char *)bytes + at, n) == RS_OK);
            at += n;
        }
        struct block *packed = deflate_block(d, FRAME_WEBSOCKET, COMPRESSION_RUNNING, &history, resume, plain);
        struct block *each = deflate_block(d, FRAME_WEBSOCKET, COMPRESSION_EACH, &nothing, false, plain);
        assert(packed && each && packed->n_marks == plain->n_marks && each->n_marks == plain->n_marks);
        read_frames(&member, packed, 0, plain, 0);
        int middle = resume && !joined ? plain->n_marks / 2 : 0;
        joined = joined || resume;
        read_frames(&newcomer, packed, packed->marks[middle].start, plain, plain->marks[middle].start);
        for (int i = 0; i < each->n_marks; i++) {
            z_stream anyone = {0};
            assert(inflateInit2(&anyone, -DEFLATE_WINDOW_BITS) == Z_OK);
            read_frames(&anyone, each, each->marks[i].start, plain, plain->marks[i].start);
            inflateEnd(&anyone);
            i += each->n_marks / 3;
        }
        bool stored = n_events == 2;
        give(&stream, d, resume || strayed, stored, plain);
        strayed = stored; /* as after a heartbeat */
        block_unref(plain);
        block_unref(packed);
        block_unref(each);
    }
    inflateEnd(&member);
    inflateEnd(&newcomer);
    deflate_history_release(&history);
    end_stream(&stream);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
    static struct deflater *d;
    struct buf out;
    if (!d && !(d = deflater_new()))
        return 0;
    if (len > INFLATED_MAX)
        len = INFLATED_MAX;
    offer(bytes, len);
    buf_init(&out, INFLATED_MAX);
    enum rs_err err = deflate_inflate(d, (const char *)bytes, len, &out);
    assert(err == RS_OK || err == RS_INVALID || err == RS_LIMIT);
    assert(out.len <= INFLATED_MAX);
    buf_release(&out);
    if (len > 0)
        round_trip(d, bytes, len);
    return 0;
}
