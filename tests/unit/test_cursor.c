#include "event/cursor.h"
#include "tests/unit/unit.h"

START_TEST(good_cursors)
{
    static const struct {
        const char *text;
        enum cursor_kind kind;
        int64_t id;
        int part;
    } rows[] = {
        {NULL, CURSOR_NONE, 0, 0},
        {"start", CURSOR_START, 0, 0},
        {"now", CURSOR_NOW, 0, 0},
        {"0", CURSOR_AT, 0, 0},
        {"1287", CURSOR_AT, 1287, 0},
        {"1287.1", CURSOR_AT, 1287, 1},
        {"1287.999", CURSOR_AT, 1287, CURSOR_PART_ALL},
        {"9223372036854775807", CURSOR_AT, INT64_MAX, 0},
        {"12.0a1b2c3d", CURSOR_AT, 12, 0},
        {"12.12345678", CURSOR_AT, 12, 0},
    };

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct cursor c = {.kind = CURSOR_NOW, .id = -1, .part = -1};
        ck_assert_msg(cursor_parse(rows[i].text, &c) == RS_OK, "%s", rows[i].text);
        ck_assert_int_eq(c.kind, rows[i].kind);
        ck_assert_int_eq(c.id, rows[i].id);
        ck_assert_int_eq(c.part, rows[i].part);
    }
}
END_TEST

START_TEST(malformed_cursors)
{
    static const char *const bad[] = {"", "-1",  "+1",   " 1",     "1 ",     "1.",         ".1",          "1.-1",
                                      "1.1.1", "1.1000", "1.1234567", "1.123456789", "1.1234567g", "Start", "start ",
                                      "nowhere", "x", "0x10", "1e3", "9223372036854775808", "99999999999999999999", "1\n"};

    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct cursor c = {.kind = CURSOR_AT, .id = 42, .part = 7};
        ck_assert_msg(cursor_parse(bad[i], &c) == RS_INVALID, "%s", bad[i]);
        ck_assert_int_eq(c.id, 42);
        ck_assert_int_eq(c.part, 7);
    }
}
END_TEST

START_TEST(text_and_back)
{
    static const struct {
        int64_t id;
        int part;
    } rows[] = {{0, 0}, {5, 2}, {INT64_MAX, CURSOR_PART_ALL}};
    char text[CURSOR_TEXT_MAX];
    struct cursor c;

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        ck_assert_ok(cursor_parse(cursor_format(rows[i].id, rows[i].part, text), &c));
        ck_assert_int_eq(c.id, rows[i].id);
        ck_assert_int_eq(c.part, rows[i].part);
    }
    ck_assert_str_eq(cursor_format(12, 0, text), "12");
    ck_assert_str_eq(cursor_format(12, 3, text), "12.3");
}
END_TEST

START_TEST(hash_and_back)
{
    char text[CURSOR_TEXT_MAX];
    struct cursor c;

    ck_assert_str_eq(cursor_format_hash(12, 0x0a1b2c3d, text), "12.0a1b2c3d");
    ck_assert_ok(cursor_parse(text, &c));
    ck_assert(c.hashed && c.hash == 0x0a1b2c3d && c.id == 12);
    ck_assert_ok(cursor_parse("7.12345678", &c));
    ck_assert(c.hashed && c.hash == 0x12345678 && c.part == 0);
    ck_assert_ok(cursor_parse("7.123", &c));
    ck_assert(!c.hashed && c.part == 123);
}
END_TEST

static Suite *suite(void)
{
    Suite *s = suite_create("cursor");
    TCase *tc = tcase_create("cursor");

    tcase_add_test(tc, good_cursors);
    tcase_add_test(tc, malformed_cursors);
    tcase_add_test(tc, text_and_back);
    tcase_add_test(tc, hash_and_back);
    suite_add_tcase(s, tc);
    return s;
}

UNIT_MAIN(suite)
