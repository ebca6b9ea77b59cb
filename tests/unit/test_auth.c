/* Tokens, claims, tickets and what carries them, without a server. Signatures by keys are in tests/integration/test_auth.py. */
#include "auth/claims.h"
#include "auth/credential.h"
#include "auth/ticket.h"
#include "auth/token.h"
#include "tests/unit/instance.h"
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define NOW_MS INT64_C(1790000000000)

static struct config *config_of(const char *const *overrides)
{
    struct config *c = NULL;
    struct fault fault = {0};
    ck_assert_msg(config_load("/nonexistent/runspool.conf", overrides, &c, &fault) == RS_OK, "%s", fault.message);
    return c;
}

START_TEST(a_token_is_good_with_its_own_signature_only)
{
    struct json_object *claims = json_object_new_object(), *read = NULL;
    struct buf text;
    struct token token;
    buf_init(&text, TOKEN_MAX);
    json_set_string(claims, "org", "acme");
    ck_assert_int_eq(token_make("secret", claims, &text), RS_OK);
    ck_assert_int_eq(token_parse(text.data, text.len, &token, NULL), RS_OK);
    ck_assert_int_eq(token.alg, TOKEN_HS256);
    ck_assert(token_verify_secret(&token, "secret") && !token_verify_secret(&token, "Secret"));
    ck_assert_int_eq(token_claims(&token, &read, NULL), RS_OK);
    ck_assert_str_eq(json_get_string(read, "org", ""), "acme");
    for (size_t i = 0; i + 1 < text.len; i++) { /* the last letter has bits that mean nothing */
        char was = text.data[i];
        text.data[i] = was == 'A' ? 'B' : 'A';
        ck_assert_msg(token_parse(text.data, text.len, &token, NULL) != RS_OK || !token_verify_secret(&token, "secret"),
                      "letter %zu", i);
        text.data[i] = was;
    }
    for (size_t len = 0; len < text.len; len++)
        ck_assert(token_parse(text.data, len, &token, NULL) != RS_OK || !token_verify_secret(&token, "secret"));
    json_object_put(claims);
    json_object_put(read);
    buf_release(&text);
}
END_TEST

static const struct {
    const char *claims;
    enum rs_err err;
    const char *org, *sub;
    enum access_scope scope;
    const char *crews; /* NULL: all */
    int64_t expires_ms;
} readings[] = {
    {"{}", RS_OK, "default", "", SCOPE_VIEWER, NULL, 0},
    {"{\"org\":\"acme\",\"sub\":\"ann\",\"scope\":\"editor\",\"exp\":1790000001}", RS_OK, "acme", "ann", SCOPE_EDITOR, NULL,
     INT64_C(1790000001000)},
    {"{\"exp\":1790000000.5}", RS_OK, "default", "", SCOPE_VIEWER, NULL, INT64_C(1790000000500)},
    {"{\"exp\":1790000000}", RS_UNAUTHENTICATED, 0, 0, 0, 0, 0}, /* at that moment it is over */
    {"{\"exp\":\"1790000001\"}", RS_UNAUTHENTICATED, 0, 0, 0, 0, 0},
    {"{\"exp\":1e300}", RS_UNAUTHENTICATED, 0, 0, 0, 0, 0},
    {"{\"exp\":-5}", RS_UNAUTHENTICATED, 0, 0, 0, 0, 0},
    {"{\"nbf\":1790000010}", RS_OK, "default", "", SCOPE_VIEWER, NULL, 0},
    {"{\"nbf\":1790000011}", RS_UNAUTHENTICATED, 0, 0, 0, 0, 0},
    {"{\"scope\":\"\"}", RS_OK, "default", "", SCOPE_VIEWER, NULL, 0},
    {"{\"scope\":\"openid  operator viewer\"}", RS_OK, "default", "", SCOPE_OPERATOR, NULL, 0},
    {"{\"scope\":[\"admin\"]}", RS_OK, "default", "", SCOPE_ADMIN, NULL, 0},
    {"{\"scope\":\"openid\"}", RS_OK, "default", "", SCOPE_NONE, NULL, 0},
    {"{\"scope\":7}", RS_UNAUTHENTICATED, 0, 0, 0, 0, 0},
    {"{\"crews\":[\"a\",\"b c\"]}", RS_OK, "default", "", SCOPE_VIEWER, "a b c", 0},
    {"{\"crews\":[]}", RS_OK, "default", "", SCOPE_VIEWER, "", 0},
    {"{\"crews\":\"a/b\"}", RS_UNAUTHENTICATED, 0, 0, 0, 0, 0},
    {"{\"crews\":[\"a\\u0000b\"]}", RS_UNAUTHENTICATED, 0, 0, 0, 0, 0},
    {"{\"org\":\"\"}", RS_UNAUTHENTICATED, 0, 0, 0, 0, 0},
    {"{\"org\":\"..\"}", RS_UNAUTHENTICATED, 0, 0, 0, 0, 0},
    {"{\"org\":\"acme\\u0000x\"}", RS_UNAUTHENTICATED, 0, 0, 0, 0, 0},
    {"{\"sub\":\"a\\nb\"}", RS_UNAUTHENTICATED, 0, 0, 0, 0, 0},
};

