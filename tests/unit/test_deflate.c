#include "bridge/deflate.h"
#include "tests/unit/unit.h"
#include <sys/random.h>
#include <zlib.h>

#define EVENTS 40

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

static size_t event_text(int id, char text[512])
{
    return (size_t)snprintf(text, 512,
                            "{\"id\":\"%d\",\"stream\":\"run:r_8f3kq2xw\",\"seq\":%d,\"type\":\"log\",\"time\":\"2026-11-22T03:%02d:07.%03dZ\","
                            "\"org\":\"default\",\"data\":{\"level\":\"info\",\"message\":\"line %d of what the tool said\","
                            "\"nodeId\":\"check\",\"source\":\"stdout\"}}",
                            128700 + id, id, id % 60, id * 37 % 1000, id * id);
}

/* Events from..to as plain frames. */
static struct block *plain_block(int from, int to)
{
    char text[512];
    struct block *b = block_new(1 << 20);
    for (int id = from; id < to; id++) {
        size_t len = event_text(id, text);
        ck_assert_ok(block_begin_event(b, id));
        ck_assert_ok(block_put(b, FRAME_WEBSOCKET, NULL, text, len));
    }
    return b;
}

/* A client: what it reads in frames must be events from..to. */
static int read_events(z_stream *client, const char *bytes, size_t len, int from)
{
    static const unsigned char tail[] = {0, 0, 0xff, 0xff};
    char text[512];
    unsigned char got[1024];
    int id = from;
    for (size_t at = 0, n = 0; at < len; at += n, id++) {
        size_t head = frame_head_read(bytes + at, &n);
        bool compressed = (unsigned char)bytes[at] == 0xc1;
        ck_assert(compressed || (unsigned char)bytes[at] == 0x81);
        at += head;
        size_t want = event_text(id, text), have = n;
        memcpy(got, bytes + at, n < sizeof got ? n : sizeof got);
        if (compressed) {
            client->next_in = (Bytef *)bytes + at;
            client->avail_in = (uInt)n;
            client->next_out = got;
            client->avail_out = sizeof got;
            ck_assert_int_eq(inflate(client, Z_SYNC_FLUSH), Z_OK);
            client->next_in = (Bytef *)tail;
            client->avail_in = sizeof tail;
            ck_assert_int_eq(inflate(client, Z_SYNC_FLUSH), Z_OK);
            have = sizeof got - client->avail_out;
        }
        ck_assert_uint_eq(have, want);
        ck_assert_mem_eq(got, text, want);
    }
    return id;
}

static void new_client(z_stream *client)
{
    *client = (z_stream){0};
    ck_assert_int_eq(inflateInit2(client, -DEFLATE_WINDOW_BITS), Z_OK);
}

START_TEST(messages_by_themselves)
{
    struct deflate_history history = {0};
    struct block *plain = plain_block(1, EVENTS), *packed = deflate_block(d, FRAME_WEBSOCKET, COMPRESSION_EACH, &history, false, plain);
    ck_assert_ptr_nonnull(packed);
    ck_assert_uint_lt(packed->bytes.len, plain->bytes.len * 9 / 10);
    ck_assert_int_eq(packed->n_messages, plain->n_messages);
    for (int i = 0; i < packed->n_marks; i++) { /* each can be read by one who has seen nothing */
        z_stream client;
        new_client(&client);
        size_t end = i + 1 < packed->n_marks ? packed->marks[i + 1].start : packed->bytes.len;
        ck_assert_int_eq(packed->marks[i].id, i + 1);
        ck_assert_int_eq(read_events(&client, packed->bytes.data + packed->marks[i].start, end - packed->marks[i].start, i + 1), i + 2);
        inflateEnd(&client);
    }
    ck_assert_ptr_null(history.text);
    block_unref(packed);
    packed = deflate_block(d, FRAME_WEBSOCKET, COMPRESSION_EACH, NULL, false, plain); /* for one client: not worth the time */
    ck_assert_mem_eq(packed->bytes.data, plain->bytes.data, plain->bytes.len);
    block_unref(plain);
    block_unref(packed);
}
END_TEST

