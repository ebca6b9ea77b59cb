/* mask - values hidden in all their forms, in pieces of any size, and in JSON; nothing else is. */
#include "base/mask.h"
#include "tests/unit/unit.h"
#include <sodium.h>

static struct mask *mask_of(const char *const *values, size_t n)
{
    struct mask *m = mask_new();

    ck_assert_ptr_nonnull(m);
    for (size_t i = 0; i < n; i++)
        ck_assert_ok(mask_add(m, values[i], strlen(values[i])));
    return m;
}
#define MASK(...) mask_of((const char *const[]){__VA_ARGS__}, sizeof((const char *const[]){__VA_ARGS__}) / sizeof(char *))

static void hides(const struct mask *m, const char *text, const char *want)
{
    struct buf out;

    buf_init(&out, 1 << 20);
    ck_assert_ok(mask_text(m, text, strlen(text), false, &out));
    ck_assert_pstr_eq(out.data ? out.data : "", want);
    ck_assert(mask_hits(m, text, strlen(text)) == (strcmp(text, want) != 0));
    buf_release(&out);
}

START_TEST(forms)
{
    struct mask *m = MASK("p\xC3\xA4ss \"w\\ord\"/1");

    hides(m, "the p\xC3\xA4ss \"w\\ord\"/1!", "the ***!");
    hides(m, "{\"a\":\"p\xC3\xA4ss \\\"w\\\\ord\\\"/1\"}", "{\"a\":\"***\"}");
    hides(m, "{\"a\":\"p\\u00e4ss \\\"w\\\\ord\\\"/1\"}", "{\"a\":\"***\"}");
    hides(m, "\"{\\\"a\\\":\\\"p\xC3\xA4ss \\\\\\\"w\\\\\\\\ord\\\\\\\"/1\\\"}\"", "\"{\\\"a\\\":\\\"***\\\"}\"");
    hides(m, "?q=p%C3%A4ss%20%22w%5Cord%22%2F1&x", "?q=***&x");
    hides(m, "?q=p%c3%a4ss%20%22w%5cord%22%2f1&x", "?q=***&x");
    hides(m, "?q=p%C3%A4ss+%22w%5Cord%22%2F1&x", "?q=***&x");
    hides(m, "/p%C3%A4ss%20%22w%5Cord%22/1/", "/***/");
    hides(m, "cMOkc3MgIndcb3JkIi8x", "***"); /* of it alone */
    hides(m, "nothing of the kind: p\xC3\xA4ss \"w", "nothing of the kind: p\xC3\xA4ss \"w");
    mask_free(m);
}
END_TEST

/* Whatever stands before and behind it, and in whichever alphabet. */
START_TEST(base64_in_base64)
{
    static const char value[] = "hunter2~~?\?>>tail";
    struct mask *m = MASK(value);

    for (size_t before = 0; before < 7; before++)
        for (size_t after = 0; after < 7; after++)
            for (int v = 0; v < 2; v++) {
                char plain[64], text[128];
                int n = snprintf(plain, sizeof plain, "%.*s%s%.*s", (int)before, "user:::", value, (int)after, "@host..");
                sodium_bin2base64(text, sizeof text, (unsigned char *)plain, (size_t)n,
                                  v ? sodium_base64_VARIANT_URLSAFE : sodium_base64_VARIANT_ORIGINAL);
                ck_assert_msg(mask_hits(m, text, strlen(text)), "%s", text);
                struct buf out;
                buf_init(&out, 1000);
                ck_assert_ok(mask_text(m, text, strlen(text), false, &out));
                ck_assert_msg(strlen(out.data) <= before * 2 + after * 2 + 10, "%s of %s", out.data, text);
                buf_release(&out);
            }
    mask_free(m);
}
END_TEST

START_TEST(overlaps)
{
    struct mask *m = MASK("abcdef", "defghi", "abcd", "aaaa");

    hides(m, "xabcdefghix", "x***x"); /* two that share letters */
    hides(m, "xabcdex", "x***ex");
    hides(m, "abcdefabcdef", "******");
    hides(m, "baaaaaaab", "b***b");
    hides(m, "", "");
    hides(m, "abc", "abc");
    mask_free(m);
}
END_TEST

START_TEST(short_and_long_lines)
{
    struct mask *m = MASK("abc", "-----BEGIN KEY-----\nMIIEvQIBADAN\r\nxyz\n-----END KEY-----\n");
    static char large[MASK_VALUE_MAX + 2];

    hides(m, "abc xyz", "abc xyz");
    hides(m, "key: MIIEvQIBADAN!", "key: ***!");
    hides(m, "-----BEGIN KEY-----\nMIIEvQIBADAN\r\nxyz\n-----END KEY-----\n", "***");
    memset(large, 'a', sizeof large - 1);
    ck_assert_int_eq(mask_add(m, large, strlen(large)), RS_LIMIT);
    mask_free(m);
    m = mask_new();
    ck_assert(mask_empty(m) && mask_empty(NULL));
    hides(m, "abc", "abc");
    hides(NULL, "abc", "abc");
    mask_free(m);
    mask_free(NULL);
}
END_TEST

