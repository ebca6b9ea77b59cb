/* run - transitions, claims and fences, node moves with their events, progress, cancel, orphans, records and pages. */
#include "model.h"

#include "base/clock.h"

#include <sys/wait.h>
#include <unistd.h>

static enum run_status became; /* after run_orphan_end */
static char text[8000], stream[200];

static const char *stream_of(const char *run_id)
{
    snprintf(stream, sizeof(stream), "run:%s", run_id);
    return stream;
}

static const char *status_now(const char *run_id)
{
    static char status[32];
    struct json_object *record = NULL;

    must(run_record(&store, NULL, run_id, &record, &fault));
    snprintf(status, sizeof(status), "%s", json_get_string(record, "status", ""));
    json_object_put(record);
    return status;
}

/* A run of DEF_SMALL, claimed and begun. */
static void begin(struct run_claim *claim)
{
    char id[ID_MAX + 1];

    create_run("small", DEF_SMALL, 0, id);
    must(run_claim_next(&store, "me", claim, &fault));
    ck_assert_str_eq(claim->id, id);
    must(run_begin(&store, claim->id, claim->fence, &fault));
}

static enum rs_err move(const struct run_claim *claim, const char *node_id, enum node_status status)
{
    struct node_change node = {.node_id = node_id, .status = status, .attempt = 1};

    return node_move(&store, claim->id, claim->fence, &node, &fault);
}

/* ---- transitions ---- */

START_TEST(run_table)
{
    static const char *const legal[] = {"queued running",  "queued error",      "queued cancelled", "running success",
                                        "running error",   "running cancelled", "running paused",   "paused queued",
                                        "paused cancelled", "success queued",   "error queued",     "cancelled queued", "running queued",
                                        "queued paused"};
    int from, to, n_legal = 0;
    size_t i;
    bool want;
    enum run_status parsed;

    for (from = RUN_QUEUED; from <= RUN_PAUSED; from++) {
        must(run_status_parse(run_status_name(from), &parsed));
        ck_assert_int_eq(parsed, from);
        for (to = RUN_QUEUED; to <= RUN_PAUSED; to++) {
            snprintf(text, sizeof(text), "%s %s", run_status_name(from), run_status_name(to));
            for (want = false, i = 0; i < sizeof(legal) / sizeof(legal[0]); i++)
                want |= strcmp(legal[i], text) == 0;
            ck_assert_msg(run_may_move(from, to) == want, "%s", text);
            n_legal += want;
        }
    }
    ck_assert_int_eq(n_legal, sizeof(legal) / sizeof(legal[0]));
    ck_assert_int_eq(run_status_parse("done", &parsed), RS_INVALID);
    ck_assert(run_status_ended(RUN_SUCCESS) && run_status_ended(RUN_ERROR) && run_status_ended(RUN_CANCELLED));
    ck_assert(!run_status_ended(RUN_QUEUED) && !run_status_ended(RUN_RUNNING) && !run_status_ended(RUN_PAUSED));
}
END_TEST

START_TEST(node_table)
{
    static const char *const legal[] = {
        "pending running", "pending skipped", "pending cancelled", "running running", "running waiting", "running success",
        "running error",   "running cancelled", "waiting running", "waiting success", "waiting error",   "waiting cancelled",
        "success pending", "error pending",   "skipped pending",   "cancelled pending", "running pending", "waiting pending"};
    int from, to, n_legal = 0;
    size_t i;
    bool want;
    enum node_status parsed;

    for (from = NODE_PENDING; from <= NODE_CANCELLED; from++) {
        must(node_status_parse(node_status_name(from), &parsed));
        ck_assert_int_eq(parsed, from);
        for (to = NODE_PENDING; to <= NODE_CANCELLED; to++) {
            snprintf(text, sizeof(text), "%s %s", node_status_name(from), node_status_name(to));
            for (want = false, i = 0; i < sizeof(legal) / sizeof(legal[0]); i++)
                want |= strcmp(legal[i], text) == 0;
            ck_assert_msg(node_may_move(from, to) == want, "%s", text);
            n_legal += want;
        }
    }
    ck_assert_int_eq(n_legal, sizeof(legal) / sizeof(legal[0]));
    ck_assert(node_status_ended(NODE_SKIPPED) && !node_status_ended(NODE_WAITING));
}
END_TEST

/* ---- a whole run ---- */

