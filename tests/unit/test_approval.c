/* approval - requests for a person's decision: asked once, decided once, kept over a run's deaths. */
#include "model.h"

#include "model/approval.h"

static char text[8000], stream[400];

#define DEF_ASK                                                                                                        \
    "{\"name\":\"Ask\",\"nodes\":[" DEF_START ",{\"id\":\"ask\",\"type\":\"control\",\"data\":{\"kind\":\"approval\","     \
    "\"message\":\"Go?\"}}," DEF_RESULT "],\"edges\":[{\"source\":\"start\",\"target\":\"ask\"},"                          \
    "{\"source\":\"ask\",\"target\":\"done\",\"sourceHandle\":\"approved\"}]}"

static const char *stream_of(const char *run_id)
{
    snprintf(stream, sizeof(stream), "run:%s", run_id);
    return stream;
}

/* A run whose node ask runs. */
static void begin(struct run_claim *claim)
{
    struct node_change node = {.node_id = "ask", .status = NODE_RUNNING, .attempt = 1};
    char id[ID_MAX + 1];

    create_run("w", DEF_ASK, 0, id);
    must(run_claim_next(&store, "me", claim, &fault));
    must(run_begin(&store, claim->id, claim->fence, &fault));
    must(node_move(&store, claim->id, claim->fence, &node, &fault));
}

/* "waiting", or the decision as JSON. */
static const char *request(const struct run_claim *claim, int64_t deadline_ms, int64_t *ret_deadline_ms)
{
    struct json_object *decision = NULL;

    must(approval_request(&store, claim->id, claim->fence, "ask", "Go?", deadline_ms, ret_deadline_ms, &decision, &fault));
    snprintf(text, sizeof(text), "%s", decision != NULL ? json_text(decision, NULL) : "waiting");
    json_object_put(decision);
    return text;
}

static enum rs_err decide(const char *run_id, const char *node_id, bool approved, const char *by)
{
    struct approval_answer answer = {.approved = approved, .by = by};
    struct json_object *decision = NULL;
    enum rs_err err = approval_decide(&store, "default", run_id, node_id, &answer, &decision, &fault);

    if (err == RS_OK) {
        ck_assert_int_eq(json_get_bool(decision, "approved", !approved), approved);
        ck_assert_pstr_eq(json_get_string(decision, "by", NULL), by);
    }
    json_object_put(decision);
    return err;
}

static size_t n_listed(void)
{
    struct json_object *list = NULL;
    size_t n;

    must(approval_list(&store, "default", 100, NULL, &list, &fault));
    n = json_object_array_length(json_get_array(list, "items"));
    json_object_put(list);
    return n;
}

START_TEST(decided_once)
{
    struct json_object *list = NULL, *item;
    struct run_claim claim;
    int64_t deadline;

    begin(&claim);
    ck_assert_int_eq(decide(claim.id, "ask", true, NULL), RS_CONFLICT); /* it has not asked yet */
    ck_assert_str_eq(request(&claim, 5000, &deadline), "waiting");
    ck_assert_int_eq(deadline, 5000);
    must(approval_list(&store, "default", 10, NULL, &list, &fault));
    item = json_object_array_get_idx(json_get_array(list, "items"), 0);
    ck_assert_str_eq(json_get_string(item, "runId", ""), claim.id);
    ck_assert_str_eq(json_get_string(item, "nodeId", ""), "ask");
    ck_assert_str_eq(json_get_string(item, "message", ""), "Go?");
    ck_assert_str_eq(json_get_string(item, "deadline", ""), "1970-01-01T00:00:05.000Z");
    json_object_put(list);
    ck_assert_int_eq(decide(claim.id, "nosuch", true, NULL), RS_NOT_FOUND);
    ck_assert_int_eq(decide("r_nosuch", "ask", true, NULL), RS_NOT_FOUND);
    ck_assert_int_eq(decide(claim.id, "start", true, NULL), RS_CONFLICT);
    ck_assert_int_eq(decide(claim.id, "ask", true, "ann"), RS_OK);
    ck_assert_int_eq(decide(claim.id, "ask", false, "bob"), RS_CONFLICT);
    ck_assert_ptr_nonnull(strstr(fault.message, "ann"));
    ck_assert_uint_eq(n_listed(), 0);
    ck_assert_str_eq(events_of(stream_of(claim.id), text, sizeof(text)),
                     "run.queued run.started node.started(ask) approval.requested(ask) node.waiting(ask) approval.decided(ask)");
    run_claim_release(&claim);
}
END_TEST