START_TEST(claims_say_who_and_what)
{
    struct config *c = config_of(NULL);
    for (size_t i = 0; i < sizeof readings / sizeof *readings; i++) {
        struct json_object *claims = json_tokener_parse(readings[i].claims);
        struct access who = {0};
        enum rs_err err = claims_read(claims, c, NOW_MS, &who, NULL);
        ck_assert_msg(err == readings[i].err, "%s", readings[i].claims);
        if (!err) {
            ck_assert_msg(strcmp(who.org, readings[i].org) == 0 && strcmp(who.sub, readings[i].sub) == 0 &&
                              who.scope == readings[i].scope && who.expires_ms == readings[i].expires_ms && who.by_token,
                          "%s", readings[i].claims);
            ck_assert_pstr_eq(who.crews, readings[i].crews);
        }
        access_release(&who);
        json_object_put(claims);
    }
    config_free(c);
}
END_TEST

static void check_credential(struct access_request request, enum rs_err err, enum credential_kind kind, const char *text)
{
    struct config *c = config_of(NULL);
    struct credential found = {0};
    request.host = "here";
    ck_assert_int_eq(credential_find(c, &request, &found, NULL), err);
    if (!err) {
        ck_assert_int_eq(found.kind, kind);
        ck_assert(!text || (found.len == strlen(text) && memcmp(found.text, text, found.len) == 0));
    }
    config_free(c);
}

START_TEST(the_first_that_is_there_decides)
{
    struct query query = {0}, token = {0};
    ck_assert_int_eq(query_parse("ticket=t1", &query, NULL), RS_OK);
    ck_assert_int_eq(query_parse("token=x", &token, NULL), RS_OK);
#define FIND(err, kind, text, ...) check_credential((struct access_request){__VA_ARGS__}, err, kind, text)
    FIND(RS_OK, CREDENTIAL_NONE, NULL, .method = "GET");
    FIND(RS_OK, CREDENTIAL_TOKEN, "a", .authorization = "bearer  a ", .cookie = "runspool_session=b", .query = &query);
    FIND(RS_OK, CREDENTIAL_TOKEN, "", .authorization = "Bearer ", .cookie = "runspool_session=b");
    FIND(RS_OK, CREDENTIAL_TOKEN, "b", .authorization = "Basic YTpi", .cookie = "runspool_session=b");
    FIND(RS_OK, CREDENTIAL_TOKEN, "b", .authorization = "Bearerx", .cookie = "x=y;runspool_session=b; z");
    FIND(RS_OK, CREDENTIAL_TOKEN, "c", .protocols = "runspool.v1,token , c", .query = &query);
    FIND(RS_OK, CREDENTIAL_TICKET, "t1", .protocols = "runspool.v1, token", .query = &query);
    FIND(RS_OK, CREDENTIAL_TICKET, "t1", .cookie = "runspool_session=b", .query = &query);
    FIND(RS_OK, CREDENTIAL_TOKEN, "b", .cookie = "runspool_session=b; runspool_session=b");
    FIND(RS_OK, CREDENTIAL_TOKEN, "b", .cookie = "runspool_session=b; runspool_session=c");
    FIND(RS_OK, CREDENTIAL_NONE, NULL, .cookie = "xrunspool_session=b; runspool_sessions=c");
    FIND(RS_OK, CREDENTIAL_NONE, NULL, .cookie = "runspool_session=b", .origin = "http://there");
    FIND(RS_OK, CREDENTIAL_NONE, NULL, .cookie = "runspool_session=b", .origin = "null");
    FIND(RS_OK, CREDENTIAL_TOKEN, "b", .cookie = "runspool_session=b", .origin = "http://here");
    FIND(RS_UNAUTHENTICATED, 0, NULL, .authorization = "Bearer a", .query = &token);
    query_release(&query);
    query_release(&token);
}
END_TEST