START_TEST(whole)
{
    struct run_claim claim;
    struct json_object *record = NULL, *node, *data, *output = json_of("{\"exitCode\":0,\"stdout\":\"x\"}"),
                       *params = json_of("{\"command\":[\"true\"]}");
    struct node_change change = {.node_id = "a", .status = NODE_RUNNING, .attempt = 1, .params = params};

    begin(&claim);
    ck_assert_str_eq(claim.org, "default");
    ck_assert_str_eq(claim.session_id, "s1");
    ck_assert_int_eq(claim.attempt, 1);
    ck_assert_int_eq(json_object_object_length(claim.input), 0);
    ck_assert_str_eq(json_get_string(claim.definition, "name", ""), "Small");
    must(move(&claim, "start", NODE_RUNNING));
    must(move(&claim, "start", NODE_SUCCESS));
    must(node_move(&store, claim.id, claim.fence, &change, &fault));
    change = (struct node_change){.node_id = "a", .status = NODE_RUNNING, .attempt = 2, .retried = true, .message = "again"};
    must(node_move(&store, claim.id, claim.fence, &change, &fault));
    change = (struct node_change){.node_id = "a", .status = NODE_SUCCESS, .output = output};
    must(node_move(&store, claim.id, claim.fence, &change, &fault));
    must(move(&claim, "done", NODE_RUNNING));
    must(move(&claim, "done", NODE_SUCCESS));
    must(run_end(&store, claim.id, claim.fence, RUN_SUCCESS, output, NULL, &fault));

    ck_assert_str_eq(events_of(stream_of(claim.id), text, sizeof(text)),
                     "run.queued run.started node.started(start) node.finished(start) run.progress"
                     " node.started(a) tool.started(a) node.retried(a) node.finished(a) tool.finished(a) run.progress"
                     " node.started(done) node.finished(done) run.progress run.finished");
    data = event_of(stream, "run.finished");
    ck_assert_str_eq(json_get_string(data, "workflowId", ""), "small");
    ck_assert_str_eq(json_get_string(data, "name", ""), "Small");
    ck_assert_str_eq(json_get_string(data, "status", ""), "success");
    ck_assert_int_eq(json_get_int(data, "progress", -1), 100);
    ck_assert_int_eq(json_get_int(data, "attempt", -1), 1);
    ck_assert_int_ge(json_get_int(data, "durationMs", -1), 0);
    ck_assert_str_eq(json_text(json_get(data, "output"), NULL), json_text(output, NULL));
    ck_assert_ptr_null(json_get(data, "error"));
    json_object_put(data);
    data = event_of(stream, "node.retried");
    ck_assert_str_eq(json_get_string(data, "message", ""), "again");
    ck_assert_str_eq(json_get_string(data, "status", ""), "running");
    ck_assert_int_eq(json_get_int(data, "attempt", -1), 2);
    ck_assert_str_eq(json_get_string(data, "kind", ""), "shell");
    json_object_put(data);
    data = event_of(stream, "tool.started");
    ck_assert_str_eq(json_get_string(data, "tool", ""), "a");
    ck_assert_str_eq(json_get_string(data, "crewId", ""), "quality");
    ck_assert(json_object_object_get_ex(data, "agentId", NULL));
    ck_assert_str_eq(json_text(json_get(data, "params"), NULL), "{\"command\":[\"true\"]}");
    json_object_put(data);
    data = event_of(stream, "tool.finished");
    ck_assert_int_eq(json_get_int(data, "exitCode", -1), 0);
    ck_assert_str_eq(json_get_string(data, "status", ""), "success");
    ck_assert(json_object_is_type(json_get(data, "durationS"), json_type_double));
    json_object_put(data);

    must(run_record(&store, "default", claim.id, &record, &fault));
    ck_assert_str_eq(json_get_string(record, "id", ""), claim.id);
    ck_assert_str_eq(json_get_string(record, "status", ""), "success");
    ck_assert_int_eq(json_get_int(record, "progress", -1), 100);
    ck_assert_int_eq(json_get_int(record, "workflowVersion", -1), 0);
    ck_assert_ptr_nonnull(json_get_string(record, "createdAt", NULL));
    ck_assert_ptr_nonnull(json_get_string(record, "startedAt", NULL));
    ck_assert_ptr_nonnull(json_get_string(record, "finishedAt", NULL));
    ck_assert_int_ge(json_get_int(record, "durationMs", -1), 0);
    ck_assert_str_eq(json_text(json_get(record, "input"), NULL), "{}");
    ck_assert_str_eq(json_text(json_get(record, "output"), NULL), json_text(output, NULL));
    ck_assert_uint_eq(json_object_array_length(json_get_array(json_get(record, "graph"), "nodes")), 3);
    ck_assert_uint_eq(json_object_array_length(json_get_array(json_get(record, "graph"), "edges")), 2);
    ck_assert_int_eq(json_object_object_length(json_get(record, "nodes")), 3);
    node = json_get(json_get(record, "nodes"), "a");
    ck_assert_str_eq(json_get_string(node, "status", ""), "success");
    ck_assert_int_eq(json_get_int(node, "attempt", -1), 2);
    ck_assert_str_eq(json_text(json_get(node, "output"), NULL), json_text(output, NULL));
    json_object_put(record);
    must(run_outline(&store, "default", claim.id, &record, &fault));
    ck_assert_str_eq(json_get_string(record, "status", ""), "success");
    ck_assert(!json_object_object_get_ex(record, "output", NULL) && !json_object_object_get_ex(record, "graph", NULL));
    node = json_get(json_get(record, "nodes"), "a");
    ck_assert_str_eq(json_get_string(node, "status", ""), "success");
    ck_assert(!json_object_object_get_ex(node, "output", NULL));
    json_object_put(record);
    ck_assert_int_eq(run_outline(&store, "other", claim.id, &record, &fault), RS_NOT_FOUND);
    ck_assert_int_eq(run_record(&store, "other", claim.id, &record, &fault), RS_NOT_FOUND);
    ck_assert_int_eq(run_record(&store, NULL, "r_none", &record, &fault), RS_NOT_FOUND);
    json_object_put(output);
    json_object_put(params);
    run_claim_release(&claim);
    run_claim_release(NULL);
}
END_TEST

START_TEST(tags)
{
    const char *const views[] = {"workflow:small", "crew:quality", "session:s1", "tool:a", "tool:named"};
    char id[ID_MAX + 1];
    size_t i;

    create_run("small",
               "{\"crewId\":\"quality\",\"nodes\":[" DEF_SHELL("a", "") "," DEF_SHELL("b", ",\"toolId\":\"named\"") "," DEF_SHELL(
                   "c", ",\"toolId\":\"not an id\"") "]}",
               0, id);
    for (i = 0; i < sizeof(views) / sizeof(views[0]); i++) {
        struct eventlog_query query = {.streams = &views[i], .n_streams = 1};
        struct eventlog *log = NULL;
        struct event **events = NULL;
        int64_t examined;
        int n = 0;

        must(outbox_wait(&store, 10000, &fault));
        must(eventlog_open(&dd, EVENTLOG_READ, NULL, NULL, &log, &fault));
        must(eventlog_read(log, &query, 10, &events, &n, &examined, &fault));
        ck_assert_msg(n == 1, "%s", views[i]);
        ck_assert_str_eq(events[0]->home->org, "default");
        eventlog_events_free(events, n);
        eventlog_close(log);
    }
}
END_TEST

START_TEST(bad_runs)
{
    struct json_object *definition = json_of(DEF_SMALL), *bad = json_of("{\"nodes\":[]}");
    struct run_new run = {.org = "default", .workflow_id = "a b", .definition = definition};
    char id[ID_MAX + 1];

    ck_assert_int_eq(run_create(&store, &run, id, &fault), RS_INVALID);
    run = (struct run_new){.org = "default", .workflow_id = "w", .definition = bad};
    ck_assert_int_eq(run_create(&store, &run, id, &fault), RS_UNPROCESSABLE);
    run = (struct run_new){.org = "default", .workflow_id = "w", .definition = definition, .session_id = "?"};
    ck_assert_int_eq(run_create(&store, &run, id, &fault), RS_INVALID);
    ck_assert_int_eq(count_rows("SELECT COUNT(*) FROM run"), 0);
    ck_assert_int_eq(count_rows("SELECT COUNT(*) FROM outbox"), 0);
    json_object_put(definition);
    json_object_put(bad);
}
END_TEST

