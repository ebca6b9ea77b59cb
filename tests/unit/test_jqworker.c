/* jq in its child: values, what is refused, and limits. The child is this program itself with --jq. */
#include "runner/jqchild.h"
#include "runner/jqworker.h"
#include "unit.h"

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define MEMORY_LIMITED 0
#else
#define MEMORY_LIMITED 1
#endif

static uv_loop_t loop;
static struct reaper *reaper;
static struct jqworker *worker;
static struct json_object *context;

struct answer {
    char text[FAULT_MESSAGE_MAX + 8]; /* the value, or "!" and the message */
    enum rs_err code;
    int n;
};

static void on_answer(void *ctx, struct json_object *value, const struct fault *fault)
{
    struct answer *a = ctx;
    a->code = fault->code;
    a->n++;
    if (fault->code)
        snprintf(a->text, sizeof a->text, "!%s", fault->message);
    else
        snprintf(a->text, sizeof a->text, "%s", json_text(value, NULL));
    json_object_put(value);
}

static void setup(void)
{
    setenv("RUNSPOOL_TEST_SECRET", "hush", 1);
    context = json_tokener_parse(
        "{\"input\":{\"a\":1,\"s\":\"x\"},\"nodes\":{\"n\":{\"status\":\"pending\"}},\"session\":null,\"env\":{}}");
    uv_loop_init(&loop);
    ck_assert_ok(reaper_new(&loop, &reaper, NULL));
    ck_assert_ok(jqworker_new(&loop, reaper, context, &worker, NULL));
}

static void teardown(void)
{
    jqworker_free(worker);
    reaper_free(reaper);
    uv_run(&loop, UV_RUN_DEFAULT);
    ck_assert_int_eq(uv_loop_close(&loop), 0);
    json_object_put(context);
}

static struct json_object *with; /* of the next requests */

static const char *eval(const char *program, struct answer *a)
{
    *a = (struct answer){0};
    jqworker_eval(worker, program, with, on_answer, a);
    while (a->n == 0)
        uv_run(&loop, UV_RUN_ONCE);
    return a->text;
}

static const char *render(const char *data, struct answer *a)
{
    struct json_object *json = json_tokener_parse(data);
    *a = (struct answer){0};
    jqworker_render(worker, json, with, on_answer, a);
    json_object_put(json);
    while (a->n == 0)
        uv_run(&loop, UV_RUN_ONCE);
    return a->text;
}

START_TEST(test_values)
{
    struct answer a;
    ck_assert_str_eq(eval(".input.a + 1", &a), "2");
    ck_assert_str_eq(eval("empty", &a), "null");
    ck_assert_str_eq(eval("def f: 7; f # comment", &a), "7");
    ck_assert_int_eq((eval("1, 2", &a), a.code), RS_INVALID);
    ck_assert_str_eq(eval("error(\"mine\")", &a), "!jq: mine, in `error(\"mine\")`");
    ck_assert_str_eq(eval("nosuch", &a), "!jq: nosuch/0 is not defined (line 1), in `nosuch`");
    /* The line that is wrong, not the first one. */
    ck_assert_str_eq(eval(".input |\n  .a | nosuch\n# end", &a), "!jq: nosuch/0 is not defined (line 2), in `.a | nosuch`");
    ck_assert_str_eq(eval(".input.s | .[0]", &a), "!jq: Cannot index string with number, in `.input.s | .[0]`");
    ck_assert_str_eq(render("{\"url\":\"u\",\"headers\":{\"x\":[\"a\",\"{{ .input.s | keys }}\"]}}", &a),
                     "!`headers.x[1]`: jq: string (\"x\") has no keys, in `.input.s | keys`");
    ck_assert_str_eq(
        render("{\"a\":\"{{ .input }}\",\"b\":[\"{{.input.s}}-{{ .input.a }}\",5],\"c\":\"{{ null }}\"}", &a),
        "{\"a\":{\"a\":1,\"s\":\"x\"},\"b\":[\"x-1\",5],\"c\":null}");
}
END_TEST

START_TEST(test_with_is_for_one_request)
{
    struct answer a;
    with = json_tokener_parse("{\"item\":{\"n\":5},\"index\":2}");
    ck_assert_str_eq(eval(".item.n + .index + .input.a", &a), "8");
    ck_assert_str_eq(render("{\"a\":\"{{ .item }}\"}", &a), "{\"a\":{\"n\":5}}");
    json_object_put(with);
    with = NULL;
    ck_assert_str_eq(eval(".item", &a), "null");
    ck_assert_str_eq(eval(".input.a", &a), "1");
}
END_TEST

