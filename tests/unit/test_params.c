/* Typed parameters: what may be declared, what an input may hold, what is shown of it, and sealed secrets. */
#include "model.h"

#include "model/params.h"
#include "model/secret.h"

/* The errors of a workflow with these params: "code:message" lines. */
static const char *declared(const char *params)
{
    static char out[4000];
    struct json_object *definition = json_of(params), *errors = json_object_new_array();
    graph_check_params(definition, errors);
    out[0] = '\0';
    for (size_t i = 0; i < json_object_array_length(errors); i++)
        snprintf(out + strlen(out), sizeof out - strlen(out), "%s\n",
                 json_get_string(json_object_array_get_idx(errors, i), "message", ""));
    json_object_put(errors);
    json_object_put(definition);
    return out;
}

START_TEST(what_may_be_declared)
{
    static const struct {
        const char *param, *says; /* NULL: nothing */
    } rows[] = {
        {"\"type\":\"string\",\"minLength\":1,\"maxLength\":5,\"pattern\":\"^[a-z]+$\",\"description\":\"d\",\"label\":\"l\"", NULL},
        {"\"type\":\"bool\",\"default\":true", NULL},
        {"\"type\":\"boolean\",\"default\":1", "its `default` does not fit: `p` must be true or false"},
        {"\"type\":\"integer\",\"min\":1,\"max\":10,\"default\":5", NULL},
        {"\"type\":\"integer\",\"min\":1,\"max\":10,\"default\":11", "`p` must be 10 or less"},
        {"\"type\":\"number\",\"min\":0.5,\"default\":0.4", "`p` must be 0.5 or more"},
        {"\"type\":\"enum\",\"choices\":[\"a\",\"b\"],\"default\":\"b\"", NULL},
        {"\"type\":\"enum\",\"enum\":[1,\"b\"],\"default\":1", NULL},
        {"\"type\":\"enum\",\"choices\":[\"a\"],\"default\":\"c\"", "must be one of [\"a\"]"},
        {"\"type\":\"enum\"", "needs `choices`"},
        {"\"type\":\"enum\",\"choices\":[]", "must not be empty"},
        {"\"type\":\"file\",\"maxBytes\":1000,\"required\":true", NULL},
        {"\"type\":\"file\",\"maxBytes\":100000000", "from 1 to 716800"},
        {"\"type\":\"file\",\"default\":{\"name\":\"a\",\"data\":\"\"}", "a file has no default"},
        {"\"type\":\"secret\",\"minLength\":8", NULL},
        {"\"type\":\"secret\",\"default\":\"hunter2\"", "a secret has no default"},
        {"\"type\":\"text\"", "`type` must be string, number, integer, boolean, enum, object, array, file or secret"},
        {"\"type\":\"string\",\"min\":1", "`min` is not for this type"},
        {"\"type\":\"integer\",\"pattern\":\"x\"", "`pattern` is not for this type"},
        {"\"type\":\"integer\",\"min\":\"1\"", "`min` must be a number"},
        {"\"type\":\"string\",\"minLength\":-1", "`minLength` must be from 0"},
        {"\"type\":\"string\",\"pattern\":\"(\"", "no extended regular expression"},
        {"\"type\":\"string\",\"pattern\":\"(a)\\\\1\"", "refers back"},
        {"\"type\":\"string\",\"pattern\":\"((a{1000}){1000}){1000}\"", "too large"},
        {"\"type\":\"string\",\"pattern\":\"^[0-9]{4}-[0-9]{2}-[0-9]{2}$\"", NULL},
        {"\"type\":\"string\",\"required\":1", "`required` must be true or false"},
        {"\"type\":\"string\",\"description\":1", "`description` must be a text"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char text[500];
        snprintf(text, sizeof text, "{\"params\":[{\"name\":\"p\",%s}]}", rows[i].param);
        const char *said = declared(text);
        if (rows[i].says)
            ck_assert_msg(strstr(said, rows[i].says) != NULL, "%s: %s", rows[i].param, said);
        else
            ck_assert_msg(!*said, "%s: %s", rows[i].param, said);
    }
    ck_assert_ptr_nonnull(strstr(declared("{\"params\":[{\"name\":\"../x\",\"type\":\"file\"}]}"), "a file's name"));
}
END_TEST

START_TEST(what_an_input_may_hold)
{
    static const struct {
        const char *param, *value, *code; /* NULL: it fits */
        const char *says;
    } rows[] = {
        {"\"type\":\"string\"", "\"\"", NULL, NULL},
        {"\"type\":\"string\"", "1", "type", "must be a text"},
        {"\"type\":\"string\"", "\"a\\u0000b\"", "type", "NUL"},
        {"\"type\":\"string\",\"minLength\":1", "\"\"", "length", "must not be empty"},
        {"\"type\":\"string\",\"minLength\":3", "\"ab\"", "length", "3 characters or more"},
        {"\"type\":\"string\",\"maxLength\":3", "\"\xC3\xA4\xC3\xB6\xC3\xBC\"", NULL, NULL},
        {"\"type\":\"string\",\"maxLength\":3", "\"abcd\"", "length", "3 characters or fewer"},
        {"\"type\":\"string\",\"pattern\":\"^[a-z]+$\"", "\"abc\"", NULL, NULL},
        {"\"type\":\"string\",\"pattern\":\"^[a-z]+$\"", "\"ab1\"", "pattern", "must match ^[a-z]+$"},
        {"\"type\":\"string\",\"enum\":[\"a\",\"b\"]", "\"c\"", "enum", "must be one of [\"a\",\"b\"]"},
        {"\"type\":\"integer\"", "3.0", NULL, NULL},
        {"\"type\":\"integer\"", "3.5", "type", "a whole number"},
        {"\"type\":\"integer\"", "\"3\"", "type", "a whole number"},
        {"\"type\":\"integer\",\"min\":1,\"max\":10", "1", NULL, NULL},
        {"\"type\":\"integer\",\"min\":1,\"max\":10", "0", "min", "1 or more"},
        {"\"type\":\"integer\",\"min\":1,\"max\":10", "11", "max", "10 or less"},
        {"\"type\":\"number\",\"max\":0.5", "0.5", NULL, NULL},
        {"\"type\":\"number\",\"max\":0.5", "0.51", "max", "0.5 or less"},
        {"\"type\":\"bool\"", "false", NULL, NULL},
        {"\"type\":\"bool\"", "0", "type", "true or false"},
        {"\"type\":\"enum\",\"choices\":[\"a\",2]", "2", NULL, NULL},
        {"\"type\":\"enum\",\"choices\":[\"a\",2]", "\"2\"", "enum", "one of"},
        {"\"type\":\"object\"", "[]", "type", "an object"},
        {"\"type\":\"array\"", "[1]", NULL, NULL},
        {"\"type\":\"file\"", "{\"name\":\"a.csv\",\"data\":\"YWJj\"}", NULL, NULL},
        {"\"type\":\"file\"", "\"a.csv\"", "type", "a file"},
        {"\"type\":\"file\"", "{\"name\":\"a.csv\"}", "type", "a file"},
        {"\"type\":\"file\"", "{\"name\":\"../a\",\"data\":\"YWJj\"}", "file", "without a slash"},
        {"\"type\":\"file\"", "{\"name\":\"..\",\"data\":\"YWJj\"}", "file", "`name`"},
        {"\"type\":\"file\"", "{\"name\":\"a\",\"data\":\"Y*Jj\"}", "file", "base64"},
        {"\"type\":\"file\",\"maxBytes\":3", "{\"name\":\"a\",\"data\":\"YWJj\"}", NULL, NULL},
        {"\"type\":\"file\",\"maxBytes\":2", "{\"name\":\"a\",\"data\":\"YWJj\"}", "file", "2 bytes or fewer"},
        {"\"type\":\"file\",\"maxBytes\":2", "{\"name\":\"a\",\"data\":\"YWJjZGVmZ2hpag==\"}", "file", "2 bytes or fewer"},
        {"\"type\":\"secret\"", "\"hunter2\"", NULL, NULL},
        {"\"type\":\"secret\",\"minLength\":8", "\"hunter2\"", "length", "8 characters"},
        {"\"type\":\"secret\"", "{}", "type", "a text"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char text[500];
        snprintf(text, sizeof text, "{\"params\":[{\"name\":\"p\",%s}],\"input\":{\"p\":%s,\"more\":1}}", rows[i].param, rows[i].value);
        struct json_object *definition = json_of(text), *errors = json_object_new_array(), *checked = NULL;
        enum rs_err err = graph_check_input(definition, json_get(definition, "input"), errors, &checked, &fault);
        if (!rows[i].code) {
            ck_assert_msg(err == RS_OK, "%s", text);
        } else {
            struct json_object *first = json_object_array_get_idx(errors, 0);
            ck_assert_msg(err == RS_UNPROCESSABLE, "%s", text);
            ck_assert_msg(strcmp(json_get_string(first, "code", ""), rows[i].code) == 0, "%s: %s", text, json_text(errors, NULL));
            ck_assert_msg(strstr(json_get_string(first, "message", ""), rows[i].says) != NULL, "%s: %s", text, json_text(errors, NULL));
            ck_assert_str_eq(json_get_string(first, "param", ""), "p");
            /* What a secret is, no message says. */
            ck_assert_ptr_null(strstr(json_text(errors, NULL), "hunter2"));
        }
        json_object_put(checked);
        json_object_put(errors);
        json_object_put(definition);
    }
}
END_TEST

START_TEST(every_field_is_told_at_once)
{
    struct json_object *definition = json_of("{\"params\":[{\"name\":\"a\",\"type\":\"string\",\"required\":true},"
                                             "{\"name\":\"b\",\"type\":\"integer\",\"max\":3},{\"name\":\"c\",\"type\":\"bool\",\"default\":true}]}");
    struct json_object *input = json_of("{\"b\":4}"), *errors = json_object_new_array(), *checked = NULL;
    ck_assert_int_eq(graph_check_input(definition, input, errors, &checked, &fault), RS_UNPROCESSABLE);
    ck_assert_uint_eq(json_object_array_length(errors), 2);
    ck_assert_str_eq(json_get_string(json_object_array_get_idx(errors, 0), "code", ""), "missing");
    ck_assert_str_eq(json_get_string(json_object_array_get_idx(errors, 1), "param", ""), "b");
    json_object_put(errors);
    json_object_put(input);
    input = json_of("{\"a\":\"x\"}");
    errors = json_object_new_array();
    must(graph_check_input(definition, input, errors, &checked, &fault));
    ck_assert(json_get_bool(checked, "c", false));
    json_object_put(checked);
    json_object_put(errors);
    json_object_put(input);
    json_object_put(definition);
}
END_TEST

#define SECRET_PARAMS "{\"params\":[{\"name\":\"key\",\"type\":\"secret\"},{\"name\":\"doc\",\"type\":\"file\"},{\"name\":\"n\",\"type\":\"integer\"}]}"

START_TEST(secrets_are_sealed)
{
    struct json_object *definition = json_of(SECRET_PARAMS), *input = json_of("{\"key\":\"hunter2\",\"n\":1}"), *sealed = NULL,
                       *opened = NULL, *again = NULL;
    ck_assert_int_eq(params_sealed(&dd, "default", definition, input, &sealed, &fault), RS_CONFLICT);
    must(secret_keys_make(&dd, &fault));
    must(params_sealed(&dd, "default", definition, input, &sealed, &fault));
    ck_assert_ptr_null(strstr(json_text(sealed, NULL), "hunter2"));
    ck_assert(param_is_sealed(json_get(sealed, "key")));
    ck_assert_str_eq(json_get_string(input, "key", ""), "hunter2"); /* the caller's stays */
    must(params_sealed(&dd, "default", definition, sealed, &again, &fault));
    ck_assert(json_object_equal(sealed, again));
    must(params_opened(&dd, "default", definition, sealed, &opened, &fault));
    ck_assert(json_object_equal(opened, input));
    /* Not of another org, and not under another name. */
    struct json_object *none = NULL;
    ck_assert_int_eq(params_opened(&dd, "other", definition, sealed, &none, &fault), RS_UNPROCESSABLE);
    struct json_object *renamed = json_of("{\"params\":[{\"name\":\"yek\",\"type\":\"secret\"}]}"), *moved = json_object_new_object();
    json_set(moved, "yek", json_object_get(json_get(sealed, "key")));
    ck_assert_int_eq(params_opened(&dd, "default", renamed, moved, &none, &fault), RS_UNPROCESSABLE);
    json_object_put(moved);
    moved = json_of("{\"key\":{\"sealed\":\"rubbish\"}}");
    ck_assert_int_eq(params_opened(&dd, "default", definition, moved, &none, &fault), RS_UNPROCESSABLE);
    json_object_put(moved);
    json_object_put(renamed);
    json_object_put(opened);
    json_object_put(again);
    json_object_put(sealed);
    json_object_put(input);
    json_object_put(definition);
}
END_TEST

START_TEST(what_was_shown_comes_back)
{
    struct json_object *definition = json_of(SECRET_PARAMS),
                       *old = json_of("{\"key\":{\"sealed\":\"eA==\"},\"doc\":{\"name\":\"a\",\"data\":\"YWJj\"},\"n\":1}");
    struct json_object *shown = params_shown(definition, old), *kept;
    ck_assert_str_eq(json_text(shown, NULL), "{\"key\":\"***\",\"doc\":{\"name\":\"a\"},\"n\":1}");
    kept = params_kept(definition, shown, old);
    ck_assert(json_object_equal(kept, old));
    json_object_put(kept);
    json_set_string(shown, "key", "new");
    json_set_int(shown, "n", 2);
    kept = params_kept(definition, shown, old);
    ck_assert_str_eq(json_text(kept, NULL), "{\"key\":\"new\",\"doc\":{\"name\":\"a\",\"data\":\"YWJj\"},\"n\":2}");
    json_object_put(kept);
    json_object_put(shown);
    json_object_put(old);
    json_object_put(definition);
    shown = params_shown(NULL, NULL);
    ck_assert_str_eq(json_text(shown, NULL), "{}");
    json_object_put(shown);
}
END_TEST

START_TEST(a_run_keeps_no_secret_in_clear)
{
    struct json_object *definition = json_of("{\"params\":[{\"name\":\"key\",\"type\":\"secret\"}],\"nodes\":[" DEF_START "],\"edges\":[]}"),
                       *input = json_of("{\"key\":\"hunter2\"}"), *record = NULL, *errors = json_object_new_array();
    struct run_new run = {.org = "default", .workflow_id = "w", .definition = definition, .input = input};
    char id[ID_MAX + 1], again[ID_MAX + 1];
    struct run_claim claim;
    must(secret_keys_make(&dd, &fault));
    must(run_create(&store, &run, id, &fault));
    must(run_record(&store, "default", id, &record, &fault));
    ck_assert_str_eq(json_text(json_get(record, "input"), NULL), "{\"key\":\"***\"}");
    ck_assert_int_eq(count_rows("SELECT COUNT(*) FROM run WHERE input LIKE '%hunter2%'"), 0);
    /* Run again with the input that was shown, it is the same. */
    must(run_rerun(&store, "default", id, RUN_VERSION_SAME, json_get(record, "input"), errors, again, &fault));
    must(run_claim_id(&store, again, "me", &claim, &fault));
    struct json_object *opened = NULL;
    must(params_opened(&dd, claim.org, claim.definition, claim.input, &opened, &fault));
    ck_assert_str_eq(json_get_string(opened, "key", ""), "hunter2");
    json_object_put(opened);
    run_claim_release(&claim);
    json_object_put(errors);
    json_object_put(record);
    json_object_put(input);
    json_object_put(definition);
}
END_TEST

static Suite *suite(void)
{
    Suite *s = suite_create("params");
    TCase *tc = tcase_create("params");
    tcase_add_checked_fixture(tc, model_setup, model_teardown);
    tcase_add_test(tc, what_may_be_declared);
    tcase_add_test(tc, what_an_input_may_hold);
    tcase_add_test(tc, every_field_is_told_at_once);
    tcase_add_test(tc, secrets_are_sealed);
    tcase_add_test(tc, what_was_shown_comes_back);
    tcase_add_test(tc, a_run_keeps_no_secret_in_clear);
    suite_add_tcase(s, tc);
    return s;
}

UNIT_MAIN(suite)