START_TEST(long_name)
{
    struct json_object *definition = json_of(DEF_SMALL), *record = NULL;
    char name[RUN_NAME_MAX * 2 + 1], id[ID_MAX + 1];
    struct run_new run = {.org = "default", .workflow_id = "w", .definition = definition, .name = name};
    int i;

    name[0] = 'x';
    for (i = 1; i + 2 < (int)sizeof(name); i += 2)
        memcpy(name + i, "é", 2);
    name[i] = '\0';
    must(run_create(&store, &run, id, &fault));
    must(run_record(&store, NULL, id, &record, &fault));
    ck_assert_uint_eq(strlen(json_get_string(record, "name", "")), RUN_NAME_MAX - 1);
    json_object_put(record);
    json_object_put(definition);
}
END_TEST

/* ---- claims ---- */

START_TEST(claim_order)
{
    char a[ID_MAX + 1], b[ID_MAX + 1], c[ID_MAX + 1];
    struct run_claim claim;

    create_run("w", DEF_SMALL, 0, a);
    create_run("w", DEF_SMALL, 5, b);
    create_run("w", DEF_SMALL, 5, c);
    must(run_claim_next(&store, "me", &claim, &fault));
    ck_assert_str_eq(claim.id, b);
    run_claim_release(&claim);
    must(run_claim_next(&store, "me", &claim, &fault));
    ck_assert_str_eq(claim.id, c);
    run_claim_release(&claim);
    must(run_claim_next(&store, "me", &claim, &fault));
    ck_assert_str_eq(claim.id, a);
    ck_assert_str_eq(status_now(a), "queued");
    run_claim_release(&claim);
    ck_assert_int_eq(run_claim_next(&store, "me", &claim, &fault), RS_NOT_FOUND);
}
END_TEST

START_TEST(claim_by_id)
{
    char id[ID_MAX + 1];
    struct run_claim claim, again;

    create_run("w", DEF_SMALL, 0, id);
    ck_assert_int_eq(run_claim_id(&store, "r_none", "me", &claim, &fault), RS_NOT_FOUND);
    must(run_claim_id(&store, id, "me", &claim, &fault));
    ck_assert_int_eq(run_claim_id(&store, id, "you", &again, &fault), RS_CONFLICT);
    must(run_claim_load(&store, id, claim.fence, &again, &fault));
    ck_assert_str_eq(again.id, id);
    run_claim_release(&again);
    ck_assert_int_eq(run_claim_load(&store, id, claim.fence + 1, &again, &fault), RS_CONFLICT);
    must(run_begin(&store, id, claim.fence, &fault));
    ck_assert_int_eq(run_claim_id(&store, id, "you", &again, &fault), RS_CONFLICT);
    must(run_end(&store, id, claim.fence, RUN_ERROR, NULL, NULL, &fault));
    ck_assert_int_eq(run_claim_load(&store, id, claim.fence, &again, &fault), RS_CONFLICT);
    run_claim_release(&claim);
}
END_TEST

/* Each claim raises the fence, and whoever holds an older one can write nothing. */
START_TEST(fences)
{
    char id[ID_MAX + 1];
    struct run_claim old, claim;
    struct node_change node = {.node_id = "start", .status = NODE_RUNNING};
    enum run_wish wish = RUN_WISH_CANCEL;

    create_run("w", DEF_SMALL, 0, id);
    must(run_claim_id(&store, id, "old", &old, &fault));
    must(db_run(store.db, NULL, &fault, "UPDATE run SET lease = 1", "")); /* it ran out */
    must(run_claim_id(&store, id, "new", &claim, &fault));
    ck_assert_int_eq(claim.fence, old.fence + 1);
    ck_assert_int_eq(run_begin(&store, id, old.fence, &fault), RS_CONFLICT);
    must(run_begin(&store, id, claim.fence, &fault));
    ck_assert_int_eq(run_begin(&store, id, claim.fence, &fault), RS_CONFLICT);
    ck_assert_int_eq(run_lease(&store, id, old.fence, 0, &wish, &fault), RS_CONFLICT);
    must(run_lease(&store, id, claim.fence, 0, &wish, &fault));
    ck_assert_int_eq(wish, RUN_WISH_NONE);
    ck_assert_int_eq(node_move(&store, id, old.fence, &node, &fault), RS_CONFLICT);
    must(node_move(&store, id, claim.fence, &node, &fault));
    ck_assert_int_eq(node_set_pgid(&store, id, old.fence, "start", getpid(), &fault), RS_CONFLICT);
    must(node_set_pgid(&store, id, claim.fence, "start", getpid(), &fault));
    ck_assert_int_eq(run_end(&store, id, old.fence, RUN_ERROR, NULL, NULL, &fault), RS_CONFLICT);
    must(run_end(&store, id, claim.fence, RUN_ERROR, NULL, NULL, &fault));
    ck_assert_int_eq(run_end(&store, id, claim.fence, RUN_ERROR, NULL, NULL, &fault), RS_CONFLICT);
    ck_assert_int_eq(run_lease(&store, id, claim.fence, 0, &wish, &fault), RS_CONFLICT);
    ck_assert_int_eq(node_move(&store, id, claim.fence, &node, &fault), RS_CONFLICT);
    run_claim_release(&old);
    run_claim_release(&claim);
}
END_TEST

#define DEF_ONE_AT_A_TIME "{\"concurrency\":{\"limit\":1,\"onBusy\":\"queue\"},\"nodes\":[" DEF_START "]}"

