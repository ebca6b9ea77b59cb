/* again - runs that run again: retry, resume, rerun; and what cannot be read any more. */
#include "model.h"

#include <stdlib.h>

static char text[8000], stream[400];

/* start -> a, may (continueOnError), then done and last. */
#define DEF_WIDE                                                                                                       \
    "{\"name\":\"Wide\",\"nodes\":[" DEF_START "," DEF_SHELL("a", "") "," DEF_SHELL("may", ",\"continueOnError\":true") \
    "," DEF_RESULT "],\"edges\":[{\"source\":\"start\",\"target\":\"a\"},{\"source\":\"start\",\"target\":\"may\"}," \
    "{\"source\":\"a\",\"target\":\"done\"}]}"

static const char *stream_of(const char *run_id)
{
    snprintf(stream, sizeof(stream), "run:%s", run_id);
    return stream;
}

static struct json_object *record_of(const char *run_id)
{
    struct json_object *record = NULL;

    must(run_record(&store, NULL, run_id, &record, &fault));
    return record;
}

/* "success 1 40 | start success, a error, ..." */
static const char *state_of(const char *run_id)
{
    static char state[1000];
    struct json_object *record = record_of(run_id);
    size_t len = (size_t)snprintf(state, sizeof(state), "%s %d %d |", json_get_string(record, "status", ""),
                                  (int)json_get_int(record, "attempt", 0), (int)json_get_int(record, "progress", -1));

    json_object_object_foreach(json_get(record, "nodes"), id, node)
        len += (size_t)snprintf(state + len, sizeof(state) - len, " %s %s", id, json_get_string(node, "status", ""));
    json_object_put(record);
    return state;
}

static void move(const struct run_claim *claim, const char *node_id, enum node_status status, const char *code)
{
    struct json_object *error = NULL, *output = status == NODE_SUCCESS ? json_of("{\"of\":1}") : NULL;
    struct node_change node = {.node_id = node_id, .status = NODE_RUNNING, .attempt = 1};

    if (code != NULL) {
        snprintf(text, sizeof(text), "{\"code\":\"%s\",\"message\":\"as it is\",\"nodeId\":\"%s\"}", code, node_id);
        error = json_of(text);
    }
    must(node_move(&store, claim->id, claim->fence, &node, &fault));
    node = (struct node_change){.node_id = node_id, .status = status, .error = error, .output = output};
    if (status != NODE_RUNNING)
        must(node_move(&store, claim->id, claim->fence, &node, &fault));
    json_object_put(error);
    json_object_put(output);
}

static void begin(struct run_claim *claim, const char *definition)
{
    char id[ID_MAX + 1];

    create_run("w", definition, 0, id);
    must(run_claim_next(&store, "me", claim, &fault));
    must(run_begin(&store, claim->id, claim->fence, &fault));
}

static void finish(const struct run_claim *claim, enum run_status status, const char *error_text)
{
    struct json_object *error = error_text != NULL ? json_of(error_text) : NULL;

    must(run_end(&store, claim->id, claim->fence, status, NULL, error, &fault));
    json_object_put(error);
}

#define EXIT_OF_A "{\"code\":\"exit\",\"message\":\"exit status 1\",\"nodeId\":\"a\"}"

