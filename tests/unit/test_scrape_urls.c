/* Addresses: resolved, normalised, matched; and in which order, when, a frontier gives them. */
#include "runner/scrape/frontier.h"
#include "runner/scrape/urls.h"
#include "unit.h"

START_TEST(test_resolve)
{
    static const char base[] = "http://a.example/b/c/d;p?q";
    static const char *const cases[][2] = {
        {"g", "http://a.example/b/c/g"},
        {"./g", "http://a.example/b/c/g"},
        {"g/", "http://a.example/b/c/g/"},
        {"/g", "http://a.example/g"},
        {"//g", "http://g/"},
        {"?y", "http://a.example/b/c/d;p?y"},
        {"g?y", "http://a.example/b/c/g?y"},
        {"#s", "http://a.example/b/c/d;p?q"},
        {"g#s", "http://a.example/b/c/g"},
        {"", "http://a.example/b/c/d;p?q"},
        {"..", "http://a.example/b/"},
        {"../..", "http://a.example/"},
        {"../../../g", "http://a.example/g"},
        {"./g/.", "http://a.example/b/c/g/"},
        {"g/../h", "http://a.example/b/c/h"},
        {" \n g \t", "http://a.example/b/c/g"},
        {"HTTP://EXAMPLE.org:80", "http://example.org/"},
        {"https://example.org:443/A", "https://example.org/A"},
        {"https://example.org:8443/A", "https://example.org:8443/A"},
        {"http://example.org./", "http://example.org/"},
        {"http://user:pw@example.org/x", "http://example.org/x"},
        {"/%7Ea/%2f/%zz", "http://a.example/~a/%2F/%25zz"},
        {"/a b/\xc3\xa9?q=\xc3\xa9 x", "http://a.example/a%20b/%C3%A9?q=%C3%A9+x"},
        {"http://[::1]:8080/x", "http://[::1]:8080/x"},
        {"/x?", "http://a.example/x"},
    };
    static const char *const wrong[] = {"mailto:a@b", "javascript:void(0)", "ftp://x/", "data:text/html,x",
                                        "http://",    "file:///etc/passwd", "tel:1"};
    char url[URL_TEXT_MAX + 1];

    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        ck_assert_msg(url_resolve(base, cases[i][0], url) == RS_OK, "%s", cases[i][0]);
        ck_assert_msg(strcmp(url, cases[i][1]) == 0, "%s is %s instead of %s", cases[i][0], url, cases[i][1]);
        /* Once normal, it stays so. */
        char again[URL_TEXT_MAX + 1];
        ck_assert_ok(url_resolve(NULL, url, again));
        ck_assert_str_eq(url, again);
    }
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
        ck_assert_msg(url_resolve(base, wrong[i], url) == RS_INVALID && !*url, "%s", wrong[i]);
    ck_assert_int_eq(url_resolve(NULL, "/relative", url), RS_INVALID);
    char longer[URL_TEXT_MAX + 100] = "http://a/";
    memset(longer + 9, 'x', sizeof longer - 10);
    ck_assert_int_eq(url_resolve(NULL, longer, url), RS_LIMIT);
    memset(longer + 9, ' ', 1000);
    longer[1009] = 'x';
    longer[1010] = '\0';
    ck_assert_int_eq(url_resolve(NULL, longer, url), RS_LIMIT); /* encoded it is */
}
END_TEST