START_TEST(concurrency)
{
    char a[ID_MAX + 1], b[ID_MAX + 1], other[ID_MAX + 1];
    struct run_claim first, claim;

    create_run("one", DEF_ONE_AT_A_TIME, 0, a);
    create_run("one", DEF_ONE_AT_A_TIME, 0, b);
    create_run("two", DEF_ONE_AT_A_TIME, 0, other);
    must(run_claim_next(&store, "me", &first, &fault));
    ck_assert_str_eq(first.id, a);
    must(run_claim_next(&store, "me", &claim, &fault)); /* already a claim takes the place */
    ck_assert_str_eq(claim.id, other);
    run_claim_release(&claim);
    must(run_begin(&store, a, first.fence, &fault));
    must(db_run(store.db, NULL, &fault, "UPDATE run SET lease = 1 WHERE status = 'running'", ""));
    ck_assert_int_eq(run_claim_next(&store, "me", &claim, &fault), RS_NOT_FOUND);
    must(run_end(&store, a, first.fence, RUN_SUCCESS, NULL, NULL, &fault));
    must(run_claim_next(&store, "me", &claim, &fault));
    ck_assert_str_eq(claim.id, b);
    run_claim_release(&claim);
    run_claim_release(&first);
}
END_TEST

#define N_RUNS 60
#define N_CLAIMERS 4

/* Claims all it can; writes each id as a line. */
static void claim_all(int fd, int ready)
{
    struct run_claim claim;
    struct store mine;
    char line[ID_MAX + 2], go;
    enum rs_err err;
    int n;

    if (store_open(&mine, &dd, "claimer", &fault) != RS_OK || read(ready, &go, 1) != 1)
        _exit(1);
    while ((err = run_claim_next(&mine, "claimer", &claim, &fault)) == RS_OK || err == RS_CONFLICT) {
        if (err == RS_CONFLICT)
            continue;
        n = snprintf(line, sizeof(line), "%s\n", claim.id);
        if (write(fd, line, (size_t)n) != n)
            _exit(2);
        run_claim_release(&claim);
    }
    _exit(err == RS_NOT_FOUND ? 0 : 3);
}

START_TEST(claimed_once)
{
    char ids[N_RUNS][ID_MAX + 1], line[ID_MAX + 2];
    int pipes[2], ready[2], i, k, seen[N_RUNS] = {0}, status, n = 0;
    pid_t pids[N_CLAIMERS];
    FILE *f;

    for (i = 0; i < N_RUNS; i++)
        create_run("w", DEF_SMALL, 0, ids[i]);
    store_release(&store); /* a connection must not go through fork */
    ck_assert_int_eq(pipe(pipes), 0);
    ck_assert_int_eq(pipe(ready), 0);
    for (i = 0; i < N_CLAIMERS; i++) {
        pids[i] = fork();
        ck_assert_int_ge(pids[i], 0);
        if (pids[i] == 0)
            claim_all(pipes[1], ready[0]);
    }
    ck_assert_int_eq(write(ready[1], "gggg", N_CLAIMERS), N_CLAIMERS);
    close(pipes[1]);
    f = fdopen(pipes[0], "r");
    while (fgets(line, sizeof(line), f) != NULL) {
        line[strcspn(line, "\n")] = '\0';
        for (k = 0; k < N_RUNS && strcmp(ids[k], line) != 0; k++)
            ;
        ck_assert_int_lt(k, N_RUNS);
        ck_assert_msg(seen[k]++ == 0, "%s was claimed twice", line);
        n++;
    }
    fclose(f);
    for (i = 0; i < N_CLAIMERS; i++) {
        ck_assert_int_eq(waitpid(pids[i], &status, 0), pids[i]);
        ck_assert_msg(WIFEXITED(status) && WEXITSTATUS(status) == 0, "claimer: %d", status);
    }
    ck_assert_int_eq(n, N_RUNS);
    close(ready[0]);
    close(ready[1]);
    must(store_open(&store, &dd, "test", &fault));
}
END_TEST

/* ---- nodes ---- */

START_TEST(illegal_moves)
{
    struct run_claim claim;
    struct node_change node = {.node_id = "a", .status = NODE_RUNNING, .retried = true};

    begin(&claim);
    ck_assert_int_eq(move(&claim, "nobody", NODE_RUNNING), RS_NOT_FOUND);
    ck_assert_int_eq(move(&claim, "a", NODE_SUCCESS), RS_CONFLICT);
    ck_assert_int_eq(node_move(&store, claim.id, claim.fence, &node, &fault), RS_CONFLICT);
    must(move(&claim, "a", NODE_RUNNING));
    ck_assert_int_eq(move(&claim, "a", NODE_RUNNING), RS_CONFLICT); /* without saying that it is a retry */
    must(node_move(&store, claim.id, claim.fence, &node, &fault));
    must(move(&claim, "a", NODE_WAITING));
    must(move(&claim, "a", NODE_RUNNING));
    must(move(&claim, "a", NODE_ERROR));
    ck_assert_int_eq(move(&claim, "a", NODE_PENDING), RS_CONFLICT);
    ck_assert_int_eq(move(&claim, "a", NODE_RUNNING), RS_CONFLICT);
    events_of(stream_of(claim.id), text, sizeof(text));
    ck_assert_str_eq(text, "run.queued run.started node.started(a) tool.started(a) node.retried(a) node.waiting(a)"
                           " node.started(a) node.failed(a) tool.finished(a) run.progress");
    run_claim_release(&claim);
}
END_TEST

START_TEST(before_it_began)
{
    char id[ID_MAX + 1];
    struct run_claim claim;

    create_run("w", DEF_SMALL, 0, id);
    must(run_claim_id(&store, id, "me", &claim, &fault));
    ck_assert_int_eq(move(&claim, "start", NODE_RUNNING), RS_CONFLICT);
    ck_assert_int_eq(run_end(&store, id, claim.fence, RUN_SUCCESS, NULL, NULL, &fault), RS_CONFLICT);
    must(run_end(&store, id, claim.fence, RUN_ERROR, NULL, NULL, &fault));
    ck_assert_str_eq(status_now(id), "error");
    run_claim_release(&claim);
}
END_TEST