START_TEST(retry)
{
    struct run_claim claim, second;
    struct json_object *data, *record;

    begin(&claim, DEF_SMALL);
    ck_assert_int_eq(run_retry(&store, "default", claim.id, &fault), RS_CONFLICT);
    move(&claim, "start", NODE_SUCCESS, NULL);
    move(&claim, "a", NODE_ERROR, "exit");
    finish(&claim, RUN_ERROR, EXIT_OF_A);
    ck_assert_int_eq(run_retry(&store, "other", claim.id, &fault), RS_NOT_FOUND);
    ck_assert_int_eq(run_retry(&store, "default", "r_none", &fault), RS_NOT_FOUND);
    must(run_retry(&store, "default", claim.id, &fault));
    ck_assert_str_eq(state_of(claim.id), "queued 2 0 | start pending a pending done pending");
    record = record_of(claim.id);
    ck_assert_ptr_null(json_get(record, "error"));
    ck_assert_ptr_null(json_get_string(record, "startedAt", NULL));
    ck_assert_ptr_null(json_get_string(record, "finishedAt", NULL));
    ck_assert_ptr_null(json_get(json_get(json_get(record, "nodes"), "start"), "output"));
    json_object_put(record);
    data = event_of(stream_of(claim.id), "run.retried");
    ck_assert_str_eq(json_get_string(data, "status", ""), "queued");
    ck_assert_int_eq(json_get_int(data, "attempt", 0), 2);
    ck_assert_int_eq(json_get_int(data, "progress", -1), 0);
    json_object_put(data);
    /* The first attempt's process, should it still be there, can write nothing any more. */
    ck_assert_int_eq(run_begin(&store, claim.id, claim.fence, &fault), RS_CONFLICT);
    ck_assert_int_eq(run_retry(&store, "default", claim.id, &fault), RS_CONFLICT);

    must(run_claim_next(&store, "me", &second, &fault));
    ck_assert_str_eq(second.id, claim.id);
    ck_assert_int_eq(second.attempt, 2);
    ck_assert_int_gt(second.fence, claim.fence);
    must(run_begin(&store, second.id, second.fence, &fault));
    move(&second, "start", NODE_SUCCESS, NULL);
    move(&second, "a", NODE_SUCCESS, NULL);
    move(&second, "done", NODE_SUCCESS, NULL);
    finish(&second, RUN_SUCCESS, NULL);
    ck_assert_str_eq(state_of(claim.id), "success 2 100 | start success a success done success");
    ck_assert_str_eq(events_of(stream_of(claim.id), text, sizeof(text)),
                     "run.queued run.started node.started(start) node.finished(start) run.progress node.started(a)"
                     " tool.started(a) node.failed(a) tool.finished(a) run.progress node.skipped(done) run.failed"
                     " run.retried run.started node.started(start) node.finished(start) run.progress node.started(a)"
                     " tool.started(a) node.finished(a) tool.finished(a) run.progress node.started(done)"
                     " node.finished(done) run.progress run.finished");
    /* Also a run that went well can start over. */
    must(run_retry(&store, NULL, claim.id, &fault));
    run_claim_release(&claim);
    run_claim_release(&second);
}
END_TEST

START_TEST(resume)
{
    struct run_claim claim, second;
    struct json_object *data, *record;

    begin(&claim, DEF_WIDE);
    move(&claim, "start", NODE_SUCCESS, NULL);
    move(&claim, "may", NODE_ERROR, "exit");
    move(&claim, "a", NODE_ERROR, "exit");
    ck_assert_int_eq(run_resume(&store, "default", claim.id, &fault), RS_CONFLICT);
    finish(&claim, RUN_ERROR, EXIT_OF_A);
    ck_assert_int_eq(run_resume(&store, "other", claim.id, &fault), RS_NOT_FOUND);
    must(run_resume(&store, "default", claim.id, &fault));
    ck_assert_str_eq(state_of(claim.id), "queued 2 50 | start success a pending may error done pending");
    record = record_of(claim.id);
    ck_assert_str_eq(json_text(json_get(json_get(json_get(record, "nodes"), "start"), "output"), NULL), "{\"of\":1}");
    json_object_put(record);
    data = event_of(stream_of(claim.id), "run.resumed");
    ck_assert_str_eq(json_text(json_get(data, "nodes"), NULL), "[\"a\",\"done\"]");
    ck_assert_int_eq(json_get_int(data, "attempt", 0), 2);
    ck_assert_int_eq(json_get_int(data, "progress", -1), 50);
    json_object_put(data);

    must(run_claim_next(&store, "me", &second, &fault));
    must(run_begin(&store, second.id, second.fence, &fault));
    move(&second, "a", NODE_SUCCESS, NULL);
    move(&second, "done", NODE_SUCCESS, NULL);
    finish(&second, RUN_SUCCESS, NULL);
    ck_assert_str_eq(state_of(claim.id), "success 2 100 | start success a success may error done success");
    ck_assert_int_eq(run_resume(&store, "default", claim.id, &fault), RS_CONFLICT);
    run_claim_release(&claim);
    run_claim_release(&second);
}
END_TEST

START_TEST(resume_cancelled)
{
    struct run_claim claim;

    begin(&claim, DEF_WIDE);
    move(&claim, "start", NODE_SUCCESS, NULL);
    move(&claim, "a", NODE_CANCELLED, "cancelled");
    move(&claim, "may", NODE_RUNNING, NULL);
    finish(&claim, RUN_CANCELLED, "{\"code\":\"cancelled\",\"message\":\"cancelled\"}");
    must(run_resume(&store, "default", claim.id, &fault));
    ck_assert_str_eq(state_of(claim.id), "queued 2 25 | start success a pending may pending done pending");
    run_claim_release(&claim);
}
END_TEST

