/* lineage - runs that were started by runs: who may claim them, and what their parent's end does; runs that only wait; what a
 * run's end starts; rows of items. */
#include "model.h"

#include "model/item.h"
#include "model/workflow.h"

#define DEF_PLAIN "{\"name\":\"Plain\",\"nodes\":[" DEF_START "]}"
#define DEF_ONE "{\"name\":\"One\",\"concurrency\":{\"limit\":1},\"nodes\":[" DEF_START "]}"

static struct run_claim begin(const char *workflow_id, const char *definition)
{
    struct run_claim claim;
    char id[ID_MAX + 1];

    create_run(workflow_id, definition, 0, id);
    must(run_claim_id(&store, id, "me", &claim, &fault));
    must(run_begin(&store, claim.id, claim.fence, &fault));
    return claim;
}

static enum rs_err create_child(const struct run_claim *parent, const char *workflow_id, const char *definition_text,
                                char id[ID_MAX + 1])
{
    struct json_object *definition = json_of(definition_text);
    struct run_parent link = {.run_id = parent->id, .fence = parent->fence, .node_id = "sub", .item = -1};
    struct run_new run = {.org = "default", .workflow_id = workflow_id, .definition = definition, .parent = &link};
    enum rs_err err = run_create(&store, &run, id, &fault);

    json_object_put(definition);
    return err;
}

/* Claim and begin a child. */
static struct run_claim begin_child(const char *id)
{
    struct run_claim claim;
    int64_t fence;

    must(run_claim_child(&store, id, "me", &fence, &fault));
    must(run_claim_load(&store, id, fence, &claim, &fault));
    must(run_begin(&store, id, fence, &fault));
    return claim;
}

static const char *status_of(const char *id)
{
    static char status[32];
    struct run_child child;

    must(run_child_look(&store, id, &child, &fault));
    snprintf(status, sizeof(status), "%s", run_status_name(child.status));
    run_child_release(&child);
    return status;
}

START_TEST(a_child_is_its_parents)
{
    struct run_claim parent = begin("up", DEF_PLAIN), child, none;
    struct json_object *record = NULL;
    char id[ID_MAX + 1];
    int64_t fence;

    must(create_child(&parent, "down", DEF_PLAIN, id));
    ck_assert_int_eq(run_claim_next(&store, "other", &none, &fault), RS_NOT_FOUND);
    child = begin_child(id);
    ck_assert_int_eq(run_claim_child(&store, id, "me", &fence, &fault), RS_NOT_FOUND);
    must(run_record(&store, NULL, id, &record, &fault));
    ck_assert_str_eq(json_get_string(record, "parentRunId", ""), parent.id);
    ck_assert_str_eq(json_get_string(record, "parentNodeId", ""), "sub");
    ck_assert_int_eq(json_get_int(record, "depth", 0), 1);
    json_object_put(record);
    must(run_end(&store, child.id, child.fence, RUN_SUCCESS, NULL, NULL, &fault));
    must(run_end(&store, parent.id, parent.fence, RUN_SUCCESS, NULL, NULL, &fault));
    ck_assert_str_eq(status_of(id), "success");
    /* A person runs it again, without its parent: anybody may have it. */
    must(run_retry(&store, NULL, id, &fault));
    must(run_claim_next(&store, "other", &none, &fault));
    ck_assert_str_eq(none.id, id);
    run_claim_release(&none);
    /* A parent that has ended starts nothing. */
    ck_assert_int_eq(create_child(&parent, "down", DEF_PLAIN, id), RS_CONFLICT);
    run_claim_release(&parent);
    run_claim_release(&child);
}
END_TEST

START_TEST(children_end_with_their_parent)
{
    struct run_claim parent = begin("up", DEF_PLAIN), child;
    char queued[ID_MAX + 1], running[ID_MAX + 1], below[ID_MAX + 1];
    enum run_wish wish = RUN_WISH_NONE;

    must(create_child(&parent, "down", DEF_PLAIN, queued));
    must(create_child(&parent, "down", DEF_PLAIN, running));
    child = begin_child(running);
    must(create_child(&child, "down", DEF_PLAIN, below));
    must(run_end(&store, parent.id, parent.fence, RUN_ERROR, NULL, NULL, &fault));
    ck_assert_str_eq(status_of(queued), "cancelled");
    ck_assert_str_eq(status_of(running), "running");
    must(run_lease(&store, child.id, child.fence, 0, &wish, &fault));
    ck_assert_int_eq(wish, RUN_WISH_CANCEL);
    must(run_end(&store, child.id, child.fence, RUN_CANCELLED, NULL, NULL, &fault));
    ck_assert_str_eq(status_of(below), "cancelled");
    run_claim_release(&parent);
    run_claim_release(&child);
}
END_TEST

