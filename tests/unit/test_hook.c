/* Webhooks: signatures, replays, which workflows start, and what is kept. */
#include "model.h"

#include "model/hook.h"
#include "model/workflow.h"
#include <sodium.h>

#define NOW 1790000000000LL
#define SECRET "It's a Secret to Everybody"
#define BODY "Hello, World!"
#define SIGNATURE "757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17" /* GitHub's own example */

static const char *hmac(const char *text)
{
    static char out[8 + 65];
    unsigned char bytes[crypto_auth_hmacsha256_BYTES];
    crypto_auth_hmacsha256_state state;
    crypto_auth_hmacsha256_init(&state, (const unsigned char *)SECRET, strlen(SECRET));
    crypto_auth_hmacsha256_update(&state, (const unsigned char *)text, strlen(text));
    crypto_auth_hmacsha256_final(&state, bytes);
    sodium_bin2hex(out, sizeof out, bytes, sizeof bytes);
    return out;
}

START_TEST(signatures)
{
    struct hook_request github = {.body = BODY, .len = strlen(BODY), .github_signature = "sha256=" SIGNATURE,
                                  .github_event = "push", .github_delivery = "d-1"};
    struct hook_proof proof;
    const char *reason = NULL;
    must(hook_verify(SECRET, &github, NOW, &proof, &reason, &fault));
    ck_assert_str_eq(proof.delivery, "d-1");
    ck_assert_str_eq(proof.event, "push");
    ck_assert_str_eq(proof.signature, SIGNATURE);
    ck_assert(!proof.timed);
    static const char *const bad[] = {
        "", "sha256=", SIGNATURE, "sha1=" SIGNATURE, "sha256=" SIGNATURE "00", "sha256=657107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17",
        "sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e1", "sha256=zz7107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        github.github_signature = bad[i];
        ck_assert_msg(hook_verify(SECRET, &github, NOW, &proof, &reason, &fault) == RS_UNAUTHENTICATED, "%s", bad[i]);
        ck_assert_str_eq(reason, "signature");
        ck_assert_ptr_null(strstr(fault.message, "757107")); /* it does not say what would be right */
    }
    github.github_signature = "sha256=" SIGNATURE;
    ck_assert_int_eq(hook_verify("another", &github, NOW, &proof, &reason, &fault), RS_UNAUTHENTICATED);
    github.len--;
    ck_assert_int_eq(hook_verify(SECRET, &github, NOW, &proof, &reason, &fault), RS_UNAUTHENTICATED);
    github.github_signature = NULL;
    ck_assert_int_eq(hook_verify(SECRET, &github, NOW, &proof, &reason, &fault), RS_UNAUTHENTICATED);
    ck_assert_str_eq(reason, "unsigned");
}
END_TEST

START_TEST(generic_signatures)
{
    struct hook_request r = {.body = BODY, .len = strlen(BODY), .signature = SIGNATURE, .event = "deploy\n", .delivery = NULL};
    struct hook_proof proof;
    const char *reason = NULL;
    must(hook_verify(SECRET, &r, NOW, &proof, &reason, &fault));
    ck_assert_str_eq(proof.delivery, SIGNATURE); /* nothing else tells it from another */
    ck_assert_str_eq(proof.event, "deploy?");
    r.signature = "sha256=" SIGNATURE;
    r.delivery = "mine";
    must(hook_verify(SECRET, &r, NOW, &proof, &reason, &fault));
    ck_assert_str_eq(proof.delivery, "mine");
    char longest[1000];
    memset(longest, 'x', sizeof longest - 1);
    longest[sizeof longest - 1] = '\0';
    r.delivery = longest;
    must(hook_verify(SECRET, &r, NOW, &proof, &reason, &fault));
    ck_assert_uint_eq(strlen(proof.delivery), 64);
    /* With a time, that is signed too, and must be about now. */
    r.timestamp = "1790000000";
    ck_assert_int_eq(hook_verify(SECRET, &r, NOW, &proof, &reason, &fault), RS_UNAUTHENTICATED);
    ck_assert_str_eq(reason, "signature");
    r.signature = hmac("1790000000." BODY);
    must(hook_verify(SECRET, &r, NOW, &proof, &reason, &fault));
    ck_assert(proof.timed);
    must(hook_verify(SECRET, &r, NOW + HOOK_TOLERANCE_MS, &proof, &reason, &fault));
    ck_assert_int_eq(hook_verify(SECRET, &r, NOW + HOOK_TOLERANCE_MS + 1, &proof, &reason, &fault), RS_UNAUTHENTICATED);
    ck_assert_str_eq(reason, "timestamp");
    ck_assert_int_eq(hook_verify(SECRET, &r, NOW - HOOK_TOLERANCE_MS - 1, &proof, &reason, &fault), RS_UNAUTHENTICATED);
    static const char *const bad[] = {"", "soon", "-1790000000", "1790000000x", "99999999999999999999"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        char text[100];
        snprintf(text, sizeof text, "%s." BODY, bad[i]);
        r.timestamp = bad[i];
        r.signature = hmac(text);
        ck_assert_msg(hook_verify(SECRET, &r, NOW, &proof, &reason, &fault) == RS_UNAUTHENTICATED, "%s", bad[i]);
        ck_assert_str_eq(reason, "timestamp");
    }
}
END_TEST

