/* pause - runs, workflows and queues that wait for a person; and what a workflow's concurrency does to its new runs. */
#include "model.h"

#include "model/queue.h"
#include "model/run_row.h"
#include "model/workflow.h"

#define ONE(on_busy) "{\"concurrency\":{\"limit\":1,\"onBusy\":\"" on_busy "\"},\"nodes\":[" DEF_START "],\"edges\":[]}"

static char text[8000], stream[ID_MAX + 8];
static enum run_status status;
static struct run_claim claim;

static const char *stream_of(const char *run_id)
{
    snprintf(stream, sizeof(stream), "run:%s", run_id);
    return stream;
}

static struct json_object *outline(const char *run_id)
{
    struct json_object *record = NULL;

    must(run_outline(&store, NULL, run_id, &record, &fault));
    return record;
}

static void is(const char *run_id, const char *want, const char *message)
{
    struct json_object *record = outline(run_id);
    const char *said = json_get_string(json_get(record, "error"), "message", "");

    ck_assert_str_eq(json_get_string(record, "status", ""), want);
    ck_assert_msg(message == NULL || strstr(said, message) != NULL, "\"%s\" does not say \"%s\"", said, message);
    json_object_put(record);
}

static void claim_is(const char *run_id)
{
    must(run_claim_next(&store, "me", &claim, &fault));
    ck_assert_str_eq(claim.id, run_id);
}

static void nothing_to_claim(void)
{
    ck_assert_int_eq(run_claim_next(&store, "me", &claim, &fault), RS_NOT_FOUND);
}

START_TEST(queued_run)
{
    char id[ID_MAX + 1];
    int active = -1;

    create_run("w", ONE("queue"), 0, id);
    ck_assert_int_eq(run_pause(&store, "other", id, &status, &fault), RS_NOT_FOUND);
    must(run_pause(&store, "default", id, &status, &fault));
    ck_assert_int_eq(status, RUN_PAUSED);
    must(run_pause(&store, "default", id, &status, &fault)); /* twice is once */
    nothing_to_claim();
    ck_assert_int_eq(run_retry(&store, NULL, id, &fault), RS_CONFLICT);
    must(run_count_active(&store, &active, &fault));
    ck_assert_int_eq(active, 0);
    must(run_resume(&store, "default", id, &fault));
    claim_is(id);
    must(run_begin(&store, id, claim.fence, &fault));
    must(run_end(&store, id, claim.fence, RUN_SUCCESS, NULL, NULL, &fault));
    ck_assert_str_eq(events_of(stream_of(id), text, sizeof(text)),
                     "run.queued run.paused run.resumed run.started node.skipped(start) run.finished");
    ck_assert_int_eq(run_pause(&store, "default", id, &status, &fault), RS_CONFLICT);
    ck_assert_int_eq(run_unpause(&store, "default", id, &status, &fault), RS_CONFLICT);
    run_claim_release(&claim);
}
END_TEST

START_TEST(running_run)
{
    struct json_object *record;
    enum run_wish wish = RUN_WISH_NONE;
    char id[ID_MAX + 1];
    bool paused = true;
    int64_t old;

    create_run("w", ONE("queue"), 0, id);
    claim_is(id);
    must(run_begin(&store, id, claim.fence, &fault));
    must(run_pause_now(&store, id, claim.fence, 7, &paused, &fault));
    ck_assert(!paused); /* nobody wants it */
    must(run_pause(&store, NULL, id, &status, &fault));
    ck_assert_int_eq(status, RUN_RUNNING);
    record = outline(id);
    ck_assert(json_get_bool(record, "pausing", false));
    json_object_put(record);
    must(run_lease(&store, id, claim.fence, 0, &wish, &fault));
    ck_assert_int_eq(wish, RUN_WISH_PAUSE);
    must(run_unpause(&store, NULL, id, &status, &fault));
    ck_assert_int_eq(status, RUN_RUNNING);
    must(run_lease(&store, id, claim.fence, 0, &wish, &fault));
    ck_assert_int_eq(wish, RUN_WISH_NONE);
    must(run_pause(&store, NULL, id, &status, &fault));
    must(run_pause_now(&store, id, claim.fence, 7, &paused, &fault));
    ck_assert(paused);
    is(id, "paused", NULL);
    old = claim.fence;
    ck_assert_int_eq(run_begin(&store, id, old, &fault), RS_CONFLICT);
    nothing_to_claim();
    run_claim_release(&claim);
    must(run_resume(&store, NULL, id, &fault));
    claim_is(id);
    ck_assert_int_gt(claim.fence, old);
    ck_assert_int_eq(claim.attempt, 1);
    ck_assert_int_eq(claim.ran_ms, 7);
    must(run_pause(&store, NULL, id, &status, &fault)); /* claimed, not begun */
    ck_assert_int_eq(status, RUN_QUEUED);
    must(run_cancel(&store, NULL, id, &status, &fault));
    must(run_lease(&store, id, claim.fence, 0, &wish, &fault));
    ck_assert_int_eq(wish, RUN_WISH_CANCEL); /* it is the stronger one */
    run_claim_release(&claim);
}
END_TEST