START_TEST(depth_is_bounded)
{
    struct run_claim claims[RUN_DEPTH_MAX + 1];
    char id[ID_MAX + 1];
    int i;

    claims[0] = begin("up", DEF_PLAIN);
    for (i = 1; i <= RUN_DEPTH_MAX; i++) {
        must(create_child(&claims[i - 1], "down", DEF_PLAIN, id));
        claims[i] = begin_child(id);
    }
    ck_assert_int_eq(create_child(&claims[RUN_DEPTH_MAX], "down", DEF_PLAIN, id), RS_LIMIT);
    for (i = 0; i <= RUN_DEPTH_MAX; i++)
        run_claim_release(&claims[i]);
}
END_TEST

/* A workflow's limit holds for children, but their own ancestors do not keep them waiting. */
START_TEST(concurrency_of_children)
{
    struct run_claim parent = begin("one", DEF_ONE), other = begin("up", DEF_PLAIN), child;
    char inside[ID_MAX + 1], outside[ID_MAX + 1];
    int64_t fence;

    must(create_child(&other, "one", DEF_ONE, outside));
    ck_assert_int_eq(run_claim_child(&store, outside, "me", &fence, &fault), RS_NOT_FOUND);
    must(create_child(&parent, "one", DEF_ONE, inside));
    child = begin_child(inside);
    must(run_end(&store, child.id, child.fence, RUN_SUCCESS, NULL, NULL, &fault));
    must(run_end(&store, parent.id, parent.fence, RUN_SUCCESS, NULL, NULL, &fault));
    must(run_claim_child(&store, outside, "me", &fence, &fault));
    run_claim_release(&parent);
    run_claim_release(&other);
    run_claim_release(&child);
}
END_TEST

START_TEST(who_only_waits_takes_no_place)
{
    struct run_claim waits = begin("up", DEF_PLAIN), next;
    char id[ID_MAX + 1];

    create_run("up", DEF_PLAIN, 0, id);
    ck_assert_int_eq(run_claim_within(&store, "me", 1, &next, &fault), RS_NOT_FOUND);
    ck_assert_int_eq(run_set_idle(&store, waits.id, waits.fence + 1, true, &fault), RS_CONFLICT);
    must(run_set_idle(&store, waits.id, waits.fence, true, &fault));
    must(run_claim_within(&store, "me", 1, &next, &fault));
    run_claim_release(&next);
    must(run_set_idle(&store, waits.id, waits.fence, false, &fault));
    create_run("up", DEF_PLAIN, 0, id);
    ck_assert_int_eq(run_claim_within(&store, "me", 2, &next, &fault), RS_NOT_FOUND);
    run_claim_release(&waits);
}
END_TEST

static void listen(const char *id, const char *settings)
{
    char text[1000];
    struct json_object *definition;
    bool created;

    snprintf(text, sizeof(text),
             "{\"nodes\":[{\"id\":\"t\",\"type\":\"trigger\",\"data\":{\"kind\":\"event\"%s}}],\"edges\":[]}", settings);
    definition = json_of(text);
    must(workflow_save(&store, "default", id, NULL, definition, WORKFLOW_PUT, &created, NULL, &fault));
    json_object_put(definition);
}