/* A saved workflow that waits for webhooks of `github`. */
static void save(const char *id, const char *settings)
{
    char text[1000];
    bool created;
    snprintf(text, sizeof text,
             "{\"nodes\":[{\"id\":\"in\",\"type\":\"trigger\",\"data\":{\"kind\":\"webhook\",\"source\":\"github\"%s}}],\"edges\":[]}",
             settings);
    struct json_object *definition = json_of(text);
    must(workflow_save(&store, "default", id, NULL, definition, WORKFLOW_PUT, &created, NULL, &fault));
    json_object_put(definition);
}

static enum rs_err deliver(const char *id, const char *event, const char *body_text, int64_t now, struct json_object **ret)
{
    struct hook_proof proof = {.signature = "00"};
    struct json_object *body = json_of(body_text), *headers = json_of("{\"user-agent\":\"test\"}");
    struct hook_delivery delivery = {.org = "default", .source = "github", .proof = &proof, .headers = headers, .body = body,
                                     .bytes = (int64_t)strlen(body_text)};
    snprintf(proof.delivery, sizeof proof.delivery, "%s", id);
    snprintf(proof.event, sizeof proof.event, "%s", event);
    enum rs_err err = hook_deliver(&store, &delivery, now, ret, &fault);
    json_object_put(headers);
    json_object_put(body);
    return err;
}

/* Ids of the workflows a delivery started, joined. */
static const char *started(const char *id, const char *event, const char *body)
{
    static char out[500];
    struct json_object *answer = NULL;
    must(deliver(id, event, body, NOW, &answer));
    struct json_object *list = json_get_array(answer, "runs");
    out[0] = '\0';
    for (size_t i = 0; i < json_object_array_length(list); i++)
        snprintf(out + strlen(out), sizeof out - strlen(out), "%s%s", i ? " " : "",
                 json_get_string(json_object_array_get_idx(list, i), "workflowId", "?"));
    json_object_put(answer);
    return out;
}

START_TEST(which_workflows_start)
{
    save("all", "");
    save("pushes", ",\"events\":[\"push\"]");
    save("opened", ",\"events\":[\"pull_request.opened\",\"push\"]");
    ck_assert_str_eq(started("1", "push", "{}"), "all opened pushes");
    ck_assert_str_eq(started("2", "pull_request", "{\"action\":\"opened\"}"), "all opened");
    ck_assert_str_eq(started("3", "pull_request", "{\"action\":\"closed\"}"), "all");
    ck_assert_str_eq(started("4", "", "[1]"), "all");
    must(workflow_delete(&store, "default", "all", &fault));
    ck_assert_str_eq(started("5", "issues", "{}"), "");
    save("pushes", ",\"events\":[\"issues\"]"); /* saved anew */
    ck_assert_str_eq(started("6", "issues", "{}"), "pushes");
}
END_TEST