START_TEST(test_parts)
{
    char out[URL_TEXT_MAX + 1];
    url_key("http://a/p?b=2&&a=1&a=0", out);
    ck_assert_str_eq(out, "http://a/p?a=0&a=1&b=2");
    url_key("http://a/p", out);
    ck_assert_str_eq(out, "http://a/p");
    url_origin("https://a:8/p?q=http://x/", out);
    ck_assert_str_eq(out, "https://a:8");
    url_host("https://a.b:8/p", out);
    ck_assert_str_eq(out, "a.b");
    url_host("http://[::1]:8/", out);
    ck_assert_str_eq(out, "[::1]");
    ck_assert_str_eq(url_path("http://a/p?q"), "/p?q");
    ck_assert(url_matches("/a/*", "http://h/a/b?c"));
    ck_assert(!url_matches("/a/*", "http://h/b/a/"));
    ck_assert(url_matches("http://h/*.html", "http://h/x/y.html"));
    ck_assert(url_matches("*", "http://h/"));
    ck_assert(url_matches("/*x*y*", "http://h/1x2xy3"));
    ck_assert(!url_matches("/a", "http://h/ab"));
    ck_assert(url_host_allowed("*.example.org", "www.Example.org") && url_host_allowed("*.example.org", "example.org"));
    ck_assert(!url_host_allowed("*.example.org", "badexample.org") &&
              !url_host_allowed("example.org", "www.example.org"));
    ck_assert(url_is_file("http://h/a.PDF?x") && url_is_file("http://h/a.tar.gz"));
    ck_assert(!url_is_file("http://h/a.html") && !url_is_file("http://h/pdf") && !url_is_file("http://h/a.b/c") &&
              !url_is_file("http://h/?x=a.pdf"));
    ck_assert(url_is_trap("http://h/a/b/a/b/a/b/a/b") && !url_is_trap("http://h/a/b/a/b/a/b"));
    ck_assert(url_is_trap(
        "http://h/1/2/3/4/5/6/7/8/9/10/11/12/13/14/15/16/17/18/19/20/21/22/23/24/25/26/27/28/29/30/31/32/33"));
    ck_assert(url_is_trap("http://h/?1&2&3&4&5&6&7&8&9&10&11&12&13&14&15&16&17&18&19&20&21&22&23&24&25"));
}
END_TEST

/* What is next: "url", "-url" (refused), "R origin", "w ms", "w". The entry stays in *entry. */
static const char *next(struct frontier *f, int64_t now, struct frontier_entry **entry)
{
    static char out[URL_TEXT_MAX + 16];
    struct frontier_host *host;
    int64_t wait;
    switch (frontier_next(f, now, entry, &host, &wait)) {
    case FRONTIER_ENTRY:
        return strcpy(out, (*entry)->url);
    case FRONTIER_REFUSED:
        snprintf(out, sizeof out, "-%s", (*entry)->url);
        frontier_drop(*entry);
        return out;
    case FRONTIER_ROBOTS:
        snprintf(out, sizeof out, "R %s", host->origin);
        struct robots *robots;
        ck_assert_ok(robots_parse("User-agent: *\nDisallow: /no\n", 28, "runspool", &robots));
        frontier_robots(f, host, robots);
        return out;
    default:
        snprintf(out, sizeof out, wait < 0 ? "w" : "w %d", (int)wait);
        return out;
    }
}

