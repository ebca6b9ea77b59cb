#include "event/line.h"
#include "base/json.h"
#include "tests/unit/unit.h"

static struct fault fault;

static enum rs_err parse(const char *text, struct line *line)
{
    /* A copy without a NUL behind it, so that a checker of memory sees every byte read too far. */
    size_t len = strlen(text);
    char *copy = malloc(len ? len : 1);
    enum rs_err err;

    memcpy(copy, text, len);
    fault = (struct fault){RS_OK, ""};
    err = line_parse(copy, len, line, &fault);
    ck_assert_int_eq(fault.code, err);
    if (!err && line->data >= copy && line->data < copy + len)
        line->data = text + (line->data - copy);
    free(copy);
    return err;
}

START_TEST(an_event)
{
    struct line line;

    ck_assert_ok(parse("{\"n\":7,\"oid\":812,\"time\":1763737445123,\"stream\":\"run:r_1\",\"type\":\"log\","
                       "\"data\":{\"message\":\"\xc3\xa4\\n\"}}",
                       &line));
    ck_assert_int_eq(line.kind, LINE_EVENT);
    ck_assert_int_eq(line.n, 7);
    ck_assert_int_eq(line.oid, 812);
    ck_assert_int_eq(line.time_ms, 1763737445123);
    ck_assert_str_eq(line.stream, "run:r_1");
    ck_assert_str_eq(line.type, "log");
    ck_assert_int_eq(strncmp(line.data, "{\"message\":\"\xc3\xa4\\n\"}", line.data_len), 0);
    ck_assert_ok(parse(" {\t\"type\" : \"log\" , \"x\" : [1,{\"y\":null}], \"stream\":\"queue\" } \r", &line));
    ck_assert_int_eq(line.n, 0);
    ck_assert_uint_eq(line.data_len, 2);
    ck_assert_int_eq(memcmp(line.data, "{}", 2), 0);
    /* Escapes are JSON's business, also in names. */
    ck_assert_ok(parse("{\"str\\u0065am\":\"run\\u003ar\\u005F1\",\"type\":\"log\",\"data\":{ }}", &line));
    ck_assert_str_eq(line.stream, "run:r_1");
}
END_TEST

START_TEST(a_hello)
{
    struct line line;

    ck_assert_ok(parse("{\"hello\":1,\"producer\":\"run-abc.1\",\"ack\":true}", &line));
    ck_assert_int_eq(line.kind, LINE_HELLO);
    ck_assert_str_eq(line.producer, "run-abc.1");
    ck_assert(line.ack);
    ck_assert_ok(parse("{\"hello\":1,\"producer\":\"p\"}", &line));
    ck_assert(!line.ack);
    ck_assert_int_eq(parse("{\"hello\":2,\"producer\":\"p\"}", &line), RS_INVALID);
    ck_assert_int_eq(parse("{\"hello\":1}", &line), RS_INVALID);
    ck_assert_int_eq(parse("{\"hello\":1,\"producer\":\"a b\"}", &line), RS_INVALID);
    ck_assert_int_eq(parse("{\"hello\":1,\"producer\":7}", &line), RS_INVALID);
    ck_assert_int_eq(parse("{\"hello\":1,\"producer\":\"p\",\"ack\":1}", &line), RS_INVALID);
}
END_TEST

#define EVENT_OF(data) "{\"stream\":\"run:r\",\"type\":\"log\",\"data\":" data "}"