START_TEST(a_ticket_is_bound)
{
    static const unsigned char key[TICKET_KEY_BYTES] = {7}, other[TICKET_KEY_BYTES] = {8};
    struct access ann = {.org = "acme", .sub = "ann", .scope = SCOPE_ADMIN, .crews = (char *)"a b"}, who = {0};
    struct json_object *streams = json_tokener_parse("[\"run:r_1\",\"runs\"]");
    struct buf text;
    buf_init(&text, TICKET_MAX);
    ck_assert_int_eq(ticket_make(key, &ann, NULL, streams, NOW_MS + 1000, &text, NULL), RS_OK);
    ck_assert_int_eq(ticket_check(key, text.data, "/sse", NOW_MS, &who, NULL), RS_OK);
    ck_assert(strcmp(who.org, "acme") == 0 && strcmp(who.sub, "ann") == 0 && who.scope == SCOPE_VIEWER && who.by_token);
    ck_assert_str_eq(who.crews, "a b");
    ck_assert(access_has_stream(&who, "run:r_1") && access_has_stream(&who, "runs") && !access_has_stream(&who, "run:r_2"));
    access_release(&who);
    ck_assert_int_eq(ticket_check(key, text.data, "/api/poll", NOW_MS, &who, NULL), RS_OK);
    access_release(&who);
    ck_assert_int_eq(ticket_check(key, text.data, "/sse/runs", NOW_MS, &who, NULL), RS_DENIED);
    ck_assert_int_eq(ticket_check(key, text.data, "/sse", NOW_MS + 1000, &who, NULL), RS_UNAUTHENTICATED);
    ck_assert_int_eq(ticket_check(other, text.data, "/sse", NOW_MS, &who, NULL), RS_UNAUTHENTICATED);
    text.data[5] ^= 1;
    ck_assert_int_eq(ticket_check(key, text.data, "/sse", NOW_MS, &who, NULL), RS_UNAUTHENTICATED);
    buf_clear(&text);
    ck_assert_int_eq(ticket_make(key, &ann, "/sse/graph/a", NULL, NOW_MS + 1000, &text, NULL), RS_OK);
    ck_assert_int_eq(ticket_check(key, text.data, "/sse/graph/a", NOW_MS, &who, NULL), RS_OK);
    ck_assert_ptr_null(who.streams);
    access_release(&who);
    ck_assert_int_eq(ticket_check(key, text.data, "/sse/graph/b", NOW_MS, &who, NULL), RS_DENIED);
    json_object_put(streams);
    buf_release(&text);
}
END_TEST

/* Processes that need the first key at the same time agree on one. */
START_TEST(one_key_for_tickets)
{
    enum { PROCESSES = 8 };
    struct datadir dd = {0};
    unsigned char key[TICKET_KEY_BYTES], theirs[TICKET_KEY_BYTES];
    char path[PATH_MAX];
    struct stat st;
    int pipes[2];
    instance_open(&dd, NULL);
    ck_assert_int_eq(ticket_key(&dd, false, key, NULL), RS_NOT_FOUND);
    ck_assert_int_eq(pipe(pipes), 0);
    for (int i = 0; i < PROCESSES; i++) {
        if (fork() != 0)
            continue;
        if (ticket_key(&dd, true, key, NULL) != RS_OK || write(pipes[1], key, sizeof key) != sizeof key)
            _exit(1);
        _exit(0);
    }
    for (int i = 0; i < PROCESSES; i++) {
        int status = -1;
        ck_assert(wait(&status) > 0 && status == 0);
    }
    ck_assert_int_eq(ticket_key(&dd, false, key, NULL), RS_OK);
    for (int i = 0; i < PROCESSES; i++) {
        ck_assert_int_eq(read(pipes[0], theirs, sizeof theirs), sizeof theirs);
        ck_assert_mem_eq(key, theirs, sizeof key);
    }
    ck_assert_int_eq(stat(datadir_path(&dd, path, "keys/ticket.key"), &st), 0);
    ck_assert_int_eq(st.st_mode & 07, 0);
    instance_close(&dd);
}
END_TEST

static Suite *suite(void)
{
    Suite *s = suite_create("auth");
    TCase *t = tcase_create("auth");
    tcase_add_test(t, a_token_is_good_with_its_own_signature_only);
    tcase_add_test(t, claims_say_who_and_what);
    tcase_add_test(t, the_first_that_is_there_decides);
    tcase_add_test(t, a_ticket_is_bound);
    tcase_add_test(t, one_key_for_tickets);
    suite_add_tcase(s, t);
    return s;
}
UNIT_MAIN(suite)
