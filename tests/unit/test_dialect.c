/* The native endpoint and the workflow console: what each event gives, and opening states. */
#include "tests/unit/dialect_help.h"

#define TIME_MS 1795359845123
#define TIME "2026-11-22T15:04:05.123Z"

static const struct endpoint *endpoint_named(const char *pattern)
{
    for (unsigned i = 0; i < n_endpoints; i++)
        if (strcmp(endpoints[i].path, pattern) == 0)
            return &endpoints[i];
    ck_abort_msg("no endpoint %s", pattern);
    return NULL;
}

/* The one message of an event as event 12 of run r1, or NULL; owned. */
static char *project(const char *pattern, const char *param, const char *stream, const char *type, const char *data)
{
    char *names[] = {(char *)(strncmp(pattern, "/scraping", 9) == 0 ? "tool:web" : "run:r1")};
    struct feed feed = {.endpoint = endpoint_named(pattern), .streams = names, .n_streams = 1};
    snprintf(feed.param, sizeof(feed.param), "%s", param);
    struct home *home = home_new(stream, "default", NULL, 0);
    struct event *ev = event_new(12, 3, TIME_MS, home, type, data, strlen(data));
    struct dialect_out out;
    dialect_out_init(&out);
    dialect_out_reset(&out, 12);
    ck_assert_ok(feed.endpoint->project(&feed, ev, &out));
    ck_assert_int_le(out.n, 1);
    char *text = out.n ? strndup(out.text.data + out.at[0].start, out.at[0].len) : NULL;
    dialect_out_release(&out);
    event_unref(ev);
    home_unref(home);
    return text;
}

static void assert_projects(const char *pattern, const char *param, const char *type, const char *data,
                            const char *want)
{
    char *got = project(pattern, param, "run:r1", type, data);
    if (!want)
        ck_assert_msg(got == NULL, "%s gives %s", type, got);
    else
        ck_assert_msg(got && same_json(got, want), "%s gives %s instead of %s", type, got ? got : "nothing", want);
    free(got);
}

START_TEST(native_gives_every_event_as_it_is)
{
    assert_projects("", "", "custom.type_x", "{\"a\":[1,{\"b\":null}]}",
                    "{\"id\":\"12\",\"stream\":\"run:r1\",\"seq\":3,\"type\":\"custom.type_x\",\"time\":\"" TIME
                    "\",\"org\":\"default\",\"data\":{\"a\":[1,{\"b\":null}]}}");
}
END_TEST

#define RUN_HEAD "{\"type\":\"workflow_status\",\"id\":\"12\",\"runId\":\"r1\",\"timestamp\":\"" TIME "\",\"status\":"
#define NODE_HEAD                                                                                                      \
    "{\"type\":\"node_status\",\"id\":\"12\",\"runId\":\"r1\",\"nodeId\":\"n\",\"timestamp\":\"" TIME "\",\"status\":"

