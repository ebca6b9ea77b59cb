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

START_TEST(a_block_knows_where_events_begin)
{
    struct block *b = block_new(10000);
    ck_assert_uint_eq(block_after(b, 0), 0);
    for (int64_t id = 10; id <= 50; id += 10) {
        ck_assert_ok(block_begin_event(b, id));
        for (int i = 0; i < (int)(id / 10 - 1); i++) /* 0, 1, 2, 3, 4 messages of 3 + 2 bytes */
            ck_assert_ok(block_put(b, FRAME_WEBSOCKET, "x", "123", 3));
    }
    ck_assert_int_eq(b->n_messages, 10);
    ck_assert_int_eq(b->last_n, 4);
    ck_assert_uint_eq(block_after(b, 0), 0);
    ck_assert_uint_eq(block_after(b, 10), 0);
    ck_assert_uint_eq(block_after(b, 20), 5);
    ck_assert_uint_eq(block_after(b, 25), 5);
    ck_assert_uint_eq(block_after(b, 40), 30);
    ck_assert_uint_eq(block_after(b, 49), 30);
    ck_assert_uint_eq(block_after(b, 50), 50);
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
    suite_add_tcase(s, t);
    return s;
}
UNIT_MAIN(suite)
