/* What clients of /ws may say. */
#include "bridge/native_message.h"
#include "tests/unit/unit.h"

static struct native_message message;
static struct fault fault;

static enum rs_err say(const char *text)
{
    native_message_release(&message);
    fault = (struct fault){0};
    return native_message_parse(text, strlen(text), false, &message, &fault);
}

static void teardown(void)
{
    native_message_release(&message);
}

START_TEST(every_operation_is_read)
{
    ck_assert_ok(say("{\"op\":\"subscribe\",\"streams\":[\"run:r1\",\"runs\"],\"since\":\"7.2\",\"ref\":\"a\"}"));
    ck_assert_int_eq(message.op, NATIVE_SUBSCRIBE);
    ck_assert_uint_eq(json_object_array_length(message.streams), 2);
    ck_assert_int_eq(message.since.kind, CURSOR_AT);
    ck_assert_int_eq(message.since.id, 7);
    ck_assert_int_eq(message.since.part, 2);
    ck_assert_str_eq(message.ref, "a");
    ck_assert_ok(say("{\"op\":\"subscribe\",\"streams\":[\"runs\"]}"));
    ck_assert_int_eq(message.since.kind, CURSOR_NONE);
    ck_assert_ptr_null(message.ref);
    ck_assert_ok(say("{\"op\":\"unsubscribe\",\"streams\":[\"run:*\"]}"));
    ck_assert_int_eq(message.op, NATIVE_UNSUBSCRIBE);
    ck_assert_ok(say("{\"op\":\"ping\"}"));
    ck_assert_int_eq(message.op, NATIVE_PING);
    ck_assert_ok(say("{\"op\":\"auth\",\"token\":\"x\"}"));
    ck_assert_int_eq(message.op, NATIVE_AUTH);
    ck_assert_ok(say("{\"op\":\"run\",\"workflowId\":\"w1\",\"input\":{}}"));
    ck_assert_int_eq(message.op, NATIVE_RUN);
    ck_assert_str_eq(message.id, "w1");
    ck_assert_ok(say("{\"op\":\"cancel\",\"runId\":\"r1\"}"));
    ck_assert_int_eq(message.op, NATIVE_CANCEL);
    ck_assert_str_eq(message.id, "r1");
    ck_assert_ok(say("{\"op\":\"subscribe\",\"streams\":[\"runs\"]}"));
    ck_assert(!message.wish.names_batch && !message.wish.names_format);
}
END_TEST

START_TEST(wishes_are_read)
{
    ck_assert_ok(say("{\"op\":\"subscribe\",\"streams\":[\"runs\"],\"batch\":true,\"format\":\"msgpack\"}"));
    ck_assert(message.wish.names_batch && message.wish.batch && message.wish.names_format && message.wish.msgpack);
    ck_assert_ok(say("{\"op\":\"subscribe\",\"streams\":[\"runs\"],\"batch\":false,\"format\":\"json\"}"));
    ck_assert(message.wish.names_batch && !message.wish.batch && message.wish.names_format && !message.wish.msgpack);
    ck_assert_ok(say("{\"op\":\"subscribe\",\"streams\":[\"runs\"],\"batch\":null,\"format\":null}"));
    ck_assert(!message.wish.names_batch && !message.wish.names_format);
}
END_TEST

START_TEST(messages_may_be_packed)
{
    static const char ping[] = "\x81\xa2op\xa4ping", cut[] = "\x81\xa2op\xa4pin", number[] = "\x07";
    native_message_release(&message);
    ck_assert_ok(native_message_parse(ping, sizeof ping - 1, true, &message, &fault));
    ck_assert_int_eq(message.op, NATIVE_PING);
    native_message_release(&message);
    ck_assert_int_eq(native_message_parse(cut, sizeof cut - 1, true, &message, &fault), RS_INVALID);
    ck_assert_int_eq(native_message_parse(number, 1, true, &message, &fault), RS_INVALID);
}
END_TEST

START_TEST(what_is_wrong_is_said)
{
    static const struct {
        const char *text, *says;
    } bad[] = {
        {"", "JSON"},
        {"[]", "an object"},
        {"{\"op\":7}", "string \"op\""},
        {"{\"op\":\"dance\"}", "unknown op"},
        {"{\"op\":\"subscribe\"}", "\"streams\""},
        {"{\"op\":\"subscribe\",\"streams\":[\"runs\"],\"batch\":1}", "\"batch\""},
        {"{\"op\":\"subscribe\",\"streams\":[\"runs\"],\"batch\":\"true\"}", "\"batch\""},
        {"{\"op\":\"subscribe\",\"streams\":[\"runs\"],\"format\":\"cbor\"}", "\"format\""},
        {"{\"op\":\"subscribe\",\"streams\":[\"runs\"],\"format\":1}", "\"format\""},
        {"{\"op\":\"subscribe\",\"streams\":[]}", "at least one"},
        {"{\"op\":\"subscribe\",\"streams\":[1]}", "strings only"},
        {"{\"op\":\"subscribe\",\"streams\":[\"nonsense\"]}", "stream"},
        {"{\"op\":\"subscribe\",\"streams\":[\"runs\"],\"since\":5}", "\"since\""},
        {"{\"op\":\"subscribe\",\"streams\":[\"runs\"],\"since\":\"later\"}", "\"since\""},
        {"{\"op\":\"unsubscribe\",\"streams\":\"runs\"}", "\"streams\""},
        {"{\"op\":\"auth\"}", "\"token\""},
        {"{\"op\":\"run\",\"workflowId\":\"../x\"}", "\"workflowId\""},
        {"{\"op\":\"cancel\"}", "\"runId\""},
        {"{\"op\":\"ping\"} {}", "JSON"},
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        ck_assert_msg(say(bad[i].text) == RS_INVALID, "%s", bad[i].text);
        ck_assert_int_eq(fault.code, RS_INVALID);
        ck_assert_msg(strstr(fault.message, bad[i].says) != NULL, "%s: %s", bad[i].text, fault.message);
    }
}
END_TEST

START_TEST(a_refused_message_keeps_its_ref)
{
    ck_assert_int_eq(say("{\"op\":\"dance\",\"ref\":\"b\"}"), RS_INVALID);
    ck_assert_str_eq(message.ref, "b");
}
END_TEST

/* strlen would end before it: the name checked would not be the name answered. */
START_TEST(a_name_with_a_nul_is_no_name)
{
    ck_assert_int_eq(say("{\"op\":\"subscribe\",\"streams\":[\"runs\\u0000x\"]}"), RS_INVALID);
    ck_assert_int_eq(say("{\"op\":\"cancel\",\"runId\":\"r1\\u0000x\"}"), RS_INVALID);
}
END_TEST

static Suite *suite(void)
{
    Suite *s = suite_create("native_message");
    TCase *t = tcase_create("all");
    tcase_add_checked_fixture(t, NULL, teardown);
    tcase_add_test(t, every_operation_is_read);
    tcase_add_test(t, wishes_are_read);
    tcase_add_test(t, messages_may_be_packed);
    tcase_add_test(t, what_is_wrong_is_said);
    tcase_add_test(t, a_refused_message_keeps_its_ref);
    tcase_add_test(t, a_name_with_a_nul_is_no_name);
    suite_add_tcase(s, t);
    return s;
}

UNIT_MAIN(suite)
