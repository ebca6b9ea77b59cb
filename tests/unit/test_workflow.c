/* workflow and idempotency - what is saved, listed, and answered twice. */
#include "model.h"

#include "base/clock.h"
#include "model/idempotency.h"
#include "model/workflow.h"
#include <sys/wait.h>
#include <unistd.h>

static enum rs_err save(const char *org, const char *id, const char *definition_text, enum workflow_save how,
                        bool *ret_created, struct json_object **ret)
{
    struct json_object *definition = json_of(definition_text);
    enum rs_err err = workflow_save(&store, org, id, NULL, definition, how, ret_created, ret, &fault);

    json_object_put(definition);
    return err;
}

START_TEST(saved)
{
    struct json_object *record = NULL, *again = NULL, *list = NULL;
    char created_at[CLOCK_TEXT_MAX];
    bool created = false;

    must(save("default", "small", DEF_SMALL, WORKFLOW_CREATE, &created, &record));
    ck_assert(created);
    ck_assert_str_eq(json_get_string(record, "id", ""), "small");
    ck_assert_int_eq(json_get_int(record, "version", 0), 1);
    ck_assert_str_eq(json_get_string(record, "org", ""), "default");
    ck_assert_str_eq(json_get_string(record, "name", ""), "Small");
    ck_assert_uint_eq(json_object_array_length(json_get_array(record, "nodes")), 3);
    must(workflow_get(&store, "default", "small", &again, &fault));
    ck_assert(json_object_equal(record, again));
    snprintf(created_at, sizeof(created_at), "%s", json_get_string(record, "createdAt", ""));
    json_object_put(again);

    ck_assert_int_eq(save("default", "small", DEF_SMALL, WORKFLOW_CREATE, &created, NULL), RS_CONFLICT);
    /* A record that was read can be put again: it says nothing new. */
    must(workflow_save(&store, "default", "small", NULL, record, WORKFLOW_PUT, &created, &again, &fault));
    ck_assert(!created);
    ck_assert(json_object_equal(record, again));
    json_object_put(again);
    json_set_string(record, "name", "Changed");
    must(workflow_save(&store, "default", "small", "ann", record, WORKFLOW_PUT, &created, &again, &fault));
    ck_assert(!created);
    ck_assert_int_eq(json_get_int(again, "version", 0), 2);
    must(workflow_versions(&store, "default", "small", 2, 0, &list, &fault));
    ck_assert_str_eq(json_get_string(json_object_array_get_idx(json_get_array(list, "items"), 0), "by", ""), "ann");
    ck_assert_ptr_null(json_get(json_object_array_get_idx(json_get_array(list, "items"), 1), "by"));
    json_object_put(list);
    ck_assert_str_eq(json_get_string(again, "createdAt", ""), created_at);
    json_object_put(again);
    json_object_put(record);
    must(save("default", "new", DEF_SMALL, WORKFLOW_PUT, &created, NULL));
    ck_assert(created);

    ck_assert_int_eq(save("default", "active", DEF_SMALL, WORKFLOW_PUT, &created, NULL), RS_UNPROCESSABLE);
    ck_assert_int_eq(save("default", "a b", DEF_SMALL, WORKFLOW_PUT, &created, NULL), RS_INVALID);
    ck_assert_int_eq(workflow_get(&store, "other", "small", &record, &fault), RS_NOT_FOUND);
    ck_assert_int_eq(workflow_delete(&store, "other", "small", &fault), RS_NOT_FOUND);
    must(workflow_delete(&store, "default", "small", &fault));
    ck_assert_int_eq(workflow_delete(&store, "default", "small", &fault), RS_NOT_FOUND);
    ck_assert_int_eq(workflow_get(&store, "default", "small", &record, &fault), RS_NOT_FOUND);
}
END_TEST