START_TEST(a_delivery_is_taken_once)
{
    struct json_object *answer = NULL, *status = NULL, *list = NULL;
    save("w", "");
    ck_assert_str_eq(started("d1", "push", "{\"a\":1}"), "w");
    ck_assert_int_eq(deliver("d1", "push", "{\"a\":1}", NOW + 1000, &answer), RS_CONFLICT);
    ck_assert_int_eq(deliver("d1", "push", "{\"a\":2}", NOW + HOOK_SEEN_MS - 1, &answer), RS_CONFLICT);
    ck_assert_int_eq(count_rows("SELECT COUNT(*) FROM run"), 1);
    must(hook_reject(&store, "default", "github", "replay", "d1", "push", 7, NOW + 1000, &fault));
    must(hook_reject(&store, "default", "github", "signature", NULL, NULL, 7, NOW + 2000, &fault));
    must(hook_reject(&store, "default", "github", "signature", NULL, NULL, 7, NOW + 2000, &fault));
    must(hook_status(&store, "default", &status, &fault));
    struct json_object *one = json_object_array_get_idx(json_get_array(status, "sources"), 0);
    ck_assert_int_eq(json_get_int(one, "received", 0), 4);
    ck_assert_int_eq(json_get_int(one, "accepted", 0), 1);
    ck_assert_str_eq(json_text(json_get(one, "rejected"), NULL), "{\"replay\":1,\"signature\":2}");
    ck_assert_ptr_nonnull(json_get_string(one, "last_run", NULL));
    must(hook_list(&store, "default", "github", 2, NULL, &list, &fault));
    ck_assert_uint_eq(json_object_array_length(json_get_array(list, "items")), 2);
    ck_assert_str_eq(json_get_string(json_object_array_get_idx(json_get_array(list, "items"), 0), "reason", ""), "signature");
    char next[30];
    snprintf(next, sizeof next, "%s", json_get_string(list, "next", ""));
    json_object_put(list);
    must(hook_list(&store, "default", NULL, 10, next, &list, &fault));
    ck_assert_uint_eq(json_object_array_length(json_get_array(list, "items")), 2);
    one = json_object_array_get_idx(json_get_array(list, "items"), 1);
    ck_assert_str_eq(json_get_string(one, "outcome", ""), "accepted");
    ck_assert_uint_eq(json_object_array_length(json_get_array(one, "runs")), 1);
    json_object_put(list);
    json_object_put(status);
    must(hook_list(&store, "other", NULL, 10, NULL, &list, &fault));
    ck_assert_uint_eq(json_object_array_length(json_get_array(list, "items")), 0);
    json_object_put(list);
    ck_assert_int_eq(hook_list(&store, "default", NULL, 10, "x", &list, &fault), RS_INVALID);
    char types[500];
    ck_assert_str_eq(events_of("webhooks", types, sizeof types), "webhook.accepted webhook.rejected webhook.rejected webhook.rejected");
    struct json_object *record = NULL, *event = event_of("webhooks", "webhook.accepted");
    one = json_object_array_get_idx(json_get_array(event, "runs"), 0);
    must(run_record(&store, "default", json_get_string(one, "runId", ""), &record, &fault));
    ck_assert_str_eq(json_text(json_get(record, "input"), NULL),
                     "{\"source\":\"github\",\"event\":\"push\",\"deliveryId\":\"d1\",\"headers\":{\"user-agent\":\"test\"},\"body\":{\"a\":1}}");
    ck_assert_str_eq(json_get_string(json_get(record, "trigger"), "deliveryId", ""), "d1");
    json_object_put(record);
    json_object_put(event);
}
END_TEST

START_TEST(a_delivery_that_was_cut_short_comes_again)
{
    struct json_object *answer = NULL;
    save("a", "");
    save("b", "");
    ck_assert_str_eq(started("d1", "push", "{}"), "a b");
    /* As if the process had died after the first run: neither the second nor the note that it was taken was made. */
    must(db_run(store.db, NULL, &fault, "DELETE FROM hook_seen", ""));
    must(db_run(store.db, NULL, &fault, "DELETE FROM hook_run WHERE workflow_id = 'b'", ""));
    ck_assert_str_eq(started("d1", "push", "{}"), "b");
    ck_assert_int_eq(count_rows("SELECT COUNT(*) FROM run WHERE workflow_id = 'a'"), 1);
    ck_assert_int_eq(deliver("d1", "push", "{}", NOW, &answer), RS_CONFLICT);
}
END_TEST

