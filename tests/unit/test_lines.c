#include "bridge/lines.h"
#include "tests/unit/unit.h"

/* What came out: blocks joined, '!' for a line that was too long. */
static struct buf seen;

static enum rs_err block(void *ctx, const char *text, size_t len)
{
    (void)ctx;
    ck_assert_uint_gt(len, 0);
    ck_assert_int_eq(text[len - 1], '\n');
    return buf_append(&seen, text, len);
}

static void too_long(void *ctx)
{
    (void)ctx;
    buf_putc(&seen, '!');
}
static const struct lines_sink sink = {block, too_long, NULL};

/* Feed text in pieces of n bytes through lines of at most 8. */
static const char *feed(const char *text, size_t n)
{
    struct lines l;
    size_t len = strlen(text);
    buf_clear(&seen);
    lines_init(&l, 8);
    for (size_t at = 0; at < len; at += n)
        ck_assert_ok(lines_feed(&l, text + at, len - at < n ? len - at : n, &sink));
    lines_release(&l);
    return seen.data ? seen.data : "";
}

static const struct { const char *in, *out; } cases[] = {
    {"a\nbb\n", "a\nbb\n"},
    {"\n\n", "\n\n"},
    {"12345678\nx\n", "12345678\nx\n"},
    {"123456789\nx\n", "!x\n"},
    {"a\n123456789\nb\n", "a\n!b\n"},
    {"a\n1234567890123456789012345678901234567890\nb\n123456789\nc\n", "a\n!b\n!c\n"},
    {"a\nunended", "a\n"},
    {"unended, and too long", "!"},
};

START_TEST(pieces_of_any_size_give_the_same)
{
    for (size_t n = 1; n < 60; n++)
        ck_assert_str_eq(feed(cases[_i].in, n), cases[_i].out);
}
END_TEST

START_TEST(a_refused_block_is_said)
{
    struct lines l;
    struct buf none;
    lines_init(&l, 8);
    buf_init(&none, 0);
    seen = none;
    ck_assert_int_eq(lines_feed(&l, "a\n", 2, &sink), RS_LIMIT);
    lines_release(&l);
}
END_TEST

static Suite *suite(void)
{
    Suite *s = suite_create("lines");
    TCase *t = tcase_create("all");
    buf_init(&seen, 1000);
    tcase_add_loop_test(t, pieces_of_any_size_give_the_same, 0, sizeof cases / sizeof *cases);
    tcase_add_test(t, a_refused_block_is_said);
    suite_add_tcase(s, t);
    return s;
}
UNIT_MAIN(suite)