START_TEST(messages_refer_to_those_before)
{
    struct deflate_history history = {0}, other = {0};
    z_stream client;
    size_t n_plain = 0, n_packed = 0;
    new_client(&client);
    for (int id = 1; id < EVENTS; id += 3) {
        struct block *plain = plain_block(id, id + 3), *packed = deflate_block(d, FRAME_WEBSOCKET, COMPRESSION_RUNNING, &history, id == 1, plain);
        ck_assert_ptr_nonnull(packed);
        if (id > 1) {
            n_plain += plain->bytes.len;
            n_packed += packed->bytes.len;
        }
        ck_assert_int_eq(read_events(&client, packed->bytes.data, packed->bytes.len, id), id + 3);
        block_unref(packed);
        if (id % 2 == 0) { /* the compressor serves others in between */
            packed = deflate_block(d, FRAME_WEBSOCKET, COMPRESSION_RUNNING, id % 4 ? &other : NULL, true, plain);
            block_unref(packed);
        }
        block_unref(plain);
    }
    ck_assert_uint_lt(n_packed, n_plain * 3 / 10);
    ck_assert_uint_eq(history.len, DEFLATE_HISTORY_BYTES);
    inflateEnd(&client);
    deflate_history_release(&history);
    deflate_history_release(&other);
}
END_TEST

/* One who joins, with `resume`, in the middle of a block: it reads from its mark on, and what follows. */
START_TEST(a_newcomer_begins_within_a_block)
{
    struct deflate_history history = {0};
    z_stream member, newcomer;
    new_client(&member);
    new_client(&newcomer);
    struct block *plain = plain_block(1, 10), *packed = deflate_block(d, FRAME_WEBSOCKET, COMPRESSION_RUNNING, &history, true, plain);
    read_events(&member, packed->bytes.data, packed->bytes.len, 1);
    block_unref(plain);
    block_unref(packed);
    plain = plain_block(10, 20);
    packed = deflate_block(d, FRAME_WEBSOCKET, COMPRESSION_RUNNING, &history, true, plain);
    size_t at = 0;
    ck_assert(block_after(packed, 14, &at));
    ck_assert_int_eq(read_events(&member, packed->bytes.data, packed->bytes.len, 10), 20);
    ck_assert_int_eq(read_events(&newcomer, packed->bytes.data + at, packed->bytes.len - at, 15), 20);
    block_unref(plain);
    block_unref(packed);
    plain = plain_block(20, 30);
    packed = deflate_block(d, FRAME_WEBSOCKET, COMPRESSION_RUNNING, &history, false, plain);
    ck_assert_int_eq(read_events(&member, packed->bytes.data, packed->bytes.len, 20), 30);
    ck_assert_int_eq(read_events(&newcomer, packed->bytes.data, packed->bytes.len, 20), 30);
    block_unref(plain);
    block_unref(packed);
    inflateEnd(&member);
    inflateEnd(&newcomer);
    deflate_history_release(&history);
}
END_TEST

START_TEST(what_does_not_pay_goes_as_it_is)
{
    unsigned char noise[300];
    struct block *plain = block_new(1 << 20);
    ck_assert_int_eq(getrandom(noise, sizeof noise, 0), sizeof noise);
    ck_assert_ok(block_put(plain, FRAME_WEBSOCKET, NULL, "{\"op\":\"pong\"}", 13));
    ck_assert_ok(block_put(plain, FRAME_WEBSOCKET, NULL, (char *)noise, sizeof noise));
    struct deflate_history history = {0};
    struct block *packed = deflate_block(d, FRAME_WEBSOCKET, COMPRESSION_EACH, &history, false, plain);
    ck_assert_uint_eq(packed->bytes.len, plain->bytes.len);
    ck_assert_mem_eq(packed->bytes.data, plain->bytes.data, plain->bytes.len);
    block_unref(plain);
    block_unref(packed);
}
END_TEST

