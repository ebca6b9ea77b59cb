/* Values against JSON Schemas. */
#include "runner/jsonschema.h"
#include "unit.h"

static struct json_object *parse(const char *text)
{
    struct json_object *value = NULL;
    struct fault fault;
    ck_assert_msg(json_parse(text, strlen(text), JSON_BODY_MAX, &value, &fault) == RS_OK, "%s: %s", text, fault.message);
    return value;
}

#define PERSON                                                                                                         \
    "{\"type\":\"object\",\"properties\":{\"name\":{\"type\":\"string\",\"minLength\":1},\"age\":{\"type\":\"integer\"," \
    "\"minimum\":0}},\"required\":[\"name\"],\"additionalProperties\":false}"
#define TREE                                                                                                           \
    "{\"$defs\":{\"node\":{\"type\":\"object\",\"properties\":{\"next\":{\"$ref\":\"#/$defs/node\"}},"                 \
    "\"additionalProperties\":false}},\"$ref\":\"#/$defs/node\"}"

START_TEST(test_fits)
{
    static const struct {
        const char *schema, *value;
        const char *wrong; /* NULL: it fits; else a part of the message */
    } cases[] = {
        {"true", "1", NULL},
        {"false", "1", "false"},
        {"{}", "null", NULL},
        {"{\"type\":\"null\"}", "null", NULL},
        {"{\"type\":\"string\"}", "1", "at /: must be of type string, not int"},
        {"{\"type\":[\"string\",\"null\"]}", "null", NULL},
        {"{\"type\":[\"string\",\"null\"]}", "1", "a type in"},
        {"{\"type\":[null,\"string\"]}", "\"a\"", NULL},
        {"{\"type\":\"integer\"}", "3.0", NULL},
        {"{\"type\":\"integer\"}", "3.5", "integer"},
        {"{\"type\":\"number\"}", "3", NULL},
        {"{\"type\":\"number\"}", "true", "number"},
        {"{\"enum\":[1,\"a\",null]}", "null", NULL},
        {"{\"enum\":[1,\"a\"]}", "1.0", NULL},
        {"{\"enum\":[1,\"a\"]}", "2", "must be one of [1,\"a\"]"},
        {"{\"const\":{\"a\":1}}", "{\"a\":1}", NULL},
        {"{\"const\":null}", "0", "must be null"},
        {PERSON, "{\"name\":\"x\",\"age\":3}", NULL},
        {PERSON, "{\"age\":3}", "`name` is missing"},
        {PERSON, "{\"name\":\"\"}", "at /name: must have at least 1 characters"},
        {PERSON, "{\"name\":\"x\",\"age\":-1}", "at /age: must be at least 0"},
        {PERSON, "{\"name\":\"x\",\"more\":1}", "no member `more`"},
        {"{\"additionalProperties\":{\"type\":\"string\"}}", "{\"a\":1}", "at /a"},
        {"{\"items\":{\"type\":\"string\"}}", "[\"a\",1]", "at /1"},
        {"{\"prefixItems\":[{\"type\":\"string\"}],\"items\":{\"type\":\"integer\"}}", "[\"a\",1]", NULL},
        {"{\"prefixItems\":[{\"type\":\"string\"}],\"items\":false}", "[\"a\",1]", "at /1"},
        {"{\"minItems\":2}", "[1]", "at least 2 items"},
        {"{\"maxItems\":1}", "[1,2]", "at most 1 items"},
        {"{\"uniqueItems\":true}", "[1,2,1]", "items 0 and 2 are the same"},
        {"{\"maxLength\":2}", "\"\xC3\xA4\xC3\xB6\"", NULL},
        {"{\"exclusiveMaximum\":3}", "3", "less than 3"},
        {"{\"multipleOf\":0.1}", "0.3", NULL},
        {"{\"multipleOf\":2}", "3", "multiple of 2"},
        {"{\"minProperties\":1}", "{}", "at least 1 members"},
        {"{\"allOf\":[{\"minimum\":1},{\"maximum\":2}]}", "3", "at most 2"},
        {"{\"anyOf\":[{\"type\":\"string\"},{\"type\":\"null\"}]}", "null", NULL},
        {"{\"anyOf\":[{\"type\":\"string\"},{\"type\":\"null\"}]}", "1", "anyOf"},
        {"{\"oneOf\":[{\"minimum\":1},{\"minimum\":2}]}", "1", NULL},
        {"{\"oneOf\":[{\"minimum\":1},{\"minimum\":2}]}", "3", "fits 2 of `oneOf`"},
        {"{\"not\":{\"type\":\"string\"}}", "\"a\"", "not"},
        {"{\"not\":{\"type\":\"string\"}}", "1", NULL},
        {TREE, "{\"next\":{\"next\":{}}}", NULL},
        {TREE, "{\"next\":{\"next\":1}}", "at /next/next: must be of type object"},
        {"{\"title\":1,\"format\":\"x\",\"pattern\":\"[\"}", "\"a\"", NULL},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct json_object *schema = parse(cases[i].schema), *value = parse(cases[i].value);
        struct fault fault = {0};
        enum rs_err err = jsonschema_check(schema, value, &fault);
        ck_assert_msg(err == (cases[i].wrong ? RS_INVALID : RS_OK), "%s: %s: %s", cases[i].schema, cases[i].value,
                      fault.message);
        ck_assert_msg(!cases[i].wrong || strstr(fault.message, cases[i].wrong), "%s: %s", cases[i].schema, fault.message);
        json_object_put(schema);
        json_object_put(value);
    }
}
END_TEST

/* Schemas that never end, or only after very long, are given up. */
START_TEST(test_bounds)
{
    static const char *const hard[] = {
        "{\"$ref\":\"#\"}",
        "{\"$defs\":{\"a\":{\"allOf\":[{\"$ref\":\"#/$defs/a\"},{\"$ref\":\"#/$defs/a\"}]}},\"$ref\":\"#/$defs/a\"}",
        "{\"$defs\":{\"a\":{\"anyOf\":[{\"$ref\":\"#/$defs/a\"},{\"$ref\":\"#/$defs/a\"}]}},\"$ref\":\"#/$defs/a\"}",
    };
    struct fault fault;
    for (size_t i = 0; i < sizeof hard / sizeof *hard; i++) {
        struct json_object *schema = parse(hard[i]);
        ck_assert_int_eq(jsonschema_check(schema, NULL, &fault), RS_LIMIT);
        json_object_put(schema);
    }
    struct json_object *schema = parse("{\"$ref\":\"#/nowhere\"}");
    ck_assert_int_eq(jsonschema_check(schema, NULL, &fault), RS_UNPROCESSABLE);
    json_object_put(schema);
    schema = parse("{\"$ref\":\"http://elsewhere/x\"}");
    ck_assert_int_eq(jsonschema_check(schema, NULL, &fault), RS_UNPROCESSABLE);
    json_object_put(schema);
}
END_TEST

static Suite *suite(void)
{
    Suite *s = suite_create("jsonschema");
    TCase *tc = tcase_create("jsonschema");
    tcase_add_test(tc, test_fits);
    tcase_add_test(tc, test_bounds);
    suite_add_tcase(s, tc);
    return s;
}
UNIT_MAIN(suite)