/* Two copies under different ids, while neither is noted as taken: as when two processes have them at a time. */
START_TEST(a_timed_delivery_under_two_ids_starts_one_run)
{
    struct hook_proof proof = {.delivery = "d1", .signature = SIGNATURE, .event = "push", .timed = true};
    struct json_object *headers = json_object_new_object(), *answer = NULL;
    struct hook_delivery delivery = {.org = "default", .source = "github", .proof = &proof, .headers = headers};
    save("w", "");
    must(hook_deliver(&store, &delivery, NOW, &answer, &fault));
    ck_assert_uint_eq(json_object_array_length(json_get_array(answer, "runs")), 1);
    json_object_put(answer);
    must(db_run(store.db, NULL, &fault, "DELETE FROM hook_seen", ""));
    strcpy(proof.delivery, "d2");
    must(hook_deliver(&store, &delivery, NOW, &answer, &fault));
    ck_assert_uint_eq(json_object_array_length(json_get_array(answer, "runs")), 0);
    ck_assert_int_eq(count_rows("SELECT COUNT(*) FROM run"), 1);
    json_object_put(answer);
    json_object_put(headers);
}
END_TEST

START_TEST(a_workflow_that_cannot_start_does_not_keep_others)
{
    struct json_object *definition = json_of(
        "{\"params\":[{\"name\":\"x\",\"type\":\"string\",\"required\":true}],\"nodes\":[{\"id\":\"in\",\"type\":\"trigger\",\"data\":"
        "{\"kind\":\"webhook\",\"source\":\"github\"}}],\"edges\":[]}"), *answer = NULL;
    bool created;
    must(workflow_save(&store, "default", "a", NULL, definition, WORKFLOW_PUT, &created, NULL, &fault));
    save("b", "");
    must(deliver("d1", "push", "{}", NOW, &answer));
    ck_assert_uint_eq(json_object_array_length(json_get_array(answer, "runs")), 1);
    ck_assert_ptr_nonnull(strstr(json_text(json_get(answer, "failed"), NULL), "the input needs `x`"));
    json_object_put(answer);
    json_object_put(definition);
}
END_TEST

START_TEST(old_deliveries_go)
{
    save("w", "");
    ck_assert_str_eq(started("d1", "push", "{}"), "w");
    for (int i = 0; i < HOOK_KEEP + 5; i++)
        must(hook_reject(&store, "default", "github", "signature", NULL, NULL, 1, NOW + i, &fault));
    ck_assert_int_eq(count_rows("SELECT COUNT(*) FROM hook_delivery WHERE outcome = 'rejected'"), HOOK_KEEP);
    ck_assert_int_eq(count_rows("SELECT COUNT(*) FROM hook_delivery WHERE outcome = 'accepted'"), 1);
    ck_assert_int_eq(count_rows("SELECT n FROM hook_rejected"), HOOK_KEEP + 5);
}
END_TEST

static Suite *suite(void)
{
    Suite *s = suite_create("hook");
    TCase *tc = tcase_create("hook");
    tcase_set_timeout(tc, 30);
    tcase_add_checked_fixture(tc, model_setup, model_teardown);
    tcase_add_test(tc, signatures);
    tcase_add_test(tc, generic_signatures);
    tcase_add_test(tc, which_workflows_start);
    tcase_add_test(tc, a_delivery_is_taken_once);
    tcase_add_test(tc, a_delivery_that_was_cut_short_comes_again);
    tcase_add_test(tc, a_timed_delivery_under_two_ids_starts_one_run);
    tcase_add_test(tc, a_workflow_that_cannot_start_does_not_keep_others);
    tcase_add_test(tc, old_deliveries_go);
    suite_add_tcase(s, tc);
    return s;
}

UNIT_MAIN(suite)