START_TEST(a_large_message)
{
    struct block *plain = block_new(4 << 20);
    struct buf text, back;
    buf_init(&text, 4 << 20);
    buf_init(&back, 4 << 20);
    for (int i = 0; text.len < 2000000; i++)
        buf_printf(&text, "%d, ", i * 7919);
    ck_assert_ok(block_put(plain, FRAME_WEBSOCKET, NULL, text.data, text.len));
    for (int running = 0; running < 2; running++) {
        size_t len = 0;
        struct block *packed = deflate_block(d, FRAME_WEBSOCKET, running ? COMPRESSION_RUNNING : COMPRESSION_EACH, NULL, false, plain);
        size_t head = frame_head_read(packed->bytes.data, &len);
        ck_assert_uint_eq(head + len, packed->bytes.len);
        ck_assert_uint_lt(len, text.len / 2);
        buf_clear(&back);
        ck_assert_ok(deflate_inflate(d, packed->bytes.data + head, len, &back));
        ck_assert_uint_eq(back.len, text.len);
        ck_assert_mem_eq(back.data, text.data, text.len);
        block_unref(packed);
    }
    block_unref(plain);
    buf_release(&text);
    buf_release(&back);
}
END_TEST

static enum rs_err inflated(const void *bytes, size_t len, size_t max, const char *want)
{
    struct buf out;
    buf_init(&out, max);
    enum rs_err err = deflate_inflate(d, bytes, len, &out);
    if (!err && want)
        ck_assert_str_eq(out.data ? out.data : "", want);
    ck_assert_uint_le(out.len, max);
    buf_release(&out);
    return err;
}

/* RFC 7692, sections 7.2.3.1 to 7.2.3.5 */
START_TEST(examples_of_the_standard)
{
    static const unsigned char one[] = {0xf2, 0x48, 0xcd, 0xc9, 0xc9, 0x07, 0x00};
    static const unsigned char stored[] = {0x00, 0x05, 0x00, 0xfa, 0xff, 0x48, 0x65, 0x6c, 0x6c, 0x6f, 0x00};
    static const unsigned char final[] = {0xf3, 0x48, 0xcd, 0xc9, 0xc9, 0x07, 0x00, 0x00};
    static const unsigned char two[] = {0xf2, 0x48, 0x05, 0x00, 0x00, 0x00, 0xff, 0xff, 0xca, 0xc9, 0xc9, 0x07, 0x00};
    ck_assert_ok(inflated(one, sizeof one, 100, "Hello"));
    ck_assert_ok(inflated(stored, sizeof stored, 100, "Hello"));
    ck_assert_ok(inflated(final, sizeof final, 100, "Hello"));
    ck_assert_ok(inflated(two, sizeof two, 100, "Hello"));
    ck_assert_ok(inflated("", 1, 100, "")); /* an empty message is one byte 00 */
}
END_TEST

START_TEST(rubbish_is_refused)
{
    static const unsigned char one[] = {0xf2, 0x48, 0xcd, 0xc9, 0xc9, 0x07, 0x00};
    for (size_t n = 0; n < sizeof one; n++)
        ck_assert_int_eq(inflated(one, n, 100, NULL), RS_INVALID); /* cut off */
    ck_assert_int_eq(inflated("\xff\xff\xff", 3, 100, NULL), RS_INVALID);
    ck_assert_int_ne(inflated("{\"op\":\"ping\"}", 13, 100, NULL), RS_OK);
    ck_assert_ok(inflated(one, sizeof one, 100, "Hello")); /* it recovers */
}
END_TEST

START_TEST(a_bomb_is_not_unpacked)
{
    struct block *plain = block_new(2 << 20);
    char *zeros = calloc(1, 1 << 20);
    size_t len = 0;
    ck_assert_ok(block_put(plain, FRAME_WEBSOCKET, NULL, zeros, 1 << 20));
    struct block *packed = deflate_block(d, FRAME_WEBSOCKET, COMPRESSION_EACH, NULL, false, plain);
    size_t head = frame_head_read(packed->bytes.data, &len);
    ck_assert_uint_lt(len, 65536);
    ck_assert_int_eq(inflated(packed->bytes.data + head, len, 65536, NULL), RS_LIMIT);
    block_unref(plain);
    block_unref(packed);
    free(zeros);
}
END_TEST