START_TEST(an_end_starts_who_listens)
{
    struct run_claim ended = begin("source", DEF_PLAIN), started;
    struct json_object *record = NULL, *run;

    listen("any", "");
    listen("named", ",\"workflows\":[\"source\"],\"status\":[\"success\"]");
    listen("bad", ",\"workflows\":[\"source\"],\"status\":[\"error\"]");
    listen("off", ",\"workflows\":[\"source\"],\"enabled\":false");
    must(run_end(&store, ended.id, ended.fence, RUN_SUCCESS, NULL, NULL, &fault));
    ck_assert_int_eq(count_rows("SELECT COUNT(*) FROM run WHERE depth = 1 AND status = 'queued'"), 2);
    must(run_claim_next(&store, "me", &started, &fault));
    must(run_record(&store, NULL, started.id, &record, &fault));
    run = json_get(json_get(record, "input"), "run");
    ck_assert_str_eq(json_get_string(run, "id", ""), ended.id);
    ck_assert_str_eq(json_get_string(run, "status", ""), "success");
    ck_assert_str_eq(json_get_string(json_get(record, "trigger"), "nodeId", ""), "t");
    json_object_put(record);
    run_claim_release(&started);
    /* An end that is not written starts nobody; the same end twice is refused. */
    ck_assert_int_eq(run_end(&store, ended.id, ended.fence, RUN_ERROR, NULL, NULL, &fault), RS_CONFLICT);
    ck_assert_int_eq(count_rows("SELECT COUNT(*) FROM run WHERE depth = 1"), 2);
    must(workflow_delete(&store, "default", "any", &fault));
    ck_assert_int_eq(count_rows("SELECT COUNT(*) FROM event_trigger WHERE workflow_id = 'any'"), 0);
    run_claim_release(&ended);
}
END_TEST

START_TEST(items)
{
    struct run_claim claim = begin("up", DEF_SMALL);
    struct json_object *output = json_of("{\"n\":5}"), *list = NULL;
    struct item_change changes[] = {{.index = 0, .status = NODE_SUCCESS, .attempt = 1, .started_ms = 10, .finished_ms = 30, .output = output},
                                    {.index = 2, .status = NODE_RUNNING, .attempt = 1, .started_ms = 20}};
    int64_t bytes = 0;

    ck_assert_int_eq(items_write(&store, claim.id, claim.fence + 1, "a", changes, 2, &fault), RS_CONFLICT);
    must(items_write(&store, claim.id, claim.fence, "a", changes, 2, &fault));
    must(items_list(&store, "default", claim.id, "a", NULL, 10, NULL, &list, &fault));
    ck_assert_uint_eq(json_object_array_length(json_get_array(list, "items")), 2);
    ck_assert_int_eq(json_get_int(json_object_array_get_idx(json_get_array(list, "items"), 0), "durationMs", -1), 20);
    ck_assert_int_eq(json_get_int(json_get(list, "counts"), "running", 0), 1);
    json_object_put(list);
    must(items_bytes(&store, claim.id, "a", &bytes, &fault));
    ck_assert_int_eq(bytes, 7);
    ck_assert_int_eq(items_list(&store, "other", claim.id, "a", NULL, 10, NULL, &list, &fault), RS_NOT_FOUND);
    /* What an item keeps stays when it is written again. */
    must(item_set_state(&store, claim.id, claim.fence, "a", 2, output, &fault));
    ck_assert_int_eq(item_set_state(&store, claim.id, claim.fence, "a", 3, output, &fault), RS_CONFLICT);
    must(items_write(&store, claim.id, claim.fence, "a", &changes[1], 1, &fault));
    must(item_get_state(&store, claim.id, "a", 2, &list, &fault));
    ck_assert_int_eq(json_get_int(list, "n", 0), 5);
    json_object_put(list);
    must(items_clear(&store, claim.id, claim.fence, "a", &fault));
    ck_assert_int_eq(count_rows("SELECT COUNT(*) FROM item"), 0);
    json_object_put(output);
    run_claim_release(&claim);
}
END_TEST

static Suite *suite(void)
{
    Suite *s = suite_create("lineage");
    TCase *c = tcase_create("lineage");

    tcase_add_checked_fixture(c, model_setup, model_teardown);
    tcase_add_test(c, a_child_is_its_parents);
    tcase_add_test(c, children_end_with_their_parent);
    tcase_add_test(c, depth_is_bounded);
    tcase_add_test(c, concurrency_of_children);
    tcase_add_test(c, who_only_waits_takes_no_place);
    tcase_add_test(c, an_end_starts_who_listens);
    tcase_add_test(c, items);
    suite_add_tcase(s, c);
    return s;
}
UNIT_MAIN(suite)
