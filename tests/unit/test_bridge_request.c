/* Which door and endpoint a request on the public port is for, and what is refused before anything is looked up. */
#include "auth/auth.h"
#include "bridge/bridge.h"
#include "bridge/request.h"
#include "tests/unit/unit.h"

static struct bridge bridge;
static struct request request;
static struct fault fault;

static void configure(const char *const *overrides)
{
    auth_free(bridge.auth);
    config_free(bridge.config);
    bridge.auth = NULL;
    bridge.config = NULL;
    ck_assert_msg(config_load("/nonexistent/runspool.conf", overrides, &bridge.config, &fault) == RS_OK, "%s",
                  fault.message);
    ck_assert_msg(auth_open(&bridge.dd, bridge.config, &bridge.auth, &fault) == RS_OK, "%s", fault.message);
}

static void setup(void)
{
    configure(NULL);
}

static void teardown(void)
{
    request_release(&request);
    auth_free(bridge.auth);
    config_free(bridge.config);
}

static struct request_text asked(const char *path, const char *query)
{
    return (struct request_text){.path = path, .query = query,
                                 .access = {.method = "GET", .peer = "127.0.0.1", .host = "localhost"}};
}

static enum rs_err route(const char *path, const char *prefix)
{
    struct request_text text = asked(path, NULL);
    text.prefix = prefix;
    request_release(&request);
    request = (struct request){0};
    return request_route(&bridge, &text, &request, &fault);
}

static enum rs_err check(struct request_text text)
{
    request_release(&request);
    request = (struct request){0};
    enum rs_err err = request_route(&bridge, &text, &request, &fault);
    return err ? err : request_check(&bridge, &text, &request, &fault);
}

START_TEST(doors_and_endpoints)
{
    static const struct { const char *path, *door, *endpoint; } found[] = {
        {"/ws", "/ws", ""},
        {"/sse", "/sse", ""},
        {"/poll", "/poll", ""},
        {"/sse/workflows/r_1", "/sse", "/workflows/{runId}"},
        {"/ws/workflows/r%5F1/logs", "/ws", "/workflows/{runId}/logs"},
    };
    for (size_t i = 0; i < sizeof found / sizeof *found; i++) {
        ck_assert_ok(route(found[i].path, NULL));
        ck_assert_str_eq(request.door->name, found[i].door);
        ck_assert_str_eq(request.endpoint->path, found[i].endpoint);
    }
    ck_assert_str_eq(path_param(&request.params, "runId"), "r_1");
}
END_TEST

START_TEST(paths_of_no_door)
{
    static const char *const paths[] = {"/", "/healthz", "/wsx", "/api/ws", "/x/sse"};
    for (size_t i = 0; i < sizeof paths / sizeof *paths; i++) {
        ck_assert_ok(route(paths[i], NULL));
        ck_assert_ptr_null(request.door);
        ck_assert_str_eq(request.path, paths[i]);
    }
    ck_assert_int_eq(route("/ws/nothing", NULL), RS_NOT_FOUND);
    ck_assert_int_eq(route("/sse/%zz", NULL), RS_INVALID);
    ck_assert_int_eq(route("/sse/workflows/a%2Fb", NULL), RS_INVALID);
}
END_TEST

START_TEST(a_path_too_long_is_refused)
{
    char path[REQUEST_PATH_MAX + 2];
    memset(path, 'a', sizeof path - 1);
    path[0] = '/';
    path[REQUEST_PATH_MAX + 1] = '\0';
    ck_assert_int_eq(route(path, NULL), RS_INVALID);
}
END_TEST

START_TEST(below_a_sub_path)
{
    ck_assert_ok(route("/sub/ws", "/sub"));
    ck_assert_str_eq(request.door->name, "/ws");
    ck_assert_ok(route("/sub/ws", "/sub/"));
    ck_assert_str_eq(request.path, "/ws");
    ck_assert_ok(route("/subway/ws", "/sub"));
    ck_assert_ptr_null(request.door);
    configure((const char *const[]){"public_url=https://example.org/base/", NULL});
    ck_assert_ok(route("/base/sse", NULL));
    ck_assert_str_eq(request.door->name, "/sse");
    ck_assert_ok(route("/sse", NULL));
    ck_assert_str_eq(request.door->name, "/sse");
}
END_TEST

START_TEST(query_and_cursor)
{
    ck_assert_ok(check(asked("/poll", "stream=runs&since=7.1&wait=3")));
    ck_assert_int_eq(request.since.kind, CURSOR_AT);
    ck_assert_int_eq(request.since.id, 7);
    ck_assert_int_eq(request.since.part, 1);
    ck_assert_int_eq(request.wait_s, 3);
    ck_assert_str_eq(request.access.org, "default");
    ck_assert_int_eq(check(asked("/poll", "since=later")), RS_INVALID);
    ck_assert_int_eq(check(asked("/poll", "wait=soon")), RS_INVALID);
    ck_assert_int_eq(check(asked("/poll", "a=%zz")), RS_INVALID);
}
END_TEST

/* The place in the address is that of the first connection; EventSource adds where it has got to. */
START_TEST(last_event_id_goes_before_since)
{
    struct request_text text = asked("/sse", "stream=runs&since=1");
    text.last_event_id = "9";
    ck_assert_ok(check(text));
    ck_assert_int_eq(request.since.id, 9);
    text.last_event_id = "";
    ck_assert_ok(check(text));
    ck_assert_int_eq(request.since.id, 1);
    text.last_event_id = "x";
    ck_assert_int_eq(check(text), RS_INVALID);
}
END_TEST

START_TEST(others_are_refused)
{
    struct request_text text = asked("/ws", "stream=runs");
    text.access.websocket = true;
    text.access.origin = "https://elsewhere.example";
    ck_assert_int_eq(check(text), RS_DENIED);
    text.access.origin = "http://localhost";
    ck_assert_ok(check(text));
    text.access.peer = "192.0.2.1";
    ck_assert_int_eq(check(text), RS_DENIED);
}
END_TEST

static Suite *suite(void)
{
    Suite *s = suite_create("bridge_request");
    TCase *t = tcase_create("all");
    tcase_add_checked_fixture(t, setup, teardown);
    tcase_add_test(t, doors_and_endpoints);
    tcase_add_test(t, paths_of_no_door);
    tcase_add_test(t, a_path_too_long_is_refused);
    tcase_add_test(t, below_a_sub_path);
    tcase_add_test(t, query_and_cursor);
    tcase_add_test(t, last_event_id_goes_before_since);
    tcase_add_test(t, others_are_refused);
    suite_add_tcase(s, t);
    return s;
}
UNIT_MAIN(suite)