START_TEST(bad_lines)
{
    static const char *const bad[] = {
        "", " ", "7", "\"x\"", "[]", "null", "{", "{}", "{}x", "{,}", "{\"a\"}", "{\"a\":}", "{\"a\":1,}", "{a:1}",
        "{\"stream\":\"run:r\"}", "{\"type\":\"log\"}", "{\"stream\":\"run:*\",\"type\":\"log\"}",
        "{\"stream\":\"runs\",\"type\":\"log\"}", "{\"stream\":7,\"type\":\"log\"}", "{\"stream\":\"run:r\",\"type\":\"Log\"}",
        "{\"stream\":\"run:r\",\"type\":null}", "{\"stream\":\"run:\\u0000r\",\"type\":\"log\"}",
        "{\"stream\":\"run:r\",\"stream\":\"run:s\",\"type\":\"log\"}",
        EVENT_OF("[]"), EVENT_OF("null"), EVENT_OF("\"{}\""), EVENT_OF("{} {}"), EVENT_OF("{\"a\":01}"),
        EVENT_OF("{\"a\":1.}"), EVENT_OF("{\"a\":.5}"), EVENT_OF("{\"a\":+1}"), EVENT_OF("{\"a\":-}"),
        EVENT_OF("{\"a\":1e}"), EVENT_OF("{\"a\":NaN}"), EVENT_OF("{\"a\":Infinity}"), EVENT_OF("{\"a\":True}"),
        EVENT_OF("{\"a\":tru}"), EVENT_OF("{'a':1}"), EVENT_OF("{\"a\":\"\t\"}"), EVENT_OF("{\"a\":\"\n\"}"),
        EVENT_OF("{\"a\":\"\\x\"}"), EVENT_OF("{\"a\":\"\\u12g4\"}"), EVENT_OF("{\"a\":\"\\u12\"}"),
        EVENT_OF("{\"a\":[1,]}"), EVENT_OF("{\"a\":[1}]"), EVENT_OF("{\"a\":[}]"), EVENT_OF("{\"a\":{]}"),
        EVENT_OF("{\"a\":1 2}"), EVENT_OF("{\"a\":/**/1}"), EVENT_OF("{1:2}"),
        EVENT_OF("{\"a\":\"\x80\"}"), EVENT_OF("{\"a\":\"\xc0\xaf\"}"), EVENT_OF("{\"a\":\"\xe0\x80\x80\"}"),
        EVENT_OF("{\"a\":\"\xed\xa0\x80\"}"), EVENT_OF("{\"a\":\"\xf4\x90\x80\x80\"}"), EVENT_OF("{\"a\":\"\xf5\x80\x80\x80\"}"),
        EVENT_OF("{\"a\":\"\xe2\x82\"}"), EVENT_OF("{\"\xff\":1}"),
        "{\"n\":0,\"stream\":\"run:r\",\"type\":\"log\"}", "{\"n\":-1,\"stream\":\"run:r\",\"type\":\"log\"}",
        "{\"n\":1.5,\"stream\":\"run:r\",\"type\":\"log\"}", "{\"n\":\"1\",\"stream\":\"run:r\",\"type\":\"log\"}",
        "{\"n\":9223372036854775808,\"stream\":\"run:r\",\"type\":\"log\"}",
        "{\"oid\":-2,\"stream\":\"run:r\",\"type\":\"log\"}", "{\"time\":1e3,\"stream\":\"run:r\",\"type\":\"log\"}",
        "{\"time\":253402300800000,\"stream\":\"run:r\",\"type\":\"log\"}",
    };
    struct line line;

    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        ck_assert_msg(parse(bad[i], &line) == RS_INVALID, "%s", bad[i]);
        ck_assert_uint_gt(strlen(fault.message), 0);
    }
}
END_TEST

START_TEST(a_refused_line_keeps_its_number)
{
    struct line line;

    ck_assert_int_eq(parse("{\"stream\":\"nope\",\"type\":\"log\",\"n\":12}", &line), RS_INVALID);
    ck_assert_int_eq(line.n, 12);
    ck_assert_int_eq(parse("{\"n\":13,\"stream\":", &line), RS_INVALID);
    ck_assert_int_eq(line.n, 13);
}
END_TEST