START_TEST(status_words)
{
    static const struct {
        const char *type, *data, *want;
    } rows[] = {
        {"run.queued", "{\"status\":\"queued\"}", RUN_HEAD "\"queued\"}"},
        {"run.started", "{}", RUN_HEAD "\"running\"}"},
        {"run.paused", "{}", RUN_HEAD "\"paused\"}"},
        {"run.resumed", "{}", RUN_HEAD "\"running\"}"},
        {"run.resumed", "{\"status\":\"queued\"}", RUN_HEAD "\"queued\"}"},
        {"run.resumed", "{\"status\":\"nonsense\"}", RUN_HEAD "\"running\"}"},
        {"run.retried", "{\"status\":\"queued\"}", RUN_HEAD "\"queued\"}"},
        {"run.finished", "{\"status\":\"success\",\"output\":{\"a\":1}}", RUN_HEAD "\"success\"}"},
        {"run.failed", "{\"error\":{\"code\":\"exit\",\"message\":\"exit status 3\",\"nodeId\":\"n\"}}",
         RUN_HEAD "\"error\",\"error\":\"exit status 3\"}"},
        {"run.failed", "{}", RUN_HEAD "\"error\",\"error\":\"failed\"}"},
        {"run.cancelled", "{}", RUN_HEAD "\"cancelled\"}"},
        {"run.progress", "{\"progress\":50}", NULL},
        {"node.started", "{\"nodeId\":\"n\"}", NODE_HEAD "\"running\"}"},
        {"node.progress", "{\"nodeId\":\"n\",\"message\":\"half\"}", NODE_HEAD "\"running\",\"message\":\"half\"}"},
        {"node.waiting", "{\"nodeId\":\"n\"}", NODE_HEAD "\"running\"}"},
        {"node.retried", "{\"nodeId\":\"n\"}", NODE_HEAD "\"running\"}"},
        {"node.finished", "{\"nodeId\":\"n\",\"output\":{\"x\":[1]},\"durationMs\":7}",
         NODE_HEAD "\"success\",\"output\":{\"x\":[1]},\"durationMs\":7}"},
        {"node.finished", "{\"nodeId\":\"n\",\"output\":null,\"error\":null,\"durationMs\":0}",
         NODE_HEAD "\"success\",\"durationMs\":0}"},
        {"node.failed", "{\"nodeId\":\"n\",\"error\":{\"message\":\"b\\u0001\\\"\"}}",
         NODE_HEAD "\"error\",\"error\":\"b\\u0001\\\"\"}"},
        {"node.failed", "{\"nodeId\":\"n\",\"error\":\"as text\"}", NODE_HEAD "\"error\",\"error\":\"as text\"}"},
        {"node.skipped", "{\"nodeId\":\"n\"}", NODE_HEAD "\"skipped\"}"},
        {"node.cancelled", "{\"nodeId\":\"n\",\"error\":{\"code\":\"cancelled\",\"message\":\"was cancelled\"}}",
         NODE_HEAD "\"error\",\"error\":\"cancelled\"}"},
        {"node.started", "{}", NULL},
        {"node.started", "{\"nodeId\":7}", NULL},
        {"node.unheard", "{\"nodeId\":\"n\"}", NULL},
        {"log", "{\"message\":\"x\"}", NULL},
    };
    for (unsigned i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        assert_projects("/workflows/{runId}", "r1", rows[i].type, rows[i].data, rows[i].want);
}
END_TEST

#define LOG(level, message, node)                                                                                      \
    "{\"type\":\"log\",\"id\":\"12\",\"level\":\"" level "\",\"message\":\"" message "\",\"nodeId\":" node             \
    ",\"timestamp\":\"" TIME "\"}"

START_TEST(log_levels)
{
    static const struct {
        const char *type, *data, *want;
    } rows[] = {
        {"log", "{\"level\":\"error\",\"message\":\"m\",\"nodeId\":\"n\",\"source\":\"stdout\"}",
         LOG("info", "m", "\"n\"")},
        {"log", "{\"level\":\"info\",\"message\":\"m\",\"nodeId\":\"n\",\"source\":\"stderr\"}",
         LOG("warning", "m", "\"n\"")},
        {"log", "{\"level\":\"error\",\"message\":\"m\",\"source\":\"runner\"}", LOG("error", "m", "null")},
        {"log", "{\"level\":\"warn\",\"message\":\"m\"}", LOG("warning", "m", "null")},
        {"log", "{\"level\":\"success\",\"message\":\"m\"}", LOG("success", "m", "null")},
        {"log", "{\"level\":\"debug\",\"message\":\"m\"}", LOG("info", "m", "null")},
        {"log", "{\"message\":\"a\\u0000b\\u001b[31m\"}", LOG("info", "a\\u0000b\\u001b[31m", "null")},
        {"log", "{\"message\":7}", LOG("info", "7", "null")},
        {"log", "{}", LOG("info", "", "null")},
        {"log.dropped", "{\"count\":41}", LOG("warning", "41 log lines were dropped", "null")},
        {"node.finished", "{\"nodeId\":\"n\",\"durationMs\":1250}", LOG("success", "n finished in 1.2 s", "\"n\"")},
        {"node.finished", "{\"nodeId\":\"n\"}", LOG("success", "n finished", "\"n\"")},
        {"node.failed", "{\"nodeId\":\"n\",\"error\":{\"message\":\"exit status 3\"}}",
         LOG("error", "n failed: exit status 3", "\"n\"")},
        {"node.failed", "{\"nodeId\":\"n\"}", LOG("error", "n failed", "\"n\"")},
        {"node.started", "{\"nodeId\":\"n\"}", NULL},
        {"node.cancelled", "{\"nodeId\":\"n\"}", NULL},
        {"run.failed", "{\"error\":{\"message\":\"x\"}}", NULL},
    };
    for (unsigned i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        assert_projects("/workflows/{runId}/logs", "r1", rows[i].type, rows[i].data, rows[i].want);
}
END_TEST

#define SCRAPE(url, status, items, progress, preview)                                                                  \
    "{\"type\":\"scraping_progress\",\"id\":\"12\",\"toolId\":\"web\","                                                \
    "\"url\":\"" url "\",\"status\":\"" status "\",\"items\":" items ",\"progress\":" progress                          \
    ",\"runId\":\"r1\",\"preview\":" preview ",\"timestamp\":\"" TIME "\"}"

START_TEST(scraping_of_one_tool_only)
{
    static const struct {
        const char *data, *want;
    } rows[] = {
        {"{\"toolId\":\"web\",\"url\":\"http://a/"
         "\",\"status\":\"success\",\"items\":3,\"progress\":100,\"preview\":[1,2]}",
         SCRAPE("http://a/", "success", "3", "100", "[1,2]")},
        {"{\"toolId\":\"web\"}", SCRAPE("", "scraping", "0", "0", "[]")},
        {"{\"toolId\":\"web\",\"items\":[1,2],\"progress\":250,\"status\":\"nonsense\"}",
         SCRAPE("", "scraping", "2", "100", "[]")},
        {"{\"toolId\":\"web\",\"progress\":-3}", SCRAPE("", "scraping", "0", "0", "[]")},
        {"{\"toolId\":\"web\",\"progress\":49.9,\"status\":\"pending\"}", SCRAPE("", "pending", "0", "49", "[]")},
        {"{\"toolId\":\"other\"}", NULL},
        {"{}", NULL},
    };
    for (unsigned i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        assert_projects("/scraping/{toolId}", "web", "scrape.progress", rows[i].data, rows[i].want);
    assert_projects("/scraping/{toolId}", "web", "log", "{\"toolId\":\"web\"}", NULL);
    /* Emitted to the tool's own stream it need not say so. */
    char *got = project("/scraping/{toolId}", "web", "tool:web", "scrape.progress", "{}");
    ck_assert_ptr_nonnull(got);
    free(got);
}
END_TEST

#define STREAM "/api/workflow/stream"
#define ASSISTANT(event, step, node, message, latency, data)                                                            \
    "{\"event\":\"" event "\",\"id\":\"12\",\"step\":" step ",\"node\":" node ",\"message\":\"" message                    \
    "\",\"latency\":" latency ",\"data\":" data "}"

START_TEST(assistant_events)
{
    assert_projects(STREAM, "r1", "run.started", "{\"name\":\"A\",\"workflowId\":\"w\",\"attempt\":2}",
                    ASSISTANT("workflow_start", "null", "null", "A started", "null",
                              "{\"runId\":\"r1\",\"workflowId\":\"w\",\"attempt\":2}"));
    assert_projects(STREAM, "r1", "node.started", "{\"nodeId\":\"input\",\"kind\":\"normalize\"}",
                    ASSISTANT("step_start", "\"input_reception\"", "\"input\"", "input_reception started", "null",
                              "{\"kind\":\"normalize\"}"));
    assert_projects(STREAM, "r1", "node.cancelled", "{\"nodeId\":\"n\",\"durationMs\":7}",
                    ASSISTANT("step_error", "\"n\"", "\"n\"", "cancelled", "7",
                              "{\"status\":\"cancelled\",\"error\":null}"));
    assert_projects(STREAM, "r1", "tool.finished",
                    "{\"nodeId\":\"n\",\"tool\":\"t\",\"callId\":\"c\",\"status\":\"error\"}",
                    ASSISTANT("tool_result", "\"n\"", "\"t\"", "failed", "null",
                              "{\"callId\":\"c\",\"success\":false,\"output\":null,\"error\":\"failed\"}"));
    static const char *const silent[] = {"run.queued",  "run.progress", "node.progress",  "node.skipped", "node.waiting",
                                         "node.started", "agent.delta",  "tool.started",   "log",          "custom.type"};
    for (size_t i = 0; i < sizeof silent / sizeof *silent; i++)
        assert_projects(STREAM, "r1", silent[i], "{}", NULL);
    assert_projects(STREAM, "r1", "agent.delta", "{\"nodeId\":\"n\",\"delta\":\"x\"}", NULL);
    assert_projects(STREAM, "r1", "tool.started", "{\"nodeId\":\"n\",\"tool\":\"t\"}", NULL);
}
END_TEST

START_TEST(paths_are_matched)
{
    struct path_params params;
    ck_assert(endpoint_find("", &params)->native);
    ck_assert_str_eq(endpoint_find("/workflows/r_1", &params)->path, "/workflows/{runId}");
    ck_assert_str_eq(path_param(&params, "runId"), "r_1");
    ck_assert_str_eq(endpoint_find("/workflows/r_1/logs", &params)->path, "/workflows/{runId}/logs");
    ck_assert_str_eq(endpoint_find("/scraping/web", &params)->path, "/scraping/{toolId}");
    ck_assert_ptr_nonnull(endpoint_find("/workflows", &params)->topic);
    ck_assert_ptr_null(endpoint_find("/workflows/r_1/log", &params));
    ck_assert_ptr_null(endpoint_find("/nonsense", &params));
    for (unsigned i = 0; i < n_endpoints; i++)
        ck_assert_int_gt(strlen(endpoints[i].description), 0);
}
END_TEST

static enum rs_err try_open(const char *path)
{
    struct path_params params;
    struct feed *feed = NULL;
    const struct endpoint *endpoint = endpoint_find(path, &params);
    ck_assert_ptr_nonnull(endpoint);
    enum rs_err err = feed_open(endpoint, &params, NULL, 0, &instance.store, "default", &feed, NULL);
    feed_free(feed);
    return err;
}

START_TEST(unknown_runs_and_bad_ids_are_refused)
{
    char path[256], longest[ID_MAX + 2];
    ck_assert_int_eq(try_open("/workflows/r_nobody"), RS_NOT_FOUND);
    ck_assert_int_eq(try_open("/workflows/r_nobody/logs"), RS_NOT_FOUND);
    ck_assert_int_eq(try_open("/workflows/a b"), RS_INVALID);
    ck_assert_int_eq(try_open("/scraping/a:b"), RS_INVALID);
    memset(longest, 'x', ID_MAX + 1);
    longest[ID_MAX + 1] = '\0';
    snprintf(path, sizeof(path), "/scraping/%s", longest);
    ck_assert_int_eq(try_open(path), RS_INVALID);
    longest[ID_MAX] = '\0';
    snprintf(path, sizeof(path), "/scraping/%s", longest);
    ck_assert_ok(try_open(path));
}
END_TEST

/* A run of two nodes, queued in the database, with nothing but what the test appends in the log. */
static char run_id[ID_MAX + 1], run_stream[STREAM_MAX], status_path[256], logs_path[256];

static void make_run(void)
{
    struct fault fault = {0};
    struct json_object *definition =
        parse("{\"id\":\"w\",\"nodes\":[{\"id\":\"one\",\"type\":\"trigger\",\"data\":{\"kind\":\"manual\"}},"
              "{\"id\":\"two\",\"type\":\"tool\",\"data\":{\"kind\":\"shell\",\"command\":[\"true\"]}}],"
              "\"edges\":[{\"id\":\"e\",\"source\":\"one\",\"target\":\"two\"}]}");
    struct run_new run = {.org = "default", .workflow_id = "w", .definition = definition};
    ck_assert_msg(run_create(&instance.store, &run, run_id, &fault) == RS_OK, "%s", fault.message);
    ck_assert_msg(outbox_wait(&instance.store, 5000, &fault) == RS_OK, "%s", fault.message);
    json_object_put(definition);
    snprintf(run_stream, sizeof(run_stream), "run:%s", run_id);
    snprintf(status_path, sizeof(status_path), "/workflows/%s", run_id);
    snprintf(logs_path, sizeof(logs_path), "/workflows/%s/logs", run_id);
}

/* The opening of a path; owned. */
static struct json_object *opening(const char *path)
{
    static struct taken taken;
    struct feed *feed = open_path(path);
    start_feed(feed, "", &taken);
    ck_assert_int_eq(taken.n, 1);
    struct json_object *message = parse(taken.at[0].json);
    ck_assert_str_eq(json_get_string(message, "type", ""), "connected");
    ck_assert_str_eq(json_get_string(message, "id", ""), taken.at[0].id);
    taken_clear(&taken);
    read_feed(feed, 10, &taken);
    ck_assert_msg(taken.n == 0, "after the opening came %s", taken.at[0].json);
    feed_free(feed);
    return message;
}

static void assert_node(struct json_object *message, const char *node_id, const char *status, bool started,
                        bool finished, const char *error)
{
    struct json_object *node = json_get(json_get(message, "nodes"), node_id);
    ck_assert_ptr_nonnull(node);
    ck_assert_str_eq(json_get_string(node, "status", ""), status);
    ck_assert_int_eq(json_get(node, "startedAt") != NULL, started);
    ck_assert_int_eq(json_get(node, "finishedAt") != NULL, finished);
    if (error)
        ck_assert_str_eq(json_get_string(node, "error", "none"), error);
    else
        ck_assert_ptr_null(json_get(node, "error"));
}

START_TEST(opening_status_folds_the_log)
{
    make_run();
    struct json_object *message = opening(status_path);
    ck_assert_str_eq(json_get_string(message, "runId", ""), run_id);
    ck_assert_str_eq(json_get_string(message, "workflowId", ""), "w");
    ck_assert_str_eq(json_get_string(message, "status", ""), "queued");
    assert_node(message, "one", "pending", false, false, NULL);
    assert_node(message, "two", "pending", false, false, NULL);
    ck_assert_int_eq(json_object_object_length(json_get(message, "nodes")), 2);
    json_object_put(message);
    static const struct {
        const char *type, *data, *status, *one, *two, *two_error;
        bool two_started, two_finished;
    } steps[] = {
        {"run.started", "{}", "running", "pending", "pending", NULL, false, false},
        {"node.started", "{\"nodeId\":\"one\"}", "running", "running", "pending", NULL, false, false},
        {"node.finished", "{\"nodeId\":\"one\"}", "running", "success", "pending", NULL, false, false},
        {"node.started", "{\"nodeId\":\"two\"}", "running", "success", "running", NULL, true, false},
        {"log", "{\"message\":\"x\"}", "running", "success", "running", NULL, true, false},
        {"node.waiting", "{\"nodeId\":\"two\"}", "running", "success", "waiting", NULL, true, false},
        {"run.progress", "{\"progress\":50}", "running", "success", "waiting", NULL, true, false},
        {"node.retried", "{\"nodeId\":\"two\"}", "running", "success", "running", NULL, true, false},
        {"node.failed", "{\"nodeId\":\"two\",\"error\":{\"message\":\"no\"}}", "running", "success", "error", "no",
         true, true},
        {"run.failed", "{\"error\":{\"message\":\"no\"}}", "error", "success", "error", "no", true, true},
        {"run.resumed", "{\"status\":\"queued\"}", "queued", "success", "pending", NULL, false, false},
        {"run.started", "{}", "running", "success", "pending", NULL, false, false},
        {"node.cancelled", "{\"nodeId\":\"two\"}", "running", "success", "cancelled", "cancelled", false, true},
        {"run.cancelled", "{}", "cancelled", "success", "cancelled", "cancelled", false, true},
        {"run.retried", "{\"status\":\"queued\"}", "queued", "pending", "pending", NULL, false, false},
        {"node.finished", "{\"nodeId\":\"one\"}", "queued", "success", "pending", NULL, false, false},
        {"node.failed", "{\"nodeId\":\"two\",\"error\":{\"message\":\"no\"}}", "queued", "success", "error", "no",
         false, true},
        {"run.failed", "{\"error\":{\"message\":\"no\"}}", "error", "success", "error", "no", false, true},
        /* It names what is started again: two failed and was allowed to. */
        {"run.resumed", "{\"status\":\"queued\",\"nodes\":[\"one\"]}", "queued", "pending", "error", "no", false, true},
    };
    for (unsigned i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) {
        append_event(run_stream, steps[i].type, steps[i].data);
        message = opening(status_path);
        ck_assert_str_eq(json_get_string(message, "status", ""), steps[i].status);
        struct json_object *nodes = json_get(message, "nodes");
        ck_assert_str_eq(json_get_string(json_get(nodes, "one"), "status", ""), steps[i].one);
        assert_node(message, "two", steps[i].two, steps[i].two_started, steps[i].two_finished, steps[i].two_error);
        json_object_put(message);
    }
}
END_TEST

/* Whatever the moment: what comes after the opening's id is exactly what the opening does not include. */
START_TEST(opening_id_is_its_position)
{
    make_run();
    static const char *const types[] = {"run.started", "node.started",  "log",         "run.progress",
                                        "log",         "node.finished", "run.finished"};
    enum { N = sizeof(types) / sizeof(types[0]) };
    const char *paths[] = {status_path, logs_path};
    struct json_object *opened[2][N];
    static struct taken whole[2], rest;
    int before[2][N]; /* messages up to that moment */
    for (int i = 0; i < N; i++) {
        append_event("run:other", "log", "{}"); /* the head is not the run's */
        append_event(run_stream, types[i], "{\"nodeId\":\"one\",\"message\":\"x\"}");
        if (i % 2)
            append_event("run:other", "log", "{}");
        for (int p = 0; p < 2; p++) {
            struct feed *feed = open_path(paths[p]);
            opened[p][i] = opening(paths[p]);
            start_feed(feed, "start", &whole[p]);
            taken_clear(&whole[p]);
            read_feed(feed, 10, &whole[p]);
            before[p][i] = whole[p].n;
            feed_free(feed);
        }
    }
    for (int p = 0; p < 2; p++) {
        for (int i = 0; i < N; i++) {
            struct feed *feed = open_path(paths[p]);
            start_feed(feed, json_get_string(opened[p][i], "id", ""), &rest);
            read_feed(feed, 3, &rest);
            ck_assert_int_eq(rest.n, whole[p].n - before[p][i]);
            for (int m = 0; m < rest.n; m++)
                ck_assert_str_eq(rest.at[m].json, whole[p].at[before[p][i] + m].json);
            ck_assert(ended(feed));
            if (p == 1) {
                struct json_object *logs = json_get_array(opened[p][i], "logs");
                ck_assert_uint_eq(json_object_array_length(logs), (size_t)before[p][i]);
                for (int m = 0; m < before[p][i]; m++)
                    ck_assert(
                        same_json(json_text(json_object_array_get_idx(logs, (size_t)m), NULL), whole[p].at[m].json));
            }
            taken_clear(&rest);
            feed_free(feed);
            json_object_put(opened[p][i]);
        }
        taken_clear(&whole[p]);
    }
}
END_TEST

static void append_logs(int n)
{
    enum { BATCH = 500 };
    static struct eventlog_entry entries[BATCH];
    for (int i = 0; i < n; i += BATCH) {
        for (int k = 0; k < BATCH; k++)
            entries[k] = (struct eventlog_entry){
                .stream = run_stream, .type = "log", .data = "{\"message\":\"x\"}", .data_len = 15, .time_ms = TIME_MS};
        ck_assert_ok(eventlog_append(instance.log, entries, BATCH, NULL));
        for (int k = 0; k < BATCH; k++)
            event_unref(entries[k].event);
    }
}

START_TEST(opening_logs_are_the_newest_10000)
{
    make_run();
    append_logs(10500);
    struct json_object *message = opening(logs_path), *logs = json_get_array(message, "logs");
    ck_assert_uint_eq(json_object_array_length(logs), 10000);
    int64_t first = strtoll(json_get_string(json_object_array_get_idx(logs, 0), "id", ""), NULL, 10);
    int64_t last = strtoll(json_get_string(json_object_array_get_idx(logs, 9999), "id", ""), NULL, 10);
    ck_assert_int_eq(last - first, 9999);
    ck_assert_str_eq(json_get_string(message, "id", ""),
                     json_get_string(json_object_array_get_idx(logs, 9999), "id", ""));
    json_object_put(message);
}
END_TEST

START_TEST(opening_logs_of_huge_lines_leave_out_the_oldest)
{
    make_run();
    size_t len = 500000;
    char *data = malloc(len + 1);
    ck_assert_ptr_nonnull(data);
    int at = snprintf(data, len, "{\"message\":\"");
    memset(data + at, 'x', len - (size_t)at - 2);
    memcpy(data + len - 2, "\"}", 3);
    int64_t last = 0;
    for (int i = 0; i < 30; i++)
        last = append_event(run_stream, "log", data);
    free(data);
    struct json_object *message = opening(logs_path), *logs = json_get_array(message, "logs");
    size_t n = json_object_array_length(logs);
    ck_assert_uint_gt(n, 5);
    ck_assert_uint_lt(n, 30);
    ck_assert_int_eq(strtoll(json_get_string(json_object_array_get_idx(logs, n - 1), "id", ""), NULL, 10), last);
    json_object_put(message);
}
END_TEST

/* The database says what the log no longer can. */
START_TEST(opening_status_falls_back_on_the_record)
{
    make_run();
    struct fault fault = {0};
    struct run_claim claim;
    ck_assert_msg(run_claim_id(&instance.store, run_id, "test", &claim, &fault) == RS_OK, "%s", fault.message);
    ck_assert_ok(run_begin(&instance.store, run_id, claim.fence, &fault));
    struct node_change change = {.node_id = "one", .status = NODE_RUNNING, .attempt = 1};
    ck_assert_ok(node_move(&instance.store, run_id, claim.fence, &change, &fault));
    change.status = NODE_SUCCESS;
    ck_assert_ok(node_move(&instance.store, run_id, claim.fence, &change, &fault));
    struct json_object *error = parse("{\"code\":\"timeout\",\"message\":\"too slow\"}");
    ck_assert_msg(run_end(&instance.store, run_id, claim.fence, RUN_ERROR, NULL, error, &fault) == RS_OK, "%s",
                  fault.message);
    ck_assert_ok(outbox_wait(&instance.store, 5000, &fault));
    json_object_put(error);
    run_claim_release(&claim);
    struct json_object *full = opening(status_path);
    ck_assert_str_eq(json_get_string(full, "status", ""), "error");
    ck_assert_str_eq(json_get_string(full, "error", ""), "too slow");
    assert_node(full, "one", "success", true, true, NULL);
    struct eventlog_stream stream;
    ck_assert_ok(eventlog_stream(instance.log, run_stream, &stream, &fault));
    trim_log(run_stream, stream.last_id);
    struct json_object *trimmed = opening(status_path);
    ck_assert_str_eq(json_get_string(trimmed, "status", ""), "error");
    ck_assert_str_eq(json_get_string(trimmed, "error", ""), "too slow");
    assert_node(trimmed, "one", "success", true, true, NULL);
    assert_node(trimmed, "two", "skipped", false, true, NULL);
    ck_assert_int_eq(json_object_object_length(json_get(trimmed, "nodes")), 2);
    struct feed *feed = open_path(status_path);
    static struct taken taken;
    start_feed(feed, "", &taken);
    ck_assert(ended(feed));
    taken_clear(&taken);
    feed_free(feed);
    json_object_put(full);
    json_object_put(trimmed);
}
END_TEST

START_TEST(opening_scraping_is_empty_and_stands_at_the_head)
{
    int64_t head = append_event("run:other", "log", "{}");
    append_event("tool:web", "scrape.progress", "{\"items\":1}");
    struct json_object *message = opening("/scraping/web");
    ck_assert_str_eq(json_get_string(message, "toolId", ""), "web");
    ck_assert_int_eq(strtoll(json_get_string(message, "id", ""), NULL, 10), head + 1);
    static struct taken taken;
    struct feed *feed = open_path("/scraping/web");
    start_feed(feed, json_get_string(message, "id", ""), &taken);
    append_event("tool:web", "scrape.progress", "{\"items\":2}");
    read_feed(feed, 10, &taken);
    ck_assert_int_eq(taken.n, 1);
    taken_clear(&taken);
    feed_free(feed);
    json_object_put(message);
}
END_TEST

static Suite *suite(void)
{
    Suite *s = suite_create("dialect");
    TCase *tables = tcase_create("tables");
    tcase_add_test(tables, native_gives_every_event_as_it_is);
    tcase_add_test(tables, status_words);
    tcase_add_test(tables, log_levels);
    tcase_add_test(tables, scraping_of_one_tool_only);
    tcase_add_test(tables, assistant_events);
    tcase_add_test(tables, paths_are_matched);
    suite_add_tcase(s, tables);
    TCase *tc = tcase_create("openings");
    tcase_set_timeout(tc, 60);
    tcase_add_checked_fixture(tc, instance_setup, instance_teardown);
    tcase_add_test(tc, unknown_runs_and_bad_ids_are_refused);
    tcase_add_test(tc, opening_status_folds_the_log);
    tcase_add_test(tc, opening_id_is_its_position);
    tcase_add_test(tc, opening_logs_are_the_newest_10000);
    tcase_add_test(tc, opening_logs_of_huge_lines_leave_out_the_oldest);
    tcase_add_test(tc, opening_status_falls_back_on_the_record);
    tcase_add_test(tc, opening_scraping_is_empty_and_stands_at_the_head);
    suite_add_tcase(s, tc);
    return s;
}

UNIT_MAIN(suite)
