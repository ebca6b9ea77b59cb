/* The assistant's deterministic parts: normalising, keywords, intents, models, answers. */
#include "base/clock.h"
#include "model/model_list.h"
#include "model/model_silence.h"
#include "model/models.h"
#include "runner/assist/answer.h"
#include "runner/assist/intent.h"
#include "runner/assist/text.h"
#include "tests/unit/instance.h"
#include "unit.h"

static struct json_object *parse(const char *text)
{
    struct json_object *value = NULL;
    ck_assert_msg(json_parse(text, strlen(text), JSON_BODY_MAX, &value, NULL) == RS_OK, "%s", text);
    return value;
}

static void check_json(struct json_object *value, const char *text)
{
    ck_assert_str_eq(json_object_to_json_string_ext(value, JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE), text);
    json_object_put(value);
}

START_TEST(test_normalize)
{
    static const struct {
        const char *text, *out;
        int removed;
    } cases[] = {
        {"", "", 0},
        {" \n\t ", "", 0},
        {"  a  b  ", "a  b", 0},
        {"a\r\nb\rc\nd", "a\nb\nc\nd", 0},
        {"a\n\n\n\nb", "a\n\nb", 0},
        {"a \t\n  b", "a\n  b", 0},
        {"a\001\033[31mb\177", "a[31mb", 3},
        {"pass\xE2\x80\xAEword", "password", 1},
        {"a\xE2\x80\x8B\xEF\xBB\xBF" "b\xC2\x85", "ab", 3},
        {"a\xC2\xA0\xE3\x80\x80" "b", "a  b", 0},
        {"a\xE2\x80\xA8" "b", "a\nb", 0},
        {"\xF0\x9F\x91\xA9\xE2\x80\x8D\xF0\x9F\x92\xBB", "\xF0\x9F\x91\xA9\xE2\x80\x8D\xF0\x9F\x92\xBB", 0},
        {"\xC3\xA4\xC3", "\xC3\xA4", 1},
    };
    struct buf out;
    int removed;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        buf_init(&out, 1000);
        ck_assert_ok(text_normalize(cases[i].text, strlen(cases[i].text), &out, &removed));
        ck_assert_str_eq(out.data ? out.data : "", cases[i].out);
        ck_assert_msg(removed == cases[i].removed, "%zu: %d", i, removed);
        buf_release(&out);
    }
    ck_assert_int_eq(text_words(" one two\nthree "), 3);
}
END_TEST

START_TEST(test_urls)
{
    check_json(text_urls("See https://a.example/x?y=1, (http://b.example/(z)) and http://b.example. Or <https://c.example/>!"),
               "[\"https://a.example/x?y=1\",\"http://b.example/(z)\",\"http://b.example\",\"https://c.example/\"]");
    check_json(text_urls("(http://b.example/z) http:// xhttp://d https://a https://a"),
               "[\"http://b.example/z\",\"https://a\"]");
}
END_TEST

START_TEST(test_phrases)
{
    ck_assert(text_has_phrase("Fix the Bug, please", "bug"));
    ck_assert(!text_has_phrase("debugging", "bug"));
    ck_assert(text_has_phrase("debugging", "debug*"));
    ck_assert(text_has_phrase("in c++ code", "c++"));
    ck_assert(text_has_phrase("Search the web for x", "search the web"));
    ck_assert(!text_has_phrase("\xC3\xA4" "bug", "bug"));
    ck_assert(!text_has_phrase("x", "") && !text_has_phrase("x", "*") && !text_has_phrase("", "x"));
}
END_TEST

#define INTENTS                                                                                                        \
    "{\"chat\":{\"keywords\":{}},\"code\":{\"keywords\":{\"function\":2,\"bug\":3},\"description\":\"about programs\"}," \
    "\"search\":{\"keywords\":{\"latest\":2,\"news\":2,\"bug\":-1}}}"

START_TEST(test_intents)
{
    struct json_object *intents = parse(INTENTS), *none = parse("{}");
    check_json(intent_by_rules("a bug in this function", intents),
               "{\"intent\":\"code\",\"confidence\":1.0,\"scores\":{\"chat\":0.0,\"code\":5.0,\"search\":-1.0}}");
    check_json(intent_by_rules("latest function", intents),
               "{\"intent\":\"code\",\"confidence\":0.5,\"scores\":{\"chat\":0.0,\"code\":2.0,\"search\":2.0}}");
    check_json(intent_by_rules("hello", intents),
               "{\"intent\":\"chat\",\"confidence\":0.0,\"scores\":{\"chat\":0.0,\"code\":0.0,\"search\":0.0}}");
    ck_assert_ptr_null(intent_by_rules("hello", none));
    struct json_object *schema = intent_schema(intents);
    ck_assert_str_eq(json_text(json_get(json_get(json_get(schema, "properties"), "intent"), "enum"), NULL),
                     "[\"chat\",\"code\",\"search\"]");
    json_object_put(schema);
    struct json_object *told = intent_instructions(intents);
    ck_assert_ptr_nonnull(strstr(json_object_get_string(told), "- code: about programs\n"));
    json_object_put(told);
    json_object_put(intents);
    json_object_put(none);
}
END_TEST

