/* What the terminal shows: measured text, durations, tables, lines, the display of a run. */
#include "base/json.h"
#include "cli/eventtext.h"
#include "cli/follow.h"
#include "cli/lines.h"
#include "cli/table.h"
#include "tests/unit/unit.h"
#include <locale.h>

static const struct term plain = {.fd = -1, .utf8 = true};
static const struct term colored = {.fd = -1, .color = true, .utf8 = true};

static const char *fit(const struct term *term, const char *text, int columns, bool pad)
{
    static struct buf out;
    buf_release(&out);
    buf_init(&out, 4096);
    ck_assert_ok(term_put_fit(&out, term, text, columns, pad));
    return out.data ? out.data : "";
}

START_TEST(text_is_measured_in_columns)
{
    ck_assert_int_eq(term_width("abc"), 3);
    ck_assert_int_eq(term_width("für"), 3);
    ck_assert_int_eq(term_width("日本"), 4);
    ck_assert_int_eq(term_width("\033[31mred\033[0m"), 3);
    ck_assert_int_eq(term_width("\033]0;title\aabc"), 3);
    ck_assert_int_eq(term_width("\033["), 0);
    ck_assert_int_eq(term_width("a\xff"), 2);
}
END_TEST

START_TEST(text_is_cut_to_fit)
{
    ck_assert_str_eq(fit(&plain, "abc", 5, true), "abc  ");
    ck_assert_str_eq(fit(&plain, "abc", 5, false), "abc");
    ck_assert_str_eq(fit(&plain, "abcdef", 4, true), "abc…");
    ck_assert_str_eq(fit(&plain, "日本語", 4, true), "日… ");
    ck_assert_str_eq(fit(&plain, "a\tb\nc", 9, false), "a b c");
    ck_assert_str_eq(fit(&plain, "\033[31mred\033[0m\033[2J", 9, false), "red");
    ck_assert_str_eq(fit(&colored, "\033[31mred\033[2J", 9, false), "\033[31mred\033[0m");
    ck_assert_str_eq(fit(&plain, "abc", 0, true), "");
}
END_TEST

START_TEST(durations)
{
    static const struct {
        int64_t ms;
        const char *text;
    } cases[] = {{-5, "0 ms"},          {999, "999 ms"},          {1000, "1.0 s"},         {59999, "59.9 s"},
                 {60000, "1 min 00 s"}, {3599999, "59 min 59 s"}, {3600000, "1 h 00 min"}, {360000000, "100 h 00 min"}};
    for (unsigned i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        struct buf out;
        buf_init(&out, 64);
        ck_assert_ok(buf_put_duration(&out, cases[i].ms));
        ck_assert_str_eq(out.data, cases[i].text);
        buf_release(&out);
    }
}
END_TEST

START_TEST(tables_line_up)
{
    static const char *const heads[] = {"A", "LONG", "LAST"};
    struct table table;
    struct buf out;
    buf_init(&out, 4096);
    table_init(&table, heads, 3, -1);
    ck_assert_ok(table_put(&table, &plain, &out));
    ck_assert_uint_eq(out.len, 0);
    for (int i = 0; i < 9; i++)
        table_cell(&table, TERM_RED, "%s", i == 3 ? "日本" : i % 3 == 2 ? "end" : "x");
    ck_assert_ok(table_put(&table, &plain, &out));
    ck_assert_str_eq(out.data, "A     LONG  LAST\nx     x     end\n日本  x     end\nx     x     end\n");
    table_release(&table);
    buf_release(&out);
}
END_TEST

static char gathered[8 * LINES_LINE_MAX];
static void gather(void *ctx, const char *text, size_t len)
{
    (void)ctx;
    ck_assert_uint_lt(strlen(gathered) + len + 2, sizeof(gathered));
    strncat(gathered, text, len);
    strcat(gathered, "|");
}

START_TEST(streams_become_lines)
{
    struct lines lines;
    gathered[0] = '\0';
    lines_init(&lines, gather, NULL);
    lines_add(&lines, "one\ntw", 6);
    ck_assert_str_eq(gathered, "one|");
    lines_add(&lines, "o\r\n\n10%\r20%\r", 12);
    lines_add(&lines, "30%\nlast", 8);
    ck_assert_str_eq(gathered, "one|two||30%|");
    lines_end(&lines);
    lines_end(&lines);
    ck_assert_str_eq(gathered, "one|two||30%|last|");
    lines_release(&lines);
}
END_TEST

START_TEST(a_line_without_end_comes_in_pieces)
{
    static char text[2 * LINES_LINE_MAX + 10];
    struct lines lines;
    gathered[0] = '\0';
    memset(text, 'x', sizeof(text));
    lines_init(&lines, gather, NULL);
    lines_add(&lines, text, sizeof(text));
    lines_add(&lines, "\n", 1);
    ck_assert_uint_eq(strlen(gathered), sizeof(text) + 3);
    ck_assert_int_eq(gathered[LINES_LINE_MAX], '|');
    ck_assert_int_eq(gathered[2 * LINES_LINE_MAX + 1], '|');
    lines_release(&lines);
}
END_TEST

