#include "base/buf.h"
#include "unit.h"
#include <inttypes.h>

START_TEST(numbers_are_as_printed)
{
    static const int64_t numbers[] = {0, 1, -1, 9, 10, -10, 1287, INT64_MAX, INT64_MIN};
    struct buf put, printed;

    buf_init(&put, 1000);
    buf_init(&printed, 1000);
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
        ck_assert_ok(buf_put_number(&put, numbers[i]));
        buf_putc(&put, ' ');
        buf_printf(&printed, "%" PRId64 " ", numbers[i]);
    }
    ck_assert_str_eq(put.data, printed.data);
    buf_release(&put);
    buf_release(&printed);
}
END_TEST

START_TEST(appends_up_to_the_maximum_and_no_further)
{
    struct buf b;
    buf_init(&b, 10);
    ck_assert_ok(buf_puts(&b, "12345"));
    ck_assert_int_eq(buf_puts(&b, "678901"), RS_LIMIT);
    ck_assert_str_eq(b.data, "12345");
    ck_assert_int_eq(buf_putc(&b, 'x'), RS_LIMIT); /* sticky */
    buf_clear(&b);
    ck_assert_ok(buf_printf(&b, "%s%d", "12345678", 90));
    ck_assert_uint_eq(b.len, 10);
    ck_assert_int_eq(buf_printf(&b, "%d", 1), RS_LIMIT);
    ck_assert_str_eq(b.data, "1234567890");
    buf_release(&b);
    ck_assert_ptr_null(b.data);
    ck_assert_uint_eq(b.max, 10);
}
END_TEST

START_TEST(grows_over_many_appends)
{
    struct buf b;
    buf_init(&b, 1 << 20);
    for (int i = 0; i < 100000; i++)
        ck_assert_ok(buf_putc(&b, (char)('a' + i % 26)));
    ck_assert_uint_eq(b.len, 100000);
    for (int i = 0; i < 100000; i++)
        ck_assert_int_eq(b.data[i], 'a' + i % 26);
    buf_release(&b);
}
END_TEST

START_TEST(json_escapes)
{
    struct buf b;
    buf_init(&b, 200);
    static const char text[] = "a\"b\\c/\n\t\x01\x7F\xC3\xA9\xF0\x9F\x98\x80";
    ck_assert_ok(buf_put_json(&b, text, sizeof text - 1));
    ck_assert_str_eq(b.data, "\"a\\\"b\\\\c/\\n\\t\\u0001\\u007f\xC3\xA9\xF0\x9F\x98\x80\"");
    buf_clear(&b);
    ck_assert_ok(buf_put_json(&b, "x\0y", 3));
    ck_assert_str_eq(b.data, "\"x\\u0000y\"");
    buf_clear(&b);
    ck_assert_ok(buf_put_json(&b, "", 0));
    ck_assert_str_eq(b.data, "\"\"");
    buf_release(&b);
}
END_TEST

START_TEST(json_replaces_what_is_not_utf8)
{
    static const char *const bad[] = {"\xFF", "\xC0\xAF", "\xED\xA0\x80", "\xF4\x90\x80\x80", "\xE2\x82", "\x80"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct buf b;
        buf_init(&b, 100);
        ck_assert_ok(buf_put_json(&b, bad[i], strlen(bad[i])));
        ck_assert_ptr_nonnull(strstr(b.data, "\xEF\xBF\xBD"));
        buf_release(&b);
    }
}
END_TEST

START_TEST(json_over_the_maximum_leaves_contents)
{
    struct buf b;
    buf_init(&b, 6);
    ck_assert_ok(buf_puts(&b, "ab"));
    ck_assert_int_eq(buf_put_json(&b, "\n\n\n", 3), RS_LIMIT);
    ck_assert_str_eq(b.data, "ab");
    ck_assert_uint_eq(b.len, 2);
    buf_release(&b);
}
END_TEST

START_TEST(consume_and_take)
{
    struct buf b;
    buf_init(&b, 100);
    ck_assert_ok(buf_puts(&b, "hello world"));
    buf_consume(&b, 6);
    ck_assert_str_eq(b.data, "world");
    size_t len;
    char *s = buf_take(&b, &len);
    ck_assert_str_eq(s, "world");
    ck_assert_uint_eq(len, 5);
    free(s);
    ck_assert_uint_eq(b.len, 0);
    s = buf_take(&b, NULL);
    ck_assert_str_eq(s, "");
    free(s);
    ck_assert_ok(buf_puts(&b, "again"));
    buf_release(&b);
}
END_TEST

static Suite *suite(void)
{
    Suite *s = suite_create("buf");
    TCase *t = tcase_create("buf");
    tcase_add_test(t, appends_up_to_the_maximum_and_no_further);
    tcase_add_test(t, numbers_are_as_printed);
    tcase_add_test(t, grows_over_many_appends);
    tcase_add_test(t, json_escapes);
    tcase_add_test(t, json_replaces_what_is_not_utf8);
    tcase_add_test(t, json_over_the_maximum_leaves_contents);
    tcase_add_test(t, consume_and_take);
    suite_add_tcase(s, t);
    return s;
}
UNIT_MAIN(suite)