START_TEST(moves_at_once)
{
    struct node_change both[] = {{.node_id = "start", .status = NODE_RUNNING, .attempt = 1},
                                 {.node_id = "a", .status = NODE_SUCCESS}};
    char id[ID_MAX + 1];

    create_run("w", DEF_SMALL, 0, id);
    claim_is(id);
    must(run_begin(&store, id, claim.fence, &fault));
    /* All of them, or none. */
    ck_assert_int_eq(node_move_all(&store, id, claim.fence, both, 2, &fault), RS_CONFLICT);
    both[1] = (struct node_change){.node_id = "start", .status = NODE_SUCCESS, .attempt = 1};
    must(node_move_all(&store, id, claim.fence, both, 2, &fault));
    /* What is not to begin while the run is about to pause does not keep the others. */
    must(run_pause(&store, NULL, id, &status, &fault));
    both[0] = (struct node_change){.node_id = "a", .status = NODE_RUNNING, .attempt = 1, .unless_pausing = true};
    both[1] = (struct node_change){.node_id = "done", .status = NODE_SKIPPED};
    must(node_move_all(&store, id, claim.fence, both, 2, &fault));
    ck_assert(both[0].denied && !both[1].denied);
    ck_assert_int_eq(node_move(&store, id, claim.fence, &both[0], &fault), RS_DENIED);
    ck_assert_str_eq(events_of(stream_of(id), text, sizeof(text)),
                     "run.queued run.started node.started(start) node.finished(start) run.progress node.skipped(done)"
                     " run.progress");
    run_claim_release(&claim);
}
END_TEST

START_TEST(paused_run_cancelled)
{
    char id[ID_MAX + 1];

    create_run("w", ONE("queue"), 0, id);
    must(run_pause(&store, NULL, id, &status, &fault));
    must(run_cancel(&store, NULL, id, &status, &fault));
    ck_assert_int_eq(status, RUN_CANCELLED);
    is(id, "cancelled", "while it was paused");
}
END_TEST

START_TEST(orphan_that_was_to_pause)
{
    struct run_orphan orphan[4];
    char id[ID_MAX + 1];
    int n = 0;

    create_run("w", ONE("queue"), 0, id);
    claim_is(id);
    must(run_pause(&store, NULL, id, &status, &fault));
    must(db_run(store.db, NULL, &fault, "UPDATE run SET lease = 1 WHERE id = $1", "t", id));
    must(run_orphans(&store, orphan, 4, &n, &fault));
    ck_assert_int_eq(n, 1);
    must(run_orphan_end(&store, &orphan[0], &status, &fault));
    ck_assert_int_eq(status, RUN_PAUSED);
    nothing_to_claim();
    run_claim_release(&claim);
}
END_TEST

START_TEST(queue_and_workflow)
{
    struct json_object *definition = json_of(ONE("queue")), *record = NULL;
    struct queue_state state;
    char id[ID_MAX + 1];
    bool created;
    int active = -1;

    must(workflow_save(&store, "default", "w", NULL, definition, WORKFLOW_PUT, &created, NULL, &fault));
    create_run("w", ONE("queue"), 0, id);
    must(queue_pause(&store, "default", true, &fault));
    must(queue_pause(&store, "default", true, &fault));
    nothing_to_claim();
    must(queue_state(&store, "default", &state, &fault));
    ck_assert(state.paused);
    ck_assert_int_eq(state.n_queued, 1);
    must(run_count_active(&store, &active, &fault));
    ck_assert_int_eq(active, 0); /* nobody can wait for it */
    must(queue_pause(&store, "default", false, &fault));
    ck_assert_str_eq(events_of("queue", text, sizeof(text)), "state.changed state.changed");
    ck_assert_int_eq(workflow_pause(&store, "default", "none", true, &fault), RS_NOT_FOUND);
    must(workflow_pause(&store, "default", "w", true, &fault));
    nothing_to_claim();
    must(workflow_save(&store, "default", "w", NULL, definition, WORKFLOW_PUT, &created, &record, &fault));
    ck_assert(json_get_bool(record, "paused", false)); /* another version is paused all the same */
    must(workflow_pause(&store, "default", "w", false, &fault));
    claim_is(id);
    run_claim_release(&claim);
    json_object_put(record);
    json_object_put(definition);
}
END_TEST

START_TEST(skip)
{
    char first[ID_MAX + 1], second[ID_MAX + 1], other[ID_MAX + 1];

    create_run("w", ONE("skip"), 0, first);
    create_run("w", ONE("skip"), 0, second);
    create_run("other", ONE("skip"), 0, other);
    is(second, "cancelled", first);
    is(first, "queued", NULL);
    is(other, "queued", NULL);
    ck_assert_str_eq(events_of(stream_of(second), text, sizeof(text)), "run.queued node.skipped(start) run.cancelled");
    must(run_cancel(&store, NULL, first, &status, &fault));
    create_run("w", ONE("skip"), 0, second);
    is(second, "queued", NULL);
}
END_TEST

