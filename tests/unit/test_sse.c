/* Server-Sent Events, however the bytes are cut. */
#include "runner/sse.h"
#include "unit.h"

static char got[4096];

static enum rs_err on_event(void *ctx, const char *data, size_t len)
{
    const char *stop = ctx;
    ck_assert_uint_eq(strlen(data), len);
    strcat(got, "[");
    strcat(got, data);
    strcat(got, "]");
    return stop && strcmp(stop, data) == 0 ? RS_INVALID : RS_OK;
}

/* The events of a text, fed in pieces of so many bytes. */
static enum rs_err feed(const char *text, size_t piece, const char *stop)
{
    struct sse sse;
    size_t len = strlen(text);
    enum rs_err err = RS_OK;
    got[0] = '\0';
    sse_init(&sse, on_event, (void *)stop);
    for (size_t at = 0; !err && at < len; at += piece)
        err = sse_feed(&sse, text + at, at + piece < len ? piece : len - at);
    sse_release(&sse);
    return err;
}

START_TEST(test_pieces)
{
    static const struct {
        const char *text, *events;
    } cases[] = {
        {"data: a\n\ndata:b\n\n", "[a][b]"},
        {"data: a\r\n\r\ndata: b\r\n\r\n", "[a][b]"},
        {"data: a\r\rdata: b\r\r", "[a][b]"},
        {": comment\n\nevent: x\nid: 1\ndata: a\nretry: 3\n\n", "[a]"},
        {"data: one\ndata: two\n\n", "[one\ntwo]"},
        {"data\n\n", "[]"},
        {"data:  two spaces\n\n", "[ two spaces]"},
        {"datax: no\nx: data: no\n\ndata: yes\n\n", "[yes]"},
        {"\xEF\xBB\xBF" "data: a\n\n", "[a]"},
        {"data: a\n\ndata: unfinished\n", "[a]"},
        {"\n\n\n", ""},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        for (size_t piece = 1; piece <= strlen(cases[i].text); piece++) {
            ck_assert_ok(feed(cases[i].text, piece, NULL));
            ck_assert_msg(strcmp(got, cases[i].events) == 0, "%zu in pieces of %zu: %s", i, piece, got);
        }
}
END_TEST

START_TEST(test_stop_and_limit)
{
    ck_assert_int_eq(feed("data: a\n\ndata: b\n\ndata: c\n\n", 100, "b"), RS_INVALID);
    ck_assert_str_eq(got, "[a][b]");

    struct sse sse;
    char block[1000];
    enum rs_err err = RS_OK;
    memset(block, 'x', sizeof block);
    sse_init(&sse, on_event, NULL);
    for (int i = 0; !err && i <= SSE_LINE_MAX / 1000; i++)
        err = sse_feed(&sse, block, sizeof block);
    ck_assert_int_eq(err, RS_LIMIT);
    sse_release(&sse);
}
END_TEST

static Suite *suite(void)
{
    Suite *s = suite_create("sse");
    TCase *tc = tcase_create("sse");
    tcase_add_test(tc, test_pieces);
    tcase_add_test(tc, test_stop_and_limit);
    suite_add_tcase(s, tc);
    return s;
}
UNIT_MAIN(suite)
