#include "bridge/http_head.h"
#include "tests/unit/unit.h"

static struct http_head head;

static enum http_head_result parse(const char *text)
{
    return http_head_parse(text, strlen(text), &head);
}

START_TEST(a_request_is_cut_into_slices)
{
    const char *text = "GET /ws/a%20b?since=1&x HTTP/1.1\r\nHost: h:1\r\nX-Empty:\r\nAccept:  a b \t\r\n\r\nbody";
    char value[16];
    ck_assert_int_eq(parse(text), HTTP_HEAD_OK);
    ck_assert_uint_eq(head.len, strlen(text) - 4);
    ck_assert(slice_is(head.method, "GET"));
    ck_assert(slice_is(head.path, "/ws/a%20b"));
    ck_assert(slice_is(head.query, "since=1&x"));
    ck_assert_int_eq(head.n_headers, 3);
    ck_assert(slice_copy(http_head_get(&head, "HOST"), value, sizeof value));
    ck_assert_str_eq(value, "h:1");
    ck_assert_uint_eq(http_head_get(&head, "x-empty").len, 0);
    ck_assert(slice_is(http_head_get(&head, "accept"), "a b"));
    ck_assert_ptr_null(http_head_get(&head, "nothing").at);
    ck_assert(!slice_copy(http_head_get(&head, "host"), value, 3));
}
END_TEST

START_TEST(several_headers_are_one_list)
{
    char list[8];
    ck_assert_int_eq(parse("GET / HTTP/1.1\r\nA: 1\r\nB: 2\r\na: 3, 4\r\nC:\r\nc: 5\r\n\r\n"), HTTP_HEAD_OK);
    ck_assert(slice_is(http_head_get(&head, "a"), "1"));
    ck_assert(http_head_join(&head, "a", list, sizeof list));
    ck_assert_str_eq(list, "1,3, 4");
    ck_assert(http_head_join(&head, "c", list, sizeof list));
    ck_assert_str_eq(list, ",5");
    ck_assert(http_head_join(&head, "d", list, sizeof list));
    ck_assert_str_eq(list, "");
    ck_assert(!http_head_join(&head, "a", list, 6));
    ck_assert_str_eq(list, "");
}
END_TEST

START_TEST(every_prefix_is_incomplete)
{
    const char *text = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";
    for (size_t n = 0; n < strlen(text); n++)
        ck_assert_int_eq(http_head_parse(text, n, &head), HTTP_HEAD_INCOMPLETE);
    ck_assert_int_eq(parse(text), HTTP_HEAD_OK);
    ck_assert_ptr_null(head.query.at);
}
END_TEST

static const char *const bad[] = {
    "\r\nGET / HTTP/1.1\r\n\r\n", "\x16\x03\x01", "GET  / HTTP/1.1\r\n\r\n", "GET / HTTP/1.1\nHost: a\n\n",
    "GET / HTTP/2.0\r\n\r\n", "GET / HTTP/1.1 \r\n\r\n", "GET http://a/ HTTP/1.1\r\n\r\n", "GET * HTTP/1.1\r\n\r\n",
    "GET / HTTP/1.1\r\nHost : a\r\n\r\n", "GET / HTTP/1.1\r\n folded: a\r\n\r\n", "GET / HTTP/1.1\r\nA: b\r\n c\r\n\r\n",
    "GET / HTTP/1.1\r\nnocolon\r\n\r\n", "GET / HTTP/1.1\r\nA: \x01\r\n\r\n", "GET / HTTP/1.1\r\nA: b\rc\r\n\r\n",
    "GET / HTTP/1.1\r\nContent-Length: +5\r\n\r\n", "GET / HTTP/1.1\r\nContent-Length:\r\n\r\n", "GET / HTTP/1.1\r\nContent-Length: 1, 1\r\n\r\n",
    "GET / HTTP/1.1\r\nContent-Length: 5\r\ncontent-length: 5\r\n\r\n", "GET / HTTP/1.1\r\nContent-Length: 1234567890123456\r\n\r\n",
    "GET / HTTP/1.1\r\nTransfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n", "GET / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n",
    "GET / HTTP/1.1\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n\r\n", "GET / HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n",
    "GET /\x80 HTTP/1.1\r\n\r\n", "VERYLONGMETHODNAME / HTTP/1.1\r\n\r\n",
};

