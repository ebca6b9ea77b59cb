#include "bridge/frame.h"
#include "tests/unit/unit.h"

static char big[70000];

static size_t put(enum frame_format format, const char *id, size_t len, unsigned char **ret)
{
    static struct buf out;
    buf_release(&out);
    buf_init(&out, 200000);
    ck_assert_ok(frame_put(&out, format, id, big, len));
    *ret = (unsigned char *)out.data;
    return out.len;
}

START_TEST(websocket_lengths)
{
    unsigned char *p;
    ck_assert_uint_eq(put(FRAME_WEBSOCKET, "1", 125, &p), 127);
    ck_assert(p[0] == 0x81 && p[1] == 125);
    ck_assert_uint_eq(put(FRAME_WEBSOCKET, "1", 126, &p), 130);
    ck_assert(p[1] == 126 && p[2] == 0 && p[3] == 126);
    ck_assert_uint_eq(put(FRAME_WEBSOCKET, "1", 65535, &p), 65539);
    ck_assert(p[1] == 126 && p[2] == 255 && p[3] == 255);
    ck_assert_uint_eq(put(FRAME_WEBSOCKET, "1", 65536, &p), 65546);
    ck_assert(p[1] == 127 && p[6] == 0 && p[7] == 1 && p[8] == 0 && p[9] == 0);
    ck_assert_int_eq(p[10], 'x');
}
END_TEST

START_TEST(sse_fields)
{
    unsigned char *p;
    put(FRAME_SSE, "7.1", 2, &p);
    ck_assert_str_eq((char *)p, "id: 7.1\ndata: xx\n\n");
    put(FRAME_SSE, NULL, 1, &p);
    ck_assert_str_eq((char *)p, "data: x\n\n");
}
END_TEST

/* To a browser a carriage return ends the line as well. */
START_TEST(a_carriage_return_in_data_does_not_end_its_line)
{
    unsigned char *p;
    memcpy(big, "{\r\r}\r", 5);
    put(FRAME_SSE, NULL, 5, &p);
    ck_assert_str_eq((char *)p, "data: {  } \n\n");
}
END_TEST

START_TEST(boundaries_of_frames)
{
    static const size_t lengths[] = {1, 125, 126, 300, 65536, 5};
    struct buf out;
    buf_init(&out, 200000);
    size_t start = 0;
    size_t ends[6];
    for (int i = 0; i < 6; i++) {
        ck_assert_ok(frame_put(&out, FRAME_WEBSOCKET, NULL, big, lengths[i]));
        ends[i] = out.len;
    }
    for (int i = 0; i < 6; start = ends[i++])
        for (size_t n = start + 1; n <= ends[i]; n += 1 + (ends[i] - start) / 50)
            ck_assert_uint_eq(frame_boundary(out.data, out.len, n), ends[i]);
    ck_assert_uint_eq(frame_boundary(out.data, out.len, out.len), out.len);
    buf_release(&out);
}
END_TEST

static size_t after(const struct block *b, int64_t id)
{
    size_t at;
    ck_assert(block_after(b, id, &at));
    return at;
}

START_TEST(a_block_knows_where_events_begin)
{
    struct block *b = block_new(10000);
    ck_assert_uint_eq(after(b, 0), 0);
    for (int64_t id = 10; id <= 50; id += 10) {
        ck_assert_ok(block_begin_event(b, id));
        for (int i = 0; i < (int)(id / 10 - 1); i++) /* 0, 1, 2, 3, 4 messages of 3 + 2 bytes */
            ck_assert_ok(block_put(b, FRAME_WEBSOCKET, "x", "123", 3));
    }
    ck_assert_int_eq(b->n_messages, 10);
    ck_assert_int_eq(b->last_n, 4);
    ck_assert_uint_eq(after(b, 0), 0);
    ck_assert_uint_eq(after(b, 10), 0);
    ck_assert_uint_eq(after(b, 20), 5);
    ck_assert_uint_eq(after(b, 25), 5);
    ck_assert_uint_eq(after(b, 40), 30);
    ck_assert_uint_eq(after(b, 49), 30);
    ck_assert_uint_eq(after(b, 50), 50);
    block_unref(block_ref(b));
    ck_assert_int_eq(b->refs, 1);
    block_unref(b);
    block_unref(NULL);
}
END_TEST