START_TEST(test_order_and_politeness)
{
    struct frontier f;
    struct frontier_entry *a, *b, *c;
    frontier_init(&f, 2, 0, true);
    ck_assert_ok(frontier_add(&f, "http://a/1", ENTRY_PAGE, 0));
    ck_assert_ok(frontier_add(&f, "http://a/no", ENTRY_PAGE, 0));
    ck_assert_ok(frontier_add(&f, "http://a/2?y&x", ENTRY_PAGE, 0));
    ck_assert_ok(frontier_add(&f, "http://a/3", ENTRY_PAGE, 0));
    ck_assert_ok(frontier_add(&f, "http://b/1", ENTRY_PAGE, 0));
    ck_assert_int_eq(frontier_add(&f, "http://a/2?x&y", ENTRY_PAGE, 0), RS_CONFLICT);
    ck_assert(frontier_knows(&f, "http://a/2?x&y") && !frontier_knows(&f, "http://a/4"));
    ck_assert_str_eq(next(&f, 0, &a), "R http://a");
    ck_assert_str_eq(next(&f, 0, &a), "http://a/1");
    ck_assert_str_eq(next(&f, 0, &b), "R http://b");
    ck_assert_str_eq(next(&f, 0, &b), "http://b/1"); /* hosts take turns */
    ck_assert_str_eq(next(&f, 0, &c), "-http://a/no");
    ck_assert_str_eq(next(&f, 0, &c), "http://a/2?y&x");
    struct frontier_entry *none;
    ck_assert_str_eq(next(&f, 0, &none), "w"); /* two at a time */
    frontier_done(a);
    ck_assert_str_eq(next(&f, 0, &a), "http://a/3");
    frontier_done(a);
    /* Again: first of its host, and the host is left alone meanwhile. */
    ck_assert_ok(frontier_add(&f, "http://a/4", ENTRY_PAGE, 1));
    frontier_again(&f, c, 10, 50);
    ck_assert_str_eq(next(&f, 20, &c), "w 40");
    ck_assert_str_eq(next(&f, 60, &c), "http://a/2?y&x");
    ck_assert_str_eq(next(&f, 60, &a), "http://a/4");
    /* A redirect goes first; to what is known already it goes nowhere. */
    ck_assert_ok(frontier_add(&f, "http://a/5", ENTRY_PAGE, 1));
    ck_assert_ok(frontier_redirect(&f, c, "http://a/moved"));
    ck_assert_str_eq(next(&f, 60, &c), "http://a/moved");
    ck_assert_int_eq(c->redirects, 1);
    ck_assert_int_eq(frontier_redirect(&f, c, "http://a/1"), RS_CONFLICT);
    /* Beyond the depth, until a shorter way is found. */
    frontier_beyond(&f, "http://a/deep");
    frontier_beyond(&f, "http://a/deep");
    frontier_beyond(&f, "http://a/deeper");
    ck_assert_uint_eq(f.n_beyond, 2);
    ck_assert_ok(frontier_add(&f, "http://a/deep", ENTRY_PAGE, 1));
    ck_assert_uint_eq(f.n_beyond, 1);
    ck_assert(frontier_mark(&f, "http://a/trap") && !frontier_mark(&f, "http://a/trap"));
    ck_assert_int_eq(frontier_add(&f, "http://a/trap", ENTRY_PAGE, 1), RS_CONFLICT);
    frontier_done(a);
    frontier_done(b);
    ck_assert_uint_eq(frontier_forget(&f), 2);
    ck_assert_str_eq(next(&f, 60, &a), "w");
    frontier_release(&f);
}
END_TEST

START_TEST(test_delay)
{
    struct frontier f;
    struct frontier_entry *a, *b;
    struct frontier_host *host;
    struct robots *robots;
    int64_t wait;
    frontier_init(&f, 4, 100, true);
    for (int i = 0; i < 5; i++) {
        char url[32];
        snprintf(url, sizeof url, "http://a/%d", i);
        ck_assert_ok(frontier_add(&f, url, ENTRY_PAGE, 0));
    }
    ck_assert_int_eq(frontier_next(&f, 0, &a, &host, &wait), FRONTIER_ROBOTS);
    ck_assert_str_eq(next(&f, 0, &a), "w"); /* not before the answer */
    frontier_robots_again(host, 0, 30);
    ck_assert_str_eq(next(&f, 0, &a), "w 30");
    ck_assert_int_eq(frontier_next(&f, 30, &a, &host, &wait), FRONTIER_ROBOTS);
    ck_assert_ok(robots_parse("User-agent: *\nCrawl-delay: 0.25\n", 33, "runspool", &robots));
    frontier_robots(&f, host, robots);
    ck_assert_str_eq(next(&f, 1000, &a), "http://a/0");
    ck_assert_str_eq(next(&f, 1000, &b), "w"); /* one at a time */
    frontier_done(a);
    ck_assert_str_eq(next(&f, 1001, &a), "w 249");
    ck_assert_str_eq(next(&f, 1250, &a), "http://a/1");
    frontier_done(a);
    frontier_release(&f);
}
END_TEST

static Suite *suite(void)
{
    Suite *s = suite_create("scrape_urls");
    TCase *tc = tcase_create("urls");
    tcase_add_test(tc, test_resolve);
    tcase_add_test(tc, test_parts);
    tcase_add_test(tc, test_order_and_politeness);
    tcase_add_test(tc, test_delay);
    suite_add_tcase(s, tc);
    return s;
}
UNIT_MAIN(suite)
