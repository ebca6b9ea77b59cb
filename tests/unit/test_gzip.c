#include "bridge/accept_encoding.h"
#include "bridge/deflate.h"
#include "bridge/gzip.h"
#include "tests/unit/unit.h"
#include <zlib.h>

#define LONG_BYTES 200000 /* more than fits a stored block */

static struct deflater *d;

static void setup(void)
{
    d = deflater_new();
    ck_assert_ptr_nonnull(d);
}

static void teardown(void)
{
    deflater_free(d);
}

/* Events from..to; every fifth has no message. */
static struct block *plain_block(int from, int to)
{
    char id[24], text[512];
    struct block *b = block_new(1 << 20);
    for (int i = from; i < to; i++) {
        size_t len = (size_t)snprintf(text, sizeof text,
                                      "{\"id\":\"%d\",\"stream\":\"run:r_8f3kq2xw\",\"seq\":%d,\"type\":\"log\",\"data\":{\"level\":\"info\","
                                      "\"message\":\"line %d of what the tool said\",\"nodeId\":\"check\"}}", i, i, i * i);
        snprintf(id, sizeof id, "%d", i);
        ck_assert_ok(block_begin_event(b, i));
        if (i % 5 != 3)
            ck_assert_ok(block_put(b, FRAME_SSE, id, text, len));
    }
    return b;
}

static struct block *text_block(const char *text, size_t len)
{
    struct block *b = block_new(len);
    ck_assert_ok(buf_append(&b->bytes, text, len));
    return b;
}

/* One connection: what goes over the wire, and the text that this should be. */
struct connection {
    struct buf wire, text;
    struct gzip_sum sum;
    z_stream reader; /* who reads as it comes */
};

static void open_connection(struct connection *c)
{
    *c = (struct connection){0};
    buf_init(&c->wire, 4 << 20);
    buf_init(&c->text, 4 << 20);
    ck_assert_int_eq(inflateInit2(&c->reader, MAX_WBITS + 16), Z_OK);
    ck_assert_ok(buf_append(&c->wire, gzip_head, GZIP_HEAD_BYTES));
}

static void check_arrived(struct connection *c)
{
    unsigned char *got = malloc(c->text.len + 1);
    c->reader.next_in = (Bytef *)c->wire.data + c->reader.total_in;
    c->reader.avail_in = (uInt)(c->wire.len - c->reader.total_in);
    c->reader.next_out = got;
    c->reader.avail_out = (uInt)(c->text.len - c->reader.total_out + 1);
    size_t from = c->reader.total_out;
    ck_assert_int_eq(inflate(&c->reader, Z_NO_FLUSH), Z_OK);
    ck_assert_uint_eq(c->reader.total_out, c->text.len);
    ck_assert_mem_eq(got, c->text.data + from, c->text.len - from);
    free(got);
}

/* From where the events after `after` begin: they can be read when they have come. */
static void give(struct connection *c, const struct block *packed, const struct block *plain, int64_t after)
{
    size_t at = 0, plain_at = 0;
    ck_assert(block_after(packed, after, &at) && block_after(plain, after, &plain_at));
    if (plain->n_marks == 0)
        at = plain_at = 0;
    ck_assert_ok(buf_append(&c->wire, packed->bytes.data + at, packed->bytes.len - at));
    ck_assert_ok(buf_append(&c->text, plain->bytes.data + plain_at, plain->bytes.len - plain_at));
    gzip_sum_add(&c->sum, packed, at);
    check_arrived(c);
}

static void give_stored(struct connection *c, const char *text, size_t len)
{
    struct block *plain = text_block(text, len), *packed = gzip_stored(plain);
    ck_assert_uint_le(packed->bytes.len, len + 5 * (len / 65535 + 1));
    give(c, packed, plain, 0);
    block_unref(packed);
    block_unref(plain);
}

