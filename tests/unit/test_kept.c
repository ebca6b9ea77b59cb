/* Polls on connections that are kept: each is told what was made for it, also one that is woken while it begins. */
#include "bridge/kept.h"
#include "auth/auth.h"
#include "bridge/bridge.h"
#include "bridge/front.h"
#include "bridge/http_head.h"
#include "bridge/hub.h"
#include "bridge/stretch.h"
#include "bridge/told.h"
#include "bridge/topic.h"
#include "bridge/web.h"
#include "tests/unit/dialect_help.h"
#include <sys/socket.h>
#include <unistd.h>

#define LONG_MS 250    /* more than a topic may take before who comes to it is given the last state first */
#define GIVE_UP_MS 30000

/* Of a topic, of the same with its next state only, and one that is answered at once. */
#define STATE "/poll/queue?wait=20"
#define NEXT_STATE STATE "&since=now"
#define EVENTS "/poll?stream=run:x"

static struct bridge bridge;
static int clients[3]; /* their ends of connections */

static void setup(void)
{
    struct fault fault = {0};
    instance_setup();
    bridge = (struct bridge){.dd = instance.dd, .config = instance.dd.config, .store = instance.store, .log = instance.log};
    uv_loop_init(&bridge.loop);
    ck_assert_ok(auth_open(&bridge.dd, bridge.config, &bridge.auth, &fault));
    bridge.hub = hub_new(&bridge, 0);
    bridge.stretches = stretches_new(&bridge);
    bridge.tolds = tolds_new(&bridge);
    ck_assert_ok(topics_start(&bridge.loop, &bridge.dd, &bridge.topics, &fault));
    ck_assert_ok(web_open(&bridge, &bridge.web, &fault));
}

static void teardown(void)
{
    web_close(bridge.web);
    topics_free(bridge.topics);
    hub_free(bridge.hub);
    uv_run(&bridge.loop, UV_RUN_DEFAULT);
    tolds_free(bridge.tolds);
    stretches_free(bridge.stretches);
    auth_free(bridge.auth);
    ck_assert_int_eq(uv_loop_close(&bridge.loop), 0);
    for (int i = 0; i < 3; i++)
        if (clients[i])
            close(clients[i]);
    instance_teardown();
}

static void ask(int i, const char *target, struct http_head *ret_head)
{
    static char text[256];
    int len = snprintf(text, sizeof text, "GET %s HTTP/1.1\r\nHost: localhost\r\n\r\n", target);
    ck_assert_int_eq(send(clients[i], text, (size_t)len, 0), len);
    ck_assert_int_eq(http_head_parse(text, (size_t)len, ret_head), HTTP_HEAD_OK);
}

/* A client whose first request has arrived. */
static void come(int i, const char *target)
{
    struct http_head head;
    int ends[2];
    ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), 0);
    clients[i] = ends[0];
    ask(i, target, &head);
    ck_assert(kept_take(bridge.kepts, ends[1], &head, "127.0.0.1"));
}

static void turn(uint64_t until)
{
    ck_assert_msg(uv_now(&bridge.loop) < until, "it does not come");
    uv_run(&bridge.loop, UV_RUN_NOWAIT);
}

/* What comes next: its body, which must be all that was announced. Owned. */
static char *take_answer(int i)
{
    static char text[64 * 1024];
    const uint64_t until = uv_now(&bridge.loop) + GIVE_UP_MS;
    ssize_t n;
    while ((n = recv(clients[i], text, sizeof text - 1, MSG_DONTWAIT)) < 0)
        turn(until);
    text[n] = 0;
    const char *body = strstr(text, "\r\n\r\n"), *announced = strstr(text, "Content-Length: ");
    ck_assert_msg(strncmp(text, "HTTP/1.1 200 ", 13) == 0 && body && announced && announced < body,
                  "instead of an answer: \"%s\"", text);
    ck_assert_msg(strlen(body + 4) == (size_t)atoi(announced + 16), "cut, or of two: %s", text);
    return strdup(body + 4);
}

/* A topic whose state took long, while client 0 waits for another; and client 1, who was just told something else. */
static void begin(void)
{
    come(0, NEXT_STATE);
    for (uint64_t until = uv_now(&bridge.loop) + LONG_MS; uv_now(&bridge.loop) < until;)
        uv_update_time(&bridge.loop); /* the loop learns so late that the state is there */
    for (uint64_t until = uv_now(&bridge.loop) + GIVE_UP_MS; !bridge.kicked;)
        turn(until);
    turn(UINT64_MAX);
    come(1, EVENTS);
    char *body = take_answer(1);
    ck_assert_ptr_nonnull(strstr(body, "\"events\":[]"));
    free(body);
    ck_assert(!bridge.kicked);
}

static void check_state(int i)
{
    char *body = take_answer(i);
    ck_assert_msg(strstr(body, "\"queue_update\"") != NULL, "%s", body);
    free(body);
}

/* It was sent the head of the answer before its own, and nothing else. */
START_TEST(one_that_is_woken_while_it_begins_is_given_its_own_answer)
{
    begin();
    come(2, STATE);
    ck_assert(bridge.kicked); /* by what was resumed; else this is another case */
    check_state(2);
    ck_assert_int_eq(kepts_count(bridge.kepts), 3);
}
END_TEST

START_TEST(so_is_the_next_on_a_connection)
{
    struct http_head head;
    begin();
    ask(1, STATE, &head);
    check_state(1);
    ck_assert_int_eq(kepts_count(bridge.kepts), 2);
}
END_TEST

START_TEST(so_is_one_whose_client_sends_no_more)
{
    struct http_head head;
    char byte;
    begin();
    ask(1, STATE, &head);
    ck_assert_int_eq(shutdown(clients[1], SHUT_WR), 0);
    check_state(1);
    for (uint64_t until = uv_now(&bridge.loop) + GIVE_UP_MS; kepts_count(bridge.kepts) > 1;)
        turn(until);
    ck_assert_int_eq(recv(clients[1], &byte, 1, MSG_DONTWAIT), 0);
}
END_TEST

static Suite *suite(void)
{
    Suite *s = suite_create("kept");
    TCase *t = tcase_create("kept");
    tcase_add_checked_fixture(t, setup, teardown);
    tcase_set_timeout(t, 60);
    tcase_add_test(t, one_that_is_woken_while_it_begins_is_given_its_own_answer);
    tcase_add_test(t, so_is_the_next_on_a_connection);
    tcase_add_test(t, so_is_one_whose_client_sends_no_more);
    suite_add_tcase(s, t);
    return s;
}
UNIT_MAIN(suite)
