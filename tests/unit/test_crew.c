/* Crews: whose they are, how they stand, and what /mission and /graph say of them. */
#include "model/crew.h"
#include "base/clock.h"
#include "tests/unit/dialect_help.h"

static struct fault fault;
static struct taken taken;

#define must(expr) ck_assert_msg((expr) == RS_OK, #expr ": %s", fault.message)

static void note(const char *org, const char *id)
{
    must(db_begin(instance.store.db, &fault));
    must(crew_note(instance.store.db, org, id, &fault));
    must(db_commit(instance.store.db, &fault));
}

static void compute(void)
{
    must(crew_signals(&instance.store, instance.log, &fault));
    must(outbox_wait(&instance.store, 5000, &fault));
}

static void open_as(const char *path, const char *org, const char *crews, enum rs_err want, struct feed **ret)
{
    struct path_params params;
    struct access who = {.by_token = true, .crews = crews ? strdup(crews) : NULL};
    const struct endpoint *endpoint = endpoint_find(path, &params);
    snprintf(who.org, sizeof(who.org), "%s", org);
    ck_assert_int_eq(feed_open_as(endpoint, &params, NULL, 0, &instance.store, &who, ret, &fault), want);
    access_release(&who);
}

/* What /mission says to an organisation from the start, or at connect: "a=busy b=offline". */
static const char *mission(const char *org, const char *crews, const char *since)
{
    static char text[1000];
    struct feed *feed = NULL;
    open_as("/mission", org, crews, RS_OK, &feed);
    taken_clear(&taken);
    start_feed(feed, since, &taken);
    read_feed(feed, 10, &taken);
    text[0] = '\0';
    for (int i = 0; i < taken.n; i++) {
        struct json_object *message = parse(taken.at[i].json), *payload = json_get(message, "payload");
        size_t len = strlen(text);
        snprintf(text + len, sizeof(text) - len, "%s%s=%s", i ? " " : "", json_get_string(payload, "crewId", ""),
                 json_get_string(payload, "status", ""));
        json_object_put(message);
    }
    taken_clear(&taken);
    feed_free(feed);
    return text;
}

START_TEST(a_crew_has_its_id_for_a_home_unless_it_is_taken)
{
    char home[ID_MAX + 1], other[ID_MAX + 1];
    note("acme", "q");
    note("acme", "q");
    note("beta", "q");
    note("beta", "");
    note("beta", NULL);
    note("beta", "not an id");
    must(crew_home(&instance.store, "acme", "q", home, &fault));
    ck_assert_str_eq(home, "q");
    must(crew_home(&instance.store, "beta", "q", other, &fault));
    ck_assert_str_ne(other, "q");
    ck_assert(id_valid(other) && strncmp(other, "q.", 2) == 0);
    ck_assert_int_eq(crew_home(&instance.store, "gamma", "q", home, &fault), RS_NOT_FOUND);
    struct crew *crews;
    int n;
    must(crew_list(&instance.store, "beta", &crews, &n, &fault));
    ck_assert_int_eq(n, 1);
    free(crews);
}
END_TEST

START_TEST(many_crews_are_listed)
{
    char id[16];
    struct crew *crews;
    int n;
    for (int i = 0; i < 100; i++) {
        snprintf(id, sizeof(id), "c%02d", i);
        note("acme", id);
    }
    must(crew_list(&instance.store, NULL, &crews, &n, &fault));
    ck_assert_int_eq(n, 100);
    for (int i = 0; i < n; i++)
        ck_assert_int_eq(atoi(crews[i].id + 1), i);
    free(crews);
}
END_TEST

START_TEST(crews_have_a_maximum_in_each_organisation)
{
    char id[16];
    must(db_begin(instance.store.db, &fault));
    for (int i = 0; i < CREWS_MAX; i++) {
        snprintf(id, sizeof(id), "c%d", i);
        must(crew_note(instance.store.db, "acme", id, &fault));
    }
    ck_assert_int_eq(crew_note(instance.store.db, "acme", "more", &fault), RS_LIMIT);
    must(crew_note(instance.store.db, "acme", "c7", &fault));
    must(crew_note(instance.store.db, "beta", "more", &fault));
    must(db_commit(instance.store.db, &fault));
}
END_TEST

START_TEST(signals_are_told_when_they_change_only)
{
    note("default", "q");
    compute();
    compute();
    ck_assert_str_eq(mission("default", NULL, "start"), "q=offline");
    must(runner_alive(&instance.store, "runner_1", &fault));
    compute();
    compute();
    ck_assert_str_eq(mission("default", NULL, "start"), "q=offline q=available");
    ck_assert_str_eq(mission("default", NULL, ""), "q=available");
    append_event("mission:q", "crew.signal", "{\"status\":\"busy\"}"); /* emitted: holds */
    compute();
    ck_assert_str_eq(mission("default", NULL, ""), "q=busy");
    append_event("crew:q", "crew.signal", "{\"crewId\":\"other\",\"status\":\"offline\"}");
    append_event("crew:q", "crew.signal", "{\"status\":\"on fire\"}");
    append_event("crew:q", "log", "{}");
    compute();
    ck_assert_str_eq(mission("default", NULL, "start"), "q=offline q=available q=busy q=offline");
    must(runner_gone(&instance.store, "runner_1", &fault));
    compute();
    ck_assert_str_eq(mission("default", NULL, ""), "q=offline");
}
END_TEST

