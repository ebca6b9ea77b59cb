#include "event/jsonscan.h"
#include "base/json.h"
#include "tests/unit/unit.h"
#include <stdint.h>

static uint64_t state = 0x9e3779b97f4a7c15;

/* xorshift64 (Marsaglia): the same sequence every time. */
static unsigned pick(unsigned n)
{
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    return (unsigned)(state % n);
}

/* The scanner and json_parse, two independent readers, agree on every mutation of these. */
START_TEST(agrees_with_the_parser)
{
    static const char *const seeds[] = {
        "{\"a\":[1,-2.5e+3,true,false,null,{}],\"b\":{\"c\":\"x\\u00e4\\n\\\"\"},\"d\":[]}",
        "{\"long\":\"0123456789abcdef0123456789abcdef\",\"\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80\":0}",
        "{\"a\":{\"b\":[[[[{\"c\":[0,10,1E9,0.0]}]]]]}}",
        "{ \"s\" : \"\\\\\\/\\b\\f\\n\\r\\t\" , \"t\":[ ] }",
    };
    static const char bytes[] = "{}[]\",:\\0123456789.eE+-truefalsn \t\n\x7f\x80\xbf\xc2\xe0\xed\xf0\xf4\xff/b'";
    int accepted = 0, refused = 0;

    for (int round = 0; round < 300000; round++) {
        char text[160];
        size_t len = strlen(seeds[round % 4]);
        struct json_object *value = NULL;
        bool good;

        memcpy(text, seeds[round % 4], len);
        for (unsigned n = pick(3); n > 0; n--) {
            size_t at = pick((unsigned)len);
            switch (pick(3)) {
            case 0:
                text[at] = bytes[pick(sizeof bytes - 1)];
                break;
            case 1:
                memmove(text + at, text + at + 1, --len - at);
                break;
            default:
                memmove(text + at + 1, text + at, len++ - at);
                text[at] = bytes[pick(sizeof bytes - 1)];
                break;
            }
        }
        good = json_parse(text, len, sizeof text, &value, NULL) == RS_OK && json_object_is_type(value, json_type_object);
        json_object_put(value);
        ck_assert_msg((jsonscan_object(text, len) == RS_OK) == good, "parser says %d: %.*s", good, (int)len, text);
        accepted += good;
        refused += !good;
    }
    ck_assert_int_gt(accepted, 10000);
    ck_assert_int_gt(refused, 10000);
}
END_TEST

START_TEST(strings_end_anywhere_in_a_word)
{
    for (size_t len = 0; len < 40; len++) {
        for (size_t at = 0; at <= len; at++) {
            char text[64] = "\"";
            struct jsonscan scan = {text, text + len + 2};
            bool escaped = true;

            memset(text + 1, '~', len);
            text[len + 1] = '"';
            ck_assert_ok(jsonscan_string(&scan, &escaped));
            ck_assert_ptr_eq(scan.at, scan.end);
            ck_assert(!escaped);
            text[at + 1] = '"';
            scan = (struct jsonscan){text, text + len + 2};
            ck_assert_ok(jsonscan_string(&scan, NULL));
            ck_assert_ptr_eq(scan.at, text + at + 2);
            text[at + 1] = '\x1f';
            scan = (struct jsonscan){text, text + len + 2};
            ck_assert_int_eq(jsonscan_string(&scan, NULL), RS_INVALID);
        }
    }
}
END_TEST

START_TEST(text_is_decoded_within_bounds)
{
    char out[8];

    ck_assert(jsonscan_text("abc", 3, false, out, 7));
    ck_assert_str_eq(out, "abc");
    ck_assert(!jsonscan_text("abcdefgh", 8, false, out, 7));
    ck_assert(jsonscan_text("\\u0041\\n\\/\\\"", 12, true, out, 7));
    ck_assert_str_eq(out, "A\n/\"");
    ck_assert(!jsonscan_text("\\u0000", 6, true, out, 7));
    ck_assert(!jsonscan_text("\\u00e4", 6, true, out, 7));
    ck_assert(jsonscan_text("a\\nb\\nc\\nd", 10, true, out, 7));
    ck_assert(!jsonscan_text("a\\nb\\nc\\nde", 11, true, out, 7));
}
END_TEST

static Suite *suite(void)
{
    Suite *s = suite_create("jsonscan");
    TCase *tc = tcase_create("jsonscan");

    tcase_set_timeout(tc, 60);
    tcase_add_test(tc, agrees_with_the_parser);
    tcase_add_test(tc, strings_end_anywhere_in_a_word);
    tcase_add_test(tc, text_is_decoded_within_bounds);
    suite_add_tcase(s, tc);
    return s;
}

UNIT_MAIN(suite)
