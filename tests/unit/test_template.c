/* Where templates and jq programs end, and which are refused. */
#include "runner/jqlex.h"
#include "runner/template.h"
#include "unit.h"

/* The parts of a text: programs in <>, text as it is; "!" and the message for what is wrong. */
static const char *parts(const char *text)
{
    static char out[1024];
    struct template_part part;
    struct fault fault = {0};
    size_t pos = 0, n = 0, len = strlen(text);
    enum rs_err err;

    while ((err = template_next(text, len, &pos, &part, &fault)) == RS_OK)
        n += (size_t)snprintf(out + n, sizeof out - n, part.program ? "<%.*s>" : "%.*s", (int)part.len,
                              text + part.start);
    if (err != RS_NOT_FOUND)
        snprintf(out, sizeof out, "!%s", fault.message);
    else
        out[n] = '\0';
    return out;
}

START_TEST(test_ends)
{
    static const char *const cases[][2] = {
        {"", ""},
        {"plain } }} { text", "plain } }} { text"},
        {"{{.a}}", "<.a>"},
        {"a {{ .b }} c {{ .d }}", "a < .b > c < .d >"},
        {"{{ {a: {b: 1}} }}", "< {a: {b: 1}} >"},
        {"{{{a:{b:1}}}}", "<{a:{b:1}}>"},
        {"{{ \"}}\" }}", "< \"}}\" >"},
        {"{{ \"\\\"}}\" }}x", "< \"\\\"}}\" >x"},
        {"{{ \"\\({a: \"}}\"})}}\" }}", "< \"\\({a: \"}}\"})}}\" >"},
        {"{{ \"\\(\"\\(1)}}\")\" }}", "< \"\\(\"\\(1)}}\")\" >"},
        {"{{ 1 # }} no end\n }}", "< 1 # }} no end\n >"},
        {"{{ \"# no comment\" }}", "< \"# no comment\" >"},
        {"{{ @base64 \"\\(.x)}}\" }}", "< @base64 \"\\(.x)}}\" >"},
        {"{{ .[\"a}}\"][0] }}", "< .[\"a}}\"][0] >"},
        {"{{ \"{{\" }}", "< \"{{\" >"},
        {"{{}}", "<>"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        ck_assert_str_eq(parts(cases[i][0]), cases[i][1]);
}
END_TEST

START_TEST(test_wrong)
{
    static const char *const cases[][2] = {
        {"x {{ .a", "!the template that begins at byte 2 has no closing }}"},
        {"{{ \"a }}", "!the template that begins at byte 0: a string is not closed"},
        {"{{ (1 }}", "!the template that begins at byte 0: a closing bracket does not match the opening one"},
        {"{{ [1) }}", "!the template that begins at byte 0: a closing bracket does not match the opening one"},
        {"{{ 1) }}", "!the template that begins at byte 0: a closing bracket has no opening one"},
        {"{{ 1 # }}", "!the template that begins at byte 0 has no closing }}"},
        {"{{ \"\\", "!the template that begins at byte 0: a string is not closed"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        ck_assert_str_eq(parts(cases[i][0]), cases[i][1]);
    char deep[256];
    memset(deep, '(', sizeof deep);
    memcpy(deep, "{{", 2);
    deep[sizeof deep - 1] = '\0';
    ck_assert_str_eq(parts(deep), "!the template that begins at byte 0: nested too deeply");
}
END_TEST

START_TEST(test_refused_words)
{
    static const char *const refused[] = {
        "import \"a\" as a; .",
        "include \"a\"; .",
        "\"a\" | modulemeta",
        "$ENV",
        "$ENV.HOME",
        "{$ENV}",
        "$__loc__",
        "$ ENV",
        "\"x\\($ENV)\"",
        "get_search_list",
        "1)",
        "(1",
        "$\n__prog_args",
        "{{1}}}",
    };
    static const char *const fine[] = {
        ".",
        ".env.HOME",
        ".import",
        "\"$ENV\"",
        "{import: 1}.import | 1 # $ENV",
        "$ENVX",
        ". as $include | $include",
        "{a: .input}",
        "\"\\(\"a\" | ascii_downcase)\"",
        "",
    };
    struct fault fault;
    for (size_t i = 0; i < sizeof refused / sizeof *refused; i++)
        ck_assert_msg(jqlex_check(refused[i], strlen(refused[i]), &fault) == RS_INVALID, "%s", refused[i]);
    for (size_t i = 0; i < sizeof fine / sizeof *fine; i++) {
        /* A member named like a keyword is refused too: jq 1.6 itself takes none. */
        if (strstr(fine[i], "{import"))
            continue;
        ck_assert_msg(jqlex_check(fine[i], strlen(fine[i]), &fault) == RS_OK, "%s: %s", fine[i], fault.message);
    }
    ck_assert_int_eq(jqlex_check("a\0b", 3, &fault), RS_INVALID);
}
END_TEST

START_TEST(test_program_text)
{
    static const struct {
        const char *argv;
        int index;
    } cases[] = {
        {"[\"sh\",\"-c\",\"x\"]", 2},
        {"[\"/bin/bash\",\"-eux\",\"-o\",\"pipefail\",\"-c\",\"x\",\"sh\",\"y\"]", 5},
        {"[\"bash\",\"-lc\",\"x\"]", 2},
        {"[\"env\",\"A=1\",\"sh\",\"-c\",\"x\"]", 4},
        {"[\"timeout\",\"5\",\"sh\",\"-ce\",\"x\"]", 4},
        {"[\"python3\",\"-I\",\"-c\",\"x\"]", 3},
        {"[\"perl\",\"-ne\",\"x\"]", 2},
        {"[\"/usr/bin/python3.11\",\"-I\",\"-c\",\"x\"]", 3},
        {"[\"python3\",\"-cx\"]", 1},
        {"[\"lua5.4\",\"-e\",\"x\"]", 2},
        {"[\"node\",\"--eval\",\"x\"]", 2},
        {"[\"sed\",\"--expression=x\",\"file\"]", 1},
        {"[\"bash\",\"--norc\",\"-c\",\"x\"]", 3},
        {"[\"awk\",\"-v\",\"a=b\",\"x\",\"file\"]", 3},
        {"[\"sed\",\"-n\",\"x\"]", 2},
        {"[\"sh\",\"script.sh\",\"-c\",\"x\"]", -1},
        {"[\"grep\",\"-e\",\"x\"]", -1},
        {"[\"sh\",\"-c\"]", -1},
        {"[\"echo\"]", -1},
        {"[1,null,\"sh\"]", -1},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct json_object *argv = json_tokener_parse(cases[i].argv);
        ck_assert_msg(template_program_arg(argv) == cases[i].index, "%s gives %d", cases[i].argv,
                      template_program_arg(argv));
        json_object_put(argv);
    }
}
END_TEST

/* Whatever the bytes, every part lies in the text and the end is reached. */
START_TEST(test_any_bytes)
{
    static const char alphabet[] = "{}()[]\"\\#\n.$a )";
    unsigned state = 12345;
    for (int round = 0; round < 20000; round++) {
        char text[40];
        size_t len = 0, pos = 0, last = 0;
        for (; len < sizeof text; len++) {
            state = state * 1103515245 + 12345;
            text[len] = alphabet[(state >> 16) % (sizeof alphabet - 1)];
        }
        struct template_part part;
        struct fault fault;
        while (template_next(text, len, &pos, &part, &fault) == RS_OK) {
            ck_assert_uint_gt(pos, last);
            ck_assert_uint_le(part.start + part.len, len);
            last = pos;
        }
    }
}
END_TEST

static Suite *suite(void)
{
    Suite *s = suite_create("template");
    TCase *tc = tcase_create("template");
    tcase_add_test(tc, test_ends);
    tcase_add_test(tc, test_wrong);
    tcase_add_test(tc, test_refused_words);
    tcase_add_test(tc, test_program_text);
    tcase_add_test(tc, test_any_bytes);
    suite_add_tcase(s, tc);
    return s;
}
UNIT_MAIN(suite)
