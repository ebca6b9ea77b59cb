#include "http/access.h"
#include "unit.h"

static struct config *config_of(const char *const *overrides)
{
    struct config *c = NULL;
    struct fault fault = {0};
    ck_assert_msg(config_load("/nonexistent/runspool.conf", overrides, &c, &fault) == RS_OK, "%s", fault.message);
    return c;
}

static enum rs_err check(const struct config *c, struct access_request request, struct fault *fault)
{
    if (!request.method)
        request.method = "GET";
    return access_check(c, &request, fault);
}

#define ALLOWED(c, ...) ck_assert_int_eq(check(c, (struct access_request){__VA_ARGS__}, NULL), RS_OK)
#define DENIED(c, ...) ck_assert_int_eq(check(c, (struct access_request){__VA_ARGS__}, NULL), RS_DENIED)

START_TEST(none_serves_loopback_only)
{
    struct config *c = config_of(NULL);
    ALLOWED(c, .peer = "127.0.0.1");
    ALLOWED(c, .peer = "127.9.9.9", .host = "localhost:8080");
    ALLOWED(c, .peer = "::1", .host = "[::1]:8080");
    ALLOWED(c, .peer = "::ffff:127.0.0.1");
    ALLOWED(c, .peer = "unix", .host = "127.0.0.1:80");
    ALLOWED(c, .peer = "unix", .forwarded_for = "127.0.0.1");
    ALLOWED(c, .peer = "unix", .host = "demo.localhost");
    DENIED(c, .peer = "192.0.2.1");
    DENIED(c, .peer = "2001:db8::1");
    DENIED(c, .peer = "128.0.0.1");
    DENIED(c, .peer = NULL);
    DENIED(c, .peer = "127.0.0.1x");
    DENIED(c, .peer = "");
    config_free(c);
}
END_TEST

START_TEST(forwarded_for_counts_by_its_last_hop_that_is_no_proxy)
{
    struct config *c = config_of((const char *const[]){"trusted_proxies=192.0.2.0/25, 2001:db8::/32", NULL});
    DENIED(c, .peer = "unix", .forwarded_for = "127.0.0.1, 203.0.113.5");
    DENIED(c, .peer = "unix", .forwarded_for = "203.0.113.5, 127.0.0.1"); /* two proxies on this machine, one after the other */
    DENIED(c, .peer = "unix", .forwarded_for = "127.0.0.1, 203.0.113.5, 127.0.0.1, 192.0.2.7");
    ALLOWED(c, .peer = "unix", .forwarded_for = "127.0.0.1, 192.0.2.7,::1");
    DENIED(c, .peer = "unix", .forwarded_for = "192.0.2.7, 127.0.0.1"); /* a client that is a proxy elsewhere */
    DENIED(c, .peer = "unix", .forwarded_for = "127.0.0.1,");
    DENIED(c, .peer = "127.0.0.1", .forwarded_for = "203.0.113.5"); /* a tunnel on this machine */
    DENIED(c, .peer = "203.0.113.9", .forwarded_for = "127.0.0.1"); /* says so itself */
    ALLOWED(c, .peer = "192.0.2.7", .forwarded_for = "127.0.0.1");
    DENIED(c, .peer = "192.0.2.128", .forwarded_for = "127.0.0.1");
    DENIED(c, .peer = "192.0.2.7");
    ALLOWED(c, .peer = "2001:db8::7", .forwarded_for = "::1");
    DENIED(c, .peer = "unix", .forwarded_for = "");
    config_free(c);
}
END_TEST

START_TEST(a_network_with_a_bad_length_trusts_nobody)
{
    struct config *c =
        config_of((const char *const[]){"trusted_proxies=192.0.2.0/, 192.0.2.0/x, 192.0.2.0/24x, 192.0.2.0/-1", NULL});
    DENIED(c, .peer = "192.0.2.7", .forwarded_for = "127.0.0.1");
    DENIED(c, .peer = "203.0.113.9", .forwarded_for = "127.0.0.1");
    config_free(c);
}
END_TEST

START_TEST(foreign_host_names_are_refused)
{
    struct config *c = config_of((const char *const[]){"public_url=https://runs.example.org:8443/base", NULL});
    struct fault fault = {0};
    ck_assert_int_eq(check(c, (struct access_request){.peer = "unix", .host = "evil.example"}, &fault), RS_DENIED);
    ck_assert_ptr_nonnull(strstr(fault.message, "public_url"));
    ALLOWED(c, .peer = "unix", .host = "RUNS.example.org");
    ALLOWED(c, .peer = "unix", .host = "runs.example.org:8443");
    DENIED(c, .peer = "unix", .host = "runs.example.org.evil");
    DENIED(c, .peer = "unix", .host = "localhost.evil");
    DENIED(c, .peer = "unix", .host = "notlocalhost");
    DENIED(c, .peer = "unix", .host = "");
    config_free(c);
}
END_TEST

