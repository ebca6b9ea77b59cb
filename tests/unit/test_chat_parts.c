/* Addresses of model endpoints, and answers put together from their pieces. */
#include "runner/chat_parts.h"
#include "base/endpoint.h"
#include "unit.h"

START_TEST(test_addresses)
{
    static const struct {
        const char *base, *url, *shown;
    } cases[] = {
        {"http://h:1", "http://h:1/v1/models", "http://h:1"},
        {"http://h:1/", "http://h:1/v1/models", "http://h:1/"},
        {"https://h/v1", "https://h/v1/models", "https://h/v1"},
        {"https://h/v1/", "https://h/v1/models", "https://h/v1/"},
        {"https://h/openai/v1/chat/completions", "https://h/openai/v1/models", "https://h/openai/v1/chat/completions"},
        {"http://u:p@h/v1?key=x", "http://u:p@h/v1/models", "http://h/v1"},
        {"http://u:p@h", "http://u:p@h/v1/models", "http://h"},
        {"HTTP://h", "HTTP://h/v1/models", "HTTP://h"},
        {"ftp://h", NULL, "(no valid address)"},
        {"http://", NULL, "(no valid address)"},
        {"", NULL, "(no valid address)"},
    };
    char url[ENDPOINT_URL_MAX];
    struct fault fault;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        enum rs_err err = endpoint_url(cases[i].base, "models", url, &fault);
        ck_assert_int_eq(err, cases[i].url ? RS_OK : RS_INVALID);
        if (cases[i].url)
            ck_assert_str_eq(url, cases[i].url);
        ck_assert_str_eq(endpoint_shown(cases[i].base, url), cases[i].shown);
    }
}
END_TEST

START_TEST(test_hide)
{
    char text[] = "bad key sk-123, sk-123";
    endpoint_hide(text, "sk-123");
    ck_assert_str_eq(text, "bad key ***, ***");
    endpoint_hide(text, NULL);
    endpoint_hide(text, "a");
    ck_assert_str_eq(text, "bad key ***, ***");
}
END_TEST

START_TEST(test_retry_after)
{
    const int64_t now = INT64_C(1445412480000); /* Wed, 21 Oct 2015 07:28:00 GMT */
    ck_assert_int_eq(endpoint_retry_after_ms("3", now), 3000);
    ck_assert_int_eq(endpoint_retry_after_ms("0", now), 0);
    ck_assert_int_eq(endpoint_retry_after_ms("Wed, 21 Oct 2015 07:28:05 GMT", now), 5000);
    ck_assert_int_eq(endpoint_retry_after_ms("Wed, 21 Oct 2015 07:27:00 GMT", now), 0);
    ck_assert_int_eq(endpoint_retry_after_ms("99999999999999999999", now), INT64_C(86400000));
    ck_assert_int_eq(endpoint_retry_after_ms("soon", now), -1);
    ck_assert_int_eq(endpoint_retry_after_ms("-1", now), -1);
    ck_assert_int_eq(endpoint_retry_after_ms("", now), -1);
    ck_assert_int_eq(endpoint_retry_after_ms(NULL, now), -1);
}
END_TEST

static enum rs_err take(struct chat_parts *parts, const char *text, struct fault *fault)
{
    struct json_object *chunk = NULL;
    const char *piece;
    ck_assert_ok(json_parse(text, strlen(text), JSON_BODY_MAX, &chunk, fault));
    enum rs_err err = chat_parts_chunk(parts, chunk, &piece, fault);
    json_object_put(chunk);
    return err;
}

#define DELTA(delta) "{\"choices\":[{\"delta\":" delta "}]}"

