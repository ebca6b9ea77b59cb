/* State events beside the moves of nodes, and what models cost. */
#include "model/model_usage.h"
#include "model/run_emit.h"
#include "tests/unit/model.h"

#define DEF_AGENT                                                                                                      \
    "{\"nodes\":[{\"id\":\"ask\",\"type\":\"agent\",\"data\":{\"kind\":\"agent\",\"prompt\":\"x\"}}],\"edges\":[]}"

static char id[ID_MAX + 1], stream[ID_MAX + 8];
static struct run_claim claim;

static void begin(void)
{
    struct node_change change = {.node_id = "ask", .status = NODE_RUNNING, .attempt = 1};
    create_run("w", DEF_AGENT, 0, id);
    snprintf(stream, sizeof stream, "run:%s", id);
    must(run_claim_id(&store, id, "test", &claim, &fault));
    must(run_begin(&store, id, claim.fence, &fault));
    must(node_move(&store, id, claim.fence, &change, &fault));
}

static void emit(const char *type, const char *text)
{
    struct json_object *data = json_of(text);
    must(run_emit(&store, id, claim.fence, type, data, &fault));
    json_object_put(data);
}

START_TEST(test_what_had_begun_ends_with_its_node)
{
    struct node_change change = {.node_id = "ask", .status = NODE_ERROR, .attempt = 1};
    char events[1000];
    begin();
    emit("agent.started", "{\"nodeId\":\"ask\",\"name\":\"Asker\",\"model\":\"m\"}");
    emit("task.started", "{\"nodeId\":\"ask\",\"taskId\":\"ask\",\"name\":\"x\"}");
    emit("tool.started", "{\"nodeId\":\"ask\",\"callId\":\"1\",\"tool\":\"a\",\"params\":{}}");
    emit("tool.finished", "{\"nodeId\":\"ask\",\"callId\":\"1\",\"tool\":\"a\",\"status\":\"success\"}");
    emit("tool.started", "{\"nodeId\":\"ask\",\"callId\":\"2\",\"tool\":\"b\",\"params\":{}}");
    ck_assert_int_eq(count_rows("SELECT COUNT(*) FROM begun"), 3);
    must(node_move(&store, id, claim.fence, &change, &fault));
    ck_assert_int_eq(count_rows("SELECT COUNT(*) FROM begun"), 0);
    events_of(stream, events, sizeof events);
    ck_assert_msg(strstr(events, "tool.started(ask) tool.finished(ask) task.finished(ask) agent.finished(ask) node.failed(ask)"),
                  "%s", events);
    struct json_object *data = event_of(stream, "tool.finished");
    ck_assert_str_eq(json_get_string(data, "tool", ""), "b");
    ck_assert_str_eq(json_get_string(data, "status", ""), "error");
    ck_assert_ptr_null(json_get(data, "params"));
    json_object_put(data);
    run_claim_release(&claim);
}
END_TEST

START_TEST(test_only_while_it_runs)
{
    struct json_object *data;
    begin();
    data = json_of("{\"nodeId\":\"ask\"}");
    ck_assert_int_eq(run_emit(&store, id, claim.fence - 1, "agent.started", data, &fault), RS_CONFLICT);
    must(run_end(&store, id, claim.fence, RUN_CANCELLED, NULL, NULL, &fault));
    ck_assert_int_eq(run_emit(&store, id, claim.fence, "agent.started", data, &fault), RS_CONFLICT);
    json_object_put(data);
    run_claim_release(&claim);
}
END_TEST

START_TEST(test_usage)
{
    struct model_usage usage = {.requests = 1, .prompt_tokens = 10, .completion_tokens = 5, .cost = 1500000}, sum = {0};
    struct json_object *record = NULL, *json;
    begin();
    must(model_usage_add(&store, id, claim.fence, "ask", &usage, &fault));
    must(model_usage_add(&store, id, claim.fence, "ask", &usage, &fault));
    must(model_usage_add(&store, id, claim.fence, "other", &usage, &fault));
    ck_assert_int_eq(model_usage_add(&store, id, claim.fence - 1, "ask", &usage, &fault), RS_CONFLICT);
    must(model_usage_of_run(store.db, id, &sum, &fault));
    ck_assert_int_eq(sum.requests, 3);
    must(run_record(&store, NULL, id, &record, &fault));
    ck_assert_str_eq(json_text(json_get(record, "usage"), NULL),
                     "{\"requests\":3,\"promptTokens\":30,\"completionTokens\":15,\"totalTokens\":45,\"costUsd\":4.500000}");
    json_object_put(record);
    sum.unpriced = 1;
    json = model_usage_json(&sum);
    ck_assert_ptr_null(json_get(json, "costUsd"));
    json_object_put(json);
    run_claim_release(&claim);
}
END_TEST

static Suite *suite(void)
{
    Suite *s = suite_create("run_emit");
    TCase *tc = tcase_create("run_emit");
    tcase_add_checked_fixture(tc, model_setup, model_teardown);
    tcase_add_test(tc, test_what_had_begun_ends_with_its_node);
    tcase_add_test(tc, test_only_while_it_runs);
    tcase_add_test(tc, test_usage);
    suite_add_tcase(s, tc);
    return s;
}
UNIT_MAIN(suite)
