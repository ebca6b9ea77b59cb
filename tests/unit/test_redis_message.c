/* Addresses of Redis servers, and messages of their channels. */
#include "base/json.h"
#include "bridge/redis_link.h"
#include "bridge/redis_message.h"
#include "tests/unit/unit.h"
#include <stdio.h>

START_TEST(addresses)
{
    static const struct {
        const char *url, *want; /* NULL: refused */
    } rows[] = {
        {"redis://h", "h 6379   0"},
        {"redis://h:1/2", "h 1   2"},
        {"redis://h/", "h 6379   0"},
        {"redis://:pw@h:1", "h 1  pw 0"},
        {"redis://me:p@w:x@[::1]:1/15", "::1 1 me p@w:x 15"},
        {"unix:/run/redis.sock", "/run/redis.sock 0   0"},
        {"redis://%6de:p%40%3A%2F@h", "h 6379 me p@:/ 0"},
        {"redis://:a%00@h", NULL},
        {"redis://:a%4@h", NULL},
        {"redis://:a%zz@h", NULL},
        {"redis://", NULL},
        {"redis://:1", NULL},
        {"redis://h:", NULL},
        {"redis://h:0", NULL},
        {"redis://h:65536", NULL},
        {"redis://h:99999999999999999999", NULL},
        {"redis://h/x", NULL},
        {"redis://me@h", NULL},
        {"redis://[::1", "[ 6379"},
        {"rediss://h", NULL},
        {"unix:relative", NULL},
        {"", NULL},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct redis_address a;
        struct fault fault = {0};
        char got[1200];
        enum rs_err err = redis_address_parse(rows[i].url, &a, &fault);
        if (!rows[i].want || rows[i].want[0] == '[') {
            ck_assert_msg(err == RS_INVALID, "%s is taken", rows[i].url);
            ck_assert(fault.message[0]);
            continue;
        }
        snprintf(got, sizeof got, "%s %d %s %s %d", a.host, a.port, a.user, a.password, a.database);
        ck_assert_msg(err == RS_OK, "%s is refused", rows[i].url);
        ck_assert_str_eq(got, rows[i].want);
    }
}
END_TEST

static bool is_ours(void *ctx, const char *run_id)
{
    (void)ctx;
    return strcmp(run_id, "ours") == 0;
}

START_TEST(messages_become_lines)
{
    static const struct {
        const char *channel, *text, *want; /* "": nothing; NULL: RS_INVALID */
    } rows[] = {
        {"run:x", "{\"type\":\"done\",\"payload\":{\"status\":\"ok\",\"duration_s\":1e300}}",
         "{\"stream\":\"run:x\",\"type\":\"run.finished\",\"data\":{\"status\":\"ok\",\"durationS\":1e300,\"via\":\"redis\"}}\n"},
        {"run:x", "{\"type\":\"done\",\"payload\":{\"status\":\"completed\",\"duration_s\":1.5}}",
         "{\"stream\":\"run:x\",\"type\":\"run.finished\",\"data\":{\"status\":\"completed\",\"durationS\":1.5,\"durationMs\":1500,"
         "\"via\":\"redis\"}}\n"},
        {"run:x", "{\"type\":\"done\",\"payload\":{\"status\":\"cancelled\"}}",
         "{\"stream\":\"run:x\",\"type\":\"run.cancelled\",\"data\":{\"status\":\"cancelled\",\"via\":\"redis\"}}\n"},
        {"run:x", "{\"type\":\"done\",\"payload\":{\"status\":\"whatever\"}}",
         "{\"stream\":\"run:x\",\"type\":\"run.failed\",\"data\":{\"status\":\"whatever\",\"via\":\"redis\"}}\n"},
        {"run:x", "{\"type\":\"boot\"}", "{\"stream\":\"run:x\",\"type\":\"run.started\",\"data\":{\"via\":\"redis\"}}\n"},
        {"run:ours", "{\"type\":\"boot\"}", ""},
        {"run:ours", "{\"type\":\"done\"}", ""},
        {"mission:q", "{\"type\":\"signal\",\"timestamp\":\"1970-01-01T00:00:01.000Z\",\"payload\":{\"status\":\"busy\",\"crewId\":\"z\"}}",
         "{\"stream\":\"mission:q\",\"type\":\"crew.signal\",\"time\":1000,\"data\":{\"status\":\"busy\",\"crewId\":\"q\","
         "\"via\":\"redis\"}}\n"},
        {"graph:q", "{\"type\":\"tool_end\",\"tool\":\"t\",\"exit_code\":3,\"other\":1}",
         "{\"stream\":\"crew:q\",\"type\":\"tool.finished\",\"data\":{\"tool\":\"t\",\"exitCode\":3,\"crewId\":\"q\",\"via\":\"redis\"}}\n"},
        {"mission:q", "{\"type\":\"heartbeat\"}", ""},
        {"graph:q", "{\"type\":\"ping\"}", ""},
        {"graph:q", "{\"type\":\"tool_start\",\"tool\":\"t\",\"origin\":\"b_me\"}", ""},
        {"graph:q", "{\"type\":\"signal\"}", NULL},
        {"grap:q", "{\"type\":\"tool_start\"}", NULL},
        {"other:q", "{\"type\":\"tool_start\"}", NULL},
        {"graph", "{\"type\":\"tool_start\"}", NULL},
        {"graph:a/b", "{\"type\":\"tool_start\"}", NULL},
        {"graph:q", "{\"type\":7}", NULL},
        {"graph:q", "7", NULL},
        {"graph:q", "null", NULL},
        {"graph:q", "", NULL},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct buf out;
        buf_init(&out, 10000);
        enum rs_err err = redis_message_take(rows[i].channel, strlen(rows[i].channel), rows[i].text, strlen(rows[i].text), "b_me",
                                             is_ours, NULL, &out);
        ck_assert_msg(err == (rows[i].want ? RS_OK : RS_INVALID), "%s %s", rows[i].channel, rows[i].text);
        ck_assert_str_eq(out.data ? out.data : "", rows[i].want ? rows[i].want : "");
        buf_release(&out);
    }
}
END_TEST