START_TEST(replace)
{
    char ids[RUN_REPLACE_ROWS + 6][ID_MAX + 1];
    enum run_wish wish = RUN_WISH_NONE;
    int i, last = RUN_REPLACE_ROWS + 5;

    for (i = 0; i < last; i++)
        create_run("w", ONE("queue"), 0, ids[i]);
    claim_is(ids[0]);
    must(run_begin(&store, ids[0], claim.fence, &fault));
    create_run("w", ONE("replace"), 0, ids[last]);
    for (i = 1; i < last; i++)
        is(ids[i], "cancelled", ids[last]);
    is(ids[last], "queued", NULL);
    must(run_lease(&store, ids[0], claim.fence, 0, &wish, &fault));
    ck_assert_int_eq(wish, RUN_WISH_CANCEL);
    must(run_end(&store, ids[0], claim.fence, RUN_CANCELLED, NULL, NULL, &fault));
    is(ids[0], "cancelled", "replaced by run");
    run_claim_release(&claim);
    claim_is(ids[last]);
    run_claim_release(&claim);
    /* What a person runs again and cancels says nothing of the first time. */
    must(run_retry(&store, NULL, ids[0], &fault));
    must(run_cancel(&store, NULL, ids[0], &status, &fault));
    is(ids[0], "cancelled", "before it began");
}
END_TEST

/* A workflow that runs itself: the run above is not in the way of the one it waits for. */
START_TEST(a_child_does_not_replace_what_it_belongs_to)
{
    struct json_object *definition = json_of(ONE("replace"));
    struct run_parent parent = {.node_id = "start", .item = -1};
    struct run_new run = {.org = "default", .workflow_id = "w", .definition = definition, .parent = &parent};
    enum run_wish wish = RUN_WISH_CANCEL;
    char id[ID_MAX + 1], child[ID_MAX + 1];

    create_run("w", ONE("replace"), 0, id);
    claim_is(id);
    must(run_begin(&store, id, claim.fence, &fault));
    must(node_move(&store, id, claim.fence, &(struct node_change){.node_id = "start", .status = NODE_RUNNING, .attempt = 1},
                   &fault));
    parent.run_id = id;
    parent.fence = claim.fence;
    must(run_create(&store, &run, child, &fault));
    must(run_lease(&store, id, claim.fence, 0, &wish, &fault));
    ck_assert_int_eq(wish, RUN_WISH_NONE);
    is(child, "queued", NULL);
    json_object_put(definition);
    run_claim_release(&claim);
}
END_TEST

START_TEST(priorities)
{
    static const char weighty[] = "{\"priority\":5,\"nodes\":[" DEF_START "],\"edges\":[]}";
    struct json_object *definition = json_of(weighty);
    struct run_new run = {.org = "default", .workflow_id = "w", .definition = definition};
    char low[ID_MAX + 1], heavy[ID_MAX + 1], none[ID_MAX + 1];

    create_run("w", weighty, 0, none); /* the run's own wins, 0 too */
    create_run("w", ONE("queue"), 3, low);
    must(run_create(&store, &run, heavy, &fault));
    ck_assert_int_eq(run_set_priority(&store, NULL, none, RUN_PRIORITY_MAX + 1, &fault), RS_INVALID);
    ck_assert_int_eq(run_set_priority(&store, "other", none, 4, &fault), RS_NOT_FOUND);
    must(run_set_priority(&store, "default", none, 4, &fault));
    claim_is(heavy);
    must(run_begin(&store, heavy, claim.fence, &fault));
    ck_assert_int_eq(run_set_priority(&store, NULL, heavy, 4, &fault), RS_CONFLICT);
    run_claim_release(&claim);
    claim_is(none);
    run_claim_release(&claim);
    run.priority = &(int){RUN_PRIORITY_MAX + 1};
    ck_assert_int_eq(run_create(&store, &run, heavy, &fault), RS_INVALID);
    json_object_put(definition);
}
END_TEST

static Suite *suite(void)
{
    Suite *s = suite_create("pause");
    TCase *t = tcase_create("pause");

    tcase_add_checked_fixture(t, model_setup, model_teardown);
    tcase_add_test(t, queued_run);
    tcase_add_test(t, running_run);
    tcase_add_test(t, moves_at_once);
    tcase_add_test(t, paused_run_cancelled);
    tcase_add_test(t, orphan_that_was_to_pause);
    tcase_add_test(t, queue_and_workflow);
    tcase_add_test(t, skip);
    tcase_add_test(t, replace);
    tcase_add_test(t, a_child_does_not_replace_what_it_belongs_to);
    tcase_add_test(t, priorities);
    suite_add_tcase(s, t);
    return s;
}
UNIT_MAIN(suite)