static struct json_object *json(const char *text)
{
    struct json_object *value = NULL;
    struct fault fault = {0};
    ck_assert_msg(json_parse(text, strlen(text), 65536, &value, &fault) == RS_OK, "%s", fault.message);
    return value;
}

static bool event(struct follow *follow, const char *text)
{
    struct json_object *value = json(text);
    bool worth = follow_event(follow, value);
    json_object_put(value);
    return worth;
}

START_TEST(a_run_is_followed)
{
    struct follow follow;
    struct buf out;
    struct json_object *record = json("{\"id\":\"r_1\",\"name\":\"n\",\"graph\":{\"nodes\":[{\"id\":\"a\",\"data\":{"
                                      "\"label\":\"First\"}},{\"id\":\"b\"}]}}");
    follow_init(&follow, &plain, record);
    json_object_put(record);
    buf_init(&out, 65536);
    ck_assert(!event(
        &follow, "{\"type\":\"run.started\",\"time\":\"2026-01-01T00:00:00.000Z\",\"data\":{\"status\":\"running\"}}"));
    ck_assert(!event(&follow, "{\"type\":\"node.started\",\"time\":\"2026-01-01T00:00:00.000Z\",\"data\":{\"nodeId\":"
                              "\"a\",\"status\":\"running\"}}"));
    ck_assert(event(&follow, "{\"type\":\"log\",\"data\":{\"message\":\"x\"}}"));
    ck_assert_int_eq(follow_put_display(&follow, &out, 1767225602000, 79, 20), 3);
    ck_assert_ptr_nonnull(strstr(out.data, "First"));
    ck_assert_ptr_nonnull(strstr(out.data, "2.0 s"));
    ck_assert_ptr_nonnull(strstr(out.data, "○ b"));
    ck_assert(event(&follow, "{\"type\":\"node.failed\",\"data\":{\"nodeId\":\"a\",\"status\":\"error\",\"durationMs\":"
                             "1500,\"error\":{\"message\":\"no\"}}}"));
    ck_assert(!event(&follow, "{\"type\":\"node.skipped\",\"data\":{\"nodeId\":\"b\",\"status\":\"skipped\"}}"));
    ck_assert(!event(&follow, "{\"type\":\"run.failed\",\"data\":{\"status\":\"error\",\"progress\":100,\"durationMs\":"
                              "1600,\"error\":{\"message\":\"no\"}}}"));
    buf_clear(&out);
    ck_assert_int_eq(follow_put_display(&follow, &out, 1767225609000, 79, 20), 3);
    ck_assert_ptr_nonnull(strstr(out.data, "✗ First"));
    ck_assert_ptr_nonnull(strstr(out.data, "1.5 s"));
    ck_assert_ptr_nonnull(strstr(out.data, "– b"));
    ck_assert_ptr_nonnull(strstr(out.data, "error in 1.6 s"));
    buf_release(&out);
    follow_release(&follow);
}
END_TEST

START_TEST(a_large_run_fits_the_screen)
{
    static char text[65536];
    struct follow follow;
    struct buf out;
    size_t n = (size_t)snprintf(text, sizeof(text), "{\"graph\":{\"nodes\":[");
    for (int i = 0; i < 200; i++)
        n += (size_t)snprintf(text + n, sizeof(text) - n, "%s{\"id\":\"node-with-a-rather-long-name-%d\"}",
                              i ? "," : "", i);
    snprintf(text + n, sizeof(text) - n, "]}}");
    struct json_object *record = json(text);
    follow_init(&follow, &plain, record);
    json_object_put(record);
    ck_assert(!event(&follow, "{\"type\":\"node.started\",\"data\":{\"nodeId\":\"node-with-a-rather-long-name-150\","
                              "\"status\":\"running\"}}"));
    buf_init(&out, 262144);
    for (int rows = 4; rows < 30; rows++)
        for (int columns = 20; columns <= 120; columns += 20) {
            buf_clear(&out);
            int lines = follow_put_display(&follow, &out, 0, columns, rows), counted = 0;
            ck_assert_int_le(lines, rows);
            for (char *line = out.data, *end; (end = strstr(line, "\033[K\n")); line = end + 4, counted++) {
                *end = '\0';
                if (columns >= 40)
                    ck_assert_msg(term_width(line) <= columns, "%d columns: %s", columns, line);
                *end = '\033';
            }
            ck_assert_int_eq(counted, lines);
            ck_assert_ptr_nonnull(strstr(out.data, columns >= 60 ? "name-150" : "node"));
        }
    buf_release(&out);
    follow_release(&follow);
}
END_TEST