START_TEST(too_large)
{
    struct run_claim claim;
    struct buf b;
    struct json_object *large;
    struct node_change node = {.node_id = "start", .status = NODE_SUCCESS};

    begin(&claim);
    must(move(&claim, "start", NODE_RUNNING));
    buf_init(&b, RUN_OUTPUT_MAX + 10);
    while (b.len < RUN_OUTPUT_MAX)
        buf_puts(&b, "xxxxxxxx");
    large = json_object_new_string_len(b.data, (int)b.len);
    node.output = large;
    ck_assert_int_eq(node_move(&store, claim.id, claim.fence, &node, &fault), RS_LIMIT);
    node.output = NULL;
    node.error = large;
    ck_assert_int_eq(node_move(&store, claim.id, claim.fence, &node, &fault), RS_LIMIT);
    json_object_put(large);
    large = json_object_new_string_len(b.data, RUN_OUTPUT_MAX - 2);
    node = (struct node_change){.node_id = "start", .status = NODE_SUCCESS, .output = large};
    must(node_move(&store, claim.id, claim.fence, &node, &fault));
    /* What was refused left nothing. */
    ck_assert_str_eq(events_of(stream_of(claim.id), text, sizeof(text)),
                     "run.queued run.started node.started(start) node.finished(start) run.progress");
    json_object_put(large);
    buf_release(&b);
    run_claim_release(&claim);
}
END_TEST

START_TEST(tool_words)
{
    static const struct {
        const char *node, *output, *want;
        enum node_status status;
    } cases[] = {
        {"a", "{\"exitCode\":3}", "\"exitCode\":3,\"status\":\"error\"", NODE_ERROR},
        {"b", "{\"exitCode\":3}", "\"exitCode\":3,\"status\":\"completed_with_errors\"", NODE_ERROR},
        {"c", "{\"status\":200}", "\"exitCode\":null,\"status\":\"success\"", NODE_SUCCESS},
        {"d", NULL, "\"exitCode\":null,\"status\":\"error\"", NODE_CANCELLED},
    };
    struct run_claim claim;
    struct json_object *data;
    char id[ID_MAX + 1];
    size_t i;

    create_run("w",
               "{\"nodes\":[" DEF_SHELL("a", "") "," DEF_SHELL("b", ",\"continueOnError\":true") "," DEF_SHELL("c", "") "," DEF_SHELL(
                   "d", "") "," DEF_SHELL("e", "") "]}",
               0, id);
    must(run_claim_id(&store, id, "me", &claim, &fault));
    must(run_begin(&store, id, claim.fence, &fault));
    for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct node_change node = {.node_id = cases[i].node, .status = cases[i].status};

        must(move(&claim, cases[i].node, NODE_RUNNING));
        node.output = cases[i].output != NULL ? json_of(cases[i].output) : NULL;
        must(node_move(&store, id, claim.fence, &node, &fault));
        json_object_put(node.output);
        data = event_of(stream_of(id), "tool.finished");
        ck_assert_msg(strstr(json_text(data, NULL), cases[i].want) != NULL, "%s", json_text(data, NULL));
        ck_assert(json_object_object_get_ex(data, "crewId", NULL));
        json_object_put(data);
    }
    /* Never started: no tool events. */
    must(move(&claim, "e", NODE_SKIPPED));
    events_of(stream_of(id), text, sizeof(text));
    ck_assert_ptr_nonnull(strstr(text, "node.skipped(e)"));
    ck_assert_ptr_null(strstr(text, "tool.finished(e)"));
    run_claim_release(&claim);
}
END_TEST

/* 7 nodes ending in every way: the percentage only grows, by whole numbers, and reaches 100 with the last. */
START_TEST(progress)
{
    static const enum node_status ends[] = {NODE_SUCCESS, NODE_SKIPPED, NODE_ERROR,  NODE_CANCELLED,
                                            NODE_SUCCESS, NODE_SKIPPED, NODE_SUCCESS};
    struct run_claim claim;
    struct json_object *data;
    char id[ID_MAX + 1], node_id[8];
    int64_t last = 0, now;
    int i;

    create_run("w",
               "{\"nodes\":[" DEF_SHELL("n0", "") "," DEF_SHELL("n1", "") "," DEF_SHELL("n2", "") "," DEF_SHELL("n3", "") "," DEF_SHELL(
                   "n4", "") "," DEF_SHELL("n5", "") "," DEF_SHELL("n6", "") "]}",
               0, id);
    must(run_claim_id(&store, id, "me", &claim, &fault));
    must(run_begin(&store, id, claim.fence, &fault));
    for (i = 0; i < 7; i++) {
        snprintf(node_id, sizeof(node_id), "n%d", i);
        if (ends[i] != NODE_SKIPPED)
            must(move(&claim, node_id, NODE_RUNNING));
        must(move(&claim, node_id, ends[i]));
        data = event_of(stream_of(id), "run.progress");
        now = json_get_int(data, "progress", -1);
        json_object_put(data);
        ck_assert_int_eq(now, (i + 1) * 100 / 7);
        ck_assert_int_gt(now, last);
        last = now;
    }
    ck_assert_int_eq(last, 100);
    run_claim_release(&claim);
}
END_TEST

/* What is skipped or stopped because the run ended is told, but is no progress. */
START_TEST(end_with_open_nodes)
{
    struct run_claim claim;
    struct json_object *error = json_of("{\"code\":\"exit\",\"message\":\"exit status 1\",\"nodeId\":\"start\"}"), *record = NULL;

    begin(&claim);
    must(move(&claim, "start", NODE_RUNNING));
    must(move(&claim, "start", NODE_SUCCESS));
    must(move(&claim, "a", NODE_RUNNING));
    must(run_end(&store, claim.id, claim.fence, RUN_ERROR, NULL, error, &fault));
    ck_assert_str_eq(events_of(stream_of(claim.id), text, sizeof(text)),
                     "run.queued run.started node.started(start) node.finished(start) run.progress node.started(a)"
                     " tool.started(a) node.cancelled(a) tool.finished(a) node.skipped(done) run.failed");
    must(run_record(&store, NULL, claim.id, &record, &fault));
    ck_assert_int_eq(json_get_int(record, "progress", -1), 33);
    ck_assert_str_eq(json_text(json_get(record, "error"), NULL), json_text(error, NULL));
    ck_assert_str_eq(json_get_string(json_get(json_get(record, "nodes"), "a"), "status", ""), "cancelled");
    ck_assert_str_eq(json_get_string(json_get(json_get(record, "nodes"), "done"), "status", ""), "skipped");
    json_object_put(record);
    json_object_put(error);
    run_claim_release(&claim);
}
END_TEST