/* The time of the whole run was over: a node that may fail did not fail by itself. */
START_TEST(resume_timed_out)
{
    struct run_claim claim;

    begin(&claim, DEF_WIDE);
    move(&claim, "start", NODE_SUCCESS, NULL);
    move(&claim, "may", NODE_ERROR, "timeout");
    finish(&claim, RUN_ERROR, "{\"code\":\"timeout\",\"message\":\"not done after 1 ms\"}");
    must(run_resume(&store, "default", claim.id, &fault));
    ck_assert_str_eq(state_of(claim.id), "queued 2 25 | start success a pending may pending done pending");
    run_claim_release(&claim);
}
END_TEST

START_TEST(cancel_is_forgotten)
{
    struct run_claim claim;
    enum run_status status;

    begin(&claim, DEF_SMALL);
    must(run_cancel(&store, "default", claim.id, &status, &fault));
    finish(&claim, RUN_CANCELLED, NULL);
    must(run_retry(&store, "default", claim.id, &fault));
    run_claim_release(&claim);
    must(run_claim_next(&store, "me", &claim, &fault));
    run_claim_release(&claim);
}
END_TEST

START_TEST(rerun)
{
    static const char def[] = "{\"name\":\"P\",\"params\":[{\"name\":\"n\",\"type\":\"integer\",\"default\":3}],\"nodes\":[" DEF_START
                              "],\"edges\":[]}";
    struct json_object *errors = json_object_new_array(), *input = json_of("{\"n\":7}"), *bad = json_of("{\"n\":\"x\"}"),
                       *record;
    struct json_object *definition = json_of(def);
    struct run_new new = {.org = "default", .workflow_id = "p", .workflow_version = 4, .definition = definition,
                          .input = input, .name = "Mine", .priority = &(int){2}, .session_id = "s1"};
    char id[ID_MAX + 1], copy[ID_MAX + 1], other[ID_MAX + 1];
    struct json_object *another = json_of("{\"n\":8}");

    must(run_create(&store, &new, id, &fault));
    must(run_rerun(&store, "default", id, RUN_VERSION_SAME, NULL, errors, copy, &fault));
    ck_assert_str_ne(id, copy);
    record = record_of(copy);
    ck_assert_str_eq(json_get_string(record, "name", ""), "Mine");
    ck_assert_str_eq(json_get_string(record, "workflowId", ""), "p");
    ck_assert_str_eq(json_get_string(record, "sessionId", ""), "s1");
    ck_assert_int_eq(json_get_int(record, "workflowVersion", 0), 4);
    ck_assert_int_eq(json_get_int(record, "attempt", 0), 1);
    ck_assert_str_eq(json_text(json_get(record, "input"), NULL), "{\"n\":7}");
    json_object_put(record);
    must(run_rerun(&store, "default", id, RUN_VERSION_SAME, another, errors, other, &fault));
    record = record_of(other);
    ck_assert_str_eq(json_text(json_get(record, "input"), NULL), "{\"n\":8}");
    json_object_put(record);
    ck_assert_int_eq(run_rerun(&store, "default", id, RUN_VERSION_SAME, bad, errors, other, &fault), RS_UNPROCESSABLE);
    ck_assert_int_eq(json_object_array_length(errors), 1);
    ck_assert_int_eq(run_rerun(&store, "other", id, RUN_VERSION_SAME, NULL, errors, other, &fault), RS_NOT_FOUND);
    ck_assert_int_eq(run_rerun(&store, "default", "r_none", RUN_VERSION_SAME, NULL, errors, other, &fault), RS_NOT_FOUND);
    must(db_run(store.db, NULL, &fault, "UPDATE run SET definition = '{' WHERE id = $1", "t", id));
    ck_assert_int_eq(run_rerun(&store, "default", id, RUN_VERSION_SAME, NULL, errors, other, &fault), RS_UNPROCESSABLE);
    ck_assert_int_eq(count_rows("SELECT COUNT(*) FROM run"), 3);
    json_object_put(errors);
    json_object_put(input);
    json_object_put(another);
    json_object_put(bad);
    json_object_put(definition);
}
END_TEST

START_TEST(exists)
{
    char id[ID_MAX + 1];

    create_run("w", DEF_SMALL, 0, id);
    must(run_exists(&store, "default", id, &fault));
    must(run_exists(&store, NULL, id, &fault));
    ck_assert_int_eq(run_exists(&store, "other", id, &fault), RS_NOT_FOUND);
    ck_assert_int_eq(run_exists(&store, NULL, "r_none", &fault), RS_NOT_FOUND);
}
END_TEST