START_TEST(versions)
{
    struct json_object *list = NULL, *item, *was = NULL;
    char text[300];
    bool created;
    int i;

    for (i = 1; i <= 3; i++) {
        snprintf(text, sizeof(text), "{\"name\":\"n%d\",\"nodes\":[" DEF_START "],\"edges\":[]}", i);
        must(save("default", "w", text, WORKFLOW_PUT, &created, NULL));
        must(save("default", "w", text, WORKFLOW_PUT, &created, NULL)); /* the same again */
    }
    must(workflow_versions(&store, "default", "w", 2, 0, &list, &fault));
    ck_assert_uint_eq(json_object_array_length(json_get_array(list, "items")), 2);
    item = json_object_array_get_idx(json_get_array(list, "items"), 0);
    ck_assert_int_eq(json_get_int(item, "version", 0), 3);
    ck_assert_str_eq(json_get_string(item, "name", ""), "n3");
    ck_assert_int_eq(json_get_int(item, "nodeCount", 0), 1);
    ck_assert_int_eq(json_get_int(list, "next", 0), 2);
    json_object_put(list);
    must(workflow_versions(&store, "default", "w", 2, 2, &list, &fault));
    ck_assert_uint_eq(json_object_array_length(json_get_array(list, "items")), 1);
    ck_assert_ptr_null(json_get(list, "next"));
    json_object_put(list);
    must(workflow_version(&store, "default", "w", 1, &was, &fault));
    ck_assert_str_eq(json_get_string(was, "name", ""), "n1");
    json_object_put(was);
    ck_assert_int_eq(workflow_version(&store, "default", "w", 4, &was, &fault), RS_NOT_FOUND);
    ck_assert_int_eq(workflow_version(&store, "other", "w", 1, &was, &fault), RS_NOT_FOUND);
    ck_assert_int_eq(workflow_versions(&store, "other", "w", 2, 0, &list, &fault), RS_NOT_FOUND);
    must(workflow_delete(&store, "default", "w", &fault));
    ck_assert_int_eq(workflow_version(&store, "default", "w", 1, &was, &fault), RS_NOT_FOUND);
}
END_TEST

START_TEST(only_so_many_versions_are_kept)
{
    struct json_object *was = NULL;
    char text[300];
    bool created;
    int i;

    for (i = 1; i <= WORKFLOW_VERSIONS_MAX + 2; i++) {
        snprintf(text, sizeof(text), "{\"name\":\"n%d\",\"nodes\":[" DEF_START "],\"edges\":[]}", i);
        must(save("default", "w", text, WORKFLOW_PUT, &created, NULL));
    }
    ck_assert_int_eq(count_rows("SELECT COUNT(*) FROM workflow_version"), WORKFLOW_VERSIONS_MAX);
    ck_assert_int_eq(workflow_version(&store, "default", "w", 2, &was, &fault), RS_NOT_FOUND);
    must(workflow_version(&store, "default", "w", 3, &was, &fault));
    json_object_put(was);
}
END_TEST

START_TEST(same_id_in_two_orgs)
{
    struct json_object *record = NULL;
    bool created = false;

    must(save("one", "w", "{\"name\":\"One\",\"nodes\":[" DEF_START "]}", WORKFLOW_CREATE, &created, NULL));
    must(save("two", "w", "{\"name\":\"Two\",\"nodes\":[" DEF_START "]}", WORKFLOW_CREATE, &created, NULL));
    must(workflow_get(&store, "one", "w", &record, &fault));
    ck_assert_str_eq(json_get_string(record, "name", ""), "One");
    json_object_put(record);
}
END_TEST

/* A run keeps what it executes, whatever becomes of the workflow. */
START_TEST(run_keeps_its_definition)
{
    struct json_object *record = NULL;
    char id[ID_MAX + 1];
    bool created;

    must(save("default", "small", DEF_SMALL, WORKFLOW_CREATE, &created, NULL));
    create_run("small", DEF_SMALL, 0, id);
    must(save("default", "small", "{\"nodes\":[" DEF_START "]}", WORKFLOW_PUT, &created, NULL));
    must(workflow_delete(&store, "default", "small", &fault));
    must(run_record(&store, NULL, id, &record, &fault));
    ck_assert_uint_eq(json_object_array_length(json_get_array(json_get(record, "graph"), "nodes")), 3);
    json_object_put(record);
}
END_TEST