/* ---- cancel ---- */

START_TEST(cancel_queued)
{
    char id[ID_MAX + 1];
    enum run_status status = RUN_QUEUED;
    struct run_claim claim;

    create_run("w", DEF_SMALL, 0, id);
    ck_assert_int_eq(run_cancel(&store, "other", id, &status, &fault), RS_NOT_FOUND);
    ck_assert_int_eq(run_cancel(&store, "default", "r_none", &status, &fault), RS_NOT_FOUND);
    must(run_cancel(&store, "default", id, &status, &fault));
    ck_assert_int_eq(status, RUN_CANCELLED);
    ck_assert_str_eq(events_of(stream_of(id), text, sizeof(text)),
                     "run.queued node.skipped(start) node.skipped(a) node.skipped(done) run.cancelled");
    ck_assert_int_eq(run_claim_next(&store, "me", &claim, &fault), RS_NOT_FOUND);
    ck_assert_int_eq(run_cancel(&store, "default", id, &status, &fault), RS_CONFLICT);
}
END_TEST

START_TEST(cancel_running)
{
    struct run_claim claim;
    enum run_status status = RUN_QUEUED;
    enum run_wish wish = RUN_WISH_NONE;

    begin(&claim);
    must(run_cancel(&store, "default", claim.id, &status, &fault));
    ck_assert_int_eq(status, RUN_RUNNING);
    must(run_cancel(&store, "default", claim.id, &status, &fault)); /* twice is once */
    must(run_lease(&store, claim.id, claim.fence, getpid(), &wish, &fault));
    ck_assert_int_eq(wish, RUN_WISH_CANCEL);
    must(run_end(&store, claim.id, claim.fence, RUN_CANCELLED, NULL, NULL, &fault));
    ck_assert_str_eq(status_now(claim.id), "cancelled");
    ck_assert_int_eq(run_cancel(&store, "default", claim.id, &status, &fault), RS_CONFLICT);
    run_claim_release(&claim);
}
END_TEST

/* Claimed, not begun: its holder is told; when the holder is dead, it is over. */
START_TEST(cancel_claimed)
{
    char id[ID_MAX + 1];
    struct run_claim claim;
    struct run_orphan orphan[2];
    enum run_status status = RUN_QUEUED;
    int n = 0;

    create_run("w", DEF_SMALL, 0, id);
    must(run_claim_id(&store, id, "me", &claim, &fault));
    must(run_cancel(&store, "default", id, &status, &fault));
    ck_assert_int_eq(status, RUN_QUEUED);
    must(db_run(store.db, NULL, &fault, "UPDATE run SET lease = 1", ""));
    run_claim_release(&claim);
    ck_assert_int_eq(run_claim_next(&store, "you", &claim, &fault), RS_NOT_FOUND);
    ck_assert_int_eq(run_claim_id(&store, id, "you", &claim, &fault), RS_CONFLICT);
    must(run_orphans(&store, orphan, 2, &n, &fault));
    ck_assert_int_eq(n, 1);
    must(run_orphan_end(&store, &orphan[0], &became, &fault));
    ck_assert_str_eq(status_now(id), "cancelled");
}
END_TEST

/* ---- orphans ---- */

static int orphans(struct run_orphan ret[4])
{
    int n = -1;

    must(run_orphans(&store, ret, 4, &n, &fault));
    return n;
}

/* A process that lives until told. */
static pid_t sleeper(int *ret_fd)
{
    int fds[2];
    pid_t pid;
    char c;

    ck_assert_int_eq(pipe(fds), 0);
    pid = fork();
    ck_assert_int_ge(pid, 0);
    if (pid == 0) {
        setpgid(0, 0);
        close(fds[1]);
        _exit(read(fds[0], &c, 1) < 0);
    }
    setpgid(pid, pid);
    close(fds[0]);
    *ret_fd = fds[1];
    return pid;
}

static void end_sleeper(pid_t pid, int fd)
{
    int status;

    ck_assert_int_eq(write(fd, "x", 1), 1); /* closing would not do: a later sleeper holds that end too */
    close(fd);
    ck_assert_int_eq(waitpid(pid, &status, 0), pid);
}