START_TEST(what_two_parsers_could_read_differently_is_refused)
{
    ck_assert_int_eq(parse(bad[_i]), HTTP_HEAD_BAD);
}
END_TEST

START_TEST(size_is_bounded)
{
    static char text[HTTP_HEAD_MAX + 100];
    int n = snprintf(text, sizeof text, "GET / HTTP/1.1\r\nA: ");
    memset(text + n, 'x', sizeof text - (size_t)n);
    ck_assert_int_eq(http_head_parse(text, HTTP_HEAD_MAX - 1, &head), HTTP_HEAD_INCOMPLETE);
    ck_assert_int_eq(http_head_parse(text, HTTP_HEAD_MAX, &head), HTTP_HEAD_TOO_LONG);
    memcpy(text + HTTP_HEAD_MAX - 4, "\r\n\r\n", 4);
    ck_assert_int_eq(http_head_parse(text, sizeof text, &head), HTTP_HEAD_OK);
    ck_assert_uint_eq(head.len, HTTP_HEAD_MAX);
    memcpy(text + HTTP_HEAD_MAX - 4, "x\r\n\r\n", 5);
    ck_assert_int_eq(http_head_parse(text, sizeof text, &head), HTTP_HEAD_TOO_LONG);
}
END_TEST

START_TEST(headers_are_counted)
{
    for (int extra = 0; extra < 2; extra++) {
        char text[HTTP_HEAD_MAX] = "GET / HTTP/1.1\r\n";
        for (int i = 0; i < HTTP_HEADERS_MAX + extra; i++)
            strcat(text, "A: b\r\n");
        strcat(text, "\r\n");
        ck_assert_int_eq(parse(text), extra ? HTTP_HEAD_TOO_LONG : HTTP_HEAD_OK);
    }
}
END_TEST

static bool websocket(const char *request_line, const char *headers)
{
    char text[512];
    snprintf(text, sizeof text, "%s\r\n%s\r\n", request_line, headers);
    ck_assert_int_eq(parse(text), HTTP_HEAD_OK);
    return http_head_is_websocket(&head);
}

START_TEST(handshakes_are_recognised)
{
    ck_assert(websocket("GET / HTTP/1.1", "Upgrade: WebSocket\r\nConnection: keep-alive, Upgrade\r\n"));
    ck_assert(websocket("GET / HTTP/1.1", "Connection: keep-alive\r\nconnection:upgrade\r\nupgrade: h2c , websocket\r\n"));
    ck_assert(!websocket("GET / HTTP/1.1", "Upgrade: websocket\r\n"));
    ck_assert(!websocket("GET / HTTP/1.1", "Upgrade: websockets\r\nConnection: upgrade\r\n"));
    ck_assert(!websocket("GET / HTTP/1.0", "Upgrade: websocket\r\nConnection: upgrade\r\n"));
    ck_assert(!websocket("POST / HTTP/1.1", "Upgrade: websocket\r\nConnection: upgrade\r\n"));
}
END_TEST

static Suite *suite(void)
{
    Suite *s = suite_create("http_head");
    TCase *t = tcase_create("all");
    tcase_add_test(t, a_request_is_cut_into_slices);
    tcase_add_test(t, several_headers_are_one_list);
    tcase_add_test(t, every_prefix_is_incomplete);
    tcase_add_loop_test(t, what_two_parsers_could_read_differently_is_refused, 0, sizeof bad / sizeof *bad);
    tcase_add_test(t, size_is_bounded);
    tcase_add_test(t, headers_are_counted);
    tcase_add_test(t, handshakes_are_recognised);
    suite_add_tcase(s, t);
    return s;
}
UNIT_MAIN(suite)