/* ---- orphans that are resumed ---- */

static void resume_orphans(void)
{
    ck_assert_int_eq(setenv("RUNSPOOL_RUNNER_ORPHAN", "resume", 1), 0);
    model_teardown();
    model_setup();
    ck_assert_int_eq(unsetenv("RUNSPOOL_RUNNER_ORPHAN"), 0);
}

/* The process of the run is dead. */
static enum run_status orphan(const struct run_claim *claim)
{
    struct run_orphan found[2];
    enum run_status status = RUN_RUNNING;
    int n = 0;

    must(db_run(store.db, NULL, &fault, "UPDATE run SET lease = 1 WHERE id = $1", "t", claim->id));
    must(run_orphans(&store, found, 2, &n, &fault));
    ck_assert_int_eq(n, 1);
    must(run_orphan_end(&store, &found[0], &status, &fault));
    ck_assert_int_eq(run_orphan_end(&store, &found[0], &status, &fault), RS_CONFLICT);
    return status;
}

#define DEF_KINDS                                                                                                      \
    "{\"nodes\":[" DEF_START ",{\"id\":\"get\",\"type\":\"tool\",\"data\":{\"kind\":\"http_request\",\"url\":\"http://x/\"}},"       \
    "{\"id\":\"post\",\"type\":\"tool\",\"data\":{\"kind\":\"http_request\",\"url\":\"http://x/\",\"method\":\"POST\"}},"          \
    "{\"id\":\"any\",\"type\":\"tool\",\"data\":{\"kind\":\"http_request\",\"url\":\"http://x/\",\"method\":\"{{ .input.m }}\"}}," \
    DEF_SHELL("sh", "") "," DEF_SHELL("again", ",\"onInterrupted\":\"retry\"") ","                                   \
    "{\"id\":\"ask\",\"type\":\"control\",\"data\":{\"kind\":\"transform\",\"expression\":\"1\",\"onInterrupted\":\"ask\"}}" \
    "],\"edges\":[]}"

/* Which running node lets its run be resumed. */
START_TEST(orphan_kinds)
{
    static const struct {
        const char *node;
        bool resumed;
    } rows[] = {{"start", true}, {"get", true}, {"post", false}, {"any", false}, {"sh", false}, {"again", true}, {"ask", false}};
    struct run_claim claim;
    size_t i;

    resume_orphans();
    for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        begin(&claim, DEF_KINDS);
        move(&claim, rows[i].node, NODE_RUNNING, NULL);
        ck_assert_msg((orphan(&claim) == RUN_QUEUED) == rows[i].resumed, "%s", rows[i].node);
        run_claim_release(&claim);
        must(db_run(store.db, NULL, &fault, "UPDATE run SET status = 'error'", ""));
    }
}
END_TEST

START_TEST(orphan_resumed)
{
    struct run_claim claim, second;
    struct json_object *data;
    enum run_status status;

    resume_orphans();
    begin(&claim, DEF_KINDS);
    move(&claim, "start", NODE_SUCCESS, NULL);
    move(&claim, "post", NODE_ERROR, "exit");
    must(node_move(&store, claim.id, claim.fence, &(struct node_change){.node_id = "ask", .status = NODE_SKIPPED}, &fault));
    move(&claim, "get", NODE_RUNNING, NULL);
    ck_assert_int_eq(orphan(&claim), RUN_QUEUED);
    ck_assert_str_eq(state_of(claim.id),
                     "queued 2 28 | start success get pending post error any pending sh pending again pending ask pending");
    ck_assert_int_eq(run_begin(&store, claim.id, claim.fence, &fault), RS_CONFLICT);
    data = event_of(stream_of(claim.id), "run.resumed");
    ck_assert_str_eq(json_text(json_get(data, "nodes"), NULL), "[\"get\",\"any\",\"sh\",\"again\",\"ask\"]");
    json_object_put(data);
    ck_assert_str_eq(events_of(stream, text, sizeof(text)),
                     "run.queued run.started node.started(start) node.finished(start) run.progress node.started(post)"
                     " tool.started(post) node.failed(post) tool.finished(post) run.progress node.skipped(ask)"
                     " run.progress node.started(get) tool.started(get) tool.finished(get) run.resumed");
    must(run_claim_next(&store, "me", &second, &fault));
    must(run_begin(&store, second.id, second.fence, &fault));
    /* Who asked for its end gets it. */
    must(run_cancel(&store, "default", second.id, &status, &fault));
    ck_assert_int_eq(orphan(&second), RUN_CANCELLED);
    run_claim_release(&claim);
    run_claim_release(&second);
}
END_TEST

