/* Sessions: merging, bounds, and what other organisations see. */
#include "model/session.h"
#include "tests/unit/model.h"

static struct json_object *save(const char *id, struct session_change change)
{
    struct json_object *session = NULL;
    must(session_save(&store, "default", id, &change, NULL, NULL, &session, &fault));
    return session;
}

static struct json_object **member_of(struct session_change *change, const char *member)
{
    return strcmp(member, "tools") == 0      ? &change->tools
           : strcmp(member, "messages") == 0 ? &change->messages
           : strcmp(member, "say") == 0      ? &change->say
           : strcmp(member, "name") == 0     ? &change->name
                                             : &change->model;
}

/* Save what a text says of one member. */
static struct json_object *save_text(const char *id, const char *member, const char *text)
{
    struct json_object *value = json_of(text), *session;
    struct session_change change = {0};
    *member_of(&change, member) = value;
    session = save(id, change);
    json_object_put(value);
    return session;
}

START_TEST(test_merge)
{
    char events[200];
    json_object_put(save_text("s1", "tools", "{\"a\":true,\"b\":false}"));
    json_object_put(save_text("s1", "tools", "{\"b\":true,\"c\":false}"));
    json_object_put(save_text("s1", "model", "\"m\""));
    json_object_put(save_text("s1", "messages", "[{\"role\":\"user\",\"content\":\"x\"}]"));
    json_object_put(save_text("s1", "say", "[{\"role\":\"assistant\",\"content\":\"y\"}]"));
    struct json_object *session = save_text("s1", "name", "\"One\"");
    ck_assert_str_eq(json_text(json_get(session, "tools"), NULL), "{\"a\":true,\"b\":true,\"c\":false}");
    ck_assert_str_eq(json_text(json_get(session, "messages"), NULL),
                     "[{\"role\":\"user\",\"content\":\"x\"},{\"role\":\"assistant\",\"content\":\"y\"}]");
    ck_assert_str_eq(json_get_string(session, "name", ""), "One");
    ck_assert_str_eq(json_get_string(session, "model", ""), "m");
    ck_assert_int_eq(json_get_int(session, "version", 0), 6);
    struct json_object *event = event_of("session:s1", "session.changed");
    ck_assert(json_object_equal(event, session));
    json_object_put(event);
    json_object_put(session);
    events_of("session:s1", events, sizeof events);
    ck_assert_int_eq((int)strlen(events), 6 * (int)strlen("session.changed") + 5);
}
END_TEST

START_TEST(test_enabled)
{
    bool on = true;
    must(session_tool_enabled(&store, "default", "s1", "a", &on, &fault));
    ck_assert(!on); /* no such session */
    json_object_put(save_text("s1", "tools", "{\"a\":true,\"b\":false}"));
    must(session_tool_enabled(&store, "default", "s1", "a", &on, &fault));
    ck_assert(on);
    must(session_tool_enabled(&store, "default", "s1", "b", &on, &fault));
    ck_assert(!on);
    must(session_tool_enabled(&store, "default", "s1", "c", &on, &fault));
    ck_assert(!on);
    must(session_tool_enabled(&store, "other", "s1", "a", &on, &fault));
    ck_assert(!on);
}
END_TEST

START_TEST(test_refused)
{
    static const struct {
        const char *member, *text;
    } cases[] = {
        {"tools", "[]"},        {"tools", "{\"a\":1}"},  {"tools", "{\"a\":null}"}, {"tools", "{\"\":true}"},
        {"messages", "{}"},     {"messages", "[\"x\"]"}, {"messages", "[{}]"},      {"name", "1"},
        {"model", "{\"a\":1}"},
    };
    struct json_object *session = NULL;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct json_object *value = json_of(cases[i].text), *errors = json_object_new_array();
        struct session_change change = {0};
        *member_of(&change, cases[i].member) = value;
        ck_assert_int_eq(session_save(&store, "default", "s1", &change, NULL, errors, &session, &fault), RS_UNPROCESSABLE);
        ck_assert_int_eq((int)json_object_array_length(errors), 1);
        ck_assert_str_eq(json_get_string(json_object_array_get_idx(errors, 0), "member", ""), cases[i].member);
        json_object_put(errors);
        json_object_put(value);
    }
    ck_assert_int_eq(session_get(&store, "default", "s1", &session, &fault), RS_NOT_FOUND);
    struct session_change nothing = {0};
    ck_assert_int_eq(session_save(&store, "default", "a/b", &nothing, NULL, NULL, &session, &fault), RS_INVALID);
}
END_TEST

START_TEST(test_versions)
{
    struct json_object *session = save("s1", (struct session_change){0});
    struct session_change change = {.if_version = 2};
    json_object_put(session);
    ck_assert_int_eq(session_save(&store, "default", "s1", &change, NULL, NULL, &session, &fault), RS_PRECONDITION);
    change.if_version = 1;
    must(session_save(&store, "default", "s1", &change, NULL, NULL, &session, &fault));
    ck_assert_int_eq(json_get_int(session, "version", 0), 2);
    json_object_put(session);
    ck_assert_int_eq(session_save(&store, "default", "new", &change, NULL, NULL, &session, &fault), RS_PRECONDITION);
}
END_TEST

