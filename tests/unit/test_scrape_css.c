/* What CSS selectors select, by the XPath they become. */
#include "runner/scrape/css.h"
#include "runner/scrape/select.h"
#include "unit.h"

static const char page[] = "<html lang=en-GB><head><title>T</title></head><body id=top class='a b'>"
                           "<div id=one class='box  red' data-x=\"it's\" data-empty=''><p id=p1>First <b "
                           "id=b1>bold</b></p><p id=p2 class=red>Second</p>"
                           "<span id=s1></span><p id=p3>Third</p></div>"
                           "<div id=two class=box title='Hello World' lang=en><ul id=u><li id=l1>1<li id=l2>2<li "
                           "id=l3>3<li id=l4>4<li id=l5>5</ul>"
                           "<a id=a1 href='/x.html'>x</a><a id=a2 href='/y.PDF' rel='next nofollow'>y</a></div>"
                           "<p id=p4>&#xe9;t&eacute; \"quoted\" 'too'</p><form id=f><input id=i1 type=TEXT><input "
                           "id=i2 name='n:m'></form></body></html>";
static xmlDoc *doc;

static void set_up(void)
{
    struct fault fault;
    html_init();
    ck_assert_ok(html_parse(page, sizeof page - 1, NULL, &doc, &fault));
}

static void tear_down(void)
{
    xmlFreeDoc(doc);
}

/* Ids of what is selected, and of text and attributes their value in brackets. */
static const char *selected(const char *css)
{
    static char out[1024];
    struct fault fault = {0};
    struct select select;
    xmlXPathObject *found;
    char *xpath = NULL;
    size_t n = 0;

    *out = '\0';
    if (select_compile(css, &xpath, &fault) != RS_OK) {
        snprintf(out, sizeof out, "!%s", fault.message);
        return out;
    }
    ck_assert_ok(select_init(&select, doc, "http://x/"));
    ck_assert_msg(select_nodes(&select, xpath, NULL, &found, &fault) == RS_OK, "%s: %s: %s", css, xpath, fault.message);
    for (int i = 0; found->nodesetval && i < found->nodesetval->nodeNr; i++) {
        xmlNode *node = found->nodesetval->nodeTab[i];
        xmlChar *id = node->type == XML_ELEMENT_NODE ? xmlGetProp(node, BAD_CAST "id") : xmlNodeGetContent(node);
        n += (size_t)snprintf(out + n, sizeof out - n, node->type == XML_ELEMENT_NODE ? "%s%s" : "%s[%s]", i ? " " : "",
                              id ? (char *)id : (char *)node->name);
        xmlFree(id);
    }
    xmlXPathFreeObject(found);
    select_release(&select);
    free(xpath);
    return out;
}

