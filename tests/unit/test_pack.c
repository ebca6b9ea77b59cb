/* JSON as MessagePack and back. */
#include "bridge/pack.h"
#include "tests/unit/unit.h"
#include <math.h>

static struct buf packed;
static struct fault fault;

static void setup(void)
{
    buf_init(&packed, 100000);
}

static void teardown(void)
{
    buf_release(&packed);
}

static enum rs_err pack(const char *json)
{
    buf_clear(&packed);
    return pack_json(&packed, json, strlen(json));
}

static enum rs_err read_bytes(const char *bytes, size_t len)
{
    struct json_object *value = NULL;
    fault = (struct fault){0};
    enum rs_err err = pack_read(bytes, len, &value, &fault);
    json_object_put(value);
    return err;
}

START_TEST(each_type_in_its_shortest_form)
{
    static const struct {
        const char *json, *bytes;
        size_t len;
    } rows[] = {
#define ROW(json, bytes) {json, bytes, sizeof(bytes) - 1}
        ROW("[null,true,false]", "\x93\xc0\xc3\xc2"),
        ROW("[0,127,128,255,256,65535,65536]", "\x97\x00\x7f\xcc\x80\xcc\xff\xcd\x01\x00\xcd\xff\xff\xce\x00\x01\x00\x00"),
        ROW("[4294967296]", "\x91\xcf\x00\x00\x00\x01\x00\x00\x00\x00"),
        ROW("[18446744073709551615]", "\x91\xcf\xff\xff\xff\xff\xff\xff\xff\xff"),
        ROW("[-1,-32,-33,-128,-129,-32769]", "\x96\xff\xe0\xd0\xdf\xd0\x80\xd1\xff\x7f\xd2\xff\xff\x7f\xff"),
        ROW("[-9223372036854775808]", "\x91\xd3\x80\x00\x00\x00\x00\x00\x00\x00"),
        ROW("[1.5]", "\x91\xcb\x3f\xf8\x00\x00\x00\x00\x00\x00"),
        ROW("[1.0]", "\x91\xcb\x3f\xf0\x00\x00\x00\x00\x00\x00"),
        ROW("[\"\",\"\\u00e9\\u0000\"]", "\x92\xa0\xa3\xc3\xa9\x00"),
        ROW("{}", "\x80"),
        ROW("{\"b\":[],\"a\":{\"\":1}}", "\x82\xa1" "b\x90\xa1" "a\x81\xa0\x01"),
#undef ROW
    };
    ck_assert_ok(pack(rows[_i].json));
    ck_assert_uint_eq(packed.len, rows[_i].len);
    ck_assert_mem_eq(packed.data, rows[_i].bytes, rows[_i].len);
}
END_TEST
#define N_ROWS 11

/* What was packed is read as what it was, whatever its lengths. */
START_TEST(there_and_back)
{
    static const int lengths[] = {0, 15, 16, 31, 32, 255, 256, 65535, 65536};
    struct buf text;
    struct json_object *value, *again = NULL;
    buf_init(&text, 2000000);
    buf_puts(&text, "{\"numbers\":[0.1,-1e300,-5,200,40000,3000000000,9007199254740993],\"texts\":[");
    for (int i = 0; i < 9; i++)
        buf_printf(&text, "%s\"%0*d\"", i ? "," : "", lengths[i], 0);
    buf_puts(&text, "],\"arrays\":[");
    for (int i = 0; i < 8; i++) {
        buf_puts(&text, i ? ",[" : "[");
        for (int n = 0; n < lengths[i]; n++)
            buf_puts(&text, n ? ",true" : "null");
        buf_putc(&text, ']');
    }
    buf_puts(&text, "],\"maps\":[");
    for (int i = 0; i < 7; i++) {
        buf_puts(&text, i ? ",{" : "{");
        for (int n = 0; n < lengths[i]; n++)
            buf_printf(&text, "%s\"k%d\":%d", n ? "," : "", n, n);
        buf_putc(&text, '}');
    }
    buf_puts(&text, "]}");
    ck_assert_ok(text.err);
    ck_assert_ok(json_parse(text.data, text.len, text.len, &value, &fault));
    buf_release(&packed);
    buf_init(&packed, 2000000);
    ck_assert_ok(pack_json(&packed, text.data, text.len));
    ck_assert_ok(pack_read(packed.data, packed.len, &again, &fault));
    ck_assert(json_object_equal(value, again));
    json_object_put(again);
    json_object_put(value);
    for (size_t len = 0; len < packed.len; len += 1 + len / 10)
        ck_assert_int_eq(read_bytes(packed.data, len), RS_INVALID);
    buf_release(&text);
}
END_TEST