START_TEST(events_in_words)
{
    static const struct {
        const char *event, *words;
    } cases[] = {
        {"{\"type\":\"log\",\"data\":{\"nodeId\":\"a\",\"level\":\"info\",\"message\":\"hi\\u001b[2J there\"}}",
         "a    │ hi there\n"},
        {"{\"type\":\"node.finished\",\"data\":{\"nodeId\":\"a\",\"durationMs\":12}}", "a    ✓ finished in 12 ms\n"},
        {"{\"type\":\"run.failed\",\"data\":{\"durationMs\":12,\"error\":{\"message\":\"bad\"}}}",
         "     ✗ run failed in 12 ms: bad\n"},
        {"{\"type\":\"run.cancelled\",\"data\":{\"durationMs\":12,\"error\":{\"message\":\"cancelled\"}}}",
         "     ⊘ run cancelled in 12 ms\n"},
        {"{\"type\":\"approval.decided\",\"data\":{\"nodeId\":\"a\",\"decision\":\"approved\",\"by\":\"eve\",\"comment\":\"fine\"}}",
         "a    ✓ approved by eve: fine\n"},
        {"{\"type\":\"approval.requested\",\"data\":{\"nodeId\":\"a\",\"prompt\":\"Go?\",\"deadline\":null}}",
         "a    ⧗ asks: Go?\n"},
        {"{\"type\":\"tool.started\",\"data\":{\"nodeId\":\"a\",\"tool\":\"shell\",\"callId\":\"c\",\"params\":{\"x\":1}}}",
         "a    ◐ call of shell started: {\"x\":1}\n"},
        {"{\"type\":\"tool.finished\",\"data\":{\"nodeId\":\"a\",\"tool\":\"shell\",\"callId\":\"c\",\"durationS\":0.002,"
         "\"status\":\"error\",\"error\":{\"message\":\"bad\"}}}",
         "a    ✗ call of shell failed in 2 ms: bad\n"},
        {"{\"type\":\"agent.finished\",\"data\":{\"nodeId\":\"a\",\"name\":\"a\",\"durationS\":0.052,\"status\":\"success\","
         "\"usage\":{\"totalTokens\":249}}}",
         "a    ✓ agent a finished in 52 ms, 249 tokens\n"},
        {"{\"type\":\"agent.delta\",\"data\":{\"nodeId\":\"a\",\"delta\":\"two\\nlines\"}}", "a    │ two lines\n"},
        {"{\"type\":\"odd.thing\",\"data\":{\"x\":1}}", "     odd.thing x=1\n"},
        {"{\"op\":\"gap\",\"stream\":\"run:r\",\"first\":\"3\",\"last\":\"9\"}",
         "-- events 3 to 9 of run:r were removed by retention\n"},
    };
    for (unsigned i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        struct json_object *value = json(cases[i].event);
        struct buf out;
        buf_init(&out, 4096);
        ck_assert_ok(eventtext_put(&out, &plain, value, false, NULL, 4));
        ck_assert_str_eq(out.data, cases[i].words);
        buf_release(&out);
        json_object_put(value);
    }
}
END_TEST

START_TEST(a_node_is_called_by_what_can_be_read)
{
    struct json_object *record = json("{\"id\":\"r\",\"graph\":{\"nodes\":["
                                      "{\"id\":\"0f5532f9-36ba-4bef-86c7-30d607400b15\",\"data\":{\"label\":\"Fetch\"}},"
                                      "{\"id\":\"a-name-that-is-long-but-alone\",\"data\":{}},"
                                      "{\"id\":\"short\",\"data\":{\"label\":\"A label\"}}]}}");
    struct follow follow;
    follow_init(&follow, &plain, record);
    ck_assert_str_eq(follow_who(&follow, "0f5532f9-36ba-4bef-86c7-30d607400b15"), "Fetch");
    ck_assert_str_eq(follow_who(&follow, "a-name-that-is-long-but-alone"), "a-name-that-is-long-but-alone");
    ck_assert_str_eq(follow_who(&follow, "short"), "short");
    ck_assert_str_eq(follow_who(&follow, "unknown"), "unknown");
    follow_release(&follow);
    json_object_put(record);
}
END_TEST

static Suite *suite(void)
{
    setlocale(LC_CTYPE, "C.UTF-8");
    Suite *s = suite_create("cli_term");
    TCase *t = tcase_create("term");
    tcase_add_test(t, text_is_measured_in_columns);
    tcase_add_test(t, text_is_cut_to_fit);
    tcase_add_test(t, durations);
    tcase_add_test(t, tables_line_up);
    tcase_add_test(t, streams_become_lines);
    tcase_add_test(t, a_line_without_end_comes_in_pieces);
    tcase_add_test(t, a_run_is_followed);
    tcase_add_test(t, a_large_run_fits_the_screen);
    tcase_add_test(t, events_in_words);
    tcase_add_test(t, a_node_is_called_by_what_can_be_read);
    suite_add_tcase(s, t);
    return s;
}
UNIT_MAIN(suite)