START_TEST(test_models)
{
    struct json_object *candidates = json_object_new_array(), *available = parse("[\"b:latest\",\"c:7b\"]"), *answer;
    models_add(candidates, NULL, "asked for");
    models_add(candidates, " a , b,,a", "code");
    models_add(candidates, "c:7b", "default");
    ck_assert_str_eq(models_choose(candidates, NULL), "a");
    ck_assert_str_eq(models_choose(candidates, available), "b");
    check_json(candidates, "[{\"model\":\"a\",\"source\":\"code\",\"available\":false},{\"model\":\"b\",\"source\":\"code\","
                           "\"available\":true},{\"model\":\"c:7b\",\"source\":\"default\",\"available\":true}]");
    candidates = json_object_new_array();
    ck_assert_ptr_null(models_choose(candidates, NULL));
    models_add(candidates, "c", "x");
    ck_assert_ptr_null(models_choose(candidates, available));
    json_object_put(candidates);
    json_object_put(available);
    answer = parse("{\"data\":[{\"id\":\"x\"},{},{\"id\":\"y\"}]}");
    check_json(models_available(answer), "[\"x\",\"y\"]");
    json_object_put(answer);
    answer = parse("{\"models\":[]}");
    ck_assert_ptr_null(models_available(answer));
    json_object_put(answer);
}
END_TEST

/* Those that settings name come first, with what they are for; a name tells what no setting does. */
START_TEST(test_model_list)
{
    const char *const settings[] = {"model.url=http://me:secret@h:1/v1?key=secret", "model.default=small", "assistant.models.code=gone, coder:7b,small", NULL};
    struct json_object *ids = parse("[\"small:latest\",\"NOMIC-embed\",\"coder:7b\",\"plain\",\"plain\"]"), *list;
    struct config *config = NULL;
    ck_assert_ok(config_load("/nonexistent/runspool.conf", settings, &config, NULL));
    list = model_list_of(config, ids);
    check_json(json_object_get(json_get(list, "items")),
               "[{\"id\":\"small\",\"available\":true,\"purposes\":[\"default\",\"code\"]},"
               "{\"id\":\"gone\",\"available\":false,\"purposes\":[\"code\"]},{\"id\":\"coder:7b\",\"available\":true,\"purposes\":[\"code\"]},"
               "{\"id\":\"NOMIC-embed\",\"available\":true,\"purposes\":[\"embedding\"]},{\"id\":\"plain\",\"available\":true,\"purposes\":[]}]");
    ck_assert_str_eq(json_get_string(list, "endpoint", ""), "http://h:1/v1");
    json_object_put(list);
    list = model_list_of(config, NULL); /* it did not say */
    check_json(json_object_get(json_object_array_get_idx(json_get(list, "items"), 1)),
               "{\"id\":\"gone\",\"available\":null,\"purposes\":[\"code\"]}");
    json_object_put(list);
    json_object_put(ids);
    config_free(config);
    ck_assert_ok(config_load("/nonexistent/runspool.conf", NULL, &config, NULL));
    list = model_list(&(struct datadir){.config = config}, 1000);
    ck_assert(!json_get_bool(list, "configured", true));
    ck_assert_str_eq(json_get_string(list, "reason", ""), "model.url is not set");
    json_object_put(list);
    config_free(config);
}
END_TEST

static void note_until(const struct datadir *dd, int64_t until)
{
    char note[200];
    snprintf(note, sizeof note, "{\"endpoint\":\"http://h:1/v1\",\"until\":%lld,\"reason\":\"Timeout\"}", (long long)until);
    unit_write(dd->root, DATADIR_MODELS_SILENT, note);
}