START_TEST(test_chunks)
{
    struct chat_parts parts;
    struct fault fault = {0};
    chat_parts_init(&parts);
    ck_assert_ok(take(&parts, DELTA("{\"role\":\"assistant\",\"content\":\"\"}"), &fault));
    ck_assert_ok(take(&parts, DELTA("{\"reasoning_content\":\"hm\"}"), &fault));
    ck_assert_ok(take(&parts, DELTA("{\"content\":\"Hel\"}"), &fault));
    ck_assert_ok(take(&parts, DELTA("{\"content\":\"lo\"}"), &fault));
    ck_assert_ok(take(&parts, DELTA("{\"tool_calls\":[{\"index\":0,\"id\":\"a\",\"function\":{\"name\":\"f\",\"arguments\":\"{\\\"x\"}}]}"),
                      &fault));
    ck_assert_ok(take(&parts, DELTA("{\"tool_calls\":[{\"index\":0,\"function\":{\"arguments\":\"\\\":1}\"}}]}"), &fault));
    /* Without an index, and with an object for its arguments. */
    ck_assert_ok(take(&parts, DELTA("{\"tool_calls\":[{\"function\":{\"name\":\"g\",\"arguments\":{\"y\":2}}}]}"), &fault));
    ck_assert_ok(take(&parts, "{\"choices\":[{\"delta\":{},\"finish_reason\":\"tool_calls\"}]}", &fault));
    ck_assert_ok(take(&parts, "{\"choices\":[],\"usage\":{\"prompt_tokens\":3,\"completion_tokens\":4}}", &fault));
    ck_assert_str_eq(parts.text.data, "Hello");
    ck_assert_str_eq(parts.reasoning.data, "hm");
    ck_assert_str_eq(parts.finish, "tool_calls");
    ck_assert(parts.has_usage && parts.prompt_tokens == 3 && parts.completion_tokens == 4);
    struct json_object *message = chat_parts_message(&parts);
    ck_assert_str_eq(json_text(message, NULL),
                     "{\"role\":\"assistant\",\"content\":\"Hello\",\"tool_calls\":["
                     "{\"id\":\"a\",\"type\":\"function\",\"function\":{\"name\":\"f\",\"arguments\":\"{\\\"x\\\":1}\"}},"
                     "{\"id\":\"call_1\",\"type\":\"function\",\"function\":{\"name\":\"g\",\"arguments\":\"{\\\"y\\\":2}\"}}]}");
    json_object_put(message);
    chat_parts_release(&parts);
}
END_TEST

START_TEST(test_bad_chunks)
{
    struct chat_parts parts;
    struct fault fault = {0};
    chat_parts_init(&parts);
    ck_assert_int_eq(take(&parts, "{\"hello\":1}", &fault), RS_INVALID);
    ck_assert_int_eq(take(&parts, "[]", &fault), RS_INVALID);
    ck_assert_int_eq(take(&parts, "{\"error\":{\"message\":\"overloaded\"}}", &fault), RS_IO);
    ck_assert_str_eq(fault.message, "overloaded");
    ck_assert_int_eq(take(&parts, "{\"error\":\"overloaded\"}", &fault), RS_IO);
    ck_assert_int_eq(take(&parts, DELTA("{\"tool_calls\":[{\"index\":7,\"function\":{}}]}"), &fault), RS_INVALID);
    ck_assert_int_eq(take(&parts, DELTA("{\"tool_calls\":[{\"index\":-1,\"function\":{}}]}"), &fault), RS_INVALID);
    ck_assert_int_eq(take(&parts, DELTA("{\"tool_calls\":[{\"index\":64,\"function\":{}}]}"), &fault), RS_LIMIT);
    ck_assert_ok(take(&parts, DELTA("{\"content\":null,\"tool_calls\":[1,null,\"x\"]}"), &fault));
    static char text[CHAT_TEXT_MAX + 64];
    int n = snprintf(text, sizeof text, "{\"choices\":[{\"delta\":{\"content\":\"");
    memset(text + n, 'x', CHAT_TEXT_MAX + 1);
    strcpy(text + n + CHAT_TEXT_MAX + 1, "\"}}]}");
    ck_assert_int_eq(take(&parts, text, &fault), RS_LIMIT);
    chat_parts_release(&parts);
}
END_TEST

START_TEST(test_document)
{
    static const char text[] = "{\"choices\":[{\"message\":{\"content\":\"Hi\"}}],\"usage\":{\"prompt_tokens\":1}}";
    struct chat_parts parts;
    struct fault fault;
    struct json_object *document = NULL;
    chat_parts_init(&parts);
    ck_assert_ok(json_parse(text, sizeof text - 1, JSON_BODY_MAX, &document, &fault));
    ck_assert_ok(chat_parts_document(&parts, document, &fault));
    ck_assert_str_eq(parts.text.data, "Hi");
    ck_assert_str_eq(parts.finish, "stop");
    json_object_put(document);
    chat_parts_release(&parts);
}
END_TEST

static Suite *suite(void)
{
    Suite *s = suite_create("chat_parts");
    TCase *tc = tcase_create("chat_parts");
    tcase_add_test(tc, test_addresses);
    tcase_add_test(tc, test_hide);
    tcase_add_test(tc, test_retry_after);
    tcase_add_test(tc, test_chunks);
    tcase_add_test(tc, test_bad_chunks);
    tcase_add_test(tc, test_document);
    suite_add_tcase(s, tc);
    return s;
}
UNIT_MAIN(suite)