START_TEST(a_block_is_bounded)
{
    struct block *b = block_new(10);
    ck_assert_ok(block_put(b, FRAME_WEBSOCKET, NULL, "12345678", 8));
    ck_assert_int_eq(block_put(b, FRAME_WEBSOCKET, NULL, "1", 1), RS_LIMIT);
    block_unref(b);
}
END_TEST

/* Events 1, 2, ... of one message each. */
static struct block *batch_of(enum frame_format format, int n, const char *json, size_t len)
{
    struct block *b = block_new(1000000);
    for (int i = 1; i <= n; i++) {
        ck_assert_ok(block_begin_event(b, i));
        ck_assert_ok(block_put(b, format, "1", json, len));
    }
    ck_assert_ok(block_close(b, format));
    return b;
}

static void assert_block(struct block *b, const char *bytes, size_t len)
{
    ck_assert_uint_eq(b->bytes.len, len);
    ck_assert_mem_eq(b->bytes.data, bytes, len);
    block_unref(b);
}
#define assert_bytes(block, text) assert_block(block, text, sizeof(text) - 1)

START_TEST(a_batch_of_one_is_bare)
{
    static const char object[] = "{\"a\":300}";
    assert_bytes(batch_of(FRAME_BATCH, 1, object, 9), "\x81\x09{\"a\":300}");
    assert_bytes(batch_of(FRAME_MSGPACK, 1, object, 9), "\x82\x06\x81\xa1" "a\xcd\x01\x2c");
    assert_bytes(batch_of(FRAME_MSGPACK | FRAME_BATCH, 1, object, 9), "\x82\x06\x81\xa1" "a\xcd\x01\x2c");
}
END_TEST

START_TEST(a_batch_of_several_is_an_array)
{
    assert_bytes(batch_of(FRAME_BATCH, 3, "{\"a\":1}", 7), "\x81\x19[{\"a\":1},{\"a\":1},{\"a\":1}]");
    assert_bytes(batch_of(FRAME_MSGPACK | FRAME_BATCH, 2, "{}", 2), "\x82\x03\x92\x80\x80");
    assert_bytes(batch_of(FRAME_MSGPACK | FRAME_BATCH, 16, "{}", 2),
                 "\x82\x13\xdc\x00\x10\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80");
    assert_bytes(batch_of(FRAME_MSGPACK, 2, "{}", 2), "\x82\x01\x80\x82\x01\x80");
}
END_TEST

START_TEST(a_batch_is_a_frame_up_to_its_limit)
{
    static const enum frame_format formats[] = {FRAME_BATCH, FRAME_MSGPACK | FRAME_BATCH};
    char text[1002];
    memset(text, 'x', sizeof text);
    text[0] = text[1000] = '"';
    for (int f = 0; f < 2; f++) {
        struct block *b = batch_of(formats[f], 200, text, 1001);
        size_t at = 0, frames = 0, in_frame, from;
        for (; at < b->bytes.len; at = in_frame, frames++) {
            in_frame = at + frame_boundary(b->bytes.data + at, b->bytes.len - at, 1);
            ck_assert_uint_le(in_frame - at, BATCH_BYTES_MAX + 4);
            ck_assert_uint_eq((unsigned char)b->bytes.data[at], f ? 0x82 : 0x81);
        }
        ck_assert_uint_eq(at, b->bytes.len);
        ck_assert_uint_eq(frames, 4);
        for (int64_t id = 0, starts = 0; id < 200; id++) {
            if (!block_after(b, id, &from))
                continue;
            starts++;
            ck_assert_uint_eq((unsigned char)b->bytes.data[from], f ? 0x82 : 0x81);
            ck_assert(id < 199 || starts == 4);
        }
        block_unref(b);
    }
}
END_TEST