START_TEST(pieces)
{
    static const char text[] = "ab tok-aaaab tok-aaaac, tok-aaaa\nb%20c tok-aaaab";
    static const char want[] = "ab *** ***, tok-aaaa\nb%20c ***";
    struct mask *m = MASK("tok-aaaab", "tok-aaaac", "-aaaabb");
    struct mask_stream s;
    struct buf out;

    for (size_t n = 1; n < sizeof text; n++) {
        mask_stream_init(&s, m);
        buf_init(&out, 1000);
        for (size_t at = 0; at < sizeof text - 1; at += n)
            ck_assert_ok(mask_stream_feed(&s, text + at, sizeof text - 1 - at < n ? sizeof text - 1 - at : n, &out));
        ck_assert_ok(mask_stream_end(&s, &out));
        ck_assert_str_eq(out.data, want);
        buf_release(&out);
        mask_stream_release(&s);
    }
    mask_free(m);
}
END_TEST

/* Only what may be the beginning of a value waits; a text that is nothing but matches does not pile up. */
START_TEST(pieces_wait_no_longer_than_they_must)
{
    struct mask *m = MASK("secret-value", "zzzz");
    struct mask_stream s;
    struct buf out;

    mask_stream_init(&s, m);
    buf_init(&out, 1000);
    ck_assert_ok(mask_stream_feed(&s, "prompt: se", 10, &out));
    ck_assert_str_eq(out.data, "prompt: ");
    ck_assert_ok(mask_stream_feed(&s, "nd", 2, &out));
    ck_assert_str_eq(out.data, "prompt: send");
    for (int i = 0; i < 1000; i++)
        ck_assert_ok(mask_stream_feed(&s, "zzz", 3, &out));
    ck_assert_uint_lt(s.held.len, 32);
    ck_assert_ok(mask_stream_end(&s, &out));
    ck_assert_str_eq(out.data, "prompt: send***");
    buf_release(&out);
    mask_stream_release(&s);
    mask_free(m);
}
END_TEST

START_TEST(cut_ends)
{
    struct mask *m = MASK("correct-horse");
    char text[32] = "jq: correct-ho", small[12] = "correct-ho";
    struct buf out;

    buf_init(&out, 1000);
    ck_assert_ok(mask_text(m, "it is correct-h", 15, true, &out));
    ck_assert_str_eq(out.data, "it is ***");
    buf_clear(&out);
    ck_assert_ok(mask_text(m, "it is cor", 9, true, &out)); /* three letters tell nothing */
    ck_assert_str_eq(out.data, "it is cor");
    buf_release(&out);
    mask_string(m, text, sizeof text, true);
    ck_assert_str_eq(text, "jq: ***");
    mask_string(m, small, sizeof small, false);
    ck_assert_str_eq(small, "correct-ho");
    mask_free(m);
}
END_TEST

START_TEST(json)
{
    struct mask *m = MASK("s3cr\"et", "123456");
    struct json_object *value = NULL;
    static const char text[] = "{\"a\":[\"x s3cr\\\"et\",null,true,123456,1234567.5,12345],\"s3cr\\\"et\":{\"b\":\"{\\\"c\\\":\\\"s3cr\\\\\\\"et\\\"}\"}}";

    ck_assert_ok(json_parse(text, strlen(text), 1000, &value, NULL));
    value = mask_json(m, value);
    ck_assert_str_eq(json_text(value, NULL),
                     "{\"a\":[\"x ***\",null,true,\"***\",\"***7.5\",12345],\"***\":{\"b\":\"{\\\"c\\\":\\\"***\\\"}\"}}");
    json_object_put(value);
    value = NULL;
    ck_assert_ok(json_parse("[\"123456\",1]", 12, 1000, &value, NULL));
    struct json_object *copy = mask_copy(m, json_object_get(value));
    ck_assert_str_eq(json_text(copy, NULL), "[\"***\",1]");
    ck_assert_str_eq(json_text(value, NULL), "[\"123456\",1]");
    json_object_put(copy);
    json_object_put(value);
    ck_assert_ptr_null(mask_json(m, NULL));
    mask_free(m);
}
END_TEST

static Suite *suite(void)
{
    Suite *s = suite_create("mask");
    TCase *c = tcase_create("mask");

    tcase_add_test(c, forms);
    tcase_add_test(c, base64_in_base64);
    tcase_add_test(c, overlaps);
    tcase_add_test(c, short_and_long_lines);
    tcase_add_test(c, pieces);
    tcase_add_test(c, pieces_wait_no_longer_than_they_must);
    tcase_add_test(c, cut_ends);
    tcase_add_test(c, json);
    suite_add_tcase(s, c);
    return s;
}

UNIT_MAIN(suite)