/* The process dies; what was asked stands, and so does what was decided meanwhile. */
START_TEST(kept)
{
    struct run_claim claim, again;
    int64_t deadline;

    begin(&claim);
    ck_assert_str_eq(request(&claim, 5000, &deadline), "waiting");
    must(run_end(&store, claim.id, claim.fence, RUN_CANCELLED, NULL, NULL, &fault));
    ck_assert_uint_eq(n_listed(), 0);
    ck_assert_int_eq(decide(claim.id, "ask", true, NULL), RS_CONFLICT); /* the node has ended */
    must(run_resume(&store, NULL, claim.id, &fault));
    must(run_claim_next(&store, "me", &again, &fault));
    must(run_begin(&store, again.id, again.fence, &fault));
    must(node_move(&store, again.id, again.fence,
                   &(struct node_change){.node_id = "ask", .status = NODE_RUNNING, .attempt = 1}, &fault));
    ck_assert_str_eq(request(&again, 7000, &deadline), "waiting"); /* asked anew */
    ck_assert_int_eq(deadline, 7000);

    /* Killed: the node is pending again, and can be decided on. */
    must(db_run(store.db, NULL, &fault, "UPDATE node SET status = 'pending' WHERE node_id = 'ask'", ""));
    ck_assert_uint_eq(n_listed(), 1);
    must(node_move(&store, again.id, again.fence,
                   &(struct node_change){.node_id = "ask", .status = NODE_RUNNING, .attempt = 1}, &fault));
    ck_assert_str_eq(request(&again, 9000, &deadline), "waiting");
    ck_assert_int_eq(deadline, 7000); /* the one that was told */
    must(db_run(store.db, NULL, &fault, "UPDATE node SET status = 'pending' WHERE node_id = 'ask'", ""));
    ck_assert_int_eq(decide(claim.id, "ask", false, "eve"), RS_OK);
    must(node_move(&store, again.id, again.fence,
                   &(struct node_change){.node_id = "ask", .status = NODE_RUNNING, .attempt = 1}, &fault));
    ck_assert_ptr_nonnull(strstr(request(&again, 9000, &deadline), "\"approved\":false,\"by\":\"eve\""));
    ck_assert_int_eq(approval_request(&store, again.id, claim.fence, "ask", "Go?", 0, &deadline, NULL, &fault), RS_CONFLICT);

    /* Over when it starts over. */
    must(run_end(&store, again.id, again.fence, RUN_CANCELLED, NULL, NULL, &fault));
    must(run_retry(&store, NULL, again.id, &fault));
    ck_assert_int_eq(count_rows("SELECT COUNT(*) FROM approval"), 0);
    run_claim_release(&claim);
    run_claim_release(&again);
}
END_TEST

START_TEST(expires)
{
    struct json_object *decision = NULL;
    struct run_claim claim;
    int64_t deadline;
    bool no = false;

    begin(&claim);
    ck_assert_str_eq(request(&claim, 1, &deadline), "waiting");
    must(approval_expire(&store, claim.id, claim.fence, "ask", NULL, &decision, &fault));
    ck_assert_ptr_null(decision);
    ck_assert_int_eq(decide(claim.id, "ask", true, NULL), RS_CONFLICT);
    run_claim_release(&claim);

    begin(&claim);
    ck_assert_str_eq(request(&claim, 1, &deadline), "waiting");
    must(approval_expire(&store, claim.id, claim.fence, "ask", &no, &decision, &fault));
    ck_assert(!json_get_bool(decision, "approved", true));
    ck_assert_ptr_null(json_get(decision, "by"));
    json_object_put(decision);
    run_claim_release(&claim);

    /* A person was faster. */
    begin(&claim);
    ck_assert_str_eq(request(&claim, 1, &deadline), "waiting");
    ck_assert_int_eq(decide(claim.id, "ask", true, "ann"), RS_OK);
    must(approval_expire(&store, claim.id, claim.fence, "ask", &no, &decision, &fault));
    ck_assert(json_get_bool(decision, "approved", false));
    json_object_put(decision);
    run_claim_release(&claim);
}
END_TEST

START_TEST(pages)
{
    struct json_object *list = NULL, *item;
    struct run_claim claim[3];
    int64_t deadline;
    char cursor[32];
    int i;

    for (i = 0; i < 3; i++) {
        begin(&claim[i]);
        ck_assert_str_eq(request(&claim[i], 0, &deadline), "waiting");
    }
    must(approval_list(&store, "default", 2, NULL, &list, &fault));
    ck_assert_uint_eq(json_object_array_length(json_get_array(list, "items")), 2);
    snprintf(cursor, sizeof(cursor), "%s", json_get_string(list, "next", ""));
    json_object_put(list);
    must(approval_list(&store, "default", 2, cursor, &list, &fault));
    item = json_object_array_get_idx(json_get_array(list, "items"), 0);
    ck_assert_uint_eq(json_object_array_length(json_get_array(list, "items")), 1);
    ck_assert_str_eq(json_get_string(item, "runId", ""), claim[2].id);
    ck_assert_ptr_null(json_get(list, "next"));
    json_object_put(list);
    must(approval_list(&store, "other", 2, NULL, &list, &fault));
    ck_assert_uint_eq(json_object_array_length(json_get_array(list, "items")), 0);
    json_object_put(list);
    ck_assert_int_eq(approval_list(&store, "default", 2, "x", &list, &fault), RS_INVALID);
    for (i = 0; i < 3; i++)
        run_claim_release(&claim[i]);
}
END_TEST

static Suite *suite(void)
{
    Suite *s = suite_create("approval");
    TCase *c = tcase_create("approval");

    tcase_add_checked_fixture(c, model_setup, model_teardown);
    tcase_add_test(c, decided_once);
    tcase_add_test(c, kept);
    tcase_add_test(c, expires);
    tcase_add_test(c, pages);
    suite_add_tcase(s, c);
    return s;
}
UNIT_MAIN(suite)