START_TEST(listed)
{
    struct json_object *answer = NULL, *items, *item;
    char id[ID_MAX + 1], first[ID_MAX + 1];
    enum run_status status;
    bool created;

    must(save("default", "c", DEF_SMALL, WORKFLOW_PUT, &created, NULL));
    must(save("default", "a", "{\"description\":\"D\",\"params\":[{\"name\":\"p\",\"type\":\"string\"}],\"nodes\":[" DEF_START "]}",
              WORKFLOW_PUT, &created, NULL));
    must(save("default", "b", DEF_SMALL, WORKFLOW_PUT, &created, NULL));
    must(save("other", "z", DEF_SMALL, WORKFLOW_PUT, &created, NULL));
    create_run("a", DEF_SMALL, 0, first);
    create_run("a", DEF_SMALL, 0, id);
    must(run_cancel(&store, NULL, id, &status, &fault));

    must(workflow_list(&store, "default", 2, NULL, &answer, &fault));
    items = json_get_array(answer, "items");
    ck_assert_uint_eq(json_object_array_length(items), 2);
    ck_assert_str_eq(json_get_string(answer, "next", ""), "b");
    item = json_object_array_get_idx(items, 0);
    ck_assert_str_eq(json_get_string(item, "id", ""), "a");
    ck_assert_str_eq(json_get_string(item, "name", ""), "a");
    ck_assert_str_eq(json_get_string(item, "description", ""), "D");
    ck_assert_int_eq(json_get_int(item, "nodeCount", 0), 1);
    ck_assert_int_eq(json_get_int(item, "version", 0), 1);
    ck_assert_uint_eq(json_object_array_length(json_get_array(item, "params")), 1);
    ck_assert_str_eq(json_get_string(json_get(item, "lastRun"), "id", ""), id);
    ck_assert_str_eq(json_get_string(json_get(item, "lastRun"), "status", ""), "cancelled");
    struct json_object *recent = json_get_array(item, "recent");
    ck_assert_uint_eq(json_object_array_length(recent), 1);
    ck_assert_str_eq(json_get_string(json_object_array_get_idx(recent, 0), "status", ""), "cancelled");
    item = json_object_array_get_idx(items, 1);
    ck_assert_str_eq(json_get_string(item, "crewId", ""), "quality");
    ck_assert_ptr_null(json_get(item, "lastRun"));
    ck_assert_ptr_null(json_get(item, "nodes"));
    json_object_put(answer);

    must(workflow_list(&store, "default", 2, "b", &answer, &fault));
    items = json_get_array(answer, "items");
    ck_assert_uint_eq(json_object_array_length(items), 1);
    ck_assert_str_eq(json_get_string(json_object_array_get_idx(items, 0), "id", ""), "c");
    ck_assert(json_object_object_get_ex(answer, "next", NULL) && json_get(answer, "next") == NULL);
    json_object_put(answer);
}
END_TEST

static void end_run(const char *workflow_id, const char *org, int number)
{
    char id[ID_MAX + 1];

    snprintf(id, sizeof(id), "%s-%s-%d", org, workflow_id, number);
    must(db_run(store.db, NULL, &fault,
                "INSERT INTO run (id, org, workflow_id, workflow_version, name, status, priority, concurrency, attempt, progress,"
                " n_nodes, n_ended, cancel, created, started, finished, fence, lease, pid, pid_start, tags, input, definition)"
                " VALUES ($1, $2, $3, 1, $3, 'success', 0, 1, 1, 100, 1, 1, 0, 1, $4, $5, 1, 0, 0, 0, '[]', '{}', '{}')",
                "tttii", id, org, workflow_id, (int64_t)1000, (int64_t)1000 + number));
}