START_TEST(test_selectors)
{
    static const char *const cases[][2] = {
        {"p", "p1 p2 p3 p4"},
        {"P", "p1 p2 p3 p4"},
        {"div *", "p1 b1 p2 s1 p3 u l1 l2 l3 l4 l5 a1 a2"},
        {"#one", "one"},
        {".red", "one p2"},
        {"p.red", "p2"},
        {".box.red", "one"},
        {".bo", ""},
        {"div > p", "p1 p2 p3"},
        {"body>p", "p4"},
        {"div p b", "b1"},
        {"#one b", "b1"},
        {"p + p", "p2"},
        {"span+p", "p3"},
        {"p ~ p", "p2 p3"},
        {"div ~ p", "p4"},
        {"#p1 ~ span + p", "p3"},
        {"#two > ul > li + li", "l2 l3 l4 l5"},
        {"p, b,  #u", "p1 b1 p2 p3 u p4"},
        {"[title]", "two"},
        {"[data-x=\"it's\"]", "one"},
        {"[data-x='it\\'s']", "one"},
        {"[data-empty='']", "one"},
        {"[data-empty^='']", ""},
        {"[title=hello]", ""},
        {"[title='hello world' i]", "two"},
        {"[title='hello world'i]", "two"},
        {"[rel~=next]", "a2"},
        {"[rel~='next nofollow']", ""},
        {"[lang|=en]", "html two"},
        {"[lang|='en']", "html two"},
        {"a[href^='/x']", "a1"},
        {"a[href$=pdf i]", "a2"},
        {"a[href$=\".html\"]", "a1"},
        {"a[href*=htm]", "a1"},
        {"a[href!='/x.html']", "a2"},
        {"input[name=n\\:m]", "i2"},
        {"[type=text i]", "i1"},
        {"li:first-child", "l1"},
        {"li:last-child", "l5"},
        {"b:only-child", "b1"},
        {"li:nth-child(2)", "l2"},
        {"li:nth-child(1)", "l1"},
        {"li:nth-child(0)", ""},
        {"li:nth-child(odd)", "l1 l3 l5"},
        {"li:nth-child(even)", "l2 l4"},
        {"li:nth-child( 2n + 1 )", "l1 l3 l5"},
        {"li:nth-child(3n-1)", "l2 l5"},
        {"li:nth-child(-n+2)", "l1 l2"},
        {"li:nth-child(n+4)", "l4 l5"},
        {"li:nth-last-child(2)", "l4"},
        {"li:nth-last-child(-n+2)", "l4 l5"},
        {"p:nth-of-type(3)", "p3"},
        {"p:first-of-type", "p1 p4"},
        {"p:last-of-type", "p3 p4"},
        {"span:only-of-type", "s1"},
        {"p:nth-last-of-type(1)", "p3 p4"},
        {"span:empty", "s1"},
        {":root", "html"},
        {"div:not(.red)", "two"},
        {"p:not(#p1):not(.red)", "p3 p4"},
        {"p:not(#p1, .red)", "p3 p4"},
        {"p:not(:first-child)", "p2 p3 p4"},
        {":is(span, b)", "b1 s1"},
        {"div:has(b)", "one"},
        {"div:has(> ul)", "two"},
        {"p:has(+ span)", "p2"},
        {"span:has(~ p)", "s1"},
        {"div:has(i, ul)", "two"},
        {"p:contains('First')", "p1"},
        {"p:contains(\"First bold\")", "p1"},
        {"p:contains(Second)", "p2"},
        {"p:contains('\"quoted\" \\'too\\'')", "p4"},
        {"p:contains('\\E9t\\0000e9')", "p4"},
        {"#p2::text", "[Second]"},
        {"#p1::text", "[First ]"},
        {"#p1 ::text", "[bold]"},
        {"a::attr(href)", "[/x.html] [/y.PDF]"},
        {"a::attr(HREF), b::text", "[bold] [/x.html] [/y.PDF]"},
        {"p.red, b::text", "[bold] p2"},
        {"div /* comment */ > p", "p1 p2 p3"},
        {"//p[@class]", "p2"},
        {"(//li)[2]", "l2"},
        {"\\#one", ""},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        ck_assert_msg(strcmp(selected(cases[i][0]), cases[i][1]) == 0, "%s selects \"%s\" instead of \"%s\"",
                      cases[i][0], selected(cases[i][0]), cases[i][1]);
}
END_TEST

START_TEST(test_wrong_selectors)
{
    static const char *const wrong[] = {
        "",
        " ",
        "p >",
        "> p",
        "p,",
        ",p",
        "p[",
        "p[]",
        "p[a=]",
        "p[a",
        "p[a='x]",
        "p..a",
        "p.",
        "#",
        "p:",
        "p:nosuch",
        "p:nosuch(1)",
        "p:not(",
        "p:not()",
        "p:not(a b)",
        "p:nth-child(x)",
        "p:nth-child(2n+)",
        "p:nth-child(",
        "p::before",
        "p::attr(",
        "p::attr()",
        "p::text b",
        "p::text::text",
        ":not(p::text)",
        ":nth-of-type(1)",
        "p:contains(",
        "p:contains()",
        "p}",
        "p\\",
        "1p",
        "//p[",
        "p:not(:not(:not(:not(:not(:not(:not(:not(:not(a)))))))))",
        "ns|p",
        "p:has()",
        "p:has(a b)",
    };
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
        ck_assert_msg(selected(wrong[i])[0] == '!', "%s is taken", wrong[i]);
    ck_assert_str_eq(selected("p > .a["), "!the selector is wrong at byte 7: the name of an attribute is missing");
    char longer[CSS_TEXT_MAX + 2];
    memset(longer, 'a', sizeof longer);
    longer[sizeof longer - 1] = '\0';
    ck_assert_int_eq(selected(longer)[0], '!');
}
END_TEST

START_TEST(test_numbers_for_people)
{
    static const struct {
        const char *text;
        double number;
    } cases[] = {
        {"12", 12},
        {"-3.5", -3.5},
        {"EUR 1,234.50", 1234.5},
        {"1.234,50 \xe2\x82\xac", 1234.5},
        {"3,5", 3.5},
        {"1,234", 1234},
        {"1.234.567", 1234567},
        {"1,234,567", 1234567},
        {"(7)", 7},
        {"No. 12.", 12},
        {".5", .5},
    };
    double number;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        ck_assert_msg(select_number(cases[i].text, &number), "%s", cases[i].text);
        ck_assert_msg(number == cases[i].number, "%s is %g", cases[i].text, number);
    }
    ck_assert(!select_number("none", &number));
    ck_assert(!select_number("", &number));
    ck_assert(!select_number("- , .", &number));
}
END_TEST

/* Whatever the bytes: a message, or an expression that libxml2 takes. */
START_TEST(test_any_bytes)
{
    static const char alphabet[] = "ab1 .#:[]()>+~,*='\"\\n-|^$!i\xc3\xa9/";
    unsigned state = 1;
    for (int round = 0; round < 20000; round++) {
        char text[24];
        size_t len = (size_t)round % (sizeof text - 1);
        for (size_t i = 0; i < len; i++) {
            state = state * 1103515245 + 12345;
            text[i] = alphabet[(state >> 16) % (sizeof alphabet - 1)];
        }
        text[len] = '\0';
        struct buf xpath;
        struct fault fault = {0};
        buf_init(&xpath, CSS_XPATH_MAX);
        if (css_to_xpath(text, &xpath, &fault) == RS_OK) {
            xmlXPathCompExpr *compiled = xmlXPathCompile(BAD_CAST xpath.data);
            ck_assert_msg(compiled != NULL, "%s gives %s", text, xpath.data);
            xmlXPathFreeCompExpr(compiled);
        } else {
            ck_assert(*fault.message);
        }
        buf_release(&xpath);
    }
}
END_TEST

static Suite *suite(void)
{
    Suite *s = suite_create("scrape_css");
    TCase *tc = tcase_create("css");
    tcase_add_checked_fixture(tc, set_up, tear_down);
    tcase_add_test(tc, test_selectors);
    tcase_add_test(tc, test_wrong_selectors);
    tcase_add_test(tc, test_numbers_for_people);
    tcase_add_test(tc, test_any_bytes);
    suite_add_tcase(s, tc);
    return s;
}
UNIT_MAIN(suite)
