/* entry - the queue's entries: they follow their runs, and their runs are claimed in their order. */
#include "model.h"

#include "model/entry.h"
#include "model/queue.h"

static struct run_claim claim;

static struct json_object *definition;

static void setup(void)
{
    model_setup();
    definition = json_of(DEF_SMALL);
}

static void teardown(void)
{
    json_object_put(definition);
    definition = NULL;
    model_teardown();
}

/* A new entry, with a run or only tracked; its id and its run's. */
static void add(const char *fields_text, char id[ID_MAX + 1], char run_id[ID_MAX + 1])
{
    struct json_object *fields = json_of(fields_text), *entry = NULL;
    struct run_new run = {.org = "default", .workflow_id = "w", .definition = definition};

    must(entry_add(&store, "default", fields, run_id != NULL ? &run : NULL, NULL, &entry, &fault));
    snprintf(id, ID_MAX + 1, "%s", json_get_string(entry, "queue_id", ""));
    if (run_id != NULL)
        snprintf(run_id, ID_MAX + 1, "%s", json_get_string(entry, "run_id", ""));
    json_object_put(fields);
    json_object_put(entry);
}

static void patch(const char *id, const char *text, enum rs_err want)
{
    struct json_object *what = json_of(text), *entry = NULL;
    enum rs_err err = entry_patch(&store, "default", id, what, NULL, &entry, &fault);

    ck_assert_msg(err == want, "%s: %d, %s", text, err, fault.message);
    json_object_put(what);
    json_object_put(entry);
}

static void status_is(const char *id, const char *want)
{
    struct json_object *entry = NULL, *event;

    must(entry_get(&store, "default", id, &entry, &fault));
    ck_assert_str_eq(json_get_string(entry, "status", ""), want);
    event = event_of("queue", "state.changed"); /* state and events agree */
    ck_assert(json_object_equal(event, entry));
    json_object_put(event);
    json_object_put(entry);
}

static void claim_is(const char *run_id)
{
    must(run_claim_next(&store, "me", &claim, &fault));
    ck_assert_str_eq(claim.id, run_id);
    run_claim_release(&claim);
}

START_TEST(claimed_in_its_order)
{
    char ids[6][ID_MAX + 1], runs[6][ID_MAX + 1];
    static const int order[] = {4, 1, 3, 0, 2, 5};
    struct json_object *list = NULL, *phases;
    size_t i;

    add("{}", ids[0], runs[0]);
    add("{\"priority\":5}", ids[1], runs[1]);
    add("{\"priority\":0}", ids[2], runs[2]);
    add("{\"priority\":5}", ids[3], runs[3]);
    add("{\"priority\":-7}", ids[4], runs[4]);
    add("{}", ids[5], runs[5]);
    patch(ids[4], "{\"priority\":9}", RS_OK);
    patch(ids[5], "{\"priority\":3}", RS_OK);
    must(run_set_priority(&store, "default", runs[5], 0, &fault)); /* a run's priority is its entry's */
    status_is(ids[5], "queued");
    must(entry_list(&store, "default", &list, &fault));
    phases = json_get_array(list, "phases");
    ck_assert_int_eq(json_get_int(list, "total", 0), 6);
    for (i = 0; i < 6; i++) {
        ck_assert_str_eq(json_get_string(json_object_array_get_idx(phases, i), "queue_id", ""), ids[order[i]]);
        claim_is(runs[order[i]]);
    }
    json_object_put(list);
}
END_TEST

START_TEST(follows_its_run)
{
    char id[ID_MAX + 1], run_id[ID_MAX + 1];
    struct json_object *error = json_of("{\"code\":\"exit\",\"message\":\"bad\"}");
    enum run_status status;

    add("{\"metadata\":{\"a\":1}}", id, run_id);
    status_is(id, "queued");
    must(run_pause(&store, "default", run_id, &status, &fault));
    status_is(id, "queued"); /* it has not begun */
    must(run_unpause(&store, "default", run_id, &status, &fault));
    must(run_claim_next(&store, "me", &claim, &fault));
    must(run_begin(&store, run_id, claim.fence, &fault));
    status_is(id, "running");
    patch(id, "{\"priority\":3}", RS_CONFLICT);
    patch(id, "{\"status\":\"completed\"}", RS_CONFLICT);
    patch(id, "{\"status\":\"running\",\"metadata\":{\"a\":null,\"b\":2}}", RS_OK);
    ck_assert_int_eq(entry_delete(&store, "default", id, &fault), RS_CONFLICT);
    must(run_end(&store, run_id, claim.fence, RUN_ERROR, NULL, error, &fault));
    status_is(id, "failed");
    must(run_retry(&store, "default", run_id, &fault));
    status_is(id, "queued");
    run_claim_release(&claim);
    must(run_claim_next(&store, "me", &claim, &fault));
    must(run_begin(&store, run_id, claim.fence, &fault));
    must(run_end(&store, run_id, claim.fence, RUN_SUCCESS, NULL, NULL, &fault));
    status_is(id, "completed");
    run_claim_release(&claim);
    must(entry_delete(&store, "default", id, &fault)); /* the run stays */
    must(run_exists(&store, "default", run_id, &fault));
    json_object_put(error);
}
END_TEST