/* "10 9 8" of the durations. */
static const char *recent_of(struct json_object *answer, size_t item)
{
    struct json_object *recent = json_get_array(json_object_array_get_idx(json_get_array(answer, "items"), item), "recent");
    static char out[1000];
    size_t i, len = 0;

    ck_assert_ptr_nonnull(recent);
    out[0] = '\0';
    for (i = 0; i < json_object_array_length(recent); i++)
        len += (size_t)snprintf(out + len, sizeof(out) - len, "%s%d", i > 0 ? " " : "",
                                (int)json_get_int(json_object_array_get_idx(recent, i), "durationMs", -1));
    return out;
}

/* The newest ended runs of each workflow of the page, of its own org, newest first; one that is under way is none of them. */
START_TEST(listed_with_what_ended_last)
{
    static const char *const all[] = {"a", "b", "c", "d"};
    struct json_object *answer = NULL, *items;
    char id[ID_MAX + 1];
    bool created;
    size_t i;
    int k;

    for (i = 0; i < 4; i++)
        must(save("default", all[i], DEF_SMALL, WORKFLOW_PUT, &created, NULL));
    for (k = 1; k <= WORKFLOW_RECENT + 5; k++) {
        end_run("a", "default", k);
        end_run("a", "other", 100 + k);
        if (k <= WORKFLOW_RECENT)
            end_run("c", "default", k);
        if (k == 7)
            create_run("a", DEF_SMALL, 0, id);
        if (k <= 2)
            end_run("d", "default", k);
        end_run("gone", "default", k);
    }
    must(workflow_list(&store, "default", 3, NULL, &answer, &fault));
    ck_assert_str_eq(recent_of(answer, 0), "25 24 23 22 21 20 19 18 17 16 15 14 13 12 11 10 9 8 7 6");
    ck_assert_str_eq(recent_of(answer, 1), "");
    ck_assert_str_eq(recent_of(answer, 2), "20 19 18 17 16 15 14 13 12 11 10 9 8 7 6 5 4 3 2 1");
    json_object_put(answer);
    must(workflow_list(&store, "default", 3, "c", &answer, &fault));
    ck_assert_str_eq(recent_of(answer, 0), "2 1");
    json_object_put(answer);
    end_run("assistant", "default", 3);
    end_run("assistant", "default", 4);
    items = json_object_new_array();
    must(workflow_list_builtin(&store, "default", items, &fault));
    answer = json_object_new_object();
    json_set(answer, "items", items);
    ck_assert_str_eq(recent_of(answer, 0), "4 3");
    json_object_put(answer);
}
END_TEST

#define ROUTE "POST /api/workflows/a/run"

START_TEST(answered_once)
{
    char *response = NULL;
    int status = 0;

    ck_assert_int_eq(idempotency_get(&store, "default", ROUTE, "", "h", &status, &response, &fault), RS_INVALID);
    ck_assert_int_eq(idempotency_get(&store, "default", ROUTE, "k", "h", &status, &response, &fault), RS_NOT_FOUND);
    /* Still at work. */
    ck_assert_int_eq(idempotency_get(&store, "default", ROUTE, "k", "h", &status, &response, &fault), RS_BUSY);
    must(idempotency_put(&store, "default", ROUTE, "k", 202, "{\"runId\":\"r_1\"}", &fault));
    must(idempotency_get(&store, "default", ROUTE, "k", "h", &status, &response, &fault));
    ck_assert_int_eq(status, 202);
    ck_assert_str_eq(response, "{\"runId\":\"r_1\"}");
    free(response);
    ck_assert_int_eq(idempotency_get(&store, "default", ROUTE, "k", "other", &status, &response, &fault), RS_UNPROCESSABLE);
    ck_assert_int_eq(idempotency_get(&store, "two", ROUTE, "k", "h", &status, &response, &fault), RS_NOT_FOUND);
    ck_assert_int_eq(idempotency_get(&store, "default", "POST /x", "k", "h", &status, &response, &fault), RS_NOT_FOUND);
    /* Dropping frees a key that was never answered, and no other. */
    must(idempotency_drop(&store, "two", ROUTE, "k", &fault));
    ck_assert_int_eq(idempotency_get(&store, "two", ROUTE, "k", "h", &status, &response, &fault), RS_NOT_FOUND);
    must(idempotency_drop(&store, "default", ROUTE, "k", &fault));
    must(idempotency_get(&store, "default", ROUTE, "k", "h", &status, &response, &fault));
    free(response);
}
END_TEST