START_TEST(what_json_has_not_is_refused)
{
    static const struct {
        const char *bytes;
        size_t len;
        const char *says;
    } rows[] = {
#define ROW(bytes, says) {bytes, sizeof(bytes) - 1, says}
        ROW("", "too early"),
        ROW("\xc1", "binary data"),
        ROW("\xc4\x01x", "binary data"),
        ROW("\xd4\x01x", "binary data"),
        ROW("\xd8", "binary data"),
        ROW("\xcb\x7f\xf8\x00\x00\x00\x00\x00\x00", "number"),
        ROW("\xca\x7f\x80\x00\x00", "number"),
        ROW("\x81\x01\x01", "key"),
        ROW("\x81\xc0\x01", "key"),
        ROW("\xa2\xc3\x28", "UTF-8"),
        ROW("\xa2\x61\x00", "NUL"),
        ROW("\x01\x01", "follows"),
        ROW("\xdd\xff\xff\xff\xff\x01", "too early"),
        ROW("\xdf\xff\xff\xff\xff\xa0\x01", "too early"),
        ROW("\xdb\xff\xff\xff\xff" "a", "too early"),
        ROW("\xdc\x00", "too early"),
#undef ROW
    };
    ck_assert_int_eq(read_bytes(rows[_i].bytes, rows[_i].len), RS_INVALID);
    ck_assert_msg(strstr(fault.message, rows[_i].says), "%s", fault.message);
}
END_TEST
#define N_BAD 16

START_TEST(float_32_is_read)
{
    struct json_object *value = NULL;
    ck_assert_ok(pack_read("\xca\x3f\xc0\x00\x00", 5, &value, &fault));
    ck_assert(fabs(json_object_get_double(value) - 1.5) < 1e-9);
    json_object_put(value);
}
END_TEST

START_TEST(depth_is_bounded)
{
    char nested[JSON_DEPTH_MAX + 2];
    memset(nested, 0x91, sizeof nested);
    nested[JSON_DEPTH_MAX] = (char)0xc0;
    ck_assert_ok(read_bytes(nested, JSON_DEPTH_MAX + 1));
    nested[JSON_DEPTH_MAX] = (char)0x91;
    nested[JSON_DEPTH_MAX + 1] = (char)0xc0;
    ck_assert_int_eq(read_bytes(nested, JSON_DEPTH_MAX + 2), RS_INVALID);
    ck_assert_ptr_nonnull(strstr(fault.message, "too deep"));
}
END_TEST

/* Data that is nested as deep as may be stands in an event. */
START_TEST(the_deepest_event_is_packed)
{
    char text[4 * JSON_DEPTH_MAX] = "{\"data\":";
    for (int i = 0; i < JSON_DEPTH_MAX; i++)
        strcat(text, "[");
    for (int i = 0; i < JSON_DEPTH_MAX; i++)
        strcat(text, "]");
    strcat(text, "}");
    ck_assert_ok(pack(text));
    ck_assert_int_eq(pack("{"), RS_INVALID);
    buf_release(&packed);
    buf_init(&packed, 10);
    ck_assert_int_eq(pack("[\"12345678901\"]"), RS_LIMIT);
}
END_TEST

static Suite *suite(void)
{
    Suite *s = suite_create("pack");
    TCase *t = tcase_create("all");
    tcase_add_checked_fixture(t, setup, teardown);
    tcase_add_loop_test(t, each_type_in_its_shortest_form, 0, N_ROWS);
    tcase_add_test(t, there_and_back);
    tcase_add_loop_test(t, what_json_has_not_is_refused, 0, N_BAD);
    tcase_add_test(t, float_32_is_read);
    tcase_add_test(t, depth_is_bounded);
    tcase_add_test(t, the_deepest_event_is_packed);
    suite_add_tcase(s, t);
    return s;
}
UNIT_MAIN(suite)