/* A run that takes its process down with it is not tried for ever. */
START_TEST(orphan_resumed_too_often)
{
    struct run_claim claim;
    int i;

    resume_orphans();
    begin(&claim, DEF_KINDS);
    for (i = 0; i < RUN_RESUMES_MAX; i++) {
        ck_assert_int_eq(orphan(&claim), RUN_QUEUED);
        run_claim_release(&claim);
        must(run_claim_next(&store, "me", &claim, &fault));
        must(run_begin(&store, claim.id, claim.fence, &fault));
    }
    ck_assert_int_eq(orphan(&claim), RUN_ERROR);
    must(run_resume(&store, "default", claim.id, &fault));
    run_claim_release(&claim);
    must(run_claim_next(&store, "me", &claim, &fault));
    must(run_begin(&store, claim.id, claim.fence, &fault));
    ck_assert_int_eq(orphan(&claim), RUN_QUEUED);
    run_claim_release(&claim);
}
END_TEST

/* A node that may fail, and was cut short by the death of its process, is started again too. */
START_TEST(resume_orphaned)
{
    struct run_claim claim;

    begin(&claim, DEF_WIDE);
    move(&claim, "start", NODE_SUCCESS, NULL);
    move(&claim, "may", NODE_RUNNING, NULL);
    ck_assert_int_eq(orphan(&claim), RUN_ERROR);
    must(run_resume(&store, "default", claim.id, &fault));
    ck_assert_str_eq(state_of(claim.id), "queued 2 25 | start success a pending may pending done pending");
    run_claim_release(&claim);
}
END_TEST

/* It ends and says why, and does not stand in the way of the next one. */
START_TEST(unreadable)
{
    static const char *const columns[] = {"definition", "input"};
    char id[2][ID_MAX + 1], good[ID_MAX + 1];
    struct run_claim claim;
    struct json_object *record;
    int i;

    for (i = 0; i < 2; i++) {
        create_run("w", DEF_SMALL, 1, id[i]);
        snprintf(text, sizeof(text), "UPDATE run SET %s = '{\"a\":' WHERE id = $1", columns[i]);
        must(db_run(store.db, NULL, &fault, text, "t", id[i]));
    }
    create_run("w", DEF_SMALL, 0, good);
    must(run_claim_next(&store, "me", &claim, &fault));
    ck_assert_str_eq(claim.id, good);
    run_claim_release(&claim);
    for (i = 0; i < 2; i++) {
        record = record_of(id[i]);
        ck_assert_str_eq(json_get_string(record, "status", ""), "error");
        ck_assert_str_eq(json_get_string(json_get(record, "error"), "code", ""), "input");
        snprintf(text, sizeof(text), "the stored %s cannot be read: ", columns[i]);
        ck_assert_ptr_nonnull(strstr(json_get_string(json_get(record, "error"), "message", ""), text));
        json_object_put(record);
        ck_assert_str_eq(events_of(stream_of(id[i]), text, sizeof(text)),
                         "run.queued node.skipped(start) node.skipped(a) node.skipped(done) run.failed");
    }
    create_run("w", DEF_SMALL, 0, good);
    must(db_run(store.db, NULL, &fault, "UPDATE run SET definition = 'no' WHERE id = $1", "t", good));
    ck_assert_int_eq(run_claim_id(&store, good, "me", &claim, &fault), RS_CONFLICT);
    ck_assert_str_eq(state_of(good), "error 1 0 | start skipped a skipped done skipped");
}
END_TEST

START_TEST(within)
{
    struct run_claim claim[3];
    char id[ID_MAX + 1];
    int i;

    for (i = 0; i < 3; i++)
        create_run("w", DEF_SMALL, 0, id);
    must(run_claim_within(&store, "me", 2, &claim[0], &fault));
    must(run_begin(&store, claim[0].id, claim[0].fence, &fault));
    must(run_claim_within(&store, "you", 2, &claim[1], &fault)); /* claimed, not begun: it counts */
    ck_assert_int_eq(run_claim_within(&store, "me", 2, &claim[2], &fault), RS_NOT_FOUND);
    /* A wrapped command needs no place. */
    must(db_run(store.db, NULL, &fault, "UPDATE run SET owner = 'wrap-17' WHERE id = $1", "t", claim[0].id));
    must(run_claim_within(&store, "me", 2, &claim[2], &fault));
    ck_assert_int_eq(run_claim_within(&store, "me", 0, &claim[2], &fault), RS_NOT_FOUND);
    for (i = 0; i < 3; i++)
        run_claim_release(&claim[i]);
}
END_TEST