/* A process that does a part of what a request is, and dies. */
static void die_at_work(bool after_the_change)
{
    pid_t pid = fork();
    int wait_status = 0;

    if (pid == 0) {
        struct store mine;
        struct change *change = NULL;
        struct json_object *data = json_of("{}");
        char *response = NULL;
        int status = 0;
        if (store_open(&mine, &dd, "test", &fault) != RS_OK ||
            idempotency_get(&mine, "default", ROUTE, "k", "h", &status, &response, &fault) != RS_NOT_FOUND)
            _exit(1);
        mine.once = &(struct store_once){"default", ROUTE, "k"};
        if (after_the_change &&
            (change_begin(&mine, &change, &fault) || change_event(change, "run:r_1", "run.queued", data, &fault) ||
             change_commit(change, &fault) || mine.once != NULL))
            _exit(2);
        _exit(0);
    }
    ck_assert_int_eq(waitpid(pid, &wait_status, 0), pid);
    ck_assert_int_eq(wait_status, 0);
}

START_TEST(a_request_whose_process_died_is_done_once)
{
    char *response = NULL;
    int status = 0;

    die_at_work(false); /* nothing was done: the key is free at once */
    die_at_work(true);
    must(idempotency_get(&store, "default", ROUTE, "k", "h", &status, &response, &fault));
    ck_assert_int_eq(status, IDEMPOTENCY_DONE);
    ck_assert_str_eq(response, "run:r_1");
    free(response);
    ck_assert_int_eq(idempotency_get(&store, "default", ROUTE, "k", "other", &status, &response, &fault), RS_UNPROCESSABLE);
    must(idempotency_drop(&store, "default", ROUTE, "k", &fault)); /* not what was done */
    must(idempotency_get(&store, "default", ROUTE, "k", "h", &status, &response, &fault));
    free(response);
}
END_TEST

START_TEST(forgotten)
{
    char *response = NULL;
    int status = 0;

    ck_assert_int_eq(idempotency_get(&store, "default", ROUTE, "k", "h", &status, &response, &fault), RS_NOT_FOUND);
    /* The one at work died. */
    must(db_run(store.db, NULL, &fault, "UPDATE idempotency SET created = created - $1", "i", (int64_t)IDEMPOTENCY_WORK_MS + 1));
    ck_assert_int_eq(idempotency_get(&store, "default", ROUTE, "k", "h", &status, &response, &fault), RS_NOT_FOUND);
    must(idempotency_put(&store, "default", ROUTE, "k", 200, "x", &fault));
    must(db_run(store.db, NULL, &fault, "UPDATE idempotency SET created = created - $1", "i",
                (int64_t)IDEMPOTENCY_KEEP_MS - 60000));
    must(idempotency_get(&store, "default", ROUTE, "k", "h", &status, &response, &fault));
    free(response);
    must(db_run(store.db, NULL, &fault, "UPDATE idempotency SET created = created - 60001", ""));
    ck_assert_int_eq(idempotency_get(&store, "default", ROUTE, "k", "h", &status, &response, &fault), RS_NOT_FOUND);
}
END_TEST

static Suite *suite(void)
{
    Suite *s = suite_create("workflow");
    TCase *c = tcase_create("workflow");

    tcase_add_checked_fixture(c, model_setup, model_teardown);
    tcase_add_test(c, versions);
    tcase_add_test(c, only_so_many_versions_are_kept);
    tcase_add_test(c, saved);
    tcase_add_test(c, same_id_in_two_orgs);
    tcase_add_test(c, run_keeps_its_definition);
    tcase_add_test(c, listed);
    tcase_add_test(c, listed_with_what_ended_last);
    tcase_add_test(c, answered_once);
    tcase_add_test(c, a_request_whose_process_died_is_done_once);
    tcase_add_test(c, forgotten);
    suite_add_tcase(s, c);
    return s;
}

UNIT_MAIN(suite)