static int n_put;
static char last_channel[200], last_text[2000];

static void put(void *ctx, const char *channel, const char *text, size_t len)
{
    (void)ctx;
    n_put++;
    snprintf(last_channel, sizeof last_channel, "%s", channel);
    snprintf(last_text, sizeof last_text, "%.*s", (int)len, text);
}

static int put_event(const char *home_name, const char *const *tags, int n_tags, const char *type, const char *data)
{
    struct home *home = home_new(home_name, "default", tags, n_tags);
    struct event *ev = event_new(12, 3, 1000, home, type, data, strlen(data));
    n_put = 0;
    redis_message_put(ev, "b_me", put, NULL);
    event_unref(ev);
    home_unref(home);
    return n_put;
}

START_TEST(events_become_messages)
{
    static const char *const crew[] = {"workflow:w", "crew:q"};
    ck_assert_int_eq(put_event("run:x", crew, 2, "tool.finished", "{\"tool\":\"t\",\"exitCode\":0}"), 1);
    ck_assert_str_eq(last_channel, "graph:q");
    struct json_object *message = NULL;
    ck_assert_ok(json_parse(last_text, strlen(last_text), sizeof last_text, &message, NULL));
    ck_assert_str_eq(json_get_string(message, "type", ""), "tool_end");
    ck_assert_str_eq(json_get_string(message, "id", ""), "12");
    ck_assert_str_eq(json_get_string(message, "origin", ""), "b_me");
    json_object_put(message);
    ck_assert_int_eq(put_event("run:x", NULL, 0, "tool.finished", "{\"tool\":\"t\"}"), 0); /* of no crew */
    ck_assert_int_eq(put_event("run:x", NULL, 0, "run.failed", "{\"error\":{\"message\":\"m\"}}"), 2);
    ck_assert_str_eq(last_channel, "run:x");
    ck_assert_int_eq(put_event("mission:q", crew + 1, 1, "crew.signal", "{\"status\":\"busy\"}"), 1);
    ck_assert_str_eq(last_channel, "mission:q");
    ck_assert_int_eq(put_event("mission:q", crew + 1, 1, "crew.signal", "{\"status\":\"busy\",\"via\":\"redis\"}"), 0);
    ck_assert_int_eq(put_event("mission:q", crew + 1, 1, "crew.signal", "{\"status\":\"busy\",\"x\":{\"via\":\"redis\"}}"), 1);
    ck_assert_int_eq(put_event("run:x", crew, 2, "log", "{\"message\":\"m\"}"), 0);
    ck_assert_int_eq(put_event("tool:t", NULL, 0, "tool.started", "{}"), 0);
}
END_TEST

static Suite *suite(void)
{
    Suite *s = suite_create("redis_message");
    TCase *t = tcase_create("all");
    tcase_add_test(t, addresses);
    tcase_add_test(t, messages_become_lines);
    tcase_add_test(t, events_become_messages);
    suite_add_tcase(s, t);
    return s;
}
UNIT_MAIN(suite)