START_TEST(test_node_changes_are_seen)
{
    struct answer a;
    ck_assert_str_eq(eval(".nodes.n.status", &a), "\"pending\"");
    json_set(json_get(context, "nodes"), "n", json_tokener_parse("{\"status\":\"success\",\"output\":{\"x\":[1]}}"));
    jqworker_node_changed(worker, "n");
    ck_assert_str_eq(eval(".nodes.n.status + (.nodes.n.output.x | tojson)", &a), "\"success[1]\"");
}
END_TEST

START_TEST(test_outside_is_out_of_reach)
{
    static const char *const programs[] = {
        "env",
        "env.RUNSPOOL_TEST_SECRET",
        "$ENV",
        "$ENV.RUNSPOOL_TEST_SECRET",
        "input",
        "[inputs]",
        "debug",
        "stderr",
        "input_filename",
        "input_line_number",
        "halt",
        "halt_error",
        "1 | halt_error(3)",
        "$__loc__",
        "get_search_list",
        "import \"a\" as a; .",
        "include \"a\"; .",
        "\"a\" | modulemeta",
        "[limit(1; inputs)]",
        "first(inputs)",
    };
    struct answer a;
    for (size_t i = 0; i < sizeof programs / sizeof *programs; i++) {
        const char *text = eval(programs[i], &a);
        ck_assert_msg(a.code == RS_INVALID, "%s gives %s", programs[i], text);
        ck_assert_ptr_null(strstr(text, "hush"));
    }
    ck_assert_str_eq(eval("[builtins] | length", &a), "1"); /* it lives on */
}
END_TEST

START_TEST(test_endless_loop_ends)
{
    struct answer a, b;
    eval("def f: f; f", &a);
    ck_assert_int_eq(a.code, RS_LIMIT);
    eval("last(range(1e12))", &a);
    ck_assert_int_eq(a.code, RS_LIMIT);
    ck_assert_str_eq(eval(".input.a", &b), "1"); /* a new child has the context */
}
END_TEST

START_TEST(test_memory_bomb_ends)
{
    struct answer a, b;
    if (MEMORY_LIMITED) {
        eval("[range(1e9)] | length", &a);
        ck_assert_int_eq(a.code, RS_LIMIT);
        eval("\"x\" * 4000000000 | length", &a);
        ck_assert_int_ne(a.code, RS_OK);
    }
    eval("\"x\" * 5000000", &a);
    ck_assert_int_eq(a.code, RS_LIMIT);
    eval("reduce range(100000) as $i (0; [.])", &a); /* nested beyond what can be written or read */
    ck_assert_int_ne(a.code, RS_OK);
    ck_assert_str_eq(eval(".input.a", &b), "1");
}
END_TEST

START_TEST(test_requests_are_answered_in_order)
{
    struct answer a[20] = {0};
    char program[32];
    for (int i = 0; i < 20; i++) {
        snprintf(program, sizeof program, "%d", i);
        jqworker_eval(worker, i == 7 ? "def f: f; f" : program, NULL, on_answer, &a[i]);
    }
    while (a[19].n == 0)
        uv_run(&loop, UV_RUN_ONCE);
    for (int i = 0; i < 20; i++) {
        snprintf(program, sizeof program, "%d", i);
        ck_assert_int_eq(a[i].n, 1);
        if (i == 7)
            ck_assert_int_eq(a[i].code, RS_LIMIT);
        else
            ck_assert_str_eq(a[i].text, program);
    }
}
END_TEST

static Suite *suite(void)
{
    Suite *s = suite_create("jqworker");
    TCase *tc = tcase_create("jqworker");
    tcase_set_timeout(tc, 120);
    tcase_add_checked_fixture(tc, setup, teardown);
    tcase_add_test(tc, test_values);
    tcase_add_test(tc, test_with_is_for_one_request);
    tcase_add_test(tc, test_node_changes_are_seen);
    tcase_add_test(tc, test_outside_is_out_of_reach);
    tcase_add_test(tc, test_endless_loop_ends);
    tcase_add_test(tc, test_memory_bomb_ends);
    tcase_add_test(tc, test_requests_are_answered_in_order);
    suite_add_tcase(s, tc);
    return s;
}

int main(int argc, char **argv)
{
    if (argc == 2 && strcmp(argv[1], "--jq") == 0)
        return jqchild_main();
    SRunner *sr = srunner_create(suite());
    srunner_set_tap(sr, "-");
    srunner_run_all(sr, CK_SILENT);
    int failed = srunner_ntests_failed(sr);
    srunner_free(sr);
    return failed == 0 ? 0 : 1;
}