/* Read in two parts, cut at byte `cut`. */
static void check_cut(const struct connection *c, size_t cut)
{
    unsigned char *got = malloc(c->text.len + 1);
    z_stream z = {.next_out = got, .avail_out = (uInt)c->text.len + 1};
    ck_assert_int_eq(inflateInit2(&z, MAX_WBITS + 16), Z_OK);
    z.next_in = (Bytef *)c->wire.data;
    z.avail_in = (uInt)cut;
    int result = inflate(&z, Z_NO_FLUSH);
    ck_assert_msg(result == Z_OK || (result == Z_BUF_ERROR && cut == 0), "cut at %zu: %d", cut, result);
    ck_assert_uint_eq(z.avail_in, 0);
    z.avail_in = (uInt)(c->wire.len - cut);
    ck_assert_int_eq(inflate(&z, Z_NO_FLUSH), Z_STREAM_END); /* the checksum and the length are right, too */
    ck_assert_uint_eq(z.avail_in, 0);
    ck_assert_uint_eq(z.total_out, c->text.len);
    if (c->text.len > 0) /* else it has no memory */
        ck_assert_mem_eq(got, c->text.data, c->text.len);
    inflateEnd(&z);
    free(got);
}

static void close_connection(struct connection *c, size_t step)
{
    unsigned char tail[GZIP_TAIL_BYTES];
    gzip_tail(&c->sum, tail);
    ck_assert_ok(buf_append(&c->wire, tail, sizeof tail));
    for (size_t cut = 0; cut < c->wire.len; cut += step)
        check_cut(c, cut);
    inflateEnd(&c->reader);
    buf_release(&c->wire);
    buf_release(&c->text);
}

START_TEST(a_stream_with_all_there_is)
{
    struct deflate_history history = {0};
    struct connection c;
    open_connection(&c);
    give_stored(&c, "data: {\"op\":\"hello\"}\n\n", 22);
    struct block *plain = plain_block(1, 40), *packed = deflate_own(d, FRAME_SSE, COMPRESSION_RUNNING, plain); /* a replay */
    ck_assert_uint_lt(packed->bytes.len, plain->bytes.len / 3);
    give(&c, packed, plain, 0);
    block_unref(packed);
    block_unref(plain);
    for (int id = 40; id < 80; id += 4) { /* the first of the group to be live; a heartbeat in between */
        plain = plain_block(id, id + 4);
        packed = deflate_block(d, FRAME_SSE, COMPRESSION_RUNNING, &history, id == 40 || id == 60, plain);
        if (id == 60)
            give_stored(&c, ":\n\n", 3);
        give(&c, packed, plain, id - 1);
        block_unref(packed);
        block_unref(plain);
    }
    deflate_history_release(&history);
    give_stored(&c, "retry: 1000\n\n", 13);
    close_connection(&c, 1);
}
END_TEST

START_TEST(nothing_but_an_end)
{
    struct connection c;
    open_connection(&c);
    close_connection(&c, 1);
}
END_TEST

/* It begins within a block; another follows all the time, and the same bytes are for both. */
START_TEST(a_newcomer_shares_what_follows)
{
    struct deflate_history history = {0};
    struct connection member, newcomer;
    open_connection(&member);
    open_connection(&newcomer);
    size_t n_first = 0, n_later = 0;
    for (int id = 1; id < 100; id += 10) {
        struct block *plain = plain_block(id, id + 10), *packed = deflate_block(d, FRAME_SSE, COMPRESSION_RUNNING, &history, id <= 11, plain);
        ck_assert_int_eq(packed->n_pieces, id <= 11 ? 8 : 1);
        give(&member, packed, plain, 0);
        if (id >= 11)
            give(&newcomer, packed, plain, id == 11 ? 14 : 0);
        *(id <= 11 ? &n_first : &n_later) = packed->bytes.len;
        size_t at = 0; /* nobody can begin within what refers to what was before */
        ck_assert_int_eq(block_after(packed, id + 4, &at), id <= 11);
        ck_assert(block_after(packed, id + 9, &at) && at == packed->bytes.len);
        block_unref(packed);
        block_unref(plain);
        if (id % 20 == 1) { /* the compressor serves others meanwhile */
            plain = plain_block(id * 7, id * 7 + 10);
            block_unref(deflate_own(d, FRAME_SSE, COMPRESSION_EACH, plain));
            block_unref(plain);
        }
    }
    ck_assert_uint_lt(n_later, n_first / 3);
    deflate_history_release(&history);
    close_connection(&member, 1);
    close_connection(&newcomer, 1);
}
END_TEST