START_TEST(orphan_dead_process)
{
    struct run_claim claim;
    struct run_orphan orphan[4], late, none[4];
    struct json_object *record = NULL;
    enum run_wish wish;
    int fd, group_fd;
    pid_t pid = sleeper(&fd), group = sleeper(&group_fd);

    begin(&claim);
    must(run_lease(&store, claim.id, claim.fence, pid, &wish, &fault));
    must(move(&claim, "start", NODE_RUNNING));
    must(move(&claim, "start", NODE_SUCCESS));
    must(move(&claim, "a", NODE_RUNNING));
    must(node_set_pgid(&store, claim.id, claim.fence, "a", group, &fault));
    ck_assert_int_eq(orphans(orphan), 0);
    /* Alive, and its lease run out: it may be late. Far too late: it hangs. */
    must(db_run(store.db, NULL, &fault, "UPDATE run SET lease = $1", "i", clock_wall_ms() - 1000));
    ck_assert_int_eq(orphans(orphan), 0);
    must(db_run(store.db, NULL, &fault, "UPDATE run SET lease = $1", "i", clock_wall_ms() - RUN_STUCK_MS));
    ck_assert_int_eq(orphans(orphan), 1);
    ck_assert_int_eq(orphan[0].pid, pid);
    must(run_lease(&store, claim.id, claim.fence, 0, &wish, &fault));
    ck_assert_int_eq(orphans(orphan), 0);
    /* Dead: at once, whatever the lease says. */
    end_sleeper(pid, fd);
    ck_assert_int_eq(orphans(orphan), 1);
    ck_assert_str_eq(orphan[0].id, claim.id);
    ck_assert_int_eq(orphan[0].pid, 0);
    ck_assert_int_eq(orphan[0].n_pgids, 1);
    ck_assert_int_eq(orphan[0].pgids[0], group);
    /* A number that means another process by now must not be killed. */
    must(db_run(store.db, NULL, &fault, "UPDATE node SET pgid_start = pgid_start + 1 WHERE pgid > 0", ""));
    ck_assert_int_eq(orphans(orphan), 1);
    ck_assert_int_eq(orphan[0].n_pgids, 0);
    end_sleeper(group, group_fd);

    /* Of two that see it one gets it, and until it has ended it is nobody else's orphan. */
    late = orphan[0];
    must(run_orphan_take(&store, &orphan[0], &fault));
    ck_assert_int_eq(run_orphan_take(&store, &late, &fault), RS_CONFLICT);
    ck_assert_int_eq(run_orphan_end(&store, &late, &became, &fault), RS_CONFLICT);
    ck_assert_int_eq(orphans(none), 0);
    must(run_orphan_end(&store, &orphan[0], &became, &fault));
    ck_assert_int_eq(run_orphan_end(&store, &orphan[0], &became, &fault), RS_CONFLICT);
    ck_assert_int_eq(orphans(orphan), 0);
    ck_assert_int_eq(move(&claim, "a", NODE_SUCCESS), RS_CONFLICT);
    must(run_record(&store, NULL, claim.id, &record, &fault));
    ck_assert_str_eq(json_get_string(record, "status", ""), "error");
    ck_assert_str_eq(json_get_string(json_get(record, "error"), "code", ""), "orphaned");
    ck_assert_str_eq(json_get_string(json_get(json_get(json_get(record, "nodes"), "a"), "error"), "code", ""), "orphaned");
    json_object_put(record);
    ck_assert_str_eq(events_of(stream_of(claim.id), text, sizeof(text)),
                     "run.queued run.started node.started(start) node.finished(start) run.progress node.started(a)"
                     " tool.started(a) node.failed(a) tool.finished(a) node.skipped(done) run.failed");
    run_claim_release(&claim);
}
END_TEST

START_TEST(orphan_recycled_pid)
{
    struct run_claim claim;
    struct run_orphan orphan[4];
    enum run_wish wish;

    begin(&claim);
    must(run_lease(&store, claim.id, claim.fence, getpid(), &wish, &fault));
    ck_assert_int_eq(orphans(orphan), 0);
    must(db_run(store.db, NULL, &fault, "UPDATE run SET pid_start = pid_start + 1", ""));
    ck_assert_int_eq(orphans(orphan), 1);
    ck_assert_int_eq(orphan[0].pid, 0);
    run_claim_release(&claim);
}
END_TEST

START_TEST(orphan_elsewhere)
{
    struct run_claim claim;
    struct run_orphan orphan[4];
    enum run_wish wish;

    begin(&claim);
    must(run_lease(&store, claim.id, claim.fence, getpid(), &wish, &fault));
    must(move(&claim, "a", NODE_RUNNING));
    must(node_set_pgid(&store, claim.id, claim.fence, "a", getpid(), &fault));
    must(db_run(store.db, NULL, &fault, "UPDATE run SET place = 'another host'", ""));
    ck_assert_int_eq(orphans(orphan), 0);
    must(db_run(store.db, NULL, &fault, "UPDATE run SET lease = $1", "i", clock_wall_ms() - 1));
    ck_assert_int_eq(orphans(orphan), 1);
    ck_assert_int_eq(orphan[0].pid, 0);
    ck_assert_int_eq(orphan[0].n_pgids, 0);
    run_claim_release(&claim);
}
END_TEST

START_TEST(orphan_cancelled)
{
    struct run_claim claim;
    struct run_orphan orphan[4];
    enum run_status status;

    begin(&claim);
    must(move(&claim, "a", NODE_RUNNING));
    must(run_cancel(&store, NULL, claim.id, &status, &fault));
    must(db_run(store.db, NULL, &fault, "UPDATE run SET lease = 1", ""));
    ck_assert_int_eq(orphans(orphan), 1);
    must(run_orphan_end(&store, &orphan[0], &became, &fault));
    ck_assert_str_eq(status_now(claim.id), "cancelled");
    events_of(stream_of(claim.id), text, sizeof(text));
    ck_assert_ptr_nonnull(strstr(text, "node.cancelled(a)"));
    run_claim_release(&claim);
}
END_TEST

START_TEST(orphan_never_began)
{
    char id[ID_MAX + 1];
    struct run_claim old, claim;
    struct run_orphan orphan[4];
    enum run_wish wish;
    int fd;
    pid_t pid = sleeper(&fd);

    create_run("w", DEF_SMALL, 0, id);
    must(run_claim_id(&store, id, "me", &old, &fault));
    must(run_lease(&store, id, old.fence, pid, &wish, &fault));
    ck_assert_int_eq(orphans(orphan), 0);
    end_sleeper(pid, fd);
    ck_assert_int_eq(orphans(orphan), 1);
    must(run_orphan_end(&store, &orphan[0], &became, &fault));
    ck_assert_str_eq(status_now(id), "queued");
    ck_assert_int_eq(orphans(orphan), 0);
    ck_assert_int_eq(run_begin(&store, id, old.fence, &fault), RS_CONFLICT);
    must(run_claim_next(&store, "you", &claim, &fault));
    ck_assert_str_eq(claim.id, id);
    must(run_begin(&store, id, claim.fence, &fault));
    run_claim_release(&old);
    run_claim_release(&claim);
}
END_TEST

/* ---- lists ---- */

static struct json_object *page(const struct run_filter *filter, int limit, const char *cursor)
{
    struct json_object *answer = NULL;

    must(run_list(&store, filter, limit, cursor, &answer, &fault));
    return answer;
}