START_TEST(limits)
{
    char *text = malloc(EVENT_LINE_MAX + 2);
    struct line line;
    int len;

    len = snprintf(text, EVENT_LINE_MAX + 2, EVENT_OF("{\"a\":\"%*s\"}"), EVENT_DATA_MAX - 8, "");
    ck_assert_ok(line_parse(text, (size_t)len, &line, NULL));
    ck_assert_uint_eq(line.data_len, EVENT_DATA_MAX);
    len = snprintf(text, EVENT_LINE_MAX + 2, EVENT_OF("{\"a\":\"%*s\"}"), EVENT_DATA_MAX - 7, "");
    ck_assert_int_eq(line_parse(text, (size_t)len, &line, NULL), RS_LIMIT);
    memset(text, ' ', EVENT_LINE_MAX + 1);
    ck_assert_int_eq(line_parse(text, EVENT_LINE_MAX + 1, &line, NULL), RS_LIMIT);
    free(text);
    /* Depth: data itself is one level. */
    for (int depth = JSON_DEPTH_MAX; depth <= JSON_DEPTH_MAX + 1; depth++) {
        char deep[512] = "{\"stream\":\"run:r\",\"type\":\"log\",\"data\":{\"a\":";
        for (int i = 1; i < depth; i++)
            strcat(deep, "[");
        for (int i = 1; i < depth; i++)
            strcat(deep, "]");
        strcat(deep, "}}");
        ck_assert_int_eq(parse(deep, &line), depth <= JSON_DEPTH_MAX ? RS_OK : RS_LIMIT);
    }
}
END_TEST

START_TEST(written_lines_read_back)
{
    struct buf out;
    struct line line;

    buf_init(&out, 1000);
    ck_assert_ok(line_put_event(&out, 7, 812, 1763737445123, "run:r", "log", "{\"a\":\n1,\n\"b\":2\n}", 16));
    ck_assert_uint_eq(strcspn(out.data, "\n"), out.len - 1);
    ck_assert_ok(line_parse(out.data, out.len - 1, &line, NULL));
    ck_assert_int_eq(line.n, 7);
    ck_assert_int_eq(line.oid, 812);
    ck_assert_int_eq(line.time_ms, 1763737445123);
    ck_assert_uint_eq(line.data_len, 16);
    buf_clear(&out);
    ck_assert_ok(line_put_event(&out, 0, 0, 0, "run:r", "log", "{}", 2));
    ck_assert_str_eq(out.data, "{\"stream\":\"run:r\",\"type\":\"log\",\"data\":{}}\n");
    buf_clear(&out);
    ck_assert_ok(line_put_hello(&out, "p-1"));
    ck_assert_ok(line_parse(out.data, out.len - 1, &line, NULL));
    ck_assert_int_eq(line.kind, LINE_HELLO);
    ck_assert(line.ack);
    buf_release(&out);
    /* Half a line is no line. */
    buf_init(&out, 60);
    ck_assert_ok(line_put_event(&out, 0, 0, 0, "run:r", "log", "{}", 2));
    ck_assert_int_eq(line_put_event(&out, 0, 0, 0, "run:r", "log", "{}", 2), RS_LIMIT);
    ck_assert_uint_eq(strcspn(out.data, "\n"), out.len - 1);
    buf_release(&out);
}
END_TEST

START_TEST(answers)
{
    struct line_answer a;

    ck_assert_ok(line_parse_answer("{\"ack\":12}", 10, &a));
    ck_assert_int_eq(a.ack, 12);
    ck_assert(!a.hello);
    ck_assert_ok(line_parse_answer("{\"hello\":1,\"lastSeq\":0}", 23, &a));
    ck_assert(a.hello);
    ck_assert_int_eq(a.ack, 0);
    ck_assert_ok(line_parse_answer("{\"error\":\"ended\",\"n\":5}", 23, &a));
    ck_assert_int_eq(a.ack, -1);
    ck_assert_int_eq(a.refused, 5);
    ck_assert_str_eq(a.error, "ended");
    ck_assert_int_eq(line_parse_answer("{}", 2, &a), RS_INVALID);
    ck_assert_int_eq(line_parse_answer("{\"ack\":", 7, &a), RS_INVALID);
    ck_assert_int_eq(line_parse_answer("[]", 2, &a), RS_INVALID);
    ck_assert_int_eq(line_parse_answer("", 0, &a), RS_INVALID);
}
END_TEST

static Suite *suite(void)
{
    Suite *s = suite_create("line");
    TCase *tc = tcase_create("line");

    tcase_add_test(tc, an_event);
    tcase_add_test(tc, a_hello);
    tcase_add_test(tc, bad_lines);
    tcase_add_test(tc, a_refused_line_keeps_its_number);
    tcase_add_test(tc, limits);
    tcase_add_test(tc, written_lines_read_back);
    tcase_add_test(tc, answers);
    suite_add_tcase(s, tc);
    return s;
}

UNIT_MAIN(suite)