START_TEST(origin_is_checked_where_it_matters)
{
    struct config *c =
        config_of((const char *const[]){"cors.origins=https://a.example", "public_url=https://runs.example.org", NULL});
    ALLOWED(c, .peer = "unix", .host = "localhost:1", .origin = "https://evil.example");
    DENIED(c, .peer = "unix", .host = "localhost:1", .origin = "https://evil.example", .websocket = true);
    DENIED(c, .method = "POST", .peer = "unix", .host = "localhost:1", .origin = "https://evil.example");
    DENIED(c, .method = "DELETE", .peer = "unix", .host = "localhost:1", .origin = "null");
    DENIED(c, .method = "POST", .peer = "unix", .host = "localhost:1", .origin = "http://localhost:2");
    ALLOWED(c, .method = "POST", .peer = "unix", .host = "localhost:1", .origin = "http://localhost:1");
    ALLOWED(c, .method = "POST", .peer = "unix", .host = "localhost:1", .origin = "https://a.example");
    ALLOWED(c, .method = "POST", .peer = "unix", .host = "localhost:1", .origin = "https://runs.example.org");
    DENIED(c, .method = "POST", .peer = "unix", .host = "localhost:1", .origin = "http://runs.example.org");
    ALLOWED(c, .method = "POST", .peer = "unix", .host = "localhost:1");
    config_free(c);
}
END_TEST

START_TEST(none_public_serves_all_but_other_sites_pages)
{
    struct config *c = config_of((const char *const[]){"auth.none_public=yes", NULL});
    ALLOWED(c, .peer = "192.0.2.1", .host = "runs.example.org");
    DENIED(c, .method = "POST", .peer = "192.0.2.1", .host = "runs.example.org", .origin = "https://evil.example");
    config_free(c);
}
END_TEST

START_TEST(scopes_include_those_before)
{
    struct access editor = {.scope = SCOPE_EDITOR}, none = {.scope = SCOPE_NONE};
    ck_assert_int_eq(access_allows(&editor, "viewer", NULL), RS_OK);
    ck_assert_int_eq(access_allows(&editor, "operator", NULL), RS_OK);
    ck_assert_int_eq(access_allows(&editor, "editor", NULL), RS_OK);
    ck_assert_int_eq(access_allows(&editor, "admin", NULL), RS_DENIED);
    ck_assert_int_eq(access_allows(&none, NULL, NULL), RS_DENIED);
    ck_assert_int_eq(access_allows(&none, "", NULL), RS_OK);
    ck_assert_int_eq(access_scope_find("none"), SCOPE_NONE);
    ck_assert_int_eq(access_scope_find("admin"), SCOPE_ADMIN);
    ck_assert_int_eq(access_scope_find("Admin"), SCOPE_NONE);
}
END_TEST

START_TEST(lists_hold_whole_words)
{
    struct access who = {.crews = (char *)"ab abc", .streams = (char *)""}, all = {.org = "x"};
    ck_assert(access_has_crew(&who, "ab") && access_has_crew(&who, "abc") && access_has_crew(&all, "z"));
    ck_assert(!access_has_crew(&who, "b") && !access_has_crew(&who, "a") && !access_has_crew(&who, ""));
    ck_assert(!access_has_stream(&who, "runs") && access_has_stream(&all, "runs"));
}
END_TEST

START_TEST(cookies_count_for_our_own_pages_only)
{
    struct config *c = config_of((const char *const[]){"auth=jwt", "auth.secret=x", "cors.origins=*", NULL});
    struct access_request request = {.method = "GET", .host = "runs.example"};
    ck_assert(access_same_origin(c, &request));
    request.origin = "https://runs.example";
    ck_assert(access_same_origin(c, &request));
    request.origin = "https://evil.example";
    ck_assert(!access_same_origin(c, &request));
    request.origin = NULL;
    request.fetch_site = "same-site";
    ck_assert(!access_same_origin(c, &request));
    request.fetch_site = "same-origin";
    ck_assert(access_same_origin(c, &request));
    config_free(c);
}
END_TEST

START_TEST(cors_origin)
{
    struct config *c = config_of((const char *const[]){"cors.origins=https://a.example", NULL});
    ck_assert_str_eq(access_cors_origin(c, "https://a.example"), "https://a.example");
    ck_assert_ptr_null(access_cors_origin(c, "https://b.example"));
    ck_assert_ptr_null(access_cors_origin(c, NULL));
    config_free(c);
    c = config_of((const char *const[]){"cors.origins=*", NULL});
    ck_assert_str_eq(access_cors_origin(c, "https://b.example"), "*");
    config_free(c);
}
END_TEST

static Suite *suite(void)
{
    Suite *s = suite_create("access");
    TCase *t = tcase_create("access");
    tcase_add_test(t, none_serves_loopback_only);
    tcase_add_test(t, forwarded_for_counts_by_its_last_hop_that_is_no_proxy);
    tcase_add_test(t, a_network_with_a_bad_length_trusts_nobody);
    tcase_add_test(t, foreign_host_names_are_refused);
    tcase_add_test(t, origin_is_checked_where_it_matters);
    tcase_add_test(t, none_public_serves_all_but_other_sites_pages);
    tcase_add_test(t, scopes_include_those_before);
    tcase_add_test(t, lists_hold_whole_words);
    tcase_add_test(t, cookies_count_for_our_own_pages_only);
    tcase_add_test(t, cors_origin);
    suite_add_tcase(s, t);
    return s;
}
UNIT_MAIN(suite)