START_TEST(what_is_long)
{
    struct connection c;
    char *text = malloc(2 * LONG_BYTES);
    open_connection(&c);
    for (int i = 0; i < 2 * LONG_BYTES; i++)
        text[i] = (char)(' ' + (unsigned)i * 2654435761u % 90);
    give_stored(&c, text, LONG_BYTES);
    give_stored(&c, text, 65535);
    give_stored(&c, text, 65536);
    struct block *plain = block_new(1 << 20); /* for one client alone, beyond DEFLATE_OWN_MAX */
    ck_assert_ok(block_put(plain, FRAME_SSE, "7", text, 2 * LONG_BYTES));
    struct block *packed = deflate_own(d, FRAME_SSE, COMPRESSION_RUNNING, plain);
    ck_assert_uint_gt(packed->bytes.len, plain->bytes.len);
    give(&c, packed, plain, 0);
    block_unref(packed);
    block_unref(plain);
    close_connection(&c, 9973);
    free(text);
}
END_TEST

START_TEST(not_compressed_at_all)
{
    struct block *plain = plain_block(1, 5), *same = deflate_own(d, FRAME_SSE, COMPRESSION_NONE, plain);
    ck_assert_ptr_eq(same, plain);
    block_unref(same);
    block_unref(plain);
}
END_TEST

static const struct {
    const char *lines[3];
    bool gzip;
} wishes[] = {
    {{NULL}, false},
    {{""}, false},
    {{"gzip"}, true},
    {{"gzip, deflate, br, zstd"}, true}, /* Chromium, Firefox */
    {{"deflate, GZIP"}, true},
    {{"br", "gzip"}, true},
    {{"x-gzip"}, true},
    {{"*"}, true},
    {{"br;q=1.0, *;q=0.5"}, true},
    {{"gzip;q=0.001"}, true},
    {{"gzip ; q=1.000 , identity"}, true},
    {{"gzip;Q=0.8, identity;q=0.5"}, true},
    {{"deflate;q=1.0, , gzip"}, true},
    {{"identity"}, false},
    {{"br, deflate"}, false},
    {{"gzip;q=0"}, false},
    {{"gzip;q=0.000"}, false},
    {{"gzip;q=0, *"}, false},
    {{"*;q=0"}, false},
    {{"gzip;q=0.5, identity"}, false},
    {{"identity", "gzip;q=0.9"}, false},
    {{"*;q=0.3, identity;q=0.4"}, false},
    {{"gzipped"}, false},
    {{"gzi"}, false},
    {{"gzip;q=2"}, false},
    {{"gzip;q=1.001"}, false},
    {{"gzip;q=0.1234"}, false},
    {{"gzip;q=-1"}, false},
    {{"gzip;level=9"}, false},
    {{"gzip;"}, false},
    {{"gzip x"}, false},
    {{"gzip", "gzip;q=x"}, false},
};

START_TEST(what_a_client_wants)
{
    struct accept_encoding a = {0};
    for (int i = 0; i < 3 && wishes[_i].lines[i]; i++)
        accept_encoding_read(&a, wishes[_i].lines[i]);
    ck_assert_msg(accept_encoding_gzip(&a) == wishes[_i].gzip, "%s", wishes[_i].lines[0] ? wishes[_i].lines[0] : "none");
}
END_TEST

static Suite *suite(void)
{
    Suite *s = suite_create("gzip");
    TCase *tc = tcase_create("gzip");
    tcase_add_checked_fixture(tc, setup, teardown);
    tcase_add_test(tc, a_stream_with_all_there_is);
    tcase_add_test(tc, nothing_but_an_end);
    tcase_add_test(tc, a_newcomer_shares_what_follows);
    tcase_add_test(tc, what_is_long);
    tcase_add_test(tc, not_compressed_at_all);
    tcase_add_loop_test(tc, what_a_client_wants, 0, (int)(sizeof wishes / sizeof *wishes));
    suite_add_tcase(s, tc);
    return s;
}
UNIT_MAIN(suite)