START_TEST(pages)
{
    struct run_filter all = {0};
    struct json_object *answer, *items, *item;
    char ids[10][ID_MAX + 1], late[ID_MAX + 1], cursor[40] = "";
    int i, at = 9, n_pages = 0;

    for (i = 0; i < 10; i++)
        create_run(i % 2 ? "odd" : "even", DEF_SMALL, 0, ids[i]);
    /* Newest first; what is added while one turns the pages moves nothing. */
    do {
        answer = page(&all, 3, cursor[0] != '\0' ? cursor : NULL);
        items = json_get_array(answer, "items");
        for (i = 0; i < (int)json_object_array_length(items); i++) {
            item = json_object_array_get_idx(items, (size_t)i);
            ck_assert_str_eq(json_get_string(item, "id", ""), ids[at--]);
            ck_assert_ptr_null(json_get(item, "nodes"));
            ck_assert_ptr_null(json_get(item, "graph"));
            ck_assert(!json_object_object_get_ex(item, "input", NULL));
        }
        snprintf(cursor, sizeof(cursor), "%s", json_get_string(answer, "next", ""));
        json_object_put(answer);
        create_run("late", DEF_SMALL, 0, late);
        n_pages++;
    } while (cursor[0] != '\0');
    ck_assert_int_eq(at, -1);
    ck_assert_int_eq(n_pages, 4);
}
END_TEST

static int n_filtered(struct run_filter filter)
{
    struct json_object *answer = page(&filter, 100, NULL);
    int n = (int)json_object_array_length(json_get_array(answer, "items"));

    ck_assert(json_object_object_get_ex(answer, "next", NULL) && json_get(answer, "next") == NULL);
    json_object_put(answer);
    return n;
}

static int n_listed(const char *org, const char *workflow_id, const char *status)
{
    return n_filtered((struct run_filter){.org = org, .workflow_id = workflow_id, .status = status});
}

START_TEST(filters)
{
    struct run_filter filter = {.status = "asleep"};
    struct json_object *answer = NULL;
    enum run_status status;
    char id[ID_MAX + 1];

    create_run("a", DEF_SMALL, 0, id);
    create_run("a", DEF_SMALL, 0, id);
    create_run("b", DEF_SMALL, 0, id);
    must(run_cancel(&store, NULL, id, &status, &fault));
    ck_assert_int_eq(n_listed(NULL, NULL, NULL), 3);
    ck_assert_int_eq(n_listed("default", NULL, NULL), 3);
    ck_assert_int_eq(n_listed("other", NULL, NULL), 0);
    ck_assert_int_eq(n_listed("default", "a", NULL), 2);
    ck_assert_int_eq(n_listed(NULL, "b", "cancelled"), 1);
    ck_assert_int_eq(n_listed(NULL, NULL, "queued"), 2);
    ck_assert_int_eq(n_listed("default", "a", "cancelled"), 0);
    ck_assert_int_eq(n_filtered((struct run_filter){.text = id}), 1);
    ck_assert_int_eq(n_filtered((struct run_filter){.text = "%"}), 0);
    ck_assert_int_eq(n_filtered((struct run_filter){.text = id, .status = "queued"}), 0);
    ck_assert_int_eq(n_filtered((struct run_filter){.kind = "manual"}), 3);
    ck_assert_int_eq(n_filtered((struct run_filter){.kind = "scrape"}), 0);
    ck_assert_int_eq(n_filtered((struct run_filter){.crew_id = "nobody"}), 0);
    ck_assert_int_eq(n_filtered((struct run_filter){.from_ms = clock_wall_ms() - 60000}), 3);
    ck_assert_int_eq(n_filtered((struct run_filter){.from_ms = clock_wall_ms() + 60000}), 0);
    ck_assert_int_eq(run_list(&store, &filter, 10, NULL, &answer, &fault), RS_INVALID);
    filter.status = NULL;
    ck_assert_int_eq(run_list(&store, &filter, 10, "x", &answer, &fault), RS_INVALID);
    ck_assert_int_eq(run_list(&store, &filter, 10, "-1", &answer, &fault), RS_INVALID);
    ck_assert_int_eq(run_list(&store, &filter, 10, "99999999999999999999", &answer, &fault), RS_INVALID);
    ck_assert_ptr_null(answer);
}
END_TEST

START_TEST(runners)
{
    int n = -1;

    must(runner_count_alive(&store, &n, &fault));
    ck_assert_int_eq(n, 0);
    must(runner_alive(&store, "one", &fault));
    must(runner_alive(&store, "one", &fault));
    must(runner_alive(&store, "two", &fault));
    must(runner_count_alive(&store, &n, &fault));
    ck_assert_int_eq(n, 2);
    must(db_run(store.db, NULL, &fault, "UPDATE runner SET seen = seen - 15001 WHERE id = 'two'", ""));
    must(runner_count_alive(&store, &n, &fault));
    ck_assert_int_eq(n, 1);
    must(runner_gone(&store, "one", &fault));
    must(runner_count_alive(&store, &n, &fault));
    ck_assert_int_eq(n, 0);
}
END_TEST

static Suite *suite(void)
{
    Suite *s = suite_create("run");
    TCase *c = tcase_create("run");

    tcase_add_checked_fixture(c, model_setup, model_teardown);
    tcase_set_timeout(c, 60);
    tcase_add_test(c, run_table);
    tcase_add_test(c, node_table);
    tcase_add_test(c, whole);
    tcase_add_test(c, tags);
    tcase_add_test(c, bad_runs);
    tcase_add_test(c, long_name);
    tcase_add_test(c, claim_order);
    tcase_add_test(c, claim_by_id);
    tcase_add_test(c, fences);
    tcase_add_test(c, concurrency);
    tcase_add_test(c, claimed_once);
    tcase_add_test(c, illegal_moves);
    tcase_add_test(c, before_it_began);
    tcase_add_test(c, too_large);
    tcase_add_test(c, tool_words);
    tcase_add_test(c, progress);
    tcase_add_test(c, end_with_open_nodes);
    tcase_add_test(c, cancel_queued);
    tcase_add_test(c, cancel_running);
    tcase_add_test(c, cancel_claimed);
    tcase_add_test(c, orphan_dead_process);
    tcase_add_test(c, orphan_recycled_pid);
    tcase_add_test(c, orphan_elsewhere);
    tcase_add_test(c, orphan_cancelled);
    tcase_add_test(c, orphan_never_began);
    tcase_add_test(c, pages);
    tcase_add_test(c, filters);
    tcase_add_test(c, runners);
    suite_add_tcase(s, c);
    return s;
}

UNIT_MAIN(suite)