static const struct {
    const char *offers;
    enum compression compression;
    const char *answer;
} offers[] = {
    {"permessage-deflate; client_max_window_bits", COMPRESSION_RUNNING, ""}, /* Chromium, Firefox, ws */
    {"permessage-deflate; server_max_window_bits=12; client_max_window_bits=12", COMPRESSION_RUNNING, "; server_max_window_bits=12"},
    {"permessage-deflate", COMPRESSION_RUNNING, ""},
    {"permessage-deflate;server_no_context_takeover", COMPRESSION_EACH, "; server_no_context_takeover"},
    {"permessage-deflate ; server_no_context_takeover ; client_no_context_takeover;server_max_window_bits=\"15\"",
     COMPRESSION_EACH, "; server_no_context_takeover; server_max_window_bits=12"},
    {"permessage-deflate; server_max_window_bits=10, permessage-deflate", COMPRESSION_RUNNING, ""},
    {"permessage-bzip2, x; y=\"z\", permessage-deflate; client_max_window_bits=9", COMPRESSION_RUNNING, ""},
    {"permessage-deflate; server_max_window_bits=11", COMPRESSION_NONE, NULL},
    {"permessage-deflate; server_max_window_bits", COMPRESSION_NONE, NULL},
    {"permessage-deflate; server_max_window_bits=16", COMPRESSION_NONE, NULL},
    {"permessage-deflate; server_max_window_bits=012", COMPRESSION_NONE, NULL},
    {"permessage-deflate; client_max_window_bits=7", COMPRESSION_NONE, NULL},
    {"permessage-deflate; client_no_context_takeover; client_no_context_takeover", COMPRESSION_NONE, NULL},
    {"permessage-deflate; server_no_context_takeover=1", COMPRESSION_NONE, NULL},
    {"permessage-deflate; level=9", COMPRESSION_NONE, NULL},
    {"permessage-deflate; ", COMPRESSION_NONE, NULL},
    {"permessage-deflate; a=\"b", COMPRESSION_NONE, NULL},
    {"permessage-deflate x, permessage-deflate", COMPRESSION_NONE, NULL},
    {"x-webkit-deflate-frame", COMPRESSION_NONE, NULL},
    {"PERMESSAGE-DEFLATE2", COMPRESSION_NONE, NULL},
    {"", COMPRESSION_NONE, NULL},
    {",,", COMPRESSION_NONE, NULL},
};

START_TEST(what_is_agreed)
{
    char answer[DEFLATE_ANSWER_MAX], want[DEFLATE_ANSWER_MAX];
    ck_assert_int_eq(deflate_offer_accept(offers[_i].offers, answer), offers[_i].compression);
    snprintf(want, sizeof want, "permessage-deflate; client_no_context_takeover%s", offers[_i].answer ? offers[_i].answer : "");
    ck_assert_str_eq(answer, offers[_i].answer ? want : "");
}
END_TEST

static Suite *suite(void)
{
    Suite *s = suite_create("deflate");
    TCase *tc = tcase_create("deflate");
    tcase_add_checked_fixture(tc, setup, teardown);
    tcase_add_test(tc, messages_by_themselves);
    tcase_add_test(tc, messages_refer_to_those_before);
    tcase_add_test(tc, a_newcomer_begins_within_a_block);
    tcase_add_test(tc, what_does_not_pay_goes_as_it_is);
    tcase_add_test(tc, a_large_message);
    tcase_add_test(tc, examples_of_the_standard);
    tcase_add_test(tc, rubbish_is_refused);
    tcase_add_test(tc, a_bomb_is_not_unpacked);
    tcase_add_loop_test(tc, what_is_agreed, 0, (int)(sizeof offers / sizeof *offers));
    suite_add_tcase(s, tc);
    return s;
}
UNIT_MAIN(suite)