START_TEST(a_dead_runner_is_none)
{
    note("default", "q");
    must(runner_alive(&instance.store, "runner_1", &fault));
    compute();
    must(db_run(instance.store.db, NULL, &fault, "UPDATE runner SET seen = seen - 15001", ""));
    compute();
    ck_assert_str_eq(mission("default", NULL, "start"), "q=available q=offline");
}
END_TEST

START_TEST(organisations_and_tokens_keep_crews_apart)
{
    struct feed *feed = NULL;
    note("acme", "q");
    note("acme", "r");
    note("beta", "q");
    append_event("mission:r", "log", "{}");
    compute();
    ck_assert_str_eq(mission("acme", NULL, ""), "q=offline r=offline");
    ck_assert_str_eq(mission("acme", "r s", ""), "r=offline");
    ck_assert_str_eq(mission("beta", NULL, ""), "q=offline");
    ck_assert_str_eq(mission("gamma", NULL, "start"), "");
    open_as("/graph/q", "beta", NULL, RS_OK, &feed);
    feed_free(feed);
    open_as("/graph/r", "beta", NULL, RS_DENIED, &feed);
    open_as("/graph/nobody", "beta", NULL, RS_DENIED, &feed);
    open_as("/graph/q", "acme", "r", RS_DENIED, &feed);
    open_as("/graph/r", "acme", "r", RS_OK, &feed);
    feed_free(feed);
}
END_TEST

/* Emitted before any workflow named the crew, and so somebody else's. */
START_TEST(a_home_that_is_another_s_is_left_to_them)
{
    append_event("mission:q", "crew.signal", "{\"status\":\"busy\"}");
    note("acme", "q");
    compute();
    ck_assert_str_eq(mission("acme", NULL, ""), "q=offline");
    ck_assert_str_eq(mission("default", NULL, "start"), "q=busy");
}
END_TEST

START_TEST(what_retention_took_is_told_again)
{
    note("default", "q");
    compute();
    trim_log("mission:q", 1000);
    ck_assert_str_eq(mission("default", NULL, ""), "");
    must(crew_signals_anew(&instance.store, instance.log, &fault));
    compute();
    ck_assert_str_eq(mission("default", NULL, ""), "q=offline");
    must(crew_signals_anew(&instance.store, instance.log, &fault));
    compute();
    ck_assert_str_eq(mission("default", NULL, "now"), "");
    ck_assert_str_eq(mission("default", NULL, ""), "q=offline");
}
END_TEST

/* What an endpoint says without since: "id type" of each message. */
static const char *opened(const char *path)
{
    static char text[1000];
    struct feed *feed = open_path(path);
    taken_clear(&taken);
    start_feed(feed, "", &taken);
    read_feed(feed, 10, &taken);
    text[0] = '\0';
    for (int i = 0; i < taken.n; i++) {
        struct json_object *message = parse(taken.at[i].json);
        size_t len = strlen(text);
        snprintf(text + len, sizeof(text) - len, "%s%s %s", i ? ", " : "", taken.at[i].id, json_get_string(message, "type", ""));
        json_object_put(message);
    }
    if (feed->run_id[0])
        ck_assert(ended(feed));
    taken_clear(&taken);
    feed_free(feed);
    return text;
}

START_TEST(an_ended_run_that_retention_took_still_says_how_it_ended)
{
    char id[ID_MAX + 1], stream[STREAM_MAX], path[256], want[1000];
    enum run_status status;
    struct eventlog_stream known;
    struct json_object *definition =
        parse("{\"id\":\"w\",\"nodes\":[{\"id\":\"one\",\"type\":\"trigger\",\"data\":{\"kind\":\"manual\"}}],\"edges\":[]}");
    struct run_new run = {.org = "default", .workflow_id = "w", .definition = definition};
    must(run_create(&instance.store, &run, id, &fault));
    json_object_put(definition);
    must(run_cancel(&instance.store, "default", id, &status, &fault));
    must(outbox_wait(&instance.store, 5000, &fault));
    append_event("tool:t", "log", "{}");
    snprintf(stream, sizeof(stream), "run:%.*s", ID_MAX, id);
    snprintf(path, sizeof(path), "/runs/%s", id);
    must(eventlog_stream(instance.log, stream, &known, &fault));
    int end = (int)known.end_id;
    snprintf(want, sizeof(want), "%d error, %d.1 done", end, end);
    ck_assert_str_eq(opened(path), want);
    trim_log(stream, known.end_id);
    ck_assert_str_eq(opened(path), want);
    snprintf(want, sizeof(want), "%d status", end);
    ck_assert_str_eq(opened("/workflow/w"), want);
    ck_assert_str_eq(opened("/workflow/other"), "");
}
END_TEST

static Suite *suite(void)
{
    Suite *s = suite_create("crew");
    TCase *t = tcase_create("all");
    tcase_add_checked_fixture(t, instance_setup, instance_teardown);
    tcase_set_timeout(t, 60);
    tcase_add_test(t, a_crew_has_its_id_for_a_home_unless_it_is_taken);
    tcase_add_test(t, many_crews_are_listed);
    tcase_add_test(t, crews_have_a_maximum_in_each_organisation);
    tcase_add_test(t, signals_are_told_when_they_change_only);
    tcase_add_test(t, a_dead_runner_is_none);
    tcase_add_test(t, organisations_and_tokens_keep_crews_apart);
    tcase_add_test(t, a_home_that_is_another_s_is_left_to_them);
    tcase_add_test(t, what_retention_took_is_told_again);
    tcase_add_test(t, an_ended_run_that_retention_took_still_says_how_it_ended);
    suite_add_tcase(s, t);
    return s;
}
UNIT_MAIN(suite)