/* One asks again when the time has come; the others go on without. */
START_TEST(test_model_silence)
{
    const char *const settings[] = {"model.url=http://me:secret@h:1/v1", NULL}, *const others[] = {"model.url=http://h:2/v1", NULL};
    struct datadir dd, other;
    struct fault why;
    instance_open(&dd, settings);
    ck_assert(!model_silence_lasts(&dd, &why));
    model_silence_set(&dd, "Timeout");
    for (int i = 0; i < 3; i++) {
        ck_assert(model_silence_lasts(&dd, &why));
        ck_assert_str_eq(why.message, "Timeout");
    }
    ck_assert_ok(datadir_open(&other, dd.root, true, others, &why)); /* the setting has changed */
    ck_assert(!model_silence_lasts(&other, &why));
    datadir_release(&other);
    note_until(&dd, clock_wall_ms() - 1);
    ck_assert(!model_silence_lasts(&dd, &why));
    ck_assert(model_silence_lasts(&dd, &why));
    note_until(&dd, clock_wall_ms() + 2 * MODEL_SILENCE_MS); /* the clock was set back */
    ck_assert(!model_silence_lasts(&dd, &why));
    model_silence_set(&dd, NULL);
    ck_assert(!model_silence_lasts(&dd, &why));
    ck_assert(!model_silence_lasts(&dd, &why));
    unit_write(dd.root, DATADIR_MODELS_SILENT, "{\"endpoint\":"); /* somebody's disk was full */
    ck_assert(!model_silence_lasts(&dd, &why));
    instance_close(&dd);
}
END_TEST

START_TEST(test_thinking)
{
    static const struct {
        const char *text, *out;
        int blocks;
    } cases[] = {
        {"plain", "plain", 0},
        {"<think>hm\nhm</think>\n\nYes", "Yes", 1},
        {"<Thinking>a</THINKING>b<reasoning>c</reasoning>d", "bd", 2},
        {"so far thought</think>\nYes", "Yes", 1},
        {"Yes <think>never ended", "Yes", 1},
        {"```xml\n<think>kept</think>\n```\n<think>gone</think>x", "```xml\n<think>kept</think>\n```\nx", 1},
        {"a < b and <thinker> and <think", "a < b and <thinker> and <think", 0},
        {"<think></think>", "", 1},
    };
    struct buf out;
    int blocks;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        buf_init(&out, 1000);
        ck_assert_ok(answer_without_thinking(cases[i].text, &out, &blocks));
        ck_assert_str_eq(out.data ? out.data : "", cases[i].out);
        ck_assert_int_eq(blocks, cases[i].blocks);
        buf_release(&out);
    }
}
END_TEST

START_TEST(test_code_blocks)
{
    check_json(answer_code_blocks("a\n```c\nint x;\n\n```\nb\n~~~~\n```\n~~~~\n```\n"),
               "[{\"language\":\"c\",\"code\":\"int x;\\n\",\"closed\":true},{\"language\":null,\"code\":\"```\",\"closed\":true},"
               "{\"language\":null,\"code\":\"\",\"closed\":false}]");
    check_json(answer_code_blocks("```py title=x\na"), "[{\"language\":\"py\",\"code\":\"a\",\"closed\":false}]");
    check_json(answer_code_blocks("```inline``` and `x`\n    ```\nno"), "[]");
    check_json(answer_code_blocks("```\n```"), "[{\"language\":null,\"code\":\"\",\"closed\":true}]");
}
END_TEST

START_TEST(test_citations)
{
    struct json_object *passages = parse("[{\"text\":\"The bridge writes the event log in one thread.\"},\"Second\"]");
    struct buf out;
    buf_init(&out, 1000);
    check_json(answer_check_citations("Intro. The bridge writes events [1]. Penguins cannot swim [1][7]. Nothing [3]\n`x[9]` [2](u)\n"
                                      "```\na[5]\n```",
                                      passages, &out),
               "[{\"number\":1,\"valid\":true,\"overlap\":0.66666666666666663,\"supported\":true},"
               "{\"number\":1,\"valid\":true,\"overlap\":0.0,\"supported\":false},"
               "{\"number\":7,\"valid\":false,\"overlap\":0.0,\"supported\":false},"
               "{\"number\":3,\"valid\":false,\"overlap\":0.0,\"supported\":false}]");
    ck_assert_str_eq(out.data, "Intro. The bridge writes events [1]. Penguins cannot swim [1]. Nothing\n`x[9]` [2](u)\n```\na[5]\n```");
    buf_clear(&out);
    check_json(answer_check_citations("a [1]", NULL, &out), "[{\"number\":1,\"valid\":false,\"overlap\":0.0,\"supported\":false}]");
    ck_assert_str_eq(out.data, "a");
    buf_release(&out);
    json_object_put(passages);
}
END_TEST

static Suite *suite(void)
{
    Suite *s = suite_create("assist");
    TCase *tc = tcase_create("assist");
    tcase_add_test(tc, test_normalize);
    tcase_add_test(tc, test_urls);
    tcase_add_test(tc, test_phrases);
    tcase_add_test(tc, test_intents);
    tcase_add_test(tc, test_models);
    tcase_add_test(tc, test_model_list);
    tcase_add_test(tc, test_model_silence);
    tcase_add_test(tc, test_thinking);
    tcase_add_test(tc, test_code_blocks);
    tcase_add_test(tc, test_citations);
    suite_add_tcase(s, tc);
    return s;
}
UNIT_MAIN(suite)