START_TEST(test_other_org)
{
    struct json_object *session = save("s1", (struct session_change){0});
    struct session_change change = {0};
    json_object_put(session);
    ck_assert_int_eq(session_get(&store, "other", "s1", &session, &fault), RS_NOT_FOUND);
    ck_assert_int_eq(session_save(&store, "other", "s1", &change, NULL, NULL, &session, &fault), RS_NOT_FOUND);
    ck_assert_int_eq(session_delete(&store, "other", "s1", &fault), RS_NOT_FOUND);
    must(session_list(&store, "other", 10, NULL, &session, &fault));
    ck_assert_int_eq((int)json_object_array_length(json_get(session, "items")), 0);
    json_object_put(session);
    must(session_delete(&store, "default", "s1", &fault)); /* its stream stays whose it was, and so its id */
    ck_assert_int_eq(session_save(&store, "other", "s1", &change, NULL, NULL, &session, &fault), RS_NOT_FOUND);
    json_object_put(save("s1", change));
}
END_TEST

/* A session that grows by what is said in it forgets the oldest; one that is set too large is refused. */
START_TEST(test_bounds)
{
    static char text[60000];
    struct json_object *session = NULL;
    size_t len;
    memset(text, 'x', sizeof text - 1);
    for (int i = 0; i < 10; i++) {
        struct json_object *say = json_object_new_array(), *message = json_object_new_object();
        json_set_string(message, "role", "user");
        json_set_string(message, "content", text);
        json_set_int(message, "n", i);
        json_object_array_add(say, message);
        json_object_put(session);
        session = save("s1", (struct session_change){.say = say});
        json_object_put(say);
    }
    (void)json_text(session, &len);
    ck_assert_uint_le(len, SESSION_JSON_MAX);
    struct json_object *messages = json_get(session, "messages");
    size_t n = json_object_array_length(messages);
    ck_assert_uint_ge(n, 1);
    ck_assert_int_eq(json_get_int(json_object_array_get_idx(messages, n - 1), "n", -1), 9);
    json_object_put(session);

    struct json_object *tools = json_object_new_object();
    for (int i = 0; i < SESSION_TOOLS_MAX; i++) {
        char name[32];
        snprintf(name, sizeof name, "t%d", i);
        json_set_bool(tools, name, true);
    }
    struct session_change change = {.tools = tools};
    session = save("s2", change);
    json_object_put(session);
    json_object_put(tools);
    change.tools = json_of("{\"one-more\":true}");
    ck_assert_int_eq(session_save(&store, "default", "s2", &change, NULL, NULL, &session, &fault), RS_LIMIT);
    json_object_put(change.tools);
}
END_TEST

START_TEST(test_list_and_delete)
{
    struct json_object *list = NULL, *session = NULL;
    json_object_put(save_text("a", "tools", "{\"x\":true}"));
    json_object_put(save("b", (struct session_change){0}));
    json_object_put(save("c", (struct session_change){0}));
    must(session_list(&store, "default", 2, NULL, &list, &fault));
    ck_assert_str_eq(json_get_string(list, "next", ""), "b");
    struct json_object *first = json_object_array_get_idx(json_get(list, "items"), 0);
    ck_assert_str_eq(json_text(json_get(first, "tools"), NULL), "{\"x\":true}");
    ck_assert_int_eq(json_get_int(first, "messageCount", -1), 0);
    json_object_put(list);
    must(session_list(&store, "default", 2, "b", &list, &fault));
    ck_assert_int_eq((int)json_object_array_length(json_get(list, "items")), 1);
    ck_assert_ptr_null(json_get(list, "next"));
    json_object_put(list);
    must(session_delete(&store, "default", "a", &fault));
    ck_assert_int_eq(session_get(&store, "default", "a", &session, &fault), RS_NOT_FOUND);
    ck_assert_int_eq(session_delete(&store, "default", "a", &fault), RS_NOT_FOUND);
    ck_assert_int_eq(count_rows("SELECT COUNT(*) FROM session_tool"), 0);
    struct json_object *event = event_of("session:a", "session.changed");
    ck_assert(json_get_bool(event, "deleted", false));
    json_object_put(event);
}
END_TEST

static Suite *suite(void)
{
    Suite *s = suite_create("session");
    TCase *tc = tcase_create("session");
    tcase_add_checked_fixture(tc, model_setup, model_teardown);
    tcase_add_test(tc, test_merge);
    tcase_add_test(tc, test_enabled);
    tcase_add_test(tc, test_refused);
    tcase_add_test(tc, test_versions);
    tcase_add_test(tc, test_other_org);
    tcase_add_test(tc, test_bounds);
    tcase_add_test(tc, test_list_and_delete);
    suite_add_tcase(s, tc);
    return s;
}
UNIT_MAIN(suite)