/* What a node keeps is there for the next process, until the run starts over. */
START_TEST(kept)
{
    struct json_object *state = json_of("{\"until\":5}"), *got = NULL;
    struct run_claim claim;

    begin(&claim, DEF_SMALL);
    must(node_get_state(&store, claim.id, "a", &got, &fault));
    ck_assert_ptr_null(got);
    must(node_set_state(&store, claim.id, claim.fence, "a", state, &fault));
    ck_assert_int_eq(node_set_state(&store, claim.id, claim.fence + 1, "a", state, &fault), RS_CONFLICT);
    ck_assert_int_eq(node_set_state(&store, claim.id, claim.fence, "b", state, &fault), RS_CONFLICT);
    ck_assert_int_eq(node_get_state(&store, claim.id, "b", &got, &fault), RS_NOT_FOUND);
    finish(&claim, RUN_CANCELLED, NULL);
    must(run_resume(&store, NULL, claim.id, &fault));
    must(node_get_state(&store, claim.id, "a", &got, &fault));
    ck_assert_int_eq(json_get_int(got, "until", 0), 5);
    json_object_put(got);
    json_object_put(state);

    /* With the old fence nothing is kept any more. */
    ck_assert_int_eq(node_set_state(&store, claim.id, claim.fence, "a", NULL, &fault), RS_CONFLICT);
    enum run_status status;
    must(run_cancel(&store, NULL, claim.id, &status, &fault));
    must(run_retry(&store, NULL, claim.id, &fault));
    must(node_get_state(&store, claim.id, "a", &got, &fault));
    ck_assert_ptr_null(got);
    run_claim_release(&claim);
}
END_TEST

/* A node that waits tells until when, ends, or is tried again. */
START_TEST(waiting)
{
    struct node_change node = {.node_id = "a", .status = NODE_RUNNING, .attempt = 1};
    struct json_object *data;
    struct run_claim claim;

    begin(&claim, DEF_SMALL);
    must(node_move(&store, claim.id, claim.fence, &node, &fault));
    node = (struct node_change){.node_id = "a", .status = NODE_WAITING, .message = "for you", .deadline_ms = 1000};
    must(node_move(&store, claim.id, claim.fence, &node, &fault));
    data = event_of(stream_of(claim.id), "node.waiting");
    ck_assert_str_eq(json_get_string(data, "message", ""), "for you");
    ck_assert_str_eq(json_get_string(data, "deadline", ""), "1970-01-01T00:00:01.000Z");
    json_object_put(data);
    node = (struct node_change){.node_id = "a", .status = NODE_RUNNING, .attempt = 2, .retried = true};
    must(node_move(&store, claim.id, claim.fence, &node, &fault));
    node.retried = false;
    ck_assert_int_eq(node_move(&store, claim.id, claim.fence, &node, &fault), RS_CONFLICT);
    node = (struct node_change){.node_id = "a", .status = NODE_WAITING};
    must(node_move(&store, claim.id, claim.fence, &node, &fault));
    node = (struct node_change){.node_id = "a", .status = NODE_SUCCESS};
    must(node_move(&store, claim.id, claim.fence, &node, &fault));
    run_claim_release(&claim);
}
END_TEST

static Suite *suite(void)
{
    Suite *s = suite_create("again");
    TCase *c = tcase_create("again");

    tcase_add_checked_fixture(c, model_setup, model_teardown);
    tcase_set_timeout(c, 60);
    tcase_add_test(c, retry);
    tcase_add_test(c, resume);
    tcase_add_test(c, resume_cancelled);
    tcase_add_test(c, resume_timed_out);
    tcase_add_test(c, resume_orphaned);
    tcase_add_test(c, orphan_kinds);
    tcase_add_test(c, orphan_resumed);
    tcase_add_test(c, orphan_resumed_too_often);
    tcase_add_test(c, cancel_is_forgotten);
    tcase_add_test(c, rerun);
    tcase_add_test(c, exists);
    tcase_add_test(c, unreadable);
    tcase_add_test(c, within);
    tcase_add_test(c, kept);
    tcase_add_test(c, waiting);
    suite_add_tcase(s, c);
    return s;
}

UNIT_MAIN(suite)