START_TEST(taken_out_with_its_run)
{
    char id[ID_MAX + 1], run_id[ID_MAX + 1];
    struct json_object *record = NULL, *event;

    add("{}", id, run_id);
    ck_assert_int_eq(entry_delete(&store, "other", id, &fault), RS_NOT_FOUND);
    must(entry_delete(&store, "default", id, &fault));
    must(run_outline(&store, NULL, run_id, &record, &fault));
    ck_assert_str_eq(json_get_string(record, "status", ""), "cancelled");
    json_object_put(record);
    event = event_of("queue", "state.changed");
    ck_assert(json_get_bool(event, "deleted", false));
    ck_assert_str_eq(json_get_string(event, "queue_id", ""), id);
    json_object_put(event);
    ck_assert_int_eq(entry_get(&store, "default", id, &record, &fault), RS_NOT_FOUND);
}
END_TEST

START_TEST(of_another_org)
{
    struct json_object *entry = NULL, *event, *list = NULL;

    must(entry_add(&store, "other", NULL, NULL, NULL, &entry, &fault));
    event = event_of("queue", "state.changed"); /* the stream is the default org's */
    ck_assert_str_eq(json_text(event, NULL), "{}");
    must(entry_list(&store, "default", &list, &fault));
    ck_assert_int_eq(json_get_int(list, "total", -1), 0);
    json_object_put(list);
    json_object_put(event);
    json_object_put(entry);
}
END_TEST

START_TEST(ended_ones_make_room)
{
    char id[ID_MAX + 1], first[ID_MAX + 1];
    struct json_object *entry = NULL;

    add("{}", first, NULL);
    patch(first, "{\"status\":\"failed\"}", RS_OK);
    must(db_run(store.db, NULL, &fault,
                "WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c WHERE x < $1)"
                " INSERT INTO queue_entry (id, org, status, priority, metadata, created, updated)"
                " SELECT 'old-' || x, 'default', 'completed', 0, '{}', 1, 1 FROM c", "i", (int64_t)ENTRY_ENDED_KEPT + 20));
    add("{}", id, NULL);
    patch(id, "{\"status\":\"completed\"}", RS_OK);
    ck_assert_int_eq(count_rows("SELECT COUNT(*) FROM queue_entry"), ENTRY_ENDED_KEPT);
    must(entry_get(&store, "default", first, &entry, &fault)); /* not the one that came first, but those that ended first */
    json_object_put(entry);
    must(db_run(store.db, NULL, &fault,
                "WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c WHERE x < $1)"
                " INSERT INTO queue_entry (id, org, status, priority, metadata, created, updated)"
                " SELECT 'open-' || x, 'default', 'queued', 0, '{}', 1, 1 FROM c", "i", (int64_t)ENTRY_OPEN_MAX));
    ck_assert_int_eq(entry_add(&store, "default", NULL, NULL, NULL, &entry, &fault), RS_LIMIT);
    patch(first, "{\"status\":\"queued\"}", RS_LIMIT); /* nor does one come back by being changed */
}
END_TEST

static Suite *suite(void)
{
    Suite *s = suite_create("entry");
    TCase *t = tcase_create("entry");

    tcase_add_checked_fixture(t, setup, teardown);
    tcase_add_test(t, claimed_in_its_order);
    tcase_add_test(t, follows_its_run);
    tcase_add_test(t, taken_out_with_its_run);
    tcase_add_test(t, of_another_org);
    tcase_add_test(t, ended_ones_make_room);
    suite_add_tcase(s, t);
    return s;
}
UNIT_MAIN(suite)
