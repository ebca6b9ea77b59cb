/* expected - how long runs and nodes usually take, by those that went well; and nodes that take far longer. */
#include "model.h"

#include "model/expected.h"

static char text[4000], stream[ID_MAX + 8];

/* A run of version 1 of a saved workflow that went well: it took run_ms, its nodes node_ms each. */
static void past(const char *workflow_id, const char *status, int attempt, int64_t run_ms, int64_t node_ms)
{
    struct json_object *definition = json_of(DEF_SMALL);
    struct run_new run = {.org = "default", .workflow_id = workflow_id, .workflow_version = 1, .definition = definition};
    char id[ID_MAX + 1];

    must(run_create(&store, &run, id, &fault));
    must(db_run(store.db, NULL, &fault,
                "UPDATE run SET status = $1, attempt = $2, started = 1000, finished = 1000 + $3 WHERE id = $4", "tiit",
                status, (int64_t)attempt, run_ms, id));
    must(db_run(store.db, NULL, &fault,
                "UPDATE node SET status = 'success', started = 1000, finished = 1000 + $1 WHERE run_id = $2", "it", node_ms,
                id));
    json_object_put(definition);
}

static int64_t run_ms;
static struct json_object *nodes;

static void compute(const char *workflow_id, int n_nodes)
{
    json_object_put(nodes);
    nodes = NULL;
    must(expected_compute(store.db, "default", workflow_id, n_nodes, &run_ms, &nodes, &fault));
}

START_TEST(nothing_is_known)
{
    compute("w", 3);
    ck_assert_int_eq(run_ms, 0);
    ck_assert_ptr_null(nodes);
    ck_assert_int_eq(expected_usual_ms(NULL, "a"), 0);
    ck_assert_int_eq(expected_slow_ms(NULL, "a"), 0);
}
END_TEST

START_TEST(median_and_slow)
{
    int i;

    past("other", "success", 1, 7, 7);
    past("w", "error", 1, 9, 9);
    past("w", "success", 2, 9, 9);
    past("w", "success", 1, 100, 10);
    past("w", "success", 1, 400, 40);
    compute("w", 3);
    ck_assert_int_eq(run_ms, 250);
    ck_assert_int_eq(expected_usual_ms(nodes, "a"), 25);
    ck_assert_int_eq(expected_slow_ms(nodes, "a"), 0); /* too few to say */
    ck_assert_int_eq(expected_usual_ms(nodes, "none"), 0);
    for (i = 0; i < 3; i++)
        past("w", "success", 1, 5000, 3000);
    compute("w", 3);
    ck_assert_int_eq(run_ms, 5000);
    ck_assert_int_eq(expected_usual_ms(nodes, "a"), 3000);
    ck_assert_int_eq(expected_slow_ms(nodes, "a"), 6000);
    for (i = 0; i < EXPECTED_RUNS; i++) /* only the newest count */
        past("w", "success", 1, 20, 2);
    compute("w", 3);
    ck_assert_int_eq(run_ms, 20);
    ck_assert_int_eq(expected_slow_ms(nodes, "a"), EXPECTED_SLOW_FLOOR_MS);
    past("w", "success", 1, 60, 6);
    compute("w", EXPECTED_ROWS); /* so many nodes that one run is enough */
    ck_assert_int_eq(run_ms, 60);
}
END_TEST

START_TEST(told_when_it_begins_and_when_a_node_is_slow)
{
    struct json_object *definition = json_of(DEF_SMALL), *record = NULL, *node;
    struct run_new run = {.org = "default", .workflow_id = "w", .workflow_version = 2, .definition = definition};
    struct node_change change = {.node_id = "a", .status = NODE_RUNNING, .attempt = 1, .expected_ms = 10};
    struct run_claim claim;
    char id[ID_MAX + 1];

    past("w", "success", 1, 100, 10);
    must(run_create(&store, &run, id, &fault));
    must(run_claim_id(&store, id, "me", &claim, &fault));
    must(run_begin(&store, id, claim.fence, &fault));
    json_object_put(nodes);
    must(expected_nodes(&store, id, &nodes, &fault));
    ck_assert_int_eq(expected_usual_ms(nodes, "a"), 10);
    ck_assert_int_eq(node_slow(&store, id, claim.fence, "a", 10, 5000, &fault), RS_CONFLICT); /* it does not run */
    must(node_move(&store, id, claim.fence, &change, &fault));
    ck_assert_int_eq(node_slow(&store, id, claim.fence - 1, "a", 10, 5000, &fault), RS_CONFLICT);
    must(node_slow(&store, id, claim.fence, "a", 10, 5000, &fault));
    snprintf(stream, sizeof(stream), "run:%s", id);
    ck_assert_str_eq(events_of(stream, text, sizeof(text)), "run.queued run.started node.started(a) tool.started(a) node.slow(a)");
    node = event_of(stream, "run.started");
    ck_assert_int_eq(json_get_int(node, "expectedMs", 0), 100);
    json_object_put(node);
    node = event_of(stream, "node.started");
    ck_assert_int_eq(json_get_int(node, "expectedMs", 0), 10);
    json_object_put(node);
    node = event_of(stream, "node.slow");
    ck_assert_int_eq(json_get_int(node, "elapsedMs", 0), 5000);
    ck_assert_str_eq(json_get_string(node, "status", ""), "running");
    json_object_put(node);
    must(run_record(&store, NULL, id, &record, &fault));
    ck_assert_int_eq(json_get_int(record, "expectedMs", 0), 100);
    ck_assert_ptr_nonnull(json_get_string(record, "expectedFinishAt", NULL));
    node = json_get(json_get(record, "nodes"), "a");
    ck_assert(json_get_bool(node, "slow", false));
    ck_assert_int_eq(json_get_int(node, "expectedMs", 0), 10);
    ck_assert_ptr_null(json_get(json_get(json_get(record, "nodes"), "done"), "slow"));
    json_object_put(record);
    json_object_put(definition);
    run_claim_release(&claim);
}
END_TEST

static void teardown(void)
{
    json_object_put(nodes);
    nodes = NULL;
    model_teardown();
}

static Suite *suite(void)
{
    Suite *s = suite_create("expected");
    TCase *t = tcase_create("expected");

    tcase_add_checked_fixture(t, model_setup, teardown);
    tcase_add_test(t, nothing_is_known);
    tcase_add_test(t, median_and_slow);
    tcase_add_test(t, told_when_it_begins_and_when_a_node_is_slow);
    suite_add_tcase(s, t);
    return s;
}
UNIT_MAIN(suite)
