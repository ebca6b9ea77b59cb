/* robots.txt by RFC 9309: its examples, groups, the longest match, wildcards, encodings. */
#include "runner/scrape/robots.h"
#include "unit.h"

static struct robots *parse(const char *text)
{
    struct robots *robots;
    ck_assert_ok(robots_parse(text, strlen(text), "runspool", &robots));
    return robots;
}

static void check(const char *text, const char *path, bool allowed)
{
    struct robots *robots = parse(text);
    ck_assert_msg(robots_allow(robots, path) == allowed, "%s\n%s", path, text);
    robots_free(robots);
}

START_TEST(test_longest_match)
{
    static const struct {
        const char *text, *path;
        bool allowed;
    } cases[] = {
        {"", "/", true},
        {"User-agent: *\nDisallow: /", "/", false},
        {"User-agent: *\nDisallow:", "/a", true},
        {"User-agent: *\nDisallow: /", "/robots.txt", true},
        {"User-agent: *\nDisallow: /a", "/abc", false},
        {"User-agent: *\nDisallow: /a/", "/a", true},
        /* Section 5.2: the longest match. */
        {"User-agent: *\nAllow: /example/page/\nDisallow: /example/page/disallowed.gif", "/example/page/disallowed.gif",
         false},
        {"User-agent: *\nAllow: /example/page/\nDisallow: /example/page/disallowed.gif", "/example/page/x", true},
        {"User-agent: *\nDisallow: /p\nAllow: /p", "/page", true},
        {"User-agent: *\nAllow: /p\nDisallow: /", "/page", true},
        {"User-agent: *\nDisallow: /*.gif$", "/a/b.gif", false},
        {"User-agent: *\nDisallow: /*.gif$", "/a/b.gif?x", true},
        {"User-agent: *\nDisallow: /*/b*c$", "/a/b1c", false},
        {"User-agent: *\nDisallow: /*/b*c$", "/a/b1cd", true},
        {"User-agent: *\nDisallow: /*/b*c$", "/a/bcxc", false},
        {"User-agent: *\nDisallow: *\nAllow: /$", "/", true},
        {"User-agent: *\nDisallow: *\nAllow: /$", "/x", false},
        {"User-agent: *\nDisallow: /a$b", "/a$b", false},
        {"User-agent: *\nDisallow: /*?", "/a?b", false},
        /* Encodings, section 2.2.2. */
        {"User-agent: *\nDisallow: /foo/bar/\xe3\x83\x84", "/foo/bar/%E3%83%84", false},
        {"User-agent: *\nDisallow: /foo/bar/%E3%83%84", "/foo/bar/%e3%83%84", false},
        {"User-agent: *\nDisallow: /%7Euser", "/~user", false},
        {"User-agent: *\nDisallow: /~user", "/%7euser", false},
        {"User-agent: *\nDisallow: /a%2Fb", "/a/b", true},
        {"User-agent: *\nDisallow: /a%2Ab", "/axb", true},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        check(cases[i].text, cases[i].path, cases[i].allowed);
}
END_TEST

START_TEST(test_groups)
{
    static const char text[] = "\xef\xbb\xbf# comment\r\n"
                               "user-AGENT : other\r\n"
                               "User-agent:\trunSPOOL/1.0 # us\r\n"
                               "Disallow: /both\r\n"
                               "Crawl-delay: 1.5\r\n"
                               "\r\n"
                               "User-agent: *\r\n"
                               "Disallow: /\r\n"
                               "Sitemap: https://example.org/map.xml\r\n"
                               "User-agent: runspool\r\n"
                               "Something: else\r\n"
                               "User-agent: third\r\n"
                               "Disallow: /again\r\n"
                               "Sitemap:/second.xml";
    struct robots *robots = parse(text);
    ck_assert(!robots_allow(robots, "/both"));
    ck_assert(!robots_allow(robots, "/again"));
    ck_assert(robots_allow(robots, "/anything"));
    ck_assert_int_eq(robots_delay_ms(robots), 1500);
    ck_assert_str_eq(robots_sitemap(robots, 0), "https://example.org/map.xml");
    ck_assert_str_eq(robots_sitemap(robots, 1), "/second.xml");
    ck_assert_ptr_null(robots_sitemap(robots, 2));
    robots_free(robots);
    /* A name that only begins like ours is another; a group of ours without rules allows. */
    check("User-agent: runspool-news\nDisallow: /\n", "/a", true);
    check("User-agent: run\nDisallow: /\n", "/a", true);
    check("User-agent: *\nDisallow: /\n\nUser-agent: runspool\nAllow: /b\n", "/a", true);
    check("User-agent: runspool\nUser-agent: *\nDisallow: /a\n", "/a", false);
    check("Disallow: /\nUser-agent: *\nAllow: /", "/a", true);
}
END_TEST

START_TEST(test_rubbish_and_limits)
{
    static const char *const delays[] = {"User-agent: *\nCrawl-delay: x", "User-agent: *\nCrawl-delay: -1",
                                         "User-agent: *\nCrawl-delay: 1e99", "User-agent: *\nCrawl-delay: nan"};
    for (size_t i = 0; i < sizeof delays / sizeof *delays; i++) {
        struct robots *robots = parse(delays[i]);
        ck_assert_int_eq(robots_delay_ms(robots), 0);
        robots_free(robots);
    }
    struct robots *robots;
    ck_assert_ok(robots_parse("User-agent: *\nDisallow: /a\0b\n", 28, "runspool", &robots));
    robots_free(robots);
    check("<html>:::\n:\n#\nUser-agent\nDisallow /\n", "/a", true);
    /* Many rules, with stars that make slow matchers slow. */
    size_t len = 0, max = ROBOTS_BYTES_MAX * 2;
    char *text = malloc(max);
    len += (size_t)sprintf(text, "User-agent: *\n");
    while (len < max - 100)
        len += (size_t)sprintf(text + len, "Disallow: /*a*a*a*a*a*a*a*a*b$\n");
    ck_assert_ok(robots_parse(text, len, "runspool", &robots));
    char path[200] = "/";
    memset(path + 1, 'a', sizeof path - 2);
    path[sizeof path - 1] = '\0';
    ck_assert(robots_allow(robots, path));
    robots_free(robots);
    free(text);
    robots = robots_all(false);
    ck_assert(!robots_allow(robots, "/") && robots_allow(robots, "/robots.txt"));
    robots_free(robots);
    robots = robots_all(true);
    ck_assert(robots_allow(robots, "/x"));
    robots_free(robots);
    robots_free(NULL);
}
END_TEST

static Suite *suite(void)
{
    Suite *s = suite_create("scrape_robots");
    TCase *tc = tcase_create("robots");
    tcase_add_test(tc, test_longest_match);
    tcase_add_test(tc, test_groups);
    tcase_add_test(tc, test_rubbish_and_limits);
    suite_add_tcase(s, tc);
    return s;
}
UNIT_MAIN(suite)