START_TEST(within_a_batch_there_is_no_place_to_begin)
{
    struct block *b = batch_of(FRAME_BATCH, 5, "{}", 2);
    size_t at;
    ck_assert(block_after(b, 0, &at) && at == 0);
    for (int64_t id = 1; id < 5; id++)
        ck_assert(!block_after(b, id, &at));
    ck_assert(block_after(b, 5, &at) && at == b->bytes.len);
    block_unref(b);
}
END_TEST

START_TEST(a_long_message_is_a_frame_by_itself_between_batches)
{
    struct block *b = block_new(1000000);
    size_t at;
    big[0] = big[65999] = '"';
    for (int64_t id = 1; id <= 5; id++) {
        ck_assert_ok(block_begin_event(b, id));
        ck_assert_ok(block_put(b, FRAME_BATCH, "1", id == 3 ? big : "{}", id == 3 ? 66000 : 2));
    }
    ck_assert_ok(block_close(b, FRAME_BATCH));
    ck_assert_uint_eq(b->bytes.len, 9 + 66010 + 9);
    ck_assert_mem_eq(b->bytes.data, "\x81\x07[{},{}]\x81\x7f", 11);
    ck_assert_mem_eq(b->bytes.data + 66019, "\x81\x07[{},{}]", 9);
    ck_assert(block_after(b, 2, &at) && at == 9);
    ck_assert(block_after(b, 3, &at) && at == 66019);
    ck_assert(!block_after(b, 4, &at));
    block_unref(b);
}
END_TEST

START_TEST(nothing_is_closed_to_nothing)
{
    for (int f = FRAME_WEBSOCKET; f < FRAME_NONE; f++) {
        struct block *b = block_new(1000);
        ck_assert_ok(block_close(b, f));
        ck_assert_uint_eq(b->bytes.len, 0);
        block_unref(b);
    }
}
END_TEST

/* What a message takes at most is known before it is written. */
START_TEST(messages_keep_to_their_most)
{
    char text[3000] = "[";
    for (int i = 0; i < 500; i++)
        strcat(text, i ? ",1e5" : "1e5");
    strcat(text, "]");
    for (int f = FRAME_WEBSOCKET; f < FRAME_NONE; f++) {
        struct block *b = block_new(frame_max(f, strlen(text)));
        ck_assert_ok(block_put(b, f, "99.31", text, strlen(text)));
        ck_assert_ok(block_close(b, f));
        block_unref(b);
    }
}
END_TEST

static Suite *suite(void)
{
    Suite *s = suite_create("frame");
    TCase *t = tcase_create("all");
    memset(big, 'x', sizeof big);
    tcase_add_test(t, websocket_lengths);
    tcase_add_test(t, sse_fields);
    tcase_add_test(t, a_carriage_return_in_data_does_not_end_its_line);
    tcase_add_test(t, boundaries_of_frames);
    tcase_add_test(t, a_block_knows_where_events_begin);
    tcase_add_test(t, a_block_is_bounded);
    tcase_add_test(t, a_batch_of_one_is_bare);
    tcase_add_test(t, a_batch_of_several_is_an_array);
    tcase_add_test(t, a_batch_is_a_frame_up_to_its_limit);
    tcase_add_test(t, within_a_batch_there_is_no_place_to_begin);
    tcase_add_test(t, a_long_message_is_a_frame_by_itself_between_batches);
    tcase_add_test(t, messages_keep_to_their_most);
    tcase_add_test(t, nothing_is_closed_to_nothing);
    suite_add_tcase(s, t);
    return s;
}
UNIT_MAIN(suite)
