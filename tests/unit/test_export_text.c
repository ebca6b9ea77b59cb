/* What others wrote, as HTML of an exported run: nothing in it does anything. */
#include "export/text.h"
#include "unit.h"

static struct buf out;

static void setup(void)
{
    buf_init(&out, 65536);
}

static void teardown(void)
{
    buf_release(&out);
}

static const char *html_of(const char *text, size_t len, bool line)
{
    buf_clear(&out);
    ck_assert_int_eq(line ? text_line(&out, text, len) : text_put(&out, text, len, false), RS_OK);
    return out.data ? out.data : "";
}
#define LINE(text) html_of(text, sizeof(text) - 1, true)
#define PLAIN(text) html_of(text, sizeof(text) - 1, false)

START_TEST(markup_is_text)
{
    ck_assert_str_eq(PLAIN("</script><img src=\"x\" onerror='a&b'>"), "&lt;/script&gt;&lt;img src=&quot;x&quot; onerror='a&amp;b'&gt;");
}
END_TEST

START_TEST(controls_are_left_out)
{
    ck_assert_str_eq(PLAIN("a\0b\x01" "c\x7f\xc2\x85" "d\te\nf"), "abcd\te\nf");
    ck_assert_str_eq(PLAIN("a\xff" "b\xc3"), "a\xef\xbf\xbd" "b\xef\xbf\xbd");
}
END_TEST

START_TEST(direction_is_named_not_obeyed)
{
    ck_assert_str_eq(PLAIN("a\xe2\x80\xae" "b\xe2\x81\xa6" "c"), "a[U+202E]b[U+2066]c");
    ck_assert_str_eq(PLAIN("\xe2\x80\x8f\xd7\xa9"), "\xe2\x80\x8f\xd7\xa9"); /* marks only say what a letter is */
}
END_TEST

START_TEST(colors_are_spans_that_end)
{
    ck_assert_str_eq(LINE("a\033[1;31mb\033[0mc"), "a<span class=\"f1 a-bold \">b</span>c");
    ck_assert_str_eq(LINE("\033[38;5;120;48;2;255;0;0mx"), "<span class=\"f120 g196 \">x</span>");
    ck_assert_str_eq(LINE("\033[92m<\033[4m>"), "<span class=\"f10 \">&lt;</span><span class=\"f10 a-underline \">&gt;</span>");
    ck_assert_str_eq(PLAIN("\033[1;31mb\033[0m"), "b");
}
END_TEST

START_TEST(what_a_terminal_acts_on_is_gone)
{
    ck_assert_str_eq(LINE("a\033]0;title\ab\033]8;;http://x\033\\c\033[2Jd\033[10;10He\033(Bf"), "abcdeBf");
    ck_assert_str_eq(LINE("10 %\r50 %\r100 %\r\r"), "100 %");
    ck_assert_str_eq(LINE("end\033"), "end");
    ck_assert_str_eq(LINE("end\033[38;5"), "end");
    ck_assert_str_eq(LINE("end\033]8;;"), "end");
    ck_assert_str_eq(LINE("\033[;;;;;;;;;;;;;;;;;;;;;;;;;;;;99999999999999999mx"), "x");
}
END_TEST

START_TEST(json_is_a_tree)
{
    struct json_object *value = json_tokener_parse("{\"<b>\":[\"<i>\",null],\"none\":{}}");
    ck_assert_int_eq(text_json(&out, value), RS_OK);
    ck_assert_str_eq(out.data, "<div class=\"json\"><details open><summary><b>&lt;b&gt;</b>: [2]</summary><div><b>0</b>: <span dir=\"auto\">&lt;i&gt;</span></div>"
                               "<div><b>1</b>: <i>null</i></div></details><div><b>none</b>: {0}</div></div>");
    json_object_put(value);
    buf_clear(&out);
    ck_assert_int_eq(text_json(&out, NULL), RS_OK);
    ck_assert_ptr_nonnull(strstr(out.data, "Empty"));
}
END_TEST

START_TEST(numbers_have_units)
{
    text_count(&out, 1, "line", "lines");
    text_count(&out, 1204567, ", line", ", lines");
    ck_assert_str_eq(out.data, "1 line1,204,567 , lines");
    buf_clear(&out);
    text_bytes(&out, 999);
    text_bytes(&out, 3210);
    text_bytes(&out, 999999);
    ck_assert_str_eq(out.data, "999 B3.2 kB1.0 MB");
}
END_TEST

static Suite *suite(void)
{
    Suite *s = suite_create("export_text");
    TCase *tc = tcase_create("text");
    tcase_add_checked_fixture(tc, setup, teardown);
    tcase_add_test(tc, markup_is_text);
    tcase_add_test(tc, controls_are_left_out);
    tcase_add_test(tc, direction_is_named_not_obeyed);
    tcase_add_test(tc, colors_are_spans_that_end);
    tcase_add_test(tc, what_a_terminal_acts_on_is_gone);
    tcase_add_test(tc, json_is_a_tree);
    tcase_add_test(tc, numbers_have_units);
    suite_add_tcase(s, tc);
    return s;
}

UNIT_MAIN(suite)
